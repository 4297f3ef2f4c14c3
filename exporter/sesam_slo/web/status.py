"""The published view -> what a person wants to know of each service, worst first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from ..core.account import account
from ..core.entry import Entry
from ..core.instants import written
from ..core.intervals import Interval
from ..core.log_document import entry_document
from ..core.model import Outcome
from ..core.view import ServiceView, View
from ..core.windows import spans

_MOMENT = timedelta(microseconds=1)
_LATEST = 10


class State(IntEnum):
    """The worst first."""

    DOWN = 0
    NOT_SEEN = 1
    FAILING = 2
    MAINTENANCE = 3
    OK = 4

    @property
    def words(self) -> str:
        return "not seen" if self is State.NOT_SEEN else self.name.lower()


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service now; `since` is when its trouble began, ratios and seconds are of the calendar month."""

    name: str
    state: State
    since: datetime | None
    endpoints: tuple[tuple[str, str], ...]  # name, and what its last probe said
    availability_ratio: float | None
    error_budget_remaining_seconds: float | None
    error_budget_seconds: float | None
    log: tuple[Entry, ...]  # the latest entries of the downtime log

    def document(self) -> dict[str, Any]:
        return {
            "service": self.name,
            "state": self.state.name.lower(),
            "since": written(self.since) if self.since else None,
            "endpoints": [{"endpoint": name, "last_probe": said} for name, said in self.endpoints],
            "availability_month_ratio": self.availability_ratio,
            "error_budget_remaining_month_seconds": self.error_budget_remaining_seconds,
            "downtime": [entry_document(entry) for entry in self.log],
        }


def status(view: View) -> list[ServiceStatus]:
    return sorted((_status(view, service) for service in view.services), key=lambda each: (each.state, each.name))


def _status(view: View, published: ServiceView) -> ServiceStatus:
    service = published.brought_up(view.maintenance)
    name, now = service.service.name, service.state
    event = now.ongoing()
    running = [each.run.start for each in now.endpoints.values() if each.run is not None]
    silent = [each.held_until for each in now.endpoints.values() if each.held_until < service.horizon]
    month = spans(service.horizon, view.config.policy.timezone, service.since).get("month")
    facts = service.facts(view.maintenance.policies)
    found = account(facts, month.elapsed, view.maintenance, month.whole) if month else None
    if event is not None:
        state, since = State.DOWN, event.start
    elif running:
        state, since = State.FAILING, min(running)
    elif silent:
        state, since = State.NOT_SEEN, min(silent)
    elif view.maintenance.intervals(name, Interval(view.at, view.at + _MOMENT)):
        state, since = State.MAINTENANCE, None
    else:
        state, since = State.OK, None
    log = sorted(service.log.entries.values(), key=lambda each: each.start, reverse=True)
    return ServiceStatus(
        name,
        state,
        since,
        tuple((endpoint.name, _said(service, endpoint.name)) for endpoint in service.service.endpoints),
        found.availability if found else None,
        found.error_budget_remaining_seconds if found else None,
        found.error_budget_seconds if found else None,
        tuple(log[:_LATEST]),
    )


def _said(service: ServiceView, endpoint: str) -> str:
    last = service.last_probes.get(endpoint)
    if last is None:
        return "not probed yet"
    return "responds" if last.outcome is Outcome.SUCCESS else f"{last.outcome}: {last.reason or 'unknown'}"


def format_duration(seconds: float) -> str:
    """`2 h 44 min`, `23 min`, `40 s`; a minus sign before a negative one."""
    sign, minutes = ("-" if seconds < 0 else ""), int(abs(seconds) // 60)
    if minutes >= 60:
        return f"{sign}{minutes // 60} h {minutes % 60:02d} min"
    return f"{sign}{minutes} min" if minutes else f"{sign}{int(abs(seconds))} s"


def format_percent(ratio: float) -> str:
    """`99.912 %`, rounded down: nothing below the objective may look as if it met it."""
    return f"{math.floor(ratio * 100_000 + 1e-6) / 1000:.3f} %"
