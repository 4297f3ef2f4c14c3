"""The history as OpenMetrics says of each instant what the account says of it, and what the live exporter would have said."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from random_books import random_ledger
from sesam_slo.collector.past import FAMILIES, UP, History
from sesam_slo.collector.samples import Grid
from sesam_slo.core import names
from sesam_slo.core.account import Account, account
from sesam_slo.core.book import Book
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Event, Membership, Recorded, Run, Silence
from sesam_slo.core.intervals import Interval, clip, contains, subtract, total, union
from sesam_slo.core.log_state import LogState
from sesam_slo.core.model import Config, DowntimeClass, Endpoint, Kind, Policy, Request, Service
from sesam_slo.core.names import Metric
from sesam_slo.core.service import begin
from sesam_slo.core.windows import spans
from sesam_slo.public_holidays import is_holiday

TARGET = (("job", "sesam-slo"), ("instance", "backfill"))
STATE = LogState(BusinessCalendars(is_holiday))
MOMENT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
METRICS = {metric.name: metric for metric in FAMILIES}
HOURLY = (names.HOURLY_SEEN, names.HOURLY_DOWNTIME_SECONDS)
HOUR = timedelta(hours=1)
COUNTERS = {
    names.FAILING_SECONDS: "failing",
    names.AGREED_SECONDS: "agreed",
    names.UNOBSERVED_SECONDS: "unobserved",
}

Key = tuple[str, tuple[str, ...]]  # metric, values of its labels


@dataclass(frozen=True)
class Written:
    """What was written, read by prometheus-client: by instant and series."""

    samples: dict[datetime, dict[Key, float]]

    @classmethod
    def of(cls, history: History, grid: Grid, metrics: tuple[Metric, ...] = tuple(FAMILIES)) -> Written:
        text = "".join(history.text(grid, metrics))
        samples: dict[datetime, dict[Key, float]] = defaultdict(dict)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                metric = METRICS[sample.name]
                labels = dict(sample.labels)
                assert (labels.pop("job"), labels.pop("instance")) == ("sesam-slo", "backfill")
                assert set(labels) == set(metric.labels)
                at = datetime.fromtimestamp(float(sample.timestamp), UTC)
                key = (sample.name, tuple(labels[each] for each in metric.labels))
                assert key not in samples[at]
                samples[at][key] = sample.value
        return cls(dict(samples))


def history_of(rng: random.Random) -> History:
    recorded, config = random_ledger(rng)
    return History(Book.of(recorded, config), recorded.memberships, config, TARGET, STATE.due)


def grid_of(history: History, rng: random.Random) -> Grid:
    """A stretch that is worth looking at: there the results are, at the end; sometimes the account's begin."""
    spans_of_all = [span for name in history.book.services for span in history.book.spans(name)]
    begin, end = min(each.start for each in spans_of_all), max(each.end for each in spans_of_all)
    step = SECOND * rng.choice([7, 30, 60])
    if rng.randrange(3):
        return Grid(max(begin, end - rng.choice([100, 300]) * step) - MOMENT * 1000, end + MOMENT, step)
    return Grid(begin - SECOND, min(end + MOMENT, begin + 200 * step), step)


# -- what is expected, by the account alone ----------------------------------------------------------------------------


def within(book: Book, name: str, at: datetime) -> Interval | None:
    """The span of the account that the instant lies in; a timestamp in milliseconds may lie a little before its begin."""
    return next((span for span in book.spans(name) if span.start - MOMENT * 1000 < at <= span.end), None)


def expected(history: History, name: str, at: datetime) -> dict[Key, float]:
    """All samples of a service at one instant but those of its endpoints, its log and its maintenance."""
    book = history.book
    inside = within(book, name, at)
    if inside is None:
        return {}
    found: dict[Key, float] = {(names.SERVICE_INFO.name, (name,)): 1.0}
    found[names.OBJECTIVE_RATIO.name, (name,)] = book.policies.at(at).objective_ratio
    found |= counters(book, name, at)
    found |= active(book, name, at)
    if inside.start < at:
        zone = book.policies.at(at).timezone
        for window, span in spans(at, zone, inside.start).items():
            of_window = account(book.facts(name), span.elapsed, book.maintenance, span.whole)
            found |= window_gauges(name, window, of_window)
    return found


