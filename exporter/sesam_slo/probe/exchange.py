"""One probe from its first name look-up to its verdict: the hops between, and what is known of them when it ends."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta

import pycurl

from ..core.model import Outcome, Phase, Reason, Request
from .body import charset_of, mismatch
from .checker import INLINE_BYTES, Job
from .credentials import CredentialsUnreadable, authorization_header, basic_password
from .handle import Handles, UnfitRequest, proxy_authority
from .resolver import has_route, reachable
from .target import SchemeRefused, Target, follow, parse_url
from .transfer import PREFIX_BYTES, REDIRECTS, Transfer
from .verdict import Observation, TransferError, Verdict, blank, judge_deadline, judge_error, judge_status, sentence

_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "cache-control", "content-type", "host", "user-agent"})


class Certificates:
    """Until when the endpoints' certificates are valid.

    Those of an endpoint are read at most once in five minutes: reading them costs a tenth of a probe, and they are good for
    weeks. They are verified in every probe.
    """

    READ_EVERY_SECONDS = 300.0

    def __init__(self) -> None:
        self._read: dict[Hashable, tuple[Target, float, datetime]] = {}

    def to_be_read(self, key: Hashable, target: Target, now: float) -> bool:
        known = self._read.get(key)
        return known is None or known[0].origin != target.origin or now - known[1] >= self.READ_EVERY_SECONDS

    def not_after(self, key: Hashable, transfer: Transfer, now: float) -> datetime | None:
        """For a transfer that has ended; None where there was no handshake, or one that did not succeed."""
        if transfer.target.scheme != "https":
            return None
        read = transfer.tls_not_after()
        if read is not None:
            self._read[key] = (transfer.target, now, read)
            return read
        known = self._read.get(key)
        if known is None or known[0].origin != transfer.target.origin or not transfer.handshake_done():
            return None
        return known[2]

    def forget(self, key: Hashable) -> None:
        self._read.pop(key, None)


class Exchange:
    """The state of one probe. The engine moves it: `host_to_connect` -> `connect` -> `finish`, again for each redirect."""

    __slots__ = (
        "_authorization",
        "_home",
        "_method",
        "_phases",
        "_secrets",
        "_stop_at_redirect",
        "completed",
        "deadline",
        "hop_started",
        "key",
        "redirects",
        "request",
        "resolving",
        "started",
        "started_at",
        "target",
        "timeout",
        "transfer",
    )

    def __init__(
        self, key: Hashable, request: Request, timeout: timedelta, started_at: datetime, started: float
    ) -> None:
        self.key = key
        self.request = request
        self.timeout = timeout
        self.started_at = started_at
        self.started = started
        self.deadline = started + timeout.total_seconds()
        self.hop_started = started
        self.redirects = 0
        self.resolving: str | None = None  # the name that is being looked up
        self.completed: float | None = None  # when the answer was complete, where its body is checked after that
        self.transfer: Transfer | None = None
        self.target: Target | None = None
        self._home: Target | None = None
        self._authorization: str | None = None
        self._method = request.method
        self._phases: dict[Phase, float] = {}
        self._secrets: tuple[bytes, ...] = ()
        # A redirect that is listed as an expected status is an answer; with no redirects allowed every one is.
        expect = request.expect
        self._stop_at_redirect = REDIRECTS - set(expect.status) if expect.max_redirects > 0 else frozenset()

    def open(self) -> Verdict | None:
        """Reads the URL and the credentials; a verdict where that ends the probe."""
        try:
            self.target = self._home = parse_url(self.request.url)
            self._authorization = authorization_header(self.request)
        except CredentialsUnreadable as error:
            return Verdict.unobserved(Reason.LOCAL, f"credentials: {error}")
        except ValueError:
            return Verdict.unobserved(Reason.LOCAL, "the configured URL cannot be used")
        self._secrets = _secrets_of(self.request, self._authorization)
        return None

    def host_to_connect(self) -> str:
        """The name or address to connect to in this hop: the target's or the proxy's. Raises UnfitRequest."""
        assert self.target is not None
        proxy = proxy_authority(self.request)
        return proxy[0] if proxy else self.target.host

    def resolved(self, now: float) -> None:
        """The look-up of this hop is over."""
        self._add({Phase.RESOLVE: max(0.0, now - self.hop_started)})

    def connect(
        self, addresses: tuple[str, ...], now: float, handles: Handles, certificates: Certificates
    ) -> Verdict | None:
        """Sets up `self.transfer` to one of the addresses; a verdict where that cannot be done."""
        assert self.target is not None
        assert self._home is not None
        expect = self.request.expect
        chosen = reachable(addresses, self.request.preferred_ip_protocol)
        try:
            own_origin = self.target.origin == self._home.origin
            handle = handles.take(self.key, self.request, self.target, self._method, own_origin=own_origin)
            keep_body = bool(expect.json or expect.body_regex is not None)
            self.transfer = transfer = Transfer(
                handle, chosen, now, stop_at_redirect=self._stop_at_redirect, keep_body=keep_body
            )
            handle.prepare(
                addresses=chosen,
                remaining_seconds=self.deadline - now,
                authorization=self._authorization,
                read_certificates=certificates.to_be_read(self.key, self.target, now),
                on_header=transfer.on_header,
                on_body=transfer.on_body,
            )
        except (UnfitRequest, CredentialsUnreadable) as error:
            self.release(handles, keep=False)
            return Verdict.unobserved(Reason.LOCAL, str(error))
        except (pycurl.error, UnicodeError, ValueError) as error:
            self.release(handles, keep=False)
            return Verdict.unobserved(Reason.LOCAL, f"libcurl refuses the request ({type(error).__name__})")
        return None

    def next_hop(self, now: float, handles: Handles) -> Verdict | None:
        """Where this transfer ended with a redirect: moves to its target, or says why not."""
        transfer = self.transfer
        assert transfer is not None
        assert self.target is not None
        assert self._home is not None
        if self.redirects >= self.request.expect.max_redirects:
            return Verdict.failure(Reason.TOO_MANY_REDIRECTS, f"more than {self.redirects} redirects")
        try:
            target = follow(self.target, transfer.location or b"")
        except SchemeRefused as error:
            return Verdict.failure(Reason.REDIRECT_REFUSED, f"redirect refused: {error}")
        except ValueError:
            return Verdict.failure(Reason.PROTOCOL, "redirect to what is not a URL")
        method = self._method
        if (transfer.status == 303 and method != "HEAD") or (transfer.status in (301, 302) and method == "POST"):
            method = "GET"
        if method == self.request.method and self.request.body is not None and target.origin != self._home.origin:
            return Verdict.failure(Reason.REDIRECT_REFUSED, f"redirect would send the request's body to {target}")
        self._method, self.target = method, target
        self._add(transfer.phases(now))
        self.release(handles, keep=True)
        self.hop_started = now
        self.redirects += 1
        return None

    def judge(self, code: int, message: str) -> Verdict | Job:
        """What a transfer that has ended comes to; a `Job` where the body is to be checked elsewhere first."""
        transfer = self.transfer
        assert transfer is not None
        if transfer.stopped == "headers":
            return Verdict.failure(Reason.HEADERS_TOO_LARGE, "the head of the answer is larger than 64 KiB")
        if transfer.headers_done and transfer.status is not None:
            unexpected = judge_status(self.request, transfer.status)
            if unexpected is not None:
                return unexpected
        if transfer.stopped == "body":
            return Verdict.failure(Reason.BODY_TOO_LARGE, "the body is larger than 10 MiB")
        if code != pycurl.E_OK:
            return self._judge_error(transfer, code, message)
        return self._judge_body(transfer)

    def judge_deadline(self, now: float) -> Verdict:
        """The verdict where the deadline came first."""
        transfer = self.transfer
        if transfer is None:
            phase = Phase.RESOLVE
        else:
            if transfer.headers_done and transfer.status is not None:
                unexpected = judge_status(self.request, transfer.status)
                if unexpected is not None:
                    return unexpected
            phase = list(transfer.phases(now))[-1]
        if self.request.proxy_url is not None and phase in (Phase.RESOLVE, Phase.CONNECT):
            return Verdict.unobserved(Reason.LOCAL, "the proxy was not reached before the deadline")
        return judge_deadline(phase, self.timeout.total_seconds())

    def finish(self, verdict: Verdict, now: float, certificates: Certificates) -> Observation:
        """The observation; `release` is to follow."""
        transfer = self.transfer
        if transfer is not None:
            self._add(transfer.phases(self.completed or now))
        elif self.target is not None and Phase.CONNECT not in self._phases:
            self._phases.setdefault(Phase.RESOLVE, max(0.0, now - self.hop_started))
        curl = transfer.curl if transfer else None
        return Observation(
            key=self.key,
            started_at=self.started_at,
            duration_seconds=max(0.0, (self.completed or now) - self.started),
            phases=self._phases,
            outcome=verdict.outcome,
            reason=verdict.reason,
            status=transfer.status if transfer and transfer.headers_done else None,
            tls_not_after=certificates.not_after(self.key, transfer, now) if transfer else None,
            address=(curl.getinfo(pycurl.PRIMARY_IP) or None) if curl else None,
            redirects=self.redirects,
            body_prefix=self._prefix(transfer) if transfer else b"",
            body_bytes=transfer.body_bytes if transfer else 0,
            body_sha256=transfer.body_sha256 if transfer and transfer.body_bytes else "",
            detail=sentence(verdict.detail, self._secrets),
        )

    def release(self, handles: Handles, *, keep: bool) -> None:
        """Lets go of the transfer; the handle of the first hop may be kept for the next probe."""
        if self.transfer is not None:
            self.transfer.body = bytearray()  # a kept handle keeps its callbacks, and with them the transfer
            handles.give_back(self.key, self.transfer.handle, keep=keep and self.redirects == 0)
            self.transfer = None

    def _judge_error(self, transfer: Transfer, code: int, message: str) -> Verdict:
        curl = transfer.curl
        return judge_error(
            TransferError(
                code=code,
                message=message,
                os_errno=transfer.os_errno(),
                tls_verify_result=int(curl.getinfo(pycurl.SSL_VERIFYRESULT)),
                connected=curl.getinfo(pycurl.CONNECT_TIME_T) > 0,
                via_proxy=self.request.proxy_url is not None,
                routable=code != pycurl.E_COULDNT_CONNECT or any(map(has_route, transfer.addresses)),
            )
        )

    def _judge_body(self, transfer: Transfer) -> Verdict | Job:
        expect = self.request.expect
        if not transfer.headers_done:  # which libcurl takes for an answer without a body
            return Verdict.failure(Reason.RESET, "the connection ended in the head of the answer")
        if transfer.keep_body:
            charset = charset_of(transfer.content_type)
            if expect.body_regex is not None or transfer.body_bytes > INLINE_BYTES:
                return Job(self.key, bytes(transfer.body), charset, expect.json, expect.body_regex)
            difference = mismatch(bytes(transfer.body), charset, expect.json, None)
            if difference is not None:
                return Verdict.failure(Reason.BODY_MISMATCH, difference)
        return Verdict(Outcome.SUCCESS, None, f"status {transfer.status}, {transfer.body_bytes} bytes")

    def judge_checked(self, difference: str | None, fault: str | None) -> Verdict:
        """The verdict after the body was checked elsewhere."""
        transfer = self.transfer
        assert transfer is not None
        if fault is not None:
            return Verdict.unobserved(Reason.LOCAL, fault)
        if difference is not None:
            return Verdict.failure(Reason.BODY_MISMATCH, difference)
        return Verdict(Outcome.SUCCESS, None, f"status {transfer.status}, {transfer.body_bytes} bytes")

    def _prefix(self, transfer: Transfer) -> bytes:
        # Blanking keeps positions, so a secret across the cut is blanked before it is cut.
        longest = max(map(len, self._secrets), default=0)
        return blank(bytes(transfer.body[: PREFIX_BYTES + longest]), self._secrets)[:PREFIX_BYTES]

    def _add(self, phases: dict[Phase, float]) -> None:
        for phase, seconds in phases.items():
            self._phases[phase] = self._phases.get(phase, 0.0) + seconds


def _secrets_of(request: Request, authorization: str | None) -> tuple[bytes, ...]:
    """What must not show up in evidence: longest first, so that none is hidden inside another."""
    found: set[str] = set()
    if authorization is not None:
        found |= {authorization, authorization.partition(" ")[2]}
        if request.basic_auth is not None and request.authorization is None:
            found.add(basic_password(authorization))
    found |= {value for name, value in request.headers if name.lower() not in _HARMLESS_HEADERS}
    if request.proxy_url is not None and "@" in request.proxy_url:
        found.add(request.proxy_url.rpartition("@")[0].partition("//")[2].partition(":")[2])
    return tuple(sorted((each.encode() for each in found if len(each) >= 4), key=len, reverse=True))
