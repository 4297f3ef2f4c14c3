"""The tables of the ledger as this version of the program reads and writes them; `migrations` makes them.

Columns named `_us` hold integers: an instant is microseconds since 1970-01-01T00:00:00Z, a duration is microseconds. Neither
loses anything against `datetime`. Columns that hold a list or a document are canonical JSON: keys sorted, no white space.

Each table's primary key is what makes its facts unique, so that writing a fact twice leaves one.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

metadata = MetaData()

# One row: which ledger this is (drawn at random when it is made, kept by copies and backups) and the version of its schema.
LEDGER = Table(
    "ledger",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("schema_version", Integer, nullable=False),
)

POLICIES = Table(
    "policies",
    metadata,
    Column("since_us", BigInteger, primary_key=True),
    Column("document", Text, nullable=False),
)

MEMBERSHIPS = Table(
    "memberships",
    metadata,
    Column("service", Text, primary_key=True),
    Column("endpoint", Text, primary_key=True),  # "" is the service itself
    Column("since_us", BigInteger, primary_key=True),
    Column("until_us", BigInteger),
)

WINDOWS = Table(
    "windows",
    metadata,
    Column("name", Text, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("end_us", BigInteger, primary_key=True),
    Column("announced_at_us", BigInteger, primary_key=True),
    Column("services", Text, primary_key=True),  # a sorted list, or "null" for all: SQL's NULL is never a duplicate
    Column("recorded_at_us", BigInteger),
    Column("withdrawn_at_us", BigInteger),
)

RUNS = Table(
    "runs",
    metadata,
    Column("service", Text, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("end_us", BigInteger, nullable=False),
    Column("downtime_after_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index("runs_by_end", "end_us"),
)

SILENCES = Table(
    "silences",
    metadata,
    Column("service", Text, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("end_us", BigInteger, nullable=False),
    Index("silences_by_end", "end_us"),
)

EVENTS = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("confirmed_at_us", BigInteger, nullable=False),
    Column("endpoints", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("merged_into", Text),  # no foreign key: a fact that was lost to a full backlog must not hold up the others
)

REPORTS = Table(
    "reports",
    metadata,
    Column("event", Text, primary_key=True),  # no foreign key, as above
    Column("at_us", BigInteger, nullable=False),
    Column("reported_by", Text, nullable=False),
)

CHECKPOINTS = Table(
    "checkpoints",
    metadata,
    Column("service", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
