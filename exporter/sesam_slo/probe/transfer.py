"""One request and its answer: an easy handle of libcurl set up, and what comes back taken in, within bounds.

A probe is one transfer, or one for each redirect: libcurl does not follow them itself, so that scheme, count, credentials
and the one deadline are ours to decide. Every transfer opens its own connection and does a full TLS handshake.
"""

from __future__ import annotations

import calendar
import functools
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pycurl

from .. import __version__
from ..core.model import Phase, Request
from .credentials import read_file
from .target import Target, is_address

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 10 * 1024 * 1024
PREFIX_BYTES = 1024
_KEPT_BYTES = 16 * 1024  # what evidence is cut from: more than is shown, so that a secret across the cut is recognised
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_SUPPRESS_CONNECT_HEADERS = 265  # CURLOPT_SUPPRESS_CONNECT_HEADERS has no name in pycurl
# The default offers a post-quantum key share first: 5 % of a probe's time, and a hello of two packets, which some
# middleboxes drop.
_GROUPS = "X25519:P-256:P-384:P-521"
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?!\d)")
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}


class UnfitRequest(Exception):
    """A request that cannot be sent as it is configured; the text is for people."""


class Transfer:
    """One transfer: set up by `prepare`, filled by libcurl's callbacks.

    `headers_done` is True once the head of the final answer is complete; `stopped` is why we ended it ourselves:
    "redirect", "headers" or "body".
    """

    __slots__ = (
        "_digest",
        "_header_bytes",
        "_stop_at_redirect",
        "addresses",
        "body",
        "body_bytes",
        "content_type",
        "curl",
        "headers_done",
        "keep_body",
        "location",
        "started",
        "status",
        "stopped",
        "target",
    )

    def __init__(
        self,
        target: Target,
        addresses: tuple[str, ...],
        started: float,
        *,
        stop_at_redirect: frozenset[int],
        keep_body: bool,
    ) -> None:
        self.curl: Any = pycurl.Curl()
        self.target = target
        self.addresses = addresses
        self.started = started
        self.status: int | None = None
        self.location: bytes | None = None
        self.content_type = ""
        self.headers_done = False
        self.stopped = ""
        self.body = bytearray()
        self.body_bytes = 0
        self.keep_body = keep_body
        self._digest = hashlib.sha256()
        self._header_bytes = 0
        self._stop_at_redirect = stop_at_redirect

    @property
    def body_sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def is_redirect(self) -> bool:
        return self.headers_done and self.status in self._stop_at_redirect and self.location is not None

    def on_header(self, line: bytes) -> int | None:
        """Takes one line of a head, or of a trailer; anything but None ends the transfer."""
        self._header_bytes += len(line)
        if self._header_bytes > MAX_HEADER_BYTES:
            self.stopped = self.stopped or "headers"
            return 0
        if self.headers_done:
            return None  # a trailer
        if line.startswith(b"HTTP/"):
            found = _STATUS.match(line)
            self.status = int(found[1]) if found else None
            self.location, self.content_type = None, ""
        elif line in (b"\r\n", b"\n"):
            self.headers_done = self.status is not None and self.status >= 200  # 1xx: another head follows
            if self.is_redirect:
                self.stopped = "redirect"  # its body, which may hang, is of no interest
                return 0
        else:
            name, _, value = line.partition(b":")
            if (name := name.lower()) == b"location":
                self.location = value.strip()
            elif name == b"content-type":
                self.content_type = value.decode("latin-1").strip()
        return None

    def on_body(self, chunk: bytes) -> int | None:
        """Takes a piece of the decoded body; anything but None ends the transfer."""
        self.body_bytes += len(chunk)
        if self.body_bytes > MAX_BODY_BYTES:
            self.stopped = "body"
            return 0
        self._digest.update(chunk)
        if self.keep_body or len(self.body) < _KEPT_BYTES:
            self.body += chunk
        return None

    def os_errno(self) -> int:
        return int(self.curl.getinfo(pycurl.OS_ERRNO))

    def handshake_done(self) -> bool:
        return bool(self.curl.getinfo(pycurl.APPCONNECT_TIME_T) > 0)

    def phases(self, now: float) -> dict[Phase, float]:
        """Seconds of the phases that were entered; the last of them is the one the transfer ended in."""
        curl = self.curl
        passed = max(0.0, now - self.started)
        marks = [(Phase.CONNECT, pycurl.CONNECT_TIME_T)]
        if self.target.scheme == "https":
            marks.append((Phase.TLS, pycurl.APPCONNECT_TIME_T))
        marks.append((Phase.WAIT, pycurl.STARTTRANSFER_TIME_T))
        phases: dict[Phase, float] = {}
        before = 0.0
        for phase, mark in marks:
            at = curl.getinfo(mark) / 1e6
            if at <= 0:
                phases[phase] = max(0.0, passed - before)
                return phases
            phases[phase] = max(0.0, at - before)
            before = max(at, before)
        phases[Phase.TRANSFER] = max(0.0, passed - before)
        return phases

    def tls_not_after(self) -> datetime | None:
        """The earliest end of validity among the certificates that the server sent; None where they were not read."""
        dates = [
            value
            for certificate in self.curl.getinfo_raw(pycurl.INFO_CERTINFO)
            for name, value in certificate
            if name == b"Expire date"
        ]
        return min((end for end in map(_certificate_date, dates) if end is not None), default=None)

    def prepare(
        self,
        request: Request,
        *,
        remaining: timedelta,
        own_origin: bool,
        method: str,
        authorization: str | None,
        ca_file: str,
        read_certificates: bool,
    ) -> None:
        """Sets the handle up.

        `own_origin`: the target is the configured one; credentials, configured headers, the client's certificate and
        `server_name` go nowhere else. `authorization` is the value of that header. `ca_file` is the system's trust store;
        `read_certificates`: keep what `tls_not_after` reads.

        Raises:
            UnfitRequest: the request cannot be sent as configured.
            CredentialsUnreadable: a file it names cannot be read.
        """
        setopt = self.curl.setopt
        setopt(pycurl.NOSIGNAL, 1)
        setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)  # one request a connection: HTTP/2 has nothing to win
        setopt(pycurl.FRESH_CONNECT, 1)
        setopt(pycurl.FORBID_REUSE, 1)
        setopt(pycurl.ACCEPT_ENCODING, "gzip, deflate, br")
        setopt(pycurl.HEADERFUNCTION, self.on_header)
        setopt(pycurl.WRITEFUNCTION, self.on_body)
        # libcurl needs it to give each of several addresses its share of the time; we end the exchange ourselves.
        setopt(pycurl.TIMEOUT_MS, max(1, int(remaining / timedelta(milliseconds=1))))
        self._prepare_route(request, own_origin)
        self._prepare_tls(request, own_origin, ca_file, read_certificates)
        self._prepare_head(request, own_origin, method, authorization)

    def _prepare_route(self, request: Request, own_origin: bool) -> None:
        setopt, target = self.curl.setopt, self.target
        server_name = request.tls.server_name if own_origin and target.scheme == "https" else None
        if server_name and server_name != target.host:
            # libcurl takes the name for TLS from the URL, so the URL gets that name and the connection the real one.
            setopt(pycurl.URL, Target(target.scheme, server_name, target.port, target.path).url)
            real_host = f"[{target.host}]" if ":" in target.host else target.host
            setopt(pycurl.CONNECT_TO, [f"{server_name}:{target.port}:{real_host}:{target.port}"])
        else:
            setopt(pycurl.URL, target.url)
        setopt(pycurl.PATH_AS_IS, 1)
        # Set, if to nothing: the environment's http_proxy and no_proxy must not decide what is measured.
        setopt(pycurl.PROXY, request.proxy_url or "")
        setopt(pycurl.NOPROXY, "")
        setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        host, port = proxy_authority(request) or (target.host, target.port)
        if not is_address(host):
            listed = ",".join(f"[{each}]" if ":" in each else each for each in self.addresses)
            # "+": the entry may expire, so names that only a redirect led to do not stay in libcurl's cache for ever. It
            # is never old when it is used: every transfer brings the answer to its own look-up.
            setopt(pycurl.RESOLVE, [f"+{host}:{port}:{listed}"])
            setopt(pycurl.DNS_CACHE_TIMEOUT, 60)

    def _prepare_tls(self, request: Request, own_origin: bool, ca_file: str, read_certificates: bool) -> None:
        if self.target.scheme != "https" and not (request.proxy_url or "").startswith("https"):
            return
        setopt, tls = self.curl.setopt, request.tls
        setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        setopt(pycurl.SSL_EC_CURVES, _GROUPS)
        setopt(pycurl.OPT_CERTINFO, int(read_certificates))
        # libcurl keeps one parsed trust store for each multi handle, and only for a file without a directory beside it.
        self.curl.unsetopt(pycurl.CAPATH)
        setopt(pycurl.CAINFO, ca_file)
        if tls.ca_file is not None:
            setopt(pycurl.CAINFO_BLOB, read_file(tls.ca_file))  # so that it does not displace the parsed one
        if tls.insecure_skip_verify:
            setopt(pycurl.SSL_VERIFYPEER, 0)
            setopt(pycurl.SSL_VERIFYHOST, 0)
        if own_origin and tls.cert_file is not None:
            setopt(pycurl.SSLCERT, tls.cert_file)
            setopt(pycurl.SSLKEY, tls.key_file or tls.cert_file)

    def _prepare_head(self, request: Request, own_origin: bool, method: str, authorization: str | None) -> None:
        setopt = self.curl.setopt
        configured = request.headers if own_origin else ()
        headers = [_header_line(name, value) for name, value in configured]
        names = {name.lower() for name, _ in configured}
        if own_origin and request.tls.server_name and "host" not in names:
            headers.append(f"Host: {self.target.authority}")
        if "user-agent" not in names:
            headers.append(f"User-Agent: sesam-slo/{__version__}")
        if authorization is not None and own_origin and "authorization" not in names:
            headers.append(_header_line("Authorization", authorization))
        if method == "HEAD":
            setopt(pycurl.NOBODY, 1)
        elif request.body is not None and method == request.method:
            setopt(pycurl.POSTFIELDS, request.body.encode())
            headers.append("Expect:")  # no round trip to ask whether the body may come
            if "content-type" not in names:
                headers.append("Content-Type:")  # libcurl would claim that it is a form
        if method not in ("GET", "HEAD") or (method == "GET" and request.body is not None):
            setopt(pycurl.CUSTOMREQUEST, method)
        setopt(pycurl.HTTPHEADER, headers)


def proxy_authority(request: Request) -> tuple[str, int] | None:
    """Host and port of the proxy, None where there is none. Raises UnfitRequest where it cannot be read."""
    if request.proxy_url is None:
        return None
    try:
        parts = urlsplit(request.proxy_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UnfitRequest("proxy_url: no host in it")
    return host, port or {"http": 80, "https": 443}.get(parts.scheme, 1080)


def _header_line(name: str, value: str) -> str:
    if not (name + value).isprintable() or ":" in name:
        raise UnfitRequest(f"header {name[:40]!r}: holds characters that a header may not")
    return f"{name}: {value}" if value else f"{name};"  # ";" is libcurl's way to send an empty one


@functools.lru_cache(maxsize=4096)
def _certificate_date(text: bytes) -> datetime | None:
    """`Nov 22 22:23:00 2026 GMT` as an instant; strptime would follow the process' language."""
    try:
        month, day, clock, year, _zone = text.decode("ascii").split()
        hour, minute, second = map(int, clock.split(":"))
        return datetime(int(year), _MONTHS[month], int(day), hour, minute, second, tzinfo=UTC)
    except (ValueError, KeyError):
        return None
