"""Points for missed promises, and the fee reduction that they amount to: pure arithmetic over the agreement's tables.

A bound that two bands share belongs to the lower of them: of "2-4 h" and "4-6 h", four hours are the former.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class DowntimeBand:
    """Points of a month whose unplanned downtime is from `start` to `end`, both included; `end` None is without end."""

    start: timedelta
    end: timedelta | None
    points: int


@dataclass(frozen=True, slots=True)
class OverrunBand:
    """Points of one target that took up to `times` its time; None: any more than the bands before."""

    times: int | None
    points: int


@dataclass(frozen=True, slots=True)
class ReductionBand:
    """The fee reduction of `start` to `end` points, both included; `end` None is without end."""

    start: int
    end: int | None
    percent: int


@dataclass(frozen=True, slots=True)
class PointsTable:
    """The agreement's tables, each from low to high. `overrun` by level; a level that is not in it costs nothing."""

    downtime: tuple[DowntimeBand, ...] = ()
    overrun: tuple[tuple[str, tuple[OverrunBand, ...]], ...] = ()
    reduction: tuple[ReductionBand, ...] = ()


@dataclass(frozen=True, slots=True)
class Overrun:
    """One target that was missed: the case's level, the business time that it took and the one that it was given."""

    level: str
    used: timedelta
    target: timedelta


@dataclass(frozen=True, slots=True)
class Points:
    """What a month of one service amounts to."""

    downtime: int
    overrun: int
    reduction_percent: int

    @property
    def counted(self) -> int:
        """Only the higher of the two sums counts."""
        return max(self.downtime, self.overrun)


def points(table: PointsTable, unplanned: timedelta, overruns: Iterable[Overrun]) -> Points:
    """Of a service's month: its unplanned downtime, and each target of its cases that was missed."""
    for_downtime = downtime_points(table, unplanned)
    for_overruns = sum(overrun_points(table, each) for each in overruns)
    return Points(for_downtime, for_overruns, reduction_percent(table, max(for_downtime, for_overruns)))


def downtime_points(table: PointsTable, unplanned: timedelta) -> int:
    for band in table.downtime:
        if band.start <= unplanned and (band.end is None or unplanned <= band.end):
            return band.points
    return 0


def overrun_points(table: PointsTable, overrun: Overrun) -> int:
    for band in dict(table.overrun).get(overrun.level, ()):
        if band.times is None or overrun.used <= band.times * overrun.target:
            return band.points
    return 0


def reduction_percent(table: PointsTable, counted: int) -> int:
    for band in table.reduction:
        if band.start <= counted and (band.end is None or counted <= band.end):
            return band.percent
    return 0