def counters(book: Book, name: str, at: datetime) -> dict[Key, float]:
    facts, maintenance = book.facts(name), book.maintenance
    passed = [Interval(span.start, min(span.end, at)) for span in book.spans(name) if span.start < at]
    parts = [account(facts, span, maintenance) for span in passed]
    found = {
        (metric.name, (name,)): sum(getattr(each, field).total_seconds() for each in parts)
        for metric, field in COUNTERS.items()
    }
    seen = union(*(subtract(each.runs.pieces, each.silences.pieces) for each in facts.endpoints.values()))
    found[names.FAILING_SECONDS.name, (name,)] = sum(
        total(subtract(clip(seen, span), maintenance.intervals(name, span))).total_seconds() for span in passed
    )
    for kind in DowntimeClass:
        seconds = sum(getattr(each, kind.value).total_seconds() for each in parts)
        found[names.DOWNTIME_SECONDS.name, (name, kind.value)] = seconds
    return found


def active(book: Book, name: str, at: datetime) -> dict[Key, float]:
    down = agreed = overrun = False
    for each in book.facts(name).downtimes:
        if not each.start <= at or (each.end is not None and at >= each.end):
            continue
        down = True
        if not each.cause.excludes:
            began_inside = book.maintenance.intervals(name, Interval(each.start, each.start + MOMENT))
            inside = book.maintenance.intervals(name, Interval(at, at + MOMENT))
            agreed, overrun = agreed or not began_inside, overrun or bool(began_inside and not inside)
    return {
        (names.DOWNTIME_ACTIVE.name, (name,)): float(down),
        (names.UNPLANNED_DOWNTIME_ACTIVE.name, (name, "agreed")): float(agreed),
        (names.UNPLANNED_DOWNTIME_ACTIVE.name, (name, "maintenance")): float(overrun),
    }


def window_gauges(name: str, window: str, of_window: Account) -> Iterator[tuple[Key, float]] | dict[Key, float]:
    found: dict[Key, float | None] = {
        (names.AVAILABILITY_RATIO.name, (name, window)): of_window.availability,
        (names.AVAILABILITY_BOUND_RATIO.name, (name, window, "unobserved_as_up")): of_window.unobserved_as_up,
        (names.AVAILABILITY_BOUND_RATIO.name, (name, window, "unobserved_as_down")): of_window.unobserved_as_down,
        (names.ERROR_BUDGET_SECONDS.name, (name, window)): of_window.error_budget_seconds,
        (names.ERROR_BUDGET_REMAINING_SECONDS.name, (name, window)): of_window.error_budget_remaining_seconds,
    }
    for kind in DowntimeClass:
        key = (names.WINDOW_DOWNTIME_SECONDS.name, (name, window, kind.value))
        found[key] = getattr(of_window, kind.value).total_seconds()
    return {key: value for key, value in found.items() if value is not None}


ELSEWHERE = {
    metric.name
    for metric in (
        UP,
        names.ENDPOINT_INFO,
        names.PROBE_SUCCESS,
        names.ENDPOINT_FAILING_SINCE,
        names.MAINTENANCE_ACTIVE,
        names.MAINTENANCE_SHORT_NOTICE,
        names.LOG_ENTRY_INFO,
        names.LOG_ENTRY_START,
        names.LOG_ENTRY_DURATION,
        *HOURLY,
    )
}


