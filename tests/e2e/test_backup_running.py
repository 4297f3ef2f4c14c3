"""A backup is taken of a ledger that an exporter is writing; the exporter does not notice, and the backup is as good as it.

One exporter watches a simulated SESAM through two outages; backups are taken in the middle of the second. Then the machine is
lost, and another exporter begins elsewhere with the last of them, while that outage goes on.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from exporter_view import LogEntry, Scrape
from programs import Program, exporter
from sesam_simulator import SesamSimulator
from waiting import until

from sesam_slo.core import names
from sesam_slo.core.history import Event
from sesam_slo.ledger import open_ledger

SERVICE = "datahub-prod"
WITHIN_SECONDS = 60.0
BACKUPS = 10
PROBE_INTERVAL = timedelta(seconds=1)
PROBE = timedelta(seconds=0.9)  # from when a probe starts to when SESAM has its request, on a busy machine


class Place:
    """A folder with a configuration, a ledger and a log, where exporters run."""

    def __init__(self, folder: Path, sesam: SesamSimulator) -> None:
        folder.mkdir()
        self.ledger, self._log, self._configuration = folder / "ledger.db", folder / "log", folder / "sesam-slo.yml"
        document = {
            "policy": {"downtime_after": "4s", "bridge_at_most": "60s", "maintenance": {"recurring": []}},
            "probe": {"interval": "1s", "timeout": "800ms"},
            "services": [{"name": SERVICE, "endpoints": sesam.endpoints(SERVICE)}],
            "ledger": f"sqlite:///{self.ledger}",
            "web": {"listen": "127.0.0.1:0"},
        }
        self._configuration.write_text(yaml.safe_dump(document))

    def run(self) -> Program:
        return exporter(self._configuration, self._log)

    def command(self, *arguments: str | Path) -> tuple[int, str]:
        """The status of `sesam-slo ledger` and what it said on stderr."""
        command = [sys.executable, "-m", "sesam_slo.cli", "ledger", *arguments, "--config", self._configuration]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN_SECONDS)
        return done.returncode, done.stderr

    def log(self) -> str:
        return self._log.read_text()


@dataclass(frozen=True, slots=True)
class Played:
    sesam: SesamSimulator
    first: Place
    second: Place
    backups: list[Path]
    before: Scrape  # of the first exporter, before any backup
    after: Scrape  # of the same one, a while after the last
    backed_up: list[tuple[int, str]]
    restored_under_it: tuple[int, str]
    restored: list[tuple[int, str]]  # into the other place, once and once more
    elsewhere: Scrape  # of the second exporter, once the outage is over


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backup")
    with SesamSimulator() as sesam:
        first, second = Place(folder / "first", sesam), Place(folder / "second", sesam)
        yield play(sesam, first, second, [folder / f"{number}.db" for number in range(BACKUPS)])


def play(sesam: SesamSimulator, first: Place, second: Place, backups: list[Path]) -> Played:
    running = first.run()
    try:
        sesam.fail(SERVICE)
        await_downtime(running, 1)
        sesam.recover(SERVICE)
        await_downtime(running, 0)
        sesam.fail(SERVICE)
        await_downtime(running, 1)
        before = Scrape.of(running)
        backed_up = [first.command("backup", each) for each in backups]
        restored_under_it = first.command("restore", backups[-1])
        counted = counter(Scrape.of(running))
        until(lambda: counter(Scrape.of(running)) > counted + 2, within=WITHIN_SECONDS, what="two seconds of downtime")
        after = Scrape.of(running)
    finally:
        running.stop()
    restored = [second.command("restore", backups[-1]) for _ in range(2)]
    running = second.run()
    try:
        # from its own first failure on: a success right after the silence would say that the outage had ended in it
        until(lambda: counter(Scrape.of(running)) > counter(after), within=WITHIN_SECONDS, what="the outage going on")
        sesam.recover(SERVICE)
        await_downtime(running, 0)
        elsewhere = Scrape.of(running)
    finally:
        running.stop()
    return Played(sesam, first, second, backups, before, after, backed_up, restored_under_it, restored, elsewhere)


def await_downtime(program: Program, active: int) -> None:
    until(
        lambda: Scrape.of(program).value(names.DOWNTIME_ACTIVE, service=SERVICE) == active,
        within=WITHIN_SECONDS,
        what=f"downtime_active {active}",
    )


def counter(scrape: Scrape) -> float:
    found = scrape.value(names.DOWNTIME_SECONDS, service=SERVICE, **{"class": "unplanned"})
    assert found is not None
    return found


def events(path: Path) -> tuple[Event, ...]:
    with closing(open_ledger(f"sqlite:///{path}", create=False)) as ledger:
        return ledger.read().events


def identity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT identity FROM ledger").fetchone()[0]


def test_every_backup_beside_a_running_exporter_is_made_and_is_one_file(played):
    assert played.backed_up == [(0, "")] * BACKUPS
    folder = played.backups[0].parent
    assert sorted(each.name for each in folder.iterdir() if each.is_file()) == [each.name for each in played.backups]


def test_a_backup_holds_what_the_exporter_had_written_by_then(played):
    finished, ongoing = events(played.first.ledger)
    for path in played.backups:
        assert [(each.id, each.start) for each in events(path)] == [
            (finished.id, finished.start),
            (ongoing.id, ongoing.start),
        ]
        with closing(open_ledger(f"sqlite:///{path}", create=False)) as ledger:
            assert ledger.verify().fault is None


def test_the_exporter_goes_on_without_a_gap(played):
    unobserved = [each.value(names.UNOBSERVED_SECONDS, service=SERVICE) for each in (played.before, played.after)]
    assert unobserved[0] == unobserved[1]
    assert played.after.value(names.EXPORTER_LEDGER_WRITE_FAILURES) == 0
    assert "level=error" not in played.first.log()


def test_restoring_under_a_running_exporter_is_refused(played):
    assert played.restored_under_it == (
        1,
        f"ledger {played.first.ledger}: exists already and is not overwritten; expected nothing there\n",
    )


def test_restoring_into_an_empty_place_is_done_once_and_refused_the_second_time(played):
    assert played.restored == [
        (0, ""),
        (1, f"ledger {played.second.ledger}: exists already and is not overwritten; expected nothing there\n"),
    ]


def test_the_restored_ledger_goes_on_under_the_identity_of_the_lost_one(played):
    assert identity(played.second.ledger) == identity(played.first.ledger)


def test_the_outage_across_the_loss_stays_one_entry_with_its_id_and_its_true_bounds(played):
    first, second = played.after.log(SERVICE), played.elsewhere.log(SERVICE)
    assert [entry.id for entry in second] == [entry.id for entry in first]
    recovered = next(
        asked.at for asked in played.sesam.asked(SERVICE) if asked.fault is None and asked.at > second[1].start
    )
    assert second[1].start == first[1].start
    assert abs(ended(second[1]) - recovered) < PROBE_INTERVAL + PROBE


def test_downtime_is_counted_whole_across_the_loss(played):
    entries = played.elsewhere.log(SERVICE)
    assert counter(played.elsewhere) == pytest.approx(sum(each.duration.total_seconds() for each in entries), abs=0.1)


def ended(entry: LogEntry) -> datetime:
    return entry.start + entry.duration
