"""Windows of the account, sets of intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_slo.core.intervals import Interval, intersect, normalize, subtract, total, union
from sesam_slo.core.local_time import offsets
from sesam_slo.core.windows import earliest, spans

OSLO = ZoneInfo("Europe/Oslo")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=OSLO).astimezone(UTC)


class TestWindows:
    @pytest.mark.contract("availability")
    @pytest.mark.parametrize(
        ("now", "name", "start", "end"),
        [
            (local(2026, 3, 31, 23, 59), "month", local(2026, 3, 1), local(2026, 4, 1)),
            (local(2026, 4, 1, 0, 0), "month", local(2026, 4, 1), local(2026, 5, 1)),
            (local(2026, 4, 1, 0, 0), "previous_month", local(2026, 3, 1), local(2026, 4, 1)),
            (local(2026, 1, 5), "previous_month", local(2025, 12, 1), local(2026, 1, 1)),
            (local(2026, 5, 5), "quarter", local(2026, 4, 1), local(2026, 7, 1)),
            (local(2026, 12, 31, 12), "quarter", local(2026, 10, 1), local(2027, 1, 1)),
            (local(2028, 2, 29, 12), "year", local(2028, 1, 1), local(2029, 1, 1)),
        ],
    )
    def test_calendar_windows_are_of_the_policys_zone(
        self, now: datetime, name: str, start: datetime, end: datetime
    ) -> None:
        assert spans(now, OSLO, LONG_AGO)[name].whole == (start, end)

    def test_march_is_an_hour_short_and_october_an_hour_long(self) -> None:
        march = spans(local(2026, 4, 2), OSLO, LONG_AGO)["previous_month"].whole
        october = spans(local(2026, 11, 2), OSLO, LONG_AGO)["previous_month"].whole
        assert march.duration == timedelta(days=31) - timedelta(hours=1)
        assert october.duration == timedelta(days=31) + timedelta(hours=1)

    def test_all_are_cut_where_the_account_begins_and_left_out_before_it(self) -> None:
        now = local(2026, 6, 15)
        found = spans(now, OSLO, since=local(2026, 6, 10))
        assert "previous_month" not in found
        assert found["24h"].elapsed == (now - timedelta(hours=24), now)
        assert found["30d"].elapsed == (local(2026, 6, 10), now)
        assert found["month"].whole == (local(2026, 6, 10), local(2026, 7, 1))

    def test_history_reaches_back_as_far_as_any_window(self) -> None:
        assert earliest(local(2026, 11, 22), OSLO) == local(2026, 1, 1)
        assert earliest(local(2026, 1, 2), OSLO) == local(2026, 1, 2) - timedelta(days=90)


SECONDS = st.integers(0, 60)
SETS = st.lists(st.tuples(SECONDS, SECONDS), max_size=8).map(
    lambda pairs: normalize((EPOCH + timedelta(seconds=a), EPOCH + timedelta(seconds=b)) for a, b in pairs)
)


def seconds_of(intervals: tuple[Interval, ...]) -> set[int]:
    return {
        second
        for start, end in intervals
        for second in range(int((start - EPOCH).total_seconds()), int((end - EPOCH).total_seconds()))
    }


@given(SETS, SETS)
def test_interval_sets_are_the_sets_of_their_seconds(a: tuple, b: tuple) -> None:
    assert seconds_of(union(a, b)) == seconds_of(a) | seconds_of(b)
    assert seconds_of(intersect(a, b)) == seconds_of(a) & seconds_of(b)
    assert seconds_of(subtract(a, b)) == seconds_of(a) - seconds_of(b)
    assert total(a).total_seconds() == len(seconds_of(a))
    for made in (union(a, b), intersect(a, b), subtract(a, b)):
        assert normalize(made) == made


class TestLocalTime:
    @pytest.mark.parametrize(
        "zone", ["Europe/Oslo", "Africa/Casablanca", "Australia/Lord_Howe", "UTC", "America/St_Johns"]
    )
    @given(at=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
    def test_the_latest_offset_that_has_begun_is_the_zones_own(self, zone: str, at: datetime) -> None:
        found = [each for each in offsets(ZoneInfo(zone), datetime(2025, 1, 1, tzinfo=UTC), at) if each.since <= at]
        local = at.astimezone(ZoneInfo(zone))
        assert (found[-1].ahead, found[-1].abbreviation) == (local.utcoffset(), local.tzname())

    def test_they_begin_at_the_second_at_which_the_clocks_are_changed(self) -> None:
        year = offsets(OSLO, datetime(2026, 1, 1, 0, 0, 0, 123, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        assert [(each.since, each.abbreviation) for each in year][1:] == [
            (datetime(2026, 3, 29, 1, tzinfo=UTC), "CEST"),
            (datetime(2026, 10, 25, 1, tzinfo=UTC), "CET"),
        ]
