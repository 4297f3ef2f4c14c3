"""A real Prometheus in the states that the wall is for: a month of history from `promtool`, an exporter that is played.

The player says what the exporter would say, in its metrics' names, for services and states that nobody could bring about
at will: ten down at once, a budget used up, a network that went away. `python wall_scenes.py down` runs one of them until it is
interrupted, for a look at the wall.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import programs
import yaml
from programs import Program
from waiting import until

from sesam_slo.config import load
from sesam_slo.core import names
from sesam_slo.core.names import Metric
from sesam_slo.generate import Deployment, artifacts

HOUR, DAY = 3600, 86400
HISTORY_DAYS = 29
BUDGET = 11_340.0  # 3 h 9 min: what 99.5 % of a month of 30 nights with maintenance allows
MONTH_SECONDS = 2_268_000.0
ENDPOINTS = (("api", "api"), ("ui", "ui"))
_SEEN_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Down:
    """One entry of a log: how long ago it began, how long it lasted (None: it goes on), and what people said of it."""

    ago: float
    lasted: float | None
    cause: str = "unknown"
    state: str = "ended"
    endpoints: str = "api"


@dataclass(frozen=True, slots=True)
class Played:
    """A service as the exporter shows it."""

    state: str = "ok"  # ok, failing, down, maintenance, unseen
    used: float = 0.0  # of the month's budget, in seconds
    unobserved: float = 3000.0  # of the month
    log: tuple[Down, ...] = ()
    unseen_days: frozenset[int] = frozenset()  # so many days ago


@dataclass(frozen=True, slots=True)
class Case:
    service: str
    case: str
    level: str
    clock: str
    left: float  # business seconds
    due_in: float  # seconds


@dataclass(frozen=True, slots=True)
class Scene:
    """exporter: up; gone, some minutes ago; never there at all."""

    services: Mapping[str, Played]
    cases: tuple[Case, ...] = ()
    exporter: str = "up"
    history: bool = True
    next_maintenance: float = 9 * HOUR
    open_until: float = 2 * HOUR
    support: bool = True
    months: bool = True


_PEOPLE = ("datahub-prod", "datahub-test", "acme-prod", "acme-dev", "nordkraft-prod", "fjord-prod", "fjord-test",
           "helse-prod", "helse-test", "skog-prod", "bane-prod", "bane-dev", "portal", "gdpr-acme", "gdpr-helse",
           "databrowser")  # fmt: skip
_CASES = (Case("fjord-test", "SUP-118", "B", "workaround", 6 * 8 * HOUR, 10 * DAY),)


def _names(count: int) -> list[str]:
    return [*_PEOPLE[:count], *(f"customer-{number:03}-prod" for number in range(count - len(_PEOPLE)))]


def _well(count: int) -> dict[str, Played]:
    """Services with what a month leaves behind: some downtime that is explained, a night in which nothing was seen."""
    played = {name: Played(unseen_days=frozenset({12})) for name in _names(count)}
    past = {
        "acme-prod": Played(used=1920, log=(Down(8.3 * DAY, 1920, "sesam", "explained"),)),
        "fjord-prod": Played(used=1860, log=(Down(11.1 * DAY, 1860, "sesam", "explained"),)),
        "helse-prod": Played(used=960, log=(Down(17.3 * DAY, 960, "sesam", "explained", "ui"),)),
        "bane-dev": Played(log=(Down(25.2 * DAY, 7500, "customer", "explained"),)),
        "datahub-test": Played(unobserved=90_000, unseen_days=frozenset({5, 6, 12})),
    }
    return played | {name: each for name, each in past.items() if name in played}


def _troubled(played: Mapping[str, Played], names: list[str], **changes: object) -> dict[str, Played]:
    return {name: replace(each, **changes) if name in names else each for name, each in played.items()}  # type: ignore[arg-type]


def _now_down(played: Mapping[str, Played], names: list[str]) -> dict[str, Played]:
    found = dict(played)
    for number, name in enumerate(names):
        lasted = 23 * 60 + number * 240
        found[name] = replace(
            found[name], state="down", used=found[name].used + lasted,
            log=(*found[name].log, Down(lasted, None, state="ongoing")),
        )  # fmt: skip
    return found


def _one_down() -> Scene:
    played = _now_down(_well(16), ["acme-prod"])
    played = _troubled(played, ["fjord-prod"], state="failing")
    played = _troubled(played, ["helse-test"], state="maintenance")
    played["bane-prod"] = Played(used=7500, log=(Down(2.2 * DAY, 7500, "unknown", "overdue"),))
    played["skog-prod"] = Played(used=900, log=(Down(4.2 * DAY, 900, "sesam", "overdue", "api,ui"),))
    urgent = Case("acme-prod", "SUP-131", "A", "reaction", 70 * 60, 70 * 60)
    late = Case("bane-dev", "SUP-97", "B", "reaction", -5 * HOUR, -2 * DAY)
    return Scene(played, (urgent, *_CASES, late))


SCENES: dict[str, Callable[[], Scene]] = {
    "ok": lambda: Scene(_well(16), _CASES),
    "down": _one_down,
    "ten-down": lambda: Scene(_now_down(_well(16), _names(10)), _CASES),
    "maintenance": lambda: Scene(_troubled(_well(16), _names(16), state="maintenance"), _CASES),
    "budget-gone": lambda: Scene(
        _well(16)
        | {
            "acme-prod": Played(
                used=16_200,
                log=(Down(3.4 * DAY, 16_200, "unknown", "overdue"), Down(9 * DAY, 1200, "sesam", "explained")),
            ),
            "portal": Played(used=9_600, log=(Down(6.4 * DAY, 9_600, "sesam", "explained", "ui"),)),
        },
        (),
    ),
    "gone": lambda: Scene(_well(16), _CASES, exporter="gone"),
    "never": lambda: Scene({}, exporter="never", history=False),
    "new": lambda: Scene({name: Played() for name in _names(8)}, history=False, months=False),
    "blind": lambda: Scene(_troubled(_well(16), _names(16), state="unseen"), _CASES),
    "forty": lambda: Scene(_now_down(_well(40), ["customer-003-prod", "acme-prod"]), _CASES),
    "forty-worst": lambda: Scene(
        _troubled(_now_down(_well(40), _names(26)), _names(40)[26:31], state="failing"), _CASES
    ),
    "one": lambda: Scene({"datahub-prod": Played()}),
    "two-hundred": lambda: Scene(_now_down(_well(200), ["customer-003-prod", "acme-prod"]), _CASES),
}


class Exposition:
    """The exporter's text format, families together."""

    def __init__(self) -> None:
        self._families: dict[Metric, list[str]] = {}

    def add(self, metric: Metric, value: float, *labels: str) -> None:
        given = ",".join(f'{name}="{label}"' for name, label in zip(metric.labels, labels, strict=True))
        self._families.setdefault(metric, []).append(f"{metric.name}{{{given}}} {float(value)!r}\n")

    def text(self) -> str:
        return "".join(
            f"# TYPE {metric.name} {metric.type}\n" + "".join(lines) for metric, lines in self._families.items()
        )


