"""Many probes in one engine: room, names that hang, pauses of this process, waking and closing."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from driving import Serve, observe, observe_all
from hostile import OK, Connection, answers

from sesam_slo.core.model import Outcome, Phase, Reason, Request
from sesam_slo.probe import ProbeEngine

SECOND = timedelta(seconds=1)


@pytest.mark.contract("ten-minutes")
def test_observations_are_dated_by_their_start(serve: Serve) -> None:
    instant = datetime(2026, 3, 1, 12, tzinfo=UTC)
    request = Request(serve(answers(OK)).url())
    with ProbeEngine(now=lambda: instant) as engine:
        assert engine.started_at("a") is None
        engine.start("a", request, SECOND)
        assert engine.started_at("a") == instant
        assert (engine.in_flight, "a" in engine) == (1, True)
        [found] = engine.poll(1)
        assert (found.key, found.started_at) == ("a", instant)
        assert (engine.in_flight, engine.started_at("a")) == (0, None)


def test_a_probe_without_room_is_reported_at_once(serve: Serve) -> None:
    hanging = Request(serve(Connection.hang).url())
    with ProbeEngine(max_in_flight=2) as engine:
        for key in "abc":
            engine.start(key, hanging, timedelta(seconds=30))
        before = time.monotonic()
        [found] = engine.poll(5)
        assert time.monotonic() - before < 0.5
    assert (found.key, found.outcome, found.reason) == ("c", Outcome.UNOBSERVED, Reason.LOCAL)
    assert found.detail == "2 probes are under way: no room for another"


def test_two_probes_of_one_key_are_refused(serve: Serve) -> None:
    hanging = Request(serve(Connection.hang).url())
    with ProbeEngine() as engine:
        engine.start("a", hanging, SECOND)
        with pytest.raises(ValueError, match=r"^a probe of a is under way$"):
            engine.start("a", hanging, SECOND)


def test_poll_returns_when_woken_and_when_its_time_is_up() -> None:
    with ProbeEngine() as engine:
        threading.Timer(0.1, engine.wake).start()
        before = time.monotonic()
        assert engine.poll(5) == []
        assert time.monotonic() - before < 1
        before = time.monotonic()
        assert engine.poll(0.1) == []
        assert 0.1 <= time.monotonic() - before < 0.5


def test_a_cancelled_probe_is_not_heard_of_again(serve: Serve) -> None:
    with ProbeEngine() as engine:
        engine.start("a", Request(serve(Connection.hang).url()), timedelta(seconds=0.2))
        engine.poll(0.05)
        assert engine.cancel("a")
        assert not engine.cancel("a")
        assert engine.poll(0.4) == []


def test_many_handshakes_that_hang_at_once_are_all_past_the_connection(serve: Serve) -> None:
    """libcurl tells how far a transfer had come only when it ends it itself."""
    url = serve(Connection.hang).url().replace("http:", "https:")
    with ProbeEngine() as engine:
        found = observe_all(engine, {str(number): Request(url) for number in range(50)}, 1.0)
    assert {each.detail for each in found.values()} == {"the TLS handshake was not done within 1 s"}
    assert max(each.duration_seconds for each in found.values()) <= 1.2


def test_names_that_hang_delay_neither_others_nor_the_end(serve: Serve) -> None:
    """40 of them: twice the threads that libcurl's own resolver would have."""
    release = threading.Event()

    def lookup(host: str) -> tuple[str, ...]:
        if host.startswith("hangs"):
            release.wait()
        return ("127.0.0.1",)

    port = serve(answers(OK)).port
    requests = {f"hangs-{n}": Request(f"http://hangs-{n}.example:{port}/") for n in range(40)}
    requests |= {f"good-{n}": Request(f"http://good-{n}.example:{port}/") for n in range(10)}
    engine = ProbeEngine(lookup=lookup)
    found = observe_all(engine, requests, 1.0)
    for name, observation in found.items():
        if name.startswith("good"):
            assert observation.outcome is Outcome.SUCCESS
            assert observation.duration_seconds < 0.5
        else:
            assert (observation.outcome, observation.reason) == (Outcome.FAILURE, Reason.DNS)
            assert observation.detail == "the name was not resolved within 1 s"
            assert set(observation.phases) == {Phase.RESOLVE}
            assert 1 <= observation.duration_seconds <= 1.2
    before = time.monotonic()
    engine.close()
    assert time.monotonic() - before < 0.2
    release.set()


