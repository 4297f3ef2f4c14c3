"""Connections held open by others: few, and not for long, so that probing keeps its sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from sesam_slo.web import BACKLOG, Connection

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = b"x" * 20_000_000


async def app(scope, receive, send) -> None:
    if scope["type"] != "http":
        return
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    body = LONG if scope["path"] == "/long" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def server(protocol: type[Connection]) -> Iterator[tuple[int, set]]:
    """A server with such connections: its port, and those that are open."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    running = uvicorn.Server(uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1], running.server_state.connections
    finally:
        running.should_exit = True
        thread.join(20)
        listening.close()


class Patient(Connection):
    most = 4
    patience_seconds = 60.0


class Impatient(Connection):
    patience_seconds = 0.25


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def rest(connection: socket.socket) -> bytes:
    """What still comes until the other side closes."""
    found = bytearray()
    try:
        while block := connection.recv(1 << 20):
            found += block
    except ConnectionResetError:
        pass
    return bytes(found)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234",
        GET + b"GET /",
    ],
)
def test_who_does_not_say_what_they_want_is_let_go(sent: bytes) -> None:
    with server(Impatient) as (port, _), opened(port) as connection:
        connection.sendall(sent)
        begun = time.monotonic()
        answer = rest(connection)
        assert time.monotonic() - begun < 10
        assert answer.endswith(b"ok") is sent.startswith(GET)


def test_who_takes_nothing_of_an_answer_is_let_go() -> None:
    with server(Impatient) as (port, held), opened(port) as connection:
        connection.sendall(GET.replace(b"/ ", b"/long ", 1))
        connection.recv(1)
        deadline = time.monotonic() + 20
        while held:
            assert time.monotonic() < deadline, "still open"
            time.sleep(0.05)
        assert len(rest(connection)) < len(LONG)


def test_too_many_push_out_who_waited_longest_and_whoever_asks_is_answered() -> None:
    with server(Patient) as (port, _):
        idle = []
        for _ in range(Patient.most):
            idle.append(opened(port))
            idle[-1].sendall(b"GET / HTTP/1.1\r\n")
        for pushed in idle[:2]:
            with opened(port) as connection:
                connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                assert rest(connection).endswith(b"ok")
                assert rest(pushed) == b""
            idle.append(opened(port))
        for each in idle:
            each.close()
