"""The versions of the schema and the way from each to the next.

A migration that was released is never changed: its statements are written out and do not follow `schema`, which describes
the newest version alone. A test holds the two against each other.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, inspect, select, update

from .errors import LedgerError
from .schema import LEDGER

Migration = Callable[[Connection], None]


def _first(connection: Connection) -> None:
    """Version 1: the facts of `core.history`, where detection stands, and the ledger's own row."""
    # SQLite clusters these by their key, which is the order they are read in; other databases know no such words.
    clustered = " WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""
    for statement in (
        "CREATE TABLE ledger (identity TEXT NOT NULL PRIMARY KEY, schema_version INTEGER NOT NULL)",
        "CREATE TABLE policies (since_us BIGINT NOT NULL PRIMARY KEY, document TEXT NOT NULL)",
        "CREATE TABLE memberships (service TEXT NOT NULL, endpoint TEXT NOT NULL, since_us BIGINT NOT NULL,"
        f" until_us BIGINT, PRIMARY KEY (service, endpoint, since_us)){clustered}",
        "CREATE TABLE windows (name TEXT NOT NULL, start_us BIGINT NOT NULL, end_us BIGINT NOT NULL,"
        " announced_at_us BIGINT NOT NULL, services TEXT NOT NULL, recorded_at_us BIGINT, withdrawn_at_us BIGINT,"
        f" PRIMARY KEY (name, start_us, end_us, announced_at_us, services)){clustered}",
        "CREATE TABLE runs (service TEXT NOT NULL, endpoint TEXT NOT NULL, start_us BIGINT NOT NULL, end_us BIGINT NOT NULL,"
        f" downtime_after_us BIGINT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (service, endpoint, start_us)){clustered}",
        "CREATE TABLE silences (service TEXT NOT NULL, endpoint TEXT NOT NULL, start_us BIGINT NOT NULL,"
        f" end_us BIGINT NOT NULL, PRIMARY KEY (service, endpoint, start_us)){clustered}",
        "CREATE TABLE events (id TEXT NOT NULL PRIMARY KEY, service TEXT NOT NULL, start_us BIGINT NOT NULL, end_us BIGINT,"
        " confirmed_at_us BIGINT NOT NULL, endpoints TEXT NOT NULL, reasons TEXT NOT NULL, cause TEXT NOT NULL,"
        f" merged_into TEXT){clustered}",
        f"CREATE TABLE reports (event TEXT NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL, reported_by TEXT NOT NULL){clustered}",
        # What is still inside a window: the exporter starts with the runs and silences of its longest one.
        "CREATE INDEX runs_by_end ON runs (end_us)",
        "CREATE INDEX silences_by_end ON silences (end_us)",
        "CREATE TABLE checkpoints (service TEXT NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL, document TEXT NOT NULL)",
    ):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO ledger (identity, schema_version) VALUES (?, 0)", (secrets.token_hex(16),))


