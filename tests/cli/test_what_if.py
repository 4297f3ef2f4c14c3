"""`replay --set KEY=VALUE`: the account under another policy beside the one under the file's; `replay` on a terminal."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terminal import on_a_terminal

CONFIG = """\
policy: {downtime_after: 10m, maintenance: {recurring: []}}
probe: {interval: 30s}
services:
  - name: svc
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]
  - name: quiet
    endpoints: [{name: ui, kind: ui, url: "http://127.0.0.1:9/"}]
"""
START = datetime(2026, 6, 10, 8, tzinfo=UTC)
FAILING = ((60, 67), (120, 135))  # minutes: one run of seven, one of fifteen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    lines = ["timestamp,service,endpoint,result,reason"]
    for half_minute in range(0, 481):
        at = (START + timedelta(seconds=30 * half_minute)).isoformat()
        failing = any(start <= half_minute / 2 < end for start, end in FAILING)
        lines.append(f"{at},svc,api,{'failure,timeout' if failing else 'success,'}")
    (tmp_path / "trace.csv").write_text("\n".join(lines))
    return tmp_path


def replay(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", "replay", *arguments],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


def asked(folder: Path, *arguments: str) -> dict:
    done = replay(folder, "trace.csv", "--format", "json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


class TestWhatIf:
    def test_shows_the_account_as_set_as_configured_and_how_they_differ(self, folder: Path) -> None:
        plain = asked(folder)
        what_if = asked(folder, "--set", "policy.downtime_after=5m")
        assert list(what_if) == ["from", "to", "services", "set", "as_configured", "difference"]
        assert what_if["set"] == ["policy.downtime_after=5m"]
        assert what_if["as_configured"] == plain["services"]
        assert [event["duration_seconds"] for event in what_if["services"]["svc"]["downtime"]] == [420, 900]
        difference = what_if["difference"]["svc"]
        assert difference == {
            "agreed_seconds": 0,
            "maintenance_seconds": 0,
            "unobserved_seconds": 0,
            "downtime_seconds": {"unplanned": 420, "planned": 0, "excluded": 0},
            "failing_seconds": 0,
            "availability": pytest.approx(-420 / 14400),
            "availability_bounds": {
                "unobserved_as_up": pytest.approx(-420 / 14400),
                "unobserved_as_down": pytest.approx(-420 / 14400),
            },
            "error_budget_seconds": 0.0,
            "error_budget_remaining_seconds": -420.0,
            "events": 1,
        }
        assert what_if["difference"]["quiet"]["availability"] is None

    def test_is_what_the_file_itself_would_give(self, folder: Path) -> None:
        settings = ("policy.downtime_after=5m", "policy.objective=99", "probe.interval=15s")
        options = [word for each in settings for word in ("--set", each)]
        other = CONFIG.replace("10m", "5m, objective: 99").replace("30s", "15s")
        (folder / "other.yml").write_text(other)
        assert asked(folder, *options)["services"] == asked(folder, "--config", "other.yml")["services"]

    def test_a_maintenance_window_moves_time_from_unplanned_to_planned(self, folder: Path) -> None:
        window = 'policy.maintenance.recurring=[{name: noon, start: "12:00", end: "12:10"}]'  # 10:00 to 10:10 in UTC
        what_if = asked(folder, "--set", window)
        assert what_if["difference"]["svc"]["downtime_seconds"] == {"unplanned": -600, "planned": 600, "excluded": 0}
        assert what_if["difference"]["svc"]["agreed_seconds"] == -600

    def test_the_table_has_three_columns_for_each_service(self, folder: Path) -> None:
        lines = replay(folder, "trace.csv", "--set", "policy.downtime_after=5m").stdout.splitlines()
        assert lines[:3] == [
            "from 2026-06-10T08:00:00Z to 2026-06-10T12:00:00Z",
            "",
            "set policy.downtime_after=5m",
        ]
        assert re.split("  +", lines[4].strip()) == [
            f"{service} {account}"
            for service in ("svc", "quiet")
            for account in ("as_configured", "as_set", "difference")
        ]
        (unplanned,) = (line.split() for line in lines if line.startswith("unplanned_seconds"))
        assert unplanned == ["unplanned_seconds", "900", "1320", "420", "0", "0", "0"]
        events = [line.split()[:3] for line in lines if line.startswith("svc ")]
        assert events == [
            ["svc", "as_configured", "2026-06-10T10:00:00Z"],
            ["svc", "as_set", "2026-06-10T09:00:00Z"],
            ["svc", "as_set", "2026-06-10T10:00:00Z"],
        ]

    def test_csv_has_a_row_for_each_account_and_says_which(self, folder: Path) -> None:
        text = replay(folder, "trace.csv", "--format", "csv", "--set", "policy.downtime_after=5m").stdout
        rows = list(csv.DictReader(text.splitlines()))
        assert [(row["service"], row["account"], row["unplanned_seconds"], row["events"]) for row in rows[:3]] == [
            ("svc", "as_configured", "900", "1"),
            ("svc", "as_set", "1320", "2"),
            ("svc", "difference", "420", "1"),
        ]

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("policy.downtime_after=soon", '--set policy.downtime_after: not a duration: "soon"; expected a duration such as '
             "500ms, 30s, 10m, 48h, 2d or 1h30m\n"),
            ("services[1].name=other", "--set: other services or endpoints than the file's; expected settings of them\n"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_set_is_wrong_usage(self, folder: Path, override: str, message: str) -> None:
        done = replay(folder, "trace.csv", "--set", override)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


class TestProgress:
    """stderr is a pseudo-terminal; the trace is longer than what is read in no time."""

    @pytest.fixture
    def long_trace(self, folder: Path) -> Path:
        path = folder / "long.csv"
        with path.open("w") as file:
            file.write("timestamp,service,endpoint,result,reason\n")
            epoch = int(START.timestamp())
            file.writelines(f"{epoch + 30 * number},svc,api,success,\n" for number in range(60_000))
        assert path.stat().st_size > 1024 * 1024
        return path

    def test_a_long_trace_shows_how_much_is_read_and_leaves_the_screen_clean(
        self, folder: Path, long_trace: Path
    ) -> None:
        status, stdout, shown = on_a_terminal(folder, "replay", long_trace.name, "--format", "json")
        assert (status, json.loads(stdout)["services"]["svc"]["availability"]) == (0, 1.0)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
        size = f"{long_trace.stat().st_size / 1e6:.1f}"
        assert re.search(rf"reading .*{size}/{size} MB .* 0:00:00", text)
        assert shown.endswith("\x1b[1A\x1b[2K")  # the line of the bar, emptied

    def test_the_bar_goes_before_a_message(self, folder: Path, long_trace: Path) -> None:
        with long_trace.open("a") as file:
            file.write("broken\n")
        status, stdout, shown = on_a_terminal(folder, "replay", long_trace.name)
        assert (status, stdout) == (1, "")
        assert shown.endswith("\x1b[1A\x1b[2Klong.csv:60002: 1 fields; expected 5\r\n")

    def test_a_short_trace_shows_none(self, folder: Path) -> None:
        status, _, shown = on_a_terminal(folder, "replay", "trace.csv")
        assert (status, shown) == (0, "")

    def test_what_is_no_terminal_gets_none(self, folder: Path, long_trace: Path) -> None:
        done = replay(folder, long_trace.name)
        assert (done.returncode, done.stderr) == (0, "")
