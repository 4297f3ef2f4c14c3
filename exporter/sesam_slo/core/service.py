"""One service as its results come: endpoint states, downtime events and the counters of what was seen as it happened.

`observe` takes in a result, `advance` brings the account up to the horizons; both are pure and give the facts to record. A state
and the instant say all there is to say, so the same state, read back after a restart, goes on where it stood.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from .downtime import Downtime, downtimes, may_still_reach
from .history import Changes, Event, Run, Silence
from .intervals import Interval, Intervals, clip, intersect, normalize, subtract, total, union
from .maintenance import Maintenance
from .model import Result
from .outage import EndpointState, Rules, Step, finish, step

_ZERO = timedelta()
NOBODY: Mapping[str, Intervals] = MappingProxyType({})  # has excused anything


@dataclass(frozen=True, slots=True)
class Counters:
    """Time that has passed, by what was seen as it happened; never corrected, never falling."""

    agreed: timedelta = _ZERO
    unobserved: timedelta = _ZERO
    failing: timedelta = _ZERO
    unplanned: timedelta = _ZERO
    planned: timedelta = _ZERO
    excluded: timedelta = _ZERO


@dataclass(frozen=True, slots=True)
class ServiceState:
    """Where detection and counters of one service stand.

    `accounted_until`: agreed and failing time are counted up to here. `unobserved_until`: unobserved time up to here; it waits
    while a silence may yet be bridged or a run become downtime, which is no unobserved time. `runs` and `silences`: closed
    ones that the next steps still need. `events`: those that may still change. `credited`: their downtime already counted.
    """

    service: str
    endpoints: Mapping[str, EndpointState]
    accounted_until: datetime
    unobserved_until: datetime
    counters: Counters = Counters()
    runs: tuple[Run, ...] = ()
    silences: tuple[Silence, ...] = ()
    events: tuple[Event, ...] = ()
    credited: Intervals = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is open: no failing run, no event."""
        return not self.events and all(state.run is None for state in self.endpoints.values())

    def ongoing(self) -> Event | None:
        """The confirmed event that goes on, the oldest where there are several."""
        return next((event for event in self.events if event.end is None), None)


@dataclass(frozen=True, slots=True)
class Advance:
    """A state and the facts that led to it."""

    state: ServiceState
    changes: Changes = field(default_factory=Changes)


def begin(service: str, endpoints: Iterable[str], at: datetime) -> ServiceState:
    """A service that is first configured at `at`: its account begins there."""
    return ServiceState(service, {name: EndpointState(service, name, at) for name in endpoints}, at, at)


def add_endpoint(state: ServiceState, endpoint: str, at: datetime) -> ServiceState:
    return replace(state, endpoints={**state.endpoints, endpoint: EndpointState(state.service, endpoint, at)})


def remove_endpoint(state: ServiceState, endpoint: str, at: datetime) -> Advance:
    """Ends the account of one endpoint; what it did stays."""
    taken = _taken(state, finish(state.endpoints[endpoint], at))
    rest = {name: each for name, each in taken.state.endpoints.items() if name != endpoint}
    return Advance(replace(taken.state, endpoints=rest), taken.changes)


def observe(state: ServiceState, endpoint: str, result: Result, rules: Rules) -> Advance:
    """Takes in one result. Raises OutOfOrderError."""
    return _taken(state, step(state.endpoints[endpoint], result, rules))


def _taken(state: ServiceState, taken: Step) -> Advance:
    runs = (taken.run,) if taken.run else ()
    silences = (taken.silence,) if taken.silence else ()
    return Advance(
        replace(
            state,
            endpoints={**state.endpoints, taken.state.endpoint: taken.state},
            runs=state.runs + runs,
            silences=state.silences + silences,
        ),
        Changes(runs=runs, silences=silences),
    )


