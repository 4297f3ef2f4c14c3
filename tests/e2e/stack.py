"""The whole product in one place: simulated SESAM -> exporter -> Prometheus -> Alertmanager -> webhook receiver.

Everything between the two ends is the real program with the files that `sesam_slo.generate` makes of one policy, whose
durations are seconds. Tests and `make demo` run the same stack.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import programs
import yaml
from exporter_view import Scrape
from programs import Program
from sesam_simulator import SesamSimulator
from waiting import until, until_instant
from webhook_receiver import PAGE, WATCHDOG, Notice, Status, WebhookReceiver

from sesam_slo.config import load
from sesam_slo.core import names
from sesam_slo.generate import Deployment, artifacts

TELLING_SECONDS = 60.0
"""How long a change may take from the simulator to the webhook on a machine that has other things to do."""


@dataclass(frozen=True, slots=True)
class Durations:
    """The compressed policy, in seconds: ten minutes are nine of them, a minute between notifications three."""

    downtime_after: float = 9
    bridge_at_most: float = 60
    lookback: float = 5
    group_interval: float = 3
    not_responding_after: float = 3
    overrun_after: float = 3
    blind_after: float = 15
    exporter_down_after: float = 10


@dataclass(frozen=True, slots=True)
class Window:
    """Announced maintenance of one service, announced long ago."""

    service: str
    start: datetime
    end: datetime


class Stack:
    """Runs from `with` to the end of its block, in `folder`; the logs of the programs stay there.

    services: the names of the installations that are simulated and watched.
    support: keys of `policy.support` beside its hours, which are always.
    """

    def __init__(
        self,
        folder: Path,
        services: Sequence[str],
        durations: Durations | None = None,
        support: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.services = folder, tuple(services)
        self.durations, self._support = durations or Durations(), support or {}
        self._configuration = folder / "sesam-slo.yml"
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with self._running:
            self.simulator = self._running.enter_context(SesamSimulator())
            self.webhooks = self._running.enter_context(WebhookReceiver())
            self._configure("127.0.0.1:0", ())
            self.exporter = self._run(programs.exporter(self._configuration, self._log("exporter")))
            # From now on it has a fixed address, which Prometheus and a second start of it rely on.
            self._configure(self.exporter.address, ())
            generated = self._generate(alertmanager="127.0.0.1:9093")
            self.alertmanager = self._run(
                programs.alertmanager(
                    generated / "alertmanager/alertmanager.yml", self.folder / "notices", self._log("alertmanager")
                )
            )
            generated = self._generate(alertmanager=self.alertmanager.address)
            self.prometheus = self._run(
                programs.prometheus(
                    generated / "prometheus/prometheus.yml",
                    self.folder / "series",
                    self._log("prometheus"),
                    # It tells Alertmanager again of what goes on after this long: a minute, compressed as all else.
                    f"--rules.alert.resend-delay={self.durations.group_interval:g}s",
                )
            )
            self._wait_until_it_works()
            self._running = self._running.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.close()

    def logs(self) -> list[Path]:
        return sorted(self.folder.glob("*.log"))

    def maintain(self, windows: Iterable[Window]) -> None:
        """Announces windows, by a new configuration that the running exporter loads."""
        self._configure(self.exporter.address, tuple(windows))
        self.exporter.post("/-/reload")

    def command(self, *arguments: str) -> str:
        """What `sesam-slo` says to these arguments, with the configuration of the running exporter."""
        done = subprocess.run(
            [sys.executable, "-m", "sesam_slo.cli", *arguments, "--config", str(self._configuration)],
            capture_output=True,
            text=True,
            check=False,
            timeout=TELLING_SECONDS,
        )
        if done.returncode != 0:
            raise RuntimeError(f"sesam-slo {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def scrape(self) -> Scrape:
        return Scrape.of(self.exporter)

    def ask(self, promql: str) -> list[tuple[dict[str, str], float]]:
        """Prometheus' answer to an instant query: labels and value of each series."""
        found = self.prometheus.get("/api/v1/query", query=promql).json()["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def await_page(self, alert: str, service: str | None, status: Status) -> Notice:
        """The first notice that says so, once it has come to the receiver of pages."""
        pages = until(
            lambda: self.webhooks.notices(PAGE, alert, service, status),
            within=TELLING_SECONDS,
            what=f"{alert}{f' of {service}' if service else ''} {status}",
        )
        return pages[0]

    def settle(self, since: datetime) -> datetime:
        """Waits until two group intervals have passed since `since`, and a notice has come through after that.

        The notice is the watchdog's, of which Alertmanager tells at every group interval: who is told nothing more by then
        is told nothing more, and not because the route is broken.
        """
        settled = since + timedelta(seconds=2 * self.durations.group_interval)
        until_instant(settled)
        until(
            lambda: any(notice.at > settled for notice in self.webhooks.notices(WATCHDOG)),
            within=TELLING_SECONDS,
            what="the watchdog, two group intervals later",
        )
        return settled

    def _wait_until_it_works(self) -> None:
        """Every service responds, Prometheus knows it, and the first notice has come all the way."""
        responding = f"count(group by (service) ({names.PROBE_SUCCESS.name} == 1))"
        until(
            lambda: [value for _, value in self.ask(responding)] == [len(self.services)],
            within=TELLING_SECONDS,
            what=f"all of {', '.join(self.services)} responding",
        )
        until(lambda: self.webhooks.notices(WATCHDOG), within=TELLING_SECONDS, what="the watchdog's first notice")

    def _run(self, program: Program) -> Program:
        self._running.callback(program.stop)
        return program

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _configure(self, listen: str, windows: tuple[Window, ...]) -> None:
        document = {
            "policy": self._policy(windows),
            "probe": {"interval": "1s", "timeout": "800ms"},
            "services": [{"name": name, "endpoints": self.simulator.endpoints(name)} for name in self.services],
            "ledger": f"sqlite:///{self.folder}/ledger.db",
            "web": {"listen": listen},
        }
        self._configuration.write_text(yaml.safe_dump(document, sort_keys=False))

    def _policy(self, windows: tuple[Window, ...]) -> dict[str, Any]:
        seconds = {name: f"{getattr(self.durations, name):g}s" for name in Durations.__slots__}
        always = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "24:00"}
        return {
            "downtime_after": seconds.pop("downtime_after"),
            "bridge_at_most": seconds.pop("bridge_at_most"),
            "maintenance": {
                "notice": "0s",
                "recurring": [],
                "announced": [
                    {
                        "name": f"maintenance of {window.service}",
                        "services": [window.service],
                        "start": window.start.isoformat(),
                        "end": window.end.isoformat(),
                        "announced_at": (window.start - timedelta(days=3)).isoformat(),
                    }
                    for window in windows
                ],
            },
            # a ticket must come through whenever this runs
            "support": {"business_hours": always, "holidays": {"country": "none", "extra": []}, **self._support},
            "alerts": {
                "scrape_interval": "1s",
                "evaluation_interval": "1s",
                "group_wait": "500ms",
                "repeat_interval": "1h",
                **seconds,
            },
        }

    def _generate(self, *, alertmanager: str) -> Path:
        """Writes what `sesam-slo generate` makes of the configuration, with the addresses of this machine."""
        deployment = Deployment(
            exporter=self.exporter.address, alertmanager=alertmanager, webhooks=self.webhooks.addresses()
        )
        folder = self.folder / "generated"
        for path, text in artifacts(load(self._configuration), datetime.now(UTC).year, deployment).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        token = folder / "alertmanager/secrets/write_token"
        token.parent.mkdir(exist_ok=True)
        token.write_text(secrets.token_hex())
        return folder
