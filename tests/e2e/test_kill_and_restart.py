"""The exporter dies, by kill -9, and comes back: what was paged stays paged, what was counted stays counted.

One stack, two deaths. The first is short, in the middle of one outage that is downtime already and of one that is not
yet. The second is longer than anything looks back, with a paged outage on.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from exporter_view import Scrape
from sesam_simulator import Fault
from stack import TELLING_SECONDS, Durations, Stack
from waiting import until
from webhook_receiver import PAGE

from sesam_slo.core import names
from sesam_slo.core.names import Alert

PAGED, NOT_YET, LATER, UNTOUCHED = "paged-before", "not-downtime-yet", "down-at-second-death", "untouched"

PROBE_INTERVAL = timedelta(seconds=1)
PROBE = timedelta(seconds=0.9)  # from when a probe starts to when SESAM has its request, on a busy machine
CHECKPOINT = timedelta(seconds=5)  # to within which a restart knows its last results
PAGED_ONCE_AND_RESOLVED_ONCE = [(Alert.DOWNTIME, "firing"), (Alert.DOWNTIME, "resolved")]
TIME_COUNTERS = {
    names.DOWNTIME_SECONDS: 3,
    names.FAILING_SECONDS: 1,
    names.AGREED_SECONDS: 1,
    names.UNOBSERVED_SECONDS: 1,
}  # and how many series each has for a service


@dataclass(frozen=True, slots=True)
class Death:
    """From the kill to the first answer after it."""

    killed: datetime
    back: datetime


@dataclass(frozen=True, slots=True)
class Played:
    stack: Stack
    deaths: tuple[Death, Death]
    told_while_dead: list[tuple[str, str]]  # of the service whose outage outlasts the second death
    scrape: Scrape  # of the settled exporter


@pytest.fixture(scope="module")
def played(running):
    with running((PAGED, NOT_YET, LATER, UNTOUCHED), Durations(downtime_after=6)) as stack:
        yield play(stack)


def play(stack: Stack) -> Played:
    sesam = stack.simulator
    sesam.fail(PAGED)
    stack.await_page(Alert.DOWNTIME, PAGED, "firing")
    sesam.fail(NOT_YET, Fault.SILENT)
    until(lambda: failing_for(stack, NOT_YET) >= 3, within=TELLING_SECONDS, what="3 s of an outage")
    killed = kill(stack)
    first = restart(stack, killed)
    stack.await_page(Alert.DOWNTIME, NOT_YET, "firing")
    sesam.recover(PAGED)
    sesam.recover(NOT_YET)

    sesam.fail(LATER)
    stack.await_page(Alert.DOWNTIME, PAGED, "resolved")
    stack.await_page(Alert.DOWNTIME, NOT_YET, "resolved")
    stack.await_page(Alert.DOWNTIME, LATER, "firing")
    killed = kill(stack)
    stack.await_page(Alert.EXPORTER_DOWN, None, "firing")
    told = stack.webhooks.told(PAGE, LATER)
    second = restart(stack, killed)
    stack.await_page(Alert.EXPORTER_DOWN, None, "resolved")
    stack.settle(datetime.now(UTC))
    told += stack.webhooks.told(PAGE, LATER)[len(told) :]
    recovered = sesam.recover(LATER)
    stack.await_page(Alert.DOWNTIME, LATER, "resolved")
    stack.settle(recovered)
    return Played(stack, (first, second), told, stack.scrape())


def kill(stack: Stack) -> datetime:
    stack.exporter.kill()
    return datetime.now(UTC)


def restart(stack: Stack, killed: datetime) -> Death:
    stack.exporter.restart()
    return Death(killed, datetime.now(UTC))


def failing_for(stack: Stack, service: str) -> float:
    """For how many seconds a service has been failing, as the exporter sees it."""
    since = stack.scrape().value(names.ENDPOINT_FAILING_SINCE, service=service)
    return 0.0 if since is None else datetime.now(UTC).timestamp() - since


def test_downtime_that_was_paged_before_the_kill_is_not_paged_again_and_resolves_once(played):
    assert played.stack.webhooks.told(PAGE, PAGED) == PAGED_ONCE_AND_RESOLVED_ONCE


def test_an_outage_that_becomes_downtime_across_the_kill_pages_once_and_resolves_once(played):
    assert played.stack.webhooks.told(PAGE, NOT_YET) == PAGED_ONCE_AND_RESOLVED_ONCE


def test_a_dead_exporter_pages_once_and_resolves_once(played):
    assert played.stack.webhooks.told(PAGE, None) == [
        (Alert.EXPORTER_DOWN, "firing"),
        (Alert.EXPORTER_DOWN, "resolved"),
    ]


def test_a_dead_exporter_neither_resolves_nor_repeats_the_page_of_downtime_that_goes_on(played):
    assert played.told_while_dead == [(Alert.DOWNTIME, "firing")]
    assert played.stack.webhooks.told(PAGE, LATER) == PAGED_ONCE_AND_RESOLVED_ONCE


def test_a_service_that_responds_is_not_paged_for_the_exporters_deaths(played):
    assert played.stack.webhooks.told(PAGE, UNTOUCHED) == []


@pytest.mark.contract("log")
@pytest.mark.parametrize("service", [PAGED, NOT_YET, LATER])
def test_an_outage_across_a_kill_is_one_entry_of_the_log_with_its_true_start_and_length(played, service):
    (entry,) = played.scrape.log(service)
    simulator = played.stack.simulator
    began, ended = simulator.first_failure(service), simulator.first_success_after(service)
    assert entry.state == "ended"
    assert abs(entry.start - began) < PROBE
    assert abs(entry.duration - (ended - began)) < PROBE_INTERVAL + PROBE


@pytest.mark.parametrize("service", [PAGED, NOT_YET, LATER])
def test_downtime_is_counted_whole_across_a_kill(played, service):
    (entry,) = played.scrape.log(service)
    counted = played.scrape.value(names.DOWNTIME_SECONDS, service=service, **{"class": "unplanned"})
    assert counted == pytest.approx(entry.duration.total_seconds(), abs=0.1)


@pytest.mark.parametrize("counter", TIME_COUNTERS, ids=lambda counter: counter.name)
def test_no_time_counter_ever_fell(played, counter):
    resets = [value for _, value in played.stack.ask(f"resets({counter.name}[15m])")]
    assert resets == [0.0] * TIME_COUNTERS[counter] * len(played.stack.services)


@pytest.mark.contract("monitored")
def test_the_time_in_which_the_exporter_was_dead_is_unobserved(played):
    dead = sum((death.back - death.killed for death in played.deaths), timedelta())
    unobserved = timedelta(seconds=played.scrape.value(names.UNOBSERVED_SECONDS, service=UNTOUCHED))
    # a last result holds for two intervals, and of each death the checkpoint may say a little less
    assert dead - 2 * 2 * PROBE_INTERVAL - PROBE < unobserved < dead + 2 * CHECKPOINT
