"""Support clocks from the command to the person on call: a case that nobody starts pages before its deadline, not after.

One stack, played once. Business hours are all hours of all days, so that it does not matter when this runs; a reaction's time
is three minutes, of which the cases have used most when they are reported.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from exporter_view import Scrape
from stack import TELLING_SECONDS, Stack
from waiting import until, until_instant
from webhook_receiver import PAGE, TICKET, Notice, Status

from sesam_slo.core import names
from sesam_slo.core.names import Alert

OSLO = ZoneInfo("Europe/Oslo")
SERVICE, OTHER = "datahub-prod", "datahub-test"
REACTION, USED = timedelta(minutes=3), timedelta(seconds=125)  # due at 135 seconds
SUPPORT = {
    "classes": ["partner"],
    "levels": [
        {"name": "A", "title": "critical", "reaction": "3m", "workaround": "3d", "fix": "10d"},
        {"name": "B", "title": "no stoppage", "reaction": "3m", "workaround": "10d", "fix": "next release"},
    ],
}


@dataclass(frozen=True, slots=True)
class Played:
    """The cases by name: nobody starts on `left` and, of level B, on `lesser`; work on `taken` starts in time."""

    stack: Stack
    left: str
    lesser: str
    taken: str
    due: datetime
    deadline: datetime
    overdue: Scrape  # behind the deadline, nobody has started
    started: Scrape  # right after somebody did

    def told(self, receiver: str, case: str) -> list[tuple[str, Status]]:
        return [(each.alert, each.status) for each in self.stack.webhooks.notices(receiver) if each.case == case]

    def first(self, receiver: str, alert: str, case: str) -> Notice:
        return next(each for each in self.stack.webhooks.notices(receiver, alert) if each.case == case)


@pytest.fixture(scope="module")
def played(running):
    with running((SERVICE, OTHER), support=SUPPORT) as stack:
        yield play(stack)


def play(stack: Stack) -> Played:
    reported_at = datetime.now(UTC) - USED

    def report(service: str, level: str, *further: str) -> str:
        return stack.command(
            "case", "report", service, "--level", level, "--customer-class", "partner", *further
        ).strip()

    def told(receiver: str, alert: str, status: Status, case: str) -> None:
        def has_come() -> bool:
            return any(each.case == case for each in stack.webhooks.notices(receiver, alert, status=status))

        until(has_come, within=TELLING_SECONDS, what=f"{alert} of {case} {status}")

    then = ("--reported-at", reported_at.isoformat())
    left, lesser, taken = report(SERVICE, "A", *then), report(SERVICE, "B", *then), report(OTHER, "A")
    stack.command("case", "start", taken)
    stack.command(
        "case", "annotate", taken, *then
    )  # after the start: however long a command takes, it was not due before
    deadline = reported_at + REACTION
    told(PAGE, Alert.REACTION_DUE, "firing", left)
    stack.exporter.kill()
    stack.exporter.restart()
    until_instant(deadline)
    told(TICKET, Alert.REACTION_BREACHED, "firing", left)
    stack.settle(datetime.now(UTC))
    overdue = stack.scrape()
    stack.command("case", "start", left)
    started = stack.scrape()
    told(PAGE, Alert.REACTION_DUE, "resolved", left)
    stack.command("case", "resolve", left)
    told(TICKET, Alert.REACTION_BREACHED, "resolved", left)
    stack.settle(datetime.now(UTC))
    return Played(stack, left, lesser, taken, reported_at + REACTION * 0.75, deadline, overdue, started)


@pytest.mark.contract("reaction-time")
def test_a_case_that_nobody_starts_pages_before_its_deadline_not_after(played: Played) -> None:
    page = played.first(PAGE, Alert.REACTION_DUE, played.left)
    assert played.due <= page.at < played.deadline
    assert page.service == SERVICE
    assert page.description.startswith(
        f"Nobody has started to work on the cause of case {played.left} of {SERVICE} (level A, partner). 0h 0m of business "
        f"time are left until its reaction is due at {played.deadline.astimezone(OSLO):%Y-%m-%d %H:%M}"
    )


def test_the_page_goes_on_beyond_the_deadline_and_a_restart_and_starting_resolves_it(played: Played) -> None:
    assert played.told(PAGE, played.left) == [(Alert.REACTION_DUE, "firing"), (Alert.REACTION_DUE, "resolved")]
    assert value(played.overdue, names.CASE_SECONDS_LEFT, played.left) < 0
    assert value(played.overdue, names.CASE_BREACHED, played.left) == 1


def test_what_was_missed_is_a_ticket_until_the_case_is_closed(played: Played) -> None:
    assert played.told(TICKET, played.left) == [
        (Alert.REACTION_BREACHED, "firing"),
        (Alert.REACTION_BREACHED, "resolved"),
    ]
    assert value(played.started, names.CASE_BREACHED, played.left) == 1
    assert played.started.value(names.CASE_SECONDS_LEFT, case=played.left, clock="reaction") is None


def test_work_that_starts_in_time_tells_nobody(played: Played) -> None:
    assert played.told(PAGE, played.taken) == played.told(TICKET, played.taken) == []
    assert played.overdue.value(names.CASE_BREACHED, case=played.taken, clock="reaction") is None
    assert played.overdue.value(names.CASE_BREACHED, case=played.taken, clock="workaround") == 0


@pytest.mark.contract("levels")
def test_a_lesser_level_is_a_ticket_and_no_page(played: Played) -> None:
    assert played.told(PAGE, played.lesser) == []
    assert played.told(TICKET, played.lesser) == [(Alert.REACTION_DUE, "firing"), (Alert.REACTION_BREACHED, "firing")]


def test_open_cases_are_counted_as_they_are_reported_and_closed(played: Played) -> None:
    of_service = {"service": SERVICE, "customer_class": "partner"}
    assert [played.overdue.value(names.CASE_OPEN, level=level, **of_service) for level in "AB"] == [1, 1]
    assert played.overdue.value(names.CASE_OPEN, service=OTHER, level="B", customer_class="partner") == 0


def value(scrape: Scrape, metric: names.Metric, case: str) -> float:
    found = scrape.value(metric, service=SERVICE, case=case, clock="reaction")
    assert found is not None
    return found
