"""How long a Prometheus takes for all queries of each dashboard: 200 services, a lively month, a live outage.

The past is as `sesam-slo backfill` writes it, a sample a minute, of whatever queries over time read of many services,
and everything of one service. The present is a live target with all series of all services, scraped every 15 s as
shipped. Each dashboard is opened as it comes: of all services, the SLO one of the service that is down. Cold is the
first time after a start of Prometheus (its files are in the machine's cache), warm the median of the times after
that, best the least of them: what others do on the machine adds to each. The sums are of queries one after another
over one connection, variables and annotations included.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from grafana_board import Board, Question  # noqa: E402
from lively_month import SHORT, Line, LivelyMonth  # noqa: E402
from lively_prometheus import LivelyPrometheus, written_by_the_model  # noqa: E402

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--step", type=float, default=60.0, help="seconds between samples of the past")
    parser.add_argument("--rounds", type=int, default=7, help="warm ones")
    parser.add_argument("--slowest", type=int, default=3, help="queries to name of each dashboard")
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # the past is gigabytes: leaves none behind
    month = LivelyMonth(time.time(), [f"service-{number:03}" for number in range(options.services)])
    history = partial(written_by_the_model, step=options.step, lines=past(month))
    with tempfile.TemporaryDirectory(prefix="sesam-slo-dashboards-") as folder:
        began = time.perf_counter()
        running = LivelyPrometheus(Path(folder), month, history=history, scrape_interval=timedelta(seconds=15))
        with running, requests.Session() as session:
            url = running.prometheus.url
            told = running.ask("max(scrape_samples_scraped)")[0]["value"][1]
            print(
                f"{options.services} services, {told} series, ready in {time.perf_counter() - began:.0f} s", flush=True
            )
            boards = [Board(path) for path in running.dashboards]
            running.prometheus.stop()
            running.prometheus.restart()
            url = running.prometheus.url
            cold = {board.name: ask(board, url, session) for board in boards}
            warm = {board.name: [ask(board, url, session) for _ in range(options.rounds)] for board in boards}
    rows = []
    for board in boards:
        sums = [sum(each.values()) for each in warm[board.name]]
        by_query = {query: statistics.median(each[query] for each in warm[board.name]) for query in cold[board.name]}
        rows.append((statistics.median(sums), min(sums), sum(cold[board.name].values()), board.name, by_query))
    print(f"{'dashboard':<10} {'queries':>7} {'cold ms':>8} {'warm ms':>8} {'best ms':>8}  slowest, warm ms")
    for warm_sum, best, cold_sum, name, by_query in sorted(rows, reverse=True):
        slowest = sorted(by_query.items(), key=lambda each: -each[1])[: options.slowest]
        told = ", ".join(f"{query.split(' ', 1)[-1]} {taken:.0f}" for query, taken in slowest)
        print(f"{name:<10} {len(by_query) - 1:>7} {cold_sum:>8.0f} {warm_sum:>8.0f} {best:>8.0f}  {told}")
    heaviest = max(rows)
    print(f"heaviest: {heaviest[3]}, {heaviest[0]:.0f} ms warm; the goal is {GOAL_MILLISECONDS} ms")
    return 0 if heaviest[0] <= GOAL_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
