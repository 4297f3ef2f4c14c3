"""What the monitor publishes of a service, for metrics and pages: where it stands and what the account knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from .account import ServiceFacts, facts
from .history import Event, Report, Run, Silence
from .maintenance import Maintenance
from .model import Config, Outcome, Phase, Reason, Service
from .service import ServiceState, advance


@dataclass(frozen=True, slots=True)
class LastProbe:
    """The last probe of an endpoint; status and certificate are of the last probe that got one."""

    at: datetime
    outcome: Outcome
    reason: Reason | None
    phases: Mapping[Phase, float]
    status: int | None
    tls_not_after: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service as the ledger has it, with its horizons.

    `runs` and `silences` are the closed ones, `events` the whole log by id, `reports` who was told of which of them, `since`
    when its account began.
    """

    service: Service
    since: datetime
    state: ServiceState
    horizons: Mapping[str, datetime]
    runs: tuple[Run, ...]
    silences: tuple[Silence, ...]
    events: Mapping[str, Event]
    last_probes: Mapping[str, LastProbe]
    reports: Mapping[str, Report] = field(default_factory=dict)  # by the event's id

    @property
    def horizon(self) -> datetime:
        """The instant up to which the results of all its endpoints are complete."""
        return min(self.horizons.values())

    def brought_up(self, maintenance: Maintenance) -> ServiceView:
        """The same at the horizons: state and log say together what has been decided since the last step."""
        moved = advance(self.state, self.horizons, maintenance)
        events = self.events
        if moved.changes.events:
            events = {**events, **{event.id: event for event in moved.changes.events}}
        return replace(self, state=moved.state, events=events)

    def facts(self) -> ServiceFacts:
        return facts(self.service.name, self.runs, self.silences, self.state.endpoints.values(), self.horizons)


@dataclass(frozen=True, slots=True)
class View:
    """Everything published, at one instant."""

    at: datetime
    config: Config
    maintenance: Maintenance
    services: tuple[ServiceView, ...]
