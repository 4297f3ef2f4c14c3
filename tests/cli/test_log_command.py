"""`sesam-slo log`: what a person reads, changes and proves."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sesam_slo.cli import main
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Event, Evidence, Membership, Report, Run
from sesam_slo.core.service import begin
from sesam_slo.ledger import open_ledger
from terminal import shown_on_a_terminal

CONFIG = """\
policy: {maintenance: {recurring: [{name: nightly, start: "00:00", end: "03:00"}]}}
services:
  - name: svc
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}, {name: ui, kind: ui, url: "http://127.0.0.1:9/"}]
"""
DAY = datetime(2026, 6, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NIGHT, MORNING = "svc-20260610T003000.000Z", "svc-20260610T080000.000Z"  # Oslo is two hours ahead: 02:30 and 10:00


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    ledger = open_ledger("sqlite:///sesam-slo.db")
    until = DAY + timedelta(hours=12)
    state = begin("svc", ("api", "ui"), until)
    events = [(NIGHT, 30, 90), (MORNING, 480, 500)]
    ledger.write(
        Changes(
            memberships=tuple(Membership("svc", name, DAY - timedelta(days=30)) for name in ("", "api", "ui")),
            runs=tuple(
                Run("svc", "api", DAY + start * MINUTE, DAY + end * MINUTE, 10 * MINUTE, "timeout")
                for _, start, end in events
            ),
            events=tuple(
                Event(id, "svc", DAY + start * MINUTE, DAY + end * MINUTE, DAY + start * MINUTE, ("api",), ("timeout",))
                for id, start, end in events
            ),
            reports=(Report(NIGHT, DAY + 41 * MINUTE, "alertmanager"),),
            evidence=(Evidence("svc", "api", DAY + 480 * MINUTE, "first", DAY + 480 * MINUTE, {"status": 502}),),
            checkpoints=(checkpoint(state, until),),
        )
    )
    ledger.close()
    return tmp_path


class Said:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def document(self) -> Any:
        assert (self.status, self.err) == (0, "")
        return json.loads(self.out)


@pytest.fixture
def log(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Said:
        try:
            status = main(["log", *arguments])
        except SystemExit as error:  # argparse's own way to refuse
            status = int(error.code or 0)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


@pytest.mark.contract("log")
def test_each_entry_tells_what_counted_and_which_window_deducted(log: Any) -> None:
    night, morning = log("list", "--format", "json").document
    assert (night["id"], night["class"]) == (NIGHT, "unplanned")
    assert (night["duration_seconds"], night["planned_seconds"], night["unplanned_seconds"]) == (3600, 1800, 1800)
    assert night["deducted_by"] == [
        {
            "name": "nightly",
            "source": "recurring",
            "start": "2026-06-09T22:00:00Z",
            "end": "2026-06-10T01:00:00Z",
        }
    ]
    assert (night["reported_at"], night["reported_by"]) == ("2026-06-10T00:41:00Z", "alertmanager")
    assert (morning["unplanned_seconds"], morning["deducted_by"], morning["symptom"]) == (1200, [], "timeout")


@pytest.mark.contract("excluded")
@pytest.mark.parametrize("cause", ["customer", "operating_environment"])
def test_a_cause_that_is_not_ours_excludes_and_can_be_taken_back(log: Any, cause: str) -> None:
    said = log(
        "annotate", MORNING, "--cause", cause, "--solution", "they restarted", "--author", "kari", "--reason", "call"
    )
    assert (said.status, said.out, said.err) == (0, f"{MORNING}\n", "")
    entry = log("show", MORNING, "--format", "json").document
    assert (entry["unplanned_seconds"], entry["excluded_seconds"], entry["class"]) == (0, 1200, "excluded")
    assert [(each["kind"], each["author"], each["reason"]) for each in entry["history"]] == [
        ("detected", "sesam-slo", ""),
        ("changed", "kari", "call"),
    ]
    log("annotate", MORNING, "--cause", "sesam")
    assert log("show", MORNING, "--format", "json").document["unplanned_seconds"] == 1200


def test_the_beginning_of_an_id_is_enough_where_only_one_begins_so(log: Any) -> None:
    assert log("annotate", "svc-20260610T08", "--solution", "restart").out == f"{MORNING}\n"
    said = log("annotate", "svc-", "--solution", "restart")
    assert (said.status, said.err) == (
        1,
        f"svc-: 2 entries begin so, {NIGHT} and {MORNING} among them; expected a whole id\n",
    )


def test_a_part_is_excluded_and_included_again(log: Any) -> None:
    log("annotate", MORNING, "--exclude", "2026-06-10T08:05:00Z", "2026-06-10T08:10:00Z", "their firewall")
    entry = log("show", MORNING, "--format", "json").document
    assert (entry["unplanned_seconds"], entry["excluded_seconds"]) == (900, 300)
    log("annotate", MORNING, "--include-all")
    assert log("show", MORNING, "--format", "json").document["unplanned_seconds"] == 1200


def test_corrected_bounds_are_judged_like_any_other_and_the_person_is_told(log: Any) -> None:
    said = log("annotate", MORNING, "--end", "2026-06-10T08:09:59Z")
    assert said.status == 0
    assert said.err == f"{MORNING}: is shorter than downtime_after (600 s): kept in the log, counts nothing\n"
    entry = log("show", MORNING, "--format", "json").document
    assert (entry["duration_seconds"], entry["unplanned_seconds"], entry["class"]) == (599, 0, "none")
    log("annotate", MORNING, "--end", "2026-06-10T08:10:00Z")
    assert log("show", MORNING, "--format", "json").document["unplanned_seconds"] == 600


def test_a_withdrawn_entry_stays_in_the_log_and_counts_nothing(log: Any) -> None:
    log("annotate", MORNING, "--withdraw", "--reason", "the probe's own fault")
    entry = log("list", "--format", "json").document[1]
    assert (entry["withdrawn"], entry["unplanned_seconds"]) == (True, 0)
    log("annotate", MORNING, "--reinstate")
    assert log("list", "--format", "json").document[1]["unplanned_seconds"] == 1200


def test_downtime_that_the_probes_could_not_see_is_added(log: Any) -> None:
    said = log(
        *("add", "svc", "--start", "2026-06-10T05:00:00Z", "--end", "2026-06-10T05:30:00Z", "--endpoint", "ui"),
        *("--cause", "sesam", "--symptom", "white page", "--solution", "rolled back", "--author", "kari"),
    )
    assert (said.status, said.err) == (0, "")
    entry = log("show", said.out.strip(), "--format", "json").document
    assert (entry["added"], entry["unplanned_seconds"], entry["endpoints"]) == (True, 1800, ["ui"])
    assert (entry["symptom"], entry["solution"], entry["confirmed_at"]) == ("white page", "rolled back", None)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ("annotate", "nothing", "--solution", "x"),
            1,
            "nothing: no such entry in the downtime log; `sesam-slo log list` shows their ids",
        ),
        (
            ("annotate", MORNING, "--end", "2126-01-01T00:00:00Z"),
            1,
            f"{MORNING}: end 2126-01-01T00:00:00Z lies ahead; expected what has happened",
        ),
        (
            ("annotate", MORNING, "--end", "2026-06-10T08:00:00Z"),
            1,
            f"{MORNING}: end 2026-06-10T08:00:00Z is not after its start 2026-06-10T08:00:00Z",
        ),
        (("annotate", MORNING, "--cause", "unknown"), 1, f"{MORNING}: nothing to change, the entry says so already"),
        (("annotate", MORNING), 2, "nothing to change: expected --cause, --solution, --end or another field"),
        (("annotate", MORNING, "--solution", "a\x1b[2J"), 1, "solution: holds control characters; expected plain text"),
        (
            ("annotate", MORNING, "--solution", "x", "--author", ""),
            1,
            "author: expected a name of one line and at most 200 characters",
        ),
        (
            ("annotate", MORNING, "--exclude", "2026-06-10T07:00:00Z", "2026-06-10T07:30:00Z", "theirs"),
            1,
            f"{MORNING}: exclusion 2026-06-10T07:00:00Z to 2026-06-10T07:30:00Z lies outside the entry; "
            "expected a part of 2026-06-10T08:00:00Z to 2026-06-10T08:20:00Z",
        ),
        (
            ("annotate", MORNING, "--exclude", "soon", "later", "x"),
            2,
            "--exclude 'soon': expected ISO 8601 with an offset, or epoch seconds",
        ),
        (
            ("add", "other", "--start", "2026-06-10T05:00:00Z", "--end", "2026-06-10T06:00:00Z"),
            2,
            "service other: not in the ledger; expected one of: svc",
        ),
        (
            ("add", "svc", "--start", "2026-01-10T05:00:00Z", "--end", "2026-06-10T06:00:00Z"),
            1,
            "--start 2026-01-10T05:00:00Z lies before the account of svc began, 2026-05-11T00:00:00Z",
        ),
        (
            ("add", "svc", "--start", "2026-06-10T05:00:00Z", "--end", "2026-06-10T06:00:00Z", "--endpoint", "db"),
            2,
            "--endpoint db: not of svc; known: api, ui",
        ),
        (("list", "--service", "other"), 2, "--service other: not in the ledger; expected one of: svc"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(
    log: Any, folder: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    before = log("list", "--format", "json").document
    said = log(*arguments)
    assert (said.status, said.out, said.err) == (status, "", message + "\n")
    assert log("list", "--format", "json").document == before


def test_a_ledger_that_is_not_there_is_named(folder: Path, log: Any) -> None:
    (folder / "sesam-slo.db").rename(folder / "elsewhere.db")
    said = log("list")
    path = folder.resolve() / "sesam-slo.db"
    assert (said.status, said.err) == (1, f"ledger {path}: does not exist; expected a ledger\n")


def test_the_export_is_csv_that_no_spreadsheet_runs(log: Any) -> None:
    log("annotate", MORNING, "--solution", '=HYPERLINK("http://evil.example")', "--symptom=-1+1")
    rows = list(csv.DictReader(io.StringIO(log("export").out)))
    assert (rows[1]["solution"], rows[1]["symptom"]) == ('\'=HYPERLINK("http://evil.example")', "'-1+1")
    assert (rows[1]["unplanned_seconds"], rows[0]["deducted_by"]) == (
        "1200",
        "nightly 2026-06-09T22:00:00Z/2026-06-10T01:00:00Z",
    )


def test_the_list_as_csv_has_all_fields_and_nothing_where_there_is_no_entry(log: Any) -> None:
    listed = log("list", "--format", "csv").out
    assert listed == log("export", "--format", "csv").out
    night, morning = csv.DictReader(io.StringIO(listed))
    assert (night["service"], night["reported_by"], morning["reported_by"]) == ("svc", "alertmanager", "")
    before = ("--to", "2026-06-01T00:00:00Z")
    assert [log(each, "--format", "csv", *before).out for each in ("list", "export")] == ["", ""]


def test_the_export_of_a_range_leaves_out_what_lies_beside_it(log: Any, folder: Path) -> None:
    said = log(
        "export",
        "--format",
        "json",
        "--from",
        "2026-06-10T01:30:00Z",
        "--to",
        "2026-06-10T08:00:01Z",
        "--out",
        "x.json",
    )
    assert (said.status, said.out) == (0, "")
    assert [each["id"] for each in json.loads((folder / "x.json").read_text())] == [MORNING]


def test_show_prints_entry_history_and_evidence(log: Any) -> None:
    log("annotate", MORNING, "--details", "database <full>", "--author", "kari", "--reason", "post-mortem")
    text = log("show", MORNING).out
    for expected in (
        "database <full>",
        "ended 2026-06-10T08:20:00Z",
        "post-mortem",
        "first failing probe of api",
        "502",
    ):
        assert expected in text


HOSTILE = '\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"\n<b>'
SEEN = {
    "reason": "http_status",
    "detail": "status 502, expected 200-299",
    "duration_seconds": 0.25,
    "phase": "transfer",
    "phase_seconds": {"resolve": 0.001, "connect": 0.02, "tls": 0.1, "wait": 0.12, "transfer": 0.009},
    "status": 502,
    "address": "192.0.2.7",
    "redirects": 0,
    "tls_not_after": "2026-09-01T00:00:00+00:00",
    "body_bytes": 20480,
    "body_sha256": "9f2c" * 16,
    "body": HOSTILE + "x" * 400,
}


def saw(*evidence: tuple[str, int, str, int, dict[str, Any]]) -> None:
    """What failing probes saw: endpoint, minute at which the run began, first or latest, minute of the probe."""
    ledger = open_ledger("sqlite:///sesam-slo.db")
    ledger.write(
        Changes(
            evidence=tuple(
                Evidence("svc", endpoint, DAY + run * MINUTE, which, DAY + at * MINUTE, document)
                for endpoint, run, which, at, document in evidence
            )
        )
    )
    ledger.close()


def test_show_says_what_the_first_and_the_latest_failing_probe_saw(log: Any) -> None:
    saw(
        ("api", 480, "first", 480, SEEN),
        (
            "api",
            480,
            "latest",
            499,
            {"reason": "dns", "detail": "no such host", "duration_seconds": 0.002, "phase": None},
        ),
        ("ui", 481, "first", 481, SEEN),  # an endpoint that was not down
        ("api", 600, "first", 600, SEEN),  # another run
    )
    evidence = log("show", MORNING).out.partition("\nevidence\n")[2]
    assert evidence == (
        "first failing probe of api, 2026-06-10T08:00:00Z, in the run since 2026-06-10T08:00:00Z\n"
        "  reason       http_status: status 502, expected 200-299\n"
        "  reached      transfer\n"
        "  timings      resolve 0.001 s, connect 0.02 s, tls 0.1 s, wait 0.12 s, transfer 0.009 s, together 0.25 s\n"
        "  status       502\n"
        "  address      192.0.2.7\n"
        "  certificate  expires 2026-09-01T00:00:00+00:00\n"
        f"  body         20480 bytes, sha256 {'9f2c' * 16}\n"
        '  begins       "\\u001b[2J\\u001b]0;owned\\u0007\ufffd31m\ufffd\\"\\n<b>' + "x" * 276 + '"…\n'
        "\n"
        "latest failing probe of api, 2026-06-10T08:19:00Z, in the run since 2026-06-10T08:00:00Z\n"
        "  reason       dns: no such host\n"
        "  timings      together 0.002 s\n"
    )
    assert all(each.isprintable() or each == "\n" for each in evidence)


def test_show_gives_programs_all_that_is_kept_and_terminals_no_control_character(log: Any) -> None:
    saw(("api", 480, "first", 480, SEEN))
    said = log("show", MORNING, "--format", "json")
    assert said.document["evidence"] == [
        {
            "endpoint": "api",
            "run_start": "2026-06-10T08:00:00Z",
            "which": "first",
            "at": "2026-06-10T08:00:00Z",
            **SEEN,
        }
    ]
    assert all(each.isprintable() or each == "\n" for each in said.out)


def test_one_probe_that_failed_is_shown_once(log: Any) -> None:
    saw(("api", 480, "first", 480, SEEN), ("api", 480, "latest", 480, SEEN))
    evidence = log("show", MORNING).out.partition("\nevidence\n")[2]
    assert evidence.startswith("only failing probe of api, 2026-06-10T08:00:00Z, ")
    assert evidence.count("failing probe") == 1


def test_corrected_bounds_take_no_evidence_away_and_wider_ones_add_what_lies_in_them(log: Any) -> None:
    saw(("api", 470, "first", 470, SEEN))
    log("annotate", MORNING, "--start", "2026-06-10T08:05:00Z")
    assert [each["run_start"] for each in log("show", MORNING, "--format", "json").document["evidence"]] == [
        "2026-06-10T08:00:00Z"
    ]
    log("annotate", MORNING, "--start", "2026-06-10T07:45:00Z")
    assert [each["run_start"] for each in log("show", MORNING, "--format", "json").document["evidence"]] == [
        "2026-06-10T07:50:00Z",
        "2026-06-10T08:00:00Z",
    ]


def test_an_entry_that_was_added_without_endpoints_shows_what_any_of_them_saw(log: Any) -> None:
    saw(("ui", 302, "first", 302, SEEN))
    id = log("add", "svc", "--start", "2026-06-10T05:00:00Z", "--end", "2026-06-10T05:30:00Z").out.strip()
    assert [each["endpoint"] for each in log("show", id, "--format", "json").document["evidence"]] == ["ui"]


def test_verify_prints_the_head_and_holds_the_log_to_one_that_was_noted(log: Any, folder: Path) -> None:
    said = log("verify")
    assert said.status == 0
    head = said.out.splitlines()[-1].removeprefix("head ")
    log("annotate", MORNING, "--solution", "restart")
    assert log("verify", "--expect", head).status == 0
    with closing(sqlite3.connect(folder / "sesam-slo.db", isolation_level=None)) as other:
        number = other.execute("SELECT max(number) FROM revisions").fetchone()[0]
        other.execute("UPDATE revisions SET change = replace(change, 'restart', 'Restart') WHERE number = ?", (number,))
    said = log("verify")
    assert (said.status, said.out, said.err) == (1, "", f"log: revision {number} was altered\n")
    said = log("verify", "--format", "json")
    assert (said.status, json.loads(said.out)["revision"]) == (1, number)
    assert log("verify", "--expect", "12").status == 2


@pytest.mark.parametrize("width", ["80", "250"])
def test_an_id_can_be_copied_from_any_terminal(folder: Path, width: str) -> None:
    status, shown = shown_on_a_terminal(folder, "log", "list", COLUMNS=width)
    assert status == 0
    for id in (NIGHT, MORNING):
        assert id in shown
    assert "ongoing" not in shown
