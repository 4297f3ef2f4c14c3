"""The live way to the account equals the replayed one: whatever is in flight, whenever it is advanced, also over restarts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_slo.core.account import account, facts
from sesam_slo.core.checkpoint import checkpoint, restore
from sesam_slo.core.history import Changes
from sesam_slo.core.intervals import Interval, clip, intersect, normalize, subtract, total, union
from sesam_slo.core.maintenance import Maintenance
from sesam_slo.core.model import Outcome, Policy, Reason, RecurringWindow, Result
from sesam_slo.core.outage import Rules
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.service import advance, begin, observe

START = datetime(2026, 6, 10, 20, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ENDPOINTS = ("api", "ui")
POLICY = Policy(
    downtime_after=20 * SECOND,
    bridge_at_most=10 * SECOND,
    recurring=(RecurringWindow("evening", 22 * 60 + 2, 22 * 60 + 4),),  # 20:02-20:04 UTC
)
MAINTENANCE = Maintenance(PolicyTimeline.always(POLICY))
RULES = Rules(4 * SECOND, POLICY.downtime_after, POLICY.bridge_at_most)


@st.composite
def endpoint_history(draw: st.DrawFn) -> list[tuple[int, int, Outcome]]:
    """Probes of one endpoint: (start, seconds until the result is known, outcome), in runs of one outcome."""
    at, found = draw(st.integers(0, 5)), []
    for _ in range(draw(st.integers(1, 8))):
        outcome = draw(st.sampled_from(Outcome))
        for _ in range(draw(st.integers(1, 20))):
            taken = draw(st.integers(0, 2))
            found.append((at, taken, outcome))
            at += max(taken, 1) + draw(st.sampled_from([0, 1, 1, 1, 1, 3, 8, 9, 10, 11, 14]))
    return found


@pytest.mark.contract("ten-minutes")
@given(
    histories=st.tuples(endpoint_history(), endpoint_history()),
    beats=st.sets(st.integers(0, 500), max_size=60),
    restarts=st.sets(st.integers(0, 500), max_size=10),
)
@settings(max_examples=200, deadline=None)
def test_the_live_account_equals_the_replayed_one(histories, beats, restarts) -> None:
    state, said = begin("svc", ENDPOINTS, START), Changes()
    known = sorted(
        (start + taken, start, endpoint, outcome)
        for endpoint, history in zip(ENDPOINTS, histories, strict=True)
        for start, taken, outcome in history
    )
    end = max(known)[0] + 60
    before = state.counters
    for now in range(end + 1):
        for _, start, endpoint, outcome in (each for each in known if each[0] == now):
            taken = observe(state, endpoint, Result(START + start * SECOND, outcome, Reason.TIMEOUT), RULES)
            state, said = taken.state, said.then(taken.changes)
        if now in beats or now == end:
            horizons = {
                endpoint: START
                + SECOND * min([start for start, taken, _ in history if start <= now < start + taken], default=now)
                for endpoint, history in zip(ENDPOINTS, histories, strict=True)
            }
            moved = advance(state, horizons, MAINTENANCE)
            state, said = moved.state, said.then(moved.changes)
            for name in ("agreed", "unobserved", "failing", "unplanned", "planned", "excluded"):
                assert getattr(state.counters, name) >= getattr(before, name), f"{name} fell"
            before = state.counters
        if now in restarts:
            state = restore(replace(point := checkpoint(state, START), document=json.loads(json.dumps(point.document))))

    horizon = START + end * SECOND
    window = Interval(START, horizon)
    whole = facts("svc", said.runs, said.silences, state.endpoints.values(), dict.fromkeys(ENDPOINTS, horizon))
    expected = account(whole, window, MAINTENANCE)
    agreed_time = subtract((window,), MAINTENANCE.intervals("svc", window))
    assert state.counters.agreed == expected.agreed
    assert state.counters.unplanned == expected.unplanned
    assert state.counters.planned == expected.planned
    seen_failing = union(*(subtract(each.runs.pieces, each.silences.pieces) for each in whole.endpoints.values()))
    assert state.counters.failing == total(intersect(clip(seen_failing, window), agreed_time))
    assert state.unobserved_until == horizon or not state.settled
    decided = account(whole, Interval(START, state.unobserved_until), MAINTENANCE)
    assert state.counters.unobserved == decided.unobserved

    log = {event.id: event for event in said.events if event.merged_into is None}
    assert sorted((event.start, event.end, event.endpoints) for event in log.values()) == [
        (piece.start, piece.end, piece.endpoints) for piece in whole.downtimes
    ]
    assert normalize((event.start, event.end or horizon) for event in log.values()) == normalize(
        (piece.start, piece.end or horizon) for piece in whole.downtimes
    )


def test_a_failure_under_way_at_the_end_of_a_downtime_does_not_end_the_event_only_to_begin_it_again() -> None:
    state, said = begin("svc", ENDPOINTS, START), Changes()

    def see(endpoint: str, second: float, outcome: Outcome) -> None:
        nonlocal state, said
        taken = observe(state, endpoint, Result(START + second * SECOND, outcome), RULES)
        state, said = taken.state, said.then(taken.changes)

    def look(**until: float) -> None:
        nonlocal state, said
        moved = advance(state, {name: START + second * SECOND for name, second in until.items()}, MAINTENANCE)
        state, said = moved.state, said.then(moved.changes)

    for second in range(0, 31, 2):
        see("api", second, Outcome.FAILURE if 4 <= second < 30 else Outcome.SUCCESS)
        if second < 28:
            see("ui", second, Outcome.SUCCESS)
    see("ui", 28, Outcome.SUCCESS)
    look(api=31, ui=29.5)  # ui's probe of 29.5 is still under way, api has recovered at 30
    assert state.ongoing() is not None
    for second in range(30, 56, 2):
        see("ui", second - 0.5, Outcome.FAILURE)
        see("api", second + 1, Outcome.SUCCESS)
    look(api=56, ui=55)
    (event,) = said.events
    assert (event.start, event.end, event.endpoints) == (START + 4 * SECOND, None, ("api", "ui"))
