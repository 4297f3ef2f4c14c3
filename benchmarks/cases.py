"""Support cases at scale: what 10,000 open ones add to a scrape, and how soon `case deadlines` answers.

    python benchmarks/cases.py [--cases 10000] [--services 100]

Measured, each beside its goal: the processor time that the cases add to a scrape (their samples worked out, put into the
exposition and encoded), inside and outside business hours, of an even mix of the contract's levels and classes and of the worst
there is: all of level A for partners, every clock running. Beside it, what comes now and then: the first scrape, and the first
one after a case was changed. Last the whole process of `case deadlines`, started and waited for.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sesam_slo.collector import CaseMetrics
from sesam_slo.collector.families import Families
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.case import Case, Levelled
from sesam_slo.core.model import Config, Endpoint, Kind, Policy, Request, Service
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.support import CONTRACT_LEVELS, PARTNER, USER
from sesam_slo.public_holidays import is_holiday

GOAL_SCRAPE_SECONDS = 0.05
GOAL_DEADLINES_SECONDS = 0.3

INSIDE = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday
OUTSIDE = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
SCRAPES, EVERY = 40, timedelta(seconds=15, microseconds=137)
MIX = tuple(itertools.product([level.name for level in CONTRACT_LEVELS], (PARTNER, USER)))
WORST = (("A", PARTNER),)


def configuration(services: int) -> Config:
    endpoint = Endpoint("api", Kind.API, Request("http://127.0.0.1:9/"), timedelta(seconds=30), timedelta(seconds=10))
    return Config(Policy(), tuple(Service(f"service-{number:04}", (endpoint,)) for number in range(services)))


def open_cases(number: int, services: int, kinds: tuple[tuple[str, str], ...]) -> dict[str, Case]:
    """Reported one after the other over the last 30 days, none of them started."""
    found = {}
    for index in range(number):
        level, customer_class = kinds[index % len(kinds)]
        at = INSIDE - timedelta(days=30) * (number - index) / number
        service = f"service-{index % services:04}"
        id = f"{service}-case-{at:%Y%m%d}-{index}"
        found[id] = Case(id, service, at, customer_class, (Levelled(at, level),))
    return found


class Scraped:
    """An exporter that knows the cases; `scrape` takes the processor's time for their part of one scrape."""

    def __init__(self, cases: Mapping[str, Case], config: Config) -> None:
        self.cases, self._config = cases, config
        self._metrics = CaseMetrics(lambda: None, BusinessCalendars(is_holiday))
        self._policies = PolicyTimeline.always(config.policy)
        self.size = self.samples = 0

    def scrape(self, at: datetime) -> float:
        began = time.process_time()
        families = Families()
        self._metrics.add(families, self.cases, self._config, self._policies, at)
        body = "".join(families.render(openmetrics=False)).encode()
        took = time.process_time() - began
        self.size, self.samples = len(body), body.count(b"\n")
        return took

    def change_one(self) -> None:
        id, case = next(iter(self.cases.items()))
        self.cases = {**self.cases, id: replace(case, title=case.title + "!")}


def report(what: str, seconds: float, goal: float | None, more: str = "") -> None:
    beside = "" if goal is None else f"  (goal {goal * 1000:.0f} ms: {'met' if seconds <= goal else 'MISSED'})"
    print(f"{what:58} {seconds * 1000:7.1f} ms{beside}{more}", flush=True)


def scrapes(name: str, kinds: tuple[tuple[str, str], ...], number: int, config: Config) -> None:
    exporter = Scraped(open_cases(number, len(config.services), kinds), config)
    first = exporter.scrape(INSIDE)
    for when, start in (("inside business hours", INSIDE), ("outside", OUTSIDE)):
        taken = [exporter.scrape(start + (index + 1) * EVERY) for index in range(SCRAPES)]
        more = f"  largest {max(taken) * 1000:.1f} ms"
        report(f"{name}: a scrape {when}, median", statistics.median(taken), GOAL_SCRAPE_SECONDS, more)
    exporter.change_one()
    report(f"{name}: the first after a change", exporter.scrape(OUTSIDE), None)
    report(f"{name}: the first of all", first, None)
    print(f"{name}: {exporter.samples} lines, {exporter.size / 1_000_000:.1f} MB")


def deadlines(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    configuration = folder / "sesam-slo.yml"
    configuration.write_text(
        "services:\n  - {name: datahub-prod, endpoints: [{name: api, kind: api, url: 'https://sesam.example/'}]}\n"
    )
    arguments = [
        "case",
        "deadlines",
        "--level",
        "A",
        "--customer-class",
        "partner",
        "--reported-at",
        "2026-12-23T15:59+01:00",
    ]
    for what, further in (("without a file", []), ("with a file", ["--config", str(configuration)])):
        command = [sys.executable, "-m", "sesam_slo.cli", *arguments, *further]
        yield what, lambda command=command: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description="Support cases at scale.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--services", type=int, default=100)
    options = parser.parse_args()
    config = configuration(options.services)
    print(f"{options.cases} open cases of {options.services} services")
    scrapes("even mix", MIX, options.cases, config)
    scrapes("worst", WORST, options.cases, config)
    with tempfile.TemporaryDirectory() as folder:
        for what, run in deadlines(Path(folder)):
            taken = [timed(run) for _ in range(8)]
            (wall, _), processor = min(taken), min(used for _, used in taken)
            more = f"  processor {processor * 1000:.0f} ms"
            report(f"case deadlines {what}, whole process, best of {len(taken)}", wall, GOAL_DEADLINES_SECONDS, more)


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """How long it took by the clock on the wall, and of the processor's time: on a busy machine they are far apart."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
