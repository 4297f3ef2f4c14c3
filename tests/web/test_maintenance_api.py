"""Maintenance over HTTP: read by everybody, written with the token, by the very path of the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import START, Bench, config, exposition, policy
from fastapi.testclient import TestClient
from httpx import Response
from icalendar import Calendar

from sesam_slo.cli.maintenance import record_windows
from sesam_slo.collector import Exposition, ServiceMetrics
from sesam_slo.core.announcing import Outcome
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.history import Changes, Recorded
from sesam_slo.core.log_state import LogState
from sesam_slo.core.model import AnnouncedWindow, Config, RecurringWindow
from sesam_slo.ledger import open_ledger
from sesam_slo.public_holidays import is_holiday
from sesam_slo.web import Announcing, ConflictError, Exporter, UnavailableError, WriteToken, make_app

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOKEN = {"Authorization": "Bearer s3cret"}
BEGIN = START + 4 * DAY  # 14 June, 11:00 in Oslo
PATH = "/api/v1/maintenance"


class Site:
    """The pages over a bench and a ledger; what is written there the bench follows, as the exporter does."""

    def __init__(self, folder: Path) -> None:
        (folder / "token").write_text("s3cret\n")
        in_file = AnnouncedWindow("in file", BEGIN - HOUR, BEGIN, START - DAY)
        nightly = RecurringWindow("nightly", 0, 180)
        self.bench = Bench(config(policy=policy(recurring=(nightly,), announced=(in_file,))))
        self.bench.run(3)
        self.ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        self.url = f"sqlite:///{folder}/ledger.db"
        self.fails_with: Exception | None = None
        self.silenced: list[tuple[str, str, bool]] = []
        self.silence: tuple[str, str | None] = ("", None)
        self.written: list[tuple[str, str]] = []
        self.client = TestClient(
            make_app(
                Exporter(
                    Exposition(
                        (ServiceMetrics(self.bench.published.view, LogState(BusinessCalendars(is_holiday))).export,)
                    ),
                    self.bench.published.view,
                    lambda: True,
                    lambda: None,
                    record=lambda changes: None,
                    write_token=WriteToken(folder / "token"),
                    announcing=Announcing(self.record, self.follow, self.bench.clock.now),
                )
            ),
            raise_server_exceptions=False,
        )

    def record(self, decide: Callable[[Recorded], Changes], author: str, reason: str) -> Changes:
        if self.fails_with is not None:
            raise self.fails_with
        head = self.ledger.head().number
        changes = record_windows(lambda: open_ledger(self.url), decide, author, reason)
        self.written.append((author, reason))
        news = self.ledger.news(head)
        self.bench.published.follow(news.log, news.windows, news.cases)
        return changes

    def follow(self, loaded: Config, outcome: Outcome, author: str, wanted: bool) -> tuple[str, str | None]:
        self.silenced.append((outcome.name, author, wanted))
        return self.silence

    def announce(self, **wanted: Any) -> Response:
        body = {"name": "upgrade", "start": iso(BEGIN), "end": iso(BEGIN + 2 * HOUR), "author": "anna", **wanted}
        return self.client.post(PATH, json=body, headers=TOKEN)

    def windows(self, **asked: Any) -> list[dict[str, Any]]:
        return self.client.get(PATH, params=asked).json()["windows"]

    def metrics(self) -> str:
        return self.client.get("/metrics").text


def iso(at: datetime) -> str:
    return at.isoformat()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_window_is_announced_with_its_proof_and_listed_beside_the_files(site: Site) -> None:
    answer = site.announce(
        services=["svc"], channel="email", ticket="OPS-1", announced_at=iso(START - 2 * DAY), reason="new disks"
    )
    assert answer.status_code == 201
    (piece,) = answer.json().pop("pieces")
    now = site.bench.clock.now()
    assert piece == {
        "name": "upgrade",
        "start": "2026-06-14T09:00:00Z",
        "end": "2026-06-14T11:00:00Z",
        "services": ["svc"],
        "origin": "command",
        "state": "ahead",
        "counts": True,
        "short_notice": False,
        "back_dated": True,
        "notice_hours": 144.0,
        "notice_needed_hours": 48.0,
        "announced_at": "2026-06-08T09:00:00Z",
        "recorded_at": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "withdrawn_at": None,
        "channel": "email",
        "ticket": "OPS-1",
        "author": "anna",
    }
    assert site.written == [("anna", "new disks")]
    in_file, listed = site.windows()
    assert (in_file["name"], in_file["origin"], in_file["counts"]) == ("in file", "file", True)
    assert listed == piece
    assert 'sesam_slo_maintenance_next_start_timestamp_seconds{service="svc"}' in site.metrics()


def test_what_comes_too_late_is_warned_of_in_the_answer_and_by_its_metric(site: Site) -> None:
    answer = site.announce(start=iso(START + DAY), end=iso(START + DAY + HOUR)).json()
    assert answer["warnings"] == [
        "upgrade: 2026-06-11T11:00:00+02:00 to 2026-06-11T12:00:00+02:00, all services: short notice, deducts nothing: "
        "announced 23h59m57s before its start, 48h needed"
    ]
    assert 'sesam_slo_maintenance_short_notice{service="svc",name="upgrade"} 1' in site.metrics()


def test_a_change_answers_with_each_piece(site: Site) -> None:
    site.announce()
    answer = site.client.patch(
        f"{PATH}/upgrade", json={"end": iso(BEGIN + 3 * HOUR), "author": "bob", "ticket": "OPS-2"}, headers=TOKEN
    )
    assert answer.status_code == 200
    assert [(each["end"], each["author"], each["ticket"], each["counts"]) for each in answer.json()["pieces"]] == [
        ("2026-06-14T11:00:00Z", "anna", "", True),
        ("2026-06-14T12:00:00Z", "bob", "OPS-2", True),
    ]
    answer = site.client.patch(f"{PATH}/upgrade", json={"services": ["svc"], "author": "bob"}, headers=TOKEN).json()
    assert [each["services"] for each in answer["pieces"]] == [["svc"], ["svc"]]
    assert [each["services"] for each in answer["withdrawn"]] == [None, None]


def test_cancelling_withdraws_and_the_list_remembers(site: Site) -> None:
    site.announce(name="disks/rack 1")
    answer = site.client.delete(
        f"{PATH}/disks%2Frack%201", params={"author": "bob", "reason": "no disks"}, headers=TOKEN
    )
    assert answer.status_code == 200
    assert (answer.json()["pieces"], len(answer.json()["withdrawn"])) == ([], 1)
    assert [(each["name"], each["state"]) for each in site.windows()] == [
        ("in file", "ahead"),
        ("disks/rack 1", "withdrawn"),
    ]
    assert site.written[-1] == ("bob", "no disks")


def test_a_list_is_bounded_and_has_recurring_windows_where_asked(site: Site) -> None:
    site.announce()
    assert [each["name"] for each in site.windows(**{"from": iso(BEGIN), "to": iso(BEGIN + HOUR)})] == ["upgrade"]
    assert [each["name"] for each in site.windows(recurring=True)].count("nightly") == 7
    asked = {"recurring": True, "to": iso(START + 401 * DAY)}
    answer = site.client.get(PATH, params=asked)
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": "to: expected at most 400 days after from, with recurring windows"},
    )


def test_the_calendar_is_served_as_one(site: Site) -> None:
    site.announce(services=["svc"])
    answer = site.client.get(f"{PATH}.ics", params={"service": "svc", "days": 10})
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    found = [str(event["summary"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]
    assert set(found) == {"Maintenance: upgrade", "Maintenance: in file", "Maintenance: nightly"}
    assert site.client.get(f"{PATH}.ics", params={"service": "nobody"}).status_code == 404
    assert site.client.get(f"{PATH}.ics", params={"days": 0}).status_code == 422


class TestRefusals:
    @pytest.mark.parametrize(
        ("method", "path"), [("POST", PATH), ("PATCH", f"{PATH}/upgrade"), ("DELETE", f"{PATH}/upgrade?author=x")]
    )
    def test_nothing_is_written_without_the_token(self, site: Site, method: str, path: str) -> None:
        site.announce()
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert site.client.request(method, path, json={"author": "x"}, headers=headers).status_code == 401
        assert len(site.written) == 1

    @pytest.mark.parametrize(
        ("wanted", "detail"),
        [
            ({"author": None}, "author: Input should be a valid string"),
            ({"author": ""}, "author: empty; expected one line of text"),
            ({"start": "2026-06-14T09:00:00"}, "start: Input should have timezone info"),
            ({"start": "9999-12-31T23:59:59-12:00"}, "start: Value error, expected a year from 1971 to 2999"),
            ({"end": iso(BEGIN)}, "upgrade: ends 2026-06-14T11:00:00+02:00, not after its start, 2026-06-14T11:00:00+02:00"),
            ({"services": ["nobody"]}, "upgrade: no such service: nobody; expected one of svc"),
            ({"colour": "red"}, "unknown field; expected author, reason, services, announced_at, channel, ticket, silence, "
             "name, start, end"),
            ({"name": "in file"}, "in file: stands in the configuration file, 2026-06-14T10:00:00+02:00 to "
             "2026-06-14T11:00:00+02:00; expected another name, or the change there"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_with_what_is_expected(
        self, site: Site, wanted: dict[str, Any], detail: str
    ) -> None:
        answer = site.announce(**wanted)
        assert (answer.status_code, answer.json()) == (422, {"detail": detail})
        assert site.written == []

    def test_a_name_that_does_not_stand_is_refused(self, site: Site) -> None:
        answer = site.client.patch(f"{PATH}/other", json={"author": "x", "end": iso(BEGIN)}, headers=TOKEN)
        assert (answer.status_code, answer.json()) == (
            422,
            {"detail": "other: no window of that name is announced"},
        )

    @pytest.mark.parametrize(("body", "status"), [(b"{", 422), (b" " * 70_000, 413)])
    def test_a_body_that_is_none_is_refused(self, site: Site, body: bytes, status: int) -> None:
        assert site.client.post(PATH, content=body, headers=TOKEN).status_code == status

    @pytest.mark.parametrize(
        ("error", "status"), [(ConflictError("changed by others"), 409), (UnavailableError("not now"), 503)]
    )
    def test_a_ledger_that_cannot_be_written_says_which_way(self, site: Site, error: Exception, status: int) -> None:
        site.fails_with = error
        answer = site.announce()
        assert (answer.status_code, answer.json()) == (status, {"detail": str(error)})


def test_the_silence_follows_and_its_fault_does_not_undo_the_window(site: Site) -> None:
    site.silence = ("", "http://alertmanager: does not answer: ConnectionError")
    answer = site.announce(silence=True)
    assert answer.status_code == 201
    assert answer.json()["silence"] == {"done": None, "fault": "http://alertmanager: does not answer: ConnectionError"}
    site.silence = ("silence 1 taken back", None)
    cancelled = site.client.delete(f"{PATH}/upgrade", params={"author": "bob"}, headers=TOKEN).json()
    assert cancelled["silence"] == {"done": "silence 1 taken back", "fault": None}
    assert site.silenced == [("upgrade", "anna", True), ("upgrade", "bob", False)]


def test_a_silence_alone_may_be_asked_for_again(site: Site) -> None:
    site.announce()
    site.silence = ("silence 1", None)
    answer = site.client.patch(f"{PATH}/upgrade", json={"author": "bob", "silence": True}, headers=TOKEN).json()
    assert (len(answer["pieces"]), answer["withdrawn"], answer["silence"]["done"]) == (1, [], "silence 1")
    nothing = site.client.patch(f"{PATH}/upgrade", json={"author": "bob"}, headers=TOKEN)
    assert (nothing.status_code, nothing.json()) == (
        422,
        {"detail": "nothing to change: expected start, end, services or silence"},
    )


def test_before_anything_is_published_there_is_nothing_to_read(site: Site, tmp_path: Path) -> None:
    client = TestClient(
        make_app(Exporter(exposition, lambda: None, lambda: True, lambda: None, record=lambda changes: None))
    )
    assert [client.get(path).status_code for path in (PATH, f"{PATH}.ics")] == [503, 503]
    assert client.post(PATH, json={}, headers=TOKEN).status_code == 405  # nothing is written where nothing is announced


def test_the_paths_are_described(site: Site) -> None:
    paths = site.client.get("/openapi.json").json()["paths"]
    assert set(paths[PATH]) == {"get", "post"}
    assert set(paths[f"{PATH}/{{name}}"]) == {"patch", "delete"}


def test_the_ledger_holds_what_was_written(site: Site) -> None:
    site.announce()
    assert site.ledger.verify().fault is None
    (window,) = site.ledger.read().windows
    assert (window.name, window.author, window.origin.value) == ("upgrade", "anna", "command")