def _second(connection: Connection) -> None:
    """Version 2: the chain of revisions, windows by command with the proof of their notice, evidence, frozen months, imports.

    What an earlier version wrote becomes the beginning of the chain.
    """
    clustered = " WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""
    for statement in (
        "ALTER TABLE ledger ADD COLUMN head_number BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE ledger ADD COLUMN head_hash TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE revisions (number BIGINT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL,"
        " at_us BIGINT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, change TEXT NOT NULL, until_us BIGINT,"
        f" hash TEXT NOT NULL){clustered}",
        "CREATE INDEX revisions_by_subject ON revisions (kind, subject)",
        "CREATE INDEX revisions_by_until ON revisions (until_us)",
        "ALTER TABLE windows RENAME TO windows_before",
        "CREATE TABLE windows (name TEXT NOT NULL, start_us BIGINT NOT NULL, end_us BIGINT NOT NULL,"
        " announced_at_us BIGINT NOT NULL, services TEXT NOT NULL, origin TEXT NOT NULL, recorded_at_us BIGINT NOT NULL,"
        " withdrawn_at_us BIGINT, channel TEXT NOT NULL, ticket TEXT NOT NULL, author TEXT NOT NULL,"
        f" PRIMARY KEY (name, start_us, end_us, announced_at_us, services, origin, recorded_at_us)){clustered}",
        "INSERT INTO windows SELECT name, start_us, end_us, announced_at_us, services, 'file',"
        " coalesce(recorded_at_us, announced_at_us),"
        " withdrawn_at_us, '', '', '' FROM windows_before",
        "DROP TABLE windows_before",
        "ALTER TABLE events DROP COLUMN cause",  # nothing ever set it: causes are corrections
        "CREATE INDEX events_by_end ON events (end_us)",
        "CREATE INDEX events_by_service ON events (service)",
        "CREATE TABLE evidence (service TEXT NOT NULL, endpoint TEXT NOT NULL, run_start_us BIGINT NOT NULL,"
        " which TEXT NOT NULL, at_us BIGINT NOT NULL, document TEXT NOT NULL,"
        f" PRIMARY KEY (service, endpoint, run_start_us, which)){clustered}",
        "CREATE INDEX evidence_by_at ON evidence (at_us)",
        "CREATE TABLE frozen (month TEXT NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL, author TEXT NOT NULL,"
        f" document TEXT NOT NULL){clustered}",
        "CREATE TABLE imports (service TEXT NOT NULL, source TEXT NOT NULL, start_us BIGINT NOT NULL,"
        " end_us BIGINT NOT NULL, done_until_us BIGINT NOT NULL, document TEXT NOT NULL,"
        f" PRIMARY KEY (service, source)){clustered}",
    ):
        connection.exec_driver_sql(statement)
    _begin_chain(
        connection,
        {
            "policies": (("since_us",), ("since_us", "document")),
            "memberships": (("service", "endpoint", "since_us"), ("service", "endpoint", "since_us", "until_us")),
            "windows": (
                ("name", "start_us", "end_us", "announced_at_us", "services", "origin", "recorded_at_us"),
                (
                    *("name", "start_us", "end_us", "announced_at_us", "services", "origin"),
                    *("recorded_at_us", "withdrawn_at_us", "channel", "ticket", "author"),
                ),
            ),
            "events": (
                ("id",),
                ("id", "service", "start_us", "end_us", "confirmed_at_us", "endpoints", "reasons", "merged_into"),
            ),
            "reports": (("event",), ("event", "at_us", "reported_by")),
        },
    )


def _begin_chain(connection: Connection, tables: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    """One revision for each row; tables: the key's columns and all columns of each, in the order of the chain."""
    at_us = time.time_ns() // 1000
    number, previous = 0, ""
    for table, (key, columns) in tables.items():
        found = connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(key)}")  # noqa: S608 - our own names
        for values in found.all():
            row = dict(zip(columns, values, strict=True))
            number += 1
            named = [row[name] for name in key]
            subject = named[0] if len(key) == 1 and isinstance(named[0], str) else _json(named)
            signed = [number, table, subject, at_us, "sesam-slo", "recorded by an earlier version", _json(row), None]
            previous = hashlib.sha256(f"{previous}\n{_json(signed)}".encode()).hexdigest()
            connection.exec_driver_sql(
                "INSERT INTO revisions (number, kind, subject, at_us, author, reason, change, until_us, hash)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*signed, previous),
            )
    connection.exec_driver_sql("UPDATE ledger SET head_number = ?, head_hash = ?", (number, previous))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


MIGRATIONS: tuple[Migration, ...] = (_first, _second)  # the n-th, from 1, leads to version n


def version(connection: Connection) -> int:
    """The schema's version, 0 where there is none yet. Raises LedgerError where the ledger's own row is damaged."""
    if not inspect(connection).has_table(LEDGER.name):
        return 0
    found = connection.execute(select(LEDGER.c.schema_version)).scalars().all()
    if len(found) != 1:
        raise LedgerError(f"its table `ledger` has {len(found)} rows; expected one")
    current: int = found[0]
    return current


def migrate(
    begin: Callable[[], AbstractContextManager[Connection]], migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Brings the schema to the newest version; `begin` opens a writing transaction that shuts other writers out.

    Every step is one transaction with its new version number, so that an end at any moment leaves one version or the next.
    Raises LedgerError where the schema is newer than the newest of `migrations`.
    """
    while True:
        with begin() as connection:  # the version is read inside: another process may migrate at the same time
            current = version(connection)
            if current > len(migrations):
                raise LedgerError(
                    f"its schema has version {current}; expected at most {len(migrations)}, "
                    "it was written by a newer sesam-slo"
                )
            if current == len(migrations):
                return
            migrations[current](connection)
            connection.execute(update(LEDGER).values(schema_version=current + 1))
