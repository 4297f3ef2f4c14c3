"""What others see of the monitor: only what the ledger has, unless the ledger cannot be written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..core.history import Changes, Event, Recorded, Report, Run, Silence
from ..core.maintenance import Maintenance
from ..core.model import Config
from ..core.roster import Roster
from ..core.service import ServiceState
from ..core.view import LastProbe, ServiceView, View

Key = tuple[str, str]  # service, endpoint


@dataclass(frozen=True, slots=True)
class Update:
    """One step of the monitor: new states, the facts that led to them, how many results of each endpoint it judged."""

    changes: Changes
    states: Mapping[str, ServiceState]
    judged: Mapping[Key, int] = field(default_factory=dict)
    last_probes: Mapping[Key, LastProbe] = field(default_factory=dict)
    configured: tuple[Config, Roster] | None = None


@dataclass(slots=True)
class _Service:
    state: ServiceState
    runs: tuple[Run, ...] = ()
    silences: tuple[Silence, ...] = ()
    events: dict[str, Event] = field(default_factory=dict)


class Published:
    """The published state; the probing thread and others queue updates, the writer settles them, anybody takes a view.

    Between the start of a probe and the moment its result is published, nothing after that start is known: that is the
    horizon of its endpoint.
    """

    def __init__(self, recorded: Recorded, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._queue: deque[tuple[int, Update]] = deque()
        self._number = 0
        self._starts: dict[Key, deque[datetime]] = {}
        self._last_probes: dict[Key, LastProbe] = {}
        self._services: dict[str, _Service] = {}
        self._reports: dict[str, Report] = {}
        self._told(recorded.reports)
        self._recorded = recorded
        self._configured: tuple[Config, Roster, Maintenance] | None = None

    def started(self, key: Key, at: datetime) -> None:
        """Notes a probe that is about to start."""
        self._starts.setdefault(key, deque()).append(at)

    def queue(self, update: Update) -> int:
        """Holds an update back; returns the number under which it can be settled."""
        with self._lock:
            self._number += 1
            self._queue.append((self._number, update))
            return self._number

    def settle(self, number: object) -> None:
        """Publishes all updates up to `number`."""
        assert isinstance(number, int)
        with self._lock:
            while self._queue and self._queue[0][0] <= number:
                self._publish(self._queue.popleft()[1])

    def _publish(self, update: Update) -> None:
        if update.configured is not None:
            config, roster = update.configured
            self._configured = (config, roster, Maintenance(roster.timeline(config.policy), roster.windows))
        for name, state in update.states.items():
            if name not in self._services:
                self._services[name] = self._remembered(name, state)
            self._services[name].state = state
        for run in update.changes.runs:
            self._services[run.service].runs += (run,)
        for silence in update.changes.silences:
            self._services[silence.service].silences += (silence,)
        for event in update.changes.events:
            self._services[event.service].events[event.id] = event
        self._told(update.changes.reports)
        for key, count in update.judged.items():
            for _ in range(count):
                self._starts[key].popleft()
        self._last_probes.update(update.last_probes)

    def _told(self, reports: Iterable[Report]) -> None:
        for report in reports:
            self._reports.setdefault(report.event, report)

    def _remembered(self, name: str, state: ServiceState) -> _Service:
        recorded = self._recorded
        return _Service(
            state,
            tuple(run for run in recorded.runs if run.service == name),
            tuple(silence for silence in recorded.silences if silence.service == name),
            {event.id: event for event in recorded.events if event.service == name},
        )

    def view(self) -> View | None:
        """Everything at this moment; None before the first update is settled."""
        with self._lock:
            now = self._now()  # before the starts are read: a probe that starts after this cannot matter to it
            if self._configured is None:
                return None
            config, roster, maintenance = self._configured
            services = []
            for service in config.services:
                held = self._services[service.name]
                horizons = {
                    endpoint.name: self._horizon((service.name, endpoint.name), now) for endpoint in service.endpoints
                }
                services.append(
                    ServiceView(
                        service,
                        roster.since(service.name),
                        held.state,
                        horizons,
                        held.runs,
                        held.silences,
                        dict(held.events),
                        {
                            endpoint.name: self._last_probes[service.name, endpoint.name]
                            for endpoint in service.endpoints
                            if (service.name, endpoint.name) in self._last_probes
                        },
                        {id: self._reports[id] for id in held.events.keys() & self._reports.keys()},
                    )
                )
            return View(now, config, maintenance, tuple(services))

    def _horizon(self, key: Key, now: datetime) -> datetime:
        try:
            return self._starts[key][0]
        except (KeyError, IndexError):
            return now


class Submission:
    """Gives changes to the ledger's writer in the order of their numbers, whichever thread comes first with them.

    The writer is told the last number only, and settling it publishes all before it: those must have been submitted by then.
    Safe to use from several threads.
    """

    def __init__(self, published: Published, submit: Callable[[Changes, int], None]) -> None:
        self._published = published
        self._submit = submit
        self._lock = threading.Lock()
        self._last = 0
        self._early: dict[int, Changes] = {}

    def in_order(self, changes: Changes, number: int) -> None:
        """Submits what was queued under `number`, at the latest when all before it has come."""
        with self._lock:
            self._early[number] = changes
            while (following := self._last + 1) in self._early:
                self._submit(self._early.pop(following), following)
                self._last = following

    def record(self, changes: Changes) -> None:
        """Takes in facts that no step of the monitor found; they are published like any others, once they are durable."""
        self.in_order(changes, self._published.queue(Update(changes, {})))
