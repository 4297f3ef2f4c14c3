"""The page's own doors: sessions, forms that only our pages can send, guessing slowed, and reading that is closed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bench import DOWN, OK, Bench, config, exposition
from fastapi.testclient import TestClient
from httpx import Response

from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.history import Changes
from sesam_slo.core.log_state import LogState
from sesam_slo.web import Exporter, LogBook, TokenFile, UnavailableError, WriteToken, make_app
from sesam_slo.web.sessions import SECONDS, Sessions
from sesam_slo.web.throttle import AGAIN_SECONDS, ALLOWED, Throttle

WRITE, READ = "wr1te-token", "r3ad-token"


class Site:
    """A bench with one downtime; its log is kept in memory."""

    def __init__(self, folder: Path, *, closed: bool = False, writing: bool = True) -> None:
        (folder / "token").write_text(f"{WRITE}\n")
        (folder / "read").write_text(f"{READ}\n")
        self.token = folder / "token"
        self.bench = Bench(config())
        self.bench.run(3)
        self.bench.prober.answer = lambda key: DOWN
        self.bench.run(15)
        self.bench.prober.answer = lambda key: OK
        self.bench.run(3)
        self.available = True
        self.app = make_app(
            Exporter(
                exposition,
                self.bench.published.view,
                lambda: True,
                lambda: None,
                record=lambda changes: None,
                write_token=WriteToken(self.token if writing else None),
                log=LogBook(self.record, self.history, lambda entry: [], LogState(BusinessCalendars(lambda *_: False))),
                read_token=TokenFile(folder / "read") if closed else None,
            )
        )
        self.client = self.browser()
        (self.event,) = self.bench.log()
        self.path = f"/log/{self.event.id}"

    def browser(self, address: str = "192.0.2.1") -> TestClient:
        return TestClient(
            self.app,
            raise_server_exceptions=False,
            follow_redirects=False,
            headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
            client=(address, 50000),
        )

    def record(self, prefix, decide, author, reason):
        if not self.available:
            raise UnavailableError("the ledger cannot be used now")
        correction = decide(self.bench.service().log)
        self.bench.published.follow(self.bench.service().log.plus(corrections=(correction,)), ())
        return Changes(corrections=(correction,))

    def history(self, id: str) -> list[dict]:
        if not self.available:
            raise UnavailableError("the ledger cannot be used now")
        return []

    def log_in(
        self, token: str = WRITE, author: str = "kari", browser: TestClient | None = None, **more: str
    ) -> Response:
        data = {"token": token, "author": author, "next": "/log", **more}
        return (browser or self.client).post("/login", data=data)

    def form(self, **changed: str) -> dict[str, str]:
        """The entry's form as the page has it, with some fields changed."""
        page = self.client.get(self.path).text
        found = dict(re.findall(r'name="(\w+)" (?:type="[a-z-]+" step="any" )?value="([^"]*)"', page))
        found.pop("withdrawn")  # a box that is not ticked is not sent
        return {**found, "cause": "unknown", "symptom": "timeout", **changed}

    @property
    def entry(self):
        return self.bench.service().log.entries[self.event.id]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestSessions:
    def test_a_login_leads_back_with_a_cookie_that_scripts_and_other_sites_do_not_get(self, site: Site) -> None:
        answer = site.log_in()
        assert (answer.status_code, answer.headers["location"]) == (303, "/log")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("sesam-slo=")
        assert re.search(r"; HttpOnly; Max-Age=43200; Path=/; SameSite=strict$", cookie)
        assert WRITE not in cookie

    def test_under_tls_and_behind_a_proxy_with_tls_it_is_sent_by_tls_only(self, site: Site) -> None:
        over_tls = TestClient(site.app, base_url="https://testserver", follow_redirects=False)
        direct = over_tls.post(
            "/login", data={"token": WRITE, "author": "kari"}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert direct.headers["set-cookie"].startswith("__Host-sesam-slo=")
        assert "; Secure" in direct.headers["set-cookie"]
        proxied = site.client.post(
            "/login", data={"token": WRITE, "author": "kari"}, headers={"Origin": "https://slo.example"}
        )
        assert "; Secure" in proxied.headers["set-cookie"]

    @pytest.mark.parametrize(
        ("data", "fault"),
        [
            ({"token": "wrong", "author": "kari"}, "This is not the token."),
            ({"token": READ, "author": "kari"}, "This is not the token."),
            ({"token": "", "author": "kari"}, "Expected the token."),
            ({"token": WRITE, "author": ""}, "Expected your name"),
            ({"token": WRITE, "author": "a\u202eb"}, "Expected a name of one line"),
            ({"token": WRITE, "author": "x" * 201}, "Expected a name of one line"),
        ],
    )
    def test_what_does_not_log_in_says_why_sets_nothing_and_repeats_no_token(self, site: Site, data, fault) -> None:
        answer = site.client.post("/login", data=data)
        assert answer.status_code == 422
        assert fault in answer.text
        assert "set-cookie" not in answer.headers
        assert "wrong" not in re.sub(r'class="[^"]*"', "", answer.text)

    def test_a_session_ends_by_time_by_logout_and_with_its_token(self) -> None:
        now = [1000.0]
        sessions, tokens = Sessions(lambda: now[0]), {True: b"write", False: b"read"}
        session, cookie = sessions.open("kari", True, b"write")
        assert sessions.read(cookie, tokens.get) == session
        assert sessions.read(cookie, {True: b"newer", False: b"write"}.get) is None  # nor does a writer become a reader
        assert sessions.read(cookie, {}.get) is None
        now[0] += SECONDS - 1
        assert sessions.read(cookie, tokens.get) == session
        now[0] += 1
        assert sessions.read(cookie, tokens.get) is None
        session, cookie = sessions.open("kari", False, b"read")
        assert sessions.read(cookie, tokens.get).writes is False
        sessions.end(session)
        assert sessions.read(cookie, tokens.get) is None

    def test_a_cookie_that_is_not_ours_or_was_changed_is_no_session(self) -> None:
        sessions, tokens = Sessions(), {True: b"write", False: b"read"}
        _, cookie = sessions.open("kari", False, b"read")
        said, _, signature = cookie.partition(".")
        _, other = Sessions().open("kari", True, b"write")
        changed = [
            f"{said[:-1]}A.{signature}",
            f"{said}.{signature[:-2]}AA",
            said,
            f".{signature}",
            other,
            "",
            ".",
            "æ.ø",
            "a" * 9999,
        ]
        for each in changed:
            assert sessions.read(each, tokens.get) is None

    def test_a_changed_token_logs_everybody_out(self, site: Site) -> None:
        site.log_in()
        assert "Log out" in site.client.get("/").text
        site.token.write_text("another")
        assert "Log out" not in site.client.get("/").text


class TestForms:
    def test_a_form_with_its_token_writes_with_the_author_of_the_session(self, site: Site) -> None:
        site.log_in(author="Kari Nordmann")
        answer = site.client.post(site.path, data=site.form(solution="restarted", author="somebody else"))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{site.path}?saved=changed")
        assert site.entry.solution == "restarted"
        (correction,) = site.bench.service().log.corrections[site.event.id]
        assert (correction.author, correction.change) == ("Kari Nordmann", {"solution": "restarted"})

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        ],
    )
    def test_a_form_that_another_site_sent_changes_nothing(self, site: Site, headers) -> None:
        site.log_in()
        answer = site.client.post(site.path, data=site.form(solution="x"), headers=headers)
        assert answer.status_code == 403
        assert "sent by another site" in answer.text
        assert site.entry.solution == ""

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://testserver.evil.example", "http://", "http://["]
    )
    def test_a_browser_that_says_only_the_origin_is_judged_by_it(self, site: Site, origin: str) -> None:
        site.log_in()
        del site.client.headers["Sec-Fetch-Site"]
        form = site.form(solution="x")
        assert site.client.post(site.path, data=form, headers={"Origin": origin}).status_code == 403
        assert site.client.post(site.path, data=form, headers={"Origin": "http://testserver"}).status_code == 303

    @pytest.mark.parametrize("token", ["", "0" * 64, "æ"])
    def test_without_its_token_a_form_is_shown_again_and_not_taken(self, site: Site, token: str) -> None:
        site.log_in()
        answer = site.client.post(site.path, data=site.form(solution="typed <b>", form_token=token))
        assert answer.status_code == 403
        assert "Send what you typed?" in answer.text
        assert 'value="typed &lt;b&gt;"' in answer.text
        assert site.entry.solution == ""

    def test_the_token_of_another_session_is_none(self, site: Site) -> None:
        site.log_in()
        theirs = site.form()["form_token"]
        site.log_in()
        assert site.form()["form_token"] != theirs
        assert site.client.post(site.path, data=site.form(solution="x", form_token=theirs)).status_code == 403

    def test_without_a_session_the_login_keeps_what_was_typed(self, site: Site) -> None:
        typed = {"solution": 'two\nlines & "more" <b>', "cause": "sesam", "corrections": "0"}
        asked = site.client.post(site.path, data=typed)
        assert asked.status_code == 403
        kept = re.search(r'name="kept" value="([^"]*)"', asked.text)[1].replace("&amp;", "&")
        answer = site.log_in(next=site.path, kept=kept)
        assert answer.status_code == 200
        assert f'action="{site.path}"' in answer.text
        assert "two\nlines &amp; &#34;more&#34; &lt;b&gt;" in answer.text
        assert site.entry.solution == ""  # until the person has said so

    def test_what_is_no_form_of_ours_is_refused_within_bounds(self, site: Site) -> None:
        site.log_in()
        post = site.client.post
        assert post(site.path, json={"solution": "x"}).status_code == 415
        assert post(site.path, data={"solution": "x" * 300_000}).status_code == 413
        many = "&".join("a=1" for _ in range(600))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert post(site.path, content=many, headers=form).status_code == 413
        assert post(site.path, content=b"solution=%ff%fe&%00=x", headers=form).status_code == 403

    def test_where_the_ledger_cannot_be_used_the_page_says_so_and_keeps_what_was_typed(self, site: Site) -> None:
        site.log_in()
        form = site.form(solution="kept")
        site.available = False
        answer = site.client.post(site.path, data=form)
        assert answer.status_code == 503
        assert "Nothing was changed: the ledger cannot be used now" in answer.text
        assert "kept</textarea>" in answer.text
        assert "History and evidence cannot be shown" in site.client.get(site.path).text

    def test_where_writing_is_off_there_is_no_login_and_no_form(self, tmp_path: Path) -> None:
        site = Site(tmp_path, writing=False)
        assert "Writing is off" in site.client.get(site.path).text
        assert "Writing is off" in site.client.get("/login").text
        assert site.client.get("/log/add").status_code == 403
        assert site.log_in().status_code == 422


