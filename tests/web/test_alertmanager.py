"""Alertmanager's webhook: which event its page belongs to, what of it is kept, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import DOWN, OK, SECOND, START, Bench, config, endpoint, exposition
from fastapi.testclient import TestClient
from httpx import Response

from sesam_slo.core.history import Changes
from sesam_slo.core.instants import written
from sesam_slo.core.model import Service
from sesam_slo.ledger import LedgerWriter, open_ledger
from sesam_slo.monitor.published import Update
from sesam_slo.web import Exporter, WriteToken, make_app

HEADERS = {"Authorization": "Bearer token"}


class Site:
    """The pages over a bench; what they record goes the way of what the bench's monitor finds."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        (folder / "token").write_text("token")
        self.bench, self.recorded = bench, Changes()
        exporter = Exporter(
            exposition,
            bench.published.view,
            lambda: True,
            lambda: None,
            self.record,
            WriteToken(folder / "token"),
        )
        self.client = TestClient(make_app(exporter), raise_server_exceptions=False)

    def record(self, changes: Changes) -> None:
        self.recorded = self.recorded.then(changes)
        self.bench._submit(changes, self.bench.published.queue(Update(changes, {})))

    def post(self, body: Any, **headers: str) -> Response:
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post("/api/v1/alertmanager", headers={**HEADERS, **headers}, **given)

    def reported(self, *alerts: dict[str, Any]) -> list[str]:
        answer = self.post(notice(*alerts))
        assert answer.status_code == 200, answer.text
        return answer.json()["reported"]


def alert(service: str = "svc", starts_at: datetime = START, **changes: Any) -> dict[str, Any]:
    """As Alertmanager 0.25 sends it."""
    name = changes.pop("alertname", "SesamDowntime")
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": service, "severity": "page"},
        "annotations": {"summary": "<script>alert(1)</script>"},
        "startsAt": starts_at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "0123456789abcdef",
        **changes,
    }


def notice(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "receiver": "page",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"service": "svc"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "version": "4",
        "groupKey": '{}:{service="svc"}',
        "truncatedAlerts": 0,
    }


def down(seconds: float = 15) -> Bench:
    bench = Bench(config(Service("svc", (endpoint(),)), Service("fine", (endpoint(),))))
    bench.run(3)
    bench.prober.answer = lambda key: DOWN if key[0] == "svc" else OK
    bench.run(seconds)
    return bench


def up(bench: Bench, seconds: float = 5) -> None:
    bench.prober.answer = lambda key: OK
    bench.run(seconds)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(down(), tmp_path)


@pytest.mark.contract("log")
def test_the_page_of_an_ongoing_downtime_is_its_report(site: Site) -> None:
    (event,) = site.bench.log()
    at = site.bench.clock.now()
    assert site.reported(alert(starts_at=at - SECOND)) == [event.id]
    report = site.bench.service().log.reports[event.id]
    assert (report.at, report.by) == (at, "alertmanager")
    (entry,) = site.client.get("/api/v1/status").json()["services"][0]["downtime"]
    assert (entry["reported_at"], entry["reported_by"]) == (written(at), "alertmanager")
    assert '>11:00</time> by <span class="said">alertmanager</span>' in site.client.get("/").text


def test_a_test_page_reports_nothing(site: Site) -> None:
    tested = alert(starts_at=site.bench.clock.now() - SECOND)
    tested["labels"]["test"] = "true"
    assert site.reported(tested) == []
    assert site.bench.service().log.reports == {}


def test_an_entry_without_a_page_says_nothing_of_a_report(site: Site) -> None:
    (entry,) = site.client.get("/api/v1/status").json()["services"][0]["downtime"]
    assert (entry["reported_at"], entry["reported_by"]) == (None, None)


@pytest.mark.contract("log")
def test_the_first_report_stays(site: Site) -> None:
    first = site.reported(alert())
    before = dict(site.bench.service().log.reports)
    site.bench.run(5)
    assert first != []
    assert site.reported(alert()) == []
    assert site.bench.service().log.reports == before


@pytest.mark.parametrize("name", ["SesamDowntime", "SesamMaintenanceOverrun"])
def test_both_pages_of_a_downtime_count(site: Site, name: str) -> None:
    assert len(site.reported(alert(alertname=name))) == 1


@pytest.mark.parametrize(
    "ignored",
    [
        alert(status="resolved"),
        alert(alertname="SesamNotResponding"),
        alert(alertname="Watchdog"),
        alert("fine"),
        alert("no-such-service"),
        {**alert(), "labels": {"alertname": "SesamDowntime"}},
        {**alert(), "labels": {}},
    ],
)
def test_what_is_no_page_of_a_downtime_is_taken_and_left(site: Site, ignored: dict[str, Any]) -> None:
    assert site.reported(ignored) == []
    assert site.recorded == Changes()


