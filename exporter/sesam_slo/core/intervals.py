"""Arithmetic on sets of half-open time intervals.

A set is a tuple of `Interval`, sorted, disjoint and not touching; the functions here return only such sets and, except
`normalize` and `union`, take only such sets. Instants are aware datetimes in UTC, so differences are exact to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class Interval(NamedTuple):
    """The time `[start, end)`."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        return self.end - self.start


Intervals = tuple[Interval, ...]


def normalize(pieces: Iterable[tuple[datetime, datetime]]) -> Intervals:
    """Any intervals, in any order, as one set; empty ones vanish, touching ones join."""
    merged: list[Interval] = []
    for start, end in sorted(pieces):
        if end <= start:
            continue
        if merged and start <= merged[-1].end:
            if end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, end)
        else:
            merged.append(Interval(start, end))
    return tuple(merged)


def union(*sets: Iterable[tuple[datetime, datetime]]) -> Intervals:
    return normalize(piece for each in sets for piece in each)


def intersect(a: Sequence[Interval], b: Sequence[Interval]) -> Intervals:
    shared: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start = max(a[i].start, b[j].start)
        end = min(a[i].end, b[j].end)
        if start < end:
            shared.append(Interval(start, end))
        if a[i].end < b[j].end:
            i += 1
        else:
            j += 1
    return tuple(shared)


def subtract(a: Sequence[Interval], b: Sequence[Interval]) -> Intervals:
    """What is in `a` and not in `b`."""
    left: list[Interval] = []
    j = 0
    for piece in a:
        start, end = piece
        while j < len(b) and b[j].end <= start:
            j += 1
        k = j
        while k < len(b) and b[k].start < end:
            if start < b[k].start:
                left.append(Interval(start, b[k].start))
            start = max(start, b[k].end)
            k += 1
        if start < end:
            left.append(Interval(start, end))
    return tuple(left)


def clip(a: Iterable[tuple[datetime, datetime]], window: Interval) -> Intervals:
    """The set of what lies inside `window`; `a` may be in any order."""
    return normalize((max(start, window.start), min(end, window.end)) for start, end in a)


def total(a: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """The length of a set."""
    return sum((end - start for start, end in a), timedelta())


def contains(a: Iterable[tuple[datetime, datetime]], at: datetime) -> bool:
    return any(start <= at < end for start, end in a)