def advance(
    state: ServiceState,
    horizons: Mapping[str, datetime],
    maintenance: Maintenance,
    excused: Mapping[str, Intervals] = NOBODY,
) -> Advance:
    """Brings events and counters up to the horizons.

    horizons: per endpoint, the instant up to which its results are complete; they never fall from one call to the next.
    excused: by id, from when to when a person had said of an event that it is none of the service's own.

    The counters say what was seen as it happened, whatever is told later and whenever they are brought up: a window deducts from
    the instant on at which it was recorded, an excuse from that at which it was given.
    """
    maintenance = maintenance.as_it_passed()
    reach = max(state.accounted_until, min(horizons.values(), default=state.accounted_until))
    decided = max(state.unobserved_until, _decided_until(state, horizons, reach))
    pieces = downtimes(state.runs, state.endpoints.values(), horizons)
    if not pieces and not state.events and not state.runs and not state.silences and _all_held(state, horizons):
        return Advance(_quiet(state, reach, decided, maintenance))

    final = [_is_final(piece, state, horizons) for piece in pieces]
    events = _events(state, pieces, final, max(horizons.values(), default=reach))
    counters, credited = _counted(state, pieces, events, reach, decided, maintenance, excused)
    done = [piece.seen for piece, ended in zip(pieces, final, strict=True) if ended and piece.seen.end <= decided]
    still = tuple(
        event
        for event in events.values()
        if event.merged_into is None
        and not (event.end is not None and any(_within(event.start, each) for each in done))
    )
    known = {event.id: event for event in state.events}
    return Advance(
        replace(
            state,
            accounted_until=reach,
            unobserved_until=decided,
            counters=counters,
            runs=tuple(
                run
                for run in state.runs
                if (not any(_within(run.start, each) for each in done) if run.is_downtime else run.end > decided)
            ),
            silences=tuple(silence for silence in state.silences if silence.end > decided),
            events=still,
            credited=subtract(credited, normalize(done)),
        ),
        Changes(events=tuple(event for event in events.values() if known.get(event.id) != event)),
    )


def _quiet(state: ServiceState, reach: datetime, decided: datetime, maintenance: Maintenance) -> ServiceState:
    """The common case, kept cheap: every endpoint was observed all along and nothing is failing."""
    span = Interval(state.accounted_until, reach)
    agreed = span.duration - total(maintenance.intervals(state.service, span)) if span.start < span.end else _ZERO
    return replace(
        state,
        accounted_until=reach,
        unobserved_until=decided,
        counters=replace(state.counters, agreed=state.counters.agreed + agreed),
    )


def _all_held(state: ServiceState, horizons: Mapping[str, datetime]) -> bool:
    return all(each.run is None and each.held_until >= horizons[name] for name, each in state.endpoints.items())


def _decided_until(state: ServiceState, horizons: Mapping[str, datetime], reach: datetime) -> datetime:
    """Up to where it is settled whether silent time is unobserved or downtime."""
    for name, each in state.endpoints.items():
        if each.run is not None and each.may_grow(horizons[name]):
            undecided_from = each.held_until if each.is_downtime(horizons[name]) else each.run.start
            reach = min(reach, undecided_from)
    return reach


def _is_final(piece: Downtime, state: ServiceState, horizons: Mapping[str, datetime]) -> bool:
    """Whether no result can come that touches the piece.

    Until then its event counts as going on, so that a failure still under way, or a silence that is bridged in the end, does
    not end an event only to begin it again.
    """
    return not piece.ongoing and not any(
        horizons[name] <= piece.seen.end or may_still_reach(each, piece.seen, horizons[name])
        for name, each in state.endpoints.items()
    )


def _within(at: datetime, interval: Interval) -> bool:
    return interval.start <= at <= interval.end


def _events(
    state: ServiceState, pieces: tuple[Downtime, ...], final: list[bool], confirmed_at: datetime
) -> dict[str, Event]:
    """The event of each piece, by id; where pieces have grown together, the older event lives on and says so."""
    events: dict[str, Event] = {}
    for piece, ended in zip(pieces, final, strict=True):
        of_piece = sorted(
            (event for event in state.events if _within(event.start, piece.seen)),
            key=lambda event: (event.confirmed_at, event.start),
        )
        if of_piece:
            oldest = of_piece[0]
        else:
            oldest = Event(event_id(state.service, piece.start), state.service, piece.start, None, confirmed_at, ())
        events[oldest.id] = replace(
            oldest,
            start=piece.start,
            end=piece.seen.end if ended else None,
            endpoints=piece.endpoints,
            reasons=tuple(dict.fromkeys(oldest.reasons + piece.reasons)),
        )
        for younger in of_piece[1:]:
            events[younger.id] = replace(younger, merged_into=oldest.id, end=piece.seen.end if ended else None)
    return events


