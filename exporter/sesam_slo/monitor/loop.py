"""The loop: schedule -> probe -> core -> ledger, and what is published once that is durable.

One thread probes and judges. What it finds goes to the ledger's writer as one transaction; only when that is written is the new
state published, so that no counter ever shows what a crash could take back. A ledger that cannot be written delays nothing:
then the state is published unwritten.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..core.case import Case, cases
from ..core.checkpoint import checkpoint
from ..core.entry import Log
from ..core.history import CaseChange, Changes, Evidence, Recorded
from ..core.intervals import Intervals, contains
from ..core.maintenance import Maintenance
from ..core.model import AnnouncedWindow, Config, Endpoint, Outcome, Phase, Reason, Request, Result
from ..core.opening import merged, openings
from ..core.outage import OutOfOrderError, Rules
from ..core.roster import Roster, configure, recorded_roster, with_windows
from ..core.service import Advance, ServiceState, advance, observe
from ..core.view import LastProbe
from .clock import Clock
from .control import ControlTargets
from .published import Key, Published, Update
from .schedule import Schedule

log = logging.getLogger("sesam_slo.monitor")

_IDLE_SECONDS = 0.5  # the longest wait without a look at what else there is to do
_FLUSH_AT_MOST_SECONDS = 2.0  # a restart must know each last result to within 5 seconds
_CONTROL = "control"


class Observed(Protocol):
    """What a prober says of one finished exchange."""

    @property
    def key(self) -> Any: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def duration_seconds(self) -> float: ...
    @property
    def phases(self) -> Mapping[Phase, float]: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def reason(self) -> Reason | None: ...
    @property
    def status(self) -> int | None: ...
    @property
    def tls_not_after(self) -> datetime | None: ...
    @property
    def detail(self) -> str: ...
    def evidence(self) -> dict[str, Any]:
        """What it saw, JSON-able, free of secrets."""


class Prober(Protocol):
    """Performs exchanges; only `wake` may be called from another thread."""

    def start(self, key: Hashable, request: Request, timeout: timedelta) -> None: ...
    def poll(self, timeout_seconds: float) -> list[Any]: ...
    def cancel(self, key: Hashable) -> bool: ...
    def forget(self, key: Hashable) -> None: ...
    def wake(self) -> None: ...
    def close(self) -> None: ...


class Tally(Protocol):
    """Counts what the loop does, since the process began."""

    def probed(
        self, service: str, endpoint: Endpoint, outcome: Outcome, reason: Reason | None, duration_seconds: float
    ) -> None: ...
    def lag(self, seconds: float) -> None: ...
    def error(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What people wrote into the ledger: when which event was none of the service's own, windows, and all cases."""

    excused: Mapping[str, Intervals]
    windows: tuple[AnnouncedWindow, ...]
    cases: Mapping[str, Case]


