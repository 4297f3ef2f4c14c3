"""One answer, taken in within bounds, and what libcurl knows of the way there. A probe is one transfer for each hop."""

from __future__ import annotations

import calendar
import functools
import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import pycurl

from ..core.model import Phase
from .handle import Handle

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 10 * 1024 * 1024
PREFIX_BYTES = 1024
_KEPT_BYTES = 16 * 1024  # what evidence is cut from: more than is shown, so that a secret across the cut is recognised
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?!\d)")
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}


class Transfer:
    """One transfer, filled by libcurl's callbacks.

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
        "handle",
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
        handle: Handle,
        addresses: tuple[str, ...],
        started: float,
        *,
        stop_at_redirect: frozenset[int],
        keep_body: bool,
    ) -> None:
        self.handle = handle
        self.curl: Any = handle.curl
        self.target = handle.target
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


@functools.lru_cache(maxsize=4096)
def _certificate_date(text: bytes) -> datetime | None:
    """`Nov 22 22:23:00 2026 GMT` as an instant; strptime would follow the process' language."""
    try:
        month, day, clock, year, _zone = text.decode("ascii").split()
        hour, minute, second = map(int, clock.split(":"))
        return datetime(int(year), _MONTHS[month], int(day), hour, minute, second, tzinfo=UTC)
    except (ValueError, KeyError):
        return None
