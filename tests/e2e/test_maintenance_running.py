"""Maintenance beside a running exporter and a real Alertmanager: every command shows at the very next scrape.

One exporter and one Alertmanager live through a window that is announced, changed and cancelled, one that is under way, one that
comes too late, and one over HTTP; in between the exporter loads its file anew and is started again.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from exporter_view import Scrape
from icalendar import Calendar
from programs import Program, alertmanager, exporter
from sesam_simulator import SesamSimulator
from waiting import until

from sesam_slo.core import names

SERVICE, OTHER = "datahub-prod", "datahub-test"
WITHIN_SECONDS = 60.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RECEIVER = {"route": {"receiver": "nobody", "group_wait": "1s"}, "receivers": [{"name": "nobody"}]}


@dataclass(frozen=True, slots=True)
class Done:
    """A command, and what the first scrape after it and Alertmanager then say."""

    status: int
    out: str
    err: str
    scrape: Scrape
    silences: list[dict[str, Any]] = field(default_factory=list)  # those that have not expired

    def next_start(self, service: str = SERVICE) -> float | None:
        return self.scrape.value(names.MAINTENANCE_NEXT_START, service=service)


class Place:
    """A folder with a configuration; `maintenance` runs the command there."""

    def __init__(self, folder: Path, sesam: SesamSimulator, told: Program) -> None:
        self.folder, self.told, self.configuration = folder, told, folder / "sesam-slo.yml"
        (folder / "token").write_text("s3cret\n")
        document = {
            "policy": {"maintenance": {"recurring": []}},
            "services": [{"name": name, "endpoints": sesam.endpoints(name)} for name in (SERVICE, OTHER)],
            "ledger": f"sqlite:///{folder}/ledger.db",
            "alertmanager": {"url": told.url},
            "web": {"listen": "127.0.0.1:0", "write_token_file": "token"},
        }
        self.configuration.write_text(yaml.safe_dump(document))
        self.running = exporter(self.configuration, folder / "exporter.log")

    def restart(self) -> None:
        self.running.stop()
        self.running = exporter(self.configuration, self.folder / "exporter.log")

    def maintenance(self, *arguments: str) -> Done:
        command = [sys.executable, "-m", "sesam_slo.cli", "maintenance", *arguments]
        done = subprocess.run(
            [*command, "--config", str(self.configuration)],
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_SECONDS,
        )
        return self.seen(done.returncode, done.stdout, done.stderr)

    def over_http(self, method: str, path: str, **further: Any) -> Done:
        answer = requests.request(
            method,
            f"{self.running.url}/api/v1/maintenance{path}",
            headers={"Authorization": "Bearer s3cret"},
            timeout=WITHIN_SECONDS,
            **further,
        )
        return self.seen(answer.status_code, answer.text, "")

    def seen(self, status: int, out: str, err: str) -> Done:
        return Done(status, out, err, Scrape.of(self.running), self.silences())

    def silences(self) -> list[dict[str, Any]]:
        try:
            found = self.told.get("/api/v2/silences").json()
        except requests.ConnectionError:
            return []
        return [each for each in found if each["status"]["state"] != "expired"]

    def states(self) -> dict[str, str]:
        """Of each alert that Alertmanager knows: active, or suppressed by a silence."""
        alerts = self.told.get("/api/v2/alerts").json()
        return {
            f"{each['labels']['alertname']} {each['labels']['service']}": each["status"]["state"] for each in alerts
        }

    def fire(self, *alerts: tuple[str, str]) -> None:
        labels = [{"labels": {"alertname": name, "service": service}} for name, service in alerts]
        self.told.post("/api/v2/alerts", labels)


@dataclass(frozen=True, slots=True)
class Played:
    start: datetime
    announced: Done
    changed: Done
    reloaded: Scrape
    restarted: Scrape
    short: Done
    under_way: Done
    states: dict[str, str]
    posted: Done
    listed: list[dict[str, Any]]
    feed: Calendar
    cancelled: Done
    deleted: Done
    cut_short: Done
    unreachable: Done
    verified: int


@pytest.fixture(scope="module")
def played(loaded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maintenance")
    routes = folder / "alertmanager.yml"
    routes.write_text(yaml.safe_dump(RECEIVER))
    told = loaded(alertmanager, routes)
    with SesamSimulator() as sesam:
        place = Place(folder, sesam, told)
        try:
            return play(place)
        finally:
            place.running.stop()


def play(place: Place) -> Played:
    now = datetime.now(UTC).replace(microsecond=0)
    start = now + 3 * DAY
    announced = place.maintenance(
        "announce", "upgrade", *times(start, start + 2 * HOUR), "--service", SERVICE, "--silence", "--ticket", "OPS-1"
    )
    changed = place.maintenance("change", "upgrade", "--end", iso(start + 3 * HOUR))
    place.running.post("/-/reload")
    reloaded = Scrape.of(place.running)
    place.restart()
    until(lambda: place.running.get("/-/ready").ok, within=WITHIN_SECONDS, what="the exporter ready again")
    restarted = Scrape.of(place.running)
    short = place.maintenance("announce", "short", *times(now + HOUR, now + 2 * HOUR))
    told_early = ("--announced-at", iso(now - 3 * DAY))
    under_way = place.maintenance("announce", "disks", *times(now - HOUR, now + HOUR), *told_early, "--silence")
    place.fire(("SesamDowntime", SERVICE), ("SesamDowntime", OTHER), ("SesamMaintenanceOverrun", SERVICE))
    states = until(
        lambda: states if len(states := place.states()) == 3 and "unprocessed" not in states.values() else None,
        within=WITHIN_SECONDS,
        what="three alerts in Alertmanager",
    )
    body = {"name": "by http", "author": "anna", "start": iso(start + DAY), "end": iso(start + DAY + HOUR)}
    posted = place.over_http("POST", "", json={**body, "services": [OTHER]})
    listed = json.loads(place.maintenance("list", "--format", "json").out)
    feed = Calendar.from_ical(place.running.get("/api/v1/maintenance.ics").content)
    cancelled = place.maintenance("cancel", "upgrade", "--reason", "the disks are fine")
    deleted = place.over_http("DELETE", "/by%20http", params={"author": "bob"})
    cut_short = place.maintenance("cancel", "disks")
    place.told.stop()
    unreachable = place.maintenance("cancel", "short")
    command = [sys.executable, "-m", "sesam_slo.cli", "log", "verify", "--config", str(place.configuration)]
    verified = subprocess.run(command, capture_output=True, check=False, timeout=WITHIN_SECONDS).returncode
    return Played(
        start, announced, changed, reloaded, restarted, short, under_way, states, posted, listed, feed, cancelled,
        deleted, cut_short, unreachable, verified,
    )  # fmt: skip


def times(start: datetime, end: datetime) -> tuple[str, ...]:
    return "--start", iso(start), "--end", iso(end)


def iso(at: datetime) -> str:
    return at.isoformat()


def test_what_is_announced_is_ahead_at_the_next_scrape_for_its_service_alone(played):
    assert (played.announced.status, played.announced.err) == (0, "")
    assert played.announced.next_start() == played.start.timestamp()
    assert played.announced.next_start(OTHER) is None


def test_it_stands_in_alertmanager_as_a_silence_of_that_service(played):
    (silence,) = played.announced.silences
    assert (silence["comment"], silence["status"]["state"]) == (
        "sesam-slo maintenance: upgrade\nticket OPS-1",
        "pending",
    )
    matchers = {each["name"]: each["value"] for each in silence["matchers"]}
    assert matchers["service"] == SERVICE
    assert "SesamDowntime" in matchers["alertname"].split("|")
    assert instants(silence) == (played.start, played.start + 2 * HOUR)
    assert f"upgrade: silence {silence['id']}\n" in played.announced.out


def test_a_change_moves_the_silence_and_leaves_no_second_one(played):
    assert (played.changed.status, played.changed.err) == (0, "")
    (silence,) = played.changed.silences
    assert instants(silence) == (played.start, played.start + 3 * HOUR)
    assert played.changed.scrape.value(names.MAINTENANCE_NEXT_END, service=SERVICE) == (
        (played.start + 3 * HOUR).timestamp()
    )


def test_a_reload_of_the_file_and_a_restart_leave_the_windows_of_commands_alone(played):
    for scrape in (played.reloaded, played.restarted):
        assert scrape.value(names.MAINTENANCE_NEXT_START, service=SERVICE) == played.start.timestamp()


@pytest.mark.contract("notice")
def test_short_notice_warns_on_the_command_line_and_by_its_metric(played):
    assert played.short.status == 0
    assert "short notice, deducts nothing" in played.short.err
    assert played.short.scrape.value(names.MAINTENANCE_SHORT_NOTICE, service=SERVICE, name="short") == 1
    assert played.short.next_start(OTHER) is None


def test_a_window_under_way_is_active_at_once_and_told_to_be_back_dated(played):
    assert "back-dated" in played.under_way.err
    active = names.MAINTENANCE_ACTIVE
    assert played.under_way.scrape.value(active, service=OTHER, name="disks", source="announced") == 1


def test_its_silence_mutes_what_the_work_sets_off_and_nothing_else(played):
    assert played.states == {
        f"SesamDowntime {SERVICE}": "suppressed",
        f"SesamDowntime {OTHER}": "suppressed",
        f"SesamMaintenanceOverrun {SERVICE}": "active",
    }


def test_over_http_it_is_the_same(played):
    assert played.posted.status == 201
    assert played.posted.next_start(OTHER) == (played.start + DAY).timestamp()
    assert [each["name"] for each in played.listed] == ["disks", "short", "upgrade", "upgrade", "by http"]
    assert {str(event["summary"]) for event in played.feed.walk("VEVENT")} == {
        "Maintenance: disks",
        "Maintenance: short",
        "Maintenance: upgrade",
        "Maintenance: by http",
    }


def test_what_is_cancelled_is_gone_at_the_next_scrape_and_its_silence_with_it(played):
    assert (played.cancelled.status, played.cancelled.err) == (0, "")
    assert played.cancelled.next_start() is None
    assert "upgrade: silence " in played.cancelled.out
    assert [each["comment"] for each in played.cancelled.silences] == ["sesam-slo maintenance: disks"]
    assert (played.deleted.status, played.deleted.next_start(OTHER)) == (200, None)


def test_a_window_cut_short_keeps_what_had_passed(played):
    scrape = played.cut_short.scrape
    assert scrape.value(names.MAINTENANCE_ACTIVE, service=SERVICE) is None
    ended = scrape.value(names.MAINTENANCE_LAST_END, service=SERVICE)
    assert ended is not None
    assert abs(ended - datetime.now(UTC).timestamp()) < 2 * WITHIN_SECONDS
    assert played.cut_short.silences == []


def test_without_alertmanager_the_cancellation_stands_and_the_status_tells(played):
    assert played.unreachable.status == 1
    assert "short: cancelled: " in played.unreachable.out
    assert played.unreachable.err.startswith(
        "short: is cancelled; where Alertmanager has a silence of it, expire it there: "
    )
    assert played.unreachable.scrape.value(names.MAINTENANCE_SHORT_NOTICE, service=SERVICE) is None


def test_every_change_of_a_window_is_a_revision_of_the_chain(played):
    assert played.verified == 0


def instants(silence: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(silence["startsAt"]), datetime.fromisoformat(silence["endsAt"])
