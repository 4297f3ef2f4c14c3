"""Samples with timestamps as OpenMetrics has them: rows of instants, and the lines of a series over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ..core.instants import micros
from ..core.intervals import Interval
from ..core.past import Instants, Values

_MILLISECOND = 1_000  # microseconds; timestamps are no finer
_MILLION = 1_000_000
_ROW = 1_440


@dataclass(frozen=True, slots=True)
class Grid:
    """The instants of samples in `[start, end)`: whole multiples of the step since 1970, as those of other runs."""

    start: datetime
    end: datetime
    step: timedelta

    def rows(self, span: Interval, *, edges: bool = True) -> Iterator[Instants]:
        """The instants inside `span`, in rows that are not too long to hold; those of all series begin at the same instants.

        edges: also where it begins and ends, so that a counter begins at 0 and ends at its last value.
        """
        step = micros_of(self.step)
        begin, end = _milliseconds(span.start), _milliseconds(span.end)
        first, until = micros(self.start), micros(self.end)
        if edges and first <= begin < until and begin % step:
            yield (begin,)
        low, high = max(begin, first), min(end + 1, until)
        at = -(-low // step) * step
        while at < high:
            stop = min((at // (step * _ROW) + 1) * step * _ROW, high)
            row = range(at, stop, step)
            yield row
            at = row[-1] + step
        if edges and end % step and end != begin and first <= end < until:
            yield (end,)


def micros_of(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def _milliseconds(at: datetime) -> int:
    return micros(at) // _MILLISECOND * _MILLISECOND


@lru_cache(maxsize=512)  # the instants of most series are the same; a year of minutes is some 30 MB
def _stamps(at: Instants) -> list[str]:
    """The end of each line."""
    if isinstance(at, range) and at.start % _MILLION == 0 and at.step % _MILLION == 0:
        return [f" {each}\n" for each in range(at.start // _MILLION, -(-at.stop // _MILLION), at.step // _MILLION)]
    return [f" {each // _MILLION}.{each % _MILLION // _MILLISECOND:03}\n" for each in at]


def lines(series: str, at: Instants, values: Values) -> str:
    """The samples of a series; `series` is its name with its labels. `at` is a range or a tuple."""
    if not values:
        return ""
    stamps, value = _stamps(at), values[0]
    if values.count(value) == len(values):
        begin = "" if value is None else f"{series} {float(value)!r}"
        return begin and begin + begin.join(stamps)
    return "".join(
        [f"{series} {float(value)!r}{stamp}" for value, stamp in zip(values, stamps, strict=True) if value is not None]
    )
