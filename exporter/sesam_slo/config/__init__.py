"""`sesam-slo.yml` -> the core's values; every fault with file, line, key (DESIGN 3, docs/configuration.md).

Four steps: `document` reads YAML, `shape` holds it against the `models`, `rules` judges what concerns several keys,
`build` makes the core's values. Behind the first, `overrides` may change what was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.durations import format_duration, parse_duration
from ..core.model import Config
from ..core.policy_document import policy_document, policy_from_document
from .build import build
from .document import Document, read_document
from .faults import ConfigError, Fault
from .models import File
from .overrides import overridden
from .rules import broken_rules
from .shape import shape_of

__all__ = [
    "ConfigError",
    "Fault",
    "format_duration",
    "load",
    "parse_duration",
    "policy_document",
    "policy_from_document",
]


def load(path: Path, *, syntax_only: bool = False, overrides: Sequence[str] = ()) -> Config:
    """Reads and validates the file at `path`; `syntax_only` leaves out whether the files it names can be read.

    Relative paths in it start at its own folder, except the ledger's, which starts at the working directory.
    overrides: `KEY=VALUE` each, set in the file's document before it is validated once more (`overrides.overridden`).
    Raises ConfigError with every fault, in the order of their lines; the file must be sound without the overrides too.
    """
    folder = path.absolute().parent
    document = read_document(path)
    file = _validated(document, None if syntax_only else folder)
    if overrides:
        file = _validated(overridden(document, overrides), None if syntax_only else folder)
    return build(file, folder)


def _validated(document: Document, folder: Path | None) -> File:
    shape = shape_of(document)
    broken = broken_rules(shape.sound, _named_services(document.data), folder)
    faults = {*document.faults, *shape.faults, *(document.fault(location, problem) for location, problem in broken)}
    if faults or shape.file is None:
        raise ConfigError(tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.key, fault.problem))))
    return shape.file


def _named_services(data: Any) -> set[str] | None:
    """Every name that the file gives to a service, sound or not: a window may name it, its fault is told elsewhere."""
    services = data.get("services") if isinstance(data, dict) else None
    if not isinstance(services, list):
        return None
    names = (service.get("name") for service in services if isinstance(service, dict))
    return {name for name in names if isinstance(name, str)}
