"""A monitor without sockets, threads or clocks: the test says what time it is and what each endpoint answers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sesam_slo.collector import Exposition, ProbeTally
from sesam_slo.core.history import Changes, Recorded
from sesam_slo.core.model import Config, Endpoint, Kind, Outcome, Phase, Policy, Reason, Request, Service
from sesam_slo.monitor import Clock, Monitor, Published

START = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def policy(**changes: Any) -> Policy:
    return Policy(**{"downtime_after": 10 * SECOND, "bridge_at_most": 10 * SECOND, "recurring": (), **changes})


def endpoint(name: str = "api", interval: timedelta = SECOND) -> Endpoint:
    kind = Kind.UI if name == "ui" else Kind.API
    return Endpoint(name, kind, Request(f"https://{name}.example/"), interval, timedelta(milliseconds=500))


def config(*services: Service, **changes: Any) -> Config:
    return Config(
        policy=changes.pop("policy", policy()),
        services=services or (Service("svc", (endpoint("api"),)),),
        control_interval=5 * SECOND,
        **changes,
    )


@dataclass
class Seen:
    """What the fake prober says of an exchange; the fields that a monitor reads."""

    key: Any
    started_at: datetime
    outcome: Outcome
    reason: Reason | None = None
    duration_seconds: float = 0.01
    phases: dict[Phase, float] = field(default_factory=dict)
    status: int | None = 200
    tls_not_after: datetime | None = None
    detail: str = ""

    def evidence(self) -> dict[str, Any]:
        return {"reason": self.reason, "status": self.status}


class Time:
    def __init__(self) -> None:
        self.elapsed = 0.0

    def wall(self) -> float:
        return START.timestamp() + self.elapsed

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed


class FakeProber:
    """Answers each started probe at the next poll, by `answer(key)`; None keeps it under way."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.answer: Callable[[Any], tuple[Outcome, Reason | None, int | None] | None] = lambda key: OK
        self.under_way: dict[Hashable, datetime] = {}
        self.started: list[Any] = []

    def start(self, key: Hashable, request: Request, timeout: timedelta) -> None:
        self.under_way[key] = self._now()
        self.started.append(key)

    def poll(self, timeout_seconds: float) -> list[Seen]:
        finished = []
        for key, at in list(self.under_way.items()):
            answer = self.answer(key)
            if answer is not None:
                del self.under_way[key]
                finished.append(Seen(key, at, answer[0], answer[1], status=answer[2]))
        return finished

    def cancel(self, key: Hashable) -> bool:
        return self.under_way.pop(key, None) is not None

    def forget(self, key: Hashable) -> None: ...

    def wake(self) -> None: ...

    def close(self) -> None: ...


OK = (Outcome.SUCCESS, None, 200)
DOWN = (Outcome.FAILURE, Reason.TIMEOUT, None)
NOT_SEEN = (Outcome.UNOBSERVED, Reason.LOCAL, None)


class Bench:
    """A monitor on the bench. `ledger` holds what was submitted; it is durable at once unless `durable` is False."""

    def __init__(self, first: Config, recorded: Recorded | None = None, time: Time | None = None) -> None:
        self.time = time or Time()
        self.clock = Clock(self.time.wall, self.time.monotonic)
        self.prober = FakeProber(self.clock.now)
        self.tally = ProbeTally()
        self.published = Published(recorded or Recorded(), self.clock.now)
        self.durable = True
        self.ledger = Changes()
        self.monitor = Monitor(
            first,
            recorded or Recorded(),
            prober=self.prober,
            clock=self.clock,
            published=self.published,
            submit=self._submit,
            tally=self.tally,
            monotonic=self.time.monotonic,
        )

    def _submit(self, changes: Changes, number: int) -> None:
        self.ledger = self.ledger.then(changes)
        if self.durable:
            self.published.settle(number)

    def recorded(self) -> Recorded:
        """What a restart would read."""
        said = self.ledger
        return Recorded(
            said.policies,
            said.memberships,
            said.windows,
            said.runs,
            said.silences,
            said.events,
            {point.service: point for point in said.checkpoints},
            cases=said.cases,
        )

    def run(self, seconds: float, beat: float = 0.1) -> None:
        until = self.time.elapsed + seconds
        while self.time.elapsed < until:
            self.time.elapsed += beat
            self.monitor.turn()

    def service(self, name: str = "svc") -> Any:
        view = self.published.view()
        assert view is not None
        return next(each for each in view.services if each.service.name == name)

    def now(self, name: str = "svc") -> Any:
        view = self.published.view()
        assert view is not None
        return self.service(name).brought_up(view.maintenance).state

    def log(self) -> list[Any]:
        return [event for event in self.ledger.events if event.merged_into is None]


exposition = Exposition(())
"""An answer to scrapes without services, for tests of what is around it."""
