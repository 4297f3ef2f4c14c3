"""Facts of one service over one window -> seconds by class, availability with its bounds, error budget (DESIGN 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .downtime import Downtime, downtimes
from .history import Run, Silence
from .intervals import Interval, Intervals, clip, intersect, normalize, subtract, total, union
from .maintenance import Maintenance
from .outage import EndpointState


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """One endpoint's failing runs, bridged silences included, and all its silences."""

    runs: Intervals
    silences: Intervals

    @property
    def seen_failing(self) -> Intervals:
        return subtract(self.runs, self.silences)


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of one service at its horizon."""

    service: str
    endpoints: Mapping[str, EndpointFacts]
    downtimes: tuple[Downtime, ...]
    failing: Intervals  # the union of the endpoints' runs
    silent: Intervals  # the union of their silences


def facts(
    service: str,
    runs: Iterable[Run],
    silences: Iterable[Silence],
    states: Iterable[EndpointState],
    horizons: Mapping[str, datetime],
) -> ServiceFacts:
    """Gathers what closed facts and open states say at the horizons of the endpoints."""
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
        name: EndpointFacts(normalize(failing.get(name, ())), normalize(silent.get(name, ())))
        for name in {**failing, **silent}
    }
    return ServiceFacts(
        service,
        endpoints,
        downtimes(runs, states, horizons),
        failing=union(*(each.runs for each in endpoints.values())),
        silent=union(*(each.silences for each in endpoints.values())),
    )


@dataclass(frozen=True, slots=True)
class EventAccount:
    """One downtime event's seconds inside the window."""

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
    unobserved: timedelta  # agreed time in which an endpoint was not observed and which is no downtime
    unplanned: timedelta
    planned: timedelta
    excluded: timedelta
    failing: timedelta  # union of the failing runs outside maintenance
    bridged: timedelta  # unplanned time in which none of the event's endpoints was seen failing
    error_budget_seconds: float
    events: tuple[EventAccount, ...]

    @property
    def availability(self) -> float | None:
        """None where no agreed time was observed."""
        observed = self.agreed - self.unobserved
        return 1 - self.unplanned / observed if observed else None

    @property
    def unobserved_as_up(self) -> float | None:
        return 1 - (self.unplanned - self.bridged) / self.agreed if self.agreed else None

    @property
    def unobserved_as_down(self) -> float | None:
        return 1 - (self.unplanned + self.unobserved) / self.agreed if self.agreed else None

    @property
    def error_budget_remaining_seconds(self) -> float:
        return self.error_budget_seconds - self.unplanned.total_seconds()


def account(known: ServiceFacts, window: Interval, maintenance: Maintenance, whole: Interval | None = None) -> Account:
    """The account of one service over `window`; the error budget is that of the `whole` window, its coming days included."""
    budget = error_budget_seconds(known.service, whole or window, maintenance)
    failing, silent = clip(known.failing, window), clip(known.silent, window)
    if not failing and not silent:  # the common case, kept cheap: all of it was seen, and nothing failed
        planned, zero = maintenance.total(known.service, window), timedelta()
        agreed = window.duration - planned
        return Account(window, agreed, planned, zero, zero, zero, zero, zero, zero, budget, ())
    planned_time = maintenance.intervals(known.service, window)
    agreed_time = subtract((window,), planned_time)
    events = tuple(
        _event_account(known, downtime, window, planned_time)
        for downtime in known.downtimes
        if downtime.seen.start < window.end and window.start < downtime.seen.end
    )
    down = clip((event.downtime.seen for event in events), window)
    return Account(
        window=window,
        agreed=total(agreed_time),
        maintenance=total(planned_time),
        unobserved=total(intersect(subtract(silent, down), agreed_time)),
        unplanned=sum((event.unplanned for event in events), timedelta()),
        planned=sum((event.planned for event in events), timedelta()),
        excluded=sum((event.excluded for event in events), timedelta()),
        failing=total(intersect(failing, agreed_time)),
        bridged=sum(
            (_bridged(known, event.downtime, agreed_time) for event in events if not event.downtime.cause.excludes),
            timedelta(),
        ),
        error_budget_seconds=budget,
        events=events,
    )


def error_budget_seconds(service: str, whole: Interval, maintenance: Maintenance) -> float:
    """(1 - objective) x agreed time, each second by the objective in force."""
    return sum(
        (1 - policy.objective_ratio) * (span.duration - maintenance.total(service, span)).total_seconds()
        for span, policy in maintenance.policies.spans(whole)
    )


def _event_account(known: ServiceFacts, downtime: Downtime, window: Interval, planned_time: Intervals) -> EventAccount:
    inside = clip((downtime.seen,), window)
    duration = total(inside)
    planned = total(intersect(inside, planned_time))
    counted = duration - planned
    excluded = counted if downtime.cause.excludes else timedelta()
    return EventAccount(downtime, duration, counted - excluded, planned, excluded, _bridged(known, downtime, (window,)))


def _bridged(known: ServiceFacts, downtime: Downtime, within: Intervals) -> timedelta:
    """The time of the event inside `within` in which none of its endpoints was seen failing."""
    failing = union(
        *(
            subtract(
                clip(known.endpoints[name].runs, downtime.seen), clip(known.endpoints[name].silences, downtime.seen)
            )
            for name in downtime.endpoints
        )
    )
    return total(intersect(subtract((downtime.seen,), failing), within))
