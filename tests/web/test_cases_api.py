"""Support cases over HTTP: read by everybody, written with the token by the command line's own path, told by service desks."""

# ruff: noqa: E501 - messages stand whole, in one line

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import START, Bench, config, exposition
from fastapi.testclient import TestClient

from sesam_slo.cli.case_book import record_case
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.case_changes import Known
from sesam_slo.core.history import Changes, Event
from sesam_slo.core.model import Config
from sesam_slo.ledger import open_ledger
from sesam_slo.public_holidays import is_holiday
from sesam_slo.web import CaseBook, ConflictError, Exporter, UnavailableError, WriteToken, make_app

HOUR = timedelta(hours=1)
TOKEN = {"Authorization": "Bearer s3cret"}
PATH = "/api/v1/cases"
WEBHOOK = f"{PATH}/webhook"
NOW = START + 3 * timedelta(seconds=1)  # Wednesday 10 June 2026, 11:00 in Oslo
REPORT = {
    "author": "kari",
    "service": "svc",
    "level": "A",
    "customer_class": "partner",
    "reported_at": "2026-06-10T08:00:00Z",
}
DESK = {
    "author": "jira",
    "reference": "SUP-7",
    "service": "svc",
    "level": "B",
    "customer_class": "user",
    "title": "slow",
}
HTTP_DOCUMENT = (Path(__file__).parents[2] / "docs" / "http.md").read_text()


class Site:
    """The pages over a bench and a ledger; what is written there the bench follows, as the exporter does."""

    def __init__(self, folder: Path) -> None:
        (folder / "token").write_text("s3cret\n")
        self.bench = Bench(config())
        self.bench.run(3)
        self.url = f"sqlite:///{folder}/ledger.db"
        self.ledger = open_ledger(self.url)
        event = Event("svc-down", "svc", START - HOUR, START, START - HOUR, ("api",))
        self.ledger.write(Changes(events=(event,)))
        self.fails_with: Exception | None = None
        self.client = TestClient(
            make_app(
                Exporter(
                    exposition,
                    self.bench.published.view,
                    lambda: True,
                    lambda: None,
                    record=lambda changes: None,
                    write_token=WriteToken(folder / "token"),
                    cases=CaseBook(self.record, self.history, self.bench.clock.now, BusinessCalendars(is_holiday)),
                )
            ),
            raise_server_exceptions=False,
        )

    def record(self, loaded: Config, decide: Callable[[Known], Changes], event: str | None, author: str) -> Changes:
        if self.fails_with is not None:
            raise self.fails_with
        head = self.ledger.head().number
        changes = record_case(lambda: open_ledger(self.url), loaded, decide, event, author)
        news = self.ledger.news(head)
        self.bench.published.follow(news.log, news.windows, news.cases)
        return changes

    def history(self, id: str) -> list[dict[str, Any]]:
        return [each.document() for each in self.ledger.revisions(id)]

    def post(self, path: str = PATH, **said: Any) -> tuple[int, Any]:
        answer = self.client.post(path, json=said, headers=TOKEN)
        return answer.status_code, answer.json()

    def patch(self, id: str, **said: Any) -> tuple[int, Any]:
        answer = self.client.patch(f"{PATH}/{id}", json={"author": "ola", **said}, headers=TOKEN)
        return answer.status_code, answer.json()

    def cases(self, **asked: Any) -> list[dict[str, Any]]:
        return self.client.get(PATH, params=asked).json()["cases"]


ID = "svc-case-20260610-1"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.contract("reaction-time")
def test_a_case_is_reported_and_read_with_its_clocks(site: Site) -> None:
    answer = site.post(**REPORT, title="<b>down</b>", event="svc-down", reason="they called")
    assert answer == (
        201,
        {"id": ID, "changed": ["customer_class", "event", "level", "reported_at", "service", "title"]},
    )
    (case,) = site.cases()
    assert (case["id"], case["state"], case["title"], case["event"]) == (ID, "reported", "<b>down</b>", "svc-down")
    assert case["clocks"]["reaction"]["deadline"] == "2026-06-11T08:00:00Z"
    assert case["clocks"]["reaction"]["used_seconds"] == pytest.approx(3603, abs=1)
    one = site.client.get(f"{PATH}/{ID}").json()
    assert [(each["author"], each["reason"], each["kind"]) for each in one.pop("history")] == [
        ("kari", "they called", "changed")
    ]
    assert one == case


