"""The chain of revisions: everything that was ever written of the facts that decide figures, in a form that shows tampering.

A revision's hash is SHA-256 over the hash of the one before it and the canonical JSON of all its own fields. The ledger's own row
holds the number and hash of the newest, so that one removed from the end is missed too. Who keeps a head elsewhere (a frozen
report, a customer's letter) can prove later that everything up to it is as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, cast, insert, select, tuple_, update

from sesam_slo.core.history import CaseChange, Changes, Correction, Head
from sesam_slo.core.instants import instant, micros, of_micros, written

from .rows import KINDS, Kind, Row, canonical_json
from .schema import LEDGER, REVISIONS

EXPORTER = "sesam-slo"  # the author of what was detected
CORRECTIONS, CASES = "corrections", "cases"  # the kinds whose only table is the journal
_AT_ONCE = 200  # rows asked for in one query: far below the number of variables that a database takes
_SIGNED = ("number", "kind", "subject", "at_us", "author", "reason", "change", "until_us")


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the chain. `change`: the fact as it then was, as a row of its table; of what people say the changed fields."""

    number: int
    kind: str
    subject: str
    at: datetime
    author: str
    reason: str
    change: dict[str, Any]
    hash: str

    def document(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "revision": self.number,
            "at": written(self.at),
            "author": self.author,
            "reason": self.reason,
            "kind": _WORDS.get(self.kind, self.kind),
            "change": self.change,
            "hash": self.hash,
        }


