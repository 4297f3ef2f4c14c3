"""What support cases say, laid out for many scrapes.

Ten thousand open cases have up to 120,000 samples. Until a case changes, most of them stand still, a few turn when a deadline
passes, and those of business time used and left all move by the same amount, or outside business hours not at all. So the
lines are rendered once, with a place for each number that may move, and a scrape works out those numbers alone. Nothing here
decides anything: the samples are those that `core.deadlines` gives, and a test holds them to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..core import names
from ..core.business_time import BusinessCalendar
from ..core.case import Case
from ..core.deadlines import CaseClock, Deadlines, SupportRules
from ..core.intervals import Interval
from ..core.model import Config, Policy
from ..core.names import Metric
from .families import Families, rendered

_MOMENT, _NOTHING = timedelta(microseconds=1), timedelta()
_SECOND = 1_000_000  # microseconds
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_RESULTS = _MET, _MISSED, _RUNNING = "met", "missed", "running"

_Labels = tuple[str, ...]


class JudgedClock(NamedTuple):
    """A clock that has a deadline or has missed one; `labels` as a line has them.

    missed_after: from when on its target is missed, at the earliest instant there is where a former level's was; None where it
    was met.
    """

    clock: CaseClock
    missed_after: datetime | None
    labels: str

    @property
    def due(self) -> datetime | None:
        """Its deadline, while it runs."""
        return self.clock.deadline if self.clock.runs else None


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and its clocks, by the policy in force when it was reported."""

    case: Case
    policy: Policy
    calendar: BusinessCalendar
    clocks: tuple[JudgedClock, ...]

    @classmethod
    def of(cls, case: Case, rules: SupportRules) -> Judged:
        policy = rules.policies.at(case.reported_at)
        return cls(case, policy, rules.calendars.of(policy), tuple(_judged_clocks(case, rules.of(case))))


def _judged_clocks(case: Case, clocks: Deadlines) -> Iterator[JudgedClock]:
    for clock in clocks:
        if clock.deadline is None and clock.missed is None:
            continue
        in_time = clock.stopped_at is not None and clock.deadline is not None and clock.stopped_at <= clock.deadline
        missed_after = _ALWAYS if clock.missed is not None else None if in_time else clock.deadline
        labels = (case.service, case.id, case.level, case.customer_class, clock.clock.value)
        yield JudgedClock(clock, missed_after, rendered(names.CASE_DEADLINE, *labels))


