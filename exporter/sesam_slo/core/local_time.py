"""A zone's offsets from UTC, as what can only add has to be told them: templates of Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_STEP = timedelta(days=7)  # no zone changes twice within a week
_SECOND = timedelta(seconds=1)


class Offset(NamedTuple):
    """So far ahead of UTC local time is from `since` on; `abbreviation` is the zone's own, such as CET."""

    since: datetime
    ahead: timedelta
    abbreviation: str


def offsets(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Offset]:
    """That in force at `start`, which is given as its `since`, and every later one that begins before `end`."""
    at = start
    yield _offset(zone, at)
    while at < end:
        until = min(at + _STEP, end)
        if _offset(zone, until)[1:] != _offset(zone, at)[1:]:
            changed = _change(zone, at, until)
            if changed < end:
                yield _offset(zone, changed)
        at = until


def _offset(zone: ZoneInfo, at: datetime) -> Offset:
    local = at.astimezone(zone)
    return Offset(at.astimezone(UTC), local.utcoffset() or timedelta(), local.tzname() or "UTC")


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The one change in `(before, after]`, to the second: zones change at whole seconds of UTC."""
    old = _offset(zone, before)[1:]
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(zone, middle)[1:] == old else (before, middle)
    return after.replace(microsecond=0)
