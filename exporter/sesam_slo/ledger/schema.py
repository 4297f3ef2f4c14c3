"""The tables of the ledger as this version of the program reads and writes them; `migrations` makes them.

Columns named `_us` hold integers: an instant is microseconds since 1970-01-01T00:00:00Z, a duration is microseconds. Neither
loses anything against `datetime`. Columns that hold a list or a document are canonical JSON: keys sorted, no white space.

Each table's primary key is what makes its facts unique, so that writing a fact twice leaves one.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

metadata = MetaData()

# One row: which ledger this is (drawn at random when it is made, kept by copies and backups), the version of its schema, and the
# head of its chain of revisions.
LEDGER = Table(
    "ledger",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("schema_version", Integer, nullable=False),
    Column("head_number", BigInteger, nullable=False),
    Column("head_hash", Text, nullable=False),
)

# Never changed, never deleted: what was written of the facts that decide figures, each row chained to the one before (`journal`).
REVISIONS = Table(
    "revisions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # the field of `Changes`
    Column("subject", Text, nullable=False),  # the fact's key; of a correction the event
    Column("at_us", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("change", Text, nullable=False),  # the fact as it then was; of a correction the changed fields
    Column("until_us", BigInteger),  # of a correction that sets an end: how far its entry reaches then
    Column("hash", Text, nullable=False),
    Index("revisions_by_subject", "kind", "subject"),
    Index("revisions_by_until", "until_us"),
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
    Column("origin", Text, primary_key=True),
    Column("recorded_at_us", BigInteger, primary_key=True),  # one that was taken back and announced again is another
    Column("withdrawn_at_us", BigInteger),
    Column("channel", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("author", Text, nullable=False),
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
    Column("merged_into", Text),  # no foreign key: a fact that was lost to a full backlog must not hold up the others
    Index("events_by_end", "end_us"),
    Index("events_by_service", "service"),
)

REPORTS = Table(
    "reports",
    metadata,
    Column("event", Text, primary_key=True),  # no foreign key, as above
    Column("at_us", BigInteger, nullable=False),
    Column("reported_by", Text, nullable=False),
)

EVIDENCE = Table(
    "evidence",
    metadata,
    Column("service", Text, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("run_start_us", BigInteger, primary_key=True),
    Column("which", Text, primary_key=True),  # first | latest
    Column("at_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("evidence_by_at", "at_us"),
)

FROZEN = Table(
    "frozen",
    metadata,
    Column("month", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("document", Text, nullable=False),
)

IMPORTS = Table(
    "imports",
    metadata,
    Column("service", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("done_until_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

CHECKPOINTS = Table(
    "checkpoints",
    metadata,
    Column("service", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
