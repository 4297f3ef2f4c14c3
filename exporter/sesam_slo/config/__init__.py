"""`sesam-slo.yml` -> the core's values; every fault with file, line, key (DESIGN 3, docs/configuration.md).

Four steps: `document` reads YAML, `shape` holds it against the `models`, `rules` judges what concerns several keys,
`build` makes the core's values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.durations import format_duration, parse_duration
from ..core.model import Config
from ..core.policy_document import policy_document, policy_from_document
from .build import build
from .document import read_document
from .faults import ConfigError, Fault
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


def load(path: Path, *, syntax_only: bool = False) -> Config:
    """Reads and validates the file at `path`; `syntax_only` leaves out whether the files it names can be read.

    Relative paths in it start at its own folder, except the ledger's, which starts at the working directory.
    Raises ConfigError with every fault, in the order of their lines.
    """
    document = read_document(path)
    shape = shape_of(document)
    folder = path.absolute().parent
    broken = broken_rules(shape.sound, _named_services(document.data), None if syntax_only else folder)
    faults = {*document.faults, *shape.faults, *(document.fault(location, problem) for location, problem in broken)}
    if faults or shape.file is None:
        raise ConfigError(tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.key, fault.problem))))
    return build(shape.file, folder)


def _named_services(data: Any) -> set[str] | None:
    """Every name that the file gives to a service, sound or not: a window may name it, its fault is told elsewhere."""
    services = data.get("services") if isinstance(data, dict) else None
    if not isinstance(services, list):
        return None
    names = (service.get("name") for service in services if isinstance(service, dict))
    return {name for name in names if isinstance(name, str)}
