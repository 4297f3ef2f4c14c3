"""`sesam-slo case`: what a person reports, records and reads."""

# ruff: noqa: E501 - messages stand whole, in one line

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sesam_slo.cli import main
from sesam_slo.core.history import Changes, Event
from sesam_slo.ledger import open_ledger

CONFIG = 'services: [{name: svc, endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]}]\n'
EVENT = "svc-20260608T060000.000Z"


class Said:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def document(self) -> Any:
        assert (self.status, self.err) == (0, "")
        return json.loads(self.out)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SESAM_SLO_CONFIG", raising=False)
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    ledger = open_ledger("sqlite:///sesam-slo.db")
    start = datetime(2026, 6, 8, 6, tzinfo=UTC)
    event = Event(EVENT, "svc", start, start + timedelta(hours=1), start, ("api",))
    ledger.write(Changes(events=(event,)))
    ledger.close()

    def run(*arguments: str) -> Said:
        try:
            status = main(["case", *arguments])
        except SystemExit as error:  # argparse's own way to refuse
            status = int(error.code or 0)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


ID = "svc-case-20260608-1"


def reported(case: Any, *more: str) -> str:
    options = ["--level", "A", "--customer-class", "partner", "--reported-at", "2026-06-08T08:00:00+02:00"]
    said = case("report", "svc", *options, "--author", "kari", *more)
    assert (said.status, said.err) == (0, "")
    return str(said.out.strip())


def shown(case: Any) -> Any:
    return case("show", ID, "--format", "json").document


@pytest.mark.contract("levels", "reaction-time", "correction-time")
def test_a_case_from_its_report_to_its_fix(case: Any) -> None:
    assert reported(case, "--title", "down", "--event", EVENT, "--reference", "SUP-1") == ID
    assert case("start", "SUP-1", "--at", "2026-06-08T10:00:00+02:00").out == f"{ID}\n"
    assert case("workaround", ID, "--at", "2026-06-11T10:00:00+02:00").status == 0
    assert (
        case("resolve", ID, "--at", "2026-06-12T10:00:00+02:00", "--cause", "sesam", "--reason", "new disk").status == 0
    )
    document = shown(case)
    assert (document["state"], document["cause"], document["event"]) == ("fixed", "sesam", EVENT)
    assert document["clocks"]["reaction"] == {
        "deadline": "2026-06-08T14:00:00Z",
        "note": None,
        "stopped_at": "2026-06-08T08:00:00Z",
        "used_seconds": 7200,
        "left_seconds": 21600,
        "breached": False,
        "met": True,
    }
    workaround, fix = document["clocks"]["workaround"], document["clocks"]["fix"]
    assert (workaround["breached"], workaround["left_seconds"]) == (True, -7200)
    assert (fix["met"], fix["stopped_at"]) == (True, "2026-06-11T08:00:00Z")
    assert [(each["author"], each["reason"]) for each in document["history"]][::3] == [
        ("kari", ""),
        (document["history"][3]["author"], "new disk"),
    ]
    assert list(document["history"][3]["change"]) == ["cause", "fixed_at"]


@pytest.mark.contract("levels")
def test_a_new_level_keeps_its_history_and_what_was_missed(case: Any) -> None:
    reported(case)
    case("relevel", ID, "B", "--author", "ola")
    document = shown(case)
    assert [each["level"] for each in document["levels"]] == ["A", "B"]
    assert document["levels"][0]["since"] == "2026-06-08T06:00:00Z"
    assert document["clocks"]["reaction"]["deadline"] == "2026-06-09T14:00:00Z"
    assert document["clocks"]["reaction"]["breached"]
    assert document["clocks"]["fix"]["note"] == "next release"


@pytest.mark.contract("correction-time")
def test_no_workaround_is_possible_and_that_is_taken_back(case: Any) -> None:
    reported(case)
    assert case("workaround", ID, "--impossible").status == 0
    document = shown(case)
    assert (document["workaround_impossible"], document["clocks"]["workaround"]["deadline"]) == (True, None)
    case("annotate", ID, "--workaround-possible")
    assert shown(case)["clocks"]["workaround"]["deadline"] == "2026-06-10T14:00:00Z"


@pytest.mark.contract("no-requirements")
def test_an_error_of_the_environment_says_that_its_supplier_is_to_be_told(case: Any) -> None:
    reported(case)
    said = case("annotate", ID, "--cause", "operating_environment")
    assert (said.status, said.out) == (0, f"{ID}\n")
    assert said.err == (
        f"{ID}: the operating environment's supplier is not recorded as told; expected `sesam-slo case annotate --supplier-told-at`\n"
    )
    document = shown(case)
    assert (document["exempt"], document["supplier_missing"]) == (True, True)
    assert {clock["deadline"] for clock in document["clocks"].values()} == {None}
    assert case("annotate", ID, "--supplier-told-at", "2026-06-08T09:00:00Z").err == ""
    assert "(supplier not told)" not in case("list").out


