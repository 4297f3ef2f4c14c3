"""Copies of a whole ledger: a file beside the running exporter, that file put back, everything into a database of another kind.

A copy is made under a name of its own, checked, and only then given its place, where nothing may stand: whatever goes wrong
leaves the target as it was. Every copy is the same ledger, by its identity and its chain of revisions.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Table, create_engine, delete, insert, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .errors import LedgerError
from .journal import verify
from .migrations import MIGRATIONS
from .schema import LEDGER, metadata
from .sqlite import APPLICATION_ID, SqliteDatabase
from .store import Database, Ledger, sqlite_path

_PAGES_AT_ONCE = 1024  # 4 MiB, between which an interrupt is heard
_ROWS_AT_ONCE = 1000
_BUSY_TIMEOUT_SECONDS = 5.0
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)  # what FAT and some network file systems answer

_EXISTS = "exists already and is not overwritten; expected nothing there"

Progress = Callable[[int, int, int], object]  # SQLite's status, pages left, pages in all


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied. `fault`: where its chain of revisions is broken; it is copied as it is, for it may be all there is."""

    identity: str
    rows: int
    fault: str | None = None


class CopyError(LedgerError):
    """Says of itself which of the two it is about, the original or the copy."""


@dataclass(frozen=True, slots=True)
class _File:
    """A database's file and what messages call it."""

    what: str
    path: Path

    def __str__(self) -> str:
        return f"{self.what} {self.path}"


def _unheard(_status: int, _left: int, _all: int) -> None:
    """Nobody asks how far it is. It is called all the same: between steps Python hears an interrupt."""


def backup(url: str, target: Path, progress: Progress = _unheard) -> Copied:
    """Copies the ledger at `url` into one new file, as it is at one instant; who writes it meanwhile is never held up.

    The schema's version stays, so that the program that wrote the ledger can still read the copy.

    Raises:
        LedgerError: there is no sound ledger, something stands at `target`, or it cannot be written.
    """
    return _copy_file(_File("ledger", sqlite_path(url).resolve()), _File("backup", target.absolute()), "rw", progress)


def restore(source: Path, url: str) -> Copied:
    """Puts a backup where the configuration expects the ledger. It is migrated when it is opened next.

    Raises:
        LedgerError: `source` is no sound ledger or a newer one, there is a ledger already, or an exporter runs on it.
    """
    target = _File("ledger", sqlite_path(url).resolve())
    with _explained(target, "cannot be written"):
        _refuse_occupied(target.path)
    with _no_exporter(target):
        return _copy_file(_File("backup", source.absolute()), target, "ro")


def copy(url: str, to: str) -> Copied:
    """Copies all that the ledger at `url` holds, in one state, into the empty one at `to`, of whatever kind.

    Raises:
        LedgerError: either cannot be opened, or the one at `to` holds something already or is in use by an exporter.
    """
    with (
        closing(_database(url, create=False, exclusive=False)) as source,
        closing(_database(to, create=True, exclusive=True)) as target,
    ):
        return copy_database(source, target)


def copy_database(source: Database, target: Database) -> Copied:
    """One transaction on each. Raises LedgerError; then the target is as it was."""
    with source.read() as reading, _attributed(), target.write() as writing:
        _refuse_content(writing)
        writing.execute(delete(LEDGER))  # the target's own row gives way: it becomes the same ledger
        rows = {table.name: _pour(reading, writing, table) for table in metadata.sorted_tables}
        identity = writing.execute(select(LEDGER.c.identity)).scalar_one()
    return Copied(identity, sum(rows.values()) - rows[LEDGER.name], Ledger(target).verify().fault)


def _database(url: str, *, create: bool, exclusive: bool) -> Database:
    return SqliteDatabase(sqlite_path(url), create=create, exclusive=exclusive)


@contextmanager
def _attributed() -> Iterator[None]:
    """The target's errors name it already; nothing further out is to name the original too."""
    try:
        yield
    except LedgerError as error:
        raise CopyError(str(error)) from error.__cause__


