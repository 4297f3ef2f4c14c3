"""Results of one endpoint -> failing runs and silences.

One pure step per result. What it emits is final: a closed run, a closed silence. What is still open stands in the state, and
how far it reaches is asked for a *horizon*: the instant up to which the endpoint's results are complete. Bridged time needs no
mark of its own: a silence that lies inside a run was bridged, any other was not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .history import Run, Silence
from .intervals import Interval
from .model import Endpoint, Outcome, Policy, Result


class OutOfOrderError(ValueError):
    """A result that is not later than the one before it."""

    def __init__(self, at: datetime, last_at: datetime) -> None:
        super().__init__(f"result at {at.isoformat()} is not later than the one before it, at {last_at.isoformat()}")
        self.at, self.last_at = at, last_at


@dataclass(frozen=True, slots=True)
class Rules:
    """What judges a result and a run that begins with it: the policy and interval in force at that instant."""

    hold: timedelta
    downtime_after: timedelta
    bridge_at_most: timedelta

    @classmethod
    def of(cls, endpoint: Endpoint, policy: Policy) -> Rules:
        return cls(endpoint.hold, policy.downtime_after, policy.bridge_at_most)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A failing run whose end is not known, with the rules in force when it began."""

    start: datetime
    downtime_after: timedelta
    bridge_at_most: timedelta
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EndpointState:
    """Where the detection of one endpoint stands.

    `held_until` ends the time that results have spoken for; before any result it is where the endpoint's account begins.
    """

    service: str
    endpoint: str
    held_until: datetime
    last_at: datetime | None = None
    run: OpenRun | None = None

    def failing_until(self, horizon: datetime) -> datetime:
        """Up to where the open run was seen to go on: while nothing is observed it does not grow."""
        return min(self.held_until, horizon)

    def silence(self, horizon: datetime) -> Interval | None:
        """The silence that goes on at `horizon`."""
        return Interval(self.held_until, horizon) if self.held_until < horizon else None

    def is_downtime(self, horizon: datetime) -> bool:
        """Whether the open run has lasted long enough, as far as it was seen."""
        run = self.run
        return run is not None and self.failing_until(horizon) - run.start >= run.downtime_after

    def may_grow(self, horizon: datetime) -> bool:
        """Whether a later failure could still belong to the open run: its silence is short enough to be bridged."""
        return self.run is not None and horizon - self.held_until <= self.run.bridge_at_most


@dataclass(frozen=True, slots=True)
class Step:
    state: EndpointState
    run: Run | None = None
    silence: Silence | None = None


def step(state: EndpointState, result: Result, rules: Rules) -> Step:
    """Takes in one result. Raises OutOfOrderError when it is not later than the one before."""
    at = result.at
    if state.last_at is not None and at <= state.last_at:
        raise OutOfOrderError(at, state.last_at)
    if result.outcome is Outcome.UNOBSERVED:
        return Step(replace(state, last_at=at, held_until=min(state.held_until, at)))

    silence = Silence(state.service, state.endpoint, state.held_until, at) if state.held_until < at else None
    run, ended = state.run, None
    if run is not None:
        if result.outcome is Outcome.SUCCESS:
            ended = state.held_until if silence else at
        elif silence and at - silence.start > run.bridge_at_most:
            ended = silence.start
    closed = _close(state, ended) if ended is not None else None
    if result.outcome is Outcome.SUCCESS:
        run = None
    elif run is None or closed is not None:
        run = OpenRun(at, rules.downtime_after, rules.bridge_at_most, result.reason or "")
    return Step(EndpointState(state.service, state.endpoint, at + rules.hold, at, run), closed, silence)


def finish(state: EndpointState, at: datetime) -> Step:
    """Ends the endpoint's account: an open run ends here, or where it was last seen failing."""
    run = _close(state, state.failing_until(at)) if state.run else None
    open_silence = state.silence(at)
    silence = Silence(state.service, state.endpoint, *open_silence) if open_silence else None
    return Step(replace(state, run=None, held_until=at), run, silence)


def _close(state: EndpointState, end: datetime) -> Run:
    assert state.run is not None
    return Run(state.service, state.endpoint, state.run.start, end, state.run.downtime_after, state.run.reason)
