"""Facts of one service over one window -> seconds by class, availability with its bounds, error budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from .downtime import Downtime, downtimes
from .history import Run, Silence
from .intervals import Interval, Intervals, clip, intersect, subtract, total, union
from .maintenance import Maintenance
from .outage import EndpointState
from .timeline import NOTHING, Timeline

_ZERO = timedelta()
_Time = TypeVar("_Time", timedelta, int)  # a duration, or a number of microseconds


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """One endpoint's failing runs, bridged silences included, and all its silences."""

    runs: Timeline
    silences: Timeline


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of one service at its horizon; `downtimes` in order of time, only those that count."""

    service: str
    endpoints: Mapping[str, EndpointFacts]
    downtimes: tuple[Downtime, ...]
    failing: Timeline  # the union of the endpoints' runs
    silent: Timeline  # the union of their silences


def facts(
    service: str,
    runs: Iterable[Run],
    silences: Iterable[Silence],
    states: Iterable[EndpointState],
    horizons: Mapping[str, datetime],
    log: Iterable[Downtime] | None = None,
) -> ServiceFacts:
    """Gathers what closed facts and open states say at the horizons of the endpoints.

    log: the downtime as the log has it; left out, it is what the runs say.
    """
    runs, states = list(runs), list(states)
    failing: dict[str, list[tuple[datetime, datetime]]] = {state.endpoint: [] for state in states}
    silent: dict[str, list[tuple[datetime, datetime]]] = {state.endpoint: [] for state in states}
    for run in runs:
        failing.setdefault(run.endpoint, []).append((run.start, run.end))
    for silence in silences:
        silent.setdefault(silence.endpoint, []).append((silence.start, silence.end))
    for state in states:
        horizon = horizons[state.endpoint]
        if state.run is not None:
            failing[state.endpoint].append((state.run.start, state.failing_until(horizon)))
        if (open_silence := state.silence(horizon)) is not None:
            silent[state.endpoint].append(open_silence)
    endpoints = {
        name: EndpointFacts(Timeline.of(failing.get(name, ())), Timeline.of(silent.get(name, ())))
        for name in {**failing, **silent}
    }
    return ServiceFacts(
        service,
        endpoints,
        downtimes(runs, states, horizons) if log is None else tuple(sorted(log, key=lambda each: each.seen)),
        failing=Timeline.of(piece for each in endpoints.values() for piece in each.runs.pieces),
        silent=Timeline.of(piece for each in endpoints.values() for piece in each.silences.pieces),
    )


@dataclass(frozen=True, slots=True)
class Seconds:
    """How much time of each kind lies in a window."""

    unplanned: timedelta = _ZERO
    planned: timedelta = _ZERO
    excluded: timedelta = _ZERO
    unobserved: timedelta = _ZERO  # agreed time in which an endpoint was not observed and which is no downtime
    failing: timedelta = _ZERO  # union of the failing runs outside maintenance
    bridged: timedelta = _ZERO  # unplanned time in which none of the event's endpoints was seen failing

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(
            self.unplanned + other.unplanned,
            self.planned + other.planned,
            self.excluded + other.excluded,
            self.unobserved + other.unobserved,
            self.failing + other.failing,
            self.bridged + other.bridged,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """One service's time by kind, maintenance deducted: each second of downtime is in exactly one class.

    Where entries of the log overlap, a second counts once, and as unplanned where any of them says so.
    """

    unplanned: Timeline = NOTHING
    planned: Timeline = NOTHING
    excluded: Timeline = NOTHING
    unobserved: Timeline = NOTHING
    failing: Timeline = NOTHING
    bridged: Timeline = NOTHING

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        return (self.unplanned, self.planned, self.excluded, self.unobserved, self.failing, self.bridged)

    def within(self, window: Interval) -> Seconds:
        return Seconds(*(each.total(window) for each in self.timelines))


def judge(known: ServiceFacts, maintenance: Maintenance, within: Interval) -> Judged:
    """What of the time inside `within` is what."""
    down_at = [each for each in known.downtimes if each.seen.start < within.end and within.start < each.seen.end]
    silent, failing = known.silent.inside(within), known.failing.inside(within)
    if not down_at and not silent and not failing:  # the common case, kept cheap
        return Judged()
    down = clip((each.seen for each in down_at), within)
    counted = clip((piece for each in down_at for piece in _own(each)), within)
    agreed_down = _outside(known.service, down, maintenance)
    unplanned = intersect(agreed_down, counted)
    bridged = union(*(_unseen(known, each) for each in down_at)) if unplanned else ()
    return Judged(
        Timeline.of(unplanned),
        Timeline.of(subtract(down, agreed_down)),
        Timeline.of(subtract(agreed_down, counted)),
        Timeline.of(_outside(known.service, subtract(silent, down), maintenance)),
        Timeline.of(_outside(known.service, failing, maintenance)),
        Timeline.of(intersect(bridged, unplanned)),
    )


def seen_failing(known: ServiceFacts, maintenance: Maintenance, within: Interval) -> Intervals:
    """The time in which an endpoint was seen failing, bridged time left out, that is no maintenance."""
    seen = union(
        *(subtract(each.runs.inside(within), each.silences.inside(within)) for each in known.endpoints.values())
    )
    return _outside(known.service, seen, maintenance)


def _own(downtime: Downtime) -> Intervals:
    """What of an event is the service's own."""
    return () if downtime.cause.excludes else subtract((downtime.seen,), downtime.excluded)


