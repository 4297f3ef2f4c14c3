"""`kill -9` at any moment loses and doubles nothing."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from ledger_values import all_numbered

from sesam_slo.core.history import Changes
from sesam_slo.ledger import LedgerError, open_ledger

CHILD = Path(__file__).with_name("ledger_child.py")


class Child:
    """A process that writes the ledger; killed at the latest when the block is left."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD), f"sqlite:///{path}"], stdout=subprocess.PIPE, text=True
        )
        self.reported: list[int] = []
        self._read("open\n")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self, expected: str | None = None) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the child ended by itself"
        assert expected in (None, line)
        return line

    def run_until(self, reports: int) -> None:
        for _ in range(reports):
            self.reported.append(int(self._read()))

    def kill(self) -> None:
        assert self._process.stdout is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self.reported += [int(line) for line in self._process.stdout if line.endswith("\n")]
            self._process.stdout.close()


def test_kill_9_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    moments = random.Random(20260101)
    durable = -1
    for _ in range(8):
        with Child(path) as child:
            child.run_until(moments.randint(1, 60))
        assert child.reported[0] > durable
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ledger = open_ledger(f"sqlite:///{path}")
        recorded = ledger.read()
        ledger.close()
        durable = recorded.checkpoints["datahub-prod"].document["number"]
        assert durable >= child.reported[-1]
        # The runs, the state of the growing event and the checkpoint are of one moment, and whole.
        expected = all_numbered(durable)
        assert Changes(runs=recorded.runs, events=recorded.events, checkpoints=expected.checkpoints) == expected
        assert recorded.checkpoints == {"datahub-prod": expected.checkpoints[0]}


def test_the_exclusive_lock_is_free_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Child(path):
        with pytest.raises(LedgerError) as raised:
            open_ledger(f"sqlite:///{path}", exclusive=True)
        assert str(raised.value) == (
            f"ledger {path}: is in use by another exporter, which holds {path}.lock; expected one exporter"
        )
    open_ledger(f"sqlite:///{path}", exclusive=True).close()
