"""Failing runs of a service's endpoints -> downtime: the union, and its connected pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from .history import Run
from .intervals import Interval, Intervals
from .model import Cause
from .outage import EndpointState


@dataclass(frozen=True, slots=True)
class Downtime:
    """One connected piece of a service's downtime: one entry of the log.

    `seen` is how far it is known to reach; `ongoing` means that no end is known, then `end` is None. `excluded` are the parts of
    it that are not the service's own, also where its cause is.
    """

    seen: Interval
    endpoints: tuple[str, ...]
    ongoing: bool
    reasons: tuple[str, ...] = ()
    cause: Cause = Cause.UNKNOWN
    id: str | None = None
    excluded: Intervals = ()

    @property
    def start(self) -> datetime:
        return self.seen.start

    @property
    def end(self) -> datetime | None:
        return None if self.ongoing else self.seen.end


def downtimes(
    runs: Iterable[Run], states: Iterable[EndpointState], horizons: Mapping[str, datetime]
) -> tuple[Downtime, ...]:
    """The downtime of one service, in order of time.

    runs: closed runs, long or short, in any order. states: where its endpoints stand. horizons: per endpoint, the instant up to
    which its results are complete; an open run is judged there, never by the clock.
    """
    states = [state for state in states if state.run is not None]
    pieces = [(run.start, run.end, run.endpoint, run.reason, False) for run in runs if run.is_downtime]
    for state in states:
        horizon = horizons[state.endpoint]
        if state.run is not None and state.is_downtime(horizon):
            pieces.append((state.run.start, state.failing_until(horizon), state.endpoint, state.run.reason, True))
    pieces.sort()

    found: list[Downtime] = []
    group: list[tuple[datetime, datetime, str, str, bool]] = []
    reach: datetime | None = None
    for piece in pieces:
        if reach is not None and piece[0] > reach:
            found.append(_event(group, states, horizons))
            group, reach = [], None
        group.append(piece)
        reach = piece[1] if reach is None else max(reach, piece[1])
    if group:
        found.append(_event(group, states, horizons))
    return tuple(found)


def _event(
    group: list[tuple[datetime, datetime, str, str, bool]],
    states: list[EndpointState],
    horizons: Mapping[str, datetime],
) -> Downtime:
    seen = Interval(group[0][0], max(end for _, end, *_ in group))
    goes_on = any(is_open for *_, is_open in group)
    # An open run that overlaps the event may yet become downtime and lengthen it: until that is settled, no end is known.
    # To touch is enough: what touches would be the same event.
    may_lengthen = any(
        may_still_reach(state, seen, horizons[state.endpoint])
        and state.failing_until(horizons[state.endpoint]) >= seen.start
        for state in states
    )
    return Downtime(
        seen,
        tuple(sorted({endpoint for _, _, endpoint, _, _ in group})),
        goes_on or may_lengthen,
        tuple(dict.fromkeys(reason for _, _, _, reason, _ in group if reason)),
    )


def may_still_reach(state: EndpointState, seen: Interval, horizon: datetime) -> bool:
    """Whether an open run of `state`, should it go on, would be one downtime with `seen`."""
    return state.run is not None and state.run.start <= seen.end and state.may_grow(horizon)
