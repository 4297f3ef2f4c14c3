"""The rules over the keys of `policy.support`: what is in order key by key and still cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..core.durations import format_duration, parse_duration
from ..core.model import BusinessHours
from ..core.support import Clock, Support
from . import values
from .faults import Location, dotted, shown

Broken = Iterator[tuple[Location, str]]

_SUPPORT: Location = ("policy", "support")


def broken_support(support: dict[str, Any] | None) -> Broken:
    """`support`: the sound data of the section, None where it is at fault itself."""
    if support is None:
        return
    yield from _business_hours(support)
    classes, levels = support.get("classes", list(Support().classes)), support.get("levels", [])
    if classes is not None:
        yield from _twice(((*_SUPPORT, "classes", index), name) for index, name in enumerate(classes))
    if "classes" in support and "levels" not in support:
        known = " and ".join(Support().classes)
        yield (
            (*_SUPPORT, "classes"),
            f"written without levels, whose default speaks of {known}; expected levels beside it",
        )
    if levels is None:
        return
    placed = [((*_SUPPORT, "levels", index), level) for index, level in enumerate(levels) if level is not None]
    yield from _twice(((*location, "name"), level.get("name")) for location, level in placed)
    if classes is not None and None not in classes:
        for location, level in placed:
            yield from _targets(location, level, classes)
        opens_for = support.get("open_cases_for")
        if opens_for is not None and opens_for not in classes:
            yield (*_SUPPORT, "open_cases_for"), _unknown_class(opens_for, classes)
    names = None if len(placed) < len(levels) else [level.get("name") for _, level in placed]
    yield from _points(support.get("points", {}), names or list(Support().level_names))


def _business_hours(support: dict[str, Any]) -> Broken:
    where = (*_SUPPORT, "business_hours")
    hours = support.get("business_hours", {}) or {}
    default = BusinessHours()
    start, end = hours.get("start", default.start_minute), hours.get("end", default.end_minute)
    minutes = [values.time_of_day(time) if isinstance(time, str) else time for time in (start, end)]
    if hours and None not in minutes and minutes[1] <= minutes[0]:
        start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in minutes)
        if "end" in hours:
            yield (*where, "end"), f"not after the start ({start}): {end}; expected a later time of the same day"
        else:
            yield (*where, "start"), f"not before the end ({end}): {start}; expected an earlier time of the same day"


def _twice(named: Iterable[tuple[Location, str | None]]) -> Broken:
    first: dict[str, Location] = {}
    for location, name in named:
        if name in first:
            yield location, f"as {dotted(first[name])}: {shown(name)}; expected a name of its own"
        elif name is not None:
            first[name] = location


def _targets(location: Location, level: dict[str, Any], classes: list[str]) -> Broken:
    """A target by class names every class: one that is left out could mean anything."""
    for clock in Clock:
        said = level.get(clock.value)
        if not isinstance(said, dict):
            continue
        for name in said:
            if name not in classes:
                yield (*location, clock.value, name), _unknown_class(name, classes)
        missing = [name for name in classes if name not in said]
        if missing:
            yield (*location, clock.value), f"says nothing of {', '.join(missing)}; expected a target for every class"


def _unknown_class(name: str, classes: list[str]) -> str:
    return f"no such customer class: {shown(name)}; expected one of {', '.join(classes)}"


def _points(points: dict[str, Any] | None, levels: list[str | None]) -> Broken:
    if points is None:
        return
    where = (*_SUPPORT, "points")
    yield from _bands((*where, "downtime"), points.get("downtime") or [], parse_duration, format_duration)
    yield from _bands((*where, "reduction"), points.get("reduction") or [], int, str)
    for level, bands in (points.get("overrun") or {}).items():
        if None not in levels and level not in levels:
            known = ", ".join(name for name in levels if name is not None)
            yield (*where, "overrun", level), f"no such level: {shown(level)}; expected one of {known}"
        yield from _steps((*where, "overrun", level), bands or [])


def _bands(location: Location, bands: list[Any], read: Any, write: Any) -> Broken:
    """From low to high, the last one alone without an end; they may touch and not overlap."""
    before: Any = None
    for index, band in enumerate(bands):
        if band is None or band.get("from") is None or ("to" in band and band["to"] is None):
            return
        start, end = read(band["from"]), read(band["to"]) if "to" in band else None
        if before is not None and start < before:
            problem = f"below the end of the band before ({write(before)}): {write(start)}; expected at least that"
            yield (*location, index, "from"), problem
        if end is None and index < len(bands) - 1:
            yield (*location, index), "is without to; expected it in every band but the last"
            return
        if end is not None and end < start:
            yield (*location, index, "to"), f"less than from ({write(start)}): {write(end)}; expected at least that"
            return
        before = end


def _steps(location: Location, bands: list[Any]) -> Broken:
    before = 1
    for index, band in enumerate(bands):
        if band is None or ("up_to" in band and band["up_to"] is None):
            return
        if "up_to" not in band:
            if index < len(bands) - 1:
                yield (*location, index), "is without up_to; expected it in every band but the last"
            return
        if band["up_to"] <= before:
            yield (
                (*location, index, "up_to"),
                f"not more than {before}: {band['up_to']}; expected more times than the band before, at least 2",
            )
            return
        before = band["up_to"]
