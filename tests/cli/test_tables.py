"""Tables for people: at the terminal's width and with colours there, plain in a pipe, and nothing that a terminal obeys."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sesam_slo.cli.output import as_csv, as_json, as_table, plain
from terminal import shown_on_a_terminal

ANSI = re.compile(r"\x1b\[[0-9;]*m")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3|4|9|10)[0-9](?:;[0-9;]*)?m")
STARTED = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration, and a trace with a downtime of seventeen and a half minutes."""
    configure(tmp_path, "http://127.0.0.1:9/")
    lines = ["timestamp,service,endpoint,result,reason"]
    for number in range(60):
        down = 10 <= number < 45
        at = STARTED + timedelta(seconds=30 * number)
        lines.append(f"{at.isoformat()},svc,api,{'failure,timeout' if down else 'success,'}")
    (tmp_path / "trace.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def configure(folder: Path, url: str) -> None:
    endpoint = f'{{name: api, kind: api, url: "{url}"}}'
    (folder / "sesam-slo.yml").write_text(f"services:\n  - {{name: svc, endpoints: [{endpoint}]}}\n")


def piped(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sesam_slo.cli", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("width", [50, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_left_out(folder: Path, width: int) -> None:
    status, shown = shown_on_a_terminal(folder, "replay", "trace.csv", COLUMNS=str(width))
    text = ANSI.sub("", shown)
    assert status == 0
    assert max(map(len, text.splitlines())) <= width
    plainly = piped(folder, "replay", "trace.csv").stdout
    assert set(plainly.split()) - {"service"} == set(text.split()) - {
        "service"
    }  # heads a column, or is left to its name


def test_what_is_wide_is_a_table_where_there_is_room_and_a_line_each_where_there_is_none(folder: Path) -> None:
    wide, narrow = (
        ANSI.sub("", shown_on_a_terminal(folder, "replay", "trace.csv", COLUMNS=width)[1]) for width in ("200", "50")
    )
    assert re.search(r"^service +start +end +endpoints +duration .*$", wide, re.MULTILINE)
    assert re.search(r"^svc\n  start +2026-01-05T10:05:00Z *\n  end +2026-01-05T10:22:30Z *\n", narrow, re.MULTILINE)


def test_colours_are_for_terminals_that_want_them(folder: Path) -> None:
    assert COLOUR.search(shown_on_a_terminal(folder, "probe")[1])
    assert not COLOUR.search(shown_on_a_terminal(folder, "probe", NO_COLOR="1")[1])
    assert "\x1b" not in shown_on_a_terminal(folder, "probe", TERM="dumb")[1]
    assert "\x1b" not in piped(folder, "probe", FORCE_COLOR="1", TERM="xterm").stdout


@pytest.mark.parametrize(
    "arguments", [("replay", "trace.csv"), ("probe",), ("check-config",), ("replay", "trace.csv", "--format", "json")]
)
def test_in_a_pipe_nothing_is_loaded_that_only_a_terminal_needs(folder: Path, arguments: tuple[str, ...]) -> None:
    done = piped(folder, *arguments)
    assert done.stdout
    assert "sesam_slo.cli" in done.stderr
    assert not re.search(r"\brich\b", done.stderr)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_what_a_server_sends_does_not_reach_the_terminal_as_a_command(folder: Path, form: str) -> None:
    evil = "\x1b]0;owned\x07 \x9b31m \u202etxt.exe"
    with answering(evil.encode()) as url:
        configure(folder, url)
        status, shown = shown_on_a_terminal(folder, "probe", "--format", form)
    assert status == 1
    left = ANSI.sub("", shown)
    assert [each for each in left if not each.isprintable() and each != "\n"] == []
    if form == "json":
        assert json.loads(shown)[0]["body"] == evil


def test_json_says_the_same_however_it_is_written() -> None:
    document = {"name": "Åse \x1b[31m \x7f \x9b \u202e \U0001f600 \\u009b", "more": [None, 1.5, True]}
    assert json.loads(as_json(document)) == document
    assert "Åse" in as_json(document)


def test_in_text_lines_stay_and_what_a_terminal_obeys_does_not() -> None:
    assert plain("a\x1b[31mb\nc\u202ed\r") == "a�[31mb\nc�d�"
    assert as_table([{"name": "a\nb", "count": 1}]) == "name  count\na�b       1"
    assert as_csv([{"name": "=1+1"}]) == "name\n'=1+1"
