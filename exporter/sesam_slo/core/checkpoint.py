"""A service's state <-> a JSON-able document, exactly: what a restart reads to go on where the exporter stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from .history import Checkpoint, Event, Run, Silence
from .instants import micros, of_micros
from .intervals import Interval
from .outage import EndpointState, OpenRun
from .service import Counters, ServiceState

_MICROSECOND = timedelta(microseconds=1)


def checkpoint(state: ServiceState, at: datetime) -> Checkpoint:
    """Instants and durations are integers, in microseconds, instants since 1970 in UTC."""
    return Checkpoint(
        state.service,
        at,
        {
            "accounted_until": micros(state.accounted_until),
            "unobserved_until": micros(state.unobserved_until),
            "counters": {each.name: _duration(getattr(state.counters, each.name)) for each in fields(Counters)},
            "endpoints": {name: _endpoint(each) for name, each in state.endpoints.items()},
            "runs": [
                [run.endpoint, micros(run.start), micros(run.end), _duration(run.downtime_after), run.reason]
                for run in state.runs
            ],
            "silences": [[each.endpoint, micros(each.start), micros(each.end)] for each in state.silences],
            "events": [_event(event) for event in state.events],
            "credited": [[micros(start), micros(end)] for start, end in state.credited],
        },
    )


def restore(point: Checkpoint) -> ServiceState:
    """Raises KeyError, TypeError or ValueError where the document is not one of `checkpoint`."""
    document, service = point.document, point.service
    return ServiceState(
        service=service,
        endpoints={name: _endpoint_of(service, name, each) for name, each in document["endpoints"].items()},
        accounted_until=of_micros(document["accounted_until"]),
        unobserved_until=of_micros(document["unobserved_until"]),
        counters=Counters(**{name: value * _MICROSECOND for name, value in document["counters"].items()}),
        runs=tuple(
            Run(service, endpoint, of_micros(start), of_micros(end), downtime_after * _MICROSECOND, reason)
            for endpoint, start, end, downtime_after, reason in document["runs"]
        ),
        silences=tuple(
            Silence(service, endpoint, of_micros(start), of_micros(end))
            for endpoint, start, end in document["silences"]
        ),
        events=tuple(_event_of(service, event) for event in document["events"]),
        credited=_intervals_of(document["credited"]),
    )


def _duration(duration: timedelta) -> int:
    return duration // _MICROSECOND


def _endpoint(state: EndpointState) -> dict[str, Any]:
    run = state.run
    return {
        "held_until": micros(state.held_until),
        "last_at": None if state.last_at is None else micros(state.last_at),
        "run": run
        and {
            "start": micros(run.start),
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
        of_micros(document["held_until"]),
        None if document["last_at"] is None else of_micros(document["last_at"]),
        run
        and OpenRun(
            of_micros(run["start"]),
            run["downtime_after"] * _MICROSECOND,
            run["bridge_at_most"] * _MICROSECOND,
            run["reason"],
        ),
    )


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "start": micros(event.start),
        "end": None if event.end is None else micros(event.end),
        "confirmed_at": micros(event.confirmed_at),
        "endpoints": list(event.endpoints),
        "reasons": list(event.reasons),
    }


def _event_of(service: str, document: dict[str, Any]) -> Event:
    return Event(
        document["id"],
        service,
        of_micros(document["start"]),
        None if document["end"] is None else of_micros(document["end"]),
        of_micros(document["confirmed_at"]),
        tuple(document["endpoints"]),
        tuple(document["reasons"]),
    )


def _intervals_of(pairs: Iterable[Iterable[int]]) -> tuple[Interval, ...]:
    return tuple(Interval(of_micros(start), of_micros(end)) for start, end in pairs)
