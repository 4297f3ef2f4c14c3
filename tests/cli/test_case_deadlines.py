# ruff: noqa: E501 - whole messages, and tables, in one line
"""`sesam-slo case deadlines`: it only computes, by any policy, and at once."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sesam_slo.cli import main

SERVICES = 'services: [{name: datahub-prod, endpoints: [{name: api, kind: api, url: "https://datahub-example.sesam.cloud"}]}]\n'
OLDER = str(Path(__file__).parents[2] / "docs" / "examples" / "older-agreement.yml")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SESAM_SLO_CONFIG", raising=False)


def asked(level: str, customer_class: str, reported_at: str, *more: str) -> int:
    options = ["--level", level, "--customer-class", customer_class, "--reported-at", reported_at]
    return main(["case", "deadlines", *options, *more])


@pytest.mark.contract("levels", "reaction-time", "correction-time")
@pytest.mark.parametrize(
    ("level", "customer_class", "reported_at", "expected"),
    [
        ("A", "partner", "2026-06-08T08:00:00+02:00", ["2026-06-08T14:00:00Z", "2026-06-10T14:00:00Z", "2026-06-19T14:00:00Z", None]),
        ("A", "user", "1780898400", [None, None, "2026-06-19T14:00:00Z", None]),
        ("B", "partner", "2026-12-30T15:59:00+01:00", ["2027-01-05T14:59:00Z", "2027-01-15T14:59:00Z", None, "next release"]),
        ("C", "user", "2026-06-08T08:00:00+02:00", [None, None, None, "next release"]),
    ],
)  # fmt: skip
def test_as_json(
    capsys: pytest.CaptureFixture[str], level: str, customer_class: str, reported_at: str, expected: list[str | None]
) -> None:
    assert asked(level, customer_class, reported_at, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == dict(zip(("reaction", "workaround", "fix", "fix_note"), expected, strict=True))


def test_as_a_table_and_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked("B", "partner", "2026-06-08T08:00:00+02:00") == 0
    assert capsys.readouterr().out.splitlines() == [
        "clock       target        deadline              local time",
        "reaction    2d            2026-06-09T14:00:00Z  Tue 2026-06-09 16:00 CEST",
        "workaround  10d           2026-06-19T14:00:00Z  Fri 2026-06-19 16:00 CEST",
        "fix         next release  -",
    ]
    assert asked("B", "partner", "2026-06-08T08:00:00+02:00", "--format", "csv") == 0
    assert capsys.readouterr().out.splitlines() == [
        "reaction,workaround,fix,fix_note",
        "2026-06-09T14:00:00Z,2026-06-19T14:00:00Z,,next release",
    ]


def test_by_the_policy_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked("A", "enterprise", "2026-06-05T15:30:00+02:00", "--config", OLDER, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["reaction"] == "2026-06-08T06:30:00Z"
    Path("sesam-slo.yml").write_text("policy: {timezone: UTC}\n" + SERVICES)
    assert asked("A", "partner", "2026-06-08T08:00:00Z", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["reaction"] == "2026-06-08T16:00:00Z"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("D", "partner", "2026-06-08T08:00:00Z"), "--level D: expected one of A, B, C"),
        (("A", "gold", "2026-06-08T08:00:00Z"), "--customer-class gold: expected one of partner, user"),
        (("A", "partner", "9999-06-08T08:00:00Z"), "--reported-at 9999-06-08T08:00:00Z: expected a year from 1971 to 2999"),
        (("A", "partner", "2026-06-08T08:00:00Z", "--config", "sesam-slo.yml"), "sesam-slo.yml: cannot be read: No such file or directory; expected a configuration file"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed(capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str) -> None:
    assert asked(*options) == 2
    assert capsys.readouterr().err.strip() == message


def test_an_instant_has_an_offset(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        asked("A", "partner", "2026-06-08T08:00:00")
    assert stopped.value.code == 2
    assert "expected ISO 8601 with an offset, or epoch seconds" in capsys.readouterr().err


COMMAND = [
    "-m",
    "sesam_slo.cli",
    *("case", "deadlines", "--level", "A", "--customer-class", "partner"),
    *("--reported-at", "2026-12-23T15:59:00+01:00"),
]


def test_it_imports_no_more_than_it_needs() -> None:
    Path("sesam-slo.yml").write_text(SERVICES)
    command = [sys.executable, "-X", "importtime", *COMMAND]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "holidays" in imported
    assert not imported & {
        "pydantic",
        "sqlalchemy",
        "fastapi",
        "requests",
        "holidays.countries.afghanistan",
        "rich",
        "sesam_slo.ledger",
        "sesam_slo.core.entry",
    }


@pytest.fixture(autouse=True)
def _collects_again() -> Iterator[None]:
    """The command ends with its process; the tests go on."""
    yield
    gc.enable()
