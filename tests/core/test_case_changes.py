"""What may be said of a case, and what is refused and why."""

# ruff: noqa: E501 - messages stand whole, in one line

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesam_slo.core.case import Case, CaseState, cases, changed
from sesam_slo.core.case_changes import Known, Told, change, find, report, told
from sesam_slo.core.correcting import CorrectionError
from sesam_slo.core.entry import Log
from sesam_slo.core.history import CaseChange, Event
from sesam_slo.core.model import Cause, Policy
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.support import Level, Support, Targets

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OLD = Support(classes=("gold",), levels=(Level("1", "grave", (("gold", Targets()),)),))
POLICIES = PolicyTimeline(((NOW - 100 * HOUR, Policy(support=OLD)), (NOW - 50 * HOUR, Policy())))
EVENTS = (
    Event("here", "svc", NOW - 5 * HOUR, NOW - 4 * HOUR, NOW - 5 * HOUR, ("api",)),
    Event("elsewhere", "other", NOW - 5 * HOUR, NOW - 4 * HOUR, NOW - 5 * HOUR, ("api",)),
    Event("merged", "svc", NOW - 5 * HOUR, None, NOW - 5 * HOUR, ("api",), merged_into="here"),
)
REPORT = {"service": "svc", "level": "A", "customer_class": "partner", "reported_at": NOW - 2 * HOUR}
SAID = {"author": "kari", "reason": "called", "now": NOW}


class Book:
    """Cases and what is said of them, one after the other."""

    def __init__(self, *reports: dict[str, Any]) -> None:
        self.known = Known({}, POLICIES, frozenset({"svc", "other"}), Log.of(EVENTS, (), ()))
        for each in reports or (REPORT,):
            self.take(report(self.known, each, **SAID))

    def take(self, said: CaseChange) -> CaseChange:
        self.known = replace(self.known, cases=cases((said,), self.known.cases))
        return said

    def change(self, id: str = "svc-case-20260610-1", **wanted: Any) -> Case:
        said = self.take(change(self.known, id, wanted, **SAID))
        return self.known.cases[said.case]


def refused(call: Any, *arguments: Any, **wanted: Any) -> str:
    with pytest.raises(CorrectionError) as error:
        call(*arguments, **wanted)
    return str(error.value)


class TestReporting:
    def test_a_report_opens_a_case_with_an_id_of_its_own(self) -> None:
        book = Book(REPORT, REPORT | {"title": " slow ", "event": "here", "reference": "SUP-1"})
        one, two = book.known.cases.values()
        assert (one.id, two.id) == ("svc-case-20260610-1", "svc-case-20260610-2")
        assert (two.title, two.event, two.reference, two.state) == ("slow", "here", "SUP-1", CaseState.REPORTED)
        assert (two.level, two.levels[0].since) == ("A", NOW - 2 * HOUR)

    def test_without_an_instant_it_was_reported_now(self) -> None:
        said = report(Book().known, {**REPORT, "reported_at": None}, **SAID)
        assert said.change["reported_at"] == "2026-06-10T12:00:00Z"
        assert (said.at, said.author, said.reason) == (NOW, "kari", "called")

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ({"service": "svx"}, "service 'svx': expected one of other, svc"),
            ({"service": ""}, "service: missing; expected one of other, svc"),
            ({"level": None}, "level: missing; expected one of A, B, C"),
            ({"customer_class": None}, "customer_class: missing; expected one of partner, user"),
            ({"level": "D"}, "svc-case-20260610-3: level 'D': expected one of A, B, C"),
            ({"customer_class": "gold"}, "svc-case-20260610-3: customer_class 'gold': expected one of partner, user"),
            (
                {"reported_at": NOW - 60 * HOUR},
                "svc-case-20260608-1: level 'A': expected one of 1",
            ),  # another policy was in force
            (
                {"reported_at": NOW + HOUR},
                "svc-case-20260610-3: reported_at 2026-06-10T13:00:00Z lies ahead; expected what has happened",
            ),
            (
                {"started_at": NOW - 3 * HOUR},
                "svc-case-20260610-3: started_at 2026-06-10T09:00:00Z is before the report; expected 2026-06-10T10:00:00Z or later",
            ),
            ({"reference": "SUP-1"}, "reference 'SUP-1': is svc-case-20260610-2 already; expected one of its own"),
            ({"event": "nowhere"}, "event 'nowhere': not in the downtime log; `sesam-slo log list` shows their ids"),
            ({"event": "elsewhere"}, "event elsewhere: is one of other; expected one of svc"),
            ({"event": "merged"}, "event merged: was merged into here; expected that id"),
            ({"title": "a\nb"}, "title: expected one line of at most 200 characters"),
            ({"title": "x" * 201}, "title: expected one line of at most 200 characters"),
            ({"details": "\x1b[2J"}, "details: holds control characters; expected plain text"),
            ({"colour": "red"}, "colour: no such field of a case"),
            ({"cause": "fate"}, "cause: 'fate'; expected one of unknown, sesam, customer, operating_environment"),
        ],
    )
    def test_what_is_no_report(self, wanted: dict[str, Any], message: str) -> None:
        book = Book(REPORT, REPORT | {"reference": "SUP-1"})
        assert refused(report, book.known, REPORT | wanted, **SAID) == message

    def test_another_clock_may_be_a_minute_ahead(self) -> None:
        assert report(Book().known, REPORT | {"reported_at": NOW + timedelta(seconds=59)}, **SAID)

    @pytest.mark.parametrize("author", ["", "a\nb", "x" * 201])
    def test_whoever_reports_has_a_name(self, author: str) -> None:
        assert refused(report, Book().known, REPORT, **{**SAID, "author": author}) == (
            "author: expected a name of one line and at most 200 characters"
        )


