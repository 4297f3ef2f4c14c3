"""A real Prometheus that has watched a lively month and goes on watching: its past from a file, its present scraped.

The past is OpenMetrics that `promtool` makes blocks of; anything that writes such a file may be its `History`.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import programs
from lively_ledger import backfilled
from lively_month import ENDPOINTS, INTERVAL, LivelyMonth, braced
from programs import find
from waiting import until

from sesam_slo.core.model import AlertTimings, Config, Endpoint, Kind, Policy, Request, Service
from sesam_slo.generate import Deployment, artifacts
from sesam_slo.generate.dashboard_rules import RESULTS
from sesam_slo.generate.dashboards.service_state import STATE

SOON = timedelta(seconds=2)
_WITHIN_SECONDS = 120.0


def lively_config(month: LivelyMonth, scrape_interval: timedelta) -> Config:
    """The contract's policy but for the scrape interval, and the month's services."""
    interval = timedelta(seconds=INTERVAL)
    endpoints = tuple(
        Endpoint(name, Kind(kind), Request("https://sesam.example/"), interval, timedelta(seconds=5))
        for name, kind in ENDPOINTS.items()
    )
    timings = AlertTimings(scrape_interval=scrape_interval, evaluation_interval=scrape_interval)
    return Config(Policy(alerts=timings), tuple(Service(name, endpoints) for name in month.services))


History = Callable[[LivelyMonth, str, Path], None]
"""Writes the month's past into a file of OpenMetrics; the text is the live target's address, its `instance`."""


def make_blocks(openmetrics: Path, storage: Path) -> None:
    """Turns a history into what Prometheus finds when it starts on `storage`."""
    command = [find("promtool"), "tsdb", "create-blocks-from", "--max-block-duration=768h", "openmetrics"]
    done = subprocess.run([*command, str(openmetrics), str(storage)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"promtool made no blocks of {openmetrics}:\n{done.stdout}{done.stderr}")


class LiveTarget:
    """Goes on telling the month, at the instant of each scrape; on loopback, on a port of its own."""

    def __init__(self, month: LivelyMonth) -> None:
        lines = [line for line in month.lines() if not line.recorded]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                at = datetime.now(UTC).timestamp()
                values = ((line, line.at(at)) for line in lines)
                body = "".join(
                    f"{line.name}{braced(line.labels)} {value!r}\n" for line, value in values if value is not None
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class LivelyPrometheus:
    """Runs from `with` to the end of its block, in `folder`, with the generated rules.

    history: what writes its past, None for a Prometheus without one. exporters: how many tell the present, none too.
    """

    def __init__(
        self,
        folder: Path,
        month: LivelyMonth,
        *,
        history: History | None = backfilled,
        exporters: int = 1,
        scrape_interval: timedelta = SOON,
    ) -> None:
        self.folder, self.month, self.config = folder, month, lively_config(month, scrape_interval)
        self._history, self._exporters = history, exporters
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with self._running:
            targets = [LiveTarget(self.month) for _ in range(max(self._exporters, 1))]
            for target in targets[: self._exporters]:
                self._running.enter_context(target)
            address = targets[0].address
            storage = self.folder / "series"
            if self._history is not None:
                openmetrics = self.folder / "history.om"
                self._history(self.month, address, openmetrics)
                make_blocks(openmetrics, storage)
                openmetrics.unlink()
            generated = self.folder / "generated"
            deployment = Deployment(exporter=address, alertmanager="127.0.0.1:9093", webhooks={})
            for path, text in artifacts(self.config, datetime.now(UTC).year, deployment).items():
                (generated / path).parent.mkdir(parents=True, exist_ok=True)
                (generated / path).write_text(text)
            configuration = generated / "prometheus/prometheus.yml"
            listed = "".join(f"\n          - {target.address}" for target in targets)
            configuration.write_text(configuration.read_text().replace(f"\n          - {address}", listed, 1))
            self.prometheus = programs.prometheus(
                configuration,
                storage,
                self.folder / "prometheus.log",
                "--storage.tsdb.retention.time=100d",
            )
            self._running.callback(self.prometheus.stop)
            if self._exporters:
                until(self._told_live, within=_WITHIN_SECONDS, what="a rule's value from live samples")
            self._running = self._running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def dashboards(self) -> list[Path]:
        return sorted((self.folder / "generated/grafana/dashboards").glob("*.json"))

    def ask(self, promql: str) -> list[dict[str, Any]]:
        return self.prometheus.get("/api/v1/query", query=promql).json()["data"]["result"]  # type: ignore[no-any-return]

    def _told_live(self) -> bool:
        """Whether the rules have been evaluated since the start, with rates of two scrapes."""
        found = self.ask(f"min(timestamp({RESULTS})) and on () min({STATE})")
        return bool(found) and float(found[0]["value"][1]) > self.month.now
