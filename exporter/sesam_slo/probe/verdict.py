"""What an exchange came to: libcurl's code, the status and our own limits -> outcome and reason. Pure.

The first phase that fails gives the reason, and the status comes before the body: an unexpected status stays the reason
although the body broke off as well.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pycurl

from ..core.model import Outcome, Phase, Reason, Request

X509_CERT_HAS_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED, as SSL_VERIFYRESULT gives it
E_TOO_LARGE = 100  # CURLE_TOO_LARGE has no name in pycurl

CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})

_LOCAL_ERRNO = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOBUFS,
        errno.EADDRNOTAVAIL,
        errno.EACCES,  # a packet filter of this machine
        errno.EPERM,
    }
)
_NO_ROUTE_ERRNO = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_RESET_ERRNO = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})

_TLS_CODES = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_SSL_PINNEDPUBKEYNOTMATCH,
    }
)
_LOCAL_CODES = frozenset(
    {
        pycurl.E_OUT_OF_MEMORY,
        pycurl.E_FAILED_INIT,
        pycurl.E_BAD_FUNCTION_ARGUMENT,
        pycurl.E_NOT_BUILT_IN,
        pycurl.E_SSL_CERTPROBLEM,  # our own client certificate
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ENGINE_INITFAILED,
        pycurl.E_INTERFACE_FAILED,
    }
)
# The connection ended before the answer did, whether politely or not.
_ENDED_EARLY_CODES = frozenset(
    {pycurl.E_GOT_NOTHING, pycurl.E_PARTIAL_FILE, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR, pycurl.E_HTTP_POST_ERROR}
)


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: Reason | None
    detail: str

    @classmethod
    def failure(cls, reason: Reason, detail: str) -> Verdict:
        return cls(Outcome.FAILURE, reason, detail)

    @classmethod
    def unobserved(cls, reason: Reason, detail: str) -> Verdict:
        return cls(Outcome.UNOBSERVED, reason, detail)


@dataclass(frozen=True, slots=True)
class Observation:
    """One probe and what it found. `key` is the caller's name for the endpoint; `started_at` is in UTC.

    `phases` holds the seconds of the phases that were entered, each summed over all redirects; status, address, body and
    certificates are the last hop's. `tls_not_after` is the earliest end among the certificates that the server sent.
    `body_prefix` is at most 1 KiB of the decoded body, our secrets blanked; size and hash are of all of the body that was
    read. `detail` is one sentence for people, free of secrets.
    """

    key: Hashable
    started_at: datetime
    duration_seconds: float
    phases: dict[Phase, float]
    outcome: Outcome
    reason: Reason | None
    status: int | None
    tls_not_after: datetime | None
    address: str | None
    redirects: int
    body_prefix: bytes
    body_bytes: int
    body_sha256: str
    detail: str

    def evidence(self) -> dict[str, Any]:
        """What was seen, as JSON has it, free of secrets; `phase` is the last one that was reached."""
        entered = [phase for phase in Phase if phase in self.phases]
        return {
            "reason": self.reason.value if self.reason else None,
            "detail": self.detail,
            "duration_seconds": round(self.duration_seconds, 6),
            "phase": entered[-1].value if entered else None,
            "phase_seconds": {phase.value: round(self.phases[phase], 6) for phase in entered},
            "status": self.status,
            "address": self.address,
            "redirects": self.redirects,
            "tls_not_after": self.tls_not_after.isoformat() if self.tls_not_after else None,
            "body_bytes": self.body_bytes,
            "body_sha256": self.body_sha256,
            "body": self.body_prefix.decode("utf-8", "replace"),
        }


@dataclass(frozen=True, slots=True)
class TransferError:
    """How libcurl ended a transfer. `code` is a CURLcode, `os_errno` the system's last error (0: none)."""

    code: int
    message: str
    os_errno: int = 0
    tls_verify_result: int = 0
    connected: bool = False
    via_proxy: bool = False
    routable: bool = True  # this machine has a descriptor for, and a route to, an address that was tried


def judge_status(request: Request, status: int) -> Verdict | None:
    """The verdict on a final status; None where it is as expected and the body decides."""
    accepted = request.expect.status
    if status in accepted or (not accepted and 200 <= status <= 299):
        return None
    if status in (401, 403) and has_credentials(request):
        return Verdict.unobserved(Reason.AUTH, f"status {status}: the configured credentials were not accepted")
    expected = ", ".join(map(str, accepted)) or "200-299"
    return Verdict.failure(Reason.HTTP_STATUS, f"status {status}, expected {expected}")


