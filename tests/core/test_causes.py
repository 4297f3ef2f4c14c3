"""What a person says of an event, and what follows: whose downtime it is, and what the log says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.entry import Entry
from sesam_slo.core.history import Correction, Event, Membership, Recorded, Report, Run
from sesam_slo.core.intervals import Interval
from sesam_slo.core.model import Cause, Config, Policy
from sesam_slo.core.outage import EndpointState
from sesam_slo.core.service import ServiceState

MIDNIGHT = datetime(2026, 6, 9, 22, tzinfo=UTC)  # in Oslo; maintenance until three
THREE = MIDNIGHT + timedelta(hours=3)
DAY = Interval(MIDNIGHT, MIDNIGHT + timedelta(days=1))
MINUTES = timedelta(minutes=1)


def said(minute: int, **change: Any) -> Correction:
    """What a person wrote, `minute` minutes after the day."""
    return Correction("svc-1", DAY.end + minute * MINUTES, "kari", "asked the customer", change)


def book(begin: datetime, minutes: float, *corrections: Correction, reported: datetime | None = None) -> Book:
    """One outage of a service that was watched all day."""
    end = begin + minutes * MINUTES
    state = ServiceState("svc", {"api": EndpointState("svc", "api", DAY.end)}, DAY.end, DAY.end)
    recorded = Recorded(
        memberships=(Membership("svc", "", DAY.start),),
        runs=(Run("svc", "api", begin, end, 10 * MINUTES, "timeout"),),
        events=(Event("svc-1", "svc", begin, end, begin + 10 * MINUTES, ("api",), ("timeout",)),),
        reports=() if reported is None else (Report("svc-1", reported, "alertmanager"),),
        corrections=corrections,
        checkpoints={"svc": checkpoint(state, DAY.end)},
    )
    return Book.of(recorded, Config(Policy(), ()))


def minutes(found: Book) -> dict[str, float]:
    """What became of the day's downtime, in minutes."""
    account = found.account("svc", DAY)
    return {name: getattr(account, name) / MINUTES for name in ("unplanned", "planned", "excluded")}


def entry(found: Book) -> Entry:
    (only,) = found.entries("svc")
    return only


NOON = MIDNIGHT + timedelta(hours=12)


@pytest.mark.contract("excluded")
@pytest.mark.parametrize("cause", [Cause.CUSTOMER, Cause.OPERATING_ENVIRONMENT])
def test_what_is_the_customers_or_the_environments_is_excluded_from_every_figure(cause: Cause) -> None:
    found = book(NOON, 30, said(0, cause=cause.value))
    assert minutes(found) == {"unplanned": 0, "planned": 0, "excluded": 30}
    assert found.account("svc", DAY).availability == 1


@pytest.mark.contract("excluded")
@pytest.mark.parametrize("corrections", [(), (said(0, cause="sesam"),)], ids=["nobody has said", "a person said SESAM"])
def test_downtime_counts_as_long_as_nobody_says_that_it_is_somebody_elses(corrections: tuple[Correction, ...]) -> None:
    assert minutes(book(NOON, 30, *corrections)) == {"unplanned": 30, "planned": 0, "excluded": 0}


@pytest.mark.contract("excluded")
def test_a_cause_can_be_changed_at_any_later_time_and_the_figures_follow() -> None:
    changed = (said(0, cause="customer"), said(600_000, cause="sesam"))
    assert minutes(book(NOON, 30, *changed)) == {"unplanned": 30, "planned": 0, "excluded": 0}


@pytest.mark.contract("excluded", "nightly-maintenance")
def test_what_of_an_excluded_event_lies_in_maintenance_stays_planned() -> None:
    found = book(THREE - 20 * MINUTES, 30, said(0, cause="customer"))
    assert minutes(found) == {"unplanned": 0, "planned": 20, "excluded": 10}


@pytest.mark.contract("excluded", "ten-minutes")
def test_what_an_excluded_part_leaves_counts_although_it_is_shorter_than_ten_minutes() -> None:
    part = {"start": _text(NOON), "end": _text(NOON + 25 * MINUTES), "reason": "their power"}
    found = book(NOON, 30, said(0, exclusions=[part]))
    assert minutes(found) == {"unplanned": 5, "planned": 0, "excluded": 25}


@pytest.mark.contract("ten-minutes", "nightly-maintenance")
def test_ten_minutes_are_judged_before_maintenance_is_deducted() -> None:
    assert minutes(book(THREE - 9 * MINUTES, 10)) == {"unplanned": 1, "planned": 9, "excluded": 0}


@pytest.mark.contract("log")
def test_an_entry_says_when_it_was_reported_its_cause_symptom_solution_and_duration() -> None:
    told = NOON + 11 * MINUTES
    found = entry(
        book(NOON, 30, said(0, cause="sesam", symptom="the portal hung", solution="restarted the node"), reported=told)
    )
    assert (found.start, found.end) == (NOON, NOON + 30 * MINUTES)
    assert (found.reported_at, found.reported_by) == (told, "alertmanager")
    assert (found.cause, found.symptom, found.solution) == (Cause.SESAM, "the portal hung", "restarted the node")
    assert found.explained


@pytest.mark.contract("log")
def test_a_symptom_that_nobody_wrote_is_what_the_probes_saw() -> None:
    assert entry(book(NOON, 30)).symptom == "timeout"


@pytest.mark.contract("log")
def test_a_person_may_say_when_it_was_reported_instead() -> None:
    called = NOON + 2 * MINUTES
    found = book(NOON, 30, said(0, reported_at=_text(called), reported_by="the customer"), reported=NOON + 11 * MINUTES)
    assert (entry(found).reported_at, entry(found).reported_by) == (called, "the customer")


@pytest.mark.contract("log")
@pytest.mark.parametrize("change", [{"cause": "sesam"}, {"solution": "restarted the node"}], ids=["solution", "cause"])
def test_an_entry_without_a_cause_or_a_solution_is_not_explained(change: dict[str, str]) -> None:
    assert not entry(book(NOON, 30, said(0, **change))).explained


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