def test_the_list_and_what_of_it_is_asked_for(case: Any) -> None:
    assert case("list").out == "no cases\n"
    reported(case, "--title", "=1+1")
    reported(case, "--title", "slow")
    case("resolve", "svc-case-20260608-2", "--at", "2026-06-08T10:00:00Z")
    table = case("list").out.splitlines()
    assert table[0].split() == [
        "id",
        "level",
        "class",
        "state",
        "reported_at",
        "reaction",
        "workaround",
        "fix",
        "cause",
        "reference",
        "title",
    ]
    assert table[1].split()[:8] == [
        ID,
        "A",
        "partner",
        "reported",
        "2026-06-08T06:00:00Z",
        "missed",
        "missed",
        "missed",
    ]
    assert table[2].split()[3:8] == ["fixed", "2026-06-08T06:00:00Z", "met", "met", "met"]
    ids = lambda *options: [each["id"] for each in case("list", "--format", "json", *options).document]  # noqa: E731
    assert ids() == [ID, "svc-case-20260608-2"]
    assert ids("--open") == ids("--open", "--service", "svc", "--level", "A") == [ID]
    assert ids("--level", "B") == ids("--from", "2026-06-08T06:00:01Z") == ids("--to", "2026-06-08T06:00:00Z") == []
    rows = list(csv.DictReader(io.StringIO(case("list", "--format", "csv").out)))
    assert (rows[0]["title"], rows[0]["reaction_deadline"], rows[1]["fix_met"]) == (
        "'=1+1",
        "2026-06-08T14:00:00Z",
        "True",
    )
    assert rows[0]["levels"] == "A 2026-06-08T06:00:00Z"


def test_as_a_table_a_case_shows_its_clocks_and_its_history(case: Any) -> None:
    reported(case, "--title", "down")
    case("annotate", ID, "--started-at", "2026-06-08T09:00:00Z")
    case("annotate", ID, "--started-at", "none", "--reason", "wrong case")
    out = case("show", "svc-").out
    assert "clock       deadline              note  stopped_at" in out
    assert "started_at: none" in out
    assert "wrong case" in out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("list", "--service", "svx"), 2, "--service svx: expected one of svc"),
        (("list", "--level", "D"), 2, "--level D: expected one of A, B, C"),
        (("start", "nothing"), 1, "nothing: no such case; `sesam-slo case list` shows their ids"),
        (("show", "nothing"), 1, "nothing: no such case; `sesam-slo case list` shows their ids"),
        (("start", ID, "--at", "2026-06-08T07:00:00+02:00"), 1, f"{ID}: started_at 2026-06-08T05:00:00Z is before the report; expected 2026-06-08T06:00:00Z or later"),
        (("resolve", ID, "--at", "2999-06-08T07:00:00+02:00"), 1, f"{ID}: fixed_at 2999-06-08T05:00:00Z lies ahead; expected what has happened"),
        (("relevel", ID, "D"), 2, f"{ID}: level 'D': expected one of A, B, C"),
        (("annotate", ID), 2, "nothing to change: expected --title, --cause, --started-at or another field"),
        (("workaround", ID, "--impossible", "--at", "1"), 2, "--at: not beside --impossible, which counts from when it is recorded"),
        (("start", ID, "--author", ""), 1, "author: expected a name of one line and at most 200 characters"),
        (("report", "svx", "--level", "A", "--customer-class", "user"), 2, "service 'svx': expected one of svc"),
    ],
)  # fmt: skip
def test_what_is_refused(case: Any, arguments: tuple[str, ...], status: int, message: str) -> None:
    reported(case)
    said = case(*arguments)
    assert (said.status, said.out, said.err) == (status, "", message + "\n")


def test_a_step_that_was_done_is_not_done_again(case: Any) -> None:
    reported(case)
    case("start", ID, "--at", "2026-06-08T10:00:00Z")
    assert case("start", ID).err == (
        f"{ID}: started_at is 2026-06-08T10:00:00Z; `sesam-slo case annotate --started-at` corrects it\n"
    )
    assert case("annotate", ID, "--started-at", "2026-06-08T09:00:00Z").status == 0
    assert shown(case)["started_at"] == "2026-06-08T09:00:00Z"


def test_a_withdrawn_case_has_no_targets_and_can_be_reinstated(case: Any) -> None:
    reported(case)
    case("annotate", ID, "--withdraw", "--reason", "no error")
    assert (shown(case)["state"], shown(case)["clocks"]["reaction"]["deadline"]) == ("withdrawn", None)
    case("annotate", ID, "--reinstate")
    assert shown(case)["state"] == "reported"


def test_a_ledger_that_is_not_there_is_named(case: Any) -> None:
    Path("sesam-slo.db").unlink()
    said = case("list")
    assert (said.status, said.out) == (1, "")
    assert said.err.endswith("sesam-slo.db: does not exist; expected a ledger\n")
