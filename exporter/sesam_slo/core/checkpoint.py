"""A service's state <-> a JSON-able document, exactly: what a restart reads to go on where the exporter stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from .history import Checkpoint, Event, Run, Silence
from .intervals import Interval
from .outage import EndpointState, OpenRun
from .service import Counters, ServiceState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def checkpoint(state: ServiceState, at: datetime) -> Checkpoint:
    """Instants and durations are integers, in microseconds, instants since 1970 in UTC."""
    return Checkpoint(
        state.service,
        at,
        {
            "accounted_until": _instant(state.accounted_until),
            "unobserved_until": _instant(state.unobserved_until),
            "counters": {each.name: _duration(getattr(state.counters, each.name)) for each in fields(Counters)},
            "endpoints": {name: _endpoint(each) for name, each in state.endpoints.items()},
            "runs": [
                [run.endpoint, _instant(run.start), _instant(run.end), _duration(run.downtime_after), run.reason]
                for run in state.runs
            ],
            "silences": [[each.endpoint, _instant(each.start), _instant(each.end)] for each in state.silences],
            "events": [_event(event) for event in state.events],
            "credited": [[_instant(start), _instant(end)] for start, end in state.credited],
        },
    )


def restore(point: Checkpoint) -> ServiceState:
    """Raises KeyError, TypeError or ValueError where the document is not one of `checkpoint`."""
    document, service = point.document, point.service
    return ServiceState(
        service=service,
        endpoints={name: _endpoint_of(service, name, each) for name, each in document["endpoints"].items()},
        accounted_until=_instant_of(document["accounted_until"]),
        unobserved_until=_instant_of(document["unobserved_until"]),
        counters=Counters(**{name: value * _MICROSECOND for name, value in document["counters"].items()}),
        runs=tuple(
            Run(service, endpoint, _instant_of(start), _instant_of(end), downtime_after * _MICROSECOND, reason)
            for endpoint, start, end, downtime_after, reason in document["runs"]
        ),
        silences=tuple(
            Silence(service, endpoint, _instant_of(start), _instant_of(end))
            for endpoint, start, end in document["silences"]
        ),
        events=tuple(_event_of(service, event) for event in document["events"]),
        credited=_intervals_of(document["credited"]),
    )


def _instant(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant_of(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


def _duration(duration: timedelta) -> int:
    return duration // _MICROSECOND


def _endpoint(state: EndpointState) -> dict[str, Any]:
    run = state.run
    return {
        "held_until": _instant(state.held_until),
        "last_at": None if state.last_at is None else _instant(state.last_at),
        "run": run
        and {
            "start": _instant(run.start),
            "downtime_after": _duration(run.downtime_after),
            "bridge_at_most": _duration(run.bridge_at_most),
            "reason": run.reason,
        },
    }


def _endpoint_of(service: str, name: str, document: dict[str, Any]) -> EndpointState:
    run = document["run"]
    return EndpointState(
        service,
        name,
        _instant_of(document["held_until"]),
        None if document["last_at"] is None else _instant_of(document["last_at"]),
        run
        and OpenRun(
            _instant_of(run["start"]),
            run["downtime_after"] * _MICROSECOND,
            run["bridge_at_most"] * _MICROSECOND,
            run["reason"],
        ),
    )


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "start": _instant(event.start),
        "end": None if event.end is None else _instant(event.end),
        "confirmed_at": _instant(event.confirmed_at),
        "endpoints": list(event.endpoints),
        "reasons": list(event.reasons),
    }


def _event_of(service: str, document: dict[str, Any]) -> Event:
    return Event(
        document["id"],
        service,
        _instant_of(document["start"]),
        None if document["end"] is None else _instant_of(document["end"]),
        _instant_of(document["confirmed_at"]),
        tuple(document["endpoints"]),
        tuple(document["reasons"]),
    )


def _intervals_of(pairs: Iterable[Iterable[int]]) -> tuple[Interval, ...]:
    return tuple(Interval(_instant_of(start), _instant_of(end)) for start, end in pairs)
