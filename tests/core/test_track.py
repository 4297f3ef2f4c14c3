"""The short cut that makes long replays quick is the same as a step for each result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sesam_slo.core.model import Outcome, Result
from sesam_slo.core.outage import EndpointState, Rules, step
from sesam_slo.replay import Track

START = datetime(2026, 6, 10, tzinfo=UTC)
RULES = Rules(timedelta(seconds=4), timedelta(seconds=20), timedelta(seconds=10))


@given(st.lists(st.tuples(st.sampled_from([1, 1, 2, 2, 4, 5, 14, 15]), st.sampled_from(Outcome)), max_size=60))
def test_a_track_ends_where_single_steps_end(moves: list[tuple[int, Outcome]]) -> None:
    state = EndpointState("svc", "api", START)
    track, at, runs, silences = Track(state, RULES), START, [], []
    for seconds, outcome in moves:
        at += timedelta(seconds=seconds)
        track.observe(at, outcome)
        taken = step(state, Result(at, outcome), RULES)
        state = taken.state
        runs += [taken.run] if taken.run else []
        silences += [taken.silence] if taken.silence else []
    assert (track.state, track.runs, track.silences) == (state, runs, silences)
