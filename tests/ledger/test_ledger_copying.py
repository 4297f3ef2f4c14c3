"""Copies of a ledger: the same ledger, whole, as it was at one instant; never over anything, never of what is damaged."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_faults import disk_full
from ledger_values import START, all_numbered, numbered
from sqlalchemy import create_engine

from sesam_slo.cli import main
from sesam_slo.core.history import Changes, Correction, Recorded
from sesam_slo.ledger import Ledger, LedgerError, open_ledger
from sesam_slo.ledger.copying import Copied, backup, copy, restore
from sesam_slo.ledger.migrations import MIGRATIONS

CORRECTED = Changes(
    corrections=(Correction("event-000000", START, "kari", "asked the customer", {"cause": "customer"}),)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with facts of several kinds and a person's correction."""
    path = tmp_path / "ledger.db"
    ledger = open_ledger(url(path))
    ledger.write(all_numbered(11))
    ledger.write(CORRECTED, author="kari")
    ledger.close()
    return path


@pytest.fixture
def saved(path: Path, tmp_path: Path) -> Path:
    saved = tmp_path / "saved.db"
    backup(url(path), saved)
    return saved


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def read(path: Path) -> Recorded:
    with closing(open_ledger(url(path), create=False)) as ledger:
        return ledger.read()


def identity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT identity FROM ledger").fetchone()[0]


