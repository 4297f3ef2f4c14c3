"""The store contract: facts are written in one transaction, once however often they come, and read back exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Insert, Select, delete, func, or_, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sesam_slo.core.entry import Log
from sesam_slo.core.history import CaseChange, Changes, Correction, Event, Evidence, Frozen, Head, Recorded, Report
from sesam_slo.core.model import AnnouncedWindow, Origin

from . import schema
from .errors import LedgerError, MovedError
from .journal import CASES, CORRECTIONS, EXPORTER, Journal, Revision, Verdict, read_head, revisions, verify
from .rows import KIND_OF, KINDS, Kind, case_change, correction, micros
from .schema import EVENTS, LEDGER, REPORTS, REVISIONS
from .sqlite import SqliteDatabase

_AT_ONCE = 200  # ids asked for in one query: far below the number of variables that a database takes
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

    def read(self, since: datetime | None = None) -> Recorded:
        """All facts, in one state; where `since` is given, of runs, silences and events those that end after it.

        With an event come its report and its corrections. Runs and silences come by service, endpoint and start, events by
        start, reports by instant, corrections in their order, policies and memberships by their begin. Evidence and frozen
        months are read by themselves.
        Raises LedgerError when it cannot be read or holds what this program does not write.
        """
        facts: dict[str, Any] = {}
        with self._database.read() as connection:
            for kind in KINDS:
                if kind.read_at_start:
                    facts[kind.field] = _facts(kind, connection.execute(_query(kind, since)).all())
            facts["corrections"] = _corrections(connection.execute(_corrections_query(since)).all())
            facts["cases"] = _cases(connection.execute(_said_query(CASES)).all())
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
            corrected = sorted({row.subject for row in found if row.kind == CORRECTIONS})
            log = _log_of(connection, corrected)
        cases = _cases((row.subject, row.at_us, row.author, row.reason, row.change) for row in found if row.kind == CASES)
        windows = KIND_OF["windows"]
        order = [column.name for column in windows.table.columns]
        rows = [json.loads(row.change) for row in found if row.kind == "windows"]
        pieces = _facts(windows, [[row[name] for name in order] for row in rows])
        return News(head.number, log, tuple(each for each in pieces if each.origin is Origin.COMMAND), cases)

    def head(self) -> Head:
        """The newest revision."""
        with self._database.read() as connection:
            return read_head(connection)

    def log(self, service: str) -> Log:
        """The whole downtime log of one service; cheaper than all that `read` gives."""
        added = select(REVISIONS.c.subject).where(
            REVISIONS.c.kind == CORRECTIONS, REVISIONS.c.subject.startswith(f"{service}-", autoescape=True)
        )
        with self._database.read() as connection:
            ids = set(connection.execute(select(EVENTS.c.id).where(EVENTS.c.service == service)).scalars())
            ids |= set(connection.execute(added).scalars())
            return _log_of(connection, sorted(ids)).of_service(service)

    def log_entry(self, id: str) -> Log:
        """All of the entries whose ids begin so."""
        with self._database.read() as connection:
            events = select(EVENTS.c.id).where(EVENTS.c.id.startswith(id, autoescape=True))
            corrected = select(REVISIONS.c.subject).where(
                REVISIONS.c.kind == CORRECTIONS, REVISIONS.c.subject.startswith(id, autoescape=True)
            )
            ids = {*connection.execute(events).scalars(), *connection.execute(corrected).scalars()}
            return _log_of(connection, sorted(ids))

    def evidence(
        self, service: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Evidence, ...]:
        """What the failing probes saw in the runs that began in `[since, until)`, of one service or of all."""
        kind, table = KIND_OF["evidence"], schema.EVIDENCE.c
        query = _query(kind, None)
        if service is not None:
            query = query.where(table.service == service)
        if since is not None:
            query = query.where(table.run_start_us >= micros(since))
        if until is not None:
            query = query.where(table.run_start_us < micros(until))
        with self._database.read() as connection:
            return _facts(kind, connection.execute(query).all())

    def drop_evidence(self, before: datetime) -> int:
        """Forgets what probes saw before then, the one thing that a ledger ever forgets; returns how many pieces."""
        with self._database.write() as connection:
            gone = connection.execute(delete(schema.EVIDENCE).where(schema.EVIDENCE.c.at_us < micros(before)))
            return int(gone.rowcount)

    def frozen(self) -> tuple[Frozen, ...]:
        """The reports that were frozen, by month."""
        with self._database.read() as connection:
            return _facts(KIND_OF["frozen"], connection.execute(_query(KIND_OF["frozen"], None)).all())

    def revisions(self, event: str) -> tuple[Revision, ...]:
        """All that was ever written of one entry of the log: detection's steps, its report, people's corrections."""
        with self._database.read() as connection:
            found = [each for kind in ("events", "reports", CORRECTIONS) for each in revisions(connection, kind, event)]
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
    changed |= {name: func.coalesce(table.c[name], statement.excluded[name]) for name in kind.completes}
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=key)  # type: ignore[no-any-return]
    return statement.on_conflict_do_update(index_elements=key, set_=changed)  # type: ignore[no-any-return]


def _facts(kind: Kind, rows: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    try:
        return tuple(kind.facts(rows))
    except (ValueError, TypeError, OverflowError) as error:
        raise LedgerError(f"one of its {kind.field} is not as sesam-slo writes them: {error}") from error


def _corrections(rows: Iterable[Sequence[Any]]) -> tuple[Correction, ...]:
    try:
        return tuple(correction(*row) for row in rows)
    except (ValueError, TypeError, OverflowError) as error:
        raise LedgerError(f"one of its corrections is not as sesam-slo writes them: {error}") from error


def _log_of(connection: Connection, ids: Sequence[str]) -> Log:
    """Everything about the entries with these ids."""
    events: list[Event] = []
    reports: list[Report] = []
    corrections: list[Correction] = []
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        events += _facts(KIND_OF["events"], connection.execute(select(EVENTS).where(EVENTS.c.id.in_(some))).all())
        reports += _facts(
            KIND_OF["reports"], connection.execute(select(REPORTS).where(REPORTS.c.event.in_(some))).all()
        )
        corrected = _corrections_query(None).where(REVISIONS.c.subject.in_(some))
        corrections += _corrections(connection.execute(corrected).all())
    return Log.of(events, reports, corrections)


def _cases(rows: Iterable[Sequence[Any]]) -> tuple[CaseChange, ...]:
    try:
        return tuple(case_change(*row) for row in rows)
    except (ValueError, TypeError, OverflowError) as error:
        raise LedgerError(f"one of its cases is not as sesam-slo writes them: {error}") from error


def _said_query(kind: str) -> Select[Any]:
    table = REVISIONS.c
    query = select(table.subject, table.at_us, table.author, table.reason, table.change)
    return query.where(table.kind == kind).order_by(table.number)


def _corrections_query(since: datetime | None) -> Select[Any]:
    table, query = REVISIONS.c, _said_query(CORRECTIONS)
    if since is None:
        return query
    # Of an entry all of them or none: one that now ends later, and those of the events that are read.
    reaching = select(REVISIONS.c.subject).where(REVISIONS.c.until_us > micros(since))
    return query.where(or_(table.subject.in_(reaching), table.subject.in_(_late_events(since))))


def _late_events(since: datetime) -> Select[Any]:
    reaching = select(REVISIONS.c.subject).where(REVISIONS.c.until_us > micros(since))
    return select(EVENTS.c.id).where(
        or_(EVENTS.c.end_us > micros(since), EVENTS.c.end_us.is_(None), EVENTS.c.id.in_(reaching))
    )


def _query(kind: Kind, since: datetime | None) -> Select[Any]:
    table = kind.table
    query = select(table).order_by(*(table.c[name] for name in kind.order))
    if since is None:
        return query
    if table is EVENTS:
        return query.where(EVENTS.c.id.in_(_late_events(since)))
    if table is REPORTS:
        return query.where(REPORTS.c.event.in_(_late_events(since)))
    if kind.field in ("runs", "silences"):
        query = query.where(table.c.end_us > micros(since))
        # Told, because SQLite would read the whole table in its order rather than sort the few rows that are wanted.
        query = query.with_hint(table, f"INDEXED BY {table.name}_by_end", "sqlite")
    return query
