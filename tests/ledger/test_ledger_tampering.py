"""Whatever is altered, removed, slipped in or swapped in a ledger, `verify` names the first revision that is not as it was.

`SESAM_SLO_EXAMPLES=5000` tries that many alterations of each sort, new ones every time.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_values import START

from sesam_slo.core.history import (
    CaseChange,
    Changes,
    Correction,
    Event,
    Frozen,
    Membership,
    PolicyRecord,
    Report,
)
from sesam_slo.core.model import AnnouncedWindow, Origin, Policy
from sesam_slo.core.policy_document import policy_document
from sesam_slo.ledger import open_ledger
from sesam_slo.ledger.journal import Verdict

DEEP = os.environ.get("SESAM_SLO_EXAMPLES")
HOUR = timedelta(hours=1)
TEXTS = ("kind", "subject", "author", "reason", "change", "hash")
NUMBERS = ("at_us", "until_us")
FACTS = ("policies", "memberships", "windows", "events", "reports", "frozen")  # the tables that the chain speaks of


def examples(number: int) -> Any:
    return settings(
        max_examples=int(DEEP) if DEEP else number,
        derandomize=DEEP is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def history() -> Iterator[tuple[Changes, str, str]]:
    """What happened, with who wrote it and why: something of every kind that is in the chain, some of it more than once."""
    event = Event("svc-1", "svc", START, None, START + HOUR, ("api",), ("timeout",))
    window = AnnouncedWindow("upgrade", START + HOUR, START + 2 * HOUR, START, origin=Origin.COMMAND, author="kari")
    since = Membership("svc", "", START)
    yield Changes(policies=(PolicyRecord(START, policy_document(Policy())),), memberships=(since,)), "sesam-slo", ""
    yield Changes(windows=(replace(window, recorded_at=START, channel="mail", ticket="OPS-1"),)), "kari", "told them"
    yield Changes(events=(event,), reports=(Report("svc-1", START + HOUR, "alertmanager"),)), "sesam-slo", ""
    said = {"cause": "customer", "solution": "Brannmuren åpnet 🔥", "end": "2026-06-10T12:00:00Z"}
    yield Changes(corrections=(Correction("svc-1", START + HOUR, "kari", "they rang", said),)), "kari", "they rang"
    yield Changes(cases=(CaseChange("case-1", START, "ola", "", {"level": "A"}),)), "ola", ""
    yield Changes(events=(replace(event, end=START + 2 * HOUR),)), "sesam-slo", ""
    yield Changes(windows=(replace(window, recorded_at=START, withdrawn_at=START + HOUR),)), "kari", "not needed"
    yield Changes(corrections=(Correction("svc-1", START + 3 * HOUR, "ola", "", {"cause": "sesam"}),)), "ola", ""
    yield Changes(frozen=(Frozen("2026-06", START + 4 * HOUR, "ola", {"availability": 0.998}),)), "ola", "report"
    yield Changes(memberships=(replace(since, until=START + 5 * HOUR),)), "sesam-slo", ""


@dataclass(frozen=True)
class Whole:
    """A ledger as it was written, that nobody touches: each test alters a copy."""

    path: Path
    verdict: Verdict

    @contextmanager
    def copy(self) -> Iterator[Copy]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.db"
            shutil.copyfile(self.path, path)
            yield Copy(path)


@dataclass(frozen=True)
class Copy:
    path: Path

    def ask(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            return other.execute(statement, values).fetchall()

    def alter(self, *statements: str, values: tuple[Any, ...] = ()) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            for statement in statements:
                other.execute(statement, values)

    def verify(self) -> Verdict:
        ledger = open_ledger(f"sqlite:///{self.path}", create=False)
        try:
            return ledger.verify()
        finally:
            ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("whole") / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    for changes, author, reason in history():
        ledger.write(changes, author=author, reason=reason)
    verdict = ledger.verify()
    assert verdict.fault is None
    assert verdict.revisions >= 12
    ledger.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Whole(path, verdict)


def test_the_chain_has_something_of_every_kind(whole: Whole) -> None:
    with whole.copy() as copy:
        assert {kind for (kind,) in copy.ask("SELECT kind FROM revisions")} == {*FACTS, "corrections", "cases"}


@pytest.mark.contract("log")
@examples(100)
@given(data=st.data())
def test_any_single_byte_of_any_text_of_any_revision(whole: Whole, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, whole.verdict.revisions), "revision")
    column = data.draw(st.sampled_from(TEXTS), "column")
    with whole.copy() as copy:
        ((stored,),) = copy.ask(f"SELECT CAST({column} AS BLOB) FROM revisions WHERE number = ?", number)
        if not stored:  # no byte to alter: one is added
            altered = bytes([data.draw(st.integers(0, 255), "byte")])
        else:
            at = data.draw(st.integers(0, len(stored) - 1), "position")
            byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != stored[at]), "byte")
            altered = bytes([*stored[:at], byte, *stored[at + 1 :]])
        copy.alter(f"UPDATE revisions SET {column} = CAST(? AS TEXT) WHERE number = {number}", values=(altered,))
        verdict = copy.verify()
        assert (verdict.fault, verdict.number) == (f"revision {number} was altered", number)


@pytest.mark.contract("log")
@examples(40)
@given(data=st.data())
def test_any_bit_of_any_number_of_any_revision(whole: Whole, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, whole.verdict.revisions), "revision")
    column = data.draw(st.sampled_from(NUMBERS), "column")
    bit = data.draw(st.integers(0, 62), "bit")
    with whole.copy() as copy:
        ((stored,),) = copy.ask(f"SELECT {column} FROM revisions WHERE number = ?", number)
        altered = 1 << bit if stored is None else stored ^ (1 << bit)
        copy.alter(f"UPDATE revisions SET {column} = ? WHERE number = {number}", values=(altered,))
        verdict = copy.verify()
        assert (verdict.fault, verdict.number) == (f"revision {number} was altered", number)


@pytest.mark.contract("log")
@examples(25)
@given(data=st.data())
def test_any_value_of_another_type(whole: Whole, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, whole.verdict.revisions), "revision")
    column = data.draw(st.sampled_from((*TEXTS, *NUMBERS)), "column")
    value = data.draw(st.one_of(st.binary(max_size=8), st.text("ab\x00{}", max_size=3), st.floats(), st.integers(0, 9)))
    with whole.copy() as copy:
        ((before,),) = copy.ask(f"SELECT {column} FROM revisions WHERE number = ?", number)
        copy.alter(f"UPDATE OR IGNORE revisions SET {column} = ? WHERE number = {number}", values=(value,))
        ((after,),) = copy.ask(f"SELECT {column} FROM revisions WHERE number = ?", number)
        verdict = copy.verify()
        if (type(after), after) == (type(before), before):
            assert verdict.fault is None
        else:
            assert (verdict.fault, verdict.number) == (f"revision {number} was altered", number)


@pytest.mark.contract("log")
@examples(25)
@given(data=st.data())
def test_any_revisions_removed(whole: Whole, data: st.DataObject) -> None:
    numbers = data.draw(st.sets(st.integers(1, whole.verdict.revisions), min_size=1), "revisions")
    with whole.copy() as copy:
        copy.alter(f"DELETE FROM revisions WHERE number IN ({','.join(map(str, numbers))})")
        verdict = copy.verify()
        assert (verdict.fault, verdict.number) == (f"revision {min(numbers)} is missing", min(numbers))


@pytest.mark.contract("log")
@examples(25)
@given(data=st.data())
def test_a_revision_removed_and_the_later_ones_moved_up(whole: Whole, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, whole.verdict.revisions - 1), "revision")
    with whole.copy() as copy:
        copy.alter(f"DELETE FROM revisions WHERE number = {number}")
        for later in range(number + 1, whole.verdict.revisions + 1):
            copy.alter(f"UPDATE revisions SET number = {later - 1} WHERE number = {later}")
        assert copy.verify().number == number


@pytest.mark.contract("log")
@examples(25)
@given(data=st.data())
def test_a_copy_of_a_revision_slipped_in_anywhere(whole: Whole, data: st.DataObject) -> None:
    last = whole.verdict.revisions
    number = data.draw(st.integers(1, last), "revision")
    place = data.draw(st.integers(1, last + 1), "place")
    columns = "kind, subject, at_us, author, reason, change, until_us, hash"
    with whole.copy() as copy:
        row = copy.ask(f"SELECT {columns} FROM revisions WHERE number = ?", number)[0]
        for later in range(last, place - 1, -1):
            copy.alter(f"UPDATE revisions SET number = {later + 1} WHERE number = {later}")
        copy.alter(f"INSERT INTO revisions (number, {columns}) VALUES ({place}, ?, ?, ?, ?, ?, ?, ?, ?)", values=row)
        # Where it stands beside itself, the first of the two is as it was.
        assert copy.verify().number == (place + 1 if place == number else place)


@pytest.mark.contract("log")
@examples(25)
@given(data=st.data())
def test_any_two_revisions_swapped(whole: Whole, data: st.DataObject) -> None:
    numbers = st.integers(1, whole.verdict.revisions)
    one, two = sorted(data.draw(st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1]), "revisions"))
    with whole.copy() as copy:
        copy.alter(
            f"UPDATE revisions SET number = -1 WHERE number = {one}",
            f"UPDATE revisions SET number = {one} WHERE number = {two}",
            f"UPDATE revisions SET number = {two} WHERE number = -1",
        )
        verdict = copy.verify()
        assert (verdict.fault, verdict.number) == (f"revision {one} was altered", one)


@pytest.mark.contract("log")
@examples(25)
@given(data=st.data())
def test_an_altered_head(whole: Whole, data: st.DataObject) -> None:
    head = whole.verdict.head
    with whole.copy() as copy:
        if data.draw(st.booleans(), "number"):
            number = data.draw(st.integers(0, 2 * head.number).filter(lambda number: number != head.number))
            copy.alter(f"UPDATE ledger SET head_number = {number}")
            assert copy.verify().number == min(number, head.number) + 1
        else:
            at = data.draw(st.integers(0, len(head.hash) - 1), "position")
            digit = data.draw(st.sampled_from("0123456789abcdef").filter(lambda digit: digit != head.hash[at]))
            copy.alter(f"UPDATE ledger SET head_hash = '{head.hash[:at]}{digit}{head.hash[at + 1 :]}'")
            assert copy.verify().fault == "the noted head was altered"


@pytest.mark.contract("log")
@examples(60)
@given(data=st.data())
def test_any_column_of_any_fact_altered_beside_the_chain(whole: Whole, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(FACTS), "table")
    with whole.copy() as copy:
        columns = [name for _, name, *_ in copy.ask(f"PRAGMA table_info({table})")]
        row = dict(zip(columns, data.draw(st.sampled_from(copy.ask(f"SELECT * FROM {table}")), "row"), strict=True))
        column = data.draw(st.sampled_from(columns), "column")
        stored = row[column]
        altered = 7 if stored is None else stored + 1 if isinstance(stored, int) else f"{stored} "
        of_row = " AND ".join(f"{name} IS ?" for name in columns)
        copy.alter(f"UPDATE {table} SET {column} = ? WHERE {of_row}", values=(altered, *row.values()))
        assert str(copy.verify().fault).startswith(f"{table} ")


@pytest.mark.contract("log")
@pytest.mark.parametrize("table", FACTS)
def test_a_fact_removed_beside_the_chain(whole: Whole, table: str) -> None:
    with whole.copy() as copy:
        copy.alter(f"DELETE FROM {table}")
        fault = str(copy.verify().fault)
        assert fault.startswith(f"{table} ")
        assert fault.endswith("is not in its table any more")


@examples(60)
@given(data=st.data())
def test_any_byte_of_the_file_that_holds_a_revision(whole: Whole, data: st.DataObject) -> None:
    """Past SQLite: in the pages where the texts of a revision lie."""
    content = whole.path.read_bytes()
    with whole.copy() as copy:
        # The policy's text is longer than a page and lies in several; the tests above alter it through SQLite.
        found = copy.ask("SELECT number FROM revisions WHERE kind != 'policies' ORDER BY number")
        number = data.draw(st.sampled_from([number for (number,) in found]), "revision")
        column = data.draw(st.sampled_from(["author", "change", "hash"]), "column")
        ((*texts, until, hash, stored),) = copy.ask(
            "SELECT author, reason, change, until_us, hash, " + column + " FROM revisions WHERE number = ?", number
        )
        # As SQLite lays a row's columns out: one after the other, numbers in as few bytes as hold them, nothing for none.
        record = "".join(texts).encode() + _number(until) + hash.encode()
        assert content.count(record) == 1
        place = content.index(record) + record.rindex(stored.encode())
        at = place + data.draw(st.integers(0, len(stored.encode()) - 1), "position")
        byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]), "byte")
        copy.path.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
        verdict = copy.verify()
        assert verdict.fault is not None


def _number(value: int | None) -> bytes:
    if value is None:
        return b""
    return value.to_bytes(next(size for size in (1, 2, 3, 4, 6, 8) if value < 1 << (8 * size - 1)), "big")
