"""From every version of the schema to the newest, in whole steps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from ledger_values import numbered
from sqlalchemy import Connection, create_engine, inspect

from sesam_slo.ledger import LedgerError, migrations, open_ledger, schema
from sesam_slo.ledger.migrations import MIGRATIONS, migrate, version


class Begin:
    """Writing transactions on one file, as the database gives them to `migrate`."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def version(self) -> int:
        with self() as connection:
            return version(connection)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def _second(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN evidence TEXT")


def _broken_second(connection: Connection) -> None:
    _second(connection)
    raise LedgerError("fault in the middle of a migration")


def test_an_empty_database_is_brought_to_the_newest_version(path: Path) -> None:
    begin = Begin(path)
    assert begin.version() == 0
    migrate(begin)
    assert begin.version() == len(MIGRATIONS)


def test_the_migrations_make_the_schema_that_the_program_uses(path: Path) -> None:
    begin = Begin(path)
    migrate(begin)
    with begin() as connection:
        made = inspect(connection)
        assert sorted(made.get_table_names()) == sorted(schema.metadata.tables)
        for name, table in schema.metadata.tables.items():
            columns = [(each["name"], str(each["type"]), each["nullable"]) for each in made.get_columns(name)]
            assert columns == [(each.name, str(each.type), each.nullable) for each in table.columns]
            indexes = [(each["name"], each["column_names"]) for each in made.get_indexes(name)]
            assert sorted(indexes) == sorted(
                [(each.name, [column.name for column in each.columns]) for each in table.indexes]
            )
            assert made.get_pk_constraint(name)["constrained_columns"] == [each.name for each in table.primary_key]


def test_an_earlier_version_keeps_its_facts(path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.write(numbered(0))
    ledger.close()
    begin = Begin(path)
    migrate(begin, (*MIGRATIONS, _second))
    assert begin.version() == len(MIGRATIONS) + 1
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT service, reason, evidence FROM runs").fetchall() == [
            ("datahub-prod", "timeout", None)
        ]


def test_a_ledger_is_migrated_when_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_ledger(f"sqlite:///{path}").close()
    newer = (*MIGRATIONS, _second)
    monkeypatch.setattr("sesam_slo.ledger.sqlite.MIGRATIONS", newer)
    monkeypatch.setattr("sesam_slo.ledger.sqlite.migrate", lambda begin: migrations.migrate(begin, newer))
    open_ledger(f"sqlite:///{path}").close()
    assert Begin(path).version() == len(newer)


def test_a_migration_that_fails_leaves_the_version_before_it_whole(path: Path) -> None:
    begin = Begin(path)
    with pytest.raises(LedgerError, match=r"^fault in the middle of a migration$"):
        migrate(begin, (*MIGRATIONS, _broken_second))
    assert begin.version() == len(MIGRATIONS)
    with begin() as connection:
        assert "evidence" not in [each["name"] for each in inspect(connection).get_columns("runs")]
    migrate(begin, (*MIGRATIONS, _second))
    assert begin.version() == len(MIGRATIONS) + 1


def test_migrating_again_does_nothing(path: Path) -> None:
    begin = Begin(path)
    migrate(begin)
    with begin() as connection:
        identity = connection.execute(schema.LEDGER.select()).all()
    migrate(begin)
    with begin() as connection:
        assert connection.execute(schema.LEDGER.select()).all() == identity


def test_a_ledger_without_its_own_row_is_damaged(path: Path) -> None:
    begin = Begin(path)
    migrate(begin)
    with begin() as connection:
        connection.execute(schema.LEDGER.delete())
    with pytest.raises(LedgerError, match=r"^its table `ledger` has 0 rows; expected one$"):
        begin.version()