@dataclass(slots=True)
class _Running:
    """The running clocks that one calendar times: lines with a place for each number.

    `starts`, `targets`: when they began and how long they may run, in whole microseconds of the calendar's business time.
    """

    calendar: BusinessCalendar
    used: str
    left: str
    starts: list[int]
    targets: list[int]
    _position: int | None = None
    _texts: tuple[str, str] = ("", "")

    @classmethod
    def of(cls, calendar: BusinessCalendar, clocks: list[JudgedClock]) -> _Running:
        labels = [each.labels for each in clocks]
        return cls(
            calendar,
            _pattern(names.CASE_SECONDS_USED, labels),
            _pattern(names.CASE_SECONDS_LEFT, labels),
            [each.clock.start_position // _MOMENT for each in clocks],
            [(each.clock.target or _NOTHING) // _MOMENT for each in clocks],
        )

    def add(self, families: Families, at: datetime) -> None:
        position = self.calendar.position(at) // _MOMENT
        if position != self._position:  # outside business hours it is where it was
            used = [position - start if position > start else 0 for start in self.starts]
            left = [(target - each) // _SECOND for target, each in zip(self.targets, used, strict=True)]
            self._texts = self.used % tuple([each // _SECOND for each in used]), self.left % tuple(left)
            self._position = position
        families.add_text(names.CASE_SECONDS_USED, self._texts[0])
        families.add_text(names.CASE_SECONDS_LEFT, self._texts[1])


@dataclass(slots=True)
class CaseSheet:
    """All samples of the cases as they stand, within one calendar month."""

    month: Interval
    still: tuple[tuple[Metric, str], ...]
    running: tuple[_Running, ...]
    breached: str  # a line for each target of an open case that is missed or may be, with a place for whether it is
    missed_after: list[datetime]  # when each of these is
    settled: Counter[tuple[_Labels, str]]  # targets by result, but for those
    unsettled: list[tuple[_Labels, datetime, str]]  # that are missed after an instant, and something else before
    deadlines: list[datetime]  # of `missed_after` and `unsettled`, in order
    _passed: int | None = None
    _texts: tuple[str, str] = ("", "")

    @classmethod
    def of(cls, judged: Collection[Judged], config: Config, windows: Mapping[str, Interval]) -> CaseSheet:
        """windows: those of `case_targets` by name, the present month first."""
        open_cases = [each for each in judged if each.case.open]
        missable = [
            (clock.labels, clock.missed_after)
            for each in open_cases
            for clock in each.clocks
            if clock.missed_after is not None
        ]
        running: dict[int, tuple[BusinessCalendar, list[JudgedClock]]] = {}
        for each in open_cases:
            _, clocks = running.setdefault(id(each.calendar), (each.calendar, []))
            clocks += [clock for clock in each.clocks if clock.due is not None]
        settled, unsettled = _results(judged, windows)
        return cls(
            next(iter(windows.values())),
            (
                (names.CASE_OPEN, _open_cases(open_cases, config)),
                (names.CASE_DEADLINE, "".join(_deadlines(clocks) for _, clocks in running.values())),
                (names.CASE_SUPPLIER_NOT_TOLD, _suppliers_not_told(open_cases)),
            ),
            tuple(_Running.of(*each) for each in running.values()),
            _pattern(names.CASE_BREACHED, [labels for labels, _ in missable]),
            [after for _, after in missable],
            settled,
            unsettled,
            sorted([*(after for _, after in missable), *(after for _, after, _ in unsettled)]),
        )

    def add(self, families: Families, at: datetime) -> None:
        for metric, text in self.still:
            families.add_text(metric, text)
        for each in self.running:
            each.add(families, at)
        passed = bisect_left(self.deadlines, at)  # at a deadline itself nothing is missed
        if passed != self._passed:
            breached = self.breached % tuple([at > after for after in self.missed_after])
            self._texts = breached, self._targets(at)
            self._passed = passed
        families.add_text(names.CASE_BREACHED, self._texts[0])
        families.add_text(names.CASE_TARGETS, self._texts[1])

    def _targets(self, at: datetime) -> str:
        """All three results of whatever has one: what is 0 now was or may become something else."""
        found = self.settled.copy()
        found.update([(labels, _MISSED if at > after else otherwise) for labels, after, otherwise in self.unsettled])
        return "".join(
            _line(names.CASE_TARGETS, found[labels, result], *labels, result)
            for labels in dict.fromkeys(labels for labels, _ in found)
            for result in _RESULTS
        )


def _results(
    judged: Collection[Judged], windows: Mapping[str, Interval]
) -> tuple[Counter[tuple[_Labels, str]], list[tuple[_Labels, datetime, str]]]:
    """Of the cases reported in the windows: the targets whose result stands, and those that may turn into missed ones."""
    settled: Counter[tuple[_Labels, str]] = Counter()
    unsettled: list[tuple[_Labels, datetime, str]] = []
    for each in judged:
        case = each.case
        for name, window in windows.items():
            if not window.start <= case.reported_at < window.end:
                continue
            for clock in each.clocks:
                labels = (case.service, name, case.level, case.customer_class, clock.clock.clock.value)
                if clock.missed_after is None:
                    settled[labels, _MET] += 1
                elif clock.missed_after is _ALWAYS:
                    settled[labels, _MISSED] += 1
                else:
                    unsettled.append((labels, clock.missed_after, _RUNNING if clock.clock.runs else _MET))
    return settled, unsettled


def _open_cases(open_cases: list[Judged], config: Config) -> str:
    support = config.policy.support
    found = Counter(
        {
            (service.name, level, customer_class): 0
            for service in config.services
            for level in support.level_names
            for customer_class in support.classes
        }
    )
    found.update([(each.case.service, each.case.level, each.case.customer_class) for each in open_cases])
    return "".join(_line(names.CASE_OPEN, count, *labels) for labels, count in found.items())


def _deadlines(clocks: list[JudgedClock]) -> str:
    name = names.CASE_DEADLINE.name
    return "".join([f"{name}{each.labels} {each.due.timestamp()!r}\n" for each in clocks if each.due is not None])


def _suppliers_not_told(open_cases: list[Judged]) -> str:
    missing = [each.case for each in open_cases if each.case.supplier_missing]
    return "".join(_line(names.CASE_SUPPLIER_NOT_TOLD, 1, case.service, case.id) for case in missing)


def _line(metric: Metric, value: float, *labels: str) -> str:
    return f"{metric.name}{rendered(metric, *labels)} {float(value)!r}\n"


def _pattern(metric: Metric, labels: list[str]) -> str:
    """A line for each of `labels`, with a place for a whole number."""
    text = "".join([f"{metric.name}{each} \0\n" for each in labels])
    return text.replace("%", "%%").replace("\0", "%d")
