"""What is asked of the ledger's tables, and the facts that the answers are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, or_, select, union

from sesam_slo.core.entry import Log
from sesam_slo.core.history import CaseChange, Correction, Event, Report
from sesam_slo.core.instants import micros

from .errors import LedgerError
from .journal import CASES, CORRECTIONS
from .rows import KIND_OF, Kind, case_change, correction
from .schema import CHECKPOINTS, EVENTS, MEMBERSHIPS, REPORTS, REVISIONS, RUNS, SILENCES

_AT_ONCE = 200  # ids asked for in one query: far below the number of variables that a database takes


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the facts is wanted: what ends after `since`, of some services. None is everything."""

    since: datetime | None = None
    services: Collection[str] | None = None


def facts_of(connection: Connection, kind: Kind, scope: Scope = Scope()) -> tuple[Any, ...]:
    """The facts of one kind. Raises LedgerError where they are not what this program writes."""
    return decoded(kind, connection.execute(query_of(kind, scope)).all())


def decoded(kind: Kind, rows: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    try:
        return tuple(kind.facts(rows))
    except (ValueError, TypeError, OverflowError) as error:
        raise LedgerError(f"one of its {kind.field} is not as sesam-slo writes them: {error}") from error


def query_of(kind: Kind, scope: Scope) -> Select[Any]:
    table = kind.table
    query = select(table).order_by(*(table.c[name] for name in kind.order))
    since, services = scope.since, scope.services
    if table is EVENTS:
        return query if scope == Scope() else query.where(EVENTS.c.id.in_(_events_in(scope)))
    if table is REPORTS:
        return query if scope == Scope() else query.where(REPORTS.c.event.in_(_events_in(scope)))
    if services is not None and table in (MEMBERSHIPS, RUNS, SILENCES, CHECKPOINTS):
        query = query.where(table.c.service.in_(services))
    if since is not None and table in (RUNS, SILENCES):
        query = query.where(table.c.end_us > micros(since))
        if services is None:
            # Told, because SQLite would read the whole table in its order rather than sort the few rows that are wanted.
            query = query.with_hint(table, f"INDEXED BY {table.name}_by_end", "sqlite")
    return query


def corrections_in(connection: Connection, scope: Scope) -> tuple[Correction, ...]:
    """In their order; of an entry all of them or none."""
    query, subject = _said(CORRECTIONS), REVISIONS.c.subject
    if scope != Scope():
        # One list rather than two joined by "or": the rows of each entry are then looked up, not searched for.
        query = query.where(subject.in_(union(_events_in(scope), _added_in(scope))))
    return _corrections(connection.execute(query).all())


def cases(connection: Connection) -> tuple[CaseChange, ...]:
    return decoded_cases(connection.execute(_said(CASES)).all())


def decoded_cases(rows: Iterable[Sequence[Any]]) -> tuple[CaseChange, ...]:
    try:
        return tuple(case_change(*row) for row in rows)
    except (ValueError, TypeError, OverflowError) as error:
        raise LedgerError(f"one of its cases is not as sesam-slo writes them: {error}") from error


def log_of(connection: Connection, ids: Sequence[str]) -> Log:
    """Everything about the entries with these ids."""
    events: list[Event] = []
    reports: list[Report] = []
    corrections: list[Correction] = []
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        events += decoded(KIND_OF["events"], connection.execute(select(EVENTS).where(EVENTS.c.id.in_(some))).all())
        told = select(REPORTS).where(REPORTS.c.event.in_(some))
        reports += decoded(KIND_OF["reports"], connection.execute(told).all())
        corrected = _said(CORRECTIONS).where(REVISIONS.c.subject.in_(some))
        corrections += _corrections(connection.execute(corrected).all())
    return Log.of(events, reports, corrections)


def ids_that_begin(connection: Connection, beginning: str) -> list[str]:
    """Ids of events, and of entries that were added by hand."""
    events = select(EVENTS.c.id).where(_begins(EVENTS.c.id, beginning))
    corrected = select(REVISIONS.c.subject).where(
        REVISIONS.c.kind == CORRECTIONS, _begins(REVISIONS.c.subject, beginning)
    )
    return sorted({*connection.execute(events).scalars(), *connection.execute(corrected).scalars()})


def _corrections(rows: Iterable[Sequence[Any]]) -> tuple[Correction, ...]:
    try:
        return tuple(correction(*row) for row in rows)
    except (ValueError, TypeError, OverflowError) as error:
        raise LedgerError(f"one of its corrections is not as sesam-slo writes them: {error}") from error


def _said(kind: str) -> Select[Any]:
    table = REVISIONS.c
    query = select(table.subject, table.at_us, table.author, table.reason, table.change)
    return query.where(table.kind == kind).order_by(table.number)


def _events_in(scope: Scope) -> Select[Any]:
    """The ids of the events: those that end late enough as they were detected, or as a person corrected them."""
    query = select(EVENTS.c.id)
    if scope.services is not None:
        query = query.where(EVENTS.c.service.in_(scope.services))
    if scope.since is None:
        return query
    late = EVENTS.c.end_us > micros(scope.since)
    reaching = select(REVISIONS.c.subject).where(REVISIONS.c.until_us > micros(scope.since))
    return query.where(or_(late, EVENTS.c.end_us.is_(None), EVENTS.c.id.in_(reaching)))


def _added_in(scope: Scope) -> Select[Any]:
    """The subjects of corrections that may be entries added by hand; their ids begin with the service's name."""
    subject = REVISIONS.c.subject
    query = select(subject).where(REVISIONS.c.kind == CORRECTIONS, REVISIONS.c.until_us.is_not(None))
    if scope.since is not None:
        query = query.where(REVISIONS.c.until_us > micros(scope.since))
    if scope.services is not None:
        of_service = [_begins(subject, f"{name}-") for name in scope.services]
        query = query.where(or_(false(), *of_service))
    return query


def _begins(column: ColumnElement[str], beginning: str) -> ColumnElement[bool]:
    """As a range, which an index answers; SQL's LIKE reads every row, and takes capitals for small letters."""
    return and_(column >= beginning, column < beginning + chr(0x10FFFF))
