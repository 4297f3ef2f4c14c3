"""Facts as rows and back: which table keeps which field of `Changes`, and what a fact that is written again changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import starmap
from typing import Any

from sqlalchemy import Table

from sesam_slo.core.history import (
    CaseChange,
    Checkpoint,
    Correction,
    Event,
    Evidence,
    Frozen,
    Import,
    Membership,
    PolicyRecord,
    Report,
    Run,
    Silence,
)
from sesam_slo.core.instants import micros, of_micros
from sesam_slo.core.model import AnnouncedWindow, Origin

from . import schema
from .errors import UnstorableError

_MICROSECOND = timedelta(microseconds=1)

Row = dict[str, Any]


def _duration_micros(duration: timedelta) -> int:
    """Exactly. Raises ValueError where it is more than a column holds, some 290,000 years."""
    us = duration // _MICROSECOND
    if abs(us) >= 2**63:
        raise ValueError(duration)
    return us


def _micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _instant_or_none(us: int | None) -> datetime | None:
    return None if us is None else of_micros(us)


def _text(value: str) -> str:
    """The same text. Raises UnicodeEncodeError (a ValueError) where no database could store it: a lone surrogate."""
    value.encode()
    return value


def canonical_json(value: Any) -> str:
    """JSON that is the same for equal values. Raises TypeError or ValueError where JSON has no such value."""
    return _text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


@lru_cache(maxsize=4096)  # few distinct lists of endpoints and reasons, many events
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _policy_row(fact: PolicyRecord) -> Row:
    return {"since_us": micros(fact.since), "document": canonical_json(fact.document)}


def _policy(since: int, document: str) -> PolicyRecord:
    return PolicyRecord(of_micros(since), json.loads(document))


def _membership_row(fact: Membership) -> Row:
    return {
        "service": _text(fact.service),
        "endpoint": _text(fact.endpoint),
        "since_us": micros(fact.since),
        "until_us": _micros_or_none(fact.until),
    }


def _membership(service: str, endpoint: str, since: int, until: int | None) -> Membership:
    return Membership(service, endpoint, of_micros(since), _instant_or_none(until))


def _window_row(fact: AnnouncedWindow) -> Row:
    return {
        "name": _text(fact.name),
        "start_us": micros(fact.start),
        "end_us": micros(fact.end),
        "announced_at_us": micros(fact.announced_at),
        "services": canonical_json(None if fact.services is None else sorted(fact.services)),
        "recorded_at_us": micros(fact.recorded_at or fact.announced_at),
        "withdrawn_at_us": _micros_or_none(fact.withdrawn_at),
        "origin": fact.origin.value,
        "channel": _text(fact.channel),
        "ticket": _text(fact.ticket),
        "author": _text(fact.author),
    }


def _window(  # one parameter per column
    name: str,
    start: int,
    end: int,
    announced_at: int,
    services: str,
    origin: str,
    recorded_at: int,
    withdrawn_at: int | None,
    channel: str,
    ticket: str,
    author: str,
) -> AnnouncedWindow:
    concerned = json.loads(services)
    return AnnouncedWindow(
        name,
        of_micros(start),
        of_micros(end),
        of_micros(announced_at),
        None if concerned is None else frozenset(concerned),
        of_micros(recorded_at),
        _instant_or_none(withdrawn_at),
        Origin(origin),
        channel,
        ticket,
        author,
    )


def _run_row(fact: Run) -> Row:
    return {
        "service": _text(fact.service),
        "endpoint": _text(fact.endpoint),
        "start_us": micros(fact.start),
        "end_us": micros(fact.end),
        "downtime_after_us": _duration_micros(fact.downtime_after),
        "reason": _text(fact.reason),
    }


def _run(service: str, endpoint: str, start: int, end: int, downtime_after: int, reason: str) -> Run:
    return Run(service, endpoint, of_micros(start), of_micros(end), timedelta(0, 0, downtime_after), reason)


def _silence_row(fact: Silence) -> Row:
    return {
        "service": _text(fact.service),
        "endpoint": _text(fact.endpoint),
        "start_us": micros(fact.start),
        "end_us": micros(fact.end),
    }


def _silence(service: str, endpoint: str, start: int, end: int) -> Silence:
    return Silence(service, endpoint, of_micros(start), of_micros(end))


def _event_row(fact: Event) -> Row:
    return {
        "id": _text(fact.id),
        "service": _text(fact.service),
        "start_us": micros(fact.start),
        "end_us": _micros_or_none(fact.end),
        "confirmed_at_us": micros(fact.confirmed_at),
        "endpoints": canonical_json(list(fact.endpoints)),
        "reasons": canonical_json(list(fact.reasons)),
        "merged_into": None if fact.merged_into is None else _text(fact.merged_into),
    }


def _event(  # one parameter per column
    id: str,
    service: str,
    start: int,
    end: int | None,
    confirmed_at: int,
    endpoints: str,
    reasons: str,
    merged_into: str | None,
) -> Event:
    return Event(
        id,
        service,
        of_micros(start),
        _instant_or_none(end),
        of_micros(confirmed_at),
        _names(endpoints),
        _names(reasons),
        merged_into,
    )


def _report_row(fact: Report) -> Row:
    return {"event": _text(fact.event), "at_us": micros(fact.at), "reported_by": _text(fact.by)}


def _report(event: str, at: int, by: str) -> Report:
    return Report(event, of_micros(at), by)


def _evidence_row(fact: Evidence) -> Row:
    return {
        "service": _text(fact.service),
        "endpoint": _text(fact.endpoint),
        "run_start_us": micros(fact.run_start),
        "which": fact.which,
        "at_us": micros(fact.at),
        "document": canonical_json(fact.document),
    }


def _evidence(service: str, endpoint: str, run_start: int, which: Any, at: int, document: str) -> Evidence:
    return Evidence(service, endpoint, of_micros(run_start), which, of_micros(at), json.loads(document))


def _frozen_row(fact: Frozen) -> Row:
    return {
        "month": _text(fact.month),
        "at_us": micros(fact.at),
        "author": _text(fact.author),
        "document": canonical_json(fact.document),
    }


def _frozen(month: str, at: int, author: str, document: str) -> Frozen:
    return Frozen(month, of_micros(at), author, json.loads(document))


def _import_row(fact: Import) -> Row:
    return {
        "service": _text(fact.service),
        "source": _text(fact.source),
        "start_us": micros(fact.start),
        "end_us": micros(fact.end),
        "done_until_us": micros(fact.done_until),
        "document": canonical_json(fact.document),
    }


def _import(service: str, source: str, start: int, end: int, done_until: int, document: str) -> Import:
    return Import(service, source, of_micros(start), of_micros(end), of_micros(done_until), json.loads(document))


def correction(event: str, at: int, author: str, reason: str, change: str) -> Correction:
    """From the columns of a revision."""
    return Correction(event, of_micros(at), author, reason, json.loads(change))


def case_change(case: str, at: int, author: str, reason: str, change: str) -> CaseChange:
    """From the columns of a revision."""
    return CaseChange(case, of_micros(at), author, reason, json.loads(change))


def _checkpoint_row(fact: Checkpoint) -> Row:
    return {"service": _text(fact.service), "at_us": micros(fact.at), "document": canonical_json(fact.document)}


def _checkpoint(service: str, at: int, document: str) -> Checkpoint:
    return Checkpoint(service, of_micros(at), json.loads(document))


@dataclass(frozen=True, slots=True)
class Kind:
    """One field of `Changes` and the table that keeps it.

    A fact whose primary key is there already leaves it as it is, but for the columns that `replaces` names: they take the
    value written last.
    """

    field: str
    table: Table
    to_row: Callable[[Any], Row]
    from_row: Callable[..., Any]  # takes the columns in the table's order
    order: tuple[str, ...]
    replaces: tuple[str, ...] = ()
    chained: bool = False  # every change of such a fact is a revision (`journal`)
    read_at_start: bool = True  # part of what `Ledger.read` gives

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key)

    def after(self, before: Row | None, row: Row) -> Row:
        """The row as it stands once `row` is written where `before` stood."""
        if before is None:
            return row
        return {**before, **{name: row[name] for name in self.replaces}}

    def rows(self, facts: Iterable[Any]) -> list[Row]:
        """Raises UnstorableError with the first fact that is none."""
        rows = []
        for fact in facts:
            try:
                rows.append(self.to_row(fact))
            except (TypeError, ValueError, AttributeError, RecursionError) as error:
                raise UnstorableError(self.field, fact, type(error).__name__) from error
        return rows

    def facts(self, rows: Iterable[Sequence[Any]]) -> Iterator[Any]:
        """Raises ValueError or TypeError where the rows are not what this program writes."""
        return starmap(self.from_row, rows)


_BY_START = ("service", "endpoint", "start_us")

KINDS: tuple[Kind, ...] = (
    Kind("policies", schema.POLICIES, _policy_row, _policy, ("since_us",), chained=True),
    Kind(
        "memberships",
        schema.MEMBERSHIPS,
        _membership_row,
        _membership,
        ("service", "endpoint", "since_us"),
        replaces=("until_us",),
        chained=True,
    ),
    Kind(
        "windows",
        schema.WINDOWS,
        _window_row,
        _window,
        ("start_us", "end_us", "name", "announced_at_us", "services", "origin", "recorded_at_us"),
        replaces=("withdrawn_at_us",),
        chained=True,
    ),
    Kind("runs", schema.RUNS, _run_row, _run, _BY_START),
    Kind("silences", schema.SILENCES, _silence_row, _silence, _BY_START),
    Kind(
        "events",
        schema.EVENTS,
        _event_row,
        _event,
        ("start_us", "id"),
        replaces=tuple(column.name for column in schema.EVENTS.columns if not column.primary_key),
        chained=True,
    ),
    Kind("reports", schema.REPORTS, _report_row, _report, ("at_us", "event"), chained=True),
    Kind(
        "evidence",
        schema.EVIDENCE,
        _evidence_row,
        _evidence,
        ("service", "endpoint", "run_start_us", "which"),
        replaces=("at_us", "document"),
        read_at_start=False,
    ),
    Kind("frozen", schema.FROZEN, _frozen_row, _frozen, ("month",), chained=True, read_at_start=False),
    Kind(
        "imports",
        schema.IMPORTS,
        _import_row,
        _import,
        ("service", "source"),
        replaces=("end_us", "done_until_us", "document"),
    ),
    Kind(
        "checkpoints",
        schema.CHECKPOINTS,
        _checkpoint_row,
        _checkpoint,
        ("service",),
        replaces=("at_us", "document"),
    ),
)

KIND_OF = {kind.field: kind for kind in KINDS}
