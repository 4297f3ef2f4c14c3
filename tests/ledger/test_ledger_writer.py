"""A ledger that cannot be written holds up nothing and loses nothing."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ledger_faults
import pytest
from ledger_values import START, all_numbered, eventually, everything, numbered

from sesam_slo.core.history import Changes, Checkpoint, Event, PolicyRecord
from sesam_slo.ledger import Ledger, LedgerError, LedgerWriter, WriterStats, open_ledger

RETRY = 0.02
NOW = datetime(2026, 6, 1, tzinfo=UTC)


class FakeLedger:
    """Notes what it is given; fails while `fault` is set, waits while `gate` is closed."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.attempts = 0
        self.written: list[Changes] = []

    def write(self, changes: Changes) -> None:
        self.attempts += 1
        self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.written.append(changes)


@contextmanager
def writing(ledger: Any, **options: Any) -> Iterator[LedgerWriter]:
    writer = LedgerWriter(ledger, **{"retry_seconds": RETRY, "now": lambda: NOW} | options)
    try:
        yield writer
    finally:
        writer.close(timeout=5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data" / "ledger.db"


# Real faults


@pytest.mark.parametrize(
    "fault",
    [
        ledger_faults.locked,
        ledger_faults.file_moved_away,
        ledger_faults.directory_moved_away,
        ledger_faults.directory_removed,
        ledger_faults.emptied,
        ledger_faults.disk_full,
    ],
    ids=lambda fault: fault.__name__,
)
def test_what_is_submitted_during_a_fault_arrives_once_and_in_order_when_it_is_mended(path: Path, fault: Any) -> None:
    ledger = open_ledger(f"sqlite:///{path}", exclusive=True)
    written: list[object] = []
    with writing(ledger, on_written=written.append) as writer:
        for number in range(10):
            writer.submit(numbered(number), number)
        eventually(lambda: written[-1:] == [9], "the first changes are written")
        with fault(path):
            for number in range(10, 40):
                began = time.monotonic()
                writer.submit(numbered(number), number)
                assert time.monotonic() - began < 0.5  # a lock is waited for, but not here
            eventually(lambda: writer.stats().failures_total >= 2, "it is tried again")
            stats = writer.stats()
            assert stats.failing
            assert stats.backlog == 30 + 6  # runs, and the last states of the events
            assert stats.lost_total == 0
            assert written[-1] == 9
        eventually(lambda: written[-1:] == [39], "the backlog is written")
        assert replace(writer.stats(), failures_total=0) == WriterStats(0, 0, 0, NOW, False)
    assert everything(ledger) == all_numbered(39)
    ledger.close()


def test_a_ledger_that_is_read_only_when_it_is_opened_is_written_once_it_is_not(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.write(numbered(0))
    ledger.close()

    def opener() -> Ledger:
        ledger_faults.obey_permissions()
        return open_ledger(f"sqlite:///{path}")

    with writing(opener) as writer:
        with ledger_faults.read_only(path):
            writer.submit(numbered(1))
            eventually(lambda: writer.stats().failures_total >= 2, "it is tried again")
            path.parent.chmod(0o700)  # of the directory alone: SQLite itself would now open it, and leave a log behind
            before = writer.stats().failures_total
            eventually(lambda: writer.stats().failures_total >= before + 2, "it is tried again")
            assert writer.stats().failing
        eventually(lambda: not writer.stats().failing, "it is written")
    assert caplog.messages[0] == (
        f"ledger {path}: may not be written; expected write permission for it and for {path.parent}"
        " (probing goes on, facts wait to be written)"
    )
    ledger = open_ledger(f"sqlite:///{path}")
    assert everything(ledger) == all_numbered(1)


def test_an_opener_is_called_until_the_ledger_can_be_opened(path: Path) -> None:
    shutil.rmtree(path.parent)
    with writing(lambda: open_ledger(f"sqlite:///{path}", exclusive=True)) as writer:
        writer.submit(numbered(0))
        eventually(lambda: writer.stats().failing, "it fails")
        path.parent.mkdir()
        eventually(lambda: not writer.stats().failing, "it is written")
    ledger = open_ledger(f"sqlite:///{path}", exclusive=True)  # `close` gave it up
    assert everything(ledger) == all_numbered(0)


# What is told to whom


def test_a_token_is_reported_once_all_that_was_submitted_with_it_is_durable(path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{path}")
    seen: list[tuple[object, Changes]] = []
    with writing(ledger, on_written=lambda token: seen.append((token, everything(ledger)))) as writer:
        for number in range(20):
            writer.submit(numbered(number), number)
    assert seen[-1][0] == 19
    for token, there in seen:
        assert isinstance(token, int)
        assert there == all_numbered(token)


def test_a_step_that_changes_nothing_is_reported_too() -> None:
    reported: list[object] = []
    with writing(FakeLedger(), on_written=reported.append) as writer:
        writer.submit(Changes(), "nothing new")
        eventually(lambda: reported == ["nothing new"], "it is reported")
        assert writer.stats() == WriterStats(0, 0, 0, None, False)


def test_all_that_waits_is_one_transaction() -> None:
    ledger = FakeLedger()
    ledger.gate.clear()
    with writing(ledger) as writer:
        writer.submit(numbered(0))
        eventually(lambda: ledger.attempts == 1, "the first write is under way")
        for number in range(1, 10):
            writer.submit(numbered(number))
        assert writer.stats().backlog == 2 + 9 + 2
        ledger.gate.set()
        eventually(lambda: len(ledger.written) == 2, "the rest is written")
    later = numbered(1)
    for number in range(2, 10):
        later = later.then(numbered(number))
    assert ledger.written == [numbered(0), later]


def test_while_writing_fails_every_step_is_told_so() -> None:
    ledger = FakeLedger()
    ledger.fault = LedgerError("ledger: fault")
    failed: list[object] = []
    written: list[object] = []
    with writing(ledger, on_failed=failed.append, on_written=written.append, retry_seconds=3600) as writer:
        writer.submit(numbered(0), 0)
        eventually(lambda: failed == [0], "the first attempt failed")
        for number in (1, 2):  # between two attempts, which are an hour apart
            writer.submit(numbered(number), number)
            eventually(lambda number=number: failed[-1] == number, "it is told")
        assert ledger.attempts == 1
        assert written == []
        ledger.fault = None
        assert writer.close()
        assert written == [2]
        assert ledger.written == [all_numbered(2)]


def test_a_fault_in_a_callback_does_not_end_the_writing(caplog: pytest.LogCaptureFixture) -> None:
    ledger = FakeLedger()

    def broken(_: object) -> None:
        raise RuntimeError("hunter2")

    with writing(ledger, on_written=broken) as writer:
        writer.submit(numbered(0))
        eventually(lambda: len(ledger.written) == 1, "the first is written")
        writer.submit(numbered(1))
        eventually(lambda: len(ledger.written) == 2, "the second is written")
    assert caplog.messages[0] == "ledger: unexpected RuntimeError in what the writer reports to"


def test_one_line_when_failing_begins_and_one_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ledger = FakeLedger()
    ledger.fault = LedgerError("ledger /data/x.db: cannot be written: database or disk is full")
    with writing(ledger) as writer:
        writer.submit(numbered(0))
        eventually(lambda: writer.stats().failures_total >= 4, "it is tried again")
        ledger.fault = None
        eventually(lambda: not writer.stats().failing, "it is written")
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "sesam_slo.ledger",
            "ERROR",
            "ledger /data/x.db: cannot be written: database or disk is full (probing goes on, facts wait to be written)",
        ),
        (
            "sesam_slo.ledger",
            "WARNING",
            "ledger: can be written again; 2 facts that waited are in it, 0 were lost since the start",
        ),
    ]


def test_an_unexpected_error_is_a_failure_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    ledger = FakeLedger()
    ledger.fault = RuntimeError("hunter2")
    with writing(ledger) as writer:
        writer.submit(numbered(0))
        eventually(lambda: writer.stats().failing, "it fails")
        ledger.fault = None
        eventually(lambda: not writer.stats().failing, "it is written")
    assert caplog.messages[0] == "ledger: unexpected RuntimeError (probing goes on, facts wait to be written)"


def test_a_write_that_hangs_counts_as_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sesam_slo.ledger.writer._STALLED_SECONDS", 0.05)
    ledger = FakeLedger()
    ledger.gate.clear()
    with writing(ledger) as writer:
        writer.submit(numbered(0))
        eventually(lambda: writer.stats().failing, "it hangs")
        ledger.gate.set()
        eventually(lambda: not writer.stats().failing, "it is written")
        assert writer.stats().failures_total == 0


# Bounds


def test_a_full_backlog_drops_the_oldest_facts_and_counts_them(caplog: pytest.LogCaptureFixture) -> None:
    ledger = FakeLedger()
    ledger.fault = LedgerError("ledger: fault")
    with writing(ledger, max_backlog=5) as writer:
        for number in range(8):
            writer.submit(replace(numbered(number), events=()))
            seen = writer.stats().failures_total
            eventually(lambda seen=seen: writer.stats().failures_total > seen, "it is tried")
        assert writer.stats().backlog == 5
        assert writer.stats().lost_total == 3
        ledger.fault = None
        eventually(lambda: len(ledger.written) == 1, "the rest is written")
    (written,) = ledger.written
    assert [run.start for run in written.runs] == [numbered(number).runs[0].start for number in range(3, 8)]
    assert written.checkpoints == numbered(7).checkpoints
    assert caplog.messages.count("ledger: facts are lost: the backlog is full, the oldest facts are dropped") == 1


def test_the_bound_holds_while_a_write_hangs() -> None:
    ledger = FakeLedger()
    ledger.gate.clear()
    with writing(ledger, max_backlog=5) as writer:
        writer.submit(numbered(0))
        eventually(lambda: ledger.attempts == 1, "the first write is under way")
        for number in range(1, 21):
            writer.submit(replace(numbered(number), events=()))
        assert writer.stats() == WriterStats(0, 2 + 5, 15, None, False)
        ledger.gate.set()


def test_a_growing_event_and_checkpoints_do_not_fill_the_backlog() -> None:
    ledger = FakeLedger()
    ledger.fault = LedgerError("ledger: fault")
    event = Event("1", "a", START, None, START, ("api",))
    with writing(ledger, max_backlog=5) as writer:
        for number in range(1000):
            grown = replace(event, reasons=(str(number),))
            writer.submit(Changes(events=(grown,), checkpoints=(Checkpoint("a", START, {"number": number}),)))
        eventually(lambda: writer.stats().failing, "it fails")
        assert writer.stats().lost_total == 0
        ledger.fault = None
        eventually(lambda: len(ledger.written) == 1, "it is written")
    assert ledger.written == [Changes(events=(grown,), checkpoints=(Checkpoint("a", START, {"number": 999}),))]


def test_a_fact_that_no_ledger_can_store_does_not_hold_up_the_others(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(f"sqlite:///{path}")
    with writing(ledger) as writer:
        writer.submit(replace(numbered(0), policies=(PolicyRecord(START, {"hunter2": {1}}),)))
        eventually(lambda: writer.stats().last_write_at is not None, "the others are written")
        assert writer.stats() == WriterStats(1, 0, 1, NOW, False)
    assert everything(ledger) == numbered(0)
    assert caplog.messages == ["ledger: facts are lost: ledger: one of the policies cannot be stored: TypeError"]


# The end


def test_close_writes_what_waits(path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{path}")
    writer = LedgerWriter(ledger)
    for number in range(50):
        writer.submit(numbered(number))
    assert writer.close()
    assert everything(ledger) == all_numbered(49)


def test_close_of_a_ledger_that_cannot_be_written_says_so_and_returns(caplog: pytest.LogCaptureFixture) -> None:
    ledger = FakeLedger()
    ledger.fault = LedgerError("ledger: fault")
    writer = LedgerWriter(ledger, retry_seconds=3600)
    writer.submit(numbered(0))
    eventually(lambda: writer.stats().failing, "it fails")
    assert not writer.close(timeout=0.3)
    assert caplog.messages[-1] == "ledger: closed while it cannot be written; 2 facts are not in it"
    ledger.fault = None
    writer.submit(numbered(1))  # too late, but not worth an exception
    assert writer.stats().lost_total == 2
    assert caplog.messages[-1] == "ledger: facts are lost: the writer is closed"


def test_closing_twice_or_with_nothing_to_write_is_harmless() -> None:
    writer = LedgerWriter(FakeLedger())
    assert writer.close()
    assert writer.close()
