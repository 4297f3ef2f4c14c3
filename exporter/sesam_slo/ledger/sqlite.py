"""One SQLite file as the ledger's database: its connection, the guard that it is still the same file, the exclusive lock.

SQLite itself does not notice when its file is moved or deleted under it: it goes on writing into what nobody will ever
find again. So the file and its write-ahead log are compared with what was opened, before and after every transaction.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, literal, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .errors import LedgerError
from .migrations import MIGRATIONS, migrate, version
from .schema import LEDGER, metadata

APPLICATION_ID = 0x53534C4F  # "SSLO", in the header of the file
_BUSY_TIMEOUT_SECONDS = 1.0  # the writer comes again; waiting longer would only delay the news that it cannot write

_File = tuple[int, int]  # device, inode


def _file(path: Path) -> _File | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


class SqliteDatabase:
    """Transactions on one file, one at a time, from any thread.

    A database of another kind has the same public methods. Raises LedgerError, of every method, when it cannot be done.
    """

    insert = staticmethod(insert)  # the dialect's: the standard one knows no ON CONFLICT

    def __init__(self, path: Path, *, create: bool, exclusive: bool) -> None:
        # As it was found: SQLite names its other files by the target of a link, and the working directory may change.
        self.path = path.resolve()
        self._wal = self.path.with_name(self.path.name + "-wal")
        self._may_create = create
        self._exclusive = exclusive
        self._mutex = RLock()
        self._connection: Connection | None = None
        self._files: tuple[_File | None, _File | None] = (None, None)  # the database, its log
        self._identity: str | None = None
        self._lock_descriptor: int | None = None
        self._abandoned: list[Connection] = []
        self._closed = False
        with self._mutex, self._explained("cannot be opened"):
            try:
                self._open()
            except BaseException:
                self._unlock()
                raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable, in the file at the path, once the block is left; or, on an exception, undone."""
        with self._mutex, self._explained("cannot be written"):
            with self._session("BEGIN IMMEDIATE") as connection:
                yield connection
                may_create = self._may_create and not _has_content(connection)
            self._may_create = may_create
            if self._found() != self._files:
                raise LedgerError("was moved or replaced during a write; expected it where it was")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the whole ledger."""
        with self._mutex, self._explained("cannot be read"), self._session("BEGIN") as connection:
            yield connection

    def close(self) -> None:
        """Gives up the file and the lock; what was written is in it. Never raises."""
        with self._mutex:
            self._closed = True
            if self._connection is not None:
                self._disconnect()
            self._unlock()

    @contextmanager
    def _session(self, begin: str) -> Iterator[Connection]:
        connection = self._current()
        try:
            with self._transaction(connection, begin):
                yield connection
        except DBAPIError as error:
            # A lock or a full disk passes. Anything else may be the descriptor's (read-only, a stale handle of a network
            # file system), and only opening the file again shows that it is mended.
            if not _name(error.orig).startswith(("SQLITE_BUSY", "SQLITE_FULL")):
                self._disconnect()
            raise

    def _current(self) -> Connection:
        """The connection to the file at the path, opened again where another came in its place."""
        if self._closed:
            raise LedgerError("is closed")
        found = self._found()
        if self._connection is not None:
            if found == self._files:
                return self._connection
            if found[0] is None and not self._may_create:
                # Still connected: when it comes back as it was, its log is whole and nothing was given up.
                raise LedgerError(
                    "is gone; expected it back at its place, or a restart of the exporter to begin a new one"
                )
            self._disconnect()
        self._open()
        assert self._connection is not None
        return self._connection

    def _open(self) -> None:
        if self._exclusive:
            self._lock()
        self._prepare_file()
        engine = _engine(self.path)
        connection = engine.connect()
        try:
            self._recognize(connection)
            # Set on the file, once, and only now that it is known to be ours.
            mode = _pragma(connection, "journal_mode=WAL")
            if mode != "wal":
                raise LedgerError(
                    f"cannot use a write-ahead log (journal_mode is {mode}); expected a local file system"
                )
            with self._transaction(connection, "BEGIN"):
                outdated = version(connection) != len(MIGRATIONS)
            if outdated:  # otherwise nobody who only reads waits for a writer
                migrate(lambda: self._transaction(connection, "BEGIN IMMEDIATE"))
            with self._transaction(connection, "BEGIN"):
                identity = connection.execute(select(LEDGER.c.identity)).scalar_one()
                may_create = self._may_create and not _has_content(connection)
            if self._identity not in (None, identity) and not self._may_create:
                raise LedgerError("was replaced by another ledger; expected the one that was opened, or a restart")
        except BaseException:
            connection.close()
            raise
        self._connection, self._identity, self._files = connection, identity, self._found()
        self._may_create = may_create  # once it has content, an empty one must not take its place were it to vanish

    def _prepare_file(self) -> None:
        """The file to be opened: there, and writable, or made, empty, for its owner alone.

        SQLite would let others read it, and would open what it may not write: then the log that it makes beside it is not
        writable either, and stays so when the file's permissions have long been mended. Both are made with the file's mode.
        """
        directory = self.path.parent
        if not directory.is_dir():
            raise LedgerError(f"its directory {directory} does not exist; expected an existing one")
        if self.path.is_dir():
            raise LedgerError("is a directory; expected a file")
        if self._may_create:
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        elif not self.path.exists():
            raise LedgerError("does not exist; expected a ledger")
        if not all(os.access(each, os.W_OK, effective_ids=True) for each in (directory, self.path)):
            raise LedgerError(f"may not be written; expected write permission for it and for {directory}")

    def _recognize(self, connection: Connection) -> None:
        """Marks an empty database as ours; refuses another program's, and an empty one where a ledger is expected."""
        # Asked of SQLite, not read from the file: closing a second descriptor would drop this process's locks on it.
        if _pragma(connection, "application_id") == APPLICATION_ID:
            return
        with self._transaction(connection, "BEGIN IMMEDIATE"):
            application = _pragma(connection, "application_id")
            if application == APPLICATION_ID:
                return
            tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
            if application != 0 or tables != 0:
                raise LedgerError("is a database of another program; expected a ledger of sesam-slo")
            if not self._may_create:
                raise LedgerError("is empty; expected a ledger of sesam-slo")
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")

    def _disconnect(self) -> None:
        """Closes the connection so that the file it is on has all that was written, and no other file is harmed."""
        connection, self._connection = self._connection, None
        assert connection is not None
        database, log = self._found()
        if database not in (None, self._files[0]) and log not in (None, self._files[1]):
            # Another database with a log of its own stands there. SQLite deletes the log by its name when the last
            # connection is closed: keep this one until the process ends.
            self._abandoned.append(connection)
            return
        with suppress(DBAPIError, sqlite3.Error):
            _pragma(
                connection, "wal_checkpoint(PASSIVE)"
            )  # closing does so too, but not while another process is connected
        with suppress(DBAPIError, sqlite3.Error):
            connection.close()
        if database not in (None, self._files[0]) and _file(self._wal) == self._files[1]:
            # Another process is connected to the old file, so its log still lies there: SQLite would play it into the new.
            for left in (self._wal, self.path.with_name(self.path.name + "-shm")):
                left.unlink(missing_ok=True)

    def _found(self) -> tuple[_File | None, _File | None]:
        return (_file(self.path), _file(self._wal))

    def _lock(self) -> None:
        """Takes the lock file, which the kernel gives back however this process ends; the file itself stays."""
        path = self.path.with_name(self.path.name + ".lock")
        if self._lock_descriptor is not None:
            held = os.fstat(self._lock_descriptor)
            if _file(path) == (held.st_dev, held.st_ino):
                return
        if not path.parent.is_dir():
            return  # `_prepare_file` says so
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise LedgerError(f"is in use by another exporter, which holds {path}; expected one exporter") from None
            raise
        self._unlock()
        self._lock_descriptor = descriptor

    def _unlock(self) -> None:
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    @contextmanager
    def _transaction(self, connection: Connection, begin: str) -> Iterator[Connection]:
        with connection.begin():  # SQLAlchemy's; the driver itself begins nothing (`isolation_level=None`)
            connection.exec_driver_sql(begin)
            yield connection

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Every error as a LedgerError that begins with the path; of a database's error only its own short text."""
        try:
            yield
        except LedgerError as error:
            if type(error) is not LedgerError:
                raise  # it does not speak of this file
            raise LedgerError(f"ledger {self.path}: {error}") from error.__cause__
        except DBAPIError as error:
            raise LedgerError(f"ledger {self.path}: {what}: {_explanation(error.orig)}") from error
        except sqlite3.Error as error:
            raise LedgerError(f"ledger {self.path}: {what}: {_explanation(error)}") from error
        except OSError as error:
            raise LedgerError(f"ledger {self.path}: {what}: {error.strerror}") from error


def _name(error: BaseException | None) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


def _explanation(error: BaseException | None) -> str:
    if _name(error) == "SQLITE_NOTADB":
        return "it is not an SQLite database; expected a ledger of sesam-slo"
    return str(error)


def _pragma(connection: Connection, pragma: str) -> int | str:
    """The first value it answers. Asked of the driver: SQLAlchemy would begin a transaction around it."""
    driver: Any = connection.connection.dbapi_connection
    value: int | str = driver.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value


def _has_content(connection: Connection) -> bool:
    tables = (table for table in metadata.sorted_tables if table is not LEDGER)
    return any(connection.execute(select(literal(1)).select_from(table).limit(1)).first() for table in tables)


def _engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",  # never made by SQLite: see `_prepare_file`
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # one at a time: `SqliteDatabase` holds its mutex
        )

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _configure(driver: sqlite3.Connection, _record: object) -> None:
        # FULL: what the account says about money must survive a power cut once it is published. It costs one fsync for
        # each commit, and the writer commits at most a few times a second.
        driver.execute("PRAGMA synchronous=FULL")
        driver.execute("PRAGMA foreign_keys=ON")

    return engine
