"""What is exposed: every family, from the first scrape, in both formats, silent under promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from bench import DOWN, NOT_SEEN, SECOND, START, Bench, config, endpoint, policy
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from sesam_slo.collector import CaseMetrics, ExporterMetrics, Exposition, ReloadState, ServiceMetrics
from sesam_slo.core import names
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.history import CaseChange, Recorded
from sesam_slo.core.log_state import LogState
from sesam_slo.core.model import AnnouncedWindow, Outcome, Reason, Service
from sesam_slo.ledger import WriterStats
from sesam_slo.public_holidays import is_holiday

SERVICE = Service("svc", (endpoint("api"), endpoint("ui")), labels=(("customer", 'Åse "& <Sons>\\\n'),))

# when Oslo's clocks are changed, by the calendar: 01:00 UTC on the last Sunday of March and of October
SUMMERS = [
    datetime(2025, 3, 30, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2027, 3, 28, 1, tzinfo=UTC),
]
WINTERS = [
    datetime(2024, 10, 27, 1, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
]


def exposed(bench: Bench, accept: str = "") -> str:
    view = bench.published.view()
    assert view is not None
    bench.tally.configure(view.config)
    exporter = ExporterMetrics(
        ReloadState(successful=True, loaded_at=1.0),
        ledger=lambda: WriterStats(0, 0, 0, datetime(2026, 1, 1, tzinfo=UTC), failing=False),
        in_flight=lambda: 0,
        stepped_back_seconds=lambda: 0.0,
        libcurl="8",
    )
    calendars = BusinessCalendars(is_holiday)
    services, cases = (
        ServiceMetrics(bench.published.view, LogState(calendars)),
        CaseMetrics(bench.published.view, calendars),
    )
    body, content_type = Exposition((services.export, cases.export, bench.tally.export, exporter.export))(accept)
    assert content_type.startswith("application/openmetrics-text" if accept else "text/plain")
    return body.decode()


def samples(bench: Bench) -> dict[tuple[str, frozenset], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposed(bench))
        for sample in family.samples
    }


def of(bench: Bench, metric: names.Metric, **labels: str) -> list[float]:
    return [
        value
        for (name, found), value in samples(bench).items()
        if name == metric.name and frozenset(labels.items()) <= found
    ]


def down_bench() -> Bench:
    short = AnnouncedWindow("late notice", START + timedelta(hours=1), START + timedelta(hours=2), START)
    bench = Bench(config(SERVICE, policy=policy(announced=(short,))))
    bench.run(5)
    bench.prober.answer = lambda key: DOWN if key[1] == "api" else (Outcome.SUCCESS, None, 200)
    bench.run(15)
    return bench


def test_every_metric_of_the_product_is_exposed_with_its_labels_and_no_other_is() -> None:
    window = AnnouncedWindow("open", START + 10 * SECOND, START + timedelta(hours=1), START - timedelta(days=9))
    past = AnnouncedWindow("past", START - timedelta(hours=5), START - timedelta(hours=4), START - timedelta(days=9))
    short = AnnouncedWindow("short", START + timedelta(hours=2), START + timedelta(hours=3), START)
    report = {"service": "svc", "reported_at": "2026-06-10T08:00:00Z", "customer_class": "partner", "level": "A"}
    cases = (
        CaseChange("ours", START, "kari", "", report),
        CaseChange("environments", START, "kari", "", {**report, "cause": "operating_environment"}),
    )
    bench = Bench(config(SERVICE, policy=policy(announced=(window, past, short))), Recorded(cases=cases))
    bench.prober.answer = lambda key: DOWN
    bench.run(15)
    family_labels: dict[str, set[frozenset]] = {}
    for family in text_string_to_metric_families(exposed(bench)):
        for sample in family.samples:
            name = re.sub("_(bucket|count|sum)$", "", sample.name) if family.type == "histogram" else sample.name
            family_labels.setdefault(name, set()).add(frozenset(sample.labels) - {"le"})
    missing = names.METRICS.keys() - family_labels.keys()
    assert missing <= {
        names.PROBE_HTTP_STATUS_CODE.name,  # no probe of this bench got an answer
        names.PROBE_TLS_NOT_AFTER.name,
        names.MAINTENANCE_NEXT_START.name,  # the next window is not a counting one
        *(name for name in names.METRICS if name.startswith("sesam_slo_case_")),  # there is no support case
    }
    ours = {name: found for name, found in family_labels.items() if not name.startswith("process_")}
    assert ours.keys() <= names.METRICS.keys()
    for name, found in ours.items():
        expected = set(names.METRICS[name].labels) | ({"customer"} if name == names.SERVICE_INFO.name else set())
        assert found == {frozenset(expected)}, name


def test_promtool_finds_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is not on the PATH; `make test` brings it")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=exposed(down_bench()), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_openmetrics_parses_and_says_the_same() -> None:
    bench = down_bench()
    text = exposed(bench, "application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in openmetrics(text)}
    assert families["sesam_slo_failing_seconds"].type == "counter"
    (active,) = families["sesam_slo_downtime_active"].samples
    assert active.value == 1


def test_every_label_set_of_a_counter_is_there_at_zero_before_the_first_probe() -> None:
    bench = Bench(config(SERVICE))
    assert of(bench, names.PROBES, service="svc") == [0.0] * 2 * len(Outcome)
    assert of(bench, names.PROBE_FAILURES, service="svc") == [0.0] * len(Reason)
    assert of(bench, names.DOWNTIME_SECONDS, service="svc") == [0.0] * 3
    for metric in (names.FAILING_SECONDS, names.AGREED_SECONDS, names.UNOBSERVED_SECONDS):
        assert of(bench, metric, service="svc") == [0.0]


def test_labels_that_people_gave_survive_any_character() -> None:
    bench = Bench(config(SERVICE))
    assert of(bench, names.SERVICE_INFO, customer='Åse "& <Sons>\\\n') == [1.0]


@pytest.mark.contract("monitored")
def test_success_is_absent_while_unobserved_and_failing_since_absent_while_responding() -> None:
    bench = Bench(config(SERVICE))
    bench.run(3)
    assert of(bench, names.PROBE_SUCCESS) == [1.0, 1.0]
    assert of(bench, names.ENDPOINT_FAILING_SINCE) == []
    bench.prober.answer = lambda key: NOT_SEEN if key[1] == "ui" else DOWN
    bench.run(3)
    assert of(bench, names.PROBE_SUCCESS, endpoint="ui") == []
    assert of(bench, names.PROBE_SUCCESS, endpoint="api") == [0.0]
    (since,) = of(bench, names.ENDPOINT_FAILING_SINCE, endpoint="api")
    assert since == pytest.approx(START.timestamp() + 3.5, abs=0.6)


def test_an_ongoing_downtime_shows_everywhere_at_once() -> None:
    bench = down_bench()
    assert of(bench, names.DOWNTIME_ACTIVE) == [1.0]
    assert of(bench, names.UNPLANNED_DOWNTIME_ACTIVE, began="agreed") == [1.0]
    assert of(bench, names.UNPLANNED_DOWNTIME_ACTIVE, began="maintenance") == [0.0]
    (event,) = bench.log()
    assert of(bench, names.LOG_ENTRY_INFO, id=event.id, state="ongoing", cause="unknown", endpoints="api") == [1.0]
    assert of(bench, names.LOG_ENTRY_START, id=event.id) == [event.start.timestamp()]
    (duration,) = of(bench, names.LOG_ENTRY_DURATION, id=event.id)
    assert of(bench, names.DOWNTIME_SECONDS, **{"class": "unplanned"}) == [pytest.approx(duration)]
    assert of(bench, names.WINDOW_DOWNTIME_SECONDS, window="24h", **{"class": "unplanned"}) == [pytest.approx(duration)]
    assert of(bench, names.MAINTENANCE_SHORT_NOTICE, name="late notice") == [1.0]


@pytest.mark.contract("availability")
def test_availability_has_no_sample_where_nothing_was_observed() -> None:
    bench = Bench(config(SERVICE))
    bench.prober.answer = lambda key: NOT_SEEN
    bench.run(5)
    assert of(bench, names.AVAILABILITY_RATIO) == []
    assert of(bench, names.AVAILABILITY_BOUND_RATIO, window="24h", bound="unobserved_as_up") == [1.0]
    assert of(bench, names.AVAILABILITY_BOUND_RATIO, window="24h", bound="unobserved_as_down") == [0.0]


@pytest.mark.contract("availability")
def test_the_budget_of_a_month_is_that_of_its_coming_days_too() -> None:
    bench = Bench(config(SERVICE))
    bench.run(5)
    (budget,) = of(bench, names.ERROR_BUDGET_SECONDS, window="month")
    days_left = datetime(2026, 6, 30, 22, tzinfo=UTC) - START
    assert budget == pytest.approx(days_left.total_seconds() * 0.005, rel=1e-6)


@pytest.mark.contract("nightly-maintenance")
def test_maintenance_shows_the_open_window_and_the_next_and_last_instants() -> None:
    windows = [
        AnnouncedWindow(name, START + start * SECOND, START + end * SECOND, START - timedelta(days=9))
        for name, start, end in (("past", -60, -30), ("open", -5, 100), ("touching", 100, 130), ("next", 500, 600))
    ]
    bench = Bench(config(SERVICE, policy=policy(announced=tuple(windows))))
    bench.run(2)
    at = START.timestamp()
    assert of(bench, names.MAINTENANCE_ACTIVE, service="svc") == [1.0]
    assert of(bench, names.MAINTENANCE_ACTIVE, name="open", source="announced") == [1.0]
    assert of(bench, names.MAINTENANCE_LAST_END) == [at - 30]
    assert of(bench, names.MAINTENANCE_NEXT_END) == [at + 130]  # windows that touch are one
    assert of(bench, names.MAINTENANCE_NEXT_START) == [at + 500]


def test_local_time_is_told_as_the_offset_in_force_and_the_one_before_it() -> None:
    bench = Bench(config(SERVICE, policy=policy(timezone=ZoneInfo("Europe/Oslo"))))
    told = {
        (metric, abbreviation): of(bench, metric, timezone="Europe/Oslo", abbreviation=abbreviation)
        for metric in (names.TIMEZONE_OFFSET, names.TIMEZONE_OFFSET_FROM)
        for abbreviation in ("CET", "CEST")
    }
    summer, winter = (max(change for change in changes if change <= START) for changes in (SUMMERS, WINTERS))
    assert told == {
        (names.TIMEZONE_OFFSET, "CET"): [3600.0],
        (names.TIMEZONE_OFFSET, "CEST"): [7200.0],
        (names.TIMEZONE_OFFSET_FROM, "CET"): [winter.timestamp()],
        (names.TIMEZONE_OFFSET_FROM, "CEST"): [summer.timestamp()],
    }


def test_a_zone_that_never_changes_its_clocks_has_one_offset_without_a_beginning() -> None:
    bench = Bench(config(SERVICE, policy=policy(timezone=ZoneInfo("Etc/GMT-1"))))
    assert of(bench, names.TIMEZONE_OFFSET) == [3600.0]
    assert of(bench, names.TIMEZONE_OFFSET_FROM) == [0.0]
