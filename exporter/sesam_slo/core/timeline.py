"""A set of intervals with running totals, so that any stretch of it is measured by two look-ups."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from .intervals import Interval, Intervals, normalize

_ZERO = timedelta()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A set of intervals as `core.intervals` has them; `totals` are of the pieces before each, and of all."""

    pieces: Intervals
    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    totals: tuple[timedelta, ...]

    @classmethod
    def of(cls, pieces: Iterable[tuple[datetime, datetime]]) -> Timeline:
        """From any intervals, in any order."""
        whole = normalize(pieces)
        totals = tuple(accumulate((piece.duration for piece in whole), initial=_ZERO))
        return cls(whole, tuple(piece.start for piece in whole), tuple(piece.end for piece in whole), totals)

    def inside(self, within: Interval) -> list[Interval]:
        """The pieces inside `within`, the first and last cut to it."""
        first, last = bisect_right(self.ends, within.start), bisect_left(self.starts, within.end)
        found = list(self.pieces[first:last])
        if found:
            found[0] = Interval(max(found[0].start, within.start), found[0].end)
            found[-1] = Interval(found[-1].start, min(found[-1].end, within.end))
        return found

    def total(self, within: Interval) -> timedelta:
        """How long the pieces inside `within` are together."""
        if within.start >= within.end or not self.pieces:
            return _ZERO
        return self._before(within.end) - self._before(within.start)

    def covers(self, at: datetime) -> bool:
        index = bisect_right(self.starts, at)
        return index > 0 and at < self.ends[index - 1]

    def next_edge(self, after: datetime) -> datetime | None:
        """The first instant later than `after` at which a piece starts or ends."""
        index = bisect_right(self.ends, after)
        if index == len(self.pieces):
            return None
        return self.starts[index] if self.starts[index] > after else self.ends[index]

    def _before(self, at: datetime) -> timedelta:
        index = bisect_left(self.starts, at)
        if index and at < self.ends[index - 1]:
            return self.totals[index - 1] + (at - self.starts[index - 1])
        return self.totals[index]


NOTHING = Timeline.of(())
