"""`sesam-slo.yml` -> the core's values; every fault with file, line, key (docs/configuration.md).

Four steps: `document` reads YAML, `shape` holds it against the `models`, `rules` judges what concerns several keys,
`build` makes the core's values. Behind the first, `overrides` may change what was read.

They are imported when a file is read: pydantic and the models take longer than many a command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.durations import format_duration, parse_duration
from ..core.model import Config, Policy
from ..core.policy_document import policy_document, policy_from_document
from .faults import ConfigError, Fault

if TYPE_CHECKING:
    from .document import Document
    from .models import File

__all__ = [
    "ConfigError",
    "Fault",
    "format_duration",
    "load",
    "load_support",
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
    from .build import build  # noqa: PLC0415 - see above
    from .document import read_document  # noqa: PLC0415
    from .overrides import overridden  # noqa: PLC0415

    folder = path.absolute().parent
    document = read_document(path)
    file = _validated(document, None if syntax_only else folder)
    if overrides:
        file = _validated(overridden(document, overrides), None if syntax_only else folder)
    return build(file, folder)


def load_support(path: Path) -> Policy:
    """A policy for the support clocks alone, which a file may leave to the defaults.

    What else stands in such a file is not validated: that takes longer than to compute a deadline.
    Raises ConfigError as `load` does with `syntax_only`.
    """
    from .document import read_document  # noqa: PLC0415 - see above

    document = read_document(path)
    if not document.faults and isinstance(document.data, dict):
        default = Policy().timezone.key
        policy = document.data.get("policy", {})
        if isinstance(policy, dict) and "support" not in policy and policy.get("timezone", default) == default:
            return Policy()
    return load(path, syntax_only=True).policy


def _validated(document: Document, folder: Path | None) -> File:
    from .rules import broken_rules  # noqa: PLC0415 - see above
    from .shape import shape_of  # noqa: PLC0415

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
