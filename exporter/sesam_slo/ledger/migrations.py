"""The versions of the schema and the way from each to the next.

A migration that was released is never changed: its statements are written out and do not follow `schema`, which describes
the newest version alone. A test holds the two against each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, insert, inspect, select, update

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
    connection.execute(insert(LEDGER).values(identity=secrets.token_hex(16), schema_version=0))


MIGRATIONS: tuple[Migration, ...] = (_first,)  # the n-th, from 1, leads to version n


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
