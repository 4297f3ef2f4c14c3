"""Slots: stable, spread, never twice, never in a burst."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_slo.monitor.schedule import Key, Schedule, offset_share

KEY: Key = ("datahub-prod", "api")
keys = st.tuples(st.text(max_size=8), st.text(max_size=8))
intervals = st.floats(0.5, 3600)
instants = st.floats(0, 1e7)


def planned(schedule: Schedule, start: float, end: float, step: float = 0.25) -> list[tuple[Key, float]]:
    """What is due when somebody looks every `step` seconds."""
    found: list[tuple[Key, float]] = []
    for number in range(math.ceil((end - start) / step) + 1):
        found += [(due.key, due.planned) for due in schedule.pop_due(start + number * step)]
    return found


def test_the_offset_is_the_same_in_every_process() -> None:
    assert offset_share(KEY) == pytest.approx(0.64992738, abs=1e-8)


def test_2000_endpoints_are_spread_over_the_interval() -> None:
    seconds = [0] * 30
    for number in range(2000):
        seconds[int(offset_share((f"service-{number}", "api")) * 30)] += 1
    assert max(seconds) < 2 * 2000 / 30
    assert min(seconds) > 0.4 * 2000 / 30


@given(keys, intervals, instants)
def test_slots_are_one_interval_apart(key: Key, interval: float, now: float) -> None:
    schedule = Schedule()
    schedule.add(key, interval, now)
    slots = []
    for _ in range(5):
        wait = schedule.seconds_to_next(now)
        assert wait is not None
        assert wait <= interval * (1 + 1e-6)
        now += wait * (1 + 1e-12) + 1e-9
        slots += [due.planned for due in schedule.pop_due(now)]
        assert schedule.pop_due(now) == []
    assert [b - a for a, b in itertools.pairwise(slots)] == pytest.approx([interval] * 4, rel=1e-6)


def test_coming_and_going_moves_nobody() -> None:
    alone, crowded = Schedule(), Schedule()
    alone.add(KEY, 30, 1000)
    crowded.add(KEY, 30, 1000)
    for number in range(50):
        crowded.add((f"other-{number}", "api"), 30, 1000)
    found = planned(crowded, 1000, 1045)
    for number in range(50):
        crowded.remove((f"other-{number}", "api"))
    crowded.add(KEY, 30, 1045)  # a reload adds what is there already
    found += planned(crowded, 1045, 1300)
    assert [each for each in found if each[0] == KEY] == planned(alone, 1000, 1300)


def test_a_restart_keeps_the_slots() -> None:
    first, second = Schedule(), Schedule()
    first.add(KEY, 30, 1000)
    second.add(KEY, 30, 1100)
    assert [each for each in planned(first, 1000, 1200) if each[1] >= 1100] == planned(second, 1100, 1200)


def test_a_new_interval_replaces_the_old_slots() -> None:
    schedule = Schedule()
    schedule.add(KEY, 30, 1000)
    schedule.add(KEY, 10, 1000)
    assert len(planned(schedule, 1000, 1029.9)) == 3
    assert len(schedule) == 1


def test_an_endpoint_under_way_waits_for_its_next_slot() -> None:
    schedule = Schedule()
    schedule.add(KEY, 30, 1000)
    slot = 1000 + (schedule.seconds_to_next(1000) or 0)
    assert schedule.pop_due(slot, busy={KEY}) == []
    assert schedule.skipped_total == 1
    assert schedule.pop_due(slot + 29) == []
    [due] = schedule.pop_due(slot + 30)
    assert (due.key, due.planned, due.missed) == (KEY, pytest.approx(slot + 30), 1)


@given(st.floats(31, 1e6), instants)
def test_after_a_pause_everybody_resumes_in_his_own_slot(pause: float, now: float) -> None:
    schedule = Schedule()
    everybody = [(f"service-{number}", "api") for number in range(100)]
    for key in everybody:
        schedule.add(key, 30, now)
    planned(schedule, now, now + 30)
    after = now + 30 + pause
    burst = schedule.pop_due(after)
    assert len(burst) <= 30  # those whose slot was within the last 3 s: some 10
    assert len({due.key for due in burst}) == len(burst)
    found = planned(schedule, after, after + 30)
    assert {key for key, _ in found} | {due.key for due in burst} == set(everybody)


def test_being_a_little_late_loses_no_slot() -> None:
    schedule = Schedule()
    schedule.add(KEY, 30, 1000)
    slot = 1000 + (schedule.seconds_to_next(1000) or 0)
    [due] = schedule.pop_due(slot + 2)
    assert (due.planned, due.missed) == (pytest.approx(slot), 0)


def test_what_is_removed_is_not_due() -> None:
    schedule = Schedule()
    schedule.add(KEY, 30, 1000)
    schedule.remove(KEY)
    schedule.remove(KEY)
    assert schedule.seconds_to_next(1000) is None
    assert planned(schedule, 1000, 1100) == []
    assert KEY not in schedule


def test_an_interval_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"must be positive: 0$"):
        Schedule().add(KEY, 0, 1000)
