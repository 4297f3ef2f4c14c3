"""The clocks of a case: when they start and stop, by when they are due, what stays missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.case import Case, Levelled, changed
from sesam_slo.core.deadlines import CaseClock, Deadlines, Missed, SupportRules
from sesam_slo.core.history import CaseChange
from sesam_slo.core.model import BusinessHours, Cause, Policy
from sesam_slo.core.points import Overrun
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.support import Clock, Level, Promise, Support, Target, Targets
from sesam_slo.public_holidays import is_holiday

OSLO = ZoneInfo("Europe/Oslo")
HOUR = timedelta(hours=1)
CALENDARS = BusinessCalendars(is_holiday)
RULES = SupportRules(PolicyTimeline.always(Policy()), CALENDARS)


def june(day: int, hour: int = 8, minute: int = 0) -> datetime:
    """Of 2026, a month without holidays; the 8th is a Monday."""
    return datetime(2026, 6, day, hour, minute, tzinfo=OSLO).astimezone(UTC)


MONDAY = june(8)


def case(level: str = "A", customer_class: str = "partner", reported_at: datetime = MONDAY, **said: Any) -> Case:
    return Case("case-1", "datahub-prod", reported_at, customer_class, (Levelled(reported_at, level),), **said)


def relevelled(before: Case, level: str, at: datetime) -> Case:
    return replace(before, levels=(*before.levels, Levelled(at, level)))


def read(found: Deadlines, clock: Clock, at: datetime) -> tuple[timedelta, timedelta | None, bool]:
    """Used, left, breached."""
    each: CaseClock = next(each for each in found if each.clock is clock)
    now = RULES.moment(case(), at)
    return each.used(now), each.left(now), each.breached(now)


@pytest.mark.contract("levels", "reaction-time", "correction-time")
@pytest.mark.parametrize(
    ("level", "customer_class", "due", "note"),
    [
        ("A", "partner", [june(8, 16), june(10, 16), june(19, 16)], None),
        ("A", "user", [None, None, june(19, 16)], None),
        ("B", "partner", [june(9, 16), june(19, 16), None], "next release"),
        ("B", "user", [None, june(19, 16), None], "next release"),
        ("C", "partner", [None, None, None], "next release"),
        ("C", "user", [None, None, None], "next release"),
        ("A", "nobody", [None, None, None], None),  # what an agreement does not know is promised nothing
        ("Z", "partner", [None, None, None], None),
    ],
)
def test_what_is_due_when(level: str, customer_class: str, due: list[datetime | None], note: str | None) -> None:
    found = RULES.of(case(level, customer_class))
    assert [each.deadline for each in found] == due
    assert [each.note for each in found] == [None, None, note]
    assert [each.clock for each in found] == list(Clock)


class TestReaction:
    @pytest.mark.contract("reaction-time")
    def test_the_clock_starts_with_the_report_or_at_the_next_business_instant(self) -> None:
        assert RULES.of(case(reported_at=june(8, 10))).reaction.start == june(8, 10)
        found = RULES.of(case(reported_at=june(6, 23)))
        assert (found.reaction.start, found.reaction.deadline) == (june(8), june(8, 16))

    @pytest.mark.contract("reaction-time", "business-hours")
    def test_it_uses_business_time_alone(self) -> None:
        found = RULES.of(case(reported_at=june(8, 12)))
        assert read(found, Clock.REACTION, june(8, 14)) == (2 * HOUR, 6 * HOUR, False)
        assert read(found, Clock.REACTION, june(8, 22)) == (4 * HOUR, 4 * HOUR, False)
        assert read(found, Clock.REACTION, june(9, 12)) == (8 * HOUR, timedelta(), False)
        assert read(found, Clock.REACTION, june(9, 12, 1)) == (8 * HOUR + HOUR / 60, -HOUR / 60, True)

    @pytest.mark.contract("reaction-time")
    def test_it_stops_when_work_starts(self) -> None:
        found = RULES.of(case(started_at=june(8, 11)))
        assert read(found, Clock.REACTION, june(12)) == (3 * HOUR, 5 * HOUR, False)
        assert found.reaction.met(RULES.moment(case(), june(12)))
        assert found.workaround.runs

    def test_who_corrected_it_has_worked_on_it(self) -> None:
        assert RULES.of(case(fixed_at=june(8, 11))).reaction.stopped_at == june(8, 11)
        assert RULES.of(case(started_at=june(8, 9), fixed_at=june(8, 11))).reaction.stopped_at == june(8, 9)

    def test_at_the_deadline_it_is_in_time_and_after_it_late_also_outside_business_hours(self) -> None:
        now = RULES.moment(case(), june(12))
        assert RULES.of(case(started_at=june(8, 16))).reaction.met(now)
        late = RULES.of(case(started_at=june(8, 20))).reaction
        assert (late.breached(now), late.met(now), late.left(now)) == (True, False, timedelta())

    def test_read_before_it_stopped_it_has_used_what_had_passed_by_then(self) -> None:
        found = RULES.of(case(started_at=june(9, 12)))
        assert read(found, Clock.REACTION, june(8, 12)) == (4 * HOUR, 4 * HOUR, False)
        assert read(found, Clock.REACTION, june(5)) == (timedelta(), 8 * HOUR, False)


class TestCorrection:
    @pytest.mark.contract("correction-time")
    @pytest.mark.parametrize("said", [{"workaround_at": june(9, 12)}, {"fixed_at": june(9, 12)}])
    def test_a_temporary_fix_ends_it_as_a_permanent_one_does(self, said: dict[str, datetime]) -> None:
        found = RULES.of(case(**said))
        assert (found.workaround.stopped_at, found.fix.stopped_at) == (june(9, 12), june(9, 12))
        assert read(found, Clock.WORKAROUND, june(30)) == (12 * HOUR, 12 * HOUR, False)
        assert not found.fix.breached(RULES.moment(case(), june(30)))

    @pytest.mark.contract("correction-time")
    def test_where_there_can_be_no_workaround_the_fixs_deadline_holds(self) -> None:
        found = RULES.of(case(impossible_since=june(9)))
        assert (found.workaround.deadline, found.correction.deadline) == (None, june(19, 16))
        assert not found.workaround.breached(RULES.moment(case(), june(11)))
        assert RULES.of(case()).correction.deadline == june(10, 16)
        assert RULES.of(case(customer_class="user")).correction.deadline == june(19, 16)
        assert RULES.of(case("B", impossible_since=june(9))).correction.note == "next release"

    @pytest.mark.contract("correction-time")
    def test_a_workaround_that_was_overdue_by_then_stays_missed(self) -> None:
        found = RULES.of(case(impossible_since=june(11, 12)))
        assert found.workaround.missed == Missed("A", june(10, 16), 28 * HOUR, 24 * HOUR)
        assert found.workaround.breached(RULES.moment(case(), june(11, 12)))


class TestANewLevel:
    @pytest.mark.contract("levels")
    def test_it_computes_anew_from_the_report(self) -> None:
        found = RULES.of(relevelled(case("C"), "A", june(9)))
        assert found.reaction.deadline == june(8, 16)
        assert found.reaction.breached(RULES.moment(case(), june(9)))

    @pytest.mark.contract("levels")
    def test_what_was_missed_stays_missed(self) -> None:
        found = RULES.of(relevelled(case("A"), "B", june(9, 10)))
        now = RULES.moment(case(), june(9, 12))
        assert found.reaction.deadline == june(9, 16)
        assert (found.reaction.overdue(now), found.reaction.breached(now)) == (False, True)
        assert found.reaction.missed == Missed("A", june(8, 16), 10 * HOUR, 8 * HOUR)
        assert found.reaction.overrun(now) == Overrun("A", 10 * HOUR, 8 * HOUR)

    def test_it_is_not_missed_where_the_clock_stopped_or_the_level_went_in_time(self) -> None:
        started = RULES.of(relevelled(case("A", started_at=june(8, 15)), "B", june(9, 10)))
        in_time = RULES.of(relevelled(case("A"), "B", june(8, 16)))
        assert (started.reaction.missed, in_time.reaction.missed) == (None, None)

    def test_late_work_before_the_new_level_was_late(self) -> None:
        found = RULES.of(relevelled(case("A", started_at=june(9, 9)), "C", june(9, 10)))
        assert found.reaction.missed == Missed("A", june(8, 16), 9 * HOUR, 8 * HOUR)


@pytest.mark.contract("no-requirements")
@pytest.mark.parametrize(
    "said", [{"cause": Cause.CUSTOMER}, {"cause": Cause.OPERATING_ENVIRONMENT}, {"withdrawn": True}]
)
def test_an_exempt_case_has_no_targets_and_missed_none(said: dict[str, Any]) -> None:
    found = RULES.of(relevelled(case("A", **said), "B", june(12)))
    assert [(each.deadline, each.note, each.missed) for each in found] == [(None, None, None)] * 3
    assert not any(each.breached(RULES.moment(case(), june(30))) for each in found)


def test_an_overrun_is_measured_up_to_where_the_clock_stopped() -> None:
    found = RULES.of(case(started_at=june(9, 12)))
    assert found.reaction.overrun(RULES.moment(case(), june(30))) == Overrun("A", 12 * HOUR, 8 * HOUR)
    assert found.reaction.overrun(RULES.moment(case(), june(8, 12))) is None


def test_the_policy_in_force_at_the_report_judges_the_case() -> None:
    quick = Targets(Target(Promise.WITHIN, time=HOUR), Target(Promise.NEXT_BUSINESS_DAY))
    later = Policy(
        business=BusinessHours(start_minute=9 * 60),
        support=Support(levels=(Level("A", "critical", (("partner", quick),)),)),
    )
    rules = SupportRules(PolicyTimeline(((june(1), Policy()), (june(9), later))), CALENDARS)
    assert rules.of(case(reported_at=june(8))).reaction.deadline == june(8, 16)
    found = rules.of(case(reported_at=june(9)))
    assert [each.deadline for each in found] == [june(9, 10), june(10, 16), None]
    assert found.workaround.target == 14 * HOUR


def test_where_no_business_hours_come_nothing_is_due() -> None:
    rules = SupportRules(RULES.policies, BusinessCalendars(lambda country, day: True))
    found = rules.of(case())
    assert [each.deadline for each in found] == [None] * 3
    assert found.reaction.start == june(8)


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from("ABC"),
    st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    st.integers(0, 60 * 24 * 30),
)
def test_used_and_left_make_the_target(level: str, reported_at: datetime, minutes: int) -> None:
    found, now = RULES.of(case(level, reported_at=reported_at)), reported_at + timedelta(minutes=minutes)
    moment = RULES.moment(case(), now)
    for each in found:
        assert (each.target is None) == (each.deadline is None)
        if each.target is not None:
            assert each.used(moment) + each.left(moment) == each.target
            assert each.overdue(moment) or each.left(moment) >= timedelta()


def test_impossible_is_since_the_change_that_first_said_so() -> None:
    def said(before: Case | None, at: datetime, **change: Any) -> Case:
        return changed(before, CaseChange("case-1", at, "kari", "", change))

    opened = said(None, june(8), service="s", reported_at="2026-06-08T06:00:00Z", customer_class="partner", level="A")
    once = said(opened, june(9), workaround_impossible=True)
    twice = said(once, june(10), workaround_impossible=True)
    assert (opened.impossible_since, once.impossible_since, twice.impossible_since) == (None, june(9), june(9))
    assert said(twice, june(11), workaround_impossible=False).impossible_since is None
    assert twice.workaround_impossible
