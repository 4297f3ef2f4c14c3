"""`import prometheus`: the history of a real Prometheus becomes part of the account, once, whatever interrupts it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import programs
import pytest
import requests
from waiting import until

from sesam_slo.config import load
from sesam_slo.core.book import Book
from sesam_slo.core.history import Membership, Recorded
from sesam_slo.core.intervals import Interval
from sesam_slo.core.model import Outcome, Result
from sesam_slo.core.roster import configure, recorded_roster
from sesam_slo.ledger import open_ledger
from sesam_slo.replay import replay
from terminal import on_a_terminal

CONFIG = """\
policy: {maintenance: {recurring: [{name: nightly, start: "00:00", end: "03:00"}]}}
services:
  - name: svc
    endpoints:
      - {name: api, kind: api, url: "http://127.0.0.1:9/"}
      - {name: ui, kind: ui, url: "http://127.0.0.1:9/"}
"""
START = datetime(2025, 3, 1, tzinfo=UTC)
UI_SINCE = START + timedelta(hours=6)
SCRAPED_UNTIL = START + timedelta(days=2)
ACCOUNT = SCRAPED_UNTIL + timedelta(minutes=10)
HALF_MINUTE = timedelta(seconds=30)
DOWN = {  # minutes since the start; None: nothing was scraped
    "api": [(30, 45, 0), (600, 606, 0), (700, 712, 0), (1440 - 8, 1440 + 8, 0), (2000, 2050, None), (2100, 2112, 0)],
    "ui": [(705, 730, 0), (2108, 2130, 0), (2870, 2880, 0)],
}
QUERIES = ("--query", 'api=probe_success{instance="api"}', "--query", 'ui=probe_success{instance="ui"}')


def samples(endpoint: str, since: datetime) -> Iterator[tuple[datetime, int]]:
    """One every half minute, a little late as scrapes are."""
    at = since + timedelta(milliseconds=137)
    while at < SCRAPED_UNTIL:
        minute = (at - START).total_seconds() / 60
        value = next((value for start, end, value in DOWN.get(endpoint, ()) if start <= minute < end), 1)
        if value is not None:
            yield at, value
        at += HALF_MINUTE


def open_metrics() -> str:
    lines = ["# TYPE probe_success gauge"]

    def series(labels: str, points: Iterator[tuple[datetime, float]]) -> None:
        lines.extend(f"probe_success{{{labels}}} {value:g} {at.timestamp():.3f}" for at, value in points)

    series('instance="api"', samples("api", START))
    series('instance="ui"', samples("ui", UI_SINCE))
    series('instance="moved",job="old"', ((at, v) for at, v in samples("moved", START) if at < UI_SINCE))
    series('instance="moved",job="new"', ((at, v) for at, v in samples("moved", START) if at >= UI_SINCE))
    series('instance="odd"', ((at, v if at < UI_SINCE else v / 2) for at, v in samples("odd", START)))
    series('instance="slow"', ((at, v) for number, (at, v) in enumerate(samples("slow", START)) if number % 4 == 0))
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def prometheus(loaded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    (folder / "history.txt").write_text(open_metrics())
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    blocks = folder / "blocks"
    subprocess.run(
        [programs.find("promtool"), "tsdb", "create-blocks-from", "openmetrics", folder / "history.txt", blocks],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    def with_history(configuration: Path, storage: Path, log: Path) -> programs.Program:
        shutil.copytree(blocks, storage)
        options = ("--storage.tsdb.retention.time=100y", "--query.max-samples=5000")
        return programs.prometheus(configuration, storage, log, *options)

    return loaded(with_history, folder / "prometheus.yml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation whose accounts begin at `ACCOUNT`."""
    return installation(tmp_path)


def installation(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "sesam-slo.yml").write_text(CONFIG + f"ledger: sqlite:///{folder}/ledger.db\n")
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
    config = load(folder / "sesam-slo.yml")
    ledger.write(configure(recorded_roster(Recorded()), config, ACCOUNT)[1])
    ledger.close()
    return folder


def recorded(folder: Path) -> Recorded:
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", create=False)
    try:
        return ledger.read()
    finally:
        ledger.close()


def command(url: str, *arguments: str) -> list[str]:
    return ["import", "prometheus", "--url", url, "--service", "svc", *arguments]


