"""What is sent, to whom, and what of the answer counts."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path
from typing import Any

import pytest
from driving import Probe, Serve
from hostile import OK, Connection, answers, status

from sesam_slo.core.model import (
    Authorization,
    BasicAuth,
    Expectation,
    Outcome,
    Reason,
    Request,
    TlsConfig,
)
from sesam_slo.probe import ProbeEngine
from sesam_slo.probe.target import SchemeRefused, follow, parse_url

TOKEN = b"s3cret-token-of-ours"


def header(request: bytes, name: str) -> bytes | None:
    for line in request.split(b"\r\n")[1:]:
        key, _, value = line.partition(b": ")
        if key.lower() == name.lower().encode():
            return value
    return None


# Credentials


def test_the_bearer_token_is_read_from_its_file_and_stripped(serve: Serve, secret: Path, probe: Probe) -> None:
    server = serve(answers(OK))
    found = probe(server.url(), authorization=Authorization("Bearer", str(secret)))
    assert found.outcome is Outcome.SUCCESS
    assert header(server.requests[0], "Authorization") == b"Bearer " + TOKEN


def test_a_rotated_token_is_used_at_once(serve: Serve, secret: Path, probe: Probe) -> None:
    server = serve(answers(OK))
    before = secret.stat()
    probe(server.url(), authorization=Authorization("Bearer", str(secret)))
    secret.write_text("another-token-of-us\n\n")  # same size, same time: nothing but the content tells
    os.utime(secret, ns=(before.st_atime_ns, before.st_mtime_ns))
    probe(server.url(), authorization=Authorization("Bearer", str(secret)))
    assert [header(each, "Authorization") for each in server.requests] == [
        b"Bearer " + TOKEN,
        b"Bearer another-token-of-us",
    ]


def test_basic_auth(serve: Serve, secret: Path, probe: Probe) -> None:
    server = serve(answers(OK))
    probe(server.url(), basic_auth=BasicAuth("monitor", str(secret)))
    assert header(server.requests[0], "Authorization") == b"Basic bW9uaXRvcjpzM2NyZXQtdG9rZW4tb2Ytb3Vycw=="


@pytest.mark.contract("monitored")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"one\r\nX-Injected: two", "holds characters that a header may not (a line break?)"),
        (b"one\x00two", "holds characters that a header may not (a line break?)"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"x" * 70_000, "larger than 64 KiB"),
    ],
    ids=["missing", "empty", "blank", "line break", "nul", "not text", "huge"],
)
def test_credentials_that_cannot_be_read_say_nothing_about_sesam(
    content: bytes | None, problem: str, serve: Serve, tmp_path: Path, probe: Probe
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    server = serve(answers(OK))
    found = probe(server.url(), authorization=Authorization("Bearer", str(path)))
    assert (found.outcome, found.reason) == (Outcome.UNOBSERVED, Reason.LOCAL)
    assert found.detail == f"credentials: {path}: {problem}"
    assert server.requests == []


def test_credentials_in_a_pipe_do_not_stop_the_engine(tmp_path: Path, probe: Probe) -> None:
    os.mkfifo(tmp_path / "token")
    found = probe("http://127.0.0.1:1/", authorization=Authorization("Bearer", str(tmp_path / "token")))
    assert found.detail == f"credentials: {tmp_path}/token: not a regular file"


@pytest.mark.contract("monitored")
@pytest.mark.parametrize("code", [401, 403])
def test_refused_credentials_are_unobserved(code: int, serve: Serve, secret: Path, probe: Probe) -> None:
    found = probe(serve(answers(status(code))).url(), authorization=Authorization("Bearer", str(secret)))
    assert (found.outcome, found.reason) == (Outcome.UNOBSERVED, Reason.AUTH)
    assert found.detail == f"status {code}: the configured credentials were not accepted"


@pytest.mark.parametrize("code", [401, 403])
def test_refusal_without_credentials_is_a_failure(code: int, serve: Serve, probe: Probe) -> None:
    found = probe(serve(answers(status(code))).url())
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.HTTP_STATUS)


def test_refusal_that_is_expected_is_a_success(serve: Serve, secret: Path, probe: Probe) -> None:
    found = probe(
        serve(answers(status(401))).url(),
        authorization=Authorization("Bearer", str(secret)),
        expect=Expectation(status=(401,)),
    )
    assert (found.outcome, found.reason) == (Outcome.SUCCESS, None)


def test_secrets_that_come_back_are_blanked(serve: Serve, secret: Path, probe: Probe) -> None:
    def echo(connection: Connection) -> None:
        connection.send(status(500, b"." * 1010 + connection.read_request()))

    found = probe(
        serve(echo).url(),
        authorization=Authorization("Bearer", str(secret)),
        headers=(("X-Api-Key", "key-of-ours"), ("A", "tok")),
    )
    assert len(found.body_prefix) == 1024
    for content in (found.body_prefix, repr(found).encode()):
        assert b"s3cret" not in content
        assert b"key-of" not in content


# Redirects


def test_redirects_are_followed_and_counted(serve: Serve, probe: Probe) -> None:
    def behave(connection: Connection) -> None:
        path = connection.read_request().split()[1]
        connection.send(OK if path == b"/c?d=1" else status(302, b"", f"Location: {'/b' if path == b'/' else 'c?d=1'}"))

    server = serve(behave)
    found = probe(server.url())
    assert (found.outcome, found.redirects, found.status) == (Outcome.SUCCESS, 2, 200)
    assert [each.split()[1] for each in server.requests] == [b"/", b"/b", b"/c?d=1"]


def test_the_limit_of_redirects_is_exact(serve: Serve, probe: Probe) -> None:
    server = serve(lambda c: (c.read_request(), c.send(status(302, b"", "Location: /")))[1])
    found = probe(server.url(), expect=Expectation(max_redirects=3))
    assert (found.reason, found.redirects, len(server.requests)) == (Reason.TOO_MANY_REDIRECTS, 3, 4)
    assert found.detail == "more than 3 redirects"


def test_without_redirects_a_redirect_is_the_answer(serve: Serve, probe: Probe) -> None:
    server = serve(answers(status(301, b"", "Location: /b")))
    found = probe(server.url(), expect=Expectation(max_redirects=0))
    assert (found.outcome, found.reason, found.status) == (Outcome.FAILURE, Reason.HTTP_STATUS, 301)
    found = probe(server.url(), expect=Expectation(max_redirects=0, status=(301,)))
    assert found.outcome is Outcome.SUCCESS


def test_a_redirect_that_is_expected_is_the_answer(serve: Serve, probe: Probe) -> None:
    found = probe(serve(answers(status(302, b"", "Location: /b"))).url(), expect=Expectation(status=(302,)))
    assert (found.outcome, found.redirects) == (Outcome.SUCCESS, 0)


def test_credentials_and_configured_headers_stay_with_their_origin(serve: Serve, secret: Path, probe: Probe) -> None:
    elsewhere = serve(answers(OK))
    home = serve(answers(status(302, b"", f"Location: {elsewhere.url('/x')}")))
    fields: dict[str, Any] = {
        "authorization": Authorization("Bearer", str(secret)),
        "headers": (("X-Api-Key", "key-of-ours"), ("Cookie", "session=of-ours"), ("Host", "home.example")),
    }
    found = probe(home.url(), **fields)
    assert found.outcome is Outcome.SUCCESS
    assert header(home.requests[0], "X-Api-Key") == b"key-of-ours"
    arrived = elsewhere.requests[0].lower()
    for leaked in (TOKEN, b"authorization", b"of-ours", b"cookie", b"home.example"):
        assert leaked not in arrived


def test_credentials_come_along_within_the_origin(serve: Serve, secret: Path, probe: Probe) -> None:
    def behave(connection: Connection) -> None:
        first = b"GET / " in connection.read_request()
        connection.send(status(302, b"", "Location: /in") if first else OK)

    server = serve(behave)
    probe(server.url(), authorization=Authorization("Bearer", str(secret)))
    assert [header(each, "Authorization") for each in server.requests] == [b"Bearer " + TOKEN] * 2


def test_a_redirect_that_would_take_the_body_elsewhere_is_refused(serve: Serve, probe: Probe) -> None:
    elsewhere = serve(answers(OK))
    found = probe(
        serve(answers(status(307, b"", f"Location: {elsewhere.url()}"))).url(), method="POST", body="ours to send"
    )
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.REDIRECT_REFUSED)
    assert elsewhere.requests == []


def test_the_deadline_is_one_for_all_redirects(serve: Serve, probe: Probe) -> None:
    def behave(connection: Connection) -> None:
        connection.read_request()
        time.sleep(0.3)
        connection.send(status(302, b"", "Location: /"))

    found = probe(serve(behave).url(), 1.0, expect=Expectation(max_redirects=20))
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.TIMEOUT)
    assert found.duration_seconds <= 1.2
    assert 1 <= found.redirects <= 3  # a fourth answer would need 1.2 s; a busy machine gets through fewer


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (b"/x y", "https://home.example/x%20y"),
        (b"//other.example/x", "https://other.example/x"),
        (b"https://user:pw@other.example:8443/x#part", "https://other.example:8443/x"),
        (b"https://home.example\\@other.example/", "https://other.example/"),
        (b"?q=1", "https://home.example/a/b?q=1"),
        (b"../c", "https://home.example/c"),
        (b"HTTP://[::1]:80/", "http://[::1]/"),
    ],
)
def test_locations(location: bytes, expected: str) -> None:
    assert follow(parse_url("https://home.example/a/b?x"), location).url == expected


@pytest.mark.parametrize(
    "location",
    [
        b"http://",
        b"https://home.example%00/",
        b"http://a:99999/",
        b"http://[x]/",
    ],
)
def test_locations_that_could_be_read_in_two_ways_are_refused(location: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is not for people
        follow(parse_url("https://home.example/"), location)


@pytest.mark.parametrize("location", [b"file:///etc/passwd", b"ftp://a/", b"javascript:alert(1)", b"gopher://a:25/"])
def test_locations_of_other_schemes_are_refused(location: bytes) -> None:
    with pytest.raises(SchemeRefused):
        follow(parse_url("https://home.example/"), location)


# Requests


def test_method_headers_and_body(serve: Serve, probe: Probe) -> None:
    server = serve(answers(OK))
    probe(server.url("/p?q=1"), method="POST", body='{"a": 1}', headers=(("Content-Type", "application/json"),))
    request = server.requests[0]
    assert request.startswith(b"POST /p?q=1 HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"a": 1}')
    assert header(request, "Content-Type") == b"application/json"
    assert header(request, "Expect") is None
    assert (header(request, "User-Agent") or b"").startswith(b"sesam-slo/")


def test_head(serve: Serve, probe: Probe) -> None:
    server = serve(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"))
    assert probe(server.url(), method="HEAD").outcome is Outcome.SUCCESS
    assert server.requests[0].startswith(b"HEAD / ")


def test_a_header_cannot_bring_others(serve: Serve, probe: Probe) -> None:
    server = serve(answers(OK))
    found = probe(server.url(), headers=(("X-A", "b\r\nX-C: d"),))
    assert (found.outcome, found.reason) == (Outcome.UNOBSERVED, Reason.LOCAL)
    assert server.requests == []


def test_the_environment_has_no_say(serve: Serve, probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1/")
    assert probe(serve(answers(OK)).url()).outcome is Outcome.SUCCESS


def test_a_proxy_is_used_and_its_absence_is_ours(serve: Serve, probe: Probe) -> None:
    proxy = serve(answers(OK))
    assert probe("http://sesam.invalid/api/ping", proxy_url=proxy.url()).outcome is Outcome.SUCCESS
    assert proxy.requests[0].startswith(b"GET http://sesam.invalid/api/ping HTTP/1.1")
    found = probe("http://sesam.invalid/", proxy_url="http://user:pass-of-proxy@127.0.0.1:1")
    assert (found.outcome, found.reason) == (Outcome.UNOBSERVED, Reason.LOCAL)
    assert "pass-of-proxy" not in repr(found)


# TLS settings


def test_own_ca_file_and_server_name(serve: Serve, tmp_path: Path, probe: Probe) -> None:
    from hostile import Authority

    other = Authority(tmp_path)
    server = serve(answers(OK), other.server("sesam.example"))
    found = probe(server.url(), tls=TlsConfig(ca_file=str(other.ca_file), server_name="sesam.example"))
    assert (found.outcome, found.address) == (Outcome.SUCCESS, "127.0.0.1"), found.detail
    assert header(server.requests[0], "Host") == f"127.0.0.1:{server.port}".encode()


def test_verification_can_be_left_out(serve: Serve, tmp_path: Path, probe: Probe) -> None:
    from hostile import Authority

    server = serve(answers(OK), Authority(tmp_path).server("other.example"))
    assert probe(server.url(), tls=TlsConfig(insecure_skip_verify=True)).outcome is Outcome.SUCCESS


@pytest.mark.parametrize("field", ["ca_file", "cert_file"])
def test_tls_files_that_cannot_be_read_are_ours(field: str, serve: Serve, authority: Any, probe: Probe) -> None:
    server = serve(answers(OK), authority.server())
    found = probe(server.url(), tls=TlsConfig(**{field: "/nonexistent.pem"}))
    assert (found.outcome, found.reason) == (Outcome.UNOBSERVED, Reason.LOCAL), found.detail


# Bodies

JSON = Expectation(json=(("status.health_status.status", "ok"),))


@pytest.mark.contract("api-or-ui")
@pytest.mark.parametrize(
    ("body", "expect", "detail"),
    [
        (b'{"status": {"health_status": {"status": "ok"}}}', JSON, None),
        (
            b'{"status": {"health_status": {"status": "not ok"}}}',
            JSON,
            'json status.health_status.status: "not ok", expected "ok"',
        ),
        (b'{"status": "ok"}', JSON, 'json status.health_status.status: not in the body, expected "ok"'),
        (b"<html>", JSON, "the body is not JSON"),
        (b"[" * 50_000, JSON, "the body is not JSON"),
        (b'{"a": [1, {"b": true}]}', Expectation(json=(("a.1.b", True),)), None),
        (b'{"a": 1}', Expectation(json=(("a", True),)), "json a: 1, expected true"),
        (b"all is well", Expectation(body_regex="all .* well"), None),
        (b"all is not", Expectation(body_regex="all .* well"), "body_regex: no match in the body"),
        (b"bl\xe5b\xe6r", Expectation(body_regex="blåbær"), "body_regex: no match in the body"),
    ],
    ids=range(10),
)
def test_expectations_of_the_body(
    body: bytes, expect: Expectation, detail: str | None, serve: Serve, probe: Probe
) -> None:
    found = probe(serve(answers(status(200, body))).url(), expect=expect)
    if detail is None:
        assert (found.outcome, found.reason) == (Outcome.SUCCESS, None), found.detail
    else:
        assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.BODY_MISMATCH)
        assert found.detail == detail


def test_the_pattern_is_searched_in_the_body_as_decoded(serve: Serve, probe: Probe) -> None:
    packed = gzip.compress("blåbær".encode("latin-1"))
    answer = status(200, packed, "Content-Encoding: gzip", "Content-Type: text/plain; charset=iso-8859-1")
    found = probe(serve(answers(answer)).url(), expect=Expectation(body_regex="blåbær"))
    assert found.outcome is Outcome.SUCCESS
    assert found.body_prefix == "blåbær".encode("latin-1")


def test_a_large_json_body_is_compared(serve: Serve, probe: Probe) -> None:
    body = b'{"padding": "' + b"x" * 2_000_000 + b'", "ok": 1}'
    found = probe(serve(answers(status(200, body))).url(), expect=Expectation(json=(("ok", 1),)))
    assert (found.outcome, found.body_bytes) == (Outcome.SUCCESS, len(body))


def test_the_status_comes_before_the_body(serve: Serve, probe: Probe) -> None:
    found = probe(serve(answers(status(500, b"{}"))).url(), expect=JSON)
    assert found.reason is Reason.HTTP_STATUS
    assert found.detail == "status 500, expected 200-299"


def test_a_pattern_that_explodes_stops_nobody(engine: ProbeEngine, serve: Serve) -> None:
    from driving import observe_all

    trap = Request(serve(answers(status(200, b"a" * 40 + b"!"))).url(), expect=Expectation(body_regex="(a+)+$"))
    good = Request(serve(answers(OK)).url())
    observe_all(engine, {"warm": Request(good.url, expect=Expectation(body_regex="ok"))})
    found = observe_all(engine, {"trap 1": trap, "trap 2": trap, "good": good}, 3.0)
    assert found["good"].outcome is Outcome.SUCCESS
    assert found["good"].duration_seconds < 0.5
    for name in ("trap 1", "trap 2"):
        assert (found[name].outcome, found[name].reason) == (Outcome.UNOBSERVED, Reason.LOCAL)
        assert found[name].detail == "body_regex: not searched to its end within 0.25 s of processor time"
    assert (
        observe_all(engine, {"after": Request(good.url, expect=Expectation(body_regex="ok"))})["after"].reason is None
    )