def test_a_case_is_changed_with_its_author_and_every_clock_follows(site: Site) -> None:
    site.post(**REPORT)
    assert site.patch(ID, started_at="2026-06-10T10:30:00+02:00", cause="sesam") == (
        200,
        {"id": ID, "changed": ["cause", "started_at"]},
    )
    assert site.cases()[0]["clocks"]["reaction"]["used_seconds"] == 1800
    assert site.patch(ID, started_at=None) == (200, {"id": ID, "changed": ["started_at"]})
    assert site.cases()[0]["state"] == "reported"
    assert [each["author"] for each in site.history(ID)] == ["kari", "ola", "ola"]


def test_what_is_asked_for(site: Site) -> None:
    site.post(**REPORT)
    site.post(**REPORT | {"level": "B", "reported_at": "2026-06-10T07:00:00Z"})
    site.patch(ID, fixed_at="2026-06-10T08:30:00Z")
    ids = lambda **asked: [each["id"] for each in site.cases(**asked)]  # noqa: E731
    assert ids() == ["svc-case-20260610-2", ID]
    assert ids(open=True) == ids(level="B") == ids(to="2026-06-10T08:00:00Z") == ["svc-case-20260610-2"]
    assert ids(service="other") == ids(**{"from": "2026-06-10T08:00:01Z"}) == []
    assert site.client.get(PATH, params={"from": "2026-06-10T08:00:01"}).status_code == 422
    assert site.client.get(f"{PATH}/nothing").json() == {"detail": "no such case"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_a_write_needs_the_token(site: Site, headers: dict[str, str]) -> None:
    for method, path in (("POST", PATH), ("POST", WEBHOOK), ("PATCH", f"{PATH}/{ID}")):
        assert site.client.request(method, path, json=REPORT, headers=headers).status_code == 401
    assert site.cases() == []


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({**REPORT, "service": "svx"}, "service 'svx': expected one of svc"),
        ({**REPORT, "level": "D"}, f"{ID}: level 'D': expected one of A, B, C"),
        ({**REPORT, "author": ""}, "author: expected a name of one line and at most 200 characters"),
        ({**REPORT, "event": "nowhere"}, "event 'nowhere': not in the downtime log; `sesam-slo log list` shows their ids"),
        ({**REPORT, "fixed_at": "2026-06-10T07:00:00Z"}, f"{ID}: fixed_at 2026-06-10T07:00:00Z is before the report; expected 2026-06-10T08:00:00Z or later"),
        ({**REPORT, "fixed_at": "2026-06-10T07:00:00"}, "fixed_at: Input should have timezone info"),
        ({**REPORT, "cause": "fate"}, "cause: Input should be 'unknown', 'sesam', 'customer' or 'operating_environment'"),
        ({"author": "kari"}, "level: Field required"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_why(site: Site, said: dict[str, Any], detail: str) -> None:
    assert site.post(**said) == (422, {"detail": detail})
    assert site.cases() == []


def test_what_cannot_be_changed(site: Site) -> None:
    site.post(**REPORT)
    assert site.patch("nothing", title="x") == (
        422,
        {"detail": "nothing: no such case; `sesam-slo case list` shows their ids"},
    )
    assert site.patch(ID, level="A") == (422, {"detail": f"{ID}: nothing to change, the case says so already"})
    status, answer = site.patch(ID, colour="red")
    assert (status, answer["detail"][:23]) == (422, "unknown field; expected")


@pytest.mark.parametrize(
    ("error", "status"), [(ConflictError("was changed by others"), 409), (UnavailableError("cannot be used now"), 503)]
)
def test_a_ledger_that_cannot_take_it(site: Site, error: Exception, status: int) -> None:
    site.fails_with = error
    assert site.post(**REPORT) == (status, {"detail": str(error)})


class TestAServiceDesk:
    def test_the_same_report_twice_makes_one_case(self, site: Site) -> None:
        desk = DESK | {"reported_at": "2026-06-10T08:00:00Z"}
        assert site.post(WEBHOOK, **desk)[0] == 201
        assert site.post(WEBHOOK, **desk) == (200, {"id": ID, "changed": []})
        (case,) = site.cases()
        assert (case["reference"], case["title"], case["level"]) == ("SUP-7", "slow", "B")
        assert len(site.history(ID)) == 1

    def test_a_report_without_an_instant_keeps_that_of_its_first_time(self, site: Site) -> None:
        site.post(WEBHOOK, **DESK)
        (first,) = site.cases()
        site.bench.run(5)
        assert site.post(WEBHOOK, **DESK) == (200, {"id": ID, "changed": []})
        assert site.cases()[0]["reported_at"] == first["reported_at"]

    def test_it_updates_by_reference(self, site: Site) -> None:
        site.post(WEBHOOK, **DESK | {"reported_at": "2026-06-10T08:00:00.000+0000"})  # as Jira writes instants
        told = {"author": "jira", "reference": "SUP-7", "started_at": "2026-06-10T10:30:00.000+0200"}
        assert site.post(WEBHOOK, **told) == (200, {"id": ID, "changed": ["started_at"]})
        assert site.client.get(f"{PATH}/SUP-7").json()["started_at"] == "2026-06-10T08:30:00Z"

    def test_blanks_say_nothing(self, site: Site) -> None:
        site.post(WEBHOOK, **DESK | {"reported_at": "2026-06-10T08:00:00Z", "started_at": "2026-06-10T08:30:00Z"})
        blank = {"started_at": "", "fixed_at": " ", "cause": "", "title": None, "event": ""}
        assert site.post(WEBHOOK, **DESK | blank) == (200, {"id": ID, "changed": []})

    def test_what_people_wrote_into_the_desk_is_made_to_fit(self, site: Site) -> None:
        said = {
            "title": "x" * 300 + "\r\nmore",
            "details": "one\r\ntwo\x07" + "y" * 20_000,
            "reported_by": "Anna\tBerg",
        }
        assert site.post(WEBHOOK, **DESK | said)[0] == 201
        (case,) = site.cases()
        assert (len(case["title"]), len(case["details"])) == (200, 10_000)
        assert (case["title"][-2:], case["details"][:8], case["reported_by"]) == ("x…", "one\ntwoy", "Anna Berg")
        assert site.post(WEBHOOK, **DESK | said) == (200, {"id": ID, "changed": []})

    @pytest.mark.parametrize(
        ("said", "detail"),
        [
            ({"author": "jira"}, "reference: Field required"),
            ({"author": "jira", "reference": " "}, "reference: missing; expected the number of the case in the service desk"),
            ({"author": "jira", "reference": "SUP-9", "fixed_at": "2026-06-10T08:00:00Z"}, "service: missing; expected one of svc"),
        ],
    )  # fmt: skip
    def test_what_it_cannot_say(self, site: Site, said: dict[str, Any], detail: str) -> None:
        assert site.post(WEBHOOK, **said) == (422, {"detail": detail})

    def test_the_documented_template_opens_a_case_once_it_is_filled_in(self, site: Site) -> None:
        """Jira's smart values are filled in as Jira does; then it is our JSON."""
        section = HTTP_DOCUMENT.split("### A service desk's webhook")[1]
        template = section.split("```json\n")[1].split("```")[0]
        values = {
            "issue.key": "SUP-7",
            "issue.summary.jsonEncode": 'the \\"pipe\\" stands',
            "issue.description.jsonEncode": "since this morning\\r\\nsee the log",
            "issue.reporter.displayName.jsonEncode": "Anna Berg",
            "issue.created.jiraDateTime": "2026-06-10T08:00:00.000+0000",
            "issue.resolutiondate.jiraDateTime": "",
        }
        filled = re.sub(r"\{\{([^}]+)\}\}", lambda match: values[match[1]], template).replace("datahub-prod", "svc")
        answer = site.client.post(WEBHOOK, content=filled, headers=TOKEN)
        assert answer.status_code == 201, answer.text
        (case,) = site.cases()
        assert (case["reference"], case["title"], case["reported_by"]) == ("SUP-7", 'the "pipe" stands', "Anna Berg")
        assert case["reported_at"] == "2026-06-10T08:00:00Z"
        assert json.loads(filled)["level"] == case["level"]


def test_the_description_names_every_field(site: Site) -> None:
    paths = site.client.get("/openapi.json").json()["paths"]
    body = paths[WEBHOOK]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"reference", "level", "supplier_told_at"} <= set(body["properties"])
    for name in body["properties"]:
        assert f"`{name}`" in HTTP_DOCUMENT, name


def test_nothing_is_published_yet(tmp_path: Path) -> None:
    book = CaseBook(lambda *_: Changes(), lambda _: [], lambda: datetime.now(UTC), BusinessCalendars(is_holiday))
    (tmp_path / "token").write_text("s3cret\n")
    token = WriteToken(tmp_path / "token")
    app = make_app(
        Exporter(
            exposition, lambda: None, lambda: True, lambda: None, record=lambda _: None, write_token=token, cases=book
        )
    )
    client = TestClient(app)
    assert client.get(PATH).status_code == 503
    assert client.post(PATH, json=REPORT, headers=TOKEN).status_code == 503
