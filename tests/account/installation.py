"""A whole exporter on the bench: its real core, monitor, ledger, published view and collector, no sockets, threads or clocks.

The test says how time passes, what each endpoint answers, when the disk takes what is written and what people do. Beside the
exporter the installation keeps the raw history of it, for the recount: of what the ledger has, since a crash takes the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import Seen
from raw_history import EVERYBODY, History, Said

from scenarios import Scenario, instant
from sesam_slo.collector import ProbeTally, ServiceMetrics
from sesam_slo.collector.families import Families
from sesam_slo.core import announcing, correcting
from sesam_slo.core.announcing import AnnouncingError, Known, Proof
from sesam_slo.core.book import Book
from sesam_slo.core.correcting import CorrectionError
from sesam_slo.core.entry import Exclusion
from sesam_slo.core.history import Changes, Correction
from sesam_slo.core.model import AnnouncedWindow, Config, Outcome, Reason
from sesam_slo.core.view import View
from sesam_slo.core.windows import earliest
from sesam_slo.ledger import open_ledger
from sesam_slo.monitor import Clock, Monitor, Published

Key = tuple[str, str]
REASONS = {Outcome.FAILURE: Reason.TIMEOUT, Outcome.UNOBSERVED: Reason.LOCAL}


def second(at: datetime) -> int:
    whole = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert instant(whole) == at, f"not a whole second: {at}"
    return whole


@dataclass(frozen=True)
class Setting:
    """One configuration file. policy: as the model has it; services: their endpoints; windows: (start, end, services, claim)."""

    policy: dict[str, Any]
    services: dict[str, tuple[str, ...]]
    interval: int
    windows: dict[str, tuple[int, int, frozenset[str], int]]

    def config(self) -> Config:
        services = {name: dict.fromkeys(endpoints, self.interval) for name, endpoints in self.services.items()}
        config = Scenario(services, [], 0, 1, self.policy | {"announced": []}).config()
        announced = tuple(
            AnnouncedWindow(name, instant(start), instant(end), instant(claimed), _concerned(services))
            for name, (start, end, services, claimed) in self.windows.items()
        )
        return replace(config, policy=replace(config.policy, announced=announced))


def _concerned(services: frozenset[str]) -> frozenset[str] | None:
    return None if services == set(EVERYBODY) else services


class Time:
    """Whole seconds. The wall's clock can be set, the other only runs."""

    def __init__(self, start: int) -> None:
        self.monotonic, self._wall_ahead = 1000, start - 1000

    def pass_(self, seconds: int) -> None:
        self.monotonic += seconds

    def step(self, seconds: int) -> None:
        self._wall_ahead += seconds

    @property
    def wall(self) -> int:
        return self.monotonic + self._wall_ahead