def test_a_name_is_looked_up_once_at_a_time_and_an_old_failure_does_not_count(serve: Serve) -> None:
    calls: list[str] = []
    release = threading.Event()

    def lookup(host: str) -> tuple[str, ...]:
        calls.append(host)
        if len(calls) == 1:
            release.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ("127.0.0.1",)

    request = Request(f"http://sesam.example:{serve(answers(OK)).port}/")
    with ProbeEngine(lookup=lookup) as engine:
        assert observe(engine, request, 0.2).reason is Reason.DNS
        engine.start("a", request, 5 * SECOND)
        engine.start("b", request, 5 * SECOND)
        assert engine.poll(0.2) == []
        assert calls == ["sesam.example"]
        release.set()
        found = [*engine.poll(5)]
        while len(found) < 2:
            found += engine.poll(5)
    assert [each.outcome for each in found] == [Outcome.SUCCESS] * 2
    assert calls == ["sesam.example"] * 2


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Outcome.FAILURE, Reason.DNS),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), Outcome.FAILURE, Reason.DNS),
        (socket.gaierror(socket.EAI_MEMORY, "Memory allocation failure"), Outcome.UNOBSERVED, Reason.LOCAL),
        (OSError(24, "Too many open files"), Outcome.UNOBSERVED, Reason.LOCAL),
        (UnicodeError("label too long"), Outcome.FAILURE, Reason.DNS),
    ],
)
def test_failed_look_ups(error: Exception, outcome: Outcome, reason: Reason) -> None:
    def lookup(_: str) -> tuple[str, ...]:
        raise error

    with ProbeEngine(lookup=lookup) as engine:
        found = observe(engine, Request("http://sesam.example/"))
    assert (found.outcome, found.reason) == (outcome, reason)


def test_the_next_address_is_tried(serve: Serve) -> None:
    port = serve(answers(OK)).port
    with ProbeEngine(lookup=lambda _: ("127.0.0.9", "127.0.0.1")) as engine:
        found = observe(engine, Request(f"http://sesam.example:{port}/"))
    assert (found.outcome, found.address) == (Outcome.SUCCESS, "127.0.0.1"), found.detail


def test_the_preferred_protocol_is_used_where_there_is_a_choice(serve: Serve) -> None:
    port = serve(answers(OK)).port
    with ProbeEngine(lookup=lambda _: ("::1", "127.0.0.1")) as engine:
        url = f"http://sesam.example:{port}/"
        assert observe(engine, Request(url, preferred_ip_protocol="ip4")).address == "127.0.0.1"
        assert observe(engine, Request(url, preferred_ip_protocol="ip6")).reason is Reason.CONNECT_REFUSED
        assert observe(engine, Request(url)).address == "127.0.0.1"


def test_a_pause_of_this_process_is_no_failure_of_theirs(serve: Serve) -> None:
    """Suspended, stopped or starved: nobody read what may have come before the deadline."""
    with ProbeEngine() as engine:
        engine.start("a", Request(serve(Connection.hang).url()), timedelta(seconds=0.3))
        engine.poll(0.05)
        time.sleep(1.0)
        [found] = engine.poll(1)
    assert (found.outcome, found.reason) == (Outcome.UNOBSERVED, Reason.LOCAL)
    assert found.detail.startswith("this process was held up for 0.9") or found.detail.startswith(
        "this process was held up for 1."
    )


@pytest.mark.contract("monitored")
def test_without_descriptors_nothing_is_observed(serve: Serve) -> None:
    """In a process of its own, whose limit is used up."""
    url = serve(answers(OK)).url()
    script = """
        import os, resource, sys
        from datetime import timedelta
        from sesam_slo.core.model import Request
        from sesam_slo.probe import ProbeEngine

        with ProbeEngine(max_in_flight=10) as engine:
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            taken = []
            try:
                while True:
                    taken.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                pass
            engine.start("a", Request(sys.argv[1]), timedelta(seconds=5))
            [found] = engine.poll(5)
            engine.start("b", Request("http://localhost:1/"), timedelta(seconds=5))
            [by_name] = engine.poll(5)
            for each in taken:
                os.close(each)
            engine.start("a", Request(sys.argv[1]), timedelta(seconds=5))
            [later] = engine.poll(5)
        print(found.outcome, found.reason, by_name.outcome, by_name.reason, later.outcome)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), url], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["unobserved", "local"] * 2 + ["success"]


def test_more_probes_than_select_could_watch(serve: Serve) -> None:
    """1,200 connections hang; a healthy endpoint beside them is answered as ever."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with socket.create_server(("127.0.0.1", 0), backlog=2000) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            with ProbeEngine() as engine:
                assert engine.max_in_flight > 1200
                for number in range(1200):
                    engine.start(number, Request(url), timedelta(seconds=60))
                found = observe(engine, Request(serve(answers(OK)).url()))
                assert engine.in_flight == 1200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found.outcome is Outcome.SUCCESS
    assert found.duration_seconds < 1.0
