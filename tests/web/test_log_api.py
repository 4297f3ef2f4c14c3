"""The downtime log over HTTP: what is read, what a write needs, and that it is the command line's own path into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import DOWN, OK, SECOND, Bench, config, exposition
from fastapi.testclient import TestClient

from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.entry import Log
from sesam_slo.core.history import Changes, Correction
from sesam_slo.core.instants import written
from sesam_slo.core.log_state import LogState
from sesam_slo.web import Exporter, LogBook, UnavailableError, WriteToken, make_app

TOKEN = {"Authorization": "Bearer s3cret"}


class Site:
    """A bench with one downtime, its log kept in memory as `LogBook` keeps it in the ledger."""

    def __init__(self, folder: Path) -> None:
        (folder / "token").write_text("s3cret\n")
        self.bench = Bench(config())
        self.bench.run(3)
        self.bench.prober.answer = lambda key: DOWN
        self.bench.run(15)
        self.bench.prober.answer = lambda key: OK
        self.bench.run(3)
        self.available, self.written = True, []
        history = [{"revision": 1, "author": "sesam-slo"}]
        book = LogBook(
            self.record, lambda id: history, lambda entry: [], LogState(BusinessCalendars(lambda country, day: False))
        )
        self.client = TestClient(
            make_app(
                Exporter(
                    exposition,
                    self.bench.published.view,
                    lambda: True,
                    lambda: None,
                    record=lambda changes: None,
                    write_token=WriteToken(folder / "token"),
                    log=book,
                )
            ),
            raise_server_exceptions=False,
        )
        (event,) = self.bench.log()
        self.id = event.id

    def record(self, prefix: str, decide: Callable[[Log], Correction], author: str, reason: str) -> Changes:
        if not self.available:
            raise UnavailableError("the ledger cannot be used now")
        correction = decide(self.bench.service().log)
        self.written.append((prefix, correction, author, reason))
        known = self.bench.service().log.plus(corrections=(correction,))
        self.bench.published.follow(known, ())
        return Changes(corrections=(correction,))

    def entry(self) -> dict[str, Any]:
        (entry,) = self.client.get("/api/v1/log").json()["entries"]
        return entry


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_an_entry_tells_what_was_counted(site: Site) -> None:
    entry = site.entry()
    assert (entry["id"], entry["ongoing"], entry["class"], entry["symptom"]) == (site.id, False, "unplanned", "timeout")
    assert entry["unplanned_seconds"] == entry["duration_seconds"] > 10


def test_one_entry_comes_with_its_history(site: Site) -> None:
    assert site.client.get(f"/api/v1/log/{site.id}").json()["history"] == [{"revision": 1, "author": "sesam-slo"}]
    answer = site.client.get("/api/v1/log/nothing")
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "no entry 'nothing' in the log that the windows reach back to"},
    )


def test_a_service_or_a_range_can_be_asked_for(site: Site) -> None:
    end = site.bench.log()[0].end
    get = site.client.get
    assert get("/api/v1/log", params={"service": "svc", "from": written(end - SECOND)}).json()["entries"]
    assert get("/api/v1/log", params={"from": written(end)}).json() == {"entries": []}
    assert get("/api/v1/log", params={"to": written(site.bench.log()[0].start)}).json() == {"entries": []}
    assert get("/api/v1/log", params={"service": "other"}).status_code == 404
    assert get("/api/v1/log", params={"from": "2026-06-10T09:00:00"}).status_code == 422  # an offset is missing


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_a_write_needs_the_token(site: Site, headers: dict[str, str]) -> None:
    for call, path in ((site.client.patch, f"/api/v1/log/{site.id}"), (site.client.post, "/api/v1/log")):
        assert call(path, json={"author": "kari", "cause": "customer"}, headers=headers).status_code == 401
    assert site.written == []


def test_a_change_is_recorded_with_its_author_and_every_figure_follows(site: Site) -> None:
    change = {"author": "kari", "reason": "they called", "cause": "customer", "solution": "they restarted"}
    answer = site.client.patch(f"/api/v1/log/{site.id}", json=change, headers=TOKEN)
    assert (answer.status_code, answer.json()) == (200, {"id": site.id, "changed": ["cause", "solution"]})
    ((_, correction, author, reason),) = site.written
    assert (correction.author, author, reason) == ("kari", "kari", "they called")
    entry = site.entry()
    assert (entry["cause"], entry["unplanned_seconds"], entry["explained"]) == ("customer", 0, True)
    assert entry["excluded_seconds"] > 10
    assert "customer" in site.client.get("/").text


def test_downtime_is_added(site: Site) -> None:
    start = site.bench.log()[0].start - 2 * SECOND
    body = {"author": "kari", "service": "svc", "endpoints": ["api"], "start": written(start)}
    answer = site.client.post("/api/v1/log", json={**body, "end": written(start + SECOND)}, headers=TOKEN)
    assert answer.status_code == 201
    assert site.client.get(f"/api/v1/log/{answer.json()['id']}").json()["added"] is True


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (
            {"author": "kari", "end": "2126-01-01T00:00:00Z"},
            422,
            "end 2126-01-01T00:00:00Z lies ahead; expected what has happened",
        ),
        ({"author": "kari", "cause": "unknown"}, 422, "nothing to change, the entry says so already"),
    ],
)
def test_what_cannot_be_done_is_said(site: Site, body: dict[str, str], status: int, detail: str) -> None:
    answer = site.client.patch(f"/api/v1/log/{site.id}", json=body, headers=TOKEN)
    assert (answer.status_code, answer.json()) == (status, {"detail": f"{site.id}: {detail}"})


def test_a_start_is_not_moved_to_before_the_account_began(site: Site) -> None:
    began = site.bench.service().since
    for start in ("1971-01-02T00:00:00Z", written(began - SECOND)):
        answer = site.client.patch(f"/api/v1/log/{site.id}", json={"author": "kari", "start": start}, headers=TOKEN)
        assert (answer.status_code, answer.json()) == (
            422,
            {"detail": f"{site.id}: start lies before the account began, {began.isoformat()}"},
        )
    assert site.written == []
    change = {"author": "kari", "start": written(began)}
    assert site.client.patch(f"/api/v1/log/{site.id}", json=change, headers=TOKEN).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"cause": "customer"},
        {"author": "", "cause": "customer"},
        {"author": "kari", "cause": "gremlins"},
        {"author": "kari", "cost": 1},
        {"author": "kari", "solution": "x" * 10_001},
        {"author": "kari", "start": "2026-06-10T09:00:00"},
    ],
)
def test_a_body_that_is_no_annotation_is_refused(site: Site, body: dict[str, Any]) -> None:
    assert site.client.patch(f"/api/v1/log/{site.id}", json=body, headers=TOKEN).status_code == 422
    assert site.written == []


def test_a_ledger_that_cannot_be_used_is_said_and_loses_nothing(site: Site) -> None:
    site.available = False
    answer = site.client.patch(f"/api/v1/log/{site.id}", json={"author": "kari", "cause": "sesam"}, headers=TOKEN)
    assert (answer.status_code, answer.json()) == (503, {"detail": "the ledger cannot be used now"})


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1000-01-01T00:00:00Z"])
@pytest.mark.parametrize("field", ["start", "end", "reported_at"])
def test_an_instant_that_cannot_be_reckoned_with_is_refused(site: Site, field: str, at: str) -> None:
    answer = site.client.patch(f"/api/v1/log/{site.id}", json={"author": "kari", field: at}, headers=TOKEN)
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": f"{field}: Value error, expected a year from 1971 to 2999"},
    )
    assert site.client.get("/api/v1/log", params={"from": at}).status_code == 422
    assert site.written == []


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"[" * 60_000, 422, "not JSON"),
        (b'{"author": "\xff"}', 422, "not JSON"),
        (b'{"author": "kari", "details": "\\ud800"}', 422, "not JSON"),
        (b" " * 65_537, 413, "larger than 64 KiB"),
        (b'{"author": "kari", "<script>": 1}', 422, None),
    ],
)
def test_a_body_of_any_bytes_is_refused_and_not_quoted(
    site: Site, body: bytes, status: int, detail: str | None
) -> None:
    for call, path in ((site.client.patch, f"/api/v1/log/{site.id}"), (site.client.post, "/api/v1/log")):
        answer = call(path, content=body, headers=TOKEN)
        assert answer.status_code == status
        assert detail is None or answer.json() == {"detail": detail}
        assert "script" not in answer.text
    assert site.written == []


def test_without_the_token_no_body_is_read(site: Site) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(16):
            yield b" " * 65_536

    answer = site.client.post("/api/v1/log", content=endless())
    assert answer.status_code == 401


def test_the_description_of_the_api_says_what_a_write_takes(site: Site) -> None:
    paths = site.client.get("/openapi.json").json()["paths"]
    for method, path in (("patch", "/api/v1/log/{id}"), ("post", "/api/v1/log")):
        schema = paths[path][method]["requestBody"]["content"]["application/json"]["schema"]
        (parts,) = (each for each in schema["properties"]["exclusions"]["anyOf"] if each["type"] == "array")
        assert parts["items"]["required"] == ["start", "end", "reason"]
