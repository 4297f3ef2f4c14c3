"""The command line as a person and a script meet it: what goes where, with which status."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

CONFIG = """\
policy: {downtime_after: 5s, maintenance: {recurring: []}}
probe: {interval: 1s, timeout: 500ms}
services:
  - name: svc
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]
web: {listen: "127.0.0.1:0"}
"""
TRACE = """\
timestamp,service,endpoint,result,reason
2026-06-10T08:00:00Z,svc,api,success,
2026-06-10T08:00:01Z,svc,api,failure,timeout
2026-06-10T10:00:02+02:00,svc,api,failure,timeout
1781078403,svc,api,failure,timeout
1781078404.5,svc,api,failure,timeout
2026-06-10T08:00:06Z,svc,api,failure,timeout
2026-06-10T08:00:07Z,svc,api,success,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    (tmp_path / "trace.csv").write_text(TRACE)
    return tmp_path


def sesam_slo(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


class TestReplay:
    def test_reads_offsets_and_epoch_seconds_alike(self, folder: Path) -> None:
        done = sesam_slo(folder, "replay", "trace.csv", "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        report = json.loads(done.stdout)
        assert (report["from"], report["to"]) == ("2026-06-10T08:00:00Z", "2026-06-10T08:00:07Z")
        (event,) = report["services"]["svc"]["downtime"]
        assert (event["start"], event["end"], event["duration_seconds"]) == (
            "2026-06-10T08:00:01Z",
            "2026-06-10T08:00:07Z",
            6,
        )

    def test_reads_json_lines_and_gzip_as_it_reads_csv(self, folder: Path) -> None:
        rows = [line.split(",") for line in TRACE.splitlines()[1:]]
        keys = ("timestamp", "service", "endpoint", "result", "reason")
        lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in rows]
        lines[3] = lines[3].replace('"1781078403"', "1781078403")
        (folder / "trace.jsonl").write_text("\n".join(lines))
        (folder / "trace.csv.gz").write_bytes(gzip.compress(TRACE.encode()))
        (folder / "trace.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
        said = [
            sesam_slo(folder, "replay", name, "--format", "json").stdout
            for name in ("trace.csv", "trace.jsonl", "trace.csv.gz", "trace.jsonl.gz")
        ]
        assert said[0]
        assert said == [said[0]] * 4

    def test_several_traces_are_one(self, folder: Path) -> None:
        header, *rows = TRACE.splitlines()
        (folder / "a.csv").write_text("\n".join([header, *rows[:3]]))
        (folder / "b.csv").write_text("\n".join([header, *rows[3:]]))
        whole = sesam_slo(folder, "replay", "trace.csv", "--format", "json")
        assert sesam_slo(folder, "replay", "a.csv", "b.csv", "--format", "json").stdout == whole.stdout

    @pytest.mark.parametrize(
        ("line", "text", "problem"),
        [
            (3, "2026-06-10T08:00:00Z,svc,api,failure,", "a second result of svc/api at 2026-06-10T08:00:00+00:00; "
             "expected one at an instant"),
            (3, "2026-06-10T07:59:59Z,svc,api,failure,", "result of svc/api at 2026-06-10T07:59:59+00:00 comes after one "
             "at 2026-06-10T08:00:00+00:00; expected time order per endpoint"),
            (3, "2026-06-10T08:00:01,svc,api,failure,", "timestamp '2026-06-10T08:00:01' has no offset; expected one, as "
             "in 2026-06-10T08:00:01Z or 2026-06-10T08:00:01+01:00"),
            (3, "yesterday,svc,api,failure,", "timestamp 'yesterday'; expected ISO 8601 with an offset, or epoch seconds"),
            (3, "nan,svc,api,failure,", "timestamp 'nan'; expected ISO 8601 with an offset, or epoch seconds"),
            (3, "2026-06-10T08:00:01Z,svc,gui,failure,", "endpoint svc/gui is not in the configuration"),
            (3, "2026-06-10T08:00:01Z,svc,api,down,", "result 'down'; expected success, failure, unobserved"),
            (3, "2026-06-10T08:00:01Z,svc", "2 fields; expected 5"),
            (1, "time,svc", "header is 'time,svc'; expected timestamp,service,endpoint,result,reason"),
        ],
    )  # fmt: skip
    def test_a_bad_line_is_refused_with_its_place(self, folder: Path, line: int, text: str, problem: str) -> None:
        lines = TRACE.splitlines()
        lines[line - 1] = text
        (folder / "bad.csv").write_text("\n".join(lines))
        done = sesam_slo(folder, "replay", "bad.csv")
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"bad.csv:{line}: {problem}\n")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("no.csv", None, "no.csv: cannot be read: No such file or directory\n"),
            ("cut.csv.gz", gzip.compress(TRACE.encode(), mtime=0)[:60],
             "cut.csv.gz: damaged gzip file: it ends early or does not decompress\n"),
            ("x.csv", b"\xff\xfe\x00", "x.csv: not UTF-8 text; expected CSV or JSON Lines, plain or gzip\n"),
            ("x.jsonl", b'{"timestamp": 1}\n{', "x.jsonl:1: no 'service'; expected the keys timestamp, service, endpoint, "
             "result, reason\n"),
        ],
    )  # fmt: skip
    def test_a_file_that_is_no_trace_is_refused(
        self, folder: Path, name: str, content: bytes | None, message: str
    ) -> None:
        if content is not None:
            (folder / name).write_bytes(content)
        done = sesam_slo(folder, "replay", name)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", message)

    def test_an_empty_trace_needs_to_be_told_from_when_to_when(self, folder: Path) -> None:
        (folder / "empty.csv").write_text("")
        done = sesam_slo(folder, "replay", "empty.csv")
        assert (done.returncode, done.stderr) == (
            2,
            "no results in the trace: nothing says from when to when; expected --from and --to\n",
        )
        done = sesam_slo(
            folder, "replay", "empty.csv", "--from", "2026-06-10T08:00:00Z", "--to", "2026-06-10T09:00:00Z",
            "--format", "json",
        )  # fmt: skip
        service = json.loads(done.stdout)["services"]["svc"]
        assert (service["agreed_seconds"], service["unobserved_seconds"], service["availability"]) == (3600, 3600, None)

    def test_table_and_csv_show_the_same_figures(self, folder: Path) -> None:
        table = sesam_slo(folder, "replay", "trace.csv").stdout
        assert ["unplanned_seconds", "6"] in [line.split() for line in table.splitlines()]
        assert "svc      2026-06-10T08:00:01Z  2026-06-10T08:00:07Z  api" in table
        rows = sesam_slo(folder, "replay", "trace.csv", "--format", "csv").stdout.splitlines()
        assert dict(zip(rows[0].split(","), rows[1].split(","), strict=True))["unplanned_seconds"] == "6"


