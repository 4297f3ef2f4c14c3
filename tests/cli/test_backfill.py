"""`sesam-slo backfill`: what is written where, and what is said of what cannot be."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sesam_slo.cli import main
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Event, Membership, Run
from sesam_slo.core.service import begin
from sesam_slo.ledger import open_ledger
from terminal import on_a_terminal

CONFIG = """\
services:
  - name: svc
    labels: {customer: acme}
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]
  - name: other
    endpoints: [{name: ui, kind: ui, url: "http://127.0.0.1:9/"}]
"""
MINUTE = timedelta(minutes=1)
SINCE = datetime(2025, 6, 10, 7, 59, 30, 250_000, tzinfo=UTC)
UNTIL = datetime(2025, 6, 10, 9, 0, 15, tzinfo=UTC)
DOWN = (datetime(2025, 6, 10, 8, 10, tzinfo=UTC), datetime(2025, 6, 10, 8, 30, tzinfo=UTC))
UNPLANNED = ("--service", "svc", "--metric", "sesam_slo_downtime_seconds_total")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    ledger = open_ledger("sqlite:///sesam-slo.db")
    services = {"svc": "api", "other": "ui"}
    ledger.write(
        Changes(
            memberships=tuple(Membership(name, each, SINCE) for name in services for each in ("", services[name])),
            runs=(Run("svc", "api", *DOWN, 10 * MINUTE, "timeout"),),
            events=(Event("svc-1", "svc", *DOWN, DOWN[0] + 10 * MINUTE, ("api",), ("timeout",)),),
            checkpoints=tuple(checkpoint(begin(name, (services[name],), UNTIL), UNTIL) for name in services),
        )
    )
    ledger.close()
    return tmp_path


@pytest.fixture
def backfill(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["backfill", *arguments])
        except SystemExit as error:  # argparse's own way to refuse
            status = int(error.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def series(text: str, selector: str) -> dict[str, float]:
    """The samples of one series by their timestamps."""
    found = [line.rsplit(" ", 2) for line in text.splitlines() if line.startswith(selector + " ")]
    return {at: float(value) for _, value, at in found}


def test_a_counter_begins_at_0_with_the_account_and_ends_at_its_last_value(backfill: Any) -> None:
    status, text, err = backfill(*UNPLANNED)
    assert (status, err) == (0, "")
    assert text.startswith(
        "# HELP sesam_slo_downtime_seconds Downtime, as the ledger is corrected now.\n"
        "# TYPE sesam_slo_downtime_seconds counter\n"
        'sesam_slo_downtime_seconds_total{service="svc",class="unplanned",job="sesam-slo",instance="backfill"} 0.0 '
        f"{SINCE.timestamp():.3f}\n"
    )
    assert text.endswith("\n# EOF\n")
    found = series(
        text, 'sesam_slo_downtime_seconds_total{service="svc",class="unplanned",job="sesam-slo",instance="backfill"}'
    )
    minutes = [datetime(2025, 6, 10, 8, tzinfo=UTC) + number * MINUTE for number in range(61)]
    assert list(found) == [
        f"{SINCE.timestamp():.3f}",
        *(f"{each.timestamp():.0f}" for each in minutes),
        f"{UNTIL.timestamp():.3f}",
    ]
    assert [found[f"{each.timestamp():.0f}"] for each in minutes] == [
        min(max(each - DOWN[0], timedelta()), 20 * MINUTE).total_seconds() for each in minutes
    ]
    assert found[f"{UNTIL.timestamp():.3f}"] == 1200.0


def test_parts_of_the_history_are_the_whole_of_it(backfill: Any, folder: Path) -> None:
    _, whole, _ = backfill()
    cut = ("2025-06-10T08:20:30Z", "2025-06-10T08:44:00Z")
    parts = [
        backfill(*bounds)[1] for bounds in (("--to", cut[0]), ("--from", cut[0], "--to", cut[1]), ("--from", cut[1]))
    ]
    samples = [line for part in parts for line in part.splitlines() if not line.startswith("#")]
    assert sorted(samples) == sorted(line for line in whole.splitlines() if not line.startswith("#"))
    assert len(set(samples)) == len(samples)


def test_the_history_is_split_into_files_that_are_the_whole_of_it(backfill: Any, folder: Path) -> None:
    assert backfill("--split", "30m", "--out", "parts") == (0, "", "")
    files = sorted((folder / "parts").iterdir())
    assert [each.name for each in files] == [
        f"{name}.om" for name in ("20250610T075930Z", "20250610T080000Z", "20250610T083000Z", "20250610T090000Z")
    ]
    assert all(each.read_text().endswith("# EOF\n") for each in files)
    _, whole, _ = backfill()
    samples = [line for each in files for line in each.read_text().splitlines() if not line.startswith("#")]
    assert sorted(samples) == sorted(line for line in whole.splitlines() if not line.startswith("#"))


def test_parts_in_which_nothing_is_known_are_left_out(backfill: Any, folder: Path) -> None:
    begin = SINCE.replace(hour=2, minute=0, second=0, microsecond=0)  # at the very begin of a part
    ledger = open_ledger("sqlite:///sesam-slo.db")
    ledger.write(Changes(memberships=(Membership("svc", "", begin, begin + 45 * MINUTE),)))
    ledger.close()
    assert backfill("--split", "30m", "--out", "parts", "--metric", "up", "--to", "2025-06-10T08:20:00Z") == (0, "", "")
    assert sorted(each.name for each in (folder / "parts").iterdir()) == [
        f"20250610T{name}Z.om" for name in ("020000", "023000", "073000", "080000")
    ]
    assert backfill("--metric", "up", "--to", "2025-06-10T02:01:00Z")[1].count("\n") == 4


def test_labels_are_those_that_a_scrape_would_add(backfill: Any) -> None:
    _, text, _ = backfill(
        "--metric", "sesam_slo_service_info", "--metric", "up", "--label", "instance=", "--label", 'zone=a"\\\n'
    )
    heads = {line.rsplit(" ", 2)[0] for line in text.splitlines() if not line.startswith("#")}
    assert heads == {
        'up{job="sesam-slo",zone="a\\"\\\\\\n"}',
        'sesam_slo_service_info{service="svc",customer="acme",job="sesam-slo",zone="a\\"\\\\\\n"}',
        'sesam_slo_service_info{service="other",customer="",job="sesam-slo",zone="a\\"\\\\\\n"}',
    }


def test_a_file_is_there_whole_or_not_at_all(backfill: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = folder / "history.om"
    assert backfill(*UNPLANNED, "--out", "history.om") == (0, "", "")
    assert (out.read_text(), out.stat().st_mode & 0o777) == (backfill(*UNPLANNED)[1], 0o666 & ~umask())
    before = sorted(each.name for each in folder.iterdir())
    out.write_text("what stood there")

    def interrupted(*_arguments: Any, **_how: Any) -> Any:
        yield "# HELP"
        raise KeyboardInterrupt

    monkeypatch.setattr("sesam_slo.cli.backfill.History.text", interrupted)
    assert backfill("--out", "history.om")[0] == 130
    assert out.read_text() == "what stood there"
    assert sorted(each.name for each in folder.iterdir()) == before


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_is_written_through_and_stays_a_link(backfill: Any, folder: Path) -> None:
    (folder / "link").symlink_to(folder / "elsewhere")
    assert backfill(*UNPLANNED, "--out", "link") == (0, "", "")
    assert (folder / "link").is_symlink()
    assert (folder / "elsewhere").read_text().endswith("# EOF\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ["--step", "10m"],
            2,
            "--step 10m: longer than policy.alerts.lookback (5m): what looks for a sample would find none in between; "
            "expected at most that\n",
        ),
        (
            ["--from", "2025-06-10T09:00:00Z", "--to", "2025-06-10T08:00:00Z"],
            2,
            "--from 2025-06-10T09:00:00+00:00: not before --to 2025-06-10T08:00:00+00:00\n",
        ),
        (
            ["--from", "2025-07-01T00:00:00Z", "--to", "2025-08-01T00:00:00Z"],
            1,
            "nothing is known from 2025-07-01T00:00:00+00:00 to 2025-08-01T00:00:00+00:00; the ledger knows of "
            "2025-06-10T07:59:30.250000+00:00 to 2025-06-10T09:00:15+00:00\n",
        ),
        (["--service", "svc", "--service", "no"], 2, "--service no: not in the ledger; expected one of: other, svc\n"),
        (
            ["--label", "window=x"],
            2,
            "--label window: the series have such a label already; expected another\n",
        ),
        (
            ["--label", "customer=x"],
            2,
            "--label customer: the series have such a label already; expected another\n",
        ),
        (["--split", "2h"], 2, "--split: several files; expected --out DIRECTORY\n"),
        (["--split", "30s", "--out", "x"], 2, "--split 30s: shorter than --step\n"),
        (["--split", "2h", "--out", "sesam-slo.yml"], 1, "sesam-slo.yml: no directory to write into: File exists\n"),
        (["--out", "no/where"], 1, "no/where: cannot be written: No such file or directory\n"),
        (["--out", "."], 1, ".: cannot be written: Is a directory\n"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(backfill: Any, arguments: list[str], status: int, message: str) -> None:
    assert backfill(*arguments) == (status, "", message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--step", "0s"], "'0s': expected whole milliseconds, and at least one"),
        (
            ["--metric", "sesam_slo_probes_total"],
            "'sesam_slo_probes_total': has no history in the ledger; expected one of up, ",
        ),
        (["--label", "7=x"], "'7=x': expected NAME=VALUE, such as instance=exporter:9808"),
        (["--label", "__name__=x"], "'__name__=x': expected NAME=VALUE, such as instance=exporter:9808"),
        (["--label", "job"], "'job': expected NAME=VALUE, such as instance=exporter:9808"),
        (["--label", "job=\udcff"], "job: a value that is not UTF-8; expected text"),
    ],
)
def test_what_was_written_wrong_is_said_with_what_was_expected(
    backfill: Any, arguments: list[str], message: str
) -> None:
    status, out, err = backfill(*arguments)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_the_last_three_hours_come_with_a_warning(backfill: Any, folder: Path) -> None:
    ledger = open_ledger("sqlite:///sesam-slo.db")
    now = datetime.now(UTC)
    ledger.write(Changes(checkpoints=(checkpoint(begin("svc", ("api",), now), now),)))
    ledger.close()
    status, _, err = backfill("--metric", "up", "--from", (now - 10 * MINUTE).isoformat())
    assert (status, err) == (
        0,
        "the last three hours are in it; a Prometheus that scrapes meanwhile wants them left out: --to\n",
    )


def test_a_terminal_sees_how_far_it_is(folder: Path) -> None:
    status, out, said = on_a_terminal(folder, "backfill", "--step", "100ms", "--out", "x.om")
    assert (status, out, (folder / "x.om").read_text()[-6:]) == (0, "", "# EOF\n")
    assert re.search(r"backfill.*\d+%", said)
