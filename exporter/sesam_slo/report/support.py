"""Reaction and correction in one month: which promises were kept, which were not and by how far, and what that amounts to.

A promise belongs to the month in which it was decided: kept when its clock stopped, missed when its deadline passed. What was
missed and is not made good yet goes on growing, so it is measured when the report is made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from ..core.case import Case
from ..core.deadlines import CaseClock, Deadlines, Moment, SupportRules
from ..core.intervals import Interval
from ..core.points import Overrun, Points, PointsTable, points
from ..core.support import Support


class Promise(StrEnum):
    """What the contract names: a workaround or a fix corrects, whichever is due and whichever comes."""

    REACTION = "reaction"
    CORRECTION = "correction"

    def clocks(self, deadlines: Deadlines) -> tuple[CaseClock, ...]:
        return (deadlines.reaction,) if self is Promise.REACTION else (deadlines.workaround, deadlines.fix)

    def clock(self, deadlines: Deadlines) -> CaseClock:
        """The one that the case is held to now."""
        return deadlines.reaction if self is Promise.REACTION else deadlines.correction


@dataclass(frozen=True, slots=True)
class Desk:
    """The support cases, by which rules they are judged, and the instant at which that is known."""

    cases: Mapping[str, Case]
    rules: SupportRules
    at: datetime


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was missed in the month. `level`: at which it was missed; `stopped_at` None while it is not made good.

    used, target: business time.
    """

    case: Case
    promise: Promise
    level: str
    deadline: datetime
    stopped_at: datetime | None
    used: timedelta
    target: timedelta

    @property
    def over(self) -> timedelta:
        return self.used - self.target


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises of one kind were kept at one level; `running` were not decided by the month's end."""

    level: str
    title: str
    promise: Promise
    met: int
    missed: int
    running: int

    @property
    def share(self) -> Fraction | None:
        """Of those that were decided; None where none was."""
        decided = self.met + self.missed
        return Fraction(self.met, decided) if decided else None


@dataclass(frozen=True, slots=True)
class SupportMonth:
    """`reported` in the month, `open` at its end; `exempt` of the reported ones have no targets.

    points: by service, None where the agreement has no such table.
    """

    reported: int
    open: int
    kept: tuple[Kept, ...]
    breaches: tuple[Breach, ...]
    exempt: tuple[Case, ...]
    points_table: PointsTable | None
    points: Mapping[str, Points]

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to tell of cases."""
        counted = any(each.met or each.missed or each.running for each in self.kept)
        return not (self.reported or self.open or counted)


def support_month(
    desk: Desk, interval: Interval, agreement: Support, unplanned: Mapping[str, timedelta]
) -> SupportMonth:
    """Of the cases of the services in `unplanned`, which says how much downtime that counts each had in the month.

    agreement: in force at the month's end; its points are counted, each case is judged by the one of its report.
    """
    cases = [each for each in desk.cases.values() if each.service in unplanned and each.reported_at < interval.end]
    judged = [found for case in cases for promise in Promise for found in _judged(case, promise, desk)]
    breaches = tuple(each.breach for each in judged if each.breach is not None and _in(interval, each.decided_at))
    table = agreement.points
    return SupportMonth(
        reported=sum(_in(interval, each.reported_at) for each in cases),
        open=sum(_open_at(each, min(interval.end, desk.at)) for each in cases),
        kept=_kept(judged, interval, agreement),
        breaches=tuple(sorted(breaches, key=lambda each: (each.deadline, each.case.id, each.promise))),
        exempt=tuple(each for each in cases if each.exempt and _in(interval, each.reported_at)),
        points_table=table,
        points={} if table is None else _points(table, breaches, unplanned),
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """One promise of one case. `decided_at` is None while it runs."""

    level: str
    promise: Promise
    decided_at: datetime | None
    breach: Breach | None


def _judged(case: Case, promise: Promise, desk: Desk) -> Collection[_Judged]:
    """One, or none where nothing was promised."""
    deadlines, now = desk.rules.of(case), desk.rules.moment(case, desk.at)
    breaches = [found for each in promise.clocks(deadlines) if (found := _breach(case, promise, each, now))]
    if breaches:
        first = min(breaches, key=lambda each: each.deadline)
        return (_Judged(first.level, promise, first.deadline, first),)
    clock = promise.clock(deadlines)
    if clock.deadline is None:
        return ()
    return (_Judged(clock.level, promise, clock.stopped_at, None),)


def _breach(case: Case, promise: Promise, clock: CaseClock, now: Moment) -> Breach | None:
    overrun: Overrun | None = clock.overrun(now)
    deadline = clock.missed.deadline if clock.missed is not None else clock.deadline
    if overrun is None or deadline is None:
        return None
    return Breach(case, promise, overrun.level, deadline, clock.stopped_at, overrun.used, overrun.target)


def _kept(judged: Collection[_Judged], interval: Interval, agreement: Support) -> tuple[Kept, ...]:
    """A row per level and promise: those of the agreement that have targets, and those that former ones had."""
    promised = {
        (level.name, promise): level.title
        for level in agreement.levels
        for promise in Promise
        if any(_has_deadline(level.name, each, promise, agreement) for each in agreement.classes)
    }
    titles = {level.name: level.title for level in agreement.levels}
    rows = promised | {(each.level, each.promise): titles.get(each.level, "") for each in judged}
    order = {name: number for number, name in enumerate(titles)}
    found = []
    for level, promise in sorted(
        rows, key=lambda row: (order.get(row[0], len(order)), row[0], list(Promise).index(row[1]))
    ):
        here = [each for each in judged if (each.level, each.promise) == (level, promise)]
        decided = [each for each in here if _in(interval, each.decided_at)]
        missed = sum(each.breach is not None for each in decided)
        running = sum(each.decided_at is None or each.decided_at >= interval.end for each in here)
        found.append(Kept(level, rows[level, promise], promise, len(decided) - missed, missed, running))
    return tuple(found)


def _has_deadline(level: str, customer_class: str, promise: Promise, agreement: Support) -> bool:
    targets = agreement.targets(level, customer_class)
    if promise is Promise.REACTION:
        return targets.reaction.has_deadline
    return targets.workaround.has_deadline or targets.fix.has_deadline


def _points(table: PointsTable, breaches: Collection[Breach], unplanned: Mapping[str, timedelta]) -> dict[str, Points]:
    return {
        service: points(
            table,
            down,
            [Overrun(each.level, each.used, each.target) for each in breaches if each.case.service == service],
        )
        for service, down in unplanned.items()
    }


def _open_at(case: Case, at: datetime) -> bool:
    return not case.withdrawn and (case.fixed_at is None or case.fixed_at >= at)


def _in(interval: Interval, at: datetime | None) -> bool:
    return at is not None and interval.start <= at < interval.end
