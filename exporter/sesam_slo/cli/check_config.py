"""`sesam-slo check-config`: every fault of the configuration; online, whether Prometheus and Alertmanager load what it means."""

from __future__ import annotations

import argparse
import sys

from .errors import CommandError, load_config
from .output import plain

HELP = "Validates the configuration and prints every fault."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--syntax-only", action="store_true", help="leave out the files it names (credentials)")
    parser.add_argument(
        "--online",
        action="store_true",
        help="also ask the configured Prometheus and Alertmanager whether they load what was generated",
    )


def run(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=options.syntax_only)
    if not options.online:
        print(f"{options.config}: in order, services: {len(config.services)}")
        return 0
    from .online import alertmanager_faults, prometheus_faults  # noqa: PLC0415 - brings all that is generated with it

    faults: list[str] = []
    if config.prometheus_url is None and config.alertmanager_url is None:
        raise CommandError(
            f"{options.config}: nobody to ask; --online expects prometheus.url or alertmanager.url", status=2
        )
    if config.prometheus_url is not None:
        faults += prometheus_faults(config.prometheus_url, config)
    if config.alertmanager_url is not None:
        faults += alertmanager_faults(config.alertmanager_url, config)
    for fault in faults:
        print(plain(fault), file=sys.stderr)
    if not faults:
        print(f"{options.config}: in order, and loaded as generated")
    return 1 if faults else 0
