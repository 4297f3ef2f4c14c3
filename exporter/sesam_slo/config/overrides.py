"""Settings given beside the file, `KEY=VALUE` each (`--set policy.downtime_after=5m`): a document -> the document they make.

They change what was written, before anything judges it: what is wrong with one is told in the configuration's own words.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .document import MAX_DEPTH, Document, parse_document
from .faults import ConfigError, Fault, Location, dotted, shown
from .values import described

_OPTION = "--set"
_PART = re.compile(r'(?P<dot>\.?)(?P<key>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<index>[0-9]{1,6})\]|\["(?P<quoted>[^"]+)"\]')


@dataclass(slots=True)
class Overridden(Document):
    """A document that knows which of its values an override gave; `given` maps their places to the keys as written."""

    given: dict[Location, str] = field(default_factory=dict)

    def fault(self, location: Location, problem: str, line: int | None = None) -> Fault:
        """As a document's; blamed is the override where it gave the value, otherwise the file's line, with the overrides."""
        known = location
        while known and known not in self.lines:
            known = known[:-1]
        if known in self.given:
            key = self.given[known]
            return Fault(f"{_OPTION} {key}", None, "" if dotted(location) == key else dotted(location), problem)
        found = Document.fault(self, location, problem, line)
        return replace(found, problem=f"{problem} (with {_OPTION} {', '.join(dict.fromkeys(self.given.values()))})")


def overridden(document: Document, overrides: Iterable[str]) -> Overridden:
    """A copy of a sound document with each `KEY=VALUE` set, in turn; `document` stays as it is.

    Keys are dotted paths as in the file (`policy.maintenance.recurring[0].end`, `expect.json["status.code"]`), values YAML.
    Mappings on the way that are not written are made; an index one past the end of a list adds to it.
    Raises ConfigError with every override that is not of this form, or leads nowhere in the document.
    """
    made = Overridden(**{each.name: copy.deepcopy(getattr(document, each.name)) for each in fields(Document)})
    faults: list[Fault] = []
    for text in overrides:
        try:
            location, value = _parsed(text)
            _set(made, location, value)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(tuple(faults))
    return made


def _parsed(text: str) -> tuple[Location, Document]:
    location: list[str | int] = []
    at = 0
    while part := _PART.match(text, at):
        if part["key"] is not None and bool(part["dot"]) != bool(location):
            break  # a key follows another behind a dot, the first has none
        location.append(part["key"] or part["quoted"] or int(part["index"]))
        at = part.end()
    if not 1 <= len(location) <= MAX_DEPTH or text[at : at + 1] != "=":
        problem = "not KEY=VALUE; expected a key as in the file and its value, such as policy.downtime_after=5m"
        raise ConfigError((Fault(f"{_OPTION} {shown(text)}", None, "", problem),))
    where = f"{_OPTION} {dotted(tuple(location))}"
    try:
        return tuple(location), parse_document(text[at + 1 :], where)
    except ConfigError as error:
        raise ConfigError(tuple(replace(fault, line=None) for fault in error.faults)) from None


def _set(document: Overridden, location: Location, value: Document) -> None:
    key = dotted(location)
    container = _container(document, location, key)
    _put(container, location[-1], value.data)
    for known in [known for known in document.lines if known[: len(location)] == location]:
        del document.lines[known]
        document.given.pop(known, None)
    for inner in value.lines or [()]:
        document.lines[*location, *inner] = 0
        document.given[*location, *inner] = key
    document.broken |= {(*location, *inner) for inner in value.broken}
    document.faults += [replace(fault, line=None, key=fault.key and _below(key, fault.key)) for fault in value.faults]


def _container(document: Overridden, location: Location, key: str) -> Any:
    """The mapping or list that the last part of `location` stands in. Raises ConfigError where there can be none."""
    container = document.data
    for depth, part in enumerate(location):
        fits, what = (list, "a list") if isinstance(part, int) else (dict, "a mapping")
        if not issubclass(type(container), fits):
            problem = f"{dotted(location[:depth]) or 'the file'} is {described(container)}; expected {what}"
            raise ConfigError((Fault(f"{_OPTION} {key}", None, "", problem),))
        if isinstance(part, int) and part > len(container):
            there = f"{dotted(location[:depth])} has {len(container)} elements in the file"
            problem = f"{there}; expected an index of at most {len(container)}, which adds one"
            raise ConfigError((Fault(f"{_OPTION} {key}", None, "", problem),))
        if depth == len(location) - 1:
            break
        if part == len(container) if isinstance(part, int) else part not in container:
            _put(container, part, [] if isinstance(location[depth + 1], int) else {})
            document.lines[location[: depth + 1]] = 0
            document.given[location[: depth + 1]] = key
        container = container[part]
    return container


def _put(container: Any, part: str | int, value: Any) -> None:
    if isinstance(container, list) and part == len(container):
        container.append(value)
    else:
        container[part] = value


def _below(key: str, inner: str) -> str:
    return f"{key}{inner}" if inner.startswith("[") else f"{key}.{inner}"