class Prober:
    """Answers each probe at the next look, as `answers` says; None keeps it under way."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._under_way: dict[Key, datetime] = {}

    def start(self, key: Key, *_: Any) -> None:
        self._under_way[key] = at = self._installation.clock.now()
        self._installation.note("started", key, second(at))

    def poll(self, _: float) -> Iterator[Seen]:
        finished = []
        for key, at in list(self._under_way.items()):
            outcome = self._installation.answers.get(key, Outcome.SUCCESS)
            if outcome is not None:
                del self._under_way[key]
                self._installation.note("finished", key, second(at), outcome)
                finished.append(Seen(key, at, outcome, REASONS.get(outcome)))
        return iter(finished)

    def cancel(self, key: Key) -> bool:
        return self._under_way.pop(key, None) is not None

    def forget(self, _: Key) -> None: ...
    def wake(self) -> None: ...
    def close(self) -> None: ...


class Installation:
    """`answers`: what each endpoint says, success where nothing else is said. `beat`: the loop turns so often, in seconds."""

    def __init__(self, folder: Path, setting: Setting, start: int, beat: int) -> None:
        self.url, self.beat, self.setting = f"sqlite:///{folder / 'ledger.db'}", beat, setting
        self.time, self.answers, self.history = Time(start), dict[Key, Outcome | None](), History()
        self.disk_hangs = False
        self.ledger = open_ledger(self.url)
        self._start()

    # -- the exporter ------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """As `sesam-slo run` does."""
        self._noted: list[tuple[Any, ...]] = []  # since the last submission
        self._submitted: list[tuple[Changes, int, list[tuple[Any, ...]]]] = []
        self._starts: dict[Key, list[int]] = {}  # of probes whose results the ledger does not have
        self._intervals: dict[tuple[Key, int], int] = {}
        config = self.setting.config()
        recorded = self.ledger.read(since=earliest(instant(self.time.wall), config.policy.timezone))
        last = max((point.at for point in recorded.checkpoints.values()), default=None)
        self.clock = Clock(lambda: self.time.wall, lambda: self.time.monotonic, not_before=last)
        self.time.pass_(1)  # nothing begins in the very instant in which something else ended
        self.published = Published(recorded, self.clock.now)
        self._seen_revision = recorded.head.number
        self.note("configured", second(self.clock.now()), self.setting)
        self.monitor = Monitor(
            config,
            recorded,
            prober=Prober(self),
            clock=self.clock,
            published=self.published,
            submit=self._submit,
            tally=ProbeTally(),
            monotonic=lambda: self.time.monotonic,
        )
        self.metrics = ServiceMetrics(self.view, lambda entry, at, policy: "ended" if entry.end else "ongoing")
        self._write()

    def note(self, *what: Any) -> None:
        self._noted.append(what)
        if what[0] == "started":
            _, key, at = what
            self._starts.setdefault(key, []).append(at)
            self._intervals[key, at] = self.setting.interval

    def _submit(self, changes: Changes, number: int) -> None:
        self._submitted.append((changes, number, self._noted))
        self._noted = []

    def _write(self) -> None:
        """All that was submitted in one transaction, as the ledger's writer does; only now is it history."""
        if not self._submitted:
            return
        together = Changes()
        for changes, _, _ in self._submitted:
            together = together.then(changes)
        self.ledger.write(together)
        self.published.settle(self._submitted[-1][1])
        for _, _, noted in self._submitted:
            for what, *about in noted:
                if what == "finished":
                    self._finished(*about)
                elif what == "configured":
                    self._configured(*about)
        self._submitted = []
        assert [second(each.since) for each in self.ledger.read().policies] == [
            since for since, _ in self.history.policies
        ]

    def _finished(self, key: Key, at: int, outcome: Outcome) -> None:
        self._starts[key].remove(at)
        self.history.result(*key, at, outcome.value, 2 * self._intervals.pop((key, at)))

    def _configured(self, at: int, setting: Setting) -> None:
        self.history.configured(setting.policy, setting.services, setting.windows, at)
        kept = {(name, endpoint) for name, endpoints in setting.services.items() for endpoint in endpoints}
        for key in self._starts.keys() - kept:  # what was under way was given up; another may have begun since
            self._starts[key] = [start for start in self._starts[key] if start >= at]

    def run(self, seconds: int) -> None:
        for _ in range(seconds // self.beat):
            self.time.pass_(self.beat)
            self.monitor.turn()
        self.settle()

    def settle(self) -> None:
        if not self.disk_hangs:
            self._write()

    def reload(self, setting: Setting) -> None:
        self.time.pass_(1)
        self.settle()
        self.setting = setting
        self.note("configured", second(self.clock.now()), setting)
        self.monitor.reload(setting.config())
        self.monitor.turn()
        self.settle()

    def restart(self, *, killed: bool, after: int) -> None:
        """killed: what the ledger does not have is lost; else the exporter writes what it knows before it ends."""
        if not killed:
            self.monitor._flush()
            self._write()
        self.ledger.close()
        self.time.pass_(after)
        self.ledger = open_ledger(self.url, create=False)
        self._start()

    def follow(self) -> None:
        """What `sesam-slo run` does with news of the ledger."""
        news = self.ledger.news(self._seen_revision)
        if news.log.services or news.windows:
            self.published.follow(news.log, news.windows, news.cases)
            self.monitor.follow(self.published.excuses(), news.windows, self.published.cases)
        self._seen_revision = news.number

    def view(self) -> View | None:
        self.follow()
        return self.published.view()

    def scrape(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        families = Families()
        self.metrics.export(families)
        found = {}
        for line in "".join(families.render(openmetrics=False)).splitlines():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                found[_series(series)] = float(value)
        return found

    def horizons(self, service: str) -> dict[str, int]:
        """Of each endpoint: up to where nothing can be missing from what the ledger has."""
        waiting = [what[1] for _, _, noted in self._submitted for what in noted if what[0] == "configured"]
        now = min([second(self.clock.now()), *waiting])
        return {
            endpoint: min([now, *self._starts.get((service, endpoint), ())])
            for (of, endpoint), spans in self.history.endpoints.items()
            if of == service and spans[-1][1] is None
        }

    def book(self) -> Book:
        return Book.of(self.ledger.read(), self.setting.config())

    def confirmed(self) -> dict[str, int]:
        """When each event on record was confirmed."""
        return {event.id: second(event.confirmed_at) for event in self.ledger.read().events}

    def close(self) -> None:
        self.ledger.close()

    # -- what people do ------------------------------------------------------------------------------------------------

    def _people(self, do: Callable[[datetime], None]) -> bool:
        """Whether it was taken; what cannot be is refused with a reason."""
        with suppress(CorrectionError, AnnouncingError):
            do(instant(self.time.wall))
            return True
        return False

    def annotate(self, id: str, **wanted: Any) -> bool:
        def do(now: datetime) -> None:
            log = self.ledger.log_entry(id)
            self._said(correcting.annotate(log, id, _asked(wanted), author="kari", reason="", now=now), wanted)

        return self._people(do)

    def add(self, service: str, endpoints: tuple[str, ...], **wanted: Any) -> bool:
        def do(now: datetime) -> None:
            log = self.ledger.log(service)
            made = correcting.add(log, service, endpoints, _asked(wanted), author="kari", reason="", now=now)
            self._said(made, wanted | {"added": (service, endpoints)})

        return self._people(do)

    def _said(self, correction: Correction, wanted: dict[str, Any]) -> None:
        self.ledger.write(Changes(corrections=(correction,)), author="kari", seen=self.ledger.head())
        change = {name: wanted[name] for name in correction.change}  # what was so already is no change
        self.history.said.append(Said(correction.event, second(correction.at), change))

    def announce(self, name: str, start: int, end: int, services: frozenset[str], claimed: int | None) -> bool:
        def do(now: datetime) -> None:
            proof = Proof("kari", None if claimed is None else instant(claimed))
            self._windows(
                lambda known: announcing.announce(
                    known, name, instant(start), instant(end), _concerned(services), proof, now
                )
            )
            window = self.history.announced_by_command(name)
            window.become(start, end, services, second(now) if claimed is None else claimed, second(now))

        return self._people(do)

    def change(
        self, name: str, start: int | None, end: int | None, services: frozenset[str], claimed: int | None
    ) -> bool:
        def do(now: datetime) -> None:
            proof = Proof("kari", None if claimed is None else instant(claimed))
            self._windows(
                lambda known: announcing.change(
                    known,
                    name,
                    proof,
                    now,
                    start=None if start is None else instant(start),
                    end=None if end is None else instant(end),
                    services=_concerned(services),
                )
            )
            window = self.history.by_command[name][-1]
            first, last = min(a for a, _ in window.reach.values()), max(b for _, b in window.reach.values())
            window.become(
                first if start is None else start,
                last if end is None else end,
                services,
                second(now) if claimed is None else claimed,
                second(now),
            )

        return self._people(do)

    def cancel(self, name: str) -> bool:
        def do(now: datetime) -> None:
            self._windows(lambda known: announcing.cancel(known, name, Proof("kari"), now))
            self.history.by_command[name][-1].cancel(second(now))

        return self._people(do)

    def _windows(self, step: Callable[[Known], announcing.Outcome]) -> None:
        announcing.decided(
            step,
            self.setting.config(),
            lambda decide: self.ledger.write(decide(self.ledger.read()), author="kari", seen=self.ledger.head()),
        )


@lru_cache(maxsize=100_000)
def _series(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    name, _, labels = text.partition("{")
    return name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))


def _asked(wanted: dict[str, Any]) -> dict[str, Any]:
    """As the product takes it."""
    asked = dict(wanted)
    for name in ("start", "end"):
        if asked.get(name) is not None:
            asked[name] = instant(asked[name])
    if "exclusions" in asked:
        asked["exclusions"] = tuple(Exclusion(instant(a), instant(b), "theirs") for a, b in asked["exclusions"])
    return asked
