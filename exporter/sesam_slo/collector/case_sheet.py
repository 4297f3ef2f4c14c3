"""What support cases say, laid out for many scrapes.

Ten thousand open cases have up to 120,000 samples. Until a case changes, most of them stand still, a few turn when a deadline
passes, and those of business time used and left all move by the same amount, or outside business hours not at all. So the
lines are rendered once, with a place for each number that may move, and a scrape works out those numbers alone. Nothing here
decides anything: the samples are those that `core.deadlines` gives, and a test holds them to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from ..core import names
from ..core.business_time import NEVER, BusinessCalendar
from ..core.intervals import Interval
from ..core.model import Config
from ..core.names import Metric
from .families import Families, rendered
from .judged_case import ALWAYS, MET, MISSED, RUNNING, JudgedCase, RunningClock

_MOMENT = timedelta(microseconds=1)
_SECOND = 1_000_000  # microseconds

_Target = tuple[str, str, tuple[str, str, str]]  # service, window; level, class and clock


class _Lines:
    """Lines of one metric, with a place for the value of each."""

    def __init__(self, metric: Metric, labels: list[str]) -> None:
        self._pieces = [""] * (2 * len(labels))
        self._pieces[::2] = [f"\n{metric.name}{each} " for each in labels]

    def filled(self, values: Iterable[str]) -> str:
        """`values`: as many as there are lines."""
        self._pieces[1::2] = values
        return "".join(self._pieces)[1:] + "\n" if self._pieces else ""


class _Running:
    """The running clocks that one calendar times: all move together, outside business hours not at all."""

    def __init__(self, calendar: BusinessCalendar, clocks: list[RunningClock]) -> None:
        labels = [each.labels for each in clocks]
        self._calendar = calendar
        self._used, self._left = _Lines(names.CASE_SECONDS_USED, labels), _Lines(names.CASE_SECONDS_LEFT, labels)
        self._starts, self._targets = [each.start for each in clocks], [each.target for each in clocks]
        self._position: int | None = None
        self._texts = ("", "")

    def add(self, families: Families, at: datetime) -> None:
        position = self._calendar.position(at) // _MOMENT
        if position != self._position:
            used = [position - start if position > start else 0 for start in self._starts]
            left = [(target - each) // _SECOND for target, each in zip(self._targets, used, strict=True)]
            self._texts = (
                self._used.filled(map(str, [each // _SECOND for each in used])),
                self._left.filled(map(str, left)),
            )
            self._position = position
        families.add_text(names.CASE_SECONDS_USED, self._texts[0])
        families.add_text(names.CASE_SECONDS_LEFT, self._texts[1])


class _Turning(NamedTuple):
    """A target in a window that turns into a missed one, and what it is until then."""

    target: _Target
    missed_after: datetime
    otherwise: str


class CaseSheet:
    """All samples of the cases as they stand, within one calendar month.

    windows: those of `case_targets` by name, the present month first.
    """

    def __init__(self, judged: Collection[JudgedCase], config: Config, windows: Mapping[str, Interval]) -> None:
        open_cases = [each for each in judged if each.case.open]
        by_calendar: dict[int, tuple[BusinessCalendar, list[RunningClock]]] = {}
        for each in open_cases:
            by_calendar.setdefault(id(each.calendar), (each.calendar, []))[1].extend(each.running)
        running = [clock for _, clocks in by_calendar.values() for clock in clocks]
        self.month = next(iter(windows.values()))
        self._still = (
            (names.CASE_OPEN, _open_cases(open_cases, config)),
            (names.CASE_DEADLINE, _deadlines(running)),
            (names.CASE_SUPPLIER_NOT_TOLD, _suppliers_not_told(open_cases)),
        )
        self._running = [_Running(calendar, clocks) for calendar, clocks in by_calendar.values()]
        # a line for each target of an open case that is missed or may be, and from when on it is
        missable = [
            (each.labels, each.missed_after)
            for judged_case in open_cases
            for each in judged_case.targets
            if each.missed_after is not None
        ]
        self._breached = _Lines(names.CASE_BREACHED, [labels for labels, _ in missable])
        self._missed_after = [after for _, after in missable]
        self._settled, self._turning = _targets(judged, windows)
        self._turned = Interval(NEVER, NEVER)  # from when the texts were made to the next deadline, which belongs to it
        self._texts = ("", "")

    def add(self, families: Families, at: datetime) -> None:
        for metric, text in self._still:
            families.add_text(metric, text)
        for each in self._running:
            each.add(families, at)
        if not self._turned.start <= at <= self._turned.end:  # at a deadline itself nothing is missed
            breached = self._breached.filled(["1" if at > after else "0" for after in self._missed_after])
            self._texts = breached, self._results(at)
            ahead = [after for after in self._missed_after if after >= at]
            ahead += [each.missed_after for each in self._turning if each.missed_after >= at]
            self._turned = Interval(at, min(ahead, default=NEVER))
        families.add_text(names.CASE_BREACHED, self._texts[0])
        families.add_text(names.CASE_TARGETS, self._texts[1])

    def _results(self, at: datetime) -> str:
        """All three results of whatever has one: what is 0 now was or may become something else."""
        found = self._settled.copy()
        found.update([(each.target, MISSED if at > each.missed_after else each.otherwise) for each in self._turning])
        return "".join(
            _line(names.CASE_TARGETS, found[target, result], *target[:2], *target[2], result)
            for target in dict.fromkeys(target for target, _ in found)
            for result in (MET, MISSED, RUNNING)
        )


def _targets(
    judged: Iterable[JudgedCase], windows: Mapping[str, Interval]
) -> tuple[Counter[tuple[_Target, str]], list[_Turning]]:
    """Of the cases reported in the windows: how many targets have a result that stands, and those that may yet be missed."""
    settled: Counter[tuple[_Target, str]] = Counter()
    turning = []
    for each in judged:
        case = each.case
        for name, window in windows.items():
            if not window.start <= case.reported_at < window.end:
                continue
            for found in each.targets:
                target = (case.service, name, found.kind)
                if found.missed_after is None:
                    settled[target, found.otherwise] += 1
                elif found.missed_after is ALWAYS:
                    settled[target, MISSED] += 1
                else:
                    turning.append(_Turning(target, found.missed_after, found.otherwise))
    return settled, turning


def _open_cases(open_cases: list[JudgedCase], config: Config) -> str:
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


def _deadlines(running: list[RunningClock]) -> str:
    return _Lines(names.CASE_DEADLINE, [each.labels for each in running]).filled([each.deadline for each in running])


def _suppliers_not_told(open_cases: list[JudgedCase]) -> str:
    missing = [each.case for each in open_cases if each.case.supplier_missing]
    return "".join(_line(names.CASE_SUPPLIER_NOT_TOLD, 1, case.service, case.id) for case in missing)


def _line(metric: Metric, value: int, *labels: str) -> str:
    return f"{metric.name}{rendered(metric, *labels)} {value}\n"