class Monitor:
    """Probes the configured services until told to stop.

    submit: gives changes to the ledger's writer, which settles the number it was given in `published` once they are written.
    """

    def __init__(
        self,
        config: Config,
        recorded: Recorded,
        *,
        prober: Prober,
        clock: Clock,
        published: Published,
        submit: Callable[[Changes, int], None],
        tally: Tally,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prober, self._clock, self._published = prober, clock, published
        self._submit, self._tally, self._monotonic = submit, tally, monotonic
        self._schedule = Schedule()
        self._inbox: queue.SimpleQueue[Config | Followed] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probing", daemon=True)

        self._endpoints: dict[Key, Endpoint] = {}
        self._unjudged: dict[Key, datetime] = {}  # probes under way, and failures that wait for the control targets
        self._asked: dict[Key, Endpoint] = {}  # of the same: as they were when the probe started
        self._waiting: list[Observed] = []
        self._last_probes: dict[Key, LastProbe] = {}
        self._fresh_probes: dict[Key, LastProbe] = {}
        self._judged: dict[Key, int] = {}
        self._dirty: set[str] = set()
        self._changes = Changes()
        self._flush_seconds = _FLUSH_AT_MOST_SECONDS
        self._flush_at = 0.0
        self._roster = recorded_roster(recorded)
        self._configured_services: list[str] = []
        self._states: dict[str, ServiceState] = {}
        self._excused: Mapping[str, Intervals] = Log.of(recorded.events, recorded.reports, recorded.corrections).excuses
        self._cases: Mapping[str, Case] = cases(recorded.cases)
        self._opened: set[str] = set()  # events whose cases are on their way into the ledger, or there
        self._configure(self._roster, config)

    # -- what other threads call -------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def reload(self, config: Config) -> None:
        """Lets `config` take effect at the loop's next turn."""
        self._inbox.put(config)
        self._prober.wake()

    def follow(
        self, excused: Mapping[str, Intervals], windows: tuple[AnnouncedWindow, ...], cases: Mapping[str, Case]
    ) -> None:
        """Lets what people wrote into the ledger take effect at the loop's next turn."""
        self._inbox.put(Followed(excused, windows, cases))
        self._prober.wake()

    def stop(self, timeout_seconds: float) -> None:
        """Ends the loop; what has been judged is handed to the writer."""
        self._stopping.set()
        self._prober.wake()
        self._thread.join(timeout_seconds)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def in_flight(self) -> int:
        return len(self._unjudged)

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
            except Exception:
                # The edge of the loop: whatever one turn met, the next one probes on.
                log.error("unexpected error in the probing loop", exc_info=True)
                self._tally.error()
                self._stopping.wait(_IDLE_SECONDS)
        self._flush()
        self._prober.close()

    def turn(self) -> None:
        """One turn: starts what is due, takes in what has finished, hands over what is new."""
        while not self._inbox.empty():
            news = self._inbox.get()
            if isinstance(news, Followed):
                self._take_up(news)
            else:
                self._configure(self._roster_now(), news)
        now = self._monotonic()
        for due in self._schedule.pop_due(now, self._unjudged):
            self._tally.lag(now - due.planned)
            self._start(due.key)
        for observed in self._prober.poll(self._patience()):
            self._finished(observed)
        self._judge_waiting()
        if self._changes or self._monotonic() >= self._flush_at:
            self._flush()

    def _patience(self) -> float:
        now = self._monotonic()
        next_probe = self._schedule.seconds_to_next(now)
        waits = [_IDLE_SECONDS, max(0.0, self._flush_at - now), *([] if next_probe is None else [next_probe])]
        return min(waits)

    def _start(self, key: Key) -> None:
        endpoint = self._asked[key] = self._endpoints[key]
        self._unjudged[key] = at = self._clock.now()
        self._published.started(key, at)
        self._prober.start(key, endpoint.request, endpoint.timeout)

    def _finished(self, observed: Observed) -> None:
        kind, name = observed.key
        if kind is _CONTROL:
            self._control.answered(name, observed.status)
        elif observed.key in self._unjudged:
            self._waiting.append(observed)

    def _judge_waiting(self) -> None:
        """Judges what has finished, in order; a failure only once the control targets have answered."""
        waiting, self._waiting = self._waiting, []
        for observed in waiting:
            if observed.outcome is not Outcome.FAILURE:
                self._judge(observed, observed.outcome, observed.reason)
            elif (sees := self._control.sees()) is None:
                self._waiting.append(observed)
            elif sees:
                self._judge(observed, Outcome.FAILURE, observed.reason)
            else:
                self._judge(observed, Outcome.UNOBSERVED, Reason.CONTROL)

    def _judge(self, observed: Observed, outcome: Outcome, reason: Reason | None) -> None:
        service, name = key = observed.key
        endpoint = self._endpoints[key]
        before = self._last_probes.get(key)
        self._unjudged.pop(key)
        self._judged[key] = self._judged.get(key, 0) + 1
        self._dirty.add(service)
        self._tally.probed(service, endpoint, outcome, reason, observed.duration_seconds)
        self._last_probes[key] = self._fresh_probes[key] = LastProbe(
            observed.started_at,
            outcome,
            reason,
            dict(observed.phases),
            observed.status or (before.status if before else None),
            observed.tls_not_after or (before.tls_not_after if before else None),
        )
        if outcome is not Outcome.SUCCESS and (before is None or before.outcome is not outcome):
            log.info("probe %s/%s: %s (%s): %s", service, name, outcome, reason or "", observed.detail)
        rules = Rules.of(self._asked.pop(key), self._maintenance.policies.at(observed.started_at))
        try:
            taken = observe(self._states[service], name, Result(observed.started_at, outcome, reason), rules)
        except OutOfOrderError as error:
            log.warning("result of %s/%s left out: %s", service, name, error)
            return
        self._states[service] = taken.state
        self._changes = self._changes.then(taken.changes)
        run = taken.state.endpoints[name].run
        if run is not None and outcome is Outcome.FAILURE:
            self._changes = self._changes.then(Changes(evidence=_evidence(service, name, run.start, observed)))

    # -- the account -------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Brings the accounts up to now and hands everything new to the writer."""
        now = self._clock.now()
        self._flush_at = self._monotonic() + self._flush_seconds
        for name in [
            name for name in self._configured_services if name in self._dirty or not self._states[name].settled
        ]:
            moved = advance(self._states[name], self._horizons(name, now), self._maintenance, self._excused)
            if moved.changes or moved.state != self._states[name]:
                self._dirty.add(name)
            self._states[name] = moved.state
            self._changes = self._changes.then(moved.changes).then(Changes(cases=self._of_cases(moved, now)))
            for event in moved.changes.events:
                log.info(
                    "downtime %s: %s from %s to %s",
                    event.id,
                    f"merged into {event.merged_into}" if event.merged_into else "ended" if event.end else "ongoing",
                    event.start.isoformat(),
                    event.end.isoformat() if event.end else "now",
                )
        self._hand_over(now, None)

    def _of_cases(self, moved: Advance, now: datetime) -> tuple[CaseChange, ...]:
        """What happens to support cases by itself; in one transaction with the events that it follows."""
        said = tuple(merged(moved.changes.events, self._cases, now))
        support = self._config.policy.support
        if support.opens_cases:
            excused = {id for id, times in self._excused.items() if contains(times, now)}
            having = {case.event for case in self._cases.values()} | self._opened | excused
            events = (*moved.state.events, *moved.changes.events)
            said += tuple(openings(events, having, support, self._maintenance, moved.state.accounted_until, now))
        for change in said:
            log.info("case %s: %s", change.case, change.reason)
        if said:
            self._opened.update(change.change["event"] for change in said)
            self._cases = cases(said, self._cases)
        return said

    def _hand_over(self, now: datetime, configured: tuple[Config, Roster] | None) -> None:
        states = {name: self._states[name] for name in self._dirty}
        if not states and configured is None:
            return
        changes = self._changes.then(Changes(checkpoints=tuple(checkpoint(state, now) for state in states.values())))
        number = self._published.queue(
            Update(changes, states, self._judged, self._fresh_probes, configured, now if configured else None)
        )
        self._changes, self._judged, self._fresh_probes, self._dirty = Changes(), {}, {}, set()
        self._submit(changes, number)

    def _horizons(self, service: str, now: datetime) -> dict[str, datetime]:
        """Up to where the results of each endpoint are complete: the start of its probe under way, or now."""
        return {name: self._unjudged.get((service, name), now) for name in self._states[service].endpoints}

    # -- configuration -----------------------------------------------------------------------------------------------

    def _roster_now(self) -> Roster:
        return replace(self._roster, states=self._states)

    def _take_up(self, news: Followed) -> None:
        self._excused, self._cases = news.excused, news.cases
        if news.windows:
            self._roster = replace(self._roster_now(), windows=with_windows(self._roster.windows, news.windows))
            self._maintenance = Maintenance(self._roster.timeline(self._config.policy), self._roster.windows)

    def _configure(self, roster: Roster, config: Config) -> None:
        now, monotonic = self._clock.now(), self._monotonic()
        self._config = config
        wanted = {(service.name, each.name): each for service in config.services for each in service.endpoints}
        for key in self._endpoints.keys() - wanted.keys():
            self._schedule.remove(key)
            self._prober.forget(key)
            if self._unjudged.pop(key, None) is not None:
                self._asked.pop(key)
                self._prober.cancel(key)
                self._judged[key] = self._judged.get(key, 0) + 1
        self._waiting = [observed for observed in self._waiting if observed.key in self._unjudged]
        self._roster, changes = configure(roster, config, now, self._excused)
        self._states = dict(self._roster.states)
        self._configured_services = [service.name for service in config.services]
        self._endpoints = wanted
        self._maintenance = Maintenance(self._roster.timeline(config.policy), self._roster.windows)
        self._control = ControlTargets(
            config.control_targets, config.control_interval, config.control_timeout, self._ask, self._monotonic
        )
        for key, endpoint in wanted.items():
            self._schedule.add(key, endpoint.interval.total_seconds(), monotonic)
        shortest = min(endpoint.interval.total_seconds() for endpoint in wanted.values())
        # A quarter of the shortest interval: then the last result that a restart knows still holds when the process dies.
        self._flush_seconds = min(_FLUSH_AT_MOST_SECONDS, shortest / 4)
        self._flush_at = monotonic + self._flush_seconds
        self._dirty.update(self._states)
        self._changes = self._changes.then(changes)
        self._hand_over(now, (config, self._roster))

    def _ask(self, target: str, request: Request, timeout: timedelta) -> None:
        self._prober.start((_CONTROL, target), request, timeout)


def _evidence(service: str, endpoint: str, run_start: datetime, observed: Observed) -> tuple[Evidence, ...]:
    """Of each failing run what its first probe saw, and what its latest did."""
    document = observed.evidence()
    latest = Evidence(service, endpoint, run_start, "latest", observed.started_at, document)
    if observed.started_at == run_start:
        return (Evidence(service, endpoint, run_start, "first", observed.started_at, document), latest)
    return (latest,)
