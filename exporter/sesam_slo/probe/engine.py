"""Many probes at once in one thread: libcurl's multi interface, driven by epoll.

`socket_action` rather than `perform`: its cost follows what happens, not how many probes hang, and it has no limit of 1,024
descriptors as `select` has. Nothing here waits for one endpoint: names are looked up and large bodies checked elsewhere.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import resource
import select
import ssl
import time
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

import certifi
import pycurl

from ..core.model import Reason, Request
from .checker import BodyChecker, Job
from .exchange import Certificates, Exchange
from .handle import Handles, UnfitRequest
from .resolver import Answer, Lookup, Resolver, look_up
from .target import is_address
from .verdict import Observation, Verdict

HELD_UP_SECONDS = 0.3
"""When this process did not run for longer than that, what timed out meanwhile says nothing about the target."""
LAST_RESORT_SECONDS = 0.1
"""libcurl ends its transfers at the deadline, and only then knows how far they had come. Where it does not, we do."""
CHECK_GRACE_SECONDS = 0.15
"""How long after the deadline the check of a body that was complete in time may take."""
_HEADROOM = 128  # descriptors left to the rest of the process
_DESCRIPTORS_PER_PROBE = 3  # a connection, a second one beside it (IPv6 and IPv4), a name look-up
_MAX_IN_FLIGHT = 4096
_EVENTS_PER_TURN = 256


class ProbeEngine:
    """Starts probes and hands out what they found. For one thread; only `wake` may be called from others.

    Args:
        max_in_flight: how many probes may be under way; None: as many as the descriptors allow (the soft limit is raised).
        now: the wall clock, aware UTC; dates observations.
        monotonic: seconds for deadlines and durations; must be the clock that epoll waits by.
        lookup: host name -> addresses; may block, runs in threads.
        ca_file: the trust store, a PEM file; None: the system's, else certifi's.
    """

    def __init__(
        self,
        max_in_flight: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        *,
        lookup: Lookup = look_up,
        ca_file: str | None = None,
    ) -> None:
        self.max_in_flight = max_in_flight if max_in_flight is not None else _slots()
        self._now = now
        self._monotonic = monotonic
        self._handles = Handles(ca_file or _trust_store())
        self._certificates = Certificates()
        self._exchanges: dict[Hashable, Exchange] = {}
        self._by_curl: dict[Any, Exchange] = {}
        self._deadlines: list[tuple[float, int, Exchange]] = []
        self._sequence = 0
        self._done: list[Observation] = []
        self._woken = False
        self._curl_timer: float | None = None
        self._looked_at = monotonic()
        self._held_up_since: float | None = None  # where this turn comes late: since when it was due
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._resolver = Resolver(self._signal, lookup)
        self._checker = BodyChecker(self._signal)
        self._closed = False

    @property
    def in_flight(self) -> int:
        return len(self._exchanges)

    def started_at(self, key: Hashable) -> datetime | None:
        """When the probe of `key` that is under way started; None where there is none."""
        exchange = self._exchanges.get(key)
        return exchange.started_at if exchange else None

    def __contains__(self, key: Hashable) -> bool:
        return key in self._exchanges

    def start(self, key: Hashable, request: Request, timeout: timedelta) -> None:
        """Starts a probe; what it finds comes from `poll`, at the latest `timeout` from now.

        Where there is no room for it, it is reported as unobserved by the next `poll`.

        Raises:
            ValueError: a probe of `key` is under way.
        """
        if key in self._exchanges:
            raise ValueError(f"a probe of {key} is under way")
        started = self._monotonic()
        exchange = Exchange(key, request, timeout, self._now(), started)
        if len(self._exchanges) >= self.max_in_flight:
            verdict = Verdict.unobserved(
                Reason.LOCAL, f"{self.max_in_flight} probes are under way: no room for another"
            )
            self._done.append(exchange.finish(verdict, started, self._certificates))
            return
        self._exchanges[key] = exchange
        self._expect_by(exchange.deadline, exchange)
        if request.expect.body_regex is not None:
            self._checker.start()
        verdict_now = exchange.open()
        if verdict_now is not None:
            self._finish(exchange, verdict_now)
        else:
            self._resolve(exchange)

    def poll(self, timeout_seconds: float) -> list[Observation]:
        """Drives the probes until something is found or `wake` was called, for `timeout_seconds` at most."""
        end = self._monotonic() + timeout_seconds
        while True:
            now = self._monotonic()
            ready = bool(self._done) or self._woken
            self._turn(0.0 if ready else max(0.0, end - now))
            if self._done or self._woken or self._monotonic() >= end:
                self._woken = False
                done, self._done = self._done, []
                return done

    def wake(self) -> None:
        """Has `poll` return soon. May be called from any thread, and from a signal handler."""
        self._woken = True
        self._signal()

    def cancel(self, key: Hashable) -> bool:
        """Drops the probe of `key` without an observation; False where none is under way."""
        exchange = self._exchanges.pop(key, None)
        if exchange is None:
            return False
        self._detach(exchange)
        exchange.release(self._handles, keep=False)
        return True

    def forget(self, key: Hashable) -> None:
        """Drops what is kept for later probes of `key`: an endpoint that is no longer configured."""
        self.cancel(key)
        self._handles.forget(key)
        self._certificates.forget(key)

    def close(self) -> None:
        """Drops all probes. Never waits for an endpoint or a name server."""
        if self._closed:
            return
        self._closed = True
        for key in list(self._exchanges):
            self.cancel(key)
        self._resolver.close()
        self._checker.close()
        self._handles.close()
        self._multi.close()
        self._epoll.close()
        # The descriptor of `_signal` stays open: a thread that hangs in a look-up may still write to it, and must not
        # find somebody else's file there.

    def __enter__(self) -> ProbeEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # One turn of the loop

    def _turn(self, wait: float) -> None:
        now = self._monotonic()
        for due in (self._deadlines[0][0] if self._deadlines else None, self._curl_timer):
            if due is not None:
                wait = min(wait, max(0.0, due - now))
        # Rounded up to epoll's milliseconds: waking early would only mean to wait again.
        events = self._epoll.poll(wait and wait + 0.001, _EVENTS_PER_TURN)
        self._watch_for_stall(wait)
        for descriptor, event in events:
            if descriptor == self._wake_fd:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._wake_fd)
                continue
            mask = pycurl.CSELECT_OUT if event & select.EPOLLOUT else 0
            if event & ~select.EPOLLOUT:
                mask |= pycurl.CSELECT_IN  # errors and hang-ups as well: reading finds out which
            self._multi.socket_action(descriptor, mask)
        if self._curl_timer is not None and self._curl_timer <= self._monotonic():
            self._curl_timer = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect_answers()
        self._collect_transfers()
        self._collect_checks()
        self._end_overdue()

    def _watch_for_stall(self, wait: float) -> None:
        """Notices when the loop did not run when it should have: a suspend, a stopped process, a busy machine."""
        now = self._monotonic()
        held_up = now - self._looked_at - wait
        self._held_up_since = now - held_up if held_up > HELD_UP_SECONDS else None
        self._looked_at = now

    def _collect_answers(self) -> None:
        for key, answer, asked_at in self._resolver.answers():
            exchange = self._exchanges.get(key)
            if exchange is None:
                continue
            exchange.resolving = None
            if answer.addresses:
                exchange.resolved(self._monotonic())
                self._connect(exchange, answer.addresses)
            elif asked_at < exchange.hop_started:
                self._resolve(exchange)  # that failure is older than this probe: ask again
            else:
                self._finish(exchange, _judge_lookup(exchange, answer))

    def _collect_transfers(self) -> None:
        remaining = 1
        while remaining:
            remaining, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._transfer_ended(curl, pycurl.E_OK, "")
            for curl, code, message in failed:
                self._transfer_ended(curl, code, message)

    def _collect_checks(self) -> None:
        for checked in self._checker.results():
            exchange = self._exchanges.get(checked.token)
            if exchange is not None:
                self._finish(exchange, exchange.judge_checked(checked.mismatch, checked.fault))

    def _end_overdue(self) -> None:
        now = self._monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, exchange = heapq.heappop(self._deadlines)
            if self._exchanges.get(exchange.key) is not exchange:
                continue
            last_resort = exchange.deadline + LAST_RESORT_SECONDS
            if exchange.transfer is not None and exchange.transfer.curl in self._by_curl and now < last_resort:
                self._expect_by(last_resort, exchange)
            else:
                self._overdue(exchange, now)

    # One exchange

    def _resolve(self, exchange: Exchange) -> None:
        try:
            host = exchange.host_to_connect()
        except UnfitRequest as error:
            self._finish(exchange, Verdict.unobserved(Reason.LOCAL, str(error)))
            return
        if is_address(host):
            self._connect(exchange, (host,))
        else:
            exchange.resolving = host
            self._resolver.ask(host, exchange.key, self._monotonic())

    def _connect(self, exchange: Exchange, addresses: tuple[str, ...]) -> None:
        verdict = exchange.connect(addresses, self._monotonic(), self._handles, self._certificates)
        if verdict is not None:
            self._finish(exchange, verdict)
            return
        assert exchange.transfer is not None
        self._by_curl[exchange.transfer.curl] = exchange
        self._multi.add_handle(exchange.transfer.curl)

    def _transfer_ended(self, curl: Any, code: int, message: str) -> None:
        exchange = self._by_curl.pop(curl)
        transfer = exchange.transfer
        assert transfer is not None
        self._multi.remove_handle(curl)
        now = self._monotonic()
        if transfer.stopped == "redirect" or (code == pycurl.E_OK and transfer.is_redirect):
            verdict = exchange.next_hop(now, self._handles)
            if verdict is None:
                self._resolve(exchange)
            else:
                self._finish(exchange, verdict)
        elif code == pycurl.E_OPERATION_TIMEDOUT:
            self._overdue(exchange, now)
        else:
            judged = exchange.judge(code, message)
            if isinstance(judged, Verdict):
                self._finish(exchange, judged)
            else:
                self._check(exchange, judged, now)

    def _check(self, exchange: Exchange, job: Job, now: float) -> None:
        exchange.completed = now
        self._expect_by(max(exchange.deadline, now + CHECK_GRACE_SECONDS), exchange)
        self._checker.ask(job)

    def _overdue(self, exchange: Exchange, now: float) -> None:
        if exchange.completed is not None:
            if now >= max(exchange.deadline, exchange.completed + CHECK_GRACE_SECONDS):
                self._finish(exchange, Verdict.unobserved(Reason.LOCAL, "the body could not be checked in time"))
        elif self._held_up_since is not None and exchange.deadline > self._held_up_since:
            seconds = now - self._held_up_since
            self._finish(exchange, Verdict.unobserved(Reason.LOCAL, f"this process was held up for {seconds:.1f} s"))
        else:
            self._finish(exchange, self._judge_overdue(exchange, now))

    def _judge_overdue(self, exchange: Exchange, now: float) -> Verdict:
        if exchange.resolving is not None and not self._resolver.forget(exchange.resolving, exchange.key):
            return Verdict.unobserved(Reason.LOCAL, "no thread was free to look the name up")
        return exchange.judge_deadline(now)

    def _finish(self, exchange: Exchange, verdict: Verdict) -> None:
        del self._exchanges[exchange.key]
        self._detach(exchange)
        self._done.append(exchange.finish(verdict, self._monotonic(), self._certificates))
        exchange.release(self._handles, keep=verdict.reason is not Reason.LOCAL)

    def _detach(self, exchange: Exchange) -> None:
        transfer = exchange.transfer
        if transfer is not None:
            if self._by_curl.pop(transfer.curl, None) is not None:
                self._multi.remove_handle(transfer.curl)
        elif exchange.resolving is not None:
            self._resolver.forget(exchange.resolving, exchange.key)

    def _expect_by(self, deadline: float, exchange: Exchange) -> None:
        self._sequence += 1
        heapq.heappush(self._deadlines, (deadline, self._sequence, exchange))

    # What libcurl asks for

    def _on_socket(self, what: int, descriptor: int, _multi: Any, _data: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)
            return
        wanted = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        try:
            self._epoll.register(descriptor, wanted)
        except FileExistsError:
            self._epoll.modify(descriptor, wanted)

    def _on_timer(self, milliseconds: int) -> None:
        self._curl_timer = None if milliseconds < 0 else self._monotonic() + milliseconds / 1000

    def _signal(self) -> None:
        with contextlib.suppress(OSError):
            os.eventfd_write(self._wake_fd, 1)


def _judge_lookup(exchange: Exchange, answer: Answer) -> Verdict:
    host = exchange.host_to_connect()
    if exchange.request.proxy_url is not None:
        return Verdict.unobserved(Reason.LOCAL, f"the proxy {host} was not resolved: {answer.fault}")
    if answer.local:
        return Verdict.unobserved(Reason.LOCAL, f"{host} could not be looked up: {answer.fault}")
    return Verdict.failure(Reason.DNS, f"{host} does not resolve: {answer.fault}")


def _slots() -> int:
    """How many probes the descriptors allow; raises the soft limit to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft == resource.RLIM_INFINITY:
        return _MAX_IN_FLIGHT
    return max(8, min(_MAX_IN_FLIGHT, (soft - _HEADROOM) // _DESCRIPTORS_PER_PROBE))


def _trust_store() -> str:
    """The system's trust store (or $SSL_CERT_FILE), where there is none certifi's."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"):
        if path is not None and os.path.isfile(path):
            return path
    return certifi.where()