def _outside(service: str, pieces: Sequence[Interval], maintenance: Maintenance) -> Intervals:
    """What of them is agreed time; only the maintenance beside them is looked at."""
    return tuple(left for piece in pieces for left in subtract((piece,), maintenance.intervals(service, piece)))


def _unseen(known: ServiceFacts, downtime: Downtime) -> Intervals:
    """The time of the event that silences of its endpoints bridge and in which none of them was seen failing."""
    runs: Intervals = ()
    seen: Intervals = ()
    for name in downtime.endpoints:
        if (each := known.endpoints.get(name)) is not None:
            own, silent = each.runs.inside(downtime.seen), each.silences.inside(downtime.seen)
            runs, seen = union(runs, own), union(seen, subtract(own, silent))
    return subtract(runs, seen)


@dataclass(frozen=True, slots=True)
class EventAccount:
    """One downtime event's seconds inside the window; a second that two events share is the earlier one's."""

    downtime: Downtime
    duration: timedelta
    unplanned: timedelta
    planned: timedelta
    excluded: timedelta
    unobserved: timedelta


@dataclass(frozen=True, slots=True)
class Account:
    """One service over one window; every duration is time inside the window."""

    window: Interval
    agreed: timedelta
    maintenance: timedelta
    unobserved: timedelta
    unplanned: timedelta
    planned: timedelta
    excluded: timedelta
    failing: timedelta
    bridged: timedelta
    error_budget_seconds: float
    events: tuple[EventAccount, ...] = ()

    @classmethod
    def of(cls, window: Interval, planned_time: timedelta, seconds: Seconds, error_budget_seconds: float) -> Account:
        """Without its events. planned_time: the window's maintenance."""
        return cls(
            window,
            window.duration - planned_time,
            planned_time,
            seconds.unobserved,
            seconds.unplanned,
            seconds.planned,
            seconds.excluded,
            seconds.failing,
            seconds.bridged,
            error_budget_seconds,
        )

    @property
    def availability(self) -> float | None:
        """None where no agreed time was observed."""
        return availability(self.agreed, self.unobserved, self.unplanned)

    @property
    def unobserved_as_up(self) -> float | None:
        return unobserved_as_up(self.agreed, self.unplanned, self.bridged)

    @property
    def unobserved_as_down(self) -> float | None:
        return unobserved_as_down(self.agreed, self.unobserved, self.unplanned)

    @property
    def error_budget_remaining_seconds(self) -> float:
        return self.error_budget_seconds - self.unplanned.total_seconds()


def account(known: ServiceFacts, window: Interval, maintenance: Maintenance, whole: Interval | None = None) -> Account:
    """The account of one service over `window`; the error budget is that of the `whole` window, its coming days included."""
    judged = judge(known, maintenance, window)
    found = Account.of(
        window,
        maintenance.total(known.service, window),
        judged.within(window),
        error_budget_seconds(known.service, whole or window, maintenance),
    )
    return replace(found, events=_events(known, judged, window, maintenance))


def availability(agreed: _Time, unobserved: _Time, unplanned: _Time) -> float | None:
    """None where no agreed time was observed."""
    observed = agreed - unobserved
    return 1 - unplanned / observed if observed else None


def unobserved_as_up(agreed: _Time, unplanned: _Time, bridged: _Time) -> float | None:
    """The upper bound; None without agreed time."""
    return 1 - (unplanned - bridged) / agreed if agreed else None


def unobserved_as_down(agreed: _Time, unobserved: _Time, unplanned: _Time) -> float | None:
    """The lower bound; None without agreed time."""
    return 1 - (unplanned + unobserved) / agreed if agreed else None


def error_budget_seconds(service: str, whole: Interval, maintenance: Maintenance) -> float:
    """(1 - objective) x agreed time, each second by the objective in force."""
    return sum(
        (1 - policy.objective_ratio) * (span.duration - maintenance.total(service, span)).total_seconds()
        for span, policy in maintenance.policies.spans(whole)
    )


def _events(
    known: ServiceFacts, judged: Judged, window: Interval, maintenance: Maintenance
) -> tuple[EventAccount, ...]:
    found: list[EventAccount] = []
    claimed: Intervals = ()  # by the events before
    for downtime in known.downtimes:
        inside = clip((downtime.seen,), window)
        if not inside:
            continue
        claimed = tuple(piece for piece in claimed if piece.end > inside[0].start)
        own = clip(_own(downtime), window)
        unplanned = intersect(own, judged.unplanned.inside(inside[0]))
        planned, excluded = judged.planned.inside(inside[0]), judged.excluded.inside(inside[0])
        counted = subtract(union(unplanned, planned, excluded), claimed)
        found.append(
            EventAccount(
                downtime,
                total(inside),
                total(intersect(unplanned, counted)),
                total(intersect(planned, counted)),
                total(intersect(excluded, counted)),
                total(clip(_unseen(known, downtime), window)),
            )
        )
        claimed = union(claimed, counted)
    return tuple(found)