def _refuse_content(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        if table is not LEDGER and connection.execute(select(literal(1)).select_from(table).limit(1)).first():
            raise LedgerError(f"has {table.name} already; expected an empty ledger, or none")


def _pour(reading: Connection, writing: Connection, table: Table) -> int:
    rows = 0
    for batch in _batches(reading, table):
        writing.execute(insert(table), batch)
        rows += len(batch)
    return rows


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    try:
        found = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
        for batch in found.mappings().partitions():
            yield [dict(row) for row in batch]
    except DBAPIError as error:
        raise CopyError(f"ledger to be copied: its {table.name} cannot be read: {error.orig}") from error


def _copy_file(source: _File, target: _File, mode: str, progress: Progress = _unheard) -> Copied:
    """mode: "rw" for a ledger, whose write-ahead log SQLite then tidies away; "ro" for a backup, which stays untouched."""
    with _explained(target, "cannot be written"):
        _refuse_occupied(target.path)
        with _explained(source, "cannot be read"):
            if not source.path.is_file():
                raise LedgerError("does not exist; expected a ledger of sesam-slo")
        with TemporaryDirectory(prefix=f".{target.path.name}.", dir=target.path.parent) as directory:
            made = Path(directory) / "ledger.db"
            os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
            with _explained(source, "cannot be read"), closing(_connect(source.path, mode)) as reading:
                # One transaction for all steps. Without it SQLite begins anew with every write of the exporter's, for ever
                # where those come faster than the copy goes; with it they go on in the log and are not seen.
                reading.execute("BEGIN")
                identity, version = _recognized(reading)
                with _explained(target, "cannot be written"), closing(_connect(made)) as writing:
                    reading.backup(writing, pages=_PAGES_AT_ONCE, progress=progress)
            _make_one_file(made)
            with _explained(source, "is damaged"):  # pages are copied unread, so what is wrong here was wrong there
                rows, fault = _checked(made, version)
            _place(made, target.path)
    return Copied(identity, rows, fault)


def _recognized(connection: sqlite3.Connection) -> tuple[str, int]:
    """Identity and schema version of a ledger that this program can read."""
    if _first(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise LedgerError("is no ledger of sesam-slo; expected one")
    found = connection.execute("SELECT identity, schema_version FROM ledger").fetchall()
    if len(found) != 1:
        raise LedgerError(f"its table `ledger` has {len(found)} rows; expected one")
    identity, version = found[0]
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"its schema has version {version}; expected at most {len(MIGRATIONS)}, it was written by a newer sesam-slo"
        )
    return identity, version


def _make_one_file(path: Path) -> None:
    """Gives up the write-ahead log, which whoever carries the copy elsewhere would leave behind."""
    with closing(_connect(path)) as connection:
        mode = _first(connection, "PRAGMA journal_mode=DELETE")
    if mode != "delete":
        raise LedgerError(f"cannot be made one file (journal_mode is {mode})")


def _checked(path: Path, version: int) -> tuple[int, str | None]:
    """How many rows the copy has, and the fault of its chain. Raises LedgerError where it is damaged."""
    with closing(_connect(path, "ro")) as connection:
        found = str(_first(connection, "PRAGMA integrity_check(1)"))
        if found != "ok":
            raise LedgerError(f"is damaged: {' '.join(found.split())}")
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'ledger'"
        ).fetchall()
        rows = sum(_first(connection, f'SELECT count(*) FROM "{name}"') for (name,) in tables)  # noqa: S608 - its own names
    if version < len(MIGRATIONS):
        return rows, None  # the chain can be followed once it is migrated
    engine = create_engine("sqlite://", creator=lambda: _connect(path, "ro"), poolclass=NullPool)
    with engine.connect() as reading:
        return rows, verify(reading).fault


def _place(made: Path, target: Path) -> None:
    """Gives the copy its name, durably; never over anything that came there meanwhile."""
    _sync(made)
    try:
        try:
            os.link(made, target)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))  # ours from here on
            made.replace(target)
    except FileExistsError:
        raise LedgerError(_EXISTS) from None
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_occupied(path: Path) -> None:
    if not path.parent.is_dir():
        raise LedgerError(f"its directory {path.parent} does not exist; expected an existing one")
    if os.path.lexists(path):
        raise LedgerError(_EXISTS)
    for suffix in ("-wal", "-shm", "-journal"):  # SQLite would play what an earlier database left into the new one
        left = path.with_name(path.name + suffix)
        if os.path.lexists(left):
            raise LedgerError(f"{left.name} of an earlier one lies beside it; expected it moved away")


@contextmanager
def _no_exporter(target: _File) -> Iterator[None]:
    """Holds the exporter's lock on a ledger (`SqliteDatabase`): one may run on a file that was moved away under it."""
    lock = target.path.with_name(target.path.name + ".lock")
    with _explained(target, "cannot be locked"):
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LedgerError(f"is in use by an exporter, which holds {lock}; expected it stopped") from None
            yield
        finally:
            os.close(descriptor)


def _connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Never makes a file."""
    url = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(url, uri=True, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)


def _first(connection: sqlite3.Connection, statement: str) -> Any:
    return connection.execute(statement).fetchone()[0]


@contextmanager
def _explained(file: _File, what: str) -> Iterator[None]:
    """Every error as a LedgerError of one line that begins with the file it is about: the innermost one that is named."""
    try:
        yield
    except CopyError:
        raise
    except LedgerError as error:
        raise CopyError(f"{file}: {error}") from error.__cause__
    except DBAPIError as error:
        raise CopyError(f"{file}: {what}: {error.orig}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise CopyError(f"{file}: is not an SQLite database; expected a ledger of sesam-slo") from error
        raise CopyError(f"{file}: {what}: {error}") from error
    except OSError as error:
        raise CopyError(f"{file}: {what}: {error.strerror}") from error
