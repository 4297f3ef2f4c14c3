"""What others see of the monitor: only what the ledger has, unless the ledger cannot be written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..core.case import Case, cases
from ..core.entry import Log
from ..core.history import CaseChange, Changes, Correction, Event, Recorded, Report, Run, Silence
from ..core.intervals import Intervals
from ..core.maintenance import Maintenance
from ..core.model import AnnouncedWindow, Config
from ..core.roster import Roster, with_windows
from ..core.service import ServiceState
from ..core.view import LastProbe, ServiceView, View

Key = tuple[str, str]  # service, endpoint


@dataclass(frozen=True, slots=True)
class Update:
    """One step of the monitor: new states, the facts that led to them, how many results of each endpoint it judged.

    `configured` took effect at `configured_at`.
    """

    changes: Changes
    states: Mapping[str, ServiceState]
    judged: Mapping[Key, int] = field(default_factory=dict)
    last_probes: Mapping[Key, LastProbe] = field(default_factory=dict)
    configured: tuple[Config, Roster] | None = None
    configured_at: datetime | None = None


@dataclass(slots=True)
class _Service:
    state: ServiceState
    runs: tuple[Run, ...] = ()
    silences: tuple[Silence, ...] = ()
    log: Log = field(default_factory=Log)


class Published:
    """The published state; the probing thread and others queue updates, the writer settles them, anybody takes a view.

    Between the start of a probe and the moment its result is published, nothing after that start is known: that is the
    horizon of its endpoint. So it is with a configuration between the instant at which it took effect and its publication.
    Raises KeyError, TypeError or ValueError where the ledger holds cases that are none of ours.
    """

    def __init__(self, recorded: Recorded, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._queue: deque[tuple[int, Update]] = deque()
        self._number = 0
        self._starts: dict[Key, deque[datetime]] = {}
        self._last_probes: dict[Key, LastProbe] = {}
        self._services: dict[str, _Service] = {}
        self._recorded: dict[str, tuple[list[Run], list[Silence]]] = _by_service(recorded)
        self._logs = _logs(recorded)
        self._followed: tuple[AnnouncedWindow, ...] = ()  # windows that people announced or withdrew since the start
        # Replaced as a whole: a view keeps the one that it was given.
        self._cases: Mapping[str, Case] = cases(recorded.cases)
        self._reports: dict[str, Report] = {}  # of events that pages told before the loop's turn has published them
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
            self._configure(*update.configured)
        for name, state in update.states.items():
            if name not in self._services:
                self._services[name] = self._remembered(name, state)
            self._services[name].state = state
        for run in update.changes.runs:
            self._services[run.service].runs += (run,)
        for silence in update.changes.silences:
            self._services[silence.service].silences += (silence,)
        self._log(update.changes.events, update.changes.reports)
        for key, count in update.judged.items():
            for _ in range(count):
                self._starts[key].popleft()
        self._last_probes.update(update.last_probes)

    def follow(self, log: Log, windows: tuple[AnnouncedWindow, ...], said: tuple[CaseChange, ...] = ()) -> None:
        """Publishes what people wrote into the ledger, which has it already: the whole of the entries they corrected."""
        with self._lock:
            for name in log.services:
                of_service = log.of_service(name)
                if name in self._services:
                    self._services[name].log = self._services[name].log.replaced(of_service)
                else:
                    self._logs[name] = self._logs.get(name, Log()).replaced(of_service)
            if windows:
                self._followed = with_windows(self._followed, windows)
                if self._configured is not None:
                    self._configure(*self._configured[:2])
            if said:
                self._cases = cases(said, self._cases)

    def excuses(self) -> dict[str, Intervals]:
        """By id: from when to when a person had said of an entry that it is none of the service's own downtime."""
        with self._lock:
            return {id: times for held in self._services.values() for id, times in held.log.excuses.items()}

    @property
    def cases(self) -> Mapping[str, Case]:
        """All support cases by id."""
        return self._cases

    def _configure(self, config: Config, roster: Roster) -> None:
        windows = with_windows(roster.windows, self._followed)
        self._configured = (config, roster, Maintenance(roster.timeline(config.policy), windows))

    def _log(self, events: Iterable[Event], reports: Iterable[Report] = ()) -> None:
        """Adds to the logs of the services concerned, and to no other: an unchanged log is the same object."""
        events = list(events)
        for name in {event.service for event in events}:
            held = self._services[name]
            held.log = held.log.plus([event for event in events if event.service == name])
        for report in reports:
            self._reports.setdefault(report.event, report)
        for id, report in list(self._reports.items()):
            for held in self._services.values():
                if id in held.log.events:
                    del self._reports[id]
                    if id not in held.log.reports:
                        held.log = held.log.plus(reports=(report,))
                    break

    def _remembered(self, name: str, state: ServiceState) -> _Service:
        runs, silences = self._recorded.pop(name, ([], []))
        return _Service(state, tuple(runs), tuple(silences), self._logs.pop(name, Log()))

    def view(self) -> View | None:
        """Everything at this moment; None before the first update is settled."""
        with self._lock:
            now = self._now()  # before the starts are read: a probe that starts after this cannot matter to it
            if self._configured is None:
                return None
            config, roster, maintenance = self._configured
            waiting = [update.configured_at for _, update in self._queue if update.configured_at is not None]
            known_until = min([now, *waiting])
            services = []
            for service in config.services:
                held = self._services[service.name]
                horizons = {
                    endpoint.name: self._horizon((service.name, endpoint.name), known_until)
                    for endpoint in service.endpoints
                }
                services.append(
                    ServiceView(
                        service,
                        roster.since(service.name),
                        held.state,
                        horizons,
                        held.runs,
                        held.silences,
                        held.log,
                        {
                            endpoint.name: self._last_probes[service.name, endpoint.name]
                            for endpoint in service.endpoints
                            if (service.name, endpoint.name) in self._last_probes
                        },
                    )
                )
            return View(now, config, maintenance, tuple(services), self._cases)

    def _horizon(self, key: Key, now: datetime) -> datetime:
        try:
            return min(self._starts[key][0], now)
        except (KeyError, IndexError):
            return now


def _by_service(recorded: Recorded) -> dict[str, tuple[list[Run], list[Silence]]]:
    found: dict[str, tuple[list[Run], list[Silence]]] = {}
    for run in recorded.runs:
        found.setdefault(run.service, ([], []))[0].append(run)
    for silence in recorded.silences:
        found.setdefault(silence.service, ([], []))[1].append(silence)
    return found


def _logs(recorded: Recorded) -> dict[str, Log]:
    """The log of each service."""
    events: dict[str, list[Event]] = {}
    reports: dict[str | None, list[Report]] = {}
    corrections: dict[str | None, list[Correction]] = {}
    service_of: dict[str, str] = {}
    for event in recorded.events:
        service_of[event.id] = event.service
        events.setdefault(event.service, []).append(event)
    for report in recorded.reports:
        reports.setdefault(service_of.get(report.event), []).append(report)
    for correction in recorded.corrections:
        if "added" in correction.change:
            service_of[correction.event] = correction.change["added"]["service"]
        corrections.setdefault(service_of.get(correction.event), []).append(correction)
    return {
        name: Log.of(events.get(name, ()), reports.get(name, ()), corrections.get(name, ()))
        for name in set(service_of.values())
    }


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