_WORDS = {"events": "detected", "reports": "reported", "corrections": "changed", "cases": "changed"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found: `fault` None where every revision is as it was written."""

    head: Head
    revisions: int
    fault: str | None
    number: int | None = None  # of the first revision that is not as it was written


class Journal:
    """Appends to the chain inside one transaction of the ledger; `flush` writes it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.head = read_head(connection)
        self._rows: list[Row] = []

    def facts(self, kind: Kind, rows: Sequence[Row], author: str, reason: str, now: datetime) -> None:
        """Notes what writing these rows is going to change; called before they are written."""
        known = {_subject(kind, row): row for row in _standing(self._connection, kind, rows)}
        for row in rows:
            subject = _subject(kind, row)
            before = known.get(subject)
            after = kind.after(before, row)
            if after != before:
                known[subject] = after
                by = row.get("reported_by") or author
                self._append(kind.field, subject, micros(now), by, reason, canonical_json(after), None)

    def said(self, changes: Changes) -> None:
        """Notes what people said, each once however often the same comes."""
        for correction in changes.corrections:
            end = correction.change.get("end")
            self._said(CORRECTIONS, correction.event, correction, None if end is None else micros(instant(end)))
        for case in changes.cases:
            self._said(CASES, case.case, case, None)

    def _said(self, kind: str, subject: str, said: Correction | CaseChange, until_us: int | None) -> None:
        at, change, table = micros(said.at), canonical_json(said.change), REVISIONS.c
        same = select(table.number).where(
            table.kind == kind,
            table.subject == subject,
            table.at_us == at,
            table.author == said.author,
            table.reason == said.reason,
            table.change == change,
        )
        if self._connection.execute(same.limit(1)).first() is None:
            self._append(kind, subject, at, said.author, said.reason, change, until_us)

    def _append(
        self, kind: str, subject: str, at_us: int, author: str, reason: str, change: str, until_us: int | None
    ) -> None:
        signed = (self.head.number + 1, kind, subject, at_us, author, reason, change, until_us)
        self.head = Head(signed[0], _hash(self.head.hash, signed))
        self._rows.append({**dict(zip(_SIGNED, signed, strict=True)), "hash": self.head.hash})

    def flush(self) -> None:
        if self._rows:
            self._connection.execute(insert(REVISIONS), self._rows)
            self._connection.execute(update(LEDGER).values(head_number=self.head.number, head_hash=self.head.hash))
            self._rows = []


def read_head(connection: Connection) -> Head:
    return Head(*connection.execute(select(LEDGER.c.head_number, LEDGER.c.head_hash)).one())


def verify(connection: Connection, expected: Head | None = None) -> Verdict:
    """Recomputes the whole chain, and holds every table against it. expected: a head that was noted earlier."""
    head, found = read_head(connection), 0
    previous = ""
    standing: dict[str, dict[str, Row]] = {kind.field: {} for kind in KINDS if kind.chained}
    for row in _raw(connection):
        number, *stored, kept = row
        found += 1
        if number != found:
            gap = f"revision {found} is missing" if number > found else f"revision {number} was slipped in"
            return Verdict(head, found, gap, min(number, found))
        try:
            kind, subject, at_us, author, reason, change, until_us = map(_as_text, stored)
            previous = _hash(previous, (number, kind, subject, at_us, author, reason, change, until_us))
            unaltered = _as_text(kept) == previous
        except UnicodeDecodeError:
            unaltered = False
        if not unaltered:
            return Verdict(head, found, f"revision {number} was altered", number)
        if kind in standing:
            standing[kind][subject] = json.loads(change)
        if expected is not None and number == expected.number and previous != expected.hash:
            return Verdict(
                head, found, f"revision {number} or one before it is not what it was when its hash was noted", number
            )
    if (found, previous) != (head.number, head.hash):
        last = min(found, head.number) + 1
        lost = f"revision {last} is missing" if found < head.number else f"revision {last} was slipped in"
        return Verdict(head, found, lost if found != head.number else "the noted head was altered", last)
    if expected is not None and expected.number > found:
        return Verdict(head, found, f"revision {found + 1} is missing: there were {expected.number}", found + 1)
    return Verdict(head, found, _differing(connection, standing))


def _differing(connection: Connection, standing: dict[str, dict[str, Row]]) -> str | None:
    """The first fact in a table that is not what its last revision says."""
    for kind in KINDS:
        if not kind.chained:
            continue
        said = standing[kind.field]
        for values in connection.execute(select(kind.table)):
            row = dict(values._mapping)
            subject = _subject(kind, row)
            if said.pop(subject, None) != row:
                return f"{kind.field} {subject}: the table does not say what its last revision says"
        if said:
            return f"{kind.field} {min(said)}: is not in its table any more"
    return None


def revisions(connection: Connection, kind: str | None = None, subject: str | None = None) -> Iterator[Revision]:
    """All of them in order, or those of one fact."""
    query = select(REVISIONS).order_by(REVISIONS.c.number)
    if kind is not None:
        query = query.where(REVISIONS.c.kind == kind, REVISIONS.c.subject == subject)
    for number, of, about, at_us, author, reason, change, _, hash in connection.execute(query):
        yield Revision(number, of, about, of_micros(at_us), author, reason, json.loads(change), hash)


def subject_of(kind: Kind, key: Iterable[Any]) -> str:
    """What a fact's revisions are found by; a key of one text is that text, so that people can read it."""
    values = list(key)
    return values[0] if len(values) == 1 and isinstance(values[0], str) else canonical_json(values)


def _subject(kind: Kind, row: Row) -> str:
    return subject_of(kind, (row[name] for name in kind.key))


def _standing(connection: Connection, kind: Kind, rows: Sequence[Row]) -> Iterator[Row]:
    """The rows that stand where these are going to be written."""
    key = [kind.table.c[name] for name in kind.key]
    for first in range(0, len(rows), _AT_ONCE):
        wanted = [tuple(row[name] for name in kind.key) for row in rows[first : first + _AT_ONCE]]
        condition = key[0].in_([each[0] for each in wanted]) if len(key) == 1 else tuple_(*key).in_(wanted)
        for found in connection.execute(select(kind.table).where(condition)):
            yield dict(found._mapping)


def _raw(connection: Connection) -> Iterator[Any]:
    """Every column as it is stored: a byte that is no text must not stop the one who looks for it."""
    texts = {"kind", "subject", "author", "reason", "change", "hash"}
    columns = [cast(each, LargeBinary) if each.name in texts else each for each in REVISIONS.columns]
    yield from connection.execute(select(*columns).order_by(REVISIONS.c.number))


def _as_text(stored: Any) -> Any:
    """Raises UnicodeDecodeError for bytes that are no text."""
    return stored.decode() if isinstance(stored, bytes) else stored


def _hash(previous: str, signed: Sequence[Any]) -> str:
    return hashlib.sha256(f"{previous}\n{canonical_json(list(signed))}".encode()).hexdigest()