class TestGuessing:
    def test_after_some_wrong_tokens_an_address_waits_and_then_has_one_more(self) -> None:
        now = [0.0]
        throttle = Throttle(lambda: now[0])
        for _ in range(ALLOWED):
            assert throttle.wait_seconds("192.0.2.7") == 0
            throttle.failed("192.0.2.7")
        assert throttle.wait_seconds("192.0.2.7") == AGAIN_SECONDS
        assert throttle.wait_seconds("192.0.2.8") == 0
        now[0] += AGAIN_SECONDS
        assert throttle.wait_seconds("192.0.2.7") == 0
        throttle.failed("192.0.2.7")
        assert throttle.wait_seconds("192.0.2.7") == AGAIN_SECONDS

    def test_one_customer_s_addresses_of_ipv6_count_as_one_and_few_are_remembered(self) -> None:
        throttle = Throttle(lambda: 0.0)
        for number in range(ALLOWED):
            throttle.failed(f"2001:db8::{number}")
        assert throttle.wait_seconds("2001:db8::ffff") > 0
        assert throttle.wait_seconds("2001:db8:0:1::1") == 0
        for number in range(5000):
            throttle.failed(f"10.0.{number // 256}.{number % 256}")
        assert len(throttle._debts) == 4096

    def test_what_is_no_address_counts_as_one_and_is_not_kept(self) -> None:
        throttle = Throttle(lambda: 0.0)
        for number in range(ALLOWED):
            throttle.failed(f"{number}" * 50_000)
        assert throttle.wait_seconds("unknown") > 0
        assert list(throttle._debts) == [""]

    def test_page_and_api_count_together_and_even_the_right_token_waits(self, site: Site) -> None:
        for number in range(ALLOWED):
            if number % 2:
                assert site.log_in("wrong").status_code == 422
            else:
                wrong = {"Authorization": "Bearer wrong"}
                assert site.client.patch(f"/api/v1{site.path}", json={}, headers=wrong).status_code == 401
        refused = site.log_in()
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= AGAIN_SECONDS
        right = {"Authorization": f"Bearer {WRITE}"}
        answer = site.client.patch(f"/api/v1{site.path}", json={}, headers=right)
        assert (answer.status_code, answer.json()) == (429, {"detail": "too many wrong tokens"})
        assert site.log_in(browser=site.browser("198.51.100.2")).status_code == 303


