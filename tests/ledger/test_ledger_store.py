"""The store's contract: exact round trips, each fact once, all or nothing, and clear refusals."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from ledger_values import START, all_numbered, changes, everything, numbered

from sesam_slo.core.history import (
    Changes,
    Checkpoint,
    Correction,
    Event,
    Membership,
    PolicyRecord,
    Report,
    Run,
    Silence,
)
from sesam_slo.core.instants import written
from sesam_slo.core.model import AnnouncedWindow
from sesam_slo.ledger import Ledger, LedgerError, UnstorableError, open_ledger

HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def refusal(of: str | Path, **options: Any) -> str:
    with pytest.raises(LedgerError) as raised:
        open_ledger(of if isinstance(of, str) else url(of), **options)
    return str(raised.value)


def assert_same_facts(found: Changes, expected: Changes) -> None:
    """Equal but for the order of what has no order."""
    for name in Changes.__slots__:
        left, right = getattr(found, name), getattr(expected, name)
        assert len(left) == len(right)
        assert [fact for fact in left if fact not in right] == [fact for fact in right if fact not in left] == []


# Round trips


@settings(max_examples=30, deadline=None)
@given(changes())
def test_every_fact_comes_back_as_it_was_written(facts: Changes) -> None:
    with TemporaryDirectory() as directory:
        ledger = open_ledger(url(Path(directory) / "ledger.db"))
        ledger.write(facts)
        ledger.close()
        ledger = open_ledger(url(Path(directory) / "ledger.db"))
        assert_same_facts(everything(ledger), facts)
        ledger.close()


@settings(max_examples=15, deadline=None)
@given(changes(), changes())
def test_writing_again_changes_nothing(first: Changes, second: Changes) -> None:
    with TemporaryDirectory() as directory:
        ledger = open_ledger(url(Path(directory) / "ledger.db"))
        ledger.write(first)
        ledger.write(second)
        once = ledger.read()
        ledger.write(second)
        assert ledger.read() == once
        ledger.close()


def test_an_instant_keeps_its_microseconds_whatever_its_offset(path: Path) -> None:
    ledger = open_ledger(url(path))
    oslo = timezone(timedelta(hours=1))
    start = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=oslo)
    ledger.write(Changes(silences=(Silence("datahub-prod", "api", start, start + timedelta(microseconds=1)),)))
    (silence,) = ledger.read().silences
    assert (silence.start, silence.end) == (start, start + timedelta(microseconds=1))
    assert silence.start.tzinfo is UTC


def test_runs_and_silences_come_by_service_endpoint_and_start_and_events_by_start(path: Path) -> None:
    ledger = open_ledger(url(path))
    later, earlier = START + HOUR, START
    runs = [Run(service, "api", start, start + HOUR, MINUTES) for service in "ba" for start in (later, earlier)]
    events = [Event(id, "a", start, None, start, ("api",)) for id, start in (("1", later), ("2", earlier))]
    ledger.write(Changes(runs=tuple(runs), events=tuple(events)))
    recorded = ledger.read()
    assert [(run.service, run.start) for run in recorded.runs] == [
        ("a", earlier),
        ("a", later),
        ("b", earlier),
        ("b", later),
    ]
    assert [event.id for event in recorded.events] == ["2", "1"]


def test_since_leaves_out_what_ended_by_then_and_nothing_else(path: Path) -> None:
    ledger = open_ledger(url(path))
    old, new = (START, START + HOUR), (START + 2 * HOUR, START + 3 * HOUR)
    events = [
        Event(id, "a", start, end, START, ("api",))
        for id, start, end in (("old", *old), ("new", *new), ("now", START, None))
    ]
    reports = tuple(Report(event.id, START, "alertmanager") for event in events)
    moved = Event("moved", "a", *old, START, ("api",))
    corrections = tuple(Correction(event.id, START, "kari", "", {"cause": "customer"}) for event in events)
    later = Correction("moved", START, "kari", "", {"end": written(new[1])})
    ledger.write(
        Changes(
            runs=tuple(Run("a", "api", *each, MINUTES) for each in (old, new)),
            silences=tuple(Silence("a", "api", *each) for each in (old, new)),
            events=(*events, moved),
            reports=reports,
            corrections=(*corrections, later),
            policies=(PolicyRecord(START, {"objective": 99.5}),),
            memberships=(Membership("a", "", START, START + HOUR),),
        )
    )
    recorded = ledger.read(since=START + HOUR)
    assert recorded.runs == (Run("a", "api", *new, MINUTES),)
    assert recorded.silences == (Silence("a", "api", *new),)
    assert {event.id for event in recorded.events} == {"new", "now", "moved"}
    assert {report.event for report in recorded.reports} == {"new", "now"}
    assert [correction.event for correction in recorded.corrections] == ["new", "now", "moved"]
    assert len(recorded.policies) == len(recorded.memberships) == 1
    assert len(ledger.read(since=START + HOUR - timedelta(microseconds=1)).runs) == 2


# What comes again


def test_an_event_a_membership_and_a_checkpoint_are_as_they_were_written_last(path: Path) -> None:
    ledger = open_ledger(url(path))
    event = Event("1", "a", START, None, START + MINUTES, ("api",))
    grown = replace(event, end=START + HOUR, endpoints=("api", "ui"), merged_into="0")
    membership = Membership("a", "api", START)
    ledger.write(Changes(events=(event,), memberships=(membership,), checkpoints=(Checkpoint("a", START, {"n": 1}),)))
    ledger.write(
        Changes(
            events=(grown,),
            memberships=(replace(membership, until=START + HOUR),),
            checkpoints=(Checkpoint("a", START + HOUR, {"n": 2}),),
        )
    )
    recorded = ledger.read()
    assert recorded.events == (grown,)
    assert recorded.memberships == (replace(membership, until=START + HOUR),)
    assert recorded.checkpoints == {"a": Checkpoint("a", START + HOUR, {"n": 2})}


def test_a_run_a_silence_and_a_policy_stay_as_they_were_written_first(path: Path) -> None:
    ledger = open_ledger(url(path))
    run, silence = Run("a", "api", START, START + HOUR, MINUTES), Silence("a", "api", START, START + HOUR)
    policy = PolicyRecord(START, {"objective": 99.5})
    ledger.write(Changes(runs=(run,), silences=(silence,), policies=(policy,)))
    ledger.write(
        Changes(
            runs=(replace(run, end=START),),
            silences=(replace(silence, end=START),),
            policies=(replace(policy, document={}),),
        )
    )
    recorded = ledger.read()
    assert (recorded.runs, recorded.silences, recorded.policies) == ((run,), (silence,), (policy,))


def test_the_first_report_of_an_event_stays(path: Path) -> None:
    ledger = open_ledger(url(path))
    first, other = Report("1", START + HOUR, "alertmanager"), Report("2", START, "alertmanager")
    again = replace(first, at=START, by="somebody")
    ledger.write(Changes(reports=(first, again, other)))
    ledger.write(Changes(reports=(again,)))
    assert ledger.read().reports == (other, first)


def test_a_window_written_again_is_the_same_piece_withdrawn(path: Path) -> None:
    ledger = open_ledger(url(path))
    window = AnnouncedWindow("upgrade", START + HOUR, START + 2 * HOUR, START, None, recorded_at=START + MINUTES)
    ledger.write(Changes(windows=(window,)))
    withdrawn = replace(window, withdrawn_at=START + HOUR)
    ledger.write(Changes(windows=(withdrawn,)))
    assert ledger.read().windows == (withdrawn,)
    for other in (replace(window, services=frozenset({"a"})), replace(window, recorded_at=START + HOUR)):
        ledger.write(Changes(windows=(other,)))
    assert len(ledger.read().windows) == 3


# All or nothing


def test_a_fact_that_cannot_be_stored_leaves_nothing_of_its_transaction(path: Path) -> None:
    ledger = open_ledger(url(path))
    naive = Event("1", "a", datetime(2026, 1, 1), None, START, ("api",))
    with pytest.raises(UnstorableError) as raised:
        ledger.write(replace(numbered(0), events=(naive,)))
    assert str(raised.value) == "ledger: one of the events cannot be stored: TypeError"
    assert raised.value.fact is naive
    assert everything(ledger) == Changes()


@pytest.mark.parametrize(
    "unstorable",
    [
        Changes(policies=(PolicyRecord(START, {"ratio": float("nan")}),)),
        Changes(checkpoints=(Checkpoint("a", START, {"a set": {1}}),)),
        Changes(windows=(AnnouncedWindow("half a \ud83d", START, START + HOUR, START),)),
        Changes(runs=(Run("a", "api", START, START + HOUR, timedelta.max),)),
    ],
    ids=["not a number", "not JSON", "a lone surrogate", "a duration beyond 64 bits"],
)
def test_what_no_database_can_store_is_told_from_what_cannot_be_written_now(path: Path, unstorable: Changes) -> None:
    with pytest.raises(UnstorableError):
        open_ledger(url(path)).write(unstorable)


def test_a_fault_in_the_middle_of_a_transaction_leaves_nothing_of_it(path: Path) -> None:
    ledger = open_ledger(url(path))
    ledger.write(numbered(0))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TRIGGER fault BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'fault'); END")
    with pytest.raises(LedgerError) as raised:
        ledger.write(numbered(1))
    assert str(raised.value) == f"ledger {path}: cannot be written: fault"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER fault")
    assert everything(ledger) == numbered(0)
    ledger.write(numbered(1))
    assert everything(ledger) == all_numbered(1)


# Opening


def test_a_new_ledger_is_its_owners_alone_and_durable_at_every_commit(path: Path) -> None:
    ledger = open_ledger(url(path), exclusive=True)
    ledger.write(numbered(0))
    files = sorted(each.name for each in path.parent.iterdir())
    assert files == ["ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.db.lock"]
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with ledger._database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_relative_path_stays_where_it_was_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    ledger = open_ledger("sqlite:///odd ?name#%41.db".replace("?", "%3F"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    ledger.write(numbered(0))
    ledger.close()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("postgresql+psycopg://user:hunter2@host/db", "ledger: postgresql is not supported yet, expected "),
        ("mysql://user:hunter2@host/db", "ledger: unknown kind of database, expected "),
        ("hunter2", "ledger: not a database URL, expected "),
        ("sqlite://user:hunter2@host/db", "ledger: an SQLite URL holds a path and nothing else, expected "),
        ("sqlite:///ledger.db?mode=hunter2", "ledger: an SQLite URL holds a path and nothing else, expected "),
        ("sqlite://", "ledger: a database in memory keeps nothing, expected "),
        ("sqlite:///:memory:", "ledger: a database in memory keeps nothing, expected "),
    ],
)
def test_a_bad_url_is_refused_without_showing_it(bad: str, message: str) -> None:
    assert refusal(bad) == message + "sqlite:///path/to/file.db"


def test_a_missing_directory_is_named(path: Path) -> None:
    missing = path.parent / "missing"
    assert refusal(missing / "ledger.db", exclusive=True) == (
        f"ledger {missing}/ledger.db: its directory {missing} does not exist; expected an existing one"
    )


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"ledger {tmp_path}: is a directory; expected a file"


def test_nothing_is_made_where_a_ledger_is_expected(path: Path) -> None:
    assert refusal(path, create=False) == f"ledger {path}: does not exist; expected a ledger"
    assert not path.exists()
    path.touch()
    assert refusal(path, create=False) == f"ledger {path}: is empty; expected a ledger of sesam-slo"


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_text("customers: one, two, three\n" * 100)
    before = path.read_bytes()
    assert refusal(path) == (
        f"ledger {path}: cannot be opened: it is not an SQLite database; expected a ledger of sesam-slo"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("mark", ["CREATE TABLE t (x)", "PRAGMA application_id=7", "CREATE TABLE ledger (identity, n)"])
def test_another_programs_database_is_refused_and_left_as_it_is(path: Path, mark: str) -> None:
    other = sqlite3.connect(path)
    other.execute(mark)
    other.commit()
    other.close()
    before = path.read_bytes()
    assert refusal(path) == f"ledger {path}: is a database of another program; expected a ledger of sesam-slo"
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(path: Path) -> None:
    open_ledger(url(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE ledger SET schema_version = 99")
    assert refusal(path) == (
        f"ledger {path}: its schema has version 99; expected at most 2, it was written by a newer sesam-slo"
    )


def test_a_row_that_sesam_slo_does_not_write_is_named(path: Path) -> None:
    ledger = open_ledger(url(path))
    ledger.write(Changes(windows=(AnnouncedWindow("upgrade", START, START + HOUR, START),)))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE windows SET origin = 'gremlins'")
    with pytest.raises(LedgerError) as raised:
        ledger.read()
    assert str(raised.value) == (
        f"ledger {path}: one of its windows is not as sesam-slo writes them: 'gremlins' is not a valid Origin"
    )


def test_a_second_exporter_is_refused_until_the_first_gives_up_the_ledger(path: Path) -> None:
    first = open_ledger(url(path), exclusive=True)
    link = path.with_name("link.db")
    link.symlink_to(path)
    for same in (path, link):
        assert refusal(same, exclusive=True) == (
            f"ledger {path}: is in use by another exporter, which holds {path}.lock; expected one exporter"
        )
    reader = open_ledger(url(path))  # a command beside the exporter
    assert everything(reader) == Changes()
    first.close()
    open_ledger(url(path), exclusive=True).close()


def test_a_refused_opening_keeps_no_lock(path: Path) -> None:
    path.write_text("no database" * 1000)
    refusal(path, exclusive=True)
    path.unlink()
    open_ledger(url(path), exclusive=True).close()


def test_one_who_only_reads_does_not_wait_for_a_writer(path: Path) -> None:
    writer = open_ledger(url(path))
    writer.write(numbered(0))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert everything(open_ledger(url(path))) == numbered(0)
    other.close()


# Checking, closing


def test_check_tells_whether_the_ledger_can_be_written(path: Path) -> None:
    ledger = open_ledger(url(path))
    ledger.write(numbered(0))
    ledger.check()
    assert everything(ledger) == numbered(0)
    os.rename(path, path.with_name("moved"))
    with pytest.raises(LedgerError) as raised:
        ledger.check()
    assert str(raised.value) == (
        f"ledger {path}: is gone; expected it back at its place, or a restart of the exporter to begin a new one"
    )


def test_a_closed_ledger_refuses_and_may_be_closed_again(path: Path) -> None:
    ledger = open_ledger(url(path))
    ledger.close()
    ledger.close()
    for attempt in (ledger.read, ledger.check, lambda: ledger.write(numbered(0))):
        with pytest.raises(LedgerError) as raised:
            attempt()
        assert str(raised.value) == f"ledger {path}: is closed"


# The file under the open ledger


def _opened_with_content(path: Path) -> Ledger:
    ledger = open_ledger(url(path), exclusive=True)
    ledger.write(numbered(0))
    return ledger


def test_a_vanished_ledger_is_not_replaced_by_an_empty_one(path: Path) -> None:
    ledger = _opened_with_content(path)
    for each in path.parent.iterdir():
        each.unlink()
    with pytest.raises(LedgerError):
        ledger.write(numbered(1))
    assert list(path.parent.iterdir()) == []
    path.touch()
    with pytest.raises(LedgerError) as raised:
        ledger.write(numbered(1))
    assert str(raised.value) == f"ledger {path}: is empty; expected a ledger of sesam-slo"


def test_a_vanished_ledger_that_never_had_content_is_made_again(path: Path) -> None:
    ledger = open_ledger(url(path), exclusive=True)
    ledger.check()
    for each in path.parent.iterdir():
        each.unlink()
    ledger.write(numbered(0))
    assert everything(open_ledger(url(path))) == numbered(0)


@pytest.mark.parametrize("another_is_connected", [False, True])
def test_a_restored_copy_is_taken_up_without_what_was_written_after_it(path: Path, another_is_connected: bool) -> None:
    ledger = _opened_with_content(path)
    copy = path.with_name("copy")
    other = sqlite3.connect(path)
    other.execute("VACUUM INTO ?", (str(copy),))
    if not another_is_connected:
        other.close()
    ledger.write(numbered(1))
    os.rename(copy, path)  # the old file's log still lies there: nothing of it may come into the copy
    ledger.write(numbered(2))
    assert everything(ledger) == numbered(0).then(numbered(2))
    other.close()
    ledger.close()
    with closing(sqlite3.connect(path)) as restored:
        assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert restored.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_a_copy_restored_with_a_log_of_its_own_keeps_that_log(path: Path) -> None:
    ledger = _opened_with_content(path)
    files = {name: (path.parent / name).read_bytes() for name in ("ledger.db", "ledger.db-wal")}
    ledger.write(numbered(1))
    for name in (*files, "ledger.db-shm"):
        (path.parent / name).unlink()
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    ledger.write(numbered(2))
    assert everything(ledger) == numbered(0).then(numbered(2))


def test_another_ledger_in_its_place_is_refused(path: Path) -> None:
    ledger = _opened_with_content(path)
    other = path.with_name("other.db")
    open_ledger(url(other)).close()
    for each in (path, path.with_name("ledger.db-wal"), path.with_name("ledger.db-shm")):
        each.unlink()
    os.rename(other, path)
    with pytest.raises(LedgerError) as raised:
        ledger.write(numbered(1))
    assert str(raised.value) == (
        f"ledger {path}: was replaced by another ledger; expected the one that was opened, or a restart"
    )


def test_a_log_that_was_deleted_under_the_ledger_loses_nothing(path: Path) -> None:
    ledger = _opened_with_content(path)
    path.with_name("ledger.db-wal").unlink()
    ledger.write(numbered(1))
    assert everything(open_ledger(url(path))) == all_numbered(1)
