"""The store contract: facts are written in one transaction, once however often they come, and read back exactly."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Insert, Select, func, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sesam_slo.core.history import Changes, Recorded

from .errors import LedgerError
from .rows import KINDS, Kind, micros
from .schema import LEDGER
from .sqlite import SqliteDatabase

_EXPECTED = "expected sqlite:///path/to/file.db"


class Database(Protocol):
    """What a `Ledger` needs of a database; every method raises LedgerError when it cannot be done."""

    @property
    def insert(self) -> Callable[..., Any]:
        """The dialect's INSERT, with `on_conflict_do_update`."""

    def write(self) -> AbstractContextManager[Connection]: ...

    def read(self) -> AbstractContextManager[Connection]: ...

    def close(self) -> None: ...


class Ledger:
    """The facts of one installation. Safe to use from several threads.

    Its methods take turns: who reads at length beside a writer opens a ledger of their own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = [(kind, _statement(database.insert, kind)) for kind in KINDS]

    def write(self, changes: Changes) -> None:
        """Writes all of it in one transaction, or nothing. Writing the same again changes nothing.

        A run, a silence, a report or a policy stays as it was first written; an event, a membership's end and a window's
        withdrawal are as they were written last, so changes are written in their order.

        Raises:
            LedgerError: it cannot be written now. Where the fault came at the very end, it may have been written.
            UnstorableError: one of the facts can never be written.
        """
        work = [
            (statement, rows)
            for kind, statement in self._statements
            if (rows := kind.rows(getattr(changes, kind.field)))
        ]
        if not work:
            return
        with self._database.write() as connection:
            for statement, rows in work:
                connection.execute(statement, rows)

    def read(self, since: datetime | None = None) -> Recorded:
        """All facts, in one state; of runs and silences, where `since` is given, those that end after it.

        Runs and silences come by service, endpoint and start, events by start, reports by instant, policies and memberships
        by their begin.
        Raises LedgerError when it cannot be read or holds what this program does not write.
        """
        facts: dict[str, Any] = {}
        with self._database.read() as connection:
            for kind in KINDS:
                rows = connection.execute(_query(kind, since)).all()
                try:
                    facts[kind.field] = tuple(kind.facts(rows))
                except (ValueError, TypeError, OverflowError) as error:
                    raise LedgerError(f"one of its {kind.field} is not as sesam-slo writes them: {error}") from error
        checkpoints = {checkpoint.service: checkpoint for checkpoint in facts.pop("checkpoints")}
        return Recorded(**facts, checkpoints=checkpoints)

    def check(self) -> None:
        """Writes, durably, without changing anything. Raises LedgerError when it cannot."""
        with self._database.write() as connection:
            connection.execute(update(LEDGER).values(schema_version=LEDGER.c.schema_version))

    def close(self) -> None:
        """Never raises; a closed ledger refuses everything with LedgerError."""
        self._database.close()


def open_ledger(url: str, *, create: bool = True, exclusive: bool = False) -> Ledger:
    """Opens the ledger at `url`, `sqlite:///relative.db` or `sqlite:////absolute.db`, and migrates its schema.

    `create` makes it where there is none. `exclusive` is for the exporter: a second one is refused until this process ends.

    Raises:
        LedgerError: it cannot be opened, is no ledger, is a newer one, or is in use by another exporter.
    """
    return Ledger(SqliteDatabase(_sqlite_path(url), create=create, exclusive=exclusive))


def _sqlite_path(url: str) -> Path:
    """The messages show no more of the URL than its scheme: the rest may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerError(f"ledger: not a database URL, {_EXPECTED}") from None
    if parsed.get_backend_name() == "postgresql":
        raise LedgerError(f"ledger: postgresql is not supported yet, {_EXPECTED}")
    if parsed.drivername != "sqlite":
        raise LedgerError(f"ledger: unknown kind of database, {_EXPECTED}")
    if parsed.host or parsed.username or parsed.password or parsed.query:
        raise LedgerError(f"ledger: an SQLite URL holds a path and nothing else, {_EXPECTED}")
    if parsed.database in (None, "", ":memory:"):
        raise LedgerError(f"ledger: a database in memory keeps nothing, {_EXPECTED}")
    return Path(str(parsed.database))


def _statement(insert: Callable[..., Any], kind: Kind) -> Insert:
    table = kind.table
    statement: Any = insert(table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in kind.replaces}
    changed |= {name: func.coalesce(table.c[name], statement.excluded[name]) for name in kind.completes}
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=key)  # type: ignore[no-any-return]
    return statement.on_conflict_do_update(index_elements=key, set_=changed)  # type: ignore[no-any-return]


def _query(kind: Kind, since: datetime | None) -> Select[Any]:
    table = kind.table
    query = select(table).order_by(*(table.c[name] for name in kind.order))
    if since is not None and kind.field in ("runs", "silences"):
        query = query.where(table.c.end_us > micros(since))
        # Told, because SQLite would read the whole table in its order rather than sort the few rows that are wanted.
        query = query.with_hint(table, f"INDEXED BY {table.name}_by_end", "sqlite")
    return query