def imported(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", *command(url, *arguments)],
        cwd=folder, text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def done(folder: Path, url: str, *arguments: str) -> str:
    """What a successful import says."""
    found = imported(folder, url, *arguments)
    assert (found.returncode, found.stderr) == (
        0,
        "an exporter that is running takes this up at its next start\n",
    ), found.stderr
    return found.stdout


class Gate:
    """Passes requests on to a Prometheus until so many queries are through; then holds them until it is opened."""

    def __init__(self, behind: str, queries: int) -> None:
        self.passed, self.held = 0, threading.Event()
        self._opened = threading.Event()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/api/v1/query?"):
                    gate.passed += 1
                    if gate.passed > queries:
                        gate.held.set()
                        gate._opened.wait(60)
                answer = requests.get(behind + self.path, timeout=60)
                try:
                    self.send_response(answer.status_code)
                    self.end_headers()
                    self.wfile.write(answer.content)
                except OSError:
                    return  # who asked was killed

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def open(self) -> None:
        self._opened.set()

    def __enter__(self) -> Gate:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.open()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def facts(found: Recorded) -> tuple[object, ...]:
    return found.runs, found.silences, found.events, found.memberships


def test_the_account_of_the_imported_time_is_that_of_its_replay(folder: Path, prometheus) -> None:
    said = done(folder, prometheus.url, *QUERIES)
    first = START + timedelta(milliseconds=137)
    assert said == (
        f"svc: imported 10700 samples of api, ui from {first.isoformat()} to {ACCOUNT.isoformat()}, with 5 downtime events; "
        f"its account begins at {first.isoformat()}\n"
    )
    config = load(folder / "sesam-slo.yml")
    trace = [
        ("svc", endpoint, Result(at, Outcome.SUCCESS if value else Outcome.FAILURE))
        for endpoint, since in (("api", START), ("ui", UI_SINCE))
        for at, value in samples(endpoint, since)
    ]
    trace += [("svc", endpoint, Result(ACCOUNT, Outcome.UNOBSERVED)) for endpoint in ("api", "ui")]
    start = UI_SINCE + timedelta(milliseconds=137)
    expected = replay(config, trace, start, ACCOUNT)["services"]["svc"]
    assert len(expected["downtime"]) == 4
    account = Book.of(recorded(folder), config).account("svc", Interval(start, ACCOUNT))
    assert account.availability == expected["availability"]
    assert account.unplanned.total_seconds() == expected["downtime_seconds"]["unplanned"]
    assert account.planned.total_seconds() == expected["downtime_seconds"]["planned"] > 0
    assert account.unobserved.total_seconds() == expected["unobserved_seconds"] > 45 * 60
    assert [event.downtime.start.timestamp() for event in account.events] == [
        datetime.fromisoformat(event["start"]).timestamp() for event in expected["downtime"]
    ]


def test_the_present_account_begins_where_the_history_does(folder: Path, prometheus) -> None:
    done(folder, prometheus.url, *QUERIES)
    roster = recorded_roster(recorded(folder))
    assert roster.since("svc") == START + timedelta(milliseconds=137)
    assert roster.memberships["svc", ""].since == ACCOUNT
    assert roster.memberships["svc", ""].until is None


def test_the_same_again_changes_nothing(folder: Path, prometheus) -> None:
    done(folder, prometheus.url, *QUERIES)
    before = recorded(folder)
    again = imported(folder, prometheus.url, *QUERIES)
    assert (again.returncode, again.stderr) == (0, "")
    first = START + timedelta(milliseconds=137)
    assert again.stdout == f"svc: imported already, from {first.isoformat()} to {ACCOUNT.isoformat()}\n"
    assert recorded(folder) == before


def test_what_was_killed_goes_on_where_it_stood_and_finds_the_same(folder: Path, prometheus, tmp_path: Path) -> None:
    chunk = ("--step-chunk", "5h")
    with Gate(prometheus.url, queries=2 * 5) as gate:  # of each endpoint the first sample, then four chunks
        process = subprocess.Popen(
            [sys.executable, "-m", "sesam_slo.cli", *command(gate.url, *QUERIES, *chunk)],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert gate.held.wait(60)
        process.kill()
        process.wait()
        half = recorded(folder)
        (progress,) = half.imports
        assert progress.done_until == START + timedelta(hours=20, milliseconds=137)
        assert [membership.since for membership in half.memberships] == [ACCOUNT] * 3
        assert 0 < len(half.runs) < 10

        other = imported(folder, prometheus.url, "--query", 'api=probe_success{instance="moved"}')
        assert other.returncode == 1
        assert other.stderr.startswith(
            "svc: another import was interrupted at 2025-03-01T20:00:00.137000+00:00; expected that one to be finished first: "
        )
        gate.open()
        passed = gate.passed
        assert "from 2025-03-01T20:00:00.137000+00:00 to " in done(folder, gate.url, *QUERIES, *chunk)
        assert gate.passed - passed == 2 * 6  # the rest, and nothing of what was read before

    whole = installation(tmp_path / "whole")
    done(whole, prometheus.url, *QUERIES)
    assert facts(recorded(folder)) == facts(recorded(whole))


def test_earlier_history_can_be_added_later(folder: Path, prometheus, tmp_path: Path) -> None:
    done(folder, prometheus.url, *QUERIES, "--from", "2025-03-01T20:00:00Z")
    assert "with 2 downtime events" in done(folder, prometheus.url, *QUERIES)
    found = recorded(folder)
    middle = datetime(2025, 3, 1, 20, 0, 0, 137_000, tzinfo=UTC)
    assert [(each.since, each.until) for each in found.memberships if each.endpoint == "api"] == [
        (START + timedelta(milliseconds=137), middle),
        (middle, ACCOUNT),
        (ACCOUNT, None),
    ]
    assert recorded_roster(found).since("svc") == START + timedelta(milliseconds=137)


def test_a_series_whose_labels_changed_is_one(folder: Path, prometheus) -> None:
    said = done(folder, prometheus.url, "--endpoint", "api", "--query", 'probe_success{instance="moved"}')
    assert "imported 5760 samples of api " in said
    assert [(silence.start, silence.end) for silence in recorded(folder).silences] == [
        (SCRAPED_UNTIL + timedelta(seconds=30, milliseconds=137), ACCOUNT)
    ]


def test_a_shorter_end_leaves_the_rest_unobserved(folder: Path, prometheus) -> None:
    done(folder, prometheus.url, *QUERIES[:2], "--to", "2025-03-01T10:00:00Z")
    found = recorded(folder)
    assert [(silence.start, silence.end) for silence in found.silences] == [
        (START + timedelta(hours=10, seconds=30, milliseconds=137), ACCOUNT)
    ]
    assert max(membership.since for membership in found.memberships) == ACCOUNT


def test_shows_how_far_it_is_on_a_terminal(folder: Path, prometheus) -> None:
    status, _, shown = on_a_terminal(folder, *command(prometheus.url, *QUERIES, "--step-chunk", "1h"))
    assert status == 0
    assert re.search(r"importing .*100%", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))
    assert shown.endswith("an exporter that is running takes this up at its next start\r\n")


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (("--query", 'api=probe_success{instance=~"api|ui"}', "--from", "2025-03-01T12:00:00Z", "--to",
          "2025-03-01T18:00:00Z"), 1,
         'URL: probe_success{instance=~"api|ui"}: 2 series at one time, such as probe_success{instance=\'api\'} and '
         "probe_success{instance='ui'}; expected a selector of one series"),
        (("--query", 'api=probe_success{instance="odd"}'), 1,
         'URL: probe_success{instance="odd"}: the value at 2025-03-01T06:00:00.137000+00:00 is 0.5; expected 1 or 0'),
        (("--query", 'api=probe_success{instance="none"}'), 1,
         'api: probe_success{instance="none"}: no samples before 2025-03-03T00:10:00+00:00; expected some'),
        (("--query", 'api=probe_success{instance="slow"}'), 1,
         "api: the samples are 2m apart, the interval is 30s; expected --interval 2m"),
        ((*QUERIES, "--step-chunk", "3d"), 1,
         'URL: probe_success{instance="api"}: too much at once: query processing would load too many samples into memory in '
         "query execution; expected a shorter --step-chunk"),
        ((*QUERIES, "--to", "2025-03-04T00:00:00Z"), 2,
         "--to 2025-03-04T00:00:00+00:00: the account of svc begins at 2025-03-03T00:10:00+00:00, and what the exporter saw is "
         "not imported; expected no later end"),
        ((*QUERIES, "--from", "2025-03-04T00:00:00Z"), 2,
         "--from 2025-03-04T00:00:00+00:00: not before the end, 2025-03-03T00:10:00+00:00"),
        (("--query", "probe_success"), 2,
         "--query probe_success: of which endpoint? expected ENDPOINT=SELECTOR, or --endpoint"),
        (("--query", "web=probe_success"), 2,
         "svc/web: no such endpoint in the configuration; expected one of api, ui"),
        ((*QUERIES, *QUERIES[:2]), 2, "--query: a second one of api; expected one of each endpoint"),
        (("--query", "api=sum(probe_success)"), 2,
         "--query sum(probe_success): not a plain selector, and of anything else there are no samples; expected one such as "
         'probe_success{instance="https://example.org/"}'),
        ((*QUERIES, "--interval", "6m"), 2,
         "--interval 6m: expected more than none and at most half of policy.downtime_after (10m)"),
        ((*QUERIES, "--step-chunk", "1s"), 2, "--step-chunk: expected at least 1m"),
        ((*QUERIES, "--bearer-token-file", "none"), 2,
         "--bearer-token-file none: cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_leaves_no_facts(
    folder: Path, prometheus, arguments: tuple[str, ...], status: int, problem: str
) -> None:
    before = recorded(folder)
    refused = imported(folder, prometheus.url, *arguments)
    assert (refused.returncode, refused.stdout) == (status, "")
    assert refused.stderr == problem.replace("URL", prometheus.url) + "\n"
    assert facts(recorded(folder)) == facts(before)


def test_what_is_no_result_stops_an_import_which_may_then_end_before_it(folder: Path, prometheus) -> None:
    query = ("--query", 'api=probe_success{instance="odd"}', "--step-chunk", "4h")
    refused = imported(folder, prometheus.url, *query)
    assert (refused.returncode, refused.stderr) == (
        1,
        f'{prometheus.url}: probe_success{{instance="odd"}}: the value at 2025-03-01T06:00:00.137000+00:00 is 0.5; expected 1 '
        "or 0; imported up to 2025-03-01T04:00:00.137000+00:00, from where the same command goes on\n",
    )
    early = imported(folder, prometheus.url, *query, "--to", "2025-03-01T03:00:00Z")
    assert (early.returncode, early.stderr) == (
        2,
        "--to 2025-03-01T03:00:00+00:00: imported up to 2025-03-01T04:00:00.137000+00:00 already; expected an end from there "
        "to 2025-03-03T00:10:00+00:00\n",
    )
    assert "imported 240 samples of api " in done(folder, prometheus.url, *query, "--to", "2025-03-01T06:00:00Z")
    assert "imported already" in imported(folder, prometheus.url, *query).stdout


def test_an_import_that_found_a_fault_can_be_given_again_otherwise(folder: Path, prometheus) -> None:
    query = ("--query", 'api=probe_success{instance="slow"}')
    assert imported(folder, prometheus.url, *query).returncode == 1
    assert "imported 1440 samples of api " in done(folder, prometheus.url, *query, "--interval", "2m")


def test_a_service_without_an_account_is_refused(folder: Path, prometheus) -> None:
    path = folder / "sesam-slo.yml"
    path.write_text(path.read_text().replace("name: svc", "name: other"))
    refused = subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", "import", "prometheus", "--url", prometheus.url, "--service", "other", *QUERIES],
        cwd=folder, text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert (refused.returncode, refused.stderr) == (
        1,
        "other: has no account in the ledger that history could lead up to; expected the exporter to have been started with "
        "this configuration\n",
    )


def test_a_running_exporter_takes_the_history_up_at_its_next_start(folder: Path, prometheus, tmp_path: Path) -> None:
    path = folder / "sesam-slo.yml"
    path.write_text(path.read_text() + 'web: {listen: "127.0.0.1:0"}\n')
    exporter = programs.exporter(path, tmp_path / "exporter.log")
    try:
        done(folder, prometheus.url, *QUERIES)
        exporter.stop()
        exporter.restart()
        until(lambda: exporter.get("/metrics").ok, within=20, what="metrics")
    finally:
        exporter.stop()
    roster = recorded_roster(recorded(folder))
    assert roster.since("svc") == START + timedelta(milliseconds=137)
    assert roster.memberships["svc", ""] == Membership("svc", "", ACCOUNT)


def test_credentials_in_the_address_are_refused_and_not_shown(folder: Path) -> None:
    refused = imported(folder, "http://me:s3cr3t@127.0.0.1:9", *QUERIES)
    assert refused.returncode == 2
    assert refused.stderr.endswith(
        "error: argument --url: has credentials in it; expected a URL without them: secrets come from files\n"
    )
    assert "s3cr3t" not in refused.stderr
