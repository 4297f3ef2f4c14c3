"""How long a Prometheus takes for all queries of each dashboard: 200 services, a lively month, a live outage.

The past is told by the model, which also knows what Prometheus records and `sesam-slo backfill` cannot write: a sample
a minute of whatever queries over time read of many services,
and everything of one service. The present is a live target with all series of all services, scraped every 15 s as
shipped. Each dashboard is opened as it comes: of all services, the SLO one of the service that is down. Cold is the
first time after a start of Prometheus (its files are in the machine's cache), warm the median of the times after
that, best the least of them: what others do on the machine adds to each; cpu is the processor time that Prometheus
took for a round, its scrapes and rules included. The sums are of queries one after another over one connection,
variables and annotations included.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from grafana_board import Board, Question  # noqa: E402
from lively_month import RECENT, SHORT, Line, LivelyMonth, braced  # noqa: E402
from lively_prometheus import LivelyPrometheus  # noqa: E402

from sesam_slo.core import names  # noqa: E402

GOAL_MILLISECONDS = 200
DOWN = "service-000"
OF_MANY = {
    "up",
    names.ENDPOINT_INFO.name,
    names.PROBE_SUCCESS.name,
    names.FAILING_SECONDS.name,
    names.UNPLANNED_DOWNTIME_ACTIVE.name,
    names.DOWNTIME_ACTIVE.name,
    names.MAINTENANCE_ACTIVE.name,
    names.OBJECTIVE_RATIO.name,
}  # which a dashboard reads over a time range for more than one service; recorded series besides


def past(month: LivelyMonth) -> Iterator[Line]:
    for line in month.lines():
        if line.labels.get("service") in {None, month.services[0]}:
            yield line
        elif line.name in OF_MANY or line.recorded:
            yield replace(line, reach=min(line.reach, SHORT))


def written_by_the_model(month: LivelyMonth, instance: str, path: Path, *, step: float) -> None:
    """A sample of each line of the past every `step` seconds; every 30 of what is only told of the last hours."""
    target = {"job": names.SCRAPE_JOB, "instance": instance}
    with path.open("w") as file:
        for line in past(month):
            of_a_rule = ":" in line.name
            series = line.name + braced(line.labels if of_a_rule else line.labels | target)
            every = 30.0 if line.reach <= RECENT else step
            file.writelines(
                f"{series} {value!r} {at:.3f}\n"
                for at in (month.now - number * every for number in range(int(line.reach // every), -1, -1))
                if (value := line.at(at)) is not None
            )
        file.write("# EOF\n")


def ask(board: Board, url: str, session: requests.Session) -> dict[str, float]:
    """Milliseconds by query, the dashboard opened once."""
    now = time.time()
    began = time.perf_counter()
    chosen = board.choices(url, now)
    if "service" in chosen and not board.variables["service"]["multi"]:
        chosen["service"] = DOWN
    taken = {"variables": (time.perf_counter() - began) * 1000}
    questions: list[Question] = list(board.questions(url, now, chosen))
    for number, question in enumerate(questions):
        began = time.perf_counter()
        question.ask(url, session)
        taken[f"{number} {question.panel} {question.ref}"] = (time.perf_counter() - began) * 1000
    return taken


def processor_seconds(url: str) -> float:
    """What Prometheus has taken since its start, by itself."""
    (line,) = [
        line for line in requests.get(f"{url}/metrics", timeout=60).text.splitlines()
        if line.startswith("process_cpu_seconds_total ")
    ]  # fmt: skip
    return float(line.split()[1])


@dataclass(frozen=True, slots=True)
class Times:
    """Of one dashboard, in milliseconds by query: the first time after a start, and the rounds after that."""

    name: str
    cold: dict[str, float]
    warm: list[dict[str, float]]
    processor: float  # of one round

    @property
    def median(self) -> float:
        return statistics.median(sum(each.values()) for each in self.warm)

    def line(self, slowest: int) -> str:
        best = min(sum(each.values()) for each in self.warm)
        by_query = {query: min(each[query] for each in self.warm) for query in self.cold}
        named = sorted(by_query.items(), key=lambda each: -each[1])[:slowest]
        told = ", ".join(f"{query.split(' ', 1)[-1]} {taken:.0f}" for query, taken in named)
        figures = (sum(self.cold.values()), self.median, best, self.processor)
        return f"{self.name:<10} {len(self.cold) - 1:>7}" + "".join(f" {each:>7.0f}" for each in figures) + f"  {told}"


def measured(running: LivelyPrometheus, names: list[str], rounds: int) -> list[Times]:
    running.prometheus.stop()
    running.prometheus.restart()
    url = running.prometheus.url
    boards = [Board(path) for path in running.dashboards if path.stem in names or not names]
    found = []
    with requests.Session() as session:
        cold = {board.name: ask(board, url, session) for board in boards}
        for board in boards:
            began = processor_seconds(url)
            warm = [ask(board, url, session) for _ in range(rounds)]
            taken = (processor_seconds(url) - began) / rounds * 1000
            found.append(Times(board.name, cold[board.name], warm, taken))
    return sorted(found, key=lambda each: -each.median)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="dashboards, by the names of their files (default: all)")
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--step", type=float, default=60.0, help="seconds between samples of the past")
    parser.add_argument("--rounds", type=int, default=7, help="warm ones")
    parser.add_argument("--slowest", type=int, default=3, help="queries to name of each dashboard")
    options = parser.parse_args()
    # The past is gigabytes: an end by signal leaves none behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    month = LivelyMonth(time.time(), [f"service-{number:03}" for number in range(options.services)])
    history = partial(written_by_the_model, step=options.step)
    with tempfile.TemporaryDirectory(prefix="sesam-slo-dashboards-") as folder:
        began = time.perf_counter()
        with LivelyPrometheus(Path(folder), month, history=history, scrape_interval=timedelta(seconds=15)) as running:
            series = running.ask("max(scrape_samples_scraped)")[0]["value"][1]
            ready = time.perf_counter() - began
            print(f"{options.services} services, {series} series, ready in {ready:.0f} s", flush=True)
            found = measured(running, options.names, options.rounds)
    print("dashboard  queries cold ms warm ms best ms  cpu ms  slowest, best ms")
    for each in found:
        print(each.line(options.slowest))
    heaviest = found[0]
    print(f"heaviest: {heaviest.name}, {heaviest.median:.0f} ms warm; the goal is {GOAL_MILLISECONDS} ms")
    return 0 if heaviest.median <= GOAL_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
