"""`sesam-slo maintenance` as a person and a script meet it: what goes where, with which status."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from sesam_slo.cli import main
from sesam_slo.cli.maintenance import record_windows
from sesam_slo.core.history import Changes, Recorded
from sesam_slo.core.model import AnnouncedWindow, Origin
from sesam_slo.ledger import open_ledger

CONFIG = """\
policy:
  maintenance:
    recurring: [{name: nightly, start: "00:00", end: "03:00"}]
    announced:
      - {name: in file, services: [a], start: 2099-12-05T20:00:00+01:00, end: 2099-12-05T22:00:00+01:00,
         announced_at: 2026-01-01T09:00:00+01:00}
services:
  - {name: a, endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]}
  - {name: b, endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]}
"""
OSLO = ZoneInfo("Europe/Oslo")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = datetime.now(OSLO).replace(hour=20, minute=0, second=0, microsecond=0).astimezone(UTC)
SOON, LATE = TODAY + DAY, TODAY + 9 * DAY  # too late to announce, and early enough


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def maintenance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`maintenance("list", ...)` in a folder of its own."""
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        try:
            status = main(["maintenance", *arguments])
        except SystemExit as wrong_usage:
            status = int(str(wrong_usage.code))
        captured = capfd.readouterr()
        return Said(status, captured.out, captured.err)

    return run


def iso(at: datetime) -> str:
    return at.astimezone(OSLO).isoformat()


def announce(maintenance: Run, name: str = "upgrade", start: datetime = LATE, *further: str) -> Said:
    times = ("--start", iso(start), "--end", iso(start + 2 * HOUR))
    return maintenance("announce", name, *times, "--author", "anna", *further)


def listed(maintenance: Run, *further: str) -> list[dict[str, Any]]:
    return json.loads(maintenance("list", "--format", "json", *further).out)


def recorded() -> Recorded:
    ledger = open_ledger("sqlite:///sesam-slo.db", create=False)
    try:
        assert ledger.verify().fault is None
        return ledger.read()
    finally:
        ledger.close()


