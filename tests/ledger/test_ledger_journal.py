"""The chain of revisions: what is in it, and that no revision can be altered, removed or slipped in without being named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_values import START, changes
from sqlalchemy import Connection, Engine, create_engine

from sesam_slo.core.entry import Log
from sesam_slo.core.history import Changes, Correction, Event, Head, Report
from sesam_slo.core.model import Origin
from sesam_slo.ledger import Ledger, LedgerError, MovedError, open_ledger
from sesam_slo.ledger.migrations import MIGRATIONS, migrate
from sesam_slo.ledger.sqlite import APPLICATION_ID

EVENT = Event("svc-1", "svc", START, None, START, ("api",), ("timeout",))
CHANGE = Correction("svc-1", START, "kari", "asked the customer", {"cause": "customer"})
COLUMNS = ("kind", "subject", "at_us", "author", "reason", "change", "hash")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def filled(path: Path) -> Ledger:
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.write(Changes(events=(EVENT,)))
    ledger.write(Changes(reports=(Report("svc-1", START, "alertmanager"),)))
    ledger.write(Changes(corrections=(CHANGE,)))
    ledger.write(Changes(events=(replace(EVENT, end=START),)))
    return ledger


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)


@pytest.mark.contract("log")
def test_every_step_of_an_entry_is_a_revision_with_its_author_and_reason(path: Path) -> None:
    steps = filled(path).revisions("svc-1")
    assert [(each.number, each.kind, each.author, each.reason) for each in steps] == [
        (1, "events", "sesam-slo", ""),
        (2, "reports", "alertmanager", ""),
        (3, "corrections", "kari", "asked the customer"),
        (4, "events", "sesam-slo", ""),
    ]
    assert [each.change.get("end_us") for each in steps if each.kind == "events"] == [None, START.timestamp() * 1e6]
    assert steps[2].change == {"cause": "customer"}


def test_what_is_written_again_is_no_revision(path: Path) -> None:
    ledger = filled(path)
    head = ledger.read().head
    ledger.write(Changes(events=(replace(EVENT, end=START),), corrections=(CHANGE,)))
    assert ledger.read().head == head


def test_a_whole_chain_is_verified_up_to_its_head(path: Path) -> None:
    ledger = filled(path)
    verdict = ledger.verify()
    assert (verdict.fault, verdict.revisions, verdict.head) == (None, 4, ledger.read().head)


@pytest.mark.contract("log")
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_revision_is_named(path: Path, number: int, column: str) -> None:
    ledger = filled(path)
    value = "at_us + 1" if column == "at_us" else f"{column} || ' '"
    tamper(path, f"UPDATE revisions SET {column} = {value} WHERE number = {number}")
    verdict = ledger.verify()
    assert (verdict.fault, verdict.number) == (f"revision {number} was altered", number)


@pytest.mark.contract("log")
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_removed_revision_is_named_also_the_last(path: Path, number: int) -> None:
    ledger = filled(path)
    tamper(path, f"DELETE FROM revisions WHERE number = {number}")
    verdict = ledger.verify()
    assert (verdict.fault, verdict.number) == (f"revision {number} is missing", number)


@pytest.mark.contract("log")
def test_a_revision_that_was_slipped_in_is_named(path: Path) -> None:
    ledger = filled(path)
    copied = "kind, subject, at_us, author, reason, change, until_us, hash FROM revisions WHERE number = 3"
    tamper(path, f"INSERT INTO revisions SELECT 5, {copied}")
    assert ledger.verify().fault == "revision 5 was altered"  # its hash is of another place
    tamper(path, "DELETE FROM revisions WHERE number = 5", f"INSERT INTO revisions SELECT 0, {copied}")
    assert ledger.verify().fault == "revision 0 was slipped in"


def test_a_chain_that_was_cut_and_its_head_with_it_is_found_by_a_head_that_was_noted(path: Path) -> None:
    ledger = filled(path)
    noted = ledger.read().head
    before = ledger.revisions("svc-1")[2]
    tamper(
        path,
        "DELETE FROM revisions WHERE number = 4",
        f"UPDATE ledger SET head_number = 3, head_hash = '{before.hash}'",
        "UPDATE events SET end_us = NULL",
    )
    assert ledger.verify().fault is None  # nothing in the file can tell
    assert ledger.verify(noted).fault == "revision 4 is missing: there were 4"
    assert (
        ledger.verify(Head(3, "0" * 64)).fault
        == "revision 3 or one before it is not what it was when its hash was noted"
    )


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE events SET end_us = end_us + 1", "events svc-1: the table does not say what its last revision says"),
        ("DELETE FROM events", "events svc-1: is not in its table any more"),
        ("UPDATE reports SET at_us = 0", "reports svc-1: the table does not say what its last revision says"),
        (
            "INSERT INTO policies (since_us, document) VALUES (0, '{}')",
            "policies [0]: the table does not say what its last revision says",
        ),
    ],
)
def test_a_table_that_was_changed_beside_the_chain_is_named(path: Path, statement: str, fault: str) -> None:
    ledger = filled(path)
    tamper(path, statement)
    assert ledger.verify().fault == fault


@settings(max_examples=25, deadline=None)
@given(changes(), changes(), st.data())
def test_any_single_altered_byte_of_any_revision_fails(first: Changes, second: Changes, data: st.DataObject) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.db"
        ledger = open_ledger(f"sqlite:///{path}")
        ledger.write(first)
        ledger.write(second)
        verdict = ledger.verify()
        assert verdict.fault is None
        if verdict.revisions:
            number = data.draw(st.integers(1, verdict.revisions))
            column = data.draw(st.sampled_from([each for each in COLUMNS if each != "at_us"]))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                (stored,) = other.execute(
                    f"SELECT CAST({column} AS BLOB) FROM revisions WHERE number = ?", (number,)
                ).fetchone()
                if stored:
                    at = data.draw(st.integers(0, len(stored) - 1))
                    altered = bytes([*stored[:at], stored[at] ^ data.draw(st.integers(1, 255)), *stored[at + 1 :]])
                    other.execute(
                        f"UPDATE revisions SET {column} = CAST(? AS TEXT) WHERE number = ?", (altered, number)
                    )
                    assert ledger.verify().number == number
        ledger.close()


def test_a_ledger_of_the_first_version_begins_its_chain_with_what_it_holds(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"PRAGMA application_id={APPLICATION_ID}")
    engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
    migrate(lambda: writing(engine), MIGRATIONS[:1])
    with writing(engine) as connection:
        for statement in (
            "INSERT INTO policies VALUES (0, '{\"objective_ratio\":0.995}')",
            "INSERT INTO memberships VALUES ('svc', '', 0, NULL)",
            "INSERT INTO windows VALUES ('upgrade', 10, 20, 0, 'null', 0, NULL)",
            "INSERT INTO events VALUES ('svc-1', 'svc', 0, NULL, 0, '[\"api\"]', '[\"timeout\"]', 'unknown', NULL)",
            "INSERT INTO reports VALUES ('svc-1', 0, 'alertmanager')",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    ledger = open_ledger(f"sqlite:///{path}", create=False)
    verdict = ledger.verify()
    assert (verdict.fault, verdict.revisions) == (None, 5)
    recorded = ledger.read()
    (window,), (entry,) = recorded.windows, Log.of(recorded.events, recorded.reports, ()).entries.values()
    assert (window.name, window.origin, window.channel) == ("upgrade", Origin.FILE, "")
    assert (entry.id, entry.cause, entry.reported_by, entry.end) == ("svc-1", "unknown", "alertmanager", None)
    ledger.write(Changes(events=(replace(recorded.events[0], end=START),)))
    assert ledger.verify().revisions == 6


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def test_what_was_decided_on_another_head_is_refused_and_not_written(path: Path) -> None:
    ledger = filled(path)
    seen = ledger.read().head
    ledger.write(Changes(corrections=(replace(CHANGE, change={"cause": "sesam"}),)), seen=seen)
    with pytest.raises(MovedError):
        ledger.write(Changes(corrections=(replace(CHANGE, change={"cause": "unknown"}),)), seen=seen)
    assert [each.change for each in ledger.read().corrections] == [{"cause": "customer"}, {"cause": "sesam"}]


def test_news_are_whole_entries_and_windows_by_command(path: Path) -> None:
    ledger = filled(path)
    head = ledger.read().head
    assert ledger.news(head.number).log.services == frozenset()
    ledger.write(Changes(corrections=(replace(CHANGE, change={"solution": "waited"}),)))
    news = ledger.news(head.number)
    assert news.number == head.number + 1
    entry = news.log.entries["svc-1"]
    assert (entry.cause, entry.solution, entry.reported_by, entry.end) == ("customer", "waited", "alertmanager", START)


def test_a_closed_ledger_cannot_be_verified(path: Path) -> None:
    ledger = filled(path)
    ledger.close()
    with pytest.raises(LedgerError):
        ledger.verify()
