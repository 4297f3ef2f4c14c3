"""The pages: what Prometheus and people meet, with nothing of what others wrote left unescaped."""

from __future__ import annotations

import asyncio
import html
import re
import threading

import pytest
from bench import DOWN, NOT_SEEN, OK, SECOND, Bench, config, endpoint, exposition
from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient

from sesam_slo.core.model import Service
from sesam_slo.web import Exporter, Reports, make_app
from sesam_slo.web.status import format_duration, format_percent


class Site:
    def __init__(self, bench: Bench | None) -> None:
        self.alive, self.fault, self.reloads = True, None, 0
        view = bench.published.view if bench else lambda: None
        self.client = TestClient(
            make_app(Exporter(exposition, view, lambda: self.alive, self.reload, record=lambda changes: None)),
            raise_server_exceptions=False,
        )

    def reload(self) -> str | None:
        self.reloads += 1
        return self.fault


def down() -> Bench:
    bench = Bench(config(Service("fine", (endpoint("api"),)), Service("broken", (endpoint("api"), endpoint("ui")))))
    bench.run(3)
    bench.prober.answer = lambda key: DOWN if key == ("broken", "api") else OK
    bench.run(15)
    return bench


def text_of(page: str) -> str:
    """What a person reads: without mark-up."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


def test_the_worst_comes_first_with_since_when_and_why() -> None:
    page = Site(down()).client.get("/").text
    assert page.index("broken") < page.index("fine")
    assert "DOWN" in page
    assert "broken is down since 11:00 (14 s); the other one answers." in text_of(
        page
    )  # local time of the policy's zone
    assert "api: failure: timeout" in text_of(page)


def test_the_status_says_the_same_as_json() -> None:
    services = Site(down()).client.get("/api/v1/status").json()["services"]
    assert [(each["service"], each["state"]) for each in services] == [("broken", "down"), ("fine", "ok")]
    (event,) = services[0]["downtime"]
    assert (event["end"], services[0]["since"]) == (None, event["start"])
    assert event["symptom"] == "timeout"


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script() -> None:
    answer = Site(down()).client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "http://" not in answer.text.replace('http-equiv="refresh"', "")


def test_a_page_before_anything_is_published_says_so() -> None:
    site = Site(None)
    assert "nothing has been published yet" in site.client.get("/").text
    assert site.client.get("/-/ready").status_code == 503
    assert site.client.get("/-/healthy").status_code == 200


def test_health_follows_the_probing_loop() -> None:
    site = Site(down())
    assert site.client.get("/-/healthy").status_code == 200
    assert site.client.get("/-/ready").status_code == 200
    site.alive = False
    answer = site.client.get("/-/healthy")
    assert (answer.status_code, answer.text) == (503, "The probing loop has ended.\n")


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (None, 200, "The configuration is loaded.\n"),
        (
            "sesam-slo.yml:3: policy.objective: wrong",
            500,
            "The configuration was not loaded; the one before stays in force.\nsesam-slo.yml:3: policy.objective: wrong\n",
        ),
    ],
)
def test_reload_says_what_came_of_it(fault: str | None, status: int, text: str) -> None:
    site = Site(None)
    site.fault = fault
    answer = site.client.post("/-/reload")
    assert (answer.status_code, answer.text, site.reloads) == (status, text, 1)
    assert site.client.get("/-/reload").status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_no_other_site_s_page_reloads(headers: dict[str, str]) -> None:
    site = Site(None)
    answer = site.client.post("/-/reload", headers=headers)
    assert (answer.status_code, site.reloads) == (403, 0)
    assert answer.text == "Another site's page asked for it; nothing was loaded.\n"


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/api/v1/status", "/openapi.json", "/static/page.css"])
def test_head_is_answered_as_get_is(path: str) -> None:
    client = Site(down()).client
    asked, got = client.head(path), client.get(path)
    assert (asked.status_code, asked.headers["content-type"]) == (200, got.headers["content-type"])
    assert client.head("/-/reload").status_code == 405


def test_however_many_wait_for_a_report_health_and_scrapes_are_answered() -> None:
    turn, asked = threading.Event(), []

    def text(month: str, form: str) -> str:
        asked.append(month)
        assert turn.wait(30)
        return ""

    view = down().published.view
    app = make_app(
        Exporter(
            exposition, view, lambda: True, lambda: None, lambda changes: None, reports=Reports(text, frozen=tuple)
        )
    )

    async def crowd() -> None:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://testserver") as client:
            waiting = [asyncio.create_task(client.get("/report/2026-06.json")) for _ in range(100)]
            try:
                for path in ("/-/healthy", "/metrics", "/"):
                    assert (await asyncio.wait_for(client.get(path), 10)).status_code == 200
                assert len(asked) == 1
            finally:
                turn.set()
            assert {each.status_code for each in await asyncio.gather(*waiting)} == {200}

    asyncio.run(crowd())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h 00 min"), (9840, "2 h 44 min"), (-888, "-14 min")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.contract("availability")
@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1.0, "100.000 %"), (0.9999999, "99.999 %"), (0.995, "99.500 %"), (0.99499999, "99.499 %")],
)
def test_a_ratio_is_rounded_down(ratio: float, text: str) -> None:
    assert format_percent(ratio) == text


def test_metrics_are_served_in_both_formats() -> None:
    client = Site(down()).client
    assert client.get("/metrics").headers["content-type"].startswith("text/plain")
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_hold_of_two_intervals_without_results_is_not_green() -> None:
    bench = Bench(config())
    bench.run(3)
    bench.prober.answer = lambda key: NOT_SEEN
    bench.run(5)
    (service,) = Site(bench).client.get("/api/v1/status").json()["services"]
    assert service["state"] == "not_seen"
    assert bench.clock.now() - bench.service().horizon < 2 * SECOND


def test_the_page_is_never_green_where_probing_has_ended() -> None:
    site = Site(Bench(config()))
    site.alive = False
    page = site.client.get("/").text
    assert 'class="banner not_seen"' in page
    assert "NOT SEEN Nothing is watched: the exporter's probing has ended." in text_of(page)


@pytest.mark.parametrize(
    ("down", "sentence"),
    [
        ((), "All 3 services answer."),
        (("a",), "a is down since 11:00 (14 s); the other 2 answer."),
        (("a", "b"), "a and b are down, the longest since 11:00 (14 s); the other one answers."),
        (("a", "b", "c"), "a, b and c are down, the longest since 11:00 (14 s)."),
    ],
)
def test_everything_is_said_in_one_sentence(down: tuple[str, ...], sentence: str) -> None:
    bench = Bench(config(*(Service(name, (endpoint("api"),)) for name in "abc")))
    bench.run(3)
    bench.prober.answer = lambda key: DOWN if key[0] in down else OK
    bench.run(15)
    assert sentence in text_of(Site(bench).client.get("/").text)


def test_what_is_not_seen_is_told_before_what_answers() -> None:
    bench = Bench(config(Service("a", (endpoint("api"),)), Service("b", (endpoint("api"),))))
    bench.run(3)
    bench.prober.answer = lambda key: NOT_SEEN if key[0] == "b" else OK
    bench.run(5)
    page = Site(bench).client.get("/").text
    assert "NOT SEEN b is not seen since 11:00" in text_of(page)
    assert "; the other one answers." in text_of(page)
