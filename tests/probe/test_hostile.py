"""Whatever an endpoint does: it gets its reason, in time, within bounded memory, and delays nobody."""

from __future__ import annotations

import socket
import ssl
import statistics
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import Probe, Serve, observe_all
from hostile import OK, Authority, Behaviour, Connection, Server, after, answers, gzip_bomb, status

from sesam_slo.core.model import Expectation, Outcome, Phase, Reason, Request
from sesam_slo.probe import Observation, ProbeEngine

TIMEOUT = 1.0
LATE_AT_MOST = 0.2  # a deadline ends the exchange
HANGS: Callable[[Connection], None] = Connection.hang
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def redirects_to_itself(connection: Connection) -> None:
    connection.read_request()
    connection.send(status(302, b"", "Location: /again"))


def early_hints_forever(connection: Connection) -> None:
    connection.read_request()
    connection.send_forever(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")


# name -> what it does after accepting, the reason it gets
BEHAVIOURS: dict[str, tuple[Behaviour, Reason]] = {
    "hangs before reading": (HANGS, Reason.TIMEOUT),
    "hangs before the head": (after(b"", HANGS), Reason.TIMEOUT),
    "hangs in the head": (after(b"HTTP/1.1 200 OK\r\nContent-Le", HANGS), Reason.TIMEOUT),
    "hangs in the body": (after(LONG + b"x", HANGS), Reason.TIMEOUT),
    "drips the head": (after(b"", lambda c: c.drip(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100)), Reason.TIMEOUT),
    "drips the body": (after(LONG, lambda c: c.drip(b"x" * 1000)), Reason.TIMEOUT),
    "drips the body after a bad status": (
        after(b"HTTP/1.1 500 No\r\nContent-Length: 999\r\n\r\n", lambda c: c.drip(b"x" * 999)),
        Reason.HTTP_STATUS,
    ),
    "endless body": (after(CHUNKED, lambda c: c.send_forever(b"10000\r\n" + b"x" * 65536 + b"\r\n")), Reason.BODY_TOO_LARGE),
    "endless head": (after(b"HTTP/1.1 200 OK\r\n", lambda c: c.send_forever(b"X-A: b\r\n")), Reason.HEADERS_TOO_LARGE),
    "endless line": (after(b"HTTP/1.1 200 OK\r\nX: ", lambda c: c.send_forever(b"y" * 4096)), Reason.HEADERS_TOO_LARGE),
    "endless early hints": (early_hints_forever, Reason.HEADERS_TOO_LARGE),
    "endless trailers": (after(CHUNKED + b"0\r\n", lambda c: c.send_forever(b"X-A: b\r\n")), Reason.HEADERS_TOO_LARGE),
    "gzip bomb": (answers(gzip_bomb(200)), Reason.BODY_TOO_LARGE),
    "broken gzip": (answers(status(200, b"not gzip", "Content-Encoding: gzip")), Reason.PROTOCOL),
    "unknown encoding": (answers(status(200, b"?", "Content-Encoding: rot13")), Reason.PROTOCOL),
    "resets before the head": (after(b"", Connection.reset), Reason.RESET),
    "resets in the body": (after(LONG + b"x", Connection.reset), Reason.RESET),
    "closes without an answer": (answers(b""), Reason.RESET),
    "closes in the head": (answers(b"HTTP/1.1 200 OK\r\nX-A: "), Reason.RESET),
    "body shorter than announced": (answers(LONG + b"x"), Reason.RESET),
    "chunked body cut off": (answers(CHUNKED + b"5\r\nab"), Reason.RESET),
    "chunk size is no number": (answers(CHUNKED + b"zz\r\nab\r\n"), Reason.PROTOCOL),
    "garbage": (answers(b"\x00\x01\x02 what is this\r\n\r\n"), Reason.PROTOCOL),
    "no status in the status line": (answers(b"HTTP/1.1 OK\r\n\r\n"), Reason.PROTOCOL),
    "content length is no number": (answers(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok"), Reason.PROTOCOL),
    "two content lengths": (answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\nok"), Reason.PROTOCOL),
    "redirect loop": (redirects_to_itself, Reason.TOO_MANY_REDIRECTS),
    "redirect to file": (answers(status(302, b"", "Location: file:///etc/passwd")), Reason.REDIRECT_REFUSED),
    "redirect to ftp": (answers(status(302, b"", "Location: ftp://127.0.0.1/")), Reason.REDIRECT_REFUSED),
    "redirect to nowhere": (answers(status(302, b"", "Location: http://")), Reason.PROTOCOL),
    "redirect to a name that does not exist": (answers(status(302, b"", "Location: http://no.invalid/")), Reason.DNS),
    "redirect whose body hangs, to one that hangs": (
        lambda c: (
            c.send(b"HTTP/1.1 302 Go\r\nLocation: /hang\r\nContent-Length: 9\r\n\r\n")
            if b"GET / " in c.read_request()
            else None,
            c.hang(),
        )[1],
        Reason.TIMEOUT,
    ),
    "server error": (answers(status(503, b"unwell")), Reason.HTTP_STATUS),
    "not found": (answers(status(404)), Reason.HTTP_STATUS),
    "unauthorized": (answers(status(401)), Reason.HTTP_STATUS),
    "redirect without a location": (answers(status(302)), Reason.HTTP_STATUS),
}  # fmt: skip


@pytest.mark.contract("api-or-ui")
@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_hostile_endpoint_gets_its_reason_in_time(name: str, serve: Serve, probe: Probe) -> None:
    behaviour, reason = BEHAVIOURS[name]
    found = probe(serve(behaviour).url(), TIMEOUT)
    assert (found.outcome, found.reason) == (Outcome.FAILURE, reason), found.detail
    assert found.duration_seconds <= TIMEOUT + LATE_AT_MOST
    assert len(found.body_prefix) <= 1024
    assert found.detail.isprintable()
    assert sum(found.phases.values()) == pytest.approx(found.duration_seconds, abs=0.1)


def test_nothing_listens(probe: Probe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = probe(f"http://127.0.0.1:{port}/")
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.CONNECT_REFUSED)
    assert set(found.phases) == {Phase.CONNECT}


@pytest.mark.contract("api-or-ui")
def test_a_name_that_does_not_exist_is_a_failure(probe: Probe) -> None:
    found = probe("http://no-such-host.invalid/")
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.DNS)
    assert set(found.phases) == {Phase.RESOLVE}


def test_a_full_backlog_is_a_connect_timeout(probe: Probe) -> None:
    """Nobody accepts and the queue is full: the kernel drops the first packet, as a dead host does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        found = probe(f"http://127.0.0.1:{port}/", TIMEOUT)
        for filler in fillers:
            filler.close()
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.CONNECT_TIMEOUT)
    assert found.detail == "no connection within 1 s"
    assert TIMEOUT - 0.01 <= found.duration_seconds <= TIMEOUT + LATE_AT_MOST


# TLS


def test_a_trusted_certificate_succeeds_and_its_end_is_reported(
    serve: Serve, authority: Authority, probe: Probe
) -> None:
    found = probe(serve(answers(OK), authority.server(days_left=30)).url())
    assert (found.outcome, found.reason) == (Outcome.SUCCESS, None), found.detail
    assert found.tls_not_after is not None
    assert 29.9 < (found.tls_not_after - found.started_at).total_seconds() / 86400 <= 30
    assert list(found.phases) == [Phase.CONNECT, Phase.TLS, Phase.WAIT, Phase.TRANSFER]
    assert found.address == "127.0.0.1"


def test_the_end_of_the_certificate_is_known_in_every_probe_though_it_is_read_in_few(
    serve: Serve, authority: Authority, probe: Probe
) -> None:
    url = serve(answers(OK), authority.server()).url()
    assert probe(url).tls_not_after == probe(url).tls_not_after is not None


def test_an_expired_certificate_has_a_reason_of_its_own(serve: Serve, authority: Authority, probe: Probe) -> None:
    found = probe(serve(answers(OK), authority.server(days_left=-1)).url())
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.TLS_EXPIRED)
    assert (
        found.detail
        == "the certificate has expired: SSL certificate OpenSSL verify result: certificate has expired (10)"
    )


@pytest.mark.parametrize("host", ["other.example", "127.0.0.2"])
def test_a_certificate_for_another_host(host: str, serve: Serve, authority: Authority, probe: Probe) -> None:
    found = probe(serve(answers(OK), authority.server(host)).url())
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.TLS)


def test_an_untrusted_certificate(serve: Serve, tmp_path: Path, probe: Probe) -> None:
    found = probe(serve(answers(OK), Authority(tmp_path).server()).url())
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.TLS)


def test_plain_http_where_tls_is_expected(serve: Serve, probe: Probe) -> None:
    def answer_anything(connection: Connection) -> None:
        connection.socket.recv(100)
        connection.send(OK)

    found = probe(serve(answer_anything).url().replace("http:", "https:"))
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.TLS)


def test_a_handshake_that_hangs(serve: Serve, probe: Probe) -> None:
    found = probe(serve(HANGS).url().replace("http:", "https:"), TIMEOUT)
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.TIMEOUT)
    assert found.detail == "the TLS handshake was not done within 1 s"
    assert found.duration_seconds <= TIMEOUT + LATE_AT_MOST


def test_a_handshake_that_is_reset(serve: Serve, probe: Probe) -> None:
    def reset_after_hello(connection: Connection) -> None:
        connection.socket.recv(100)
        connection.reset()

    found = probe(serve(reset_after_hello).url().replace("http:", "https:"))
    assert (found.outcome, found.reason) == (Outcome.FAILURE, Reason.RESET)


# Together


@pytest.fixture
def hostile(serve: Serve) -> dict[str, Server]:
    return {name: serve(behaviour) for name, (behaviour, _) in BEHAVIOURS.items()}


@pytest.fixture
def healthy(serve: Serve, authority: Authority) -> Iterator[list[Request]]:
    context: ssl.SSLContext = authority.server()
    return iter([Request(serve(answers(OK), context).url()) for _ in range(10)])


def test_hostile_endpoints_delay_nobody(
    engine: ProbeEngine, hostile: dict[str, Server], healthy: Iterator[list[Request]]
) -> None:
    """All hostile servers run in this process too, so the bound leaves room for their own hunger for time."""
    good = {f"healthy {number}": request for number, request in enumerate(healthy)}
    bad = {name: Request(server.url(), expect=Expectation(max_redirects=5)) for name, server in hostile.items()}
    observe_all(engine, {"trust store": good["healthy 0"]})

    alone = observe_all(engine, good, 3.0)
    beside = observe_all(engine, bad | good, 3.0)

    assert {name: beside[name].reason for name in BEHAVIOURS} == {
        name: reason for name, (_, reason) in BEHAVIOURS.items()
    }
    assert all(beside[name].outcome is Outcome.SUCCESS for name in good)
    assert max(found.duration_seconds for found in beside.values()) <= 3.0 + LATE_AT_MOST
    assert median_duration(beside, good) <= median_duration(alone, good) + 1.0


def median_duration(found: dict[str, Observation], names: dict[str, Request]) -> float:
    return statistics.median(found[name].duration_seconds for name in names)


def test_memory_stays_bounded(serve: Serve) -> None:
    """In a process of its own, so that only the engine's memory is measured."""
    urls = [
        serve(answers(gzip_bomb(500))).url(),
        serve(after(CHUNKED, lambda c: c.send_forever(b"10000\r\n" + b"x" * 65536 + b"\r\n"))).url(),
        serve(after(b"HTTP/1.1 200 OK\r\n", lambda c: c.send_forever(b"X-A: b\r\n"))).url(),
    ]
    script = """
        import re, sys
        from pathlib import Path
        from datetime import timedelta
        from sesam_slo.core.model import Request
        from sesam_slo.probe import ProbeEngine

        def peak_mib():
            return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

        with ProbeEngine() as engine:
            grown = []
            for round in range(3):
                for key, url in enumerate(sys.argv[1:] * 3):
                    engine.start(key, Request(url), timedelta(seconds=10))
                while engine.in_flight:
                    engine.poll(1)
                grown.append(peak_mib())
        print(grown[0], grown[-1])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *urls], capture_output=True, text=True, timeout=60, check=True
    )
    first, last = map(float, done.stdout.split())
    assert first < 120, "nine hostile answers, none of which is kept"
    assert last - first < 10, "repeating them needs no more"
