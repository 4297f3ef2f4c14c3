"""Announced maintenance over time: what a change of the file adds is an announcement of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sesam_slo.core.intervals import Interval
from sesam_slo.core.maintenance import Maintenance, back_dated, reconcile
from sesam_slo.core.model import AnnouncedWindow, Policy
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.roster import with_windows

HOUR = timedelta(hours=1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = NOW + 100 * HOUR
WINDOW = AnnouncedWindow("upgrade", START, START + 2 * HOUR, NOW - HOUR)
ALWAYS = Interval(NOW - 1000 * HOUR, NOW + 1000 * HOUR)


def after(*steps: tuple[datetime, tuple[AnnouncedWindow, ...]]) -> tuple[AnnouncedWindow, ...]:
    """The windows on record after the file said so at each of these instants."""
    known: tuple[AnnouncedWindow, ...] = ()
    for at, wanted in steps:
        known = with_windows(known, reconcile(known, wanted, at))
    return known


def counting(windows: tuple[AnnouncedWindow, ...], service: str = "svc") -> list[tuple[float, float]]:
    """The maintenance that counts, in hours after the window's first start."""
    maintenance = Maintenance(PolicyTimeline.always(Policy(recurring=())), windows)
    return [((a - START) / HOUR, (b - START) / HOUR) for a, b in maintenance.intervals(service, ALWAYS)]


def test_a_window_is_recorded_once_however_often_the_file_is_loaded() -> None:
    known = after((NOW, (WINDOW,)), (NOW + HOUR, (WINDOW,)), (NOW + 90 * HOUR, (WINDOW,)))
    assert known == (replace(WINDOW, recorded_at=NOW),)
    assert counting(known) == [(0, 2)]


@pytest.mark.contract("notice")
@pytest.mark.parametrize(
    ("notice", "counted"),
    [(timedelta(hours=48), [(0, 2)]), (timedelta(hours=48) - timedelta(seconds=1), [])],
)
def test_the_48_hours_are_judged_to_the_second(notice: timedelta, counted: list) -> None:
    assert counting(after((NOW, (replace(WINDOW, announced_at=START - notice),)))) == counted


@pytest.mark.contract("notice")
def test_moving_the_end_later_announces_the_added_time_at_that_moment() -> None:
    longer = replace(WINDOW, end=START + 4 * HOUR)
    in_time = after((NOW, (WINDOW,)), (START - 46 * HOUR, (longer,)))  # 48 hours to the added piece, which starts at +2
    assert counting(in_time) == [(0, 4)]
    too_late = after((NOW, (WINDOW,)), (START - 46 * HOUR + timedelta(seconds=1), (longer,)))
    assert counting(too_late) == [(0, 2)]


@pytest.mark.contract("notice")
def test_moving_the_start_earlier_announces_the_added_time_at_that_moment() -> None:
    earlier = replace(WINDOW, start=START - 3 * HOUR)
    assert counting(after((NOW, (WINDOW,)), (START - 51 * HOUR, (earlier,)))) == [(-3, 2)]
    assert counting(after((NOW, (WINDOW,)), (START - 50 * HOUR, (earlier,)))) == [(0, 2)]


@pytest.mark.contract("notice")
def test_a_claim_of_its_own_dates_the_added_time_and_is_marked_when_it_is_older_than_its_record() -> None:
    longer = replace(WINDOW, end=START + 4 * HOUR, announced_at=START - 60 * HOUR)
    known = after((NOW, (WINDOW,)), (START - HOUR, (longer,)))
    assert counting(known) == [(0, 4)]
    added = next(each for each in known if each.end == START + 4 * HOUR)
    assert back_dated(added)
    assert not back_dated(replace(added, recorded_at=added.announced_at + timedelta(minutes=5)))


@pytest.mark.contract("notice")
def test_adding_a_service_announces_all_of_the_window_for_it() -> None:
    one, two = frozenset({"svc"}), frozenset({"svc", "other"})
    known = after((NOW, (replace(WINDOW, services=one),)), (START - HOUR, (replace(WINDOW, services=two),)))
    assert counting(known) == [(0, 2)]
    assert counting(known, "other") == []
    everyone = after((NOW, (replace(WINDOW, services=one),)), (START - 50 * HOUR, (WINDOW,)))
    assert counting(everyone, "other") == [(0, 2)]


def test_taking_a_service_away_leaves_the_others() -> None:
    known = after((NOW, (WINDOW,)), (NOW + HOUR, (replace(WINDOW, services=frozenset({"svc"})),)))
    assert counting(known) == [(0, 2)]
    assert counting(known, "other") == []


@pytest.mark.contract("notice")
def test_shortening_keeps_the_announcement_of_what_stays() -> None:
    shorter = replace(WINDOW, start=START + HOUR)
    assert counting(after((NOW, (WINDOW,)), (START - HOUR, (shorter,)))) == [(1, 2)]


def test_a_withdrawn_window_keeps_what_had_passed() -> None:
    assert counting(after((NOW, (WINDOW,)), (START - HOUR, ()))) == []
    assert counting(after((NOW, (WINDOW,)), (START + HOUR, ()))) == [(0, 1)]
    assert counting(after((NOW, (WINDOW,)), (START + 5 * HOUR, ()))) == [(0, 2)]


@pytest.mark.contract("notice")
def test_a_window_moved_after_the_fact_does_not_rewrite_the_past() -> None:
    later = replace(WINDOW, start=START + 50 * HOUR, end=START + 52 * HOUR)
    assert counting(after((NOW, (WINDOW,)), (START + HOUR, (later,)))) == [(0, 1), (50, 52)]


def test_a_window_that_is_withdrawn_and_announced_again_is_announced_anew() -> None:
    again = replace(WINDOW, announced_at=START - 10 * HOUR)
    assert counting(after((NOW, (WINDOW,)), (NOW + HOUR, ()), (START - 10 * HOUR, (again,)))) == []


@pytest.mark.contract("notice")
def test_short_notice_shows_from_the_record_to_the_end() -> None:
    short = replace(WINDOW, announced_at=START - 10 * HOUR)
    maintenance = Maintenance(PolicyTimeline.always(Policy(recurring=())), after((START - 10 * HOUR, (short,))))
    shown = [bool(maintenance.short_notice("svc", START + hours * HOUR)) for hours in (-11, -10, 0, 1.9, 2)]
    assert shown == [False, True, True, True, False]


@pytest.mark.contract("notice")
def test_a_start_that_is_moved_within_what_has_passed_makes_nothing_of_it_count() -> None:
    short = replace(WINDOW, announced_at=START - timedelta(hours=47, minutes=45))
    moved = replace(short, start=START + timedelta(minutes=30))
    known = after((START - 47 * HOUR, (short,)), (START + HOUR, (moved,)))
    assert counting(known) == []


@pytest.mark.contract("notice")
def test_a_start_that_is_moved_to_this_very_instant_is_judged_as_any_later_one() -> None:
    short = replace(WINDOW, announced_at=START - timedelta(hours=47, minutes=45))
    known = after((START - 47 * HOUR, (short,)), (START + HOUR, (replace(short, start=START + HOUR),)))
    assert counting(known) == [(1, 2)]


@pytest.mark.contract("notice")
def test_a_service_that_is_added_with_a_later_end_is_judged_by_the_whole_window() -> None:
    window = replace(WINDOW, services=frozenset({"svc"}))
    both = replace(window, services=frozenset({"svc", "other"}), end=START + 4 * HOUR)
    known = after((NOW, (window,)), (START - 47 * HOUR, (both,)))
    assert counting(known) == [(0, 4)]
    assert counting(known, "other") == []