def test_several_alerts_in_one_notice_report_each_event_once(site: Site) -> None:
    (event,) = site.bench.log()
    assert site.reported(alert("fine"), alert(), alert(alertname="SesamMaintenanceOverrun"), alert()) == [event.id]


def test_a_notice_that_comes_late_belongs_to_the_event_it_was_sent_for(site: Site) -> None:
    (first,) = site.bench.log()
    up(site.bench)
    site.bench.prober.answer = lambda key: DOWN if key[0] == "svc" else OK
    site.bench.run(15)
    second = site.bench.log()[-1]
    assert second.end is None
    assert site.reported(alert(starts_at=first.start + 11 * SECOND)) == [first.id]
    assert site.reported(alert(starts_at=second.start + 11 * SECOND)) == [second.id]


def test_a_page_that_began_just_after_the_end_still_belongs_to_the_event(site: Site) -> None:
    (event,) = site.bench.log()
    up(site.bench)
    (ended,) = (each for each in site.bench.log() if each.id == event.id)
    assert ended.end is not None
    assert site.reported(alert(starts_at=ended.end + timedelta(minutes=5, seconds=1))) == []
    assert site.reported(alert(starts_at=ended.end + timedelta(minutes=5))) == [event.id]


def test_a_page_from_before_an_event_that_has_ended_is_not_its_own(site: Site) -> None:
    (event,) = site.bench.log()
    up(site.bench)
    assert site.reported(alert(starts_at=event.start - SECOND)) == []


def test_before_anything_is_published_alertmanager_is_told_to_come_again(tmp_path: Path) -> None:
    bench = down()
    site = Site(bench, tmp_path)
    site.client = TestClient(
        make_app(
            Exporter(
                exposition,
                lambda: None,
                lambda: True,
                lambda: None,
                site.record,
                WriteToken(tmp_path / "token"),
            )
        )
    )
    answer = site.post(notice(alert()))
    assert (answer.status_code, answer.json()) == (503, {"detail": "the first state is not published yet"})


EVIL = "<script>evil"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "Input should be an object"),
        ({}, "version: Field required"),
        ({"version": "4"}, "alerts: Field required"),
        ({"version": EVIL, "alerts": []}, "version: Input should be '4'"),
        ({"version": 4, "alerts": []}, "version: Input should be '4'"),
        ({"version": "4", "alerts": EVIL}, "alerts: Input should be a valid array"),
        (notice(alert(status=EVIL)), "alerts[0].status: Input should be 'firing' or 'resolved'"),
        (notice(alert(labels={EVIL: 7})), "alerts[0].labels: Input should be a valid string"),
        (notice(alert(), alert(startsAt=EVIL)),
         "alerts[1].startsAt: Input should be a valid datetime or date, invalid character in year"),
        (notice(alert(startsAt="2026-06-10T09:00:00")), "alerts[0].startsAt: Input should have timezone info"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_notice_is_refused_without_a_word_of_it(
    site: Site, caplog: pytest.LogCaptureFixture, body: Any, problem: str
) -> None:
    caplog.set_level("DEBUG", logger="sesam_slo")
    answer = site.post(body)
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": f"not a webhook of Alertmanager's, version 4: {problem}"},
    )
    assert EVIL not in answer.text + caplog.text
    assert site.recorded == Changes()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_at_the_edge_of_the_calendar_does_no_harm(site: Site, at: str) -> None:
    assert len(site.reported(alert(startsAt=at))) == 1
    up(site.bench)
    assert site.reported(alert(startsAt=at)) == []


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    body = b" " * (1024 * 1024 + 1)
    answer = site.post(body)
    assert (answer.status_code, answer.json()) == (
        413,
        {"detail": "larger than 1024 KiB; expected a webhook of Alertmanager's"},
    )


def test_nothing_is_read_of_a_body_without_the_token(site: Site) -> None:
    assert site.post(b"{", Authorization="Bearer wrong").status_code == 401


def test_nothing_of_the_notice_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="sesam_slo")
    (event,) = site.bench.log()
    site.reported(alert())
    assert caplog.messages == [f"downtime {event.id}: reported by alertmanager"]


def test_a_report_is_in_the_ledger_and_there_after_a_restart(site: Site, tmp_path: Path) -> None:
    (event,) = site.bench.log()
    site.reported(alert())
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = open_ledger(url)
    writer = LedgerWriter(ledger)
    writer.submit(site.bench.ledger, 1)
    assert writer.close()
    ledger.close()
    ledger = open_ledger(url)
    again = Bench(config(Service("svc", (endpoint(),)), Service("fine", (endpoint(),))), ledger.read(), site.bench.time)
    ledger.close()
    report = again.service().log.reports[event.id]
    assert (report.at.tzinfo, report.by) == (UTC, "alertmanager")
    assert report == site.bench.service().log.reports[event.id]
    assert Site(again, tmp_path).reported(alert()) == []
