"""The store contract: facts are written in one transaction, once however often they come, and read back exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Insert, delete, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sesam_slo.core.entry import Log
from sesam_slo.core.history import CaseChange, Changes, Evidence, Frozen, Head, Recorded
from sesam_slo.core.instants import micros
from sesam_slo.core.model import AnnouncedWindow, Origin

from . import schema
from .errors import LedgerError, MovedError
from .journal import CASES, CORRECTIONS, EXPORTER, Journal, Revision, Verdict, read_head, revisions, verify
from .queries import (
    Scope,
    cases,
    corrections_in,
    decoded,
    decoded_cases,
    facts_of,
    ids_that_begin,
    log_of,
    query_of,
)
from .rows import KIND_OF, KINDS, Kind
from .schema import LEDGER, REVISIONS
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


@dataclass(frozen=True, slots=True)
class News:
    """What people wrote, through the command line or over HTTP, up to the revision `number`."""

    number: int
    log: Log = field(default_factory=Log)  # all of the entries that were corrected
    windows: tuple[AnnouncedWindow, ...] = ()
    cases: tuple[CaseChange, ...] = ()


class Ledger:
    """The facts of one installation. Safe to use from several threads.

    Its methods take turns: who reads at length beside a writer opens a ledger of their own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = [(kind, _statement(database.insert, kind)) for kind in KINDS]

    def write(self, changes: Changes, *, author: str = EXPORTER, reason: str = "", seen: Head | None = None) -> None:
        """Writes all of it in one transaction, or nothing. Writing the same again changes nothing.

        A run, a silence, a report or a policy stays as it was first written; an event, a membership's end and a window's
        withdrawal are as they were written last, so changes are written in their order. What decides figures goes into the
        chain of revisions with its author and reason; a correction is written each time.

        seen: the head on which the changes were decided; left out, they hold whatever was written since.

        Raises:
            LedgerError: it cannot be written now. Where the fault came at the very end, it may have been written.
            MovedError: the chain has grown since `seen`; nothing was written.
            UnstorableError: one of the facts can never be written.
        """
        work = [
            (kind, statement, rows)
            for kind, statement in self._statements
            if (rows := kind.rows(getattr(changes, kind.field)))
        ]
        said = changes.corrections or changes.cases
        if not work and not said:
            return
        with self._database.write() as connection:
            journal = None
            if said or any(kind.chained for kind, _, _ in work):
                journal = Journal(connection)
                if seen is not None and journal.head != seen:
                    raise MovedError("was changed by somebody else at the same time; expected it as it was read")
            now = datetime.now(UTC)
            for kind, statement, rows in work:
                if journal is not None and kind.chained:
                    journal.facts(kind, rows, author, reason, now)
                connection.execute(statement, rows)
            if journal is not None:
                journal.said(changes)
                journal.flush()

    def read(self, since: datetime | None = None, services: Collection[str] | None = None) -> Recorded:
        """All facts, in one state; where `since` is given, of runs, silences and events those that end after it.

        With an event come its report and its corrections. `services`: only what concerns some of them. Runs and silences come
        by service, endpoint and start, events by start, reports by instant, corrections in their order, policies and
        memberships by their begin. Evidence and frozen months are read by themselves.
        Raises LedgerError when it cannot be read or holds what this program does not write.
        """
        scope = Scope(since, services)
        with self._database.read() as connection:
            facts = {kind.field: facts_of(connection, kind, scope) for kind in KINDS if kind.read_at_start}
            facts |= {"corrections": corrections_in(connection, scope), "cases": cases(connection)}
            head = read_head(connection)
        checkpoints = {checkpoint.service: checkpoint for checkpoint in facts.pop("checkpoints")}
        return Recorded(**facts, checkpoints=checkpoints, head=head)

    def news(self, after: int) -> News:
        """What people wrote since the revision of that number."""
        wanted = (CORRECTIONS, CASES, "windows")
        query = select(REVISIONS).where(REVISIONS.c.number > after, REVISIONS.c.kind.in_(wanted))
        with self._database.read() as connection:
            head = read_head(connection)
            if head.number == after:
                return News(head.number)
            found = connection.execute(query.order_by(REVISIONS.c.number)).all()
            log = log_of(connection, sorted({row.subject for row in found if row.kind == CORRECTIONS}))
        said = decoded_cases(
            (row.subject, row.at_us, row.author, row.reason, row.change) for row in found if row.kind == CASES
        )
        windows = KIND_OF["windows"]
        order = [column.name for column in windows.table.columns]
        rows = [json.loads(row.change) for row in found if row.kind == "windows"]
        pieces = decoded(windows, [[row[name] for name in order] for row in rows])
        return News(head.number, log, tuple(each for each in pieces if each.origin is Origin.COMMAND), said)

    def head(self) -> Head:
        """The newest revision."""
        with self._database.read() as connection:
            return read_head(connection)

    def services(self) -> tuple[str, ...]:
        """The names of all services that ever had an account."""
        with self._database.read() as connection:
            found = connection.execute(select(schema.MEMBERSHIPS.c.service).distinct()).scalars()
            return tuple(sorted(found))

    def log(self, service: str) -> Log:
        """The whole downtime log of one service; cheaper than all that `read` gives."""
        scope = Scope(services=(service,))
        with self._database.read() as connection:
            events, reports = (facts_of(connection, KIND_OF[kind], scope) for kind in ("events", "reports"))
            return Log.of(events, reports, corrections_in(connection, scope)).of_service(service)

    def log_entry(self, id: str) -> Log:
        """All of the entries whose ids begin so."""
        with self._database.read() as connection:
            return log_of(connection, ids_that_begin(connection, id))

    def cases(self) -> Recorded:
        """The support cases and the policies that judge them; cheaper than all that `read` gives."""
        with self._database.read() as connection:
            return Recorded(policies=facts_of(connection, KIND_OF["policies"]), cases=cases(connection))

    def evidence(
        self, service: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Evidence, ...]:
        """What the failing probes saw in the runs that began in `[since, until)`, of one service or of all."""
        kind, table = KIND_OF["evidence"], schema.EVIDENCE.c
        query = query_of(kind, Scope())
        if service is not None:
            query = query.where(table.service == service)
        if since is not None:
            query = query.where(table.run_start_us >= micros(since))
        if until is not None:
            query = query.where(table.run_start_us < micros(until))
        with self._database.read() as connection:
            return decoded(kind, connection.execute(query).all())

    def drop_evidence(self, before: datetime) -> int:
        """Forgets what probes saw before then, the one thing that a ledger ever forgets; returns how many pieces."""
        with self._database.write() as connection:
            gone = connection.execute(delete(schema.EVIDENCE).where(schema.EVIDENCE.c.at_us < micros(before)))
            return int(gone.rowcount)

    def frozen(self) -> tuple[Frozen, ...]:
        """The reports that were frozen, by month."""
        with self._database.read() as connection:
            return facts_of(connection, KIND_OF["frozen"])

    def revisions(self, id: str) -> tuple[Revision, ...]:
        """All that was ever written of one entry of the log: detection's steps, its report, people's corrections.

        Of a support case, by its id: every change.
        """
        kinds = ("events", "reports", CORRECTIONS, CASES)
        with self._database.read() as connection:
            found = [each for kind in kinds for each in revisions(connection, kind, id)]
        return tuple(sorted(found, key=lambda each: each.number))

    def verify(self, expected: Head | None = None) -> Verdict:
        """Whether every revision is as it was written, and every fact as its last revision says; see `journal.verify`."""
        with self._database.read() as connection:
            return verify(connection, expected)

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
    return Ledger(SqliteDatabase(sqlite_path(url), create=create, exclusive=exclusive))


def sqlite_path(url: str) -> Path:
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
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=key)  # type: ignore[no-any-return]
    return statement.on_conflict_do_update(index_elements=key, set_=changed)  # type: ignore[no-any-return]
