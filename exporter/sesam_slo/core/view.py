"""What the monitor publishes of a service, for metrics and pages: where it stands and what the account knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from .account import ServiceFacts, facts
from .case import Case
from .entry import Log
from .history import Run, Silence
from .logged import logged_downtimes
from .maintenance import Maintenance
from .model import Config, Outcome, Phase, Reason, Service
from .policy import PolicyTimeline
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

    `runs` and `silences` are the closed ones, `since` is when its account began; `fresh` are the ids of the events that
    `brought_up` saw change.
    """

    service: Service
    since: datetime
    state: ServiceState
    horizons: Mapping[str, datetime]
    runs: tuple[Run, ...]
    silences: tuple[Silence, ...]
    log: Log
    last_probes: Mapping[str, LastProbe]
    fresh: frozenset[str] = frozenset()

    @property
    def horizon(self) -> datetime:
        """The instant up to which the results of all its endpoints are complete."""
        return min(self.horizons.values())

    def brought_up(self, maintenance: Maintenance) -> ServiceView:
        """The same at the horizons: state and log say together what has been decided since the last step."""
        moved = advance(self.state, self.horizons, maintenance, self.log.excuses)
        events = moved.changes.events
        log = self.log.plus(events) if events else self.log
        return replace(self, state=moved.state, log=log, fresh=frozenset(event.id for event in events))

    def facts(self, policies: PolicyTimeline, since: datetime | None = None) -> ServiceFacts:
        """All that is known, or what of it reaches beyond `since`; of a view that was `brought_up`."""
        runs, silences, entries = self.runs, self.silences, tuple(self.log.entries.values())
        if since is not None:
            runs = tuple(run for run in runs if run.end > since)
            silences = tuple(silence for silence in silences if silence.end > since)
            entries = tuple(each for each in entries if each.end is None or each.end > since)
        log = logged_downtimes(entries, self.state, self.horizons, policies)
        return facts(self.service.name, runs, silences, self.state.endpoints.values(), self.horizons, log)

    def closed(self, policies: PolicyTimeline) -> ServiceFacts:
        """What is over; it changes only with `runs`, `silences` and `log`."""
        ended = [each for each in self.log.entries.values() if each.end is not None]
        return facts(self.service.name, self.runs, self.silences, (), {}, logged_downtimes(ended, None, {}, policies))

    def open_since(self) -> datetime | None:
        """From when on something is open or has just been decided; None where all is over and every endpoint responds."""
        marks = [event.start for event in self.state.events] + [each.start for each in self.log.ongoing]
        for id in self.fresh:
            marks.append(self.log.events[id].start)
            if (entry := self.log.entries.get(id)) is not None:
                marks.append(entry.start)
        for name, each in self.state.endpoints.items():
            if each.run is not None:
                marks.append(each.run.start)
            if each.held_until < self.horizons[name]:
                marks.append(each.held_until)
        return min(marks, default=None)


@dataclass(frozen=True, slots=True)
class View:
    """Everything published, at one instant.

    `cases` by id, in the order of their reports; a case that changed is another object.
    """

    at: datetime
    config: Config
    maintenance: Maintenance
    services: tuple[ServiceView, ...]
    cases: Mapping[str, Case] = field(default_factory=dict)
