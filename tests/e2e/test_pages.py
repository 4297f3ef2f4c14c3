"""What reaches the person on call, counted where it arrives: outages short and long, beside maintenance and across it.

One stack, one installation for each scenario, played once; the tests then judge what came.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from exporter_view import LogEntry, Scrape
from sesam_simulator import Fault
from stack import Stack, Window
from waiting import until_instant
from webhook_receiver import PAGE, TICKET, WATCHDOG

from sesam_slo.core import names
from sesam_slo.core.names import Alert

JUST_UNDER, OVER = "just-under", "over"
INSIDE, BEFORE, OVERRUN = "inside-maintenance", "before-maintenance", "overruns-maintenance"
UNTOUCHED = "untouched"
SCENARIOS = (JUST_UNDER, OVER, INSIDE, BEFORE, OVERRUN, UNTOUCHED)

OSLO = ZoneInfo("Europe/Oslo")
PROBE_INTERVAL = timedelta(seconds=1)
PROBE = timedelta(seconds=0.9)  # from when a probe starts to when SESAM has its request, on a busy machine
NO_TIME = timedelta()
PAGED_ONCE_AND_RESOLVED_ONCE = [(Alert.DOWNTIME, "firing"), (Alert.DOWNTIME, "resolved")]
OVERRUN_PAGED_ONCE_AND_RESOLVED_ONCE = [
    (Alert.MAINTENANCE_OVERRUN, "firing"),
    (Alert.MAINTENANCE_OVERRUN, "resolved"),
]


@dataclass(frozen=True, slots=True)
class Played:
    stack: Stack
    window: Window
    scrape: Scrape  # of the settled exporter

    def truth(self, service: str) -> tuple[datetime, datetime]:
        """From when to when SESAM failed, by its own account of the requests."""
        simulator = self.stack.simulator
        return simulator.first_failure(service), simulator.first_success_after(service)

    def entry(self, service: str) -> LogEntry:
        (entry,) = self.scrape.log(service)
        return entry

    def downtime(self, service: str, which: str) -> timedelta:
        seconds = self.scrape.value(names.DOWNTIME_SECONDS, service=service, **{"class": which})
        assert seconds is not None
        return timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def played(running):
    with running(SCENARIOS) as stack:
        yield play(stack)


def play(stack: Stack) -> Played:
    """All scenarios at once, against one window of maintenance that three of them meet."""
    sesam, durations = stack.simulator, stack.durations
    threshold = timedelta(seconds=durations.downtime_after)
    start = datetime.now(UTC) + timedelta(seconds=7)
    window = Window(INSIDE, start, start + threshold + timedelta(seconds=7))
    stack.maintain(Window(service, window.start, window.end) for service in (INSIDE, BEFORE, OVERRUN))

    failed = sesam.fail(JUST_UNDER, Fault.RESET)
    sesam.fail(OVER, Fault.UNWELL)
    until_instant(window.start - timedelta(seconds=4))
    sesam.fail(BEFORE)
    until_instant(failed + threshold - 3 * PROBE_INTERVAL)
    sesam.recover(JUST_UNDER)

    until_instant(window.start + PROBE_INTERVAL)
    sesam.fail(INSIDE, Fault.SILENT)
    sesam.fail(OVERRUN, Fault.SILENT)
    until_instant(window.end - 3 * PROBE_INTERVAL)
    sesam.recover(INSIDE)
    stack.await_page(Alert.DOWNTIME, OVER, "firing")
    sesam.recover(OVER)

    until_instant(window.end + PROBE_INTERVAL)
    stack.await_page(Alert.DOWNTIME, BEFORE, "firing")
    sesam.recover(BEFORE)
    stack.await_page(Alert.MAINTENANCE_OVERRUN, OVERRUN, "firing")
    recovered = sesam.recover(OVERRUN)

    stack.await_page(Alert.DOWNTIME, OVER, "resolved")
    stack.await_page(Alert.DOWNTIME, BEFORE, "resolved")
    stack.await_page(Alert.MAINTENANCE_OVERRUN, OVERRUN, "resolved")
    stack.settle(recovered)
    return Played(stack, window, stack.scrape())


def test_an_outage_just_under_the_threshold_pages_nobody(played):
    began, ended = played.truth(JUST_UNDER)
    assert ended - began < timedelta(seconds=played.stack.durations.downtime_after), "the machine was too slow for this"
    assert played.stack.webhooks.told(PAGE, JUST_UNDER) == []


@pytest.mark.contract("ten-minutes")
def test_an_outage_just_under_the_threshold_is_failing_time_and_no_downtime(played):
    began, ended = played.truth(JUST_UNDER)
    failing = played.scrape.value(names.FAILING_SECONDS, service=JUST_UNDER)
    # each of the two endpoints ends its run at its own next probe, up to an interval after the first good answer
    assert failing == pytest.approx((ended - began).total_seconds(), abs=(PROBE_INTERVAL + PROBE).total_seconds())
    assert played.scrape.log(JUST_UNDER) == []
    assert played.downtime(JUST_UNDER, "unplanned") == NO_TIME


@pytest.mark.contract("ten-minutes")
def test_an_outage_over_the_threshold_pages_once_and_resolves_once(played):
    assert played.stack.webhooks.told(PAGE, OVER) == PAGED_ONCE_AND_RESOLVED_ONCE


def test_an_outage_inside_maintenance_pages_nobody(played):
    assert played.stack.webhooks.told(PAGE, INSIDE) == []


def test_an_outage_that_begins_before_maintenance_and_outlasts_it_pages_once(played):
    assert played.stack.webhooks.told(PAGE, BEFORE) == PAGED_ONCE_AND_RESOLVED_ONCE


def test_an_outage_that_begins_inside_maintenance_and_overruns_it_pages_once(played):
    assert played.stack.webhooks.told(PAGE, OVERRUN) == OVERRUN_PAGED_ONCE_AND_RESOLVED_ONCE
    (page,) = played.stack.webhooks.notices(PAGE, Alert.MAINTENANCE_OVERRUN, OVERRUN, "firing")
    assert page.at >= played.window.end + timedelta(seconds=played.stack.durations.overrun_after)


def test_a_service_that_responds_concerns_nobody(played):
    assert played.stack.webhooks.told(PAGE, UNTOUCHED) == []
    assert played.stack.webhooks.told(TICKET, UNTOUCHED) == []


def test_nothing_but_the_services_is_paged(played):
    assert played.stack.webhooks.told(PAGE, None) == []


@pytest.mark.parametrize(
    ("service", "alert"), [(OVER, Alert.DOWNTIME), (BEFORE, Alert.DOWNTIME), (OVERRUN, Alert.MAINTENANCE_OVERRUN)]
)
def test_a_page_says_since_when(played, service, alert):
    (page,) = played.stack.webhooks.notices(PAGE, alert, service, "firing")
    began, _ = played.truth(service)
    assert -PROBE - timedelta(seconds=1) < since(page.description) - began < PROBE  # it names whole seconds
    assert page.description.endswith(f" It is event {played.entry(service).id} of the log.")
    assert page.severity == "page"
    assert page.runbook_url.endswith(f"/{alert}.md")


def since(description: str) -> datetime:
    """The first instant that the text names, in the time of the policy's zone."""
    day, time, zone = re.search(r"since (\S+) (\S+) (CES?T)", description).groups()
    local = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=OSLO)
    return (local if zone == f"{local:%Z}" else local.replace(fold=1)).astimezone(UTC)