class TestUsage:
    def test_the_configuration_is_found_by_option_variable_or_place(self, folder: Path, tmp_path: Path) -> None:
        other = tmp_path / "elsewhere"
        other.mkdir()
        path = str(folder / "sesam-slo.yml")
        assert sesam_slo(folder, "check-config").returncode == 0
        assert sesam_slo(other, "check-config", "--config", path).returncode == 0
        assert sesam_slo(other, "--config", path, "check-config").returncode == 0
        assert sesam_slo(other, "check-config", SESAM_SLO_CONFIG=path).returncode == 0
        missing = sesam_slo(other, "check-config")
        assert missing.returncode == 2
        assert missing.stderr.startswith("sesam-slo.yml: ")

    @pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["replay"], ["replay", "x.csv", "--from", "noon"]])
    def test_wrong_usage_is_status_2_without_a_traceback(self, folder: Path, arguments: list[str]) -> None:
        done = sesam_slo(folder, *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "usage: sesam-slo" in done.stderr
        assert "Traceback" not in done.stderr

    def test_check_config_prints_every_fault(self, folder: Path) -> None:
        (folder / "bad.yml").write_text(CONFIG.replace("500ms", "2s").replace("kind: api", "kind: app"))
        done = sesam_slo(folder, "check-config", "--config", "bad.yml")
        assert done.returncode == 2
        assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["bad.yml:2", "bad.yml:5"]

    def test_generate_writes_and_check_notices_a_difference(self, folder: Path) -> None:
        assert sesam_slo(folder, "generate", "--out", "out").returncode == 0
        assert sesam_slo(folder, "generate", "--out", "out", "--check").returncode == 0
        rules = folder / "out/prometheus/rules/sesam-slo.yml"
        rules.write_text(rules.read_text() + "\n")
        (folder / "out/prometheus/prometheus.yml").unlink()
        done = sesam_slo(folder, "generate", "--out", "out", "--check")
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            "out/prometheus/prometheus.yml: is missing; what generate writes",
            "out/prometheus/rules/sesam-slo.yml: differs from what generate writes",
        ]

    def test_probe_shows_what_happened_and_fails_where_the_probe_did(self, folder: Path) -> None:
        done = sesam_slo(folder, "probe", "--format", "json")
        assert (done.returncode, done.stderr) == (1, "")
        (row,) = json.loads(done.stdout)
        assert (row["service"], row["endpoint"], row["result"], row["reason"]) == (
            "svc",
            "api",
            "failure",
            "connect_refused",
        )
        assert row["started_at"].endswith("Z")
        assert "verdict    failure (connect_refused)" in sesam_slo(folder, "probe", "svc", "api").stdout
        unknown = sesam_slo(folder, "probe", "svc", "ui")
        assert (unknown.returncode, unknown.stderr) == (
            2,
            "svc/ui: no such endpoint in the configuration; expected one of svc/api\n",
        )