def judge_error(error: TransferError) -> Verdict:
    """The verdict on a transfer that libcurl gave up, for whatever reason but the deadline."""
    message = error.message or f"libcurl error {error.code}"
    if error.code in _LOCAL_CODES or (error.os_errno in _LOCAL_ERRNO and not error.connected):
        return Verdict.unobserved(Reason.LOCAL, message)
    if error.code == pycurl.E_COULDNT_CONNECT:
        return _judge_connect(error, message)
    if error.code in _TLS_CODES:
        return _judge_tls(error, message)
    if error.code in _ENDED_EARLY_CODES and "chunk" not in message.lower():
        return Verdict.failure(Reason.RESET, f"the connection ended before the answer did: {message}")
    if error.code == E_TOO_LARGE:
        return Verdict.failure(Reason.HEADERS_TOO_LARGE, message)
    return Verdict.failure(Reason.PROTOCOL, f"not an answer in HTTP: {message}")


def _judge_connect(error: TransferError, message: str) -> Verdict:
    if error.via_proxy:
        return Verdict.unobserved(Reason.LOCAL, f"the proxy cannot be reached: {message}")
    # Where libcurl gets no socket at all it gives no errno either.
    if not error.routable and (error.os_errno == 0 or error.os_errno in _NO_ROUTE_ERRNO):
        return Verdict.unobserved(Reason.LOCAL, f"no socket or no route here: {message}")
    if error.os_errno == errno.ECONNREFUSED:
        return Verdict.failure(Reason.CONNECT_REFUSED, f"connection refused: {message}")
    if error.os_errno == errno.ETIMEDOUT:
        return Verdict.failure(Reason.CONNECT_TIMEOUT, message)
    if error.os_errno in _RESET_ERRNO:
        return Verdict.failure(Reason.RESET, f"reset while connecting: {message}")
    return Verdict.failure(Reason.CONNECT_FAILED, message)


def _judge_tls(error: TransferError, message: str) -> Verdict:
    if error.tls_verify_result == X509_CERT_HAS_EXPIRED:
        return Verdict.failure(Reason.TLS_EXPIRED, f"the certificate has expired: {message}")
    if error.os_errno in _RESET_ERRNO or "unexpected eof" in message.lower() or "SSL_ERROR_SYSCALL" in message:
        return Verdict.failure(Reason.RESET, f"the connection ended in the TLS handshake: {message}")
    return Verdict.failure(Reason.TLS, message)


def judge_deadline(phase: Phase, timeout_seconds: float) -> Verdict:
    """The verdict on an exchange that its deadline ended in `phase`."""
    reason = {Phase.RESOLVE: Reason.DNS, Phase.CONNECT: Reason.CONNECT_TIMEOUT}.get(phase, Reason.TIMEOUT)
    doing = {
        Phase.RESOLVE: "the name was not resolved",
        Phase.CONNECT: "no connection",
        Phase.TLS: "the TLS handshake was not done",
        Phase.WAIT: "no answer",
        Phase.TRANSFER: "the answer was not complete",
    }[phase]
    return Verdict.failure(reason, f"{doing} within {timeout_seconds:g} s")


def has_credentials(request: Request) -> bool:
    """Whether a 401 or 403 may be our own fault."""
    return (
        request.has_credentials
        or request.tls.cert_file is not None
        or any(name.lower() in CREDENTIAL_HEADERS for name, _ in request.headers)
    )


def blank(content: bytes, secrets: Iterable[bytes]) -> bytes:
    """`content` with every secret replaced by as many asterisks, so that positions stay."""
    for secret in secrets:
        content = content.replace(secret, b"*" * len(secret))
    return content


def sentence(text: str, secrets: Iterable[bytes]) -> str:
    """One printable line of at most 300 characters, free of the secrets and of user information in URLs."""
    for secret in secrets:
        text = text.replace(secret.decode("utf-8", "replace"), "*" * len(secret))
    if "@" in text:
        text = re.sub(r"//[^/\s@]*@", "//", text)
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return text[:300].strip()