def exposition(scene: Scene, began: float, now: float) -> str:
    """What the exporter says at `now` of a scene that began at `began`: what goes on grows older."""
    out = Exposition()
    for name, played in scene.services.items():
        _states(out, name, played, now)
        _month(out, scene, name, played)
        _log(out, name, played, began, now)
        if played.state == "maintenance":
            out.add(names.MAINTENANCE_ACTIVE, 1, name, "database upgrade", "announced")
        out.add(names.MAINTENANCE_NEXT_START, began + scene.next_maintenance, name)
        until_ = scene.open_until if played.state == "maintenance" else scene.next_maintenance + 3 * HOUR
        out.add(names.MAINTENANCE_NEXT_END, began + until_, name)
        if scene.support:
            for level in "ABC":
                here = [case for case in scene.cases if (case.service, case.level) == (name, level)]
                out.add(names.CASE_OPEN, len(here), name, level, "partner")
    for case in scene.cases:
        labels = (case.service, case.case, case.level, "partner", case.clock)
        out.add(names.CASE_DEADLINE, began + case.due_in, *labels)
        out.add(names.CASE_SECONDS_LEFT, case.left, *labels)
    return out.text()


def _states(out: Exposition, name: str, played: Played, now: float) -> None:
    out.add(names.SERVICE_INFO, 1, name)
    out.add(names.OBJECTIVE_RATIO, 0.995, name)
    out.add(names.DOWNTIME_ACTIVE, played.state == "down", name)
    out.add(names.UNPLANNED_DOWNTIME_ACTIVE, played.state == "down", name, "agreed")
    for endpoint, kind in ENDPOINTS:
        labels = (name, endpoint, kind)
        out.add(names.ENDPOINT_INFO, 1, *labels)
        fails = endpoint == "api" and played.state in ("down", "failing")
        if played.state != "unseen":
            out.add(names.PROBE_SUCCESS, not fails, *labels, "default")
        for result in ("success", "failure", "unobserved"):
            counts = result == ("unobserved" if played.state == "unseen" else "failure" if fails else "success")
            out.add(names.PROBES, now // 0.5 if counts else 0, *labels, result)


def _month(out: Exposition, scene: Scene, name: str, played: Played) -> None:
    if not scene.months:
        return
    observed = MONTH_SECONDS - played.unobserved
    out.add(names.AVAILABILITY_RATIO, 1 - played.used / observed, name, "month")
    bound = 1 - (played.used + played.unobserved) / MONTH_SECONDS
    out.add(names.AVAILABILITY_BOUND_RATIO, bound, name, "month", "unobserved_as_down")
    out.add(names.ERROR_BUDGET_REMAINING_SECONDS, BUDGET - played.used, name, "month")


def _log(out: Exposition, name: str, played: Played, began: float, now: float) -> None:
    counted = sum(now - began + each.ago if each.lasted is None else each.lasted for each in played.log)
    out.add(names.DOWNTIME_SECONDS, counted, name, "unplanned")
    for number, each in enumerate(played.log):
        start = began - each.ago
        out.add(names.LOG_ENTRY_INFO, 1, name, f"{name}-{number}", each.cause, each.endpoints, each.state)
        out.add(names.LOG_ENTRY_START, start, name, f"{name}-{number}")
        out.add(names.LOG_ENTRY_DURATION, now - start if each.lasted is None else each.lasted, name, f"{name}-{number}")


def history(scene: Scene, began: float) -> Iterator[str]:
    """OpenMetrics of what the rules recorded: a month of hours, but for the last one."""
    first = (began // HOUR - HISTORY_DAYS * DAY // HOUR) * HOUR
    instants = [first + HOUR * number for number in range(int((began - HOUR - first) // HOUR))]
    yield f"# TYPE {names.HOURLY_SEEN.name} gauge\n"
    for name, played in scene.services.items():
        for at in instants:
            if (began - at) // DAY not in played.unseen_days:
                yield f'{names.HOURLY_SEEN.name}{{service="{name}"}} 1 {at:.0f}\n'
    yield f"# TYPE {names.HOURLY_DOWNTIME_SECONDS.name} gauge\n"
    for name, played in scene.services.items():
        ended = [(began - each.ago + each.lasted, each.lasted) for each in played.log if each.lasted is not None]
        for at in instants:
            total = sum(lasted for end, lasted in ended if end <= at)
            yield f'{names.HOURLY_DOWNTIME_SECONDS.name}{{service="{name}"}} {total:.0f} {at:.0f}\n'
    if scene.exporter == "gone":
        yield f"# TYPE {names.OBJECTIVE_RATIO.name} gauge\n"
        for name in scene.services:
            labels = f'service="{name}",job="{names.SCRAPE_JOB}",instance="before"'
            for at in range(int(began - 6 * HOUR), int(began - 12 * 60), 60):
                yield f"{names.OBJECTIVE_RATIO.name}{{{labels}}} 0.995 {at}\n"
    yield "# EOF\n"


@dataclass(slots=True)
class Shown:
    """A scene that runs: its Prometheus, and the dashboards that were generated for its services."""

    prometheus: Program
    folder: Path
    began: float
    dashboards: Path = field(init=False)

    def __post_init__(self) -> None:
        self.dashboards = self.folder / "generated/grafana/dashboards"


@contextmanager
def shown(scene: Scene, folder: Path) -> Iterator[Shown]:
    """Runs until the end of the block; ready once the rules have seen the scrape, where there is one."""
    began = time.time()
    server = _player(scene, began)
    try:
        _generate(scene, folder, f"127.0.0.1:{server.server_port}")
        if scene.history:
            recorded = folder / "history.txt"
            with recorded.open("w") as file:
                file.writelines(history(scene, began))
            command = [programs.find("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
            one_block = "--max-block-duration=1536h"  # a block each two hours takes promtool half a minute
            subprocess.run(
                [*command, one_block, str(recorded), str(folder / "series")], check=True, stdout=subprocess.DEVNULL
            )
        prometheus = programs.prometheus(
            folder / "generated/prometheus/prometheus.yml", folder / "series", folder / "prometheus.log",
            "--storage.tsdb.retention.time=60d",
        )  # fmt: skip
        try:
            if scene.exporter != "never":
                up = "1" if scene.exporter == "up" else "0"
                until(
                    lambda: _up(prometheus) == [up],
                    within=_SEEN_WITHIN_SECONDS,
                    what="the first scrape of the played exporter",
                )
            yield Shown(prometheus, folder, began)
        finally:
            prometheus.stop()
    finally:
        server.shutdown()
        server.server_close()


def _up(prometheus: Program) -> list[str]:
    found = prometheus.get("/api/v1/query", query=f'up{{job="{names.SCRAPE_JOB}"}}').json()["data"]["result"]
    return [series["value"][1] for series in found]


def _player(scene: Scene, began: float) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exposition(scene, began, time.time()).encode() if scene.exporter == "up" else b""
            self.send_response(200 if scene.exporter == "up" else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _generate(scene: Scene, folder: Path, exporter: str) -> None:
    services = list(scene.services) or ["datahub-prod"]
    document = {
        "policy": {"alerts": {"scrape_interval": "1s", "evaluation_interval": "1s"}},
        "services": [
            {
                "name": name,
                "endpoints": [{"name": each, "kind": kind, "url": "http://127.0.0.1:9/"} for each, kind in ENDPOINTS],
            }
            for name in services
        ],
        "ledger": "sqlite:///unused.db",
    }
    configuration = folder / "sesam-slo.yml"
    configuration.write_text(yaml.safe_dump(document))
    deployment = Deployment(exporter=exporter, alertmanager="127.0.0.1:9")
    for path, text in artifacts(load(configuration), time.gmtime().tm_year, deployment).items():
        target = folder / "generated" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        alone = scene.exporter == "never" and path.endswith("prometheus.yml")
        target.write_text("rule_files: [rules/*.yml]\n" if alone else text)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory() as folder, shown(SCENES[sys.argv[1]](), Path(folder)) as scene:
        print(scene.prometheus.url, scene.dashboards / "wall.json", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
