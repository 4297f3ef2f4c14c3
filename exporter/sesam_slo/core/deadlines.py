"""The support clocks of a case: by when, how much business time is used and left, what was missed.

A case is judged by the policy in force when it was reported (docs/decisions/0005). All of it is a function of that policy,
its calendar and the case; only readings need an instant.

What stops which clock: work on the cause the reaction; a temporary or a permanent fix both others, since the contract asks
for a fix only where there can be no workaround.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .business_time import NEVER, BusinessCalendar, BusinessCalendars
from .points import Overrun
from .support import NO_TARGET, Clock, Promise, Support, Target

if TYPE_CHECKING:
    from .case import Case
    from .policy import PolicyTimeline

_NOTHING = timedelta()


class Moment(NamedTuple):
    """An instant and where it lies in business time: worth making once where many clocks are read."""

    at: datetime
    position: timedelta


@dataclass(frozen=True, slots=True)
class Missed:
    """A target of a former level that was missed while the case had that level: a new level does not undo it."""

    level: str
    deadline: datetime
    used: timedelta  # up to the new level, or to where the clock stopped
    target: timedelta


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One clock of one case. Positions are `BusinessCalendar.position`s.

    deadline, target: the present level's, None where there is none; `note` says what is promised instead ("next release").
    stopped_at: None while it runs.
    """

    clock: Clock
    level: str
    start: datetime
    start_position: timedelta
    target: timedelta | None = None
    deadline: datetime | None = None
    note: str | None = None
    stopped_at: datetime | None = None
    stop_position: timedelta | None = None
    missed: Missed | None = None

    @property
    def runs(self) -> bool:
        return self.stopped_at is None

    def used(self, now: Moment) -> timedelta:
        """The business time since the report, up to where the clock stopped."""
        position = now.position if self.stop_position is None else min(self.stop_position, now.position)
        return max(position - self.start_position, _NOTHING)

    def left(self, now: Moment) -> timedelta | None:
        """What of the target's time is left, negative when it is overrun; None without a deadline."""
        return None if self.target is None else self.target - self.used(now)

    def overdue(self, now: Moment) -> bool:
        """Whether the present level's deadline has passed before the clock stopped; at the deadline itself it has not."""
        if self.deadline is None:
            return False
        return (now.at if self.stopped_at is None else min(self.stopped_at, now.at)) > self.deadline

    def breached(self, now: Moment) -> bool:
        """Whether the target was missed, at the present level or a former one."""
        return self.missed is not None or self.overdue(now)

    def met(self, now: Moment) -> bool:
        """Whether there was a target, the clock has stopped, and nothing was missed."""
        return self.deadline is not None and not self.runs and not self.breached(now)

    def overrun(self, now: Moment) -> Overrun | None:
        """By how much the target was missed, as the points' table asks; the former level's where that was missed first."""
        if self.missed is not None:
            return Overrun(self.missed.level, self.missed.used, self.missed.target)
        if self.target is None or not self.overdue(now):
            return None
        return Overrun(self.level, self.used(now), self.target)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The three clocks of a case, in the order in which they run out."""

    reaction: CaseClock
    workaround: CaseClock
    fix: CaseClock

    def __iter__(self) -> Iterator[CaseClock]:
        return iter((self.reaction, self.workaround, self.fix))

    @property
    def correction(self) -> CaseClock:
        """The clock that correction is held to: the workaround's, or the fix's where no workaround is due."""
        return self.fix if self.workaround.deadline is None else self.workaround


@dataclass(frozen=True, slots=True)
class SupportRules:
    """By which agreement and calendar a case is judged: the policy's in force when it was reported."""

    policies: PolicyTimeline
    calendars: BusinessCalendars

    def of(self, case: Case) -> Deadlines:
        policy = self.policies.at(case.reported_at)
        return deadlines(case, policy.support, self.calendars.of(policy))

    def moment(self, case: Case, at: datetime) -> Moment:
        """The instant as the clocks of this case read it."""
        return moment(self.calendars.of(self.policies.at(case.reported_at)), at)


def moment(calendar: BusinessCalendar, at: datetime) -> Moment:
    return Moment(at, calendar.position(at))


def deadline(target: Target, reported_at: datetime, calendar: BusinessCalendar) -> datetime | None:
    """By when a target promises what it promises; None where that is no instant, or one that no business hours reach."""
    due = None
    if target.promise is Promise.WITHIN:
        due = calendar.after(reported_at, target.days * calendar.hours.day + target.time)
    elif target.promise is Promise.NEXT_BUSINESS_DAY:
        due = calendar.end_of_next_day(reported_at)
    return None if due == NEVER else due


def deadlines(case: Case, support: Support, calendar: BusinessCalendar) -> Deadlines:
    """An exempt case has no targets, and its former ones were none."""
    opens = calendar.opening(case.reported_at)
    start = case.reported_at if opens == NEVER else opens
    reaction, workaround, fix = (_clock(each, case, support, calendar, start) for each in Clock)
    return Deadlines(reaction, workaround, fix)


def _clock(clock: Clock, case: Case, support: Support, calendar: BusinessCalendar, start: datetime) -> CaseClock:
    stopped_at = _stopped_at(clock, case)
    target = NO_TARGET if case.exempt else support.targets(case.level, case.customer_class).of(clock)
    due = deadline(target, case.reported_at, calendar)
    missed = None if case.exempt else _missed(clock, case, support, calendar, stopped_at)
    if clock is Clock.WORKAROUND and case.impossible_since is not None:
        due = None
    start_position = calendar.position(start)
    return CaseClock(
        clock=clock,
        level=case.level,
        start=start,
        start_position=start_position,
        target=None if due is None else calendar.position(due) - start_position,
        deadline=due,
        note=target.note,
        stopped_at=stopped_at,
        stop_position=None if stopped_at is None else calendar.position(stopped_at),
        missed=missed,
    )


def _stopped_at(clock: Clock, case: Case) -> datetime | None:
    if clock is not Clock.REACTION:
        return case.corrected_at
    # Who corrected an error has worked on its cause, whether or not anybody wrote down when that began.
    return min((at for at in (case.started_at, case.corrected_at) if at is not None), default=None)


def _missed(
    clock: Clock, case: Case, support: Support, calendar: BusinessCalendar, stopped_at: datetime | None
) -> Missed | None:
    """The first target that was missed before another level, or the word that there can be no workaround, replaced it."""
    spans = [(one.level, two.since) for one, two in pairwise(case.levels)]
    if clock is Clock.WORKAROUND and case.impossible_since is not None:
        spans = [(level, min(until, case.impossible_since)) for level, until in spans]
        spans.append((_level_at(case, case.impossible_since), case.impossible_since))
    for level, until in spans:
        due = deadline(support.targets(level, case.customer_class).of(clock), case.reported_at, calendar)
        end = until if stopped_at is None else min(until, stopped_at)
        if due is not None and due < end:
            start = calendar.position(case.reported_at)
            return Missed(level, due, calendar.position(end) - start, calendar.position(due) - start)
    return None


def _level_at(case: Case, at: datetime) -> str:
    return next((each.level for each in reversed(case.levels) if each.since <= at), case.levels[0].level)
