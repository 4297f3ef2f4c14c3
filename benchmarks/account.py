"""The account at scale: 1,000 services with ten years of log, 200,000 events, most of them annotated.

    python benchmarks/account.py [--services 1000] [--events 200] [--folder DIR]

Measured, each beside its goal: the processor time of all `window` gauges at one scrape, a month's report of one service and of
all as the commands that people type, the start from opening the ledger to the first answer, and the check of the whole chain.
Each again with a quarter of the services, and with a quarter of the events of each, to say how it grows.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sesam_slo.collector import ProbeTally
from sesam_slo.collector.families import Families
from sesam_slo.collector.window_gauges import WindowGauges
from sesam_slo.config import load
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Correction, Event, Membership, PolicyRecord, Report, Run, Silence
from sesam_slo.core.instants import written
from sesam_slo.core.model import Policy
from sesam_slo.core.outage import EndpointState
from sesam_slo.core.policy_document import policy_document
from sesam_slo.core.service import ServiceState
from sesam_slo.core.view import View
from sesam_slo.core.windows import earliest
from sesam_slo.ledger import open_ledger
from sesam_slo.monitor import Clock, Monitor, Published

YEARS = timedelta(days=3652)
MINUTE = timedelta(minutes=1)
END = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class NoProber:
    """Starts nothing and answers nothing: what is measured is the account."""

    def start(self, *_: Any) -> None: ...
    def poll(self, _: float) -> list[Any]:
        return []

    def cancel(self, _: Any) -> bool:
        return True

    def forget(self, _: Any) -> None: ...
    def wake(self) -> None: ...
    def close(self) -> None: ...


def name(number: int) -> str:
    return f"service-{number:04}"


def make(folder: Path, services: int, events: int) -> Path:
    """The configuration of an installation with its ledger beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "sesam-slo.yml"
    lines = [f"ledger: sqlite:///{folder}/ledger.db", "web: {listen: '127.0.0.1:0'}", "services:"]
    for number in range(services):
        lines.append(
            f"  - {{name: {name(number)}, endpoints: [{{name: api, kind: api, url: 'http://127.0.0.1:9/'}}, "
            "{name: ui, kind: ui, url: 'http://127.0.0.1:9/'}]}"
        )
    configuration.write_text("\n".join(lines) + "\n")
    if (folder / "whole").exists():
        return configuration
    began = time.perf_counter()
    chance = random.Random(1)
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
    ledger.write(Changes(policies=(PolicyRecord(END - YEARS, policy_document(Policy())),)))
    for number in range(services):
        ledger.write(history(name(number), events, chance))
    ledger.close()
    (folder / "whole").touch()
    print(f"made {services} services with {events} events each in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return configuration


def history(service: str, events: int, chance: random.Random) -> Changes:
    runs, silences, found, reports, corrections = [], [], [], [], []
    for number in range(events):
        start = END - YEARS + (YEARS - timedelta(days=1)) * (number + chance.random() * 0.8) / events
        start = start.replace(microsecond=0)
        end = start + chance.randint(10, 120) * MINUTE
        endpoint = chance.choice(("api", "ui"))
        runs.append(Run(service, endpoint, start, end, 10 * MINUTE, "timeout"))
        silences.append(Silence(service, endpoint, end + 60 * MINUTE, end + 65 * MINUTE))
        id = f"{service}-{start:%Y%m%dT%H%M%S}.000Z"
        found.append(Event(id, service, start, end, start + 10 * MINUTE, (endpoint,), ("timeout",)))
        reports.append(Report(id, start + 11 * MINUTE, "alertmanager"))
        if number % 10:
            cause = chance.choice(("sesam", "sesam", "customer"))
            said = {"cause": cause, "solution": "restarted", "reported_at": written(start + 12 * MINUTE)}
            corrections.append(Correction(id, end + 600 * MINUTE, "kari", "after the call", said))
    since = END - YEARS
    states = {each: EndpointState(service, each, END + timedelta(hours=1), END) for each in ("api", "ui")}
    state = ServiceState(service, states, END, END)
    return Changes(
        memberships=tuple(Membership(service, each, since) for each in ("", "api", "ui")),
        runs=tuple(runs),
        silences=tuple(silences),
        events=tuple(found),
        reports=tuple(reports),
        corrections=tuple(corrections),
        checkpoints=(checkpoint(state, END),),
    )


class Running:
    """The exporter's own parts, started on the ledger, with a clock that stands where it is put."""

    def __init__(self, configuration: Path) -> None:
        config = load(configuration)
        self.now = END + timedelta(seconds=5)
        ledger = open_ledger(config.ledger, exclusive=True)
        recorded = ledger.read(since=earliest(self.now, config.policy.timezone))
        clock = Clock(self.now.timestamp, time.monotonic)
        self.published = Published(recorded, lambda: self.now)
        monitor = Monitor(
            config,
            recorded,
            prober=NoProber(),
            clock=clock,
            published=self.published,
            submit=lambda changes, number: self.published.settle(number),
            tally=ProbeTally(),
        )
        assert monitor is not None
        ledger.close()

    def view(self) -> View:
        found = self.published.view()
        assert found is not None
        return found


def gauges(running: Running, kept: WindowGauges) -> tuple[float, int]:
    """The processor seconds of all `window` gauges at one scrape, rendered, and their bytes."""
    view = running.view()
    brought_up = [(each, each.brought_up(view.maintenance)) for each in view.services]
    families = Families()
    began = time.process_time()
    for published, now in brought_up:
        kept.add(families, published, now, view.maintenance)
    size = sum(len(text) for text in families.render(openmetrics=False))
    return time.process_time() - began, size


def best(measure: Callable[[], float], rounds: int) -> float:
    return min(measure() for _ in range(rounds))


def command(configuration: Path, *arguments: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", *arguments, "--config", str(configuration)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - began


def measured(configuration: Path) -> dict[str, float]:
    began = time.process_time()
    running = Running(configuration)
    kept = WindowGauges()
    running.view()
    started = time.process_time() - began
    first, _ = gauges(running, kept)
    scrapes = []
    for _ in range(20):
        running.now += timedelta(seconds=15)
        scrapes.append(gauges(running, kept)[0])
    ledger = open_ledger(f"sqlite:///{configuration.parent}/ledger.db", create=False)
    began = time.process_time()
    verdict = ledger.verify()
    verified = time.process_time() - began
    ledger.close()
    assert verdict.fault is None, verdict
    month = ("report", "--month", "2026-10", "--out", str(configuration.parent / "report.html"))
    return {
        "start": started,
        "first scrape": first,
        "gauges": statistics.median(scrapes),
        "gauges, best": min(scrapes),
        "report of one": best(lambda: command(configuration, *month, "--service", name(0)), 5),
        "report of all": best(lambda: command(configuration, *month), 1),
        "verify": verified,
    }


GOALS = {"start": 5.0, "gauges": 0.05, "report of one": 1.0, "report of all": 60.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the ledgers are kept from run to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        sizes = {
            "": (options.services, options.events),
            "services / 4": (options.services // 4, options.events),
            "events / 4": (options.services, options.events // 4),
        }
        found = {}
        for label, (services, events) in sizes.items():
            found[label] = measured(make(folder / f"{services}-{events}", services, events))
    print(f"{options.services} services, {options.services * options.events} events; seconds")
    print(f"{'':16} {'goal':>8} {'result':>8} {'services / 4':>14} {'events / 4':>12}")
    for what, result in found[""].items():
        goal = f"{GOALS[what]:8.2f}" if what in GOALS else " " * 8
        print(f"{what:16} {goal} {result:8.3f} {found['services / 4'][what]:14.3f} {found['events / 4'][what]:12.3f}")


if __name__ == "__main__":
    main()