class TestAnnounce:
    def test_says_that_it_counts_and_keeps_the_proof(self, maintenance: Run) -> None:
        told = iso(TODAY - 2 * DAY)
        said = announce(
            maintenance, "upgrade", LATE, "--service", "a", "--channel", "email", "--ticket", "OPS-1", "--announced-at", told
        )  # fmt: skip
        assert said.status == 0
        assert said.out.startswith(f"upgrade: {iso(LATE)} to {iso(LATE + 2 * HOUR)}, a: counts: announced ")
        (window,) = recorded().windows
        assert (window.origin, window.channel, window.ticket, window.author) == (
            Origin.COMMAND, "email", "OPS-1", "anna",
        )  # fmt: skip
        assert (window.services, window.announced_at) == (frozenset({"a"}), datetime.fromisoformat(told))

    def test_warns_at_once_of_short_notice(self, maintenance: Run) -> None:
        said = announce(maintenance, "upgrade", SOON)
        assert said.status == 0
        sentence = (
            f"upgrade: {iso(SOON)} to {iso(SOON + 2 * HOUR)}, all services: short notice, deducts nothing: announced "
        )
        assert said.out.startswith(sentence)
        assert said.err == f"warning: {said.out}"
        assert said.err.endswith(" before its start, 48h needed\n")

    def test_tells_back_dating(self, maintenance: Run) -> None:
        said = announce(maintenance, "upgrade", SOON, "--announced-at", iso(SOON - 49 * HOUR))
        assert "counts: announced 49h before its start, 48h needed; back-dated: recorded " in said.out
        assert said.err == f"warning: {said.out}"

    @pytest.mark.parametrize(
        ("start", "hint"),
        [
            ("2026-12-05T20:00", "in Europe/Oslo it is 2026-12-05T20:00+01:00"),
            ("2026-07-05", "in Europe/Oslo it is 2026-07-05T00:00+02:00"),
            ("2026-10-25T02:30", "in Europe/Oslo it comes twice: 2026-10-25T02:30+02:00 and 2026-10-25T02:30+01:00"),
            ("2026-03-29T02:30", "in Europe/Oslo the clock skips it; expected an instant that there is"),
        ],
    )
    def test_a_time_without_an_offset_is_refused_with_the_one_it_would_have(
        self, maintenance: Run, start: str, hint: str
    ) -> None:
        said = maintenance("announce", "upgrade", "--start", start, "--end", iso(LATE))
        assert said == Said(2, "", f"--start {start}: has no offset; {hint}\n")
        assert not Path("sesam-slo.db").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--start", "tonight", "--end", iso(LATE)), "--start 'tonight': expected ISO 8601 with an offset, such as "
             "2026-12-05T20:00+01:00\n"),
            (("--start", "9999-01-01T00:00Z", "--end", iso(LATE)), '--start: too far from today: "9999-01-01T00:00Z"; '
             "expected a year from 1971 to 2999\n"),
            (("--start", iso(LATE), "--end", iso(LATE + HOUR), "--service", "c"), "upgrade: no such service: c; "
             "expected one of a, b\n"),
            (("--start", iso(LATE), "--end", iso(LATE), "--silence"), "--silence: no Alertmanager to ask; expected "
             "alertmanager.url in the configuration\n"),
        ],
    )  # fmt: skip
    def test_wrong_usage_is_status_2(self, maintenance: Run, arguments: tuple[str, ...], message: str) -> None:
        assert maintenance("announce", "upgrade", *arguments) == Said(2, "", message)

    @pytest.mark.parametrize(
        ("name", "further", "message"),
        [
            ("in file", (), "in file: stands in the configuration file, 2099-12-05T20:00:00+01:00 to "
             "2099-12-05T22:00:00+01:00; expected another name, or the change there\n"),
            ("upgrade", ("--author", ""), "author: empty; expected one line of text\n"),
            ("\x1b[2J", (), "name: has a control character, or a space at an end; expected one line of text\n"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_announced_is_status_1(
        self, maintenance: Run, name: str, further: tuple[str, ...], message: str
    ) -> None:
        assert announce(maintenance, name, LATE, *further) == Said(1, "", message)

    def test_a_ledger_that_cannot_be_written_is_a_sentence(self, maintenance: Run) -> None:
        Path("sesam-slo.db").write_bytes(b"no database at all, whatever is expected of it" * 100)
        said = announce(maintenance)
        assert (said.status, said.out) == (1, "")
        assert said.err.startswith("ledger ")
        assert "Traceback" not in said.err


class TestChangeAndCancel:
    def test_a_change_says_piece_by_piece_what_counts(self, maintenance: Run) -> None:
        announce(maintenance)
        said = maintenance("change", "upgrade", "--end", iso(LATE + 3 * HOUR), "--author", "bob")
        assert (said.status, said.err) == (0, "")
        kept, added = said.out.splitlines()
        assert kept.startswith(f"upgrade: {iso(LATE)} to {iso(LATE + 2 * HOUR)}, all services: counts: ")
        assert added.startswith(f"upgrade: {iso(LATE + 2 * HOUR)} to {iso(LATE + 3 * HOUR)}, all services: counts: ")
        assert [window.author for window in recorded().windows] == ["anna", "bob"]

    def test_services_are_changed_to_those_named_or_to_all(self, maintenance: Run) -> None:
        announce(maintenance, "upgrade", LATE, "--service", "a")
        assert maintenance("change", "upgrade", "--service", "a", "--service", "b").status == 0
        assert maintenance("change", "upgrade", "--all-services").status == 0
        standing = [each["services"] for each in listed(maintenance) if each["name"] == "upgrade"]
        assert standing == [["a"], ["b"], None]

    def test_nothing_to_change_is_wrong_usage(self, maintenance: Run) -> None:
        announce(maintenance)
        assert maintenance("change", "upgrade") == Said(
            2, "", "nothing to change: expected --start, --end, --service, --all-services or --silence\n"
        )

    def test_a_window_is_cancelled_once_with_its_reason_in_the_record(self, maintenance: Run) -> None:
        announce(maintenance)
        said = maintenance("cancel", "upgrade", "--author", "bob", "--reason", "no new disks")
        assert said == Said(0, f"upgrade: cancelled: {iso(LATE)} to {iso(LATE + 2 * HOUR)}, all services\n", "")
        again = maintenance("cancel", "upgrade", "--author", "bob")
        assert (again.status, again.out) == (1, "")
        assert again.err.startswith("upgrade: was cancelled 20")
        assert next(each for each in listed(maintenance) if each["name"] == "upgrade")["state"] == "withdrawn"

    def test_an_unknown_name_is_told_the_known_ones(self, maintenance: Run) -> None:
        announce(maintenance)
        assert maintenance("cancel", "upgrad", "--author", "bob") == Said(
            1, "", "upgrad: no window of that name is announced; expected one of upgrade\n"
        )


class TestList:
    def test_before_the_exporter_has_run_it_shows_the_file(self, maintenance: Run) -> None:
        said = maintenance("list")
        assert (said.status, said.err) == (
            0,
            "note: the exporter has not loaded the file's present windows yet: in file\n",
        )
        header, row = said.out.splitlines()
        assert header.split() == [
            "name", "start", "end", "services", "origin", "state", "verdict", "notice_hours", "announced_at", "channel",
            "ticket", "author",
        ]  # fmt: skip
        assert row.startswith(
            "in file  2099-12-05T20:00:00+01:00  2099-12-05T22:00:00+01:00  a         file    ahead  counts"
        )
        assert not Path("sesam-slo.db").exists()

    def test_windows_of_the_file_and_of_commands_are_listed_with_verdict_and_proof(self, maintenance: Run) -> None:
        announce(maintenance, "upgrade", LATE, "--ticket", "OPS-1")
        announce(maintenance, "short", SOON)
        found = {each["name"]: each for each in listed(maintenance)}
        assert list(found) == ["short", "upgrade", "in file"]
        assert [(each["origin"], each["counts"], each["short_notice"]) for each in found.values()] == [
            ("command", False, True),
            ("command", True, False),
            ("file", True, False),
        ]
        assert (found["upgrade"]["ticket"], found["upgrade"]["author"]) == ("OPS-1", "anna")
        assert found["short"]["notice_hours"] < 48 == found["short"]["notice_needed_hours"]
        assert (found["in file"]["recorded_at"], found["upgrade"]["recorded_at"] is None) == (None, False)

    def test_bounds_and_recurring_windows(self, maintenance: Run) -> None:
        announce(maintenance)
        bounds = ("--from", iso(LATE + HOUR), "--to", iso(LATE + 2 * DAY))
        assert [each["name"] for each in listed(maintenance, *bounds)] == ["upgrade"]
        names = [each["name"] for each in listed(maintenance, *bounds, "--recurring")]
        assert names == ["upgrade", "nightly", "nightly"]
        assert maintenance("list", "--recurring", "--to", "2999-01-01T00:00Z") == Said(
            2, "", "--to: expected at most 400 days after --from, with --recurring\n"
        )

    def test_csv_has_a_row_each(self, maintenance: Run) -> None:
        announce(maintenance, "upgrade", LATE, "--service", "a", "--service", "b")
        row, in_file = csv.DictReader(io.StringIO(maintenance("list", "--format", "csv").out))
        assert (row["name"], row["services"], row["origin"], row["author"]) == ("upgrade", "a b", "command", "anna")
        assert in_file["recorded_at"] == ""

    def test_nothing_is_said_to_be_nothing(self, maintenance: Run) -> None:
        assert maintenance("list", "--to", "2026-01-01T00:00Z").out == "no maintenance\n"


class TestIcal:
    def test_writes_the_calendar_to_stdout_or_a_file(self, maintenance: Run) -> None:
        announce(maintenance, "upgrade", LATE, "--service", "a")
        said = maintenance("ical", "--service", "a")
        names = [str(event["summary"]) for event in Calendar.from_ical(said.out).walk("VEVENT")]
        assert names.count("Maintenance: upgrade") == 1
        assert names.count("Maintenance: nightly") in (89, 90, 91)
        assert maintenance("ical", "--service", "b", "--out", "b.ics").status == 0
        of_b = Calendar.from_ical(Path("b.ics").read_bytes())
        assert {str(event["summary"]) for event in of_b.walk("VEVENT")} == {"Maintenance: nightly"}

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (("--service", "c"), 2, "--service c: not in the configuration; expected one of a, b\n"),
            (("--out", "no/where.ics"), 1, "no/where.ics: cannot be written: No such file or directory\n"),
        ],
    )
    def test_what_cannot_be_written_is_said(
        self, maintenance: Run, arguments: tuple[str, ...], status: int, message: str
    ) -> None:
        said = maintenance("ical", *arguments)
        assert (said.status, said.out) == (status, "")
        assert said.err.endswith(message)

    @pytest.mark.parametrize("days", ["0", "-1", "3651", "many", "²"])
    def test_days_are_a_number_of_them(self, maintenance: Run, days: str) -> None:
        said = maintenance("ical", "--days", days)
        assert said.status == 2
        assert f"{days!r}: expected a number of days from 1 to 3650" in said.err


class TestSilence:
    def test_where_alertmanager_does_not_answer_the_window_stands_and_the_status_says_so(
        self, maintenance: Run
    ) -> None:
        Path("sesam-slo.yml").write_text(f"{CONFIG}alertmanager: {{url: 'http://127.0.0.1:9'}}\n")
        said = announce(maintenance, "upgrade", LATE, "--silence")
        assert said.status == 1
        assert said.out.startswith("upgrade: ")
        assert said.err == (
            "upgrade: is recorded, its silence is not in Alertmanager: http://127.0.0.1:9: does not answer: ConnectionError; "
            "`maintenance change upgrade --silence` tries again\n"
        )
        assert len(recorded().windows) == 1
        assert maintenance("change", "upgrade", "--silence").err == said.err
        assert maintenance("change", "upgrade", "--end", iso(LATE + HOUR)).err == (
            "upgrade: is recorded; where Alertmanager has a silence of it, that is as it was: http://127.0.0.1:9: does not "
            "answer: ConnectionError\n"
        )
        assert maintenance("cancel", "upgrade").err == (
            "upgrade: is cancelled; where Alertmanager has a silence of it, expire it there: http://127.0.0.1:9: does not "
            "answer: ConnectionError\n"
        )


def test_a_decision_that_another_command_overtook_is_taken_again(tmp_path: Path) -> None:
    url, asked = f"sqlite:///{tmp_path}/ledger.db", []

    def window(name: str) -> Changes:
        at = datetime.now(UTC)
        return Changes(windows=(AnnouncedWindow(name, LATE, LATE + HOUR, at, recorded_at=at, origin=Origin.COMMAND),))

    def decide(known: Recorded) -> Changes:
        asked.append([each.name for each in known.windows])
        if len(asked) == 1:
            ledger = open_ledger(url)
            ledger.write(window("overtook"), author="bob")
            ledger.close()
        return window("mine")

    record_windows(lambda: open_ledger(url), decide, "anna", "")
    assert asked == [[], ["overtook"]]


def test_a_piece_recorded_by_another_process_meanwhile_is_seen(maintenance: Run) -> None:
    """What another command announced is there for this one: the name is taken."""
    ledger = open_ledger("sqlite:///sesam-slo.db")
    at = datetime.now(UTC)
    window = AnnouncedWindow("upgrade", LATE, LATE + HOUR, at, recorded_at=at, origin=Origin.COMMAND, author="bob")
    ledger.write(Changes(windows=(window,)), author="bob")
    ledger.close()
    said = announce(maintenance)
    assert said == Said(
        1,
        "",
        f"upgrade: is announced already, {iso(LATE)} to {iso(LATE + HOUR)}; expected `change`, or another name\n",
    )
