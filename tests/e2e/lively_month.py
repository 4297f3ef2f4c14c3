"""A month of a few lively services, as an exporter would have told it.

What is told follows the account's rules but shares no code with it: it is only to look true. A series is a function
of the instant, so that its past can be written and its present scraped (`lively_prometheus`).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from sesam_slo.core import names
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.log_state import LogState
from sesam_slo.core.model import Cause, Outcome, Phase, Policy, Reason
from sesam_slo.core.names import Metric
from sesam_slo.core.windows import spans
from sesam_slo.generate.burn_rates import WINDOWS, failing_ratio
from sesam_slo.generate.dashboard_rules import CASES, REASONS, RESULTS
from sesam_slo.public_holidays import is_holiday

ZONE = ZoneInfo("Europe/Oslo")
OBJECTIVE = 0.995
DOWNTIME_AFTER = 600.0
INTERVAL = 10.0  # short, so that a counter of probes grows soon after the start
DAY = 86400.0
BUSINESS_SHARE = 1 / 3  # of the hours of a day, roughly, are business hours
ENDPOINTS = {"api": "api", "ui": "ui"}

_STATE = LogState(BusinessCalendars(is_holiday))

LONG = 31 * DAY  # how far back the figures of the account are told
SHORT = 7.5 * DAY  # and what the probes saw
RECENT = 0.3 * DAY  # and how the exporter fares

ValueAt = Callable[[float], float | None]
Figure = Callable[[float, float, float, float], float]  # of a window's start, its end so far, its end, and the instant


class Spans:
    """Intervals in seconds since 1970, in order and apart."""

    def __init__(self, intervals: Sequence[tuple[float, float]]) -> None:
        self.all = sorted(intervals)
        self._starts = [start for start, _ in self.all]
        self._before = [0.0, *accumulate(end - start for start, end in self.all)]

    def until(self, at: float) -> float:
        """Their seconds before `at`."""
        index = bisect_right(self._starts, at)
        if not index:
            return 0.0
        start, end = self.all[index - 1]
        return self._before[index - 1] + min(at, end) - start

    def within(self, start: float, end: float) -> float:
        return self.until(end) - self.until(start)

    def around(self, at: float) -> tuple[float, float] | None:
        index = bisect_right(self._starts, at)
        if index and at < self.all[index - 1][1]:
            return self.all[index - 1]
        return None

    def less(self, others: Spans) -> Spans:
        left = []
        for start, end in self.all:
            at = start
            for other_start, other_end in others.all:
                if other_end <= at or other_start >= end:
                    continue
                if other_start > at:
                    left.append((at, other_start))
                at = max(at, other_end)
            if at < end:
                left.append((at, end))
        return Spans(left)


@dataclass(frozen=True)
class Failing:
    """One failing run; a long one is an event of the log. `explained_after`: when a person gave its cause."""

    start: float
    end: float
    endpoint: str = "api"
    reason: Reason = Reason.HTTP_STATUS
    cause: Cause = Cause.UNKNOWN
    explained_after: float | None = None

    @property
    def confirmed(self) -> float:
        return self.start + DOWNTIME_AFTER

    @property
    def is_event(self) -> bool:
        return self.end - self.start >= DOWNTIME_AFTER

    def id_of(self, service: str) -> str:
        start = datetime.fromtimestamp(round(self.start, 3), UTC)
        return f"{service}-{start:%Y%m%dT%H%M%S}.{start.microsecond // 1000:03d}Z"

    def cause_at(self, at: float) -> Cause:
        told = self.explained_after is not None and at >= self.end + self.explained_after
        return self.cause if told else Cause.UNKNOWN

    def state_at(self, at: float) -> str:
        if at < self.end:
            return "ongoing"
        if self.explained_after is not None and at >= self.end + self.explained_after:
            return "explained"
        return "overdue" if at >= self._due else "ended"

    @cached_property
    def _due(self) -> float:
        return _STATE.due(datetime.fromtimestamp(self.end, UTC), Policy()).timestamp()


@dataclass(frozen=True)
class Case:
    """A support case; a target is (clock, when due, when met)."""

    name: str
    service: str
    level: str
    customer_class: str
    reported: float
    closed: float
    targets: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class Line:
    """One series: its value by the instant, None where it has none; `recorded` by Prometheus, not told by the exporter."""

    name: str
    labels: dict[str, str]
    at: ValueAt
    reach: float = SHORT
    recorded: bool = False


@dataclass
class Story:
    """What happened to one service."""

    name: str
    runs: list[Failing]
    silences: Spans
    maintenance: Spans
    since: float

    @cached_property
    def events(self) -> list[Failing]:
        return [run for run in self.runs if run.is_event]

    @cached_property
    def unseen(self) -> Spans:
        return self.silences.less(self.maintenance)

    @cached_property
    def failing(self) -> Spans:
        return Spans([(run.start, run.end) for run in self.runs]).less(self.maintenance)

    @lru_cache(maxsize=8)  # noqa: B019 - a story lives as long as its month
    def _counted(self, cause: Cause) -> Spans:
        return Spans([(run.start, run.end) for run in self.events if run.cause is cause]).less(self.maintenance)

    def unplanned(self, start: float, end: float, at: float) -> float:
        """By what is known at `at`: causes that exclude, once a person has given them."""
        total = 0.0
        for run in self.events:
            if run.confirmed <= at and not run.cause_at(at).excludes:
                total += self._part(run, start, min(end, at))
        return total

    def excluded(self, start: float, end: float, at: float) -> float:
        return sum(self._part(run, start, min(end, at)) for run in self.events if run.cause_at(at).excludes)

    def planned(self, start: float, end: float, at: float) -> float:
        total = 0.0
        for run in self.events:
            if run.confirmed <= at:
                inside = max(min(run.end, end, at) - max(run.start, start), 0.0)
                total += inside - self._part(run, start, min(end, at))
        return max(total, 0.0)

    def _part(self, run: Failing, start: float, end: float) -> float:
        lower, upper = max(run.start, start), min(run.end, end)
        return (upper - lower) - self.maintenance.within(lower, upper) if lower < upper else 0.0


@dataclass
class LivelyMonth:
    """The month up to `now`, of these services; the first is down at the moment, the second has spent its budget."""

    now: float
    services: Sequence[str] = ("datahub-prod", "acme-prod", "umbrella-test")
    live_outage_seconds: float = 47 * 60
    stories: list[Story] = field(init=False)
    cases: list[Case] = field(init=False)

    def __post_init__(self) -> None:
        nights = _nights(self.now)
        self.stories = [self._story(index, name, nights) for index, name in enumerate(self.services)]
        self.cases = _cases(self.now, self.services)
        self._windows: dict[float, dict[str, tuple[float, float, float]]] = {}

    # -- what happened --------------------------------------------------------------------------------------------

    def _story(self, index: int, name: str, nights: Spans) -> Story:
        now, dice = self.now, random.Random(index)

        def ago(days: float, minutes: float, **more: object) -> Failing:
            start = now - days * DAY
            return Failing(start, start + 60 * minutes, **more)  # type: ignore[arg-type]

        short = [
            ago(dice.uniform(0.2, 30), dice.uniform(1, 8), endpoint=dice.choice(["api", "ui"]), reason=reason)
            for reason in dice.choices([Reason.TIMEOUT, Reason.RESET, Reason.CONNECT_REFUSED, Reason.TLS], k=5)
        ]
        if index == 0:
            told = [
                ago(20.3, 35, cause=Cause.OPERATING_ENVIRONMENT, explained_after=DAY),
                ago(6.1, 62, endpoint="ui", reason=Reason.TIMEOUT, cause=Cause.SESAM, explained_after=0.5 * DAY),
                ago(4.6, 25),
                ago(1.35, 14, endpoint="ui", reason=Reason.BODY_MISMATCH),
                Failing(now - self.live_outage_seconds, math.inf),
            ]
        elif index == 1:
            told = [
                ago(9.2, 150, cause=Cause.SESAM, explained_after=DAY),
                ago(5.2, 75, cause=Cause.CUSTOMER, explained_after=1.2 * DAY),
                ago(2.4, 44, reason=Reason.CONNECT_TIMEOUT, cause=Cause.SESAM, explained_after=0.3 * DAY),
            ]
        elif index == 2:
            told, short = [], short[:1]
        else:
            told = [
                ago(dice.uniform(0.5, 29), dice.uniform(11, 60), cause=dice.choice(list(Cause)), explained_after=DAY)
                for _ in range(dice.choice([0, 0, 1, 1, 2]))
            ]
        runs: list[Failing] = []
        for run in sorted([*told, *short], key=lambda each: each.start):
            if not runs or run.start > runs[-1].end + 600:
                runs.append(run)
        quiet = [(now - 3.3 * DAY, now - 3.3 * DAY + 2400)] if index != 2 else []
        return Story(name, runs, Spans(quiet), nights, now - 40 * DAY)

    def windows(self, at: float) -> dict[str, tuple[float, float, float]]:
        """Start and end of what has passed of each window, and the end of all of it."""
        if at not in self._windows:
            found = spans(datetime.fromtimestamp(at, UTC), ZONE, datetime.fromtimestamp(self.now - 40 * DAY, UTC))
            self._windows[at] = {
                name: (span.elapsed.start.timestamp(), span.elapsed.end.timestamp(), span.whole.end.timestamp())
                for name, span in found.items()
            }
        return self._windows[at]

    # -- what is told of it ---------------------------------------------------------------------------------------

    def lines(self) -> Iterator[Line]:
        for story in self.stories:
            yield from self._configured(story)
            yield from self._probes(story)
            yield from self._states(story)
            yield from self._account(story)
            yield from self._log(story)
            yield from self._recorded(story)
        yield from self._support()
        yield from self._exporter()

    def _configured(self, story: Story) -> Iterator[Line]:
        service = {"service": story.name}
        yield _told(names.SERVICE_INFO, service | {"customer": "example"}, lambda at: 1.0, LONG)
        yield _told(names.OBJECTIVE_RATIO, service, lambda at: OBJECTIVE, LONG)
        for endpoint, kind in ENDPOINTS.items():
            yield _told(names.ENDPOINT_INFO, service | {"endpoint": endpoint, "kind": kind}, lambda at: 1.0)

    def _probes(self, story: Story) -> Iterator[Line]:
        for number, (endpoint, kind) in enumerate(ENDPOINTS.items()):
            labels = {"service": story.name, "endpoint": endpoint, "kind": kind}
            down = Spans([(run.start, run.end) for run in story.runs if run.endpoint == endpoint])

            def success(at: float, down: Spans = down) -> float | None:
                return None if story.silences.around(at) else float(down.around(at) is None)

            def since(at: float, down: Spans = down) -> float | None:
                run = down.around(at)
                return run[0] if run else None

            def status(at: float, down: Spans = down, kind: str = kind) -> float | None:
                return 503.0 if down.around(at) and kind == "api" else 200.0

            yield _told(names.PROBE_SUCCESS, labels | {"vantage": "local"}, success)
            yield _told(names.ENDPOINT_FAILING_SINCE, labels, since)
            yield _told(names.PROBE_HTTP_STATUS_CODE, labels, status)
            expires = self.now + (11 + 30 * number) * DAY
            yield _told(names.PROBE_TLS_NOT_AFTER, labels, lambda at, expires=expires: expires)
            for outcome in Outcome:
                yield _told(names.PROBES, labels | {"result": outcome}, _count(story, down, outcome))
            for phase, usual in zip(Phase, (0.004, 0.012, 0.025, 0.18, 0.02), strict=True):
                yield _told(names.PROBE_PHASE_SECONDS, labels | {"phase": phase}, _wobble(usual, number, phase))
        for reason in Reason:
            failed = Spans([(run.start, run.end) for run in story.runs if run.reason is reason])
            unseen = story.silences if reason is Reason.CONTROL else Spans([])
            yield _told(
                names.PROBE_FAILURES,
                {"service": story.name, "reason": reason},
                lambda at, failed=failed, unseen=unseen: math.floor(
                    (failed.until(at) + 2 * unseen.until(at)) / INTERVAL
                ),
            )

    def _states(self, story: Story) -> Iterator[Line]:
        service = {"service": story.name}

        def ongoing(at: float) -> Failing | None:
            return next((run for run in story.events if run.confirmed <= at < run.end), None)

        yield _told(names.DOWNTIME_ACTIVE, service, lambda at: float(ongoing(at) is not None))
        agreed = service | {"began": "agreed"}
        yield _told(names.UNPLANNED_DOWNTIME_ACTIVE, agreed, lambda at: float(ongoing(at) is not None))
        yield _told(names.UNPLANNED_DOWNTIME_ACTIVE, service | {"began": "maintenance"}, lambda at: 0.0)
        nightly = service | {"name": "nightly", "source": "recurring"}
        yield _told(names.MAINTENANCE_ACTIVE, nightly, lambda at: 1.0 if story.maintenance.around(at) else None)
        starts, ends = zip(*story.maintenance.all, strict=True)
        yield _told(names.MAINTENANCE_NEXT_START, service, lambda at: next(each for each in starts if each > at), 0)
        yield _told(names.MAINTENANCE_NEXT_END, service, lambda at: next(each for each in ends if each > at), 0)
        yield _told(names.MAINTENANCE_LAST_END, service, lambda at: max(each for each in ends if each <= at), 0)

    def _account(self, story: Story) -> Iterator[Line]:
        service, since = {"service": story.name}, story.since
        maintained = story.maintenance
        yield _told(names.FAILING_SECONDS, service, lambda at: story.failing.within(since, at), LONG)
        yield _told(names.AGREED_SECONDS, service, lambda at: at - since - maintained.within(since, at), LONG)
        yield _told(names.UNOBSERVED_SECONDS, service, lambda at: story.unseen.within(since, at), LONG)
        for name, seconds in (
            ("unplanned", lambda at: story.unplanned(since, at, at) + story.excluded(since, at, at)),
            ("planned", lambda at: story.planned(since, at, at)),
            ("excluded", lambda at: 0.0),  # as it was seen: nobody had said so then
        ):
            yield _told(names.DOWNTIME_SECONDS, service | {"class": name}, seconds, LONG)
        for window in names.WINDOWS:
            labels = service | {"window": window}
            reach = LONG if window == "month" else SHORT

            def agreed(start: float, end: float) -> float:
                return end - start - maintained.within(start, end)

            def told(metric: Metric, value: Figure, window: str = window, reach: float = reach, **more: str) -> Line:
                def at_instant(at: float) -> float | None:
                    found = self.windows(at).get(window)
                    if found is None or agreed(*found[:2]) <= 0:  # the first hours of a period are maintenance
                        return None
                    return value(*found, at)

                return _told(metric, {**service, "window": window, **more}, at_instant, reach)

            def availability(start: float, end: float, _whole: float, at: float) -> float:
                return 1 - story.unplanned(start, end, at) / (agreed(start, end) - story.unseen.within(start, end))

            def as_up(start: float, end: float, _whole: float, at: float) -> float:
                return 1 - story.unplanned(start, end, at) / agreed(start, end)

            def as_down(start: float, end: float, _whole: float, at: float) -> float:
                unseen = story.unseen.within(start, end)
                return 1 - (story.unplanned(start, end, at) + unseen) / agreed(start, end)

            def budget(start: float, _end: float, whole: float, _at: float) -> float:
                return (1 - OBJECTIVE) * agreed(start, whole)

            def left(start: float, end: float, whole: float, at: float) -> float:
                return budget(start, end, whole, at) - story.unplanned(start, end, at)

            yield told(names.AVAILABILITY_RATIO, availability)
            yield told(names.AVAILABILITY_BOUND_RATIO, as_up, bound="unobserved_as_up")
            yield told(names.AVAILABILITY_BOUND_RATIO, as_down, bound="unobserved_as_down")
            yield told(names.ERROR_BUDGET_SECONDS, budget)
            yield told(names.ERROR_BUDGET_REMAINING_SECONDS, left)
            for name in ("unplanned", "planned", "excluded"):
                seconds_of = getattr(story, name)
                yield _told(
                    names.WINDOW_DOWNTIME_SECONDS,
                    labels | {"class": name},
                    lambda at, window=window, seconds_of=seconds_of: (
                        seconds_of(*self.windows(at)[window][:2], at) if window in self.windows(at) else None
                    ),
                    SHORT if window == "month" else 0,
                )

    def _log(self, story: Story) -> Iterator[Line]:
        for run in story.events:
            entry = {"service": story.name, "id": run.id_of(story.name)}

            def known(at: float, value: float, run: Failing = run) -> float | None:
                return value if run.confirmed <= at else None

            yield _told(names.LOG_ENTRY_START, entry, lambda at, run=run, known=known: known(at, run.start))
            yield _told(
                names.LOG_ENTRY_DURATION,
                entry,
                lambda at, run=run, known=known: known(at, min(at, run.end) - run.start),
            )
            for cause in {Cause.UNKNOWN, run.cause}:
                for state in ("ongoing", "ended", "overdue", "explained"):
                    yield _told(
                        names.LOG_ENTRY_INFO,
                        {**entry, "cause": cause, "endpoints": run.endpoint, "state": state},
                        lambda at, run=run, cause=cause, state=state, known=known: (
                            known(at, 1.0) if (run.cause_at(at), run.state_at(at)) == (cause, state) else None
                        ),
                    )

    def _recorded(self, story: Story) -> Iterator[Line]:
        for window in WINDOWS:
            length = window.total_seconds()
            yield Line(
                failing_ratio(window),
                {"service": story.name},
                lambda at, length=length: story.failing.within(at - length, at) / length,
                recorded=True,
            )
        every = Spans([(run.start, run.end) for run in story.runs])
        yield Line(
            RESULTS,
            {"service": story.name, "result": Outcome.FAILURE},
            lambda at: (every.within(at - 300, at) / 300 / INTERVAL) or None,
            recorded=True,
        )
        for reason in Reason:
            failed = Spans([(run.start, run.end) for run in story.runs if run.reason is reason])
            if failed.all:
                yield Line(
                    REASONS,
                    {"service": story.name, "reason": reason},
                    lambda at, failed=failed: (failed.within(at - 300, at) / 300 / INTERVAL) or None,
                    recorded=True,
                )

    def _support(self) -> Iterator[Line]:
        for service in self.services:
            for level in "ABC":
                for customer_class in ("partner", "user"):
                    cases = [
                        case
                        for case in self.cases
                        if (case.service, case.level, case.customer_class) == (service, level, customer_class)
                    ]
                    yield _told(
                        names.CASE_OPEN,
                        {"service": service, "level": level, "customer_class": customer_class},
                        lambda at, cases=cases: float(sum(case.reported <= at < case.closed for case in cases)),
                        LONG,
                    )
            for level in "ABC":
                of_level = [case for case in self.cases if (case.service, case.level) == (service, level)]
                if of_level:
                    yield Line(
                        CASES,
                        {"service": service, "level": level},
                        lambda at, cases=of_level: sum(case.reported <= at < case.closed for case in cases) or None,
                        LONG,
                        recorded=True,
                    )
        results: dict[tuple[str, ...], int] = {}
        for case in self.cases:
            for clock, due, met in case.targets:
                clocked = {
                    "service": case.service,
                    "case": case.name,
                    "level": case.level,
                    "customer_class": case.customer_class,
                    "clock": clock,
                }

                def running(at: float, value: float, case: Case = case, met: float = met) -> float | None:
                    return value if case.reported <= at < min(met, case.closed) else None

                yield _told(names.CASE_DEADLINE, clocked, lambda at, due=due, running=running: running(at, due), 0)
                yield _told(
                    names.CASE_SECONDS_LEFT,
                    clocked,
                    lambda at, due=due, running=running: running(at, (due - at) * BUSINESS_SHARE),
                    0,
                )
                yield _told(
                    names.CASE_SECONDS_USED,
                    clocked,
                    lambda at, case=case, running=running: running(at, (at - case.reported) * BUSINESS_SHARE),
                    0,
                )
                if due < min(met, self.now) and case.closed > self.now:
                    yield _told(names.CASE_BREACHED, clocked, lambda at, due=due: 1.0 if at >= due else None, 0)
                result = "met" if met <= due and met <= self.now else "missed" if due < self.now else "running"
                for window in ("month", "previous_month"):
                    start, end, _ = self.windows(self.now)[window]
                    if start <= case.reported < end:
                        key = (case.service, window, case.level, case.customer_class, clock, result)
                        results[key] = results.get(key, 0) + 1
                    for each in ("met", "missed", "running"):
                        key = (case.service, window, case.level, case.customer_class, clock, each)
                        results.setdefault(key, 0)
        for key, number in results.items():
            yield _told(
                names.CASE_TARGETS,
                dict(zip(names.CASE_TARGETS.labels, key, strict=True)),
                lambda at, number=number: float(number),
                0,
            )
        yield _told(
            names.CASE_SUPPLIER_NOT_TOLD,
            {"service": self.services[0], "case": f"{self.services[0]}-case-7"},
            lambda at: 1.0,
            0,
        )

    def _exporter(self) -> Iterator[Line]:
        began = self.now - 5 * DAY
        build = {"version": "0.1.0", "python": "3.11.7", "libcurl": "8.5.0"}
        yield _told(names.EXPORTER_BUILD_INFO, build, lambda at: 1.0)
        yield _told(names.EXPORTER_CONFIG_RELOAD_SUCCESS, {}, lambda at: 1.0)
        yield _told(names.EXPORTER_CONFIG_RELOAD_TIMESTAMP, {}, lambda at: began)
        yield _told(names.EXPORTER_PROBES_IN_FLIGHT, {}, lambda at: float(round(2 + 2 * math.sin(at / 700))))
        busy = Spans([(self.now - 0.1 * DAY, self.now - 0.1 * DAY + 900)])
        yield _told(names.EXPORTER_LEDGER_WRITE_FAILURES, {}, lambda at: busy.until(at) // 60)
        yield _told(names.EXPORTER_LEDGER_BACKLOG, {}, lambda at: 14.0 if busy.around(at) else 0.0)
        yield _told(names.EXPORTER_LEDGER_LOST, {}, lambda at: 0.0)
        yield _told(names.EXPORTER_LEDGER_LAST_WRITE, {}, lambda at: at - at % 5)
        yield _told(names.EXPORTER_LOOP_ERRORS, {}, lambda at: 0.0)
        yield _told(names.EXPORTER_CLOCK_STEPPED_BACK_SECONDS, {}, lambda at: 0.0)
        started = len(self.services) * len(ENDPOINTS) / INTERVAL
        lag = names.EXPORTER_PROBE_LAG_SECONDS.name
        for bound, share in (("0.001", 0.4), ("0.005", 0.9), ("0.025", 0.985), ("0.1", 0.999), ("1.0", 1), ("+Inf", 1)):
            yield Line(f"{lag}_bucket", {"le": bound}, lambda at, share=share: (at - began) * started * share, RECENT)
        yield Line(f"{lag}_count", {}, lambda at: (at - began) * started, RECENT)
        target = len(self.services) * 130
        yield Line("process_cpu_seconds_total", {}, lambda at: (at - began) * 0.04 + 20 * math.sin(at / 9000), RECENT)
        yield Line("process_resident_memory_bytes", {}, lambda at: 92e6 + 4e6 * math.sin(at / 5000), RECENT)
        yield Line("up", {}, lambda at: 1.0, recorded=True)
        yield Line("scrape_duration_seconds", {}, lambda at: 0.02 + 0.004 * math.sin(at / 300), RECENT, recorded=True)
        yield Line("scrape_samples_scraped", {}, lambda at: float(target), RECENT, recorded=True)


def _told(metric: Metric, labels: dict[str, str], at: ValueAt, reach: float = SHORT) -> Line:
    return Line(metric.name, {key: str(value) for key, value in labels.items()}, at, reach)


def _count(story: Story, down: Spans, outcome: Outcome) -> ValueAt:
    def failed(at: float) -> float:
        return math.floor(down.until(at) / INTERVAL)

    def unseen(at: float) -> float:
        return math.floor(story.silences.until(at) / INTERVAL)

    if outcome is Outcome.FAILURE:
        return failed
    if outcome is Outcome.UNOBSERVED:
        return unseen
    return lambda at: math.floor((at - story.since - down.until(at) - story.silences.until(at)) / INTERVAL)


def _wobble(usual: float, number: int, phase: str) -> ValueAt:
    turn = 3000 + 500 * number + 37 * len(phase)
    return lambda at: round(usual * (1.15 + 0.3 * math.sin(at / turn) + 0.1 * math.sin(at / 211)), 5)


def _nights(now: float) -> Spans:
    """00:00 to 03:00, or 12:00 to 15:00 where it is night: what is told must not depend on when it is told."""
    local = datetime.fromtimestamp(now, ZONE)
    first = 12 if local.hour < 6 or local.hour >= 21 else 0
    found = []
    for offset in range(-130, 400):
        day = local.date() + timedelta(days=offset)
        start, end = (datetime(day.year, day.month, day.day, hour, tzinfo=ZONE) for hour in (first, first + 3))
        found.append((start.timestamp(), end.timestamp()))
    return Spans(found)


def _cases(now: float, services: Sequence[str]) -> list[Case]:
    never = math.inf

    def case(number: int, level: str, customer_class: str, ago: float, closed: float | None, *targets) -> Case:  # type: ignore[no-untyped-def]
        service = services[number % len(services)]
        reported = now - ago * DAY
        due = tuple(
            (clock, reported + days * DAY, never if met is None else reported + met * DAY)
            for clock, days, met in targets
        )
        ended = never if closed is None else reported + closed * DAY
        return Case(f"{service}-case-{number}", service, level, customer_class, reported, ended, due)

    return [
        case(1, "A", "partner", 40, 2, ("reaction", 1, 0.2), ("workaround", 4, 2)),
        case(2, "B", "partner", 33, 16, ("reaction", 2, 3), ("workaround", 14, 16)),
        case(3, "A", "partner", 21, 3, ("reaction", 1, 0.1), ("workaround", 4, 3)),
        case(4, "C", "user", 15, None),
        case(5, "B", "partner", 11, None, ("reaction", 2, 2.5), ("workaround", 14, None)),
        case(6, "B", "user", 6, None, ("workaround", 14, None)),
        case(8, "A", "partner", 5, None, ("reaction", 1, 0.4), ("workaround", 4, None)),
        case(9, "A", "partner", 0.2, None, ("reaction", 0.9, None), ("workaround", 4.2, None)),
    ]


def braced(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""
