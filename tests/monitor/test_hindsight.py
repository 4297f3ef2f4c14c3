"""What is told or loaded later: gauges follow at once, time counters say what was seen as it happened and never fall."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bench import DOWN, OK, SECOND, START, Bench, config, endpoint, policy

from sesam_slo.collector import ServiceMetrics
from sesam_slo.collector.families import Families
from sesam_slo.core.entry import Log
from sesam_slo.core.history import Correction
from sesam_slo.core.model import AnnouncedWindow, Origin, Service

LONG_AGO = START - timedelta(hours=72)


class Scraper:
    """The services' metrics of one process, from scrape to scrape."""

    def __init__(self, bench: Bench) -> None:
        self._metrics = ServiceMetrics(bench.published.view, lambda *_: "ended")

    def value(self, name: str, **labels: str) -> float:
        families = Families()
        self._metrics.export(families)
        (found,) = (
            float(line.rpartition(" ")[2])
            for line in "".join(families.render(openmetrics=False)).splitlines()
            if line.startswith(f"sesam_slo_{name}{{")
            and all(f'{key}="{value}"' in line for key, value in labels.items())
        )
        return found


def at(seconds: float) -> Any:
    return START + seconds * SECOND


def tell(bench: Bench, log: Log, *windows: AnnouncedWindow) -> None:
    """As the exporter does with what people wrote into the ledger."""
    bench.published.follow(log, windows)
    bench.monitor.follow(bench.published.excuses(), windows, bench.published.cases)


def back_dated(start: float, recorded: float) -> AnnouncedWindow:
    return AnnouncedWindow(
        "upgrade", at(start), at(start + 3600), LONG_AGO, recorded_at=at(recorded), origin=Origin.COMMAND
    )


@pytest.mark.contract("notice")
def test_a_window_that_is_recorded_after_it_began_lowers_no_counter_and_counts_in_every_gauge() -> None:
    bench = Bench(config())
    scraper = Scraper(bench)
    bench.run(20.4)
    shown = scraper.value("agreed_seconds_total")
    tell(bench, Log(), back_dated(start=15, recorded=20.4))
    assert scraper.value("agreed_seconds_total") == shown
    bench.run(10)
    assert scraper.value("agreed_seconds_total") == pytest.approx(20.4, abs=0.01)  # what passed before it was known
    objective = 0.995
    assert scraper.value("error_budget_seconds", window="24h") == pytest.approx(15 * (1 - objective), abs=1e-3)


def test_a_window_that_is_recorded_by_a_clock_behind_ours_lowers_no_counter() -> None:
    bench = Bench(config())
    scraper = Scraper(bench)
    bench.run(20.4)
    shown = scraper.value("agreed_seconds_total")
    tell(bench, Log(), back_dated(start=2, recorded=2))
    assert scraper.value("agreed_seconds_total") == shown


@pytest.mark.contract("excluded")
def test_an_excuse_counts_from_when_it_was_given_and_lowers_no_counter() -> None:
    bench = Bench(config())
    scraper = Scraper(bench)
    bench.run(5)
    bench.prober.answer = lambda key: DOWN
    bench.run(20.3)
    (event,) = bench.log()
    bench.published._now = lambda: at(26.8)  # a scrape, a while after the loop's last turn
    shown = scraper.value("downtime_seconds_total", **{"class": "unplanned"})
    said = Correction(event.id, at(26.8), "kari", "", {"cause": "customer"})
    tell(bench, Log.of((event,), (), (said,)))
    assert scraper.value("downtime_seconds_total", **{"class": "unplanned"}) == shown
    assert scraper.value("downtime_seconds_total", **{"class": "excluded"}) == 0
    assert scraper.value("window_downtime_seconds", window="24h", **{"class": "unplanned"}) == 0

    bench.published._now = bench.clock.now
    bench.run(10)
    taken_back = Correction(event.id, bench.clock.now(), "kari", "", {"cause": "sesam"})
    excluded = scraper.value("downtime_seconds_total", **{"class": "excluded"})
    assert excluded == pytest.approx((bench.service().horizon - at(26.8)) / SECOND, abs=0.01)
    tell(bench, Log.of((event,), (), (said, taken_back)))
    bench.run(5)
    assert scraper.value("downtime_seconds_total", **{"class": "excluded"}) == excluded
    assert scraper.value("downtime_seconds_total", **{"class": "unplanned"}) == pytest.approx(shown + 5, abs=0.01)


@pytest.mark.contract("excluded")
def test_an_excuse_holds_while_an_endpoint_is_taken_out() -> None:
    both = config(Service("svc", (endpoint("api"), endpoint("ui"))))
    bench = Bench(both)
    bench.prober.answer = lambda key: DOWN
    bench.run(20)
    (event,) = bench.log()
    excused_at = bench.clock.now()
    tell(bench, Log.of((event,), (), (Correction(event.id, excused_at, "kari", "", {"cause": "customer"}),)))
    bench.run(1)
    unplanned = bench.now().counters.unplanned
    bench.monitor.reload(config(Service("svc", (endpoint("api"),))))
    bench.run(5)
    counters = bench.now().counters
    assert counters.unplanned == unplanned == excused_at - event.start
    assert counters.excluded == bench.service().horizon - excused_at


def test_a_budget_is_each_seconds_share_by_the_objective_then_in_force() -> None:
    bench = Bench(config(policy=policy(objective_ratio=0.9)))
    scraper = Scraper(bench)
    bench.run(100)
    before = (bench.clock.now() - START) / SECOND * 0.1
    assert scraper.value("error_budget_seconds", window="24h") == pytest.approx(before, abs=1e-6)
    bench.monitor.reload(config(policy=policy(objective_ratio=0.995)))
    bench.monitor.turn()
    loaded = bench.clock.now()
    assert scraper.value("error_budget_seconds", window="24h") == pytest.approx(before, abs=1e-6)
    for _ in range(3):  # from scrape to scrape
        bench.run(10)
        passed = (bench.service().horizon - loaded) / SECOND
        budget = scraper.value("error_budget_seconds", window="24h")
        assert budget == pytest.approx(before + passed * 0.005, abs=1e-6)
    assert scraper.value("error_budget_remaining_seconds", window="30d") == pytest.approx(budget, abs=1e-9)


def test_a_result_holds_by_the_interval_that_was_in_force_when_its_probe_started() -> None:
    bench = Bench(config())
    bench.run(5)
    bench.prober.answer = lambda key: None
    bench.run(1)
    under_way = bench.service().horizon
    slow = Service("svc", (endpoint("api", interval=20 * SECOND),))
    bench.monitor.reload(config(slow))
    bench.monitor.turn()
    bench.prober.answer = lambda key: OK
    bench.run(3)
    state = bench.now().endpoints["api"]
    assert (state.last_at, state.held_until) == (under_way, under_way + 2 * SECOND)


def test_nothing_is_known_of_the_time_after_a_configuration_that_is_not_published_yet() -> None:
    bench = Bench(config())
    bench.run(10)
    bench.durable = False
    loaded = bench.clock.now()
    bench.monitor.reload(config(policy=policy(objective_ratio=0.9)))
    bench.monitor.turn()
    bench.prober.answer = lambda key: OK
    bench.time.elapsed += 100
    assert bench.service().horizon <= loaded