@pytest.mark.contract("log")
@pytest.mark.parametrize("service", [OVER, INSIDE, BEFORE, OVERRUN])
def test_every_outage_over_the_threshold_is_one_entry_of_the_log_with_its_true_start_and_length(played, service):
    entry, (began, ended) = played.entry(service), played.truth(service)
    assert entry.state == "ended"
    assert abs(entry.start - began) < PROBE
    assert (
        abs(entry.duration - (ended - began)) < PROBE_INTERVAL + PROBE
    )  # its endpoints are probed one after the other
    assert entry.endpoints == "api,ui"


def test_downtime_inside_maintenance_is_planned(played):
    assert played.downtime(INSIDE, "planned") == pytest.approx(
        played.entry(INSIDE).duration, abs=timedelta(seconds=0.1)
    )
    assert played.downtime(INSIDE, "unplanned") == NO_TIME


@pytest.mark.contract("nightly-maintenance")
@pytest.mark.parametrize("service", [BEFORE, OVERRUN])
def test_downtime_across_an_edge_of_maintenance_is_planned_inside_and_unplanned_outside(played, service):
    entry = played.entry(service)
    outside = max(played.window.start - entry.start, NO_TIME) + (entry.start + entry.duration - played.window.end)
    moment = timedelta(seconds=0.1)
    assert played.downtime(service, "unplanned") == pytest.approx(outside, abs=moment)
    assert played.downtime(service, "planned") == pytest.approx(entry.duration - outside, abs=moment)


def test_a_ticket_goes_to_the_receiver_of_tickets(played):
    assert played.stack.webhooks.told(TICKET, JUST_UNDER)[0] == (Alert.NOT_RESPONDING, "firing")
    assert {notice.severity for notice in played.stack.webhooks.notices(TICKET)} == {"ticket"}
    assert {notice.severity for notice in played.stack.webhooks.notices(PAGE)} == {"page"}


def test_the_watchdog_has_a_receiver_of_its_own(played):
    notices = played.stack.webhooks.notices(WATCHDOG)
    assert {(notice.alert, notice.status) for notice in notices} == {(Alert.WATCHDOG, "firing")}
    assert not played.stack.webhooks.notices(PAGE, Alert.WATCHDOG)
    assert not played.stack.webhooks.notices(TICKET, Alert.WATCHDOG)
