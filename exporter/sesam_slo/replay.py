"""Recorded results -> the account that the live exporter would have come to: the same core, driven over a trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .core.account import Account, EventAccount, account, facts
from .core.history import Run, Silence
from .core.instants import written
from .core.intervals import Interval
from .core.log_document import seconds
from .core.maintenance import Maintenance
from .core.model import Config, Outcome, Result
from .core.outage import EndpointState, OutOfOrderError, Rules, step
from .core.policy import PolicyTimeline


class UnknownEndpointError(LookupError):
    """A result of a service or endpoint that the configuration does not name."""

    def __init__(self, service: str, endpoint: str) -> None:
        super().__init__(f"endpoint {service}/{endpoint} is not in the configuration")


class Track:
    """One endpoint's detection over a long trace.

    A result that repeats an observed outcome while it is held changes nothing but how far it holds; most results do. `observe`
    only notes that instant, and gives the state its value when something does change: property tests hold that this is the
    same as a step each.
    """

    __slots__ = ("_held_until", "_hold", "_last_at", "_outcome", "_rules", "_state", "runs", "silences")

    def __init__(self, state: EndpointState, rules: Rules) -> None:
        self._state, self._rules, self._hold = state, rules, rules.hold
        self._outcome: Outcome | None = None
        self._last_at, self._held_until = state.last_at, state.held_until
        self.runs: list[Run] = []
        self.silences: list[Silence] = []

    @property
    def state(self) -> EndpointState:
        return replace(self._state, last_at=self._last_at, held_until=self._held_until)

    @property
    def last_at(self) -> datetime | None:
        return self._last_at

    def observe(self, at: datetime, outcome: Outcome, reason: Any = None) -> None:
        """Takes in one result. Raises OutOfOrderError."""
        if outcome is self._outcome and self._last_at < at <= self._held_until:  # type: ignore[operator]
            self._last_at = at
            self._held_until = at + self._hold
            return
        taken = step(self.state, Result(at, outcome, reason), self._rules)
        self._state = taken.state
        self._last_at, self._held_until = taken.state.last_at, taken.state.held_until
        self._outcome = outcome if outcome is not Outcome.UNOBSERVED else None
        if taken.run is not None:
            self.runs.append(taken.run)
        if taken.silence is not None:
            self.silences.append(taken.silence)


class Replay:
    """A replay under way: `tracks[service, endpoint].observe(...)` for each result, then `report`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        # Time before an endpoint's first result is unobserved: its account begins before any window that can be asked for.
        self.tracks = {
            (service.name, endpoint.name): Track(
                EndpointState(service.name, endpoint.name, datetime.min.replace(tzinfo=UTC)),
                Rules.of(endpoint, config.policy),
            )
            for service in config.services
            for endpoint in service.endpoints
        }

    def observe(self, service: str, endpoint: str, result: Result) -> None:
        """Raises UnknownEndpointError, OutOfOrderError."""
        track = self.tracks.get((service, endpoint))
        if track is None:
            raise UnknownEndpointError(service, endpoint)
        track.observe(result.at, result.outcome, result.reason)

    @property
    def last_at(self) -> datetime | None:
        return max((track.last_at for track in self.tracks.values() if track.last_at is not None), default=None)

    def accounts(self, start: datetime, end: datetime) -> dict[str, Account]:
        """The account of each service over `[start, end)`; results outside it have judged and held."""
        horizon = max(end, self.last_at or end)
        maintenance = Maintenance(PolicyTimeline.always(self._config.policy), self._config.policy.announced)
        window = Interval(start, end)
        found: dict[str, Account] = {}
        for service in self._config.services:
            tracks = [self.tracks[service.name, endpoint.name] for endpoint in service.endpoints]
            known = facts(
                service.name,
                (run for track in tracks for run in track.runs),
                (silence for track in tracks for silence in track.silences),
                [track.state for track in tracks],
                {endpoint.name: horizon for endpoint in service.endpoints},
            )
            found[service.name] = account(known, window, maintenance)
        return found

    def report(self, start: datetime, end: datetime) -> dict[str, Any]:
        """The accounts in the form of `replay --format json`."""
        return {
            "from": written(start),
            "to": written(end),
            "services": {name: _service(each) for name, each in self.accounts(start, end).items()},
        }


def replay(
    config: Config, results: Iterable[tuple[str, str, Result]], start: datetime, end: datetime
) -> dict[str, Any]:
    """Drives the core over `(service, endpoint, result)`, in time order per endpoint.

    Raises UnknownEndpointError, OutOfOrderError.
    """
    run = Replay(config)
    for service, endpoint, result in results:
        run.observe(service, endpoint, result)
    return run.report(start, end)


def difference(changed: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """Figure by figure, `changed` minus `configured`, of two services in the form of `Replay.report`.

    None where either has no figure; of `downtime`, how many `events` more there are.
    """
    found: dict[str, Any] = {}
    for name, before in configured.items():
        after = changed[name]
        if isinstance(before, list):
            found["events"] = len(after) - len(before)
        elif isinstance(before, Mapping):
            found[name] = difference(after, before)
        else:
            found[name] = None if after is None or before is None else _rounded(after - before)
    return found


def _rounded(figure: int | float) -> int | float:
    """Without what floating point adds to a difference of ratios; seconds have six digits at most."""
    return figure if isinstance(figure, int) else round(figure, 12)


def _service(each: Account) -> dict[str, Any]:
    return {
        "agreed_seconds": seconds(each.agreed),
        "maintenance_seconds": seconds(each.maintenance),
        "unobserved_seconds": seconds(each.unobserved),
        "downtime_seconds": {
            "unplanned": seconds(each.unplanned),
            "planned": seconds(each.planned),
            "excluded": seconds(each.excluded),
        },
        "failing_seconds": seconds(each.failing),
        "availability": each.availability,
        "availability_bounds": {
            "unobserved_as_up": each.unobserved_as_up,
            "unobserved_as_down": each.unobserved_as_down,
        },
        "error_budget_seconds": each.error_budget_seconds,
        "error_budget_remaining_seconds": each.error_budget_remaining_seconds,
        "downtime": [_event(event) for event in each.events],
    }


def _event(event: EventAccount) -> dict[str, Any]:
    end = event.downtime.end
    return {
        "start": written(event.downtime.start),
        "end": None if end is None else written(end),
        "ongoing": event.downtime.ongoing,
        "endpoints": list(event.downtime.endpoints),
        "duration_seconds": seconds(event.duration),
        "unplanned_seconds": seconds(event.unplanned),
        "planned_seconds": seconds(event.planned),
        "excluded_seconds": seconds(event.excluded),
        "unobserved_seconds": seconds(event.unobserved),
    }


__all__ = ["OutOfOrderError", "Replay", "UnknownEndpointError", "difference", "replay"]
