"""A support case as its samples need it: worked out once, when the case or its agreement is another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..core import names
from ..core.business_time import BusinessCalendar
from ..core.case import Case
from ..core.deadlines import CaseClock, Deadlines, SupportRules
from ..core.model import Policy
from .families import rendered

ALWAYS = datetime.min.replace(tzinfo=UTC)
MET, MISSED, RUNNING = "met", "missed", "running"

_MOMENT = timedelta(microseconds=1)


class RunningClock(NamedTuple):
    """A clock that runs and has a deadline. `start`, `target`: whole microseconds of the calendar's business time."""

    labels: str
    deadline: str  # as a sample's value
    start: int
    target: int


class JudgedTarget(NamedTuple):
    """A target that a case has, or had at a former level.

    missed_after: from when on it is missed, `ALWAYS` where a former level's was; None where it was met. `otherwise`: its result
    until then. `labels` as a line has them, `kind` the values of level, class and clock.
    """

    labels: str
    kind: tuple[str, str, str]
    missed_after: datetime | None
    otherwise: str


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """A case with its clocks and targets, by the policy in force when it was reported."""

    case: Case
    policy: Policy
    calendar: BusinessCalendar
    running: tuple[RunningClock, ...]
    targets: tuple[JudgedTarget, ...]

    @classmethod
    def of(cls, case: Case, rules: SupportRules) -> JudgedCase:
        policy, clocks = rules.policies.at(case.reported_at), rules.of(case)
        return cls(
            case, policy, rules.calendars.of(policy), tuple(_running(case, clocks)), tuple(_targets(case, clocks))
        )


def _running(case: Case, clocks: Deadlines) -> Iterator[RunningClock]:
    for clock in clocks:
        if clock.runs and clock.deadline is not None and clock.target is not None:
            due = repr(clock.deadline.timestamp())
            yield RunningClock(_labels(case, clock), due, clock.start_position // _MOMENT, clock.target // _MOMENT)


def _targets(case: Case, clocks: Deadlines) -> Iterator[JudgedTarget]:
    for clock in clocks:
        missed_after = clock.deadline
        if clock.missed is not None:
            missed_after = ALWAYS
        elif clock.deadline is None:
            continue
        elif clock.stopped_at is not None and clock.stopped_at <= clock.deadline:
            missed_after = None
        kind = (case.level, case.customer_class, clock.clock.value)
        yield JudgedTarget(_labels(case, clock), kind, missed_after, RUNNING if clock.runs else MET)


def _labels(case: Case, clock: CaseClock) -> str:
    return rendered(names.CASE_DEADLINE, case.service, case.id, case.level, case.customer_class, clock.clock.value)
