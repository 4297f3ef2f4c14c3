"""A document against the models: every fault of shape, and the plain data that is sound."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .document import Document
from .faults import Fault, Location
from .models import File, Section
from .values import described


@dataclass(frozen=True, slots=True)
class Shape:
    """`file` is None where there are faults, here or in the document.

    `sound` is the document's data with None in the place of whatever is at fault, so that rules over several keys can be
    judged wherever the keys they need are sound.
    """

    file: File | None
    sound: Any
    faults: tuple[Fault, ...]


def shape_of(document: Document) -> Shape:
    problems: dict[Location, str] = {
        location: f"has no value; expected {_expected_at(location) or 'one, otherwise leave it out'}"
        for location in _without_value(document.data)
        if location not in document.broken
    }
    file = None
    try:
        file = File.model_validate(document.data)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            location = _location(details, document)
            if location not in document.broken:
                problems.setdefault(location, _problem(details, location))
    at_fault = document.broken | problems.keys()
    return Shape(
        None if at_fault or document.faults else file,
        _without(document.data, at_fault),
        tuple(document.fault(location, problem) for location, problem in problems.items()),
    )


def _without_value(data: Any, location: Location = ()) -> Iterator[Location]:
    """Where nothing is written; only among the values of `expect.json` null is one."""
    if data is None:
        yield location
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            if value is not None or location[-2:] != ("expect", "json"):
                yield from _without_value(value, (*location, key))


def _without(data: Any, at_fault: set[Location]) -> Any:
    sound = copy.deepcopy(data) if at_fault else data
    for location in at_fault:
        if not location:
            return None
        container = sound
        for part in location[:-1]:
            container = container[part] if container is not None else None
        if container is not None:
            container[location[-1]] = None
    return sound


def _location(details: ErrorDetails, document: Document) -> Location:
    """Where in the document; pydantic adds parts of its own, such as `[key]` where a key is at fault."""
    location: Location = details["loc"]
    if details["type"] == "missing":
        return location
    while location not in document.lines:
        location = location[:-1]
    return location


def _problem(details: ErrorDetails, location: Location) -> str:
    kind, value = details["type"], details["input"]
    if kind == "value_error":
        return str(details["ctx"]["error"])
    if kind == "missing":
        return f"is missing; expected {_expected_at(location)}"
    if kind == "extra_forbidden":
        return _unknown_key(location)
    if kind == "too_short":
        return f"is empty; expected {_expected_at(location) or 'at least one, otherwise leave it out'}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        section = _section_at(location)
        keys = f" with the keys {', '.join(_keys(section))}" if section else ""
        return f"is {described(value)}; expected a mapping{keys}"
    if kind == "list_type":
        return f"is {described(value)}; expected {_expected_at(location) or 'a list'}"
    return f"not understood ({kind}); expected another value"


def _expected_at(location: Location) -> str | None:
    """A field's description; every key that must be there has one."""
    field = _field_at(location)
    return field.description if field and isinstance(location[-1], str) else None


def _unknown_key(location: Location) -> str:
    section = _section_at(location[:-1])
    keys = list(_keys(section)) if section else []
    near = difflib.get_close_matches(str(location[-1])[:100].lower(), keys, 1)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; expected one of {', '.join(keys)}"


def _keys(section: type[Section]) -> Iterator[str]:
    """As they are written in the file."""
    for name, field in section.model_fields.items():
        yield field.alias or name


def _section_at(location: Location) -> type[Section] | None:
    if not location or all(isinstance(part, int) for part in location):
        return File
    field = _field_at(location)
    return _section_in(field.annotation) if field else None


def _field_at(location: Location) -> FieldInfo | None:
    """The field of the value at `location`, or of the list or mapping that it stands in."""
    section: type[Section] | None = File
    field: FieldInfo | None = None
    for part in location:
        if isinstance(part, str):
            field = {f.alias or name: f for name, f in section.model_fields.items()}.get(part) if section else None
            section = _section_in(field.annotation) if field else None
    return field


def _section_in(annotation: Any) -> type[Section] | None:
    """`Section`, `Section | None`, `list[Section]` -> the section."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for found in map(_section_in, get_args(annotation)) if found), None)