def assert_the_account_says_so(history: History, grid: Grid, written: Written, at: datetime) -> None:
    on_grid = int(at.timestamp() * 1_000_000) % (grid.step // MOMENT) == 0
    for name in history.book.services:
        got = {
            key: value
            for key, value in written.samples[at].items()
            if key[1][:1] == (name,) and key[0] not in ELSEWHERE
        }
        if got or on_grid:  # beside the grid stand only the begins and ends of an account
            assert got == pytest.approx(expected(history, name, at), rel=1e-12, abs=1e-9), at


@pytest.mark.parametrize("seed", range(40))
def test_every_figure_is_the_accounts(seed: int) -> None:
    rng = random.Random(seed)
    history = history_of(rng)
    grid = grid_of(history, rng)
    written = Written.of(history, grid)
    for at in rng.sample(sorted(written.samples), min(12, len(written.samples))):
        assert_the_account_says_so(history, grid, written, at)


@pytest.mark.parametrize("seed", range(40))
def test_endpoints_maintenance_and_log_are_what_the_ledger_holds(seed: int) -> None:
    rng = random.Random(seed)
    history = history_of(rng)
    book = history.book
    metrics = tuple(metric for metric in FAMILIES if metric.name in ELSEWHERE and metric not in HOURLY)
    grid = grid_of(history, rng)
    written = Written.of(history, grid, metrics)
    on_grid = [at for at in written.samples if int(at.timestamp() * 1_000_000) % (grid.step // MOMENT) == 0]
    for at in rng.sample(sorted(on_grid), min(12, len(on_grid))):
        got, want = written.samples[at], {(UP.name, ()): 1.0}
        for name in book.services:
            inside = within(book, name, at)
            if inside is None:
                continue
            moment, facts = Interval(at, at + MOMENT), book.facts(name)
            for window in book.windows(name, moment):
                want[names.MAINTENANCE_ACTIVE.name, (name, window.name, window.source.value)] = 1.0
            for short in book.maintenance.short_notice(name, at):
                want[names.MAINTENANCE_SHORT_NOTICE.name, (name, short.name)] = 1.0
            for endpoint in next(each for each in history.config.services if each.name == name).endpoints:
                labels = (name, endpoint.name, endpoint.kind.value)
                if not inside.start <= at < inside.end:
                    continue
                want[names.ENDPOINT_INFO.name, labels] = 1.0
                failing = [run for run in facts.endpoints[endpoint.name].runs.pieces if run.start <= at < run.end]
                if failing:
                    since = max(failing[0].start, inside.start)
                    want[names.ENDPOINT_FAILING_SINCE.name, labels] = since.timestamp()
                if not contains(facts.endpoints[endpoint.name].silences.pieces, at):
                    want[names.PROBE_SUCCESS.name, (*labels, "local")] = float(not failing)
            for entry in book.entries(name):
                if entry.withdrawn or at < entry.start or (entry.end and at >= entry.end + timedelta(days=90)):
                    continue
                end = entry.end or book.horizon(name)
                if entry.end is None and at == end:
                    continue  # the last instant of all
                state = "ongoing" if at < end else STATE(entry, at, history.config.policy)
                info = (name, entry.id, entry.cause.value, ",".join(entry.endpoints), state)
                want[names.LOG_ENTRY_INFO.name, info] = 1.0
                want[names.LOG_ENTRY_START.name, (name, entry.id)] = entry.start.timestamp()
                want[names.LOG_ENTRY_DURATION.name, (name, entry.id)] = (min(at, end) - entry.start).total_seconds()
        got = {key: value for key, value in got.items() if key[0] != names.LOG_ENTRY_DURATION.name or key in want}
        assert got == pytest.approx(want, rel=1e-12), at


SCRAPES = timedelta(seconds=30)


def recorded(written: Written, history: History, name: str, at: datetime) -> dict[Key, float]:
    """What the rules of `generate.history` would have made of the hour's scrapes, one every half minute."""
    instants = [at - number * SCRAPES for number in range(HOUR // SCRAPES)]
    scrapes = [
        {key: value for key, value in written.samples.get(each, {}).items() if key[1][:1] == (name,)}
        for each in instants
    ]
    members = {key[1] for scrape in scrapes for key in scrape if key[0] == names.ENDPOINT_INFO.name}
    results = [sum(key[0] == names.PROBE_SUCCESS.name for key in scrape) for scrape in scrapes]
    found = {}
    if sum(results):
        found[names.HOURLY_SEEN.name, (name,)] = min(sum(results) / (len(members) * len(scrapes)), 1.0)
    for scrape in scrapes:
        of_class = {key[1][1]: value for key, value in scrape.items() if key[0] == names.DOWNTIME_SECONDS.name}
        if of_class:
            found[names.HOURLY_DOWNTIME_SECONDS.name, (name,)] = of_class["unplanned"] + of_class["excluded"]
            break
    return found


@pytest.mark.parametrize("seed", range(30))
def test_what_is_kept_of_each_hour_is_what_the_rules_make_of_the_series(seed: int) -> None:
    """Hours without a hole alone: what is called blind is in the case by hand below."""
    rng = random.Random(seed)
    history = history_of(rng)
    timings = replace(history.config.policy.alerts, blind_after=timedelta(days=400))
    history = replace(history, config=replace(history.config, policy=replace(history.config.policy, alerts=timings)))
    ends = max(history.book.horizon(name) for name in history.book.services)
    grid = Grid(ends - timedelta(hours=7), ends + MOMENT, SCRAPES)
    scraped = (names.ENDPOINT_INFO, names.PROBE_SUCCESS, names.DOWNTIME_SECONDS)
    told, kept = Written.of(history, grid, scraped), Written.of(history, replace(grid, step=7 * SECOND), HOURLY)
    whole = ends - timedelta(minutes=ends.minute, seconds=ends.second, microseconds=ends.microsecond)
    hours = [whole - number * HOUR for number in range(6)]
    assert set(kept.samples) <= {*hours, whole - 6 * HOUR}
    for at in hours:
        for name in history.book.services:
            if within(history.book, name, at) is None:
                assert all(key[1] != (name,) for key in kept.samples.get(at, {}))
                continue
            got = {key: value for key, value in kept.samples.get(at, {}).items() if key[1] == (name,)}
            want = recorded(told, history, name, at)
            seen = names.HOURLY_SEEN.name, (name,)
            # A scrape sees an instant of each half minute: what lasted shorter may be missed.
            assert got.pop(seen, 0.0) == pytest.approx(want.pop(seen, 0.0), abs=0.05), at
            assert got == pytest.approx(want, rel=1e-12), at


def test_the_hours_by_hand() -> None:
    """Two endpoints from 08:15 on: one is silent for half an hour, then both for 3 minutes, then both for 10."""
    since, until = (datetime(2025, 6, 10, hour, minute, tzinfo=UTC) for hour, minute in ((8, 15), (13, 30)))

    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2025, 6, 10, hour, minute, tzinfo=UTC)

    unseen = [("ui", at(9, 10), at(9, 40)), *((each, at(10, 20), at(10, 23)) for each in ("api", "ui"))]
    unseen += [(each, at(11, 55), at(12, 5)) for each in ("api", "ui")]
    endpoints = tuple(
        Endpoint(name, Kind(name), Request("http://127.0.0.1:9/"), 30 * SECOND, 10 * SECOND) for name in ("api", "ui")
    )
    kept = Recorded(
        memberships=tuple(Membership("svc", name, since) for name in ("", "api", "ui")),
        runs=(Run("svc", "api", at(9, 50), at(10, 10), 600 * SECOND, "timeout"),),
        silences=tuple(Silence("svc", *each) for each in unseen),
        events=(Event("svc-1", "svc", at(9, 50), at(10, 10), at(10), ("api",), ("timeout",)),),
        checkpoints={"svc": checkpoint(begin("svc", ("api", "ui"), until), until)},
    )
    config = Config(Policy(), (Service("svc", endpoints),))
    history = History(Book.of(kept, config), kept.memberships, config, TARGET, STATE.due)
    written = Written.of(history, Grid(since, until, 60 * SECOND), HOURLY)
    seen, down = ((metric.name, ("svc",)) for metric in HOURLY)
    assert {each.hour: written.samples[each].get(seen) for each in written.samples} == pytest.approx(
        {9: 0.75, 10: 0.75, 11: 0.95, 12: None, 13: None}
    )
    assert {each.hour: written.samples[each][down] for each in written.samples} == {
        9: 0,
        10: 600,
        11: 1200,
        12: 1200,
        13: 1200,
    }


def test_what_is_drawn_has_downtime_of_every_class_and_changes_of_policy() -> None:
    """Else the properties above say little."""
    seen: dict[str, int] = defaultdict(int)
    for seed in range(60):
        history = history_of(random.Random(seed))
        for name in history.book.services:
            for span in history.book.spans(name):
                found = account(history.book.facts(name), span, history.book.maintenance)
                for kind in (*DowntimeClass, "unobserved", "bridged"):
                    seen[str(kind)] += bool(getattr(found, str(kind)))
            seen["policies"] += len(history.book.policies.entries) > 1
            seen["breaks"] += len(history.book.spans(name)) > 1
    assert len(seen) == 7
    assert min(seen.values()) > 3, dict(seen)