class TestChanging:
    def test_step_by_step_to_the_fix(self) -> None:
        book = Book()
        assert book.change(started_at=NOW - HOUR).state is CaseState.STARTED
        assert book.change(workaround_at=NOW - HOUR / 2).state is CaseState.WORKED_AROUND
        case = book.change(fixed_at=NOW, cause="sesam")
        assert (case.state, case.open, case.cause) == (CaseState.FIXED, False, Cause.SESAM)
        assert case.corrected_at == NOW - HOUR / 2

    @pytest.mark.contract("levels")
    def test_a_new_level_keeps_the_one_before(self) -> None:
        case = Book().change(level="B")
        assert [(each.level, each.since) for each in case.levels] == [("A", NOW - 2 * HOUR), ("B", NOW)]

    def test_only_what_is_new_is_recorded(self) -> None:
        book = Book()
        said = change(book.known, "svc-case-20260610-1", {"level": "A", "title": "slow"}, **SAID)
        assert said.change == {"title": "slow"}

    def test_what_was_said_can_be_taken_back(self) -> None:
        book = Book()
        book.change(fixed_at=NOW, withdrawn=True, started_at=NOW - HOUR)
        case = book.change(fixed_at=None, withdrawn=False)
        assert (case.state, case.open) == (CaseState.STARTED, True)

    @pytest.mark.parametrize(
        ("first", "then", "message"),
        [
            ({}, {"level": "A"}, "svc-case-20260610-1: nothing to change, the case says so already"),
            (
                {},
                {"service": "other"},
                "svc-case-20260610-1: its service is svc and stays; expected it withdrawn and reported anew",
            ),
            ({}, {"reported_at": None}, "reported_at: missing; expected when it was reported"),
            ({}, {"reported_at": NOW - 60 * HOUR}, "svc-case-20260610-1: level 'A': expected one of 1"),
            (
                {},
                {"fixed_at": NOW + HOUR},
                "svc-case-20260610-1: fixed_at 2026-06-10T13:00:00Z lies ahead; expected what has happened",
            ),
            (
                {},
                {"fixed_at": NOW - 3 * HOUR},
                "svc-case-20260610-1: fixed_at 2026-06-10T09:00:00Z is before the report; expected 2026-06-10T10:00:00Z or later",
            ),
            (
                {"started_at": NOW},
                {"fixed_at": NOW - HOUR},
                "svc-case-20260610-1: fixed_at 2026-06-10T11:00:00Z is before started_at; expected 2026-06-10T12:00:00Z or later",
            ),
            (
                {"workaround_at": NOW},
                {"fixed_at": NOW - HOUR},
                "svc-case-20260610-1: fixed_at 2026-06-10T11:00:00Z is before workaround_at; expected 2026-06-10T12:00:00Z or later",
            ),
            (
                {"started_at": NOW - HOUR},
                {"reported_at": NOW},
                "svc-case-20260610-1: started_at 2026-06-10T11:00:00Z is before the report; expected 2026-06-10T12:00:00Z or later",
            ),
            (
                {"fixed_at": NOW},
                {"level": "B"},
                "svc-case-20260610-1: was fixed at 2026-06-10T12:00:00Z, its level stays; expected an open case",
            ),
            (
                {"withdrawn": True},
                {"level": "B"},
                "svc-case-20260610-1: was withdrawn, its level stays; expected an open case",
            ),
            (
                {"fixed_at": NOW},
                {"workaround_impossible": True},
                "svc-case-20260610-1: was corrected at 2026-06-10T12:00:00Z; expected a case that was not",
            ),
            (
                {},
                {"supplier_told_at": NOW},
                "svc-case-20260610-1: supplier_told_at belongs to errors of the operating environment; expected the cause operating_environment, not unknown",
            ),
        ],
    )
    def test_what_is_refused(self, first: dict[str, Any], then: dict[str, Any], message: str) -> None:
        book = Book()
        if first:
            book.change(**first)
        assert refused(book.change, **then) == message

    @pytest.mark.contract("no-requirements")
    def test_an_error_of_the_environment_waits_for_its_supplier(self) -> None:
        book = Book()
        assert book.change(cause="operating_environment").supplier_missing
        assert not book.change(
            supplier_told_at=NOW - 3 * HOUR
        ).supplier_missing  # they may have known before the customer did

    def test_a_level_may_change_with_the_fix_that_is_taken_back(self) -> None:
        book = Book()
        book.change(fixed_at=NOW)
        assert book.change(fixed_at=None, level="B").level == "B"