def event_id(service: str, start: datetime) -> str:
    """The name of an event, from what it is: found again after a crash, it has the same."""
    return f"{service}-{start.astimezone(UTC):%Y%m%dT%H%M%S}.{start.microsecond // 1000:03d}Z"


def _counted(
    state: ServiceState,
    pieces: tuple[Downtime, ...],
    events: Mapping[str, Event],
    reach: datetime,
    decided: datetime,
    maintenance: Maintenance,
    excused: Mapping[str, Intervals],
) -> tuple[Counters, Intervals]:
    """The counters at `reach`, and all the downtime credited by then."""
    span = Interval(state.accounted_until, reach)
    down = normalize(piece.seen for piece in pieces)
    fresh = subtract(down, state.credited)
    since = min([span.start, state.unobserved_until, *(each.start for each in fresh)])
    until = max([reach, *(each.end for each in fresh)])
    planned_time = maintenance.intervals(state.service, Interval(since, until)) if since < until else ()

    failing = union(*(_seen_failing(state, name, reach) for name in _names(state)))
    silent = union(
        (Interval(silence.start, silence.end) for silence in state.silences),
        *((Interval(each.held_until, reach),) for each in state.endpoints.values()),
    )
    unobserved = subtract(clip(silent, Interval(state.unobserved_until, decided)), down)
    planned = total(intersect(fresh, planned_time))
    excluded = sum(
        (
            total(subtract(intersect(clip(fresh, piece.seen), _excuses(piece, events, excused)), planned_time))
            for piece in pieces
            if excused
        ),
        _ZERO,
    )
    before = state.counters
    return Counters(
        agreed=before.agreed + total(subtract(clip((span,), span), planned_time)),
        unobserved=before.unobserved + total(subtract(unobserved, planned_time)),
        failing=before.failing + total(subtract(clip(failing, span), planned_time)),
        unplanned=before.unplanned + total(fresh) - planned - excluded,
        planned=before.planned + planned,
        excluded=before.excluded + excluded,
    ), union(state.credited, fresh)


def _excuses(piece: Downtime, events: Mapping[str, Event], excused: Mapping[str, Intervals]) -> Intervals:
    return union(*(excused.get(id, ()) for id, event in events.items() if _within(event.start, piece.seen)))


def _names(state: ServiceState) -> set[str]:
    return {*state.endpoints, *(run.endpoint for run in state.runs)}


def _seen_failing(state: ServiceState, endpoint: str, reach: datetime) -> Intervals:
    """The failing time of one endpoint that was observed; bridged time is never credited, so that the counter is smooth."""
    runs = [Interval(run.start, run.end) for run in state.runs if run.endpoint == endpoint]
    each = state.endpoints.get(endpoint)
    if each is not None and each.run is not None:
        runs.append(Interval(each.run.start, each.failing_until(reach)))
    silences = normalize((silence.start, silence.end) for silence in state.silences if silence.endpoint == endpoint)
    return subtract(normalize(runs), silences)


def unplanned_active(
    state: ServiceState, at: datetime, maintenance: Maintenance, excused: Collection[str] = frozenset()
) -> tuple[bool, bool]:
    """Whether an event that counts goes on at `at`: one that began in agreed time, one that began in maintenance.

    The first holds from its confirmation to its end, also through maintenance; the second only outside maintenance.
    """
    agreed = overrun = False
    for event in state.events:
        if event.end is not None or event.id in excused:
            continue
        if maintenance.open(state.service, event.start):
            overrun = overrun or not maintenance.open(state.service, at)
        else:
            agreed = True
    return agreed, overrun


__all__ = [
    "NOBODY",
    "Advance",
    "Counters",
    "ServiceState",
    "add_endpoint",
    "advance",
    "begin",
    "event_id",
    "observe",
    "remove_endpoint",
    "unplanned_active",
]