def altered(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def refusal(act: Callable[..., Copied], *arguments: object) -> str:
    with pytest.raises(LedgerError) as raised:
        act(*arguments)
    return str(raised.value)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


# Backup


def test_a_backup_is_the_same_ledger_in_one_file_for_its_owner_alone(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = backup(url(path), folder / "saved.db")
    assert names(folder) == ["saved.db"]
    assert stat.S_IMODE((folder / "saved.db").stat().st_mode) == 0o600
    assert (made.identity, made.fault) == (identity(path), None)
    assert read(folder / "saved.db") == read(path)
    assert identity(folder / "saved.db") == identity(path)


def test_a_backup_has_what_stands_in_the_write_ahead_log_alone(path: Path, tmp_path: Path) -> None:
    with closing(open_ledger(url(path))) as ledger:
        ledger.write(numbered(12))
        assert path.with_name("ledger.db-wal").stat().st_size > 0
        backup(url(path), tmp_path / "saved.db")
        assert read(tmp_path / "saved.db") == ledger.read()


def test_a_backup_neither_holds_up_a_writer_nor_begins_anew_for_it_nor_sees_half_of_what_it_writes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesam_slo.ledger.copying._PAGES_AT_ONCE", 1)
    before, left_after_each_step = read(path), []
    with closing(open_ledger(url(path), exclusive=True)) as ledger:

        def write_in_between(_status: int, left: int, _all: int) -> None:
            ledger.write(numbered(12 + len(left_after_each_step)))
            left_after_each_step.append(left)

        backup(url(path), tmp_path / "saved.db", write_in_between)
        pages = len(left_after_each_step)
        assert left_after_each_step == list(reversed(range(pages)))
        assert pages > 10
        assert len(ledger.read().runs) == len(before.runs) + pages
    assert read(tmp_path / "saved.db") == before


def test_a_backup_leaves_a_ledger_of_an_earlier_version_at_its_version(path: Path, tmp_path: Path) -> None:
    first = tmp_path / "first.db"
    of_the_first_version(first)
    backup(url(first), tmp_path / "saved.db")
    for each in (first, tmp_path / "saved.db"):
        with closing(sqlite3.connect(each)) as connection:
            assert connection.execute("SELECT schema_version FROM ledger").fetchall() == [(1,)]


def test_a_backup_of_a_ledger_whose_history_was_altered_is_made_and_says_so(path: Path, tmp_path: Path) -> None:
    altered(path, "UPDATE revisions SET reason = 'none' WHERE number = 2")
    assert backup(url(path), tmp_path / "saved.db").fault == "revision 2 was altered"
    assert (tmp_path / "saved.db").exists()


@pytest.mark.parametrize("there", ["file", "dangling link", "directory"])
def test_a_backup_refuses_to_overwrite(path: Path, tmp_path: Path, there: str) -> None:
    saved = tmp_path / "saved.db"
    {
        "file": lambda: saved.write_text("precious"),
        "dangling link": lambda: saved.symlink_to(tmp_path / "nowhere"),
        "directory": saved.mkdir,
    }[there]()
    before = names(tmp_path)
    assert refusal(backup, url(path), saved) == (
        f"backup {saved}: exists already and is not overwritten; expected nothing there"
    )
    assert names(tmp_path) == before


@pytest.mark.parametrize("hard_links", [True, False])
def test_what_came_to_the_place_of_a_backup_meanwhile_stays(
    path: Path, tmp_path: Path, hard_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hard_links:
        monkeypatch.setattr(os, "link", no_hard_links)
    saved = tmp_path / "saved.db"
    assert refusal(backup, url(path), saved, lambda *_: saved.write_text("precious")) == (
        f"backup {saved}: exists already and is not overwritten; expected nothing there"
    )
    assert saved.read_text() == "precious"
    assert names(tmp_path) == ["ledger.db", "saved.db"]


def test_a_file_system_without_hard_links_will_do(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_hard_links)
    backup(url(path), tmp_path / "saved.db")
    assert read(tmp_path / "saved.db") == read(path)


def test_an_interrupted_backup_leaves_nothing(path: Path, tmp_path: Path) -> None:
    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(url(path), tmp_path / "saved.db", interrupt)
    assert names(tmp_path) == ["ledger.db"]


def test_a_full_disk_leaves_nothing(path: Path, tmp_path: Path) -> None:
    with closing(open_ledger(url(path))), disk_full(path):
        said = refusal(backup, url(path), tmp_path / "saved.db")
    assert said.startswith(f"backup {tmp_path / 'saved.db'}: cannot be written: ")
    assert names(tmp_path) == ["ledger.db"]


def no_hard_links(*_: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def of_the_first_version(path: Path) -> None:
    """A ledger as the first release of this program wrote it."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA application_id = 1397967951")
        MIGRATIONS[0](connection)
        connection.exec_driver_sql("UPDATE ledger SET schema_version = 1")
        connection.exec_driver_sql(
            "INSERT INTO runs VALUES ('datahub-prod', 'api', 0, 900000000, 600000000, 'timeout')"
        )
    engine.dispose()


# What is no sound ledger is refused by both, before anything is in its place


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


def of_another_program(path: Path) -> None:
    path.unlink()
    altered(path, "CREATE TABLE songs (title TEXT)")


def newer(path: Path) -> None:
    altered(path, "UPDATE ledger SET schema_version = 99")


def without_its_row(path: Path) -> None:
    altered(path, "DELETE FROM ledger")


def cut_short(path: Path) -> None:
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten_inside(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'runs'").fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with path.open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


UNSOUND = [
    (Path.unlink, "does not exist; expected a ledger of sesam-slo"),
    (empty, "is no ledger of sesam-slo; expected one"),
    (text, "is not an SQLite database; expected a ledger of sesam-slo"),
    (of_another_program, "is no ledger of sesam-slo; expected one"),
    (newer, f"its schema has version 99; expected at most {len(MIGRATIONS)}, it was written by a newer sesam-slo"),
    (without_its_row, "its table `ledger` has 0 rows; expected one"),
]
DAMAGED = [cut_short, overwritten_inside]


@pytest.mark.parametrize(("spoil", "problem"), UNSOUND, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_no_ledger_is_neither_backed_up_nor_restored(
    path: Path, saved: Path, tmp_path: Path, spoil: Callable[[Path], None], problem: str
) -> None:
    spoil(path)
    spoil(saved)
    before = names(tmp_path)
    assert refusal(backup, url(path), tmp_path / "new.db") == f"ledger {path}: {problem}"
    assert refusal(restore, saved, url(tmp_path / "new.db")) == f"backup {saved}: {problem}"
    assert set(names(tmp_path)) - set(before) == {"new.db.lock"}


@pytest.mark.parametrize("spoil", DAMAGED, ids=lambda value: value.__name__)
def test_what_is_damaged_is_neither_backed_up_nor_restored(
    path: Path, saved: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(path)
    spoil(saved)
    for said, of in (
        (refusal(backup, url(path), tmp_path / "new.db"), f"ledger {path}"),
        (refusal(restore, saved, url(tmp_path / "new.db")), f"backup {saved}"),
    ):
        assert said.startswith((f"{of}: is damaged: ", f"{of}: cannot be read: "))
        assert "\n" not in said
    assert not (tmp_path / "new.db").exists()


def test_a_place_without_a_directory_is_refused(path: Path, saved: Path, tmp_path: Path) -> None:
    place = tmp_path / "no" / "where.db"
    problem = f"its directory {place.parent} does not exist; expected an existing one"
    assert refusal(backup, url(path), place) == f"backup {place}: {problem}"
    assert refusal(restore, saved, url(place)) == f"ledger {place}: {problem}"


# Restore


def test_what_is_restored_is_the_ledger_that_was_backed_up_and_the_backup_stays_as_it_is(
    path: Path, saved: Path, tmp_path: Path
) -> None:
    before, bytes_before = read(path), saved.read_bytes()
    place = tmp_path / "elsewhere" / "ledger.db"
    place.parent.mkdir()
    restored = restore(saved, url(place))
    assert (restored.identity, restored.fault) == (identity(path), None)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert names(place.parent) == ["ledger.db", "ledger.db.lock"]
    assert saved.read_bytes() == bytes_before
    assert read(place) == before


def test_a_restored_ledger_goes_on_with_its_chain(path: Path, saved: Path, tmp_path: Path) -> None:
    restore(saved, url(tmp_path / "new.db"))
    with closing(open_ledger(url(tmp_path / "new.db"), create=False, exclusive=True)) as ledger:
        before = ledger.read().head
        ledger.write(numbered(15))
        assert ledger.verify(before).fault is None
        assert ledger.verify().head.number == before.number + 1


def test_a_backup_of_an_earlier_version_is_migrated_when_it_is_opened(tmp_path: Path) -> None:
    saved, place = tmp_path / "first.db", tmp_path / "new.db"
    of_the_first_version(saved)
    restore(saved, url(place))
    (run,) = read(place).runs
    assert (run.service, run.reason) == ("datahub-prod", "timeout")


@pytest.mark.parametrize("content", [b"", b"precious"], ids=["empty", "anything"])
def test_restore_refuses_to_overwrite(saved: Path, tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "new.db"
    place.write_bytes(content)
    assert refusal(restore, saved, url(place)) == (
        f"ledger {place}: exists already and is not overwritten; expected nothing there"
    )
    assert place.read_bytes() == content


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_restore_refuses_a_place_where_the_log_of_an_earlier_ledger_would_be_played_into_it(
    saved: Path, tmp_path: Path, suffix: str
) -> None:
    place = tmp_path / "new.db"
    place.with_name(f"new.db{suffix}").write_bytes(b"left")
    assert refusal(restore, saved, url(place)) == (
        f"ledger {place}: new.db{suffix} of an earlier one lies beside it; expected it moved away"
    )
    assert not place.exists()


def test_restore_refuses_where_an_exporter_runs_on_a_ledger_that_was_moved_away(saved: Path, tmp_path: Path) -> None:
    place = tmp_path / "new.db"
    with closing(open_ledger(url(place), exclusive=True)):
        for left in tmp_path.glob("new.db*"):
            if left.suffix != ".lock":
                left.rename(tmp_path / f"away-{left.name}")
        assert refusal(restore, saved, url(place)) == (
            f"ledger {place}: is in use by an exporter, which holds {place}.lock; expected it stopped"
        )
        assert not place.exists()


# Copy


def test_a_copy_into_an_empty_database_is_the_same_ledger_with_the_same_chain(path: Path, tmp_path: Path) -> None:
    place = tmp_path / "copy.db"
    made = copy(url(path), url(place))
    assert read(place) == read(path)
    assert made == Copied(identity(path), made.rows, None)
    assert identity(place) == identity(path)
    with closing(open_ledger(url(place), create=False)) as ledger:
        assert ledger.verify(read(path).head).fault is None


def test_a_copy_counts_the_rows_that_a_backup_counts(path: Path, tmp_path: Path) -> None:
    assert copy(url(path), url(tmp_path / "copy.db")) == backup(url(path), tmp_path / "saved.db")


def test_a_copy_of_more_rows_than_are_taken_at_once_is_whole(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesam_slo.ledger.copying._ROWS_AT_ONCE", 5)
    copy(url(path), url(tmp_path / "copy.db"))
    assert read(tmp_path / "copy.db") == read(path)


def test_a_copy_refuses_a_target_that_holds_anything_even_itself(path: Path, tmp_path: Path) -> None:
    place = tmp_path / "other.db"
    with closing(open_ledger(url(place))) as other:
        other.write(numbered(0))
    before = read(place)
    for target in (place, path):
        assert refusal(copy, url(path), url(target)) == (
            f"ledger {target}: has checkpoints already; expected an empty ledger, or none"
        )
    assert read(place) == before


def test_a_copy_refuses_a_target_that_an_exporter_uses(path: Path, tmp_path: Path) -> None:
    place = tmp_path / "other.db"
    with closing(open_ledger(url(place), exclusive=True)):
        assert refusal(copy, url(path), url(place)) == (
            f"ledger {place}: is in use by another exporter, which holds {place}.lock; expected one exporter"
        )


def test_a_copy_of_a_table_that_cannot_be_read_leaves_the_target_empty_and_names_the_table(
    path: Path, tmp_path: Path
) -> None:
    place = tmp_path / "copy.db"
    overwritten_inside(path)
    assert refusal(copy, url(path), url(place)) == (
        "ledger to be copied: its runs cannot be read: database disk image is malformed"
    )
    assert read(place) == Recorded()


def test_a_copy_is_of_one_state_while_the_original_is_written(path: Path, tmp_path: Path) -> None:
    before = read(path)
    with closing(open_ledger(url(path), exclusive=True)) as ledger:
        copy_while(ledger, url(path), url(tmp_path / "copy.db"))
    assert read(tmp_path / "copy.db") == before


def copy_while(ledger: Ledger, source: str, target: str) -> None:
    """Copies with a write to the original before every table but the first."""
    from sesam_slo.ledger import copying

    pour, poured = copying._pour, []

    def pour_and_write(*arguments: object) -> int:
        if poured:
            ledger.write(numbered(20 + len(poured)))
        poured.append(arguments)
        return pour(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "_pour", pour_and_write)
        copy(source, target)


# The command


@pytest.fixture
def configured(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration whose credentials are not there: who makes backups need not be able to read them."""
    file = tmp_path / "sesam-slo.yml"
    authorization = "{type: Bearer, credentials_file: /nowhere/token}"
    endpoint = f'{{name: api, kind: api, url: "http://127.0.0.1:9/", authorization: {authorization}}}'
    file.write_text(f"services: [{{name: svc, endpoints: [{endpoint}]}}]\nledger: {url(path)}\n")
    return str(file)


def test_the_command_backs_up_and_copies_and_restores(
    configured: str, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, copied, away = tmp_path / "saved.db", tmp_path / "copy.db", tmp_path / "away.db"
    before, mark = read(path), identity(path)
    assert main(["ledger", "backup", str(saved), "--config", configured]) == 0
    assert main(["--config", configured, "ledger", "copy", "--to", url(copied)]) == 0
    shutil.move(path, away)
    assert main(["ledger", "--config", configured, "restore", str(saved)]) == 0
    said = capsys.readouterr()
    rows = backup(url(path), tmp_path / "again.db").rows
    assert said.out.splitlines() == [
        f"{place}: ledger {mark}, {rows} rows" for place in (saved, url(copied), url(path))
    ]
    assert said.err == ""
    assert read(path) == read(copied) == before


def test_the_command_says_in_one_line_why_it_could_not_be_done(
    configured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.db"
    shutil.move(tmp_path / "ledger.db", tmp_path / "away.db")
    assert main(["ledger", "restore", str(missing), "--config", configured]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"backup {missing}: does not exist; expected a ledger of sesam-slo\n")


def test_the_command_warns_of_a_history_that_was_altered(
    configured: str, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered(path, "UPDATE revisions SET reason = 'none' WHERE number = 2")
    assert main(["ledger", "backup", str(tmp_path / "saved.db"), "--config", configured]) == 0
    assert capsys.readouterr().err == "warning: copied as it is, with a fault in its history: revision 2 was altered\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["backup"], "the following arguments are required: FILE"),
        (["copy"], "the following arguments are required: --to"),
        (["copy", "--to", "mysql://host/db"], "argument --to: not a URL of a ledger; "
         "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"),
    ],
    ids=["no command", "no file", "no target", "no ledger's URL"],
)  # fmt: skip
def test_wrong_usage_is_status_2(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ledger", *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: {problem}")