class TestFinding:
    KNOWN = Book(REPORT, REPORT | {"reference": "SUP-1"}).known.cases

    def test_by_id_by_reference_and_by_the_beginning_of_only_one(self) -> None:
        assert find(self.KNOWN, "svc-case-20260610-2") is find(self.KNOWN, "SUP-1")
        one = {"svc-case-20260610-1": self.KNOWN["svc-case-20260610-1"]}
        assert find(one, "svc-case").id == "svc-case-20260610-1"

    @pytest.mark.parametrize(
        ("id", "message"),
        [
            (
                "svc",
                "svc: 2 cases begin so, svc-case-20260610-1 and svc-case-20260610-2 among them; expected a whole id",
            ),
            ("nothing", "nothing: no such case; `sesam-slo case list` shows their ids"),
            ("", ": no such case; `sesam-slo case list` shows their ids"),
        ],
    )
    def test_not_found(self, id: str, message: str) -> None:
        assert refused(find, self.KNOWN, id) == message


class TestAServiceDesk:
    def test_the_same_told_twice_makes_one_case(self) -> None:
        book, wanted = Book(), REPORT | {"reference": "SUP-1", "title": "slow"}
        first = told(book.known, wanted, **SAID)
        assert first.change is not None
        book.take(first.change)
        again = told(book.known, wanted, **SAID)
        assert (first.opened, again.opened, again.change, again.case) == (True, False, None, first.case)

    def test_what_is_new_changes_the_case_with_the_reference(self) -> None:
        book = Book(REPORT | {"reference": "SUP-1"})
        outcome = told(book.known, REPORT | {"reference": "SUP-1", "started_at": NOW}, **SAID)
        assert (outcome.case, outcome.opened) == ("svc-case-20260610-1", False)
        assert outcome.fields == ["started_at"]

    def test_what_comes_once_more_undoes_nothing_that_people_changed_since(self) -> None:
        book = Book()
        wanted = REPORT | {"reference": "SUP-1", "title": "slow"}
        self.tell(book, wanted)
        book.change("SUP-1", level="B", title="slow at noon")
        assert told(book.known, wanted, **SAID).change is None
        started = self.tell(book, wanted | {"started_at": NOW})
        assert started.fields == ["started_at"]
        case = find(book.known.cases, "SUP-1")
        assert (case.level, case.title, case.state) == ("B", "slow at noon", CaseState.STARTED)

    def test_what_the_desk_changes_itself_takes_the_place_of_what_stands_here(self) -> None:
        book = Book()
        self.tell(book, REPORT | {"reference": "SUP-1"})
        book.change("SUP-1", level="B")
        assert self.tell(book, REPORT | {"reference": "SUP-1", "level": "C"}).fields == ["level"]
        assert [each.level for each in find(book.known.cases, "SUP-1").levels] == ["A", "B", "C"]

    def test_what_people_said_first_is_noted_as_told_and_no_news_later(self) -> None:
        book = Book()
        self.tell(book, REPORT | {"reference": "SUP-1"})
        book.change("SUP-1", level="B")
        assert self.tell(book, {"reference": "SUP-1", "level": "B"}).fields == []
        book.change("SUP-1", level="C")
        assert told(book.known, {"reference": "SUP-1", "level": "B"}, **SAID).change is None

    def tell(self, book: Book, wanted: dict[str, Any]) -> Told:
        outcome = told(book.known, wanted, **SAID)
        assert outcome.change is not None
        book.take(outcome.change)
        return outcome

    def test_an_update_needs_no_more_than_the_reference(self) -> None:
        book = Book(REPORT | {"reference": "SUP-1"})
        assert told(book.known, {"reference": "SUP-1", "fixed_at": NOW}, **SAID).change is not None

    def test_without_a_reference_nothing_can_be_told(self) -> None:
        assert refused(told, Book().known, REPORT, **SAID) == (
            "reference: missing; expected the number of the case in the service desk"
        )

    def test_an_unknown_case_has_to_be_a_whole_report(self) -> None:
        message = refused(told, Book().known, {"reference": "SUP-9", "fixed_at": NOW}, **SAID)
        assert message == "service: missing; expected one of other, svc"


def test_a_case_is_what_its_changes_make_it() -> None:
    first = CaseChange(
        "x",
        NOW,
        "kari",
        "",
        {"service": "svc", "reported_at": "2026-06-10T10:00:00Z", "customer_class": "user", "level": "C"},
    )
    case = changed(changed(None, first), CaseChange("x", NOW, "kari", "", {"details": "more", "workaround_at": None}))
    assert (case.details, case.workaround_at, case.customer_class) == ("more", None, "user")