class TestRun:
    @pytest.fixture
    def exporter(self, folder: Path):
        process = subprocess.Popen(
            [sys.executable, "-m", "sesam_slo.cli", "run"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("w"),
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("sesam-slo: page http://127.0.0.1:"), (folder / "log").read_text()
            yield process, line.split()[2].rstrip("/")
        finally:
            process.kill()
            process.wait()

    def poll(self, condition, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "not within the deadline"
            time.sleep(0.05)

    def test_reload_by_signal_and_by_post_keeps_the_old_file_when_the_new_one_is_bad(
        self, folder: Path, exporter
    ) -> None:
        process, url = exporter
        path = folder / "sesam-slo.yml"

        def said(text: str) -> bool:
            return text in requests.get(f"{url}/metrics", timeout=5).text

        path.write_text(CONFIG.replace("name: svc", "name: renamed"))
        process.send_signal(signal.SIGHUP)
        self.poll(lambda: said('agreed_seconds_total{service="renamed"}') and not said('{service="svc"}'))
        path.write_text("services: []\n")
        answer = requests.post(f"{url}/-/reload", timeout=5)
        assert answer.status_code == 500
        assert "sesam-slo.yml:1: services: " in answer.text
        assert said("sesam_slo_exporter_config_last_reload_successful 0.0")
        assert said('agreed_seconds_total{service="renamed"}')
        path.write_text(CONFIG)
        assert requests.post(f"{url}/-/reload", timeout=5).status_code == 200
        assert said("sesam_slo_exporter_config_last_reload_successful 1.0")

    def test_a_second_exporter_on_the_same_ledger_is_refused(self, folder: Path, exporter) -> None:
        done = sesam_slo(folder, "run")
        assert done.returncode == 1
        assert "in use by another exporter" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_taken_address_is_a_clear_refusal(self, folder: Path, exporter) -> None:
        _, url = exporter
        done = sesam_slo(folder, "run", "--listen", url.removeprefix("http://"))
        assert (done.returncode, done.stdout) == (1, "")
        assert "cannot listen on 127.0.0.1:" in done.stderr

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_to_end_lets_it_write_what_it_knows(self, folder: Path, exporter, number: signal.Signals) -> None:
        process, url = exporter
        self.poll(lambda: self.failing(url))  # an open run: each step from now on is worth a checkpoint
        before = time.time()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert (folder / "log").read_text().count("level=error") == 0
        with sqlite3.connect(folder / "sesam-slo.db") as ledger:
            ((at,),) = ledger.execute("select at_us from checkpoints")
        assert at / 1e6 >= before

    def failing(self, url: str) -> bool:
        text = requests.get(f"{url}/metrics", timeout=5).text
        return any(line.startswith("sesam_slo_endpoint_failing_since") for line in text.splitlines())
