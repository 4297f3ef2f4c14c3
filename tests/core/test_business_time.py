"""Business time: what the contract says, and that it equals a walk from minute to minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_walk import OSLO, counts, is_off, measured, walk

from sesam_slo.core.business_time import NEVER, BusinessCalendar, BusinessCalendars
from sesam_slo.core.deadlines import deadline
from sesam_slo.core.model import BusinessHours, Policy
from sesam_slo.core.support import Clock, Support
from sesam_slo.public_holidays import is_holiday

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALENDAR = BusinessCalendars(is_holiday).of(Policy())


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=OSLO).astimezone(UTC)


HARD = [
    pytest.param(local(2026, 12, 23, 15, 59), id="the day before Christmas Eve, a minute before closing"),
    pytest.param(local(2026, 12, 23, 16), id="the day before Christmas Eve, at closing"),
    pytest.param(local(2026, 4, 1, 12), id="the day before Maundy Thursday"),
    pytest.param(local(2026, 4, 2, 10), id="Maundy Thursday"),
    pytest.param(local(2024, 5, 17, 9), id="17 May on a Friday"),
    pytest.param(local(2030, 5, 16, 15, 30), id="before 17 May on a Friday"),
    pytest.param(local(2027, 5, 14, 16), id="before Whit Monday on 17 May"),
    pytest.param(local(2027, 5, 17, 8), id="Whit Monday on 17 May"),
    pytest.param(local(2026, 3, 27, 15, 17), id="before summer time"),
    pytest.param(local(2026, 3, 29, 2, 30), id="in the hour that the clock skips"),
    pytest.param(local(2026, 10, 23, 12), id="before winter time"),
    pytest.param(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="in the repeated hour, first"),
    pytest.param(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), id="in the repeated hour, second"),
    pytest.param(local(2026, 12, 30, 15, 59), id="a minute before closing on 30 December"),
    pytest.param(local(2025, 12, 31, 10), id="New Year's Eve"),
    pytest.param(local(2028, 2, 29, 8), id="29 February, at opening"),
    pytest.param(local(2026, 6, 8, 7, 59, 59), id="a second before opening"),
    pytest.param(local(2026, 6, 6, 3, 14, 15), id="a Saturday night"),
]

instants = st.datetimes(datetime(2024, 1, 1), datetime(2035, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
durations = st.integers(1, 200 * 3600 * 1000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


class TestTheContract:
    @pytest.mark.contract("business-hours")
    @pytest.mark.parametrize(
        ("start", "hours", "end"),
        [
            (local(2026, 6, 8, 8), 8, local(2026, 6, 8, 16)),  # Monday 08:00: the same day's 16:00, not Tuesday's 08:00
            (local(2026, 6, 8, 15), 8, local(2026, 6, 9, 15)),
            (local(2026, 6, 5, 15), 16, local(2026, 6, 9, 15)),  # over a weekend
            (local(2026, 6, 6, 3), 1, local(2026, 6, 8, 9)),
            (local(2026, 4, 1, 16), 8, local(2026, 4, 7, 16)),  # Maundy Thursday to Easter Monday are off
            (local(2026, 12, 23, 15, 59), 1, local(2026, 12, 28, 8, 59)),  # 24 is off, 25 and 26 are holidays
            (local(2027, 5, 14, 16), 1, local(2027, 5, 18, 9)),  # 17 May is Whit Monday as well
            (local(2026, 10, 23, 12), 8, local(2026, 10, 26, 12)),  # the clock changes on that Sunday
            (local(2026, 12, 30, 15, 59), 8, local(2027, 1, 4, 15, 59)),  # over New Year's Eve and New Year's Day
        ],
    )
    def test_the_deadline_is_the_earliest_instant_by_which_the_time_has_passed(
        self, start: datetime, hours: int, end: datetime
    ) -> None:
        assert CALENDAR.after(start, hours * HOUR) == end

    @pytest.mark.contract("business-hours", "reaction-time")
    @pytest.mark.parametrize(
        ("at", "opens"),
        [
            (local(2026, 6, 8, 8), local(2026, 6, 8, 8)),
            (local(2026, 6, 8, 15, 59, 59), local(2026, 6, 8, 15, 59, 59)),
            (local(2026, 6, 8, 16), local(2026, 6, 9, 8)),
            (local(2026, 6, 8, 7), local(2026, 6, 8, 8)),
            (local(2026, 6, 5, 23), local(2026, 6, 8, 8)),
            (local(2026, 12, 30, 16), local(2027, 1, 4, 8)),
        ],
    )
    def test_no_time_at_all_passes_at_the_next_business_instant(self, at: datetime, opens: datetime) -> None:
        assert CALENDAR.opening(at) == CALENDAR.after(at, timedelta()) == opens

    @pytest.mark.parametrize(
        ("at", "end"),
        [
            (local(2026, 6, 8, 10), local(2026, 6, 9, 16)),
            (local(2026, 6, 8, 3), local(2026, 6, 9, 16)),  # the day of the report is not the next one
            (local(2026, 6, 5, 10), local(2026, 6, 8, 16)),
            (local(2026, 6, 6, 10), local(2026, 6, 8, 16)),
            (local(2026, 12, 30, 10), local(2027, 1, 4, 16)),
        ],
    )
    def test_the_next_business_day_ends_at_its_closing(self, at: datetime, end: datetime) -> None:
        assert CALENDAR.end_of_next_day(at) == end

    def test_a_day_off_of_the_policy_counts_like_a_holiday(self) -> None:
        hours = BusinessHours(extra_dates=(date(2026, 6, 8),))
        calendar = BusinessCalendar(hours, OSLO, lambda day: False)
        assert calendar.after(local(2026, 6, 8, 8), HOUR) == local(2026, 6, 9, 9)


class TestAsAWalk:
    TARGETS = sorted(
        {(level.name, name, clock) for level in Support().levels for name, _ in level.targets for clock in Clock}
    )

    def check(self, at: datetime) -> None:
        hours = {"A": {"partner": (8, 24, 80), "user": (None, None, 80)}, "B": dict.fromkeys(("partner", "user"))}
        hours["B"] = {"partner": (16, 80, None), "user": (None, 80, None)}
        hours["C"] = {"partner": (None, None, None), "user": (None, None, None)}
        walked = dict(zip((8, 16, 24, 80), walk(at, [8 * HOUR, 16 * HOUR, 24 * HOUR, 80 * HOUR]), strict=True))
        for level, name, clock in self.TARGETS:
            promised = hours[level][name][list(Clock).index(clock)]
            due = deadline(Support().targets(level, name).of(clock), at, CALENDAR)
            assert due == (None if promised is None else walked[promised]), (level, name, clock, at)

    @pytest.mark.contract("business-hours", "reaction-time", "correction-time")
    @pytest.mark.parametrize("at", HARD)
    def test_every_deadline_of_the_contract_is_the_walked_one(self, at: datetime) -> None:
        self.check(at)

    @settings(max_examples=60, deadline=None)
    @given(instants)
    def test_at_any_instant_too(self, at: datetime) -> None:
        self.check(at)

    @settings(max_examples=60, deadline=None)
    @given(instants, st.integers(-1000, 40 * 86400))
    def test_what_is_measured_is_what_is_walked(self, start: datetime, seconds: int) -> None:
        end = start + timedelta(seconds=max(seconds, 0))
        assert CALENDAR.measure(start, end) == measured(start, end)
        assert CALENDAR.measure(end, start) == -measured(start, end)

    def test_the_walks_holidays_are_those_of_the_package(self) -> None:
        days = [date(2024, 1, 1) + number * DAY for number in range(12 * 366)]
        assert [day for day in days if is_off(day)] == [day for day in days if not CALENDAR.is_business_day(day)]


@settings(deadline=None)
@given(instants, durations)
def test_there_and_back(start: datetime, duration: timedelta) -> None:
    end = CALENDAR.after(start, duration)
    assert CALENDAR.measure(start, end) == duration
    assert CALENDAR.measure(start, end - timedelta(microseconds=1)) < duration


@settings(deadline=None)
@given(instants, durations, durations)
def test_two_durations_in_turn_are_their_sum(start: datetime, one: timedelta, two: timedelta) -> None:
    assert CALENDAR.after(CALENDAR.after(start, one), two) == CALENDAR.after(start, one + two)


@settings(deadline=None)
@given(instants, instants, instants)
def test_time_that_is_split_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    assert CALENDAR.measure(a, b) + CALENDAR.measure(b, c) == CALENDAR.measure(a, c)


class TestOtherHours:
    """A policy may have hours that the clock changes fall into."""

    ROUND_THE_CLOCK = BusinessHours(frozenset(range(7)), 0, 24 * 60, extra_holidays=())

    def calendar(self, hours: BusinessHours) -> BusinessCalendar:
        return BusinessCalendar(hours, OSLO, lambda day: False)

    @settings(deadline=None)
    @given(instants, durations)
    def test_round_the_clock_is_real_time(self, start: datetime, duration: timedelta) -> None:
        calendar = self.calendar(self.ROUND_THE_CLOCK)
        assert calendar.after(start, duration) == start + duration
        assert calendar.measure(start, start + duration) == duration

    def test_hours_that_the_clock_skips_are_none(self) -> None:
        night = self.calendar(BusinessHours(frozenset(range(7)), 2 * 60, 3 * 60, extra_holidays=()))
        assert night.measure(local(2026, 3, 29, 0), local(2026, 3, 30, 0)) == timedelta()
        assert night.after(local(2026, 3, 28, 2, 30), HOUR) == local(2026, 3, 30, 2, 30)
        half = self.calendar(BusinessHours(frozenset(range(7)), 60, 4 * 60, extra_holidays=()))
        assert half.measure(local(2026, 3, 29, 0), local(2026, 3, 30, 0)) == 2 * HOUR

    def test_hours_that_come_twice_are_twice_as_long(self) -> None:
        night = self.calendar(BusinessHours(frozenset(range(7)), 2 * 60, 3 * 60, extra_holidays=()))
        assert night.measure(local(2026, 10, 25, 0), local(2026, 10, 26, 0)) == 2 * HOUR
        # One interval: it begins with the first 02:30 and ends with the second one, as maintenance does.
        odd = self.calendar(BusinessHours(frozenset(range(7)), 60, 150, extra_holidays=()))
        assert odd.measure(local(2026, 10, 25, 0), local(2026, 10, 26, 0)) == 2.5 * HOUR

    def test_another_zone_has_its_own_days(self) -> None:
        calendar = BusinessCalendar(BusinessHours(), ZoneInfo("Pacific/Auckland"), lambda day: False)
        sunday_in_oslo = datetime(2026, 6, 7, 21, tzinfo=UTC)  # Monday 09:00 in Auckland
        assert calendar.opening(sunday_in_oslo) == sunday_in_oslo

    def test_without_any_business_day_nothing_is_ever_due(self) -> None:
        calendar = BusinessCalendar(BusinessHours(), OSLO, lambda day: True)
        assert calendar.after(local(2026, 1, 1), HOUR) == calendar.opening(local(2026, 1, 1)) == NEVER
        assert calendar.end_of_next_day(local(2026, 1, 1)) == NEVER
        assert calendar.measure(local(2026, 1, 1), local(2030, 1, 1)) == timedelta()


def test_years_apart_are_looked_up_not_walked() -> None:
    asked: list[date] = []

    def is_public_holiday(day: date) -> bool:
        asked.append(day)
        return False

    calendar = BusinessCalendar(BusinessHours(), OSLO, is_public_holiday)
    first, last = local(2024, 1, 1, 12), local(2035, 6, 1, 12)
    calendar.measure(first, last)
    asked.clear()
    assert calendar.measure(first, last) > timedelta()
    assert asked == []


def test_the_model_knows_business_time_by_sight() -> None:
    assert counts(local(2026, 6, 8, 8))
    assert not counts(local(2026, 6, 8, 16))
    assert not counts(local(2026, 5, 25, 12))  # Whit Monday
