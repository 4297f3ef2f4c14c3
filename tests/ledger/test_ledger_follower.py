"""What other processes write is known once asked for, and a disk that hangs holds up nobody for longer than they wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_values import START, eventually

from sesam_slo.core.history import Changes, Correction, Event
from sesam_slo.core.model import AnnouncedWindow, Origin
from sesam_slo.ledger import Ledger, LedgerError, LedgerFollower, News, open_ledger

EVENT = Event("svc-1", "svc", START, START, START, ("api",))


def correction(number: int) -> Correction:
    return Correction("svc-1", START, "kari", "", {"solution": str(number)})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.write(Changes(events=(EVENT,)))
    return ledger


def following(path: Path, after: int, told: list[News], open: Callable[[], Ledger] | None = None) -> LedgerFollower:
    return LedgerFollower(
        open or (lambda: open_ledger(f"sqlite:///{path / 'ledger.db'}", create=False)), after, told.append
    )


def test_whatever_was_written_before_the_question_is_known_with_the_answer(tmp_path: Path, ledger: Ledger) -> None:
    told: list[News] = []
    follower = following(tmp_path, ledger.head().number, told)
    for number in range(20):
        ledger.write(Changes(corrections=(correction(number),)))
        assert follower.catch_up(10)
        assert told[-1].log.entries["svc-1"].solution == str(number)
    follower.close()


def test_news_come_without_a_question_too(tmp_path: Path, ledger: Ledger) -> None:
    told: list[News] = []
    follower = following(tmp_path, ledger.head().number, told)
    window = AnnouncedWindow("upgrade", START, START, START, recorded_at=START, origin=Origin.COMMAND)
    ledger.write(Changes(windows=(window,)))
    eventually(lambda: bool(told), "the window")
    assert told[0].windows == (window,)
    follower.close()


def test_what_the_exporter_writes_itself_is_no_news(tmp_path: Path, ledger: Ledger) -> None:
    told: list[News] = []
    follower = following(tmp_path, 0, told)
    ledger.write(Changes(windows=(AnnouncedWindow("upgrade", START, START, START),)))
    assert follower.catch_up(10)
    assert told == []
    follower.close()


def test_a_disk_that_hangs_is_waited_for_once_and_then_by_nobody_until_it_answers(
    tmp_path: Path, ledger: Ledger
) -> None:
    told: list[News] = []
    hanging = threading.Event()

    def open() -> Ledger:
        hanging.wait()
        return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", create=False)

    follower = following(tmp_path, ledger.head().number, told, open)
    ledger.write(Changes(corrections=(correction(1),)))
    assert not follower.catch_up(0.05)
    began = time.monotonic()
    assert not any(follower.catch_up(60) for _ in range(100))
    assert time.monotonic() - began < 30
    hanging.set()
    eventually(lambda: bool(told), "what was written meanwhile")
    assert follower.catch_up(10)
    follower.close()


def test_a_ledger_that_cannot_be_opened_is_tried_again(tmp_path: Path, ledger: Ledger) -> None:
    told: list[News] = []
    faults = iter([LedgerError("locked"), RuntimeError("a fault of the program")])

    def open() -> Ledger:
        fault = next(faults, None)
        if fault is not None:
            raise fault
        return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", create=False)

    follower = following(tmp_path, ledger.head().number, told, open)
    ledger.write(Changes(corrections=(correction(1),)))
    eventually(lambda: follower.catch_up(10) and bool(told), "the news")
    follower.close()
    assert not follower.catch_up(10)