class TestClosedReading:
    @pytest.fixture
    def site(self, tmp_path: Path) -> Site:
        return Site(tmp_path, closed=True)

    @pytest.mark.parametrize(
        "path", ["/", "/log", "/maintenance", "/metrics", "/api/v1/log", "/openapi.json", "/nothing"]
    )
    def test_everything_needs_a_token(self, site: Site, path: str) -> None:
        asked = site.client.get(path, headers={"Accept": "*/*"})
        assert (asked.status_code, asked.text) == (401, "The reading token is needed: Authorization: Bearer TOKEN\n")
        assert asked.headers["www-authenticate"] == 'Bearer realm="sesam-slo"'
        for token in (READ, WRITE):
            seen = site.client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert seen.status_code == (404 if path == "/nothing" else 200)
        assert site.client.get(path, headers={"Authorization": "Bearer wrong", "Accept": "*/*"}).status_code == 401

    def test_a_person_is_led_to_the_login_and_back(self, site: Site) -> None:
        asked = site.client.get("/log?cause=sesam")
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/log%3Fcause%3Dsesam")
        assert site.client.get("/login").status_code == 200
        assert site.log_in(READ, "").status_code == 303
        assert site.client.get("/log").status_code == 200

    def test_who_may_read_may_not_write(self, site: Site) -> None:
        site.log_in(READ, "")
        page = site.client.get(site.path).text
        assert "Log in to correct it" in page
        assert site.client.post(site.path, data={"solution": "x"}).status_code == 403
        reading = {"Authorization": f"Bearer {READ}"}
        assert site.client.patch(f"/api/v1{site.path}", json={"author": "x"}, headers=reading).status_code == 401
        assert site.client.get("/log/add").headers["location"] == "/login?next=%2Flog%2Fadd"

    def test_who_writes_needs_a_name(self, site: Site) -> None:
        answer = site.log_in(WRITE, "")
        assert answer.status_code == 422
        assert "this token writes" in answer.text
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("path", ["/-/healthy", "/-/ready", "/static/page.css", "/static/icon.svg"])
    def test_health_and_the_looks_of_the_login_are_open(self, site: Site, path: str) -> None:
        assert site.client.get(path).status_code == 200

    def test_reloading_and_writing_are_closed_too(self, site: Site) -> None:
        assert site.client.post("/-/reload").status_code == 401
        assert site.client.post("/-/reload", headers={"Authorization": f"Bearer {READ}"}).status_code == 200
        assert site.client.patch(f"/api/v1{site.path}", json={}).status_code == 401

    def test_what_was_typed_before_the_session_ended_is_kept(self, site: Site) -> None:
        answer = site.client.post(site.path, data={"solution": "kept"})
        assert answer.status_code == 403
        assert "What you typed is kept" in answer.text
        assert "timeout" not in answer.text  # nothing is shown of the log


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "current"), [("/", ["State"]), ("/log", ["Log"]), ("/log/x", ["Log"]), ("/login", [])]
    )
    def test_the_page_that_one_is_on_is_marked(self, site: Site, path: str, current: list[str]) -> None:
        assert re.findall(r'aria-current="page">(\w+)<', site.client.get(path).text) == current

    @pytest.mark.parametrize(
        ("method", "path", "status", "title"),
        [
            ("GET", "/nothing", 404, "Not found"),
            ("GET", "/log/nothing", 404, "No such entry"),
            ("DELETE", "/log", 405, "Not like this"),
            ("GET", "/log?class=bad", 422, "Downtime log"),
        ],
    )
    def test_what_goes_wrong_on_a_page_is_a_page(self, site: Site, method, path, status, title) -> None:
        answer = site.client.request(method, path)
        assert answer.status_code == status
        assert f"<title>{title} · sesam-slo</title>" in answer.text

    @pytest.mark.parametrize("path", ["/api/v1/nothing", "/-/nothing", "/static/nothing"])
    def test_programs_are_answered_as_programs(self, site: Site, path: str) -> None:
        answer = site.client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})

    def test_an_error_of_ours_is_a_page_without_a_trace_of_the_program(self, site: Site, monkeypatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("inside")

        monkeypatch.setattr("sesam_slo.web.pages.state.status", broken)
        answer = site.client.get("/")
        assert answer.status_code == 500
        assert "An error of ours" in answer.text
        assert "inside" not in answer.text
        assert "Traceback" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    @pytest.mark.parametrize("path", ["/", "/log", "/login", "/nothing", "/metrics", "/api/v1/log"])
    def test_every_answer_is_hardened(self, site: Site, path: str) -> None:
        headers = site.client.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert "script" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"], headers["cache-control"]) == (
            "nosniff",
            "same-origin",
            "no-store",
        )
