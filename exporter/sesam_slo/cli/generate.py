"""`sesam-slo generate`: rules, Alertmanager configuration, dashboards."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ..generate import Deployment, artifacts, kubernetes_artifacts
from ..generate.kubernetes import KUSTOMIZATION
from ..generate.receivers import Receivers, parse
from .errors import CommandError, load_config

HELP = "Writes the Prometheus rules, the Alertmanager configuration and the dashboards of the policy."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where prometheus/, ... go (default: .)"
    )
    parser.add_argument(
        "--kubernetes",
        action="store_true",
        help="also kubernetes/: what the Prometheus Operator and Grafana's sidecar take, and the exporter; "
        "once it is there it is kept up without being asked for",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when what is there differs")


def run(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    year = datetime.now(UTC).astimezone(config.policy.timezone).year
    site = Deployment(receivers=_receivers(options.out / "alertmanager" / "receivers.yml"))
    files = artifacts(config, year, site)
    if options.kubernetes or (options.out / KUSTOMIZATION).exists():
        files |= kubernetes_artifacts(config, year, _text(options.config), site)
    if options.check:
        return _check(options.out, files)
    for name, text in files.items():
        path = options.out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != text.encode():
                _replace(path, text)
                print(path)
        except OSError as error:
            raise CommandError(f"{path}: cannot be written: {error.strerror or error}") from None
    return 0


def _text(configuration: Path) -> str:
    try:
        return configuration.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{configuration}: cannot be read: {error.strerror or error}", status=2) from None


def _receivers(path: Path) -> Receivers:
    """The site's own receivers, where it has written any beside the generated configuration."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}", status=2
        ) from None
    except ValueError as error:
        raise CommandError("\n".join(f"{path}: {fault}" for fault in str(error).splitlines()), status=2) from None


def _check(folder: Path, files: dict[str, str]) -> int:
    differ = [folder / name for name, text in files.items() if not _same(folder / name, text)]
    for path in differ:
        print(f"{path}: {'differs from' if path.exists() else 'is missing;'} what generate writes", file=sys.stderr)
    return 1 if differ else 0


def _same(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _replace(path: Path, text: str) -> None:
    """All of the file or none of it: Prometheus may be told to reload at any moment."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
