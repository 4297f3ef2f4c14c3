"""Sessions of people who logged in: a signed cookie that ends, that a changed token ends, and that can be ended before.

The cookie holds a name, an instant and a random id; its signature is under a key of this process and of the token that opened
it, so that neither can be learnt from it. A restart ends all sessions.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 12 * 3600
_LONGEST_COOKIE = 4096


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in. writes: by the write token; otherwise the reading token let them in."""

    author: str
    writes: bool
    until: int
    id: str


class Sessions:
    """Makes and reads cookies. Safe to use from several threads."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._ended: dict[str, int] = {}  # ids of sessions that were ended, and until when their cookies would be good

    def open(self, author: str, writes: bool, token: bytes) -> tuple[Session, str]:
        """The session, and its cookie's value."""
        session = Session(author, writes, int(self._now()) + SECONDS, secrets.token_urlsafe(18))
        said = json.dumps([session.author, session.until, session.id]).encode()
        return session, f"{_encoded(said)}.{_encoded(self._signature(said, writes, token))}"

    def read(self, cookie: str, token_of: Callable[[bool], bytes | None]) -> Session | None:
        """The session of a cookie that is ours, has not ended, and whose token is still the one.

        token_of: the present token of those who write, or of those who only read; None where there is none.
        """
        said, _, signature = cookie.partition(".")
        if len(cookie) > _LONGEST_COOKIE:
            return None
        try:
            plain, shown = _decoded(said), _decoded(signature)
        except ValueError:
            return None
        for writes in (True, False):
            token = token_of(writes)
            if token is not None and hmac.compare_digest(self._signature(plain, writes, token), shown):
                author, until, id = json.loads(plain)  # it is as we wrote it
                if self._now() < until and id not in self._ended:
                    return Session(author, writes, until, id)
        return None

    def end(self, session: Session) -> None:
        """Its cookie is good no longer, wherever it is kept."""
        with self._lock:
            now = self._now()
            self._ended = {id: until for id, until in self._ended.items() if now < until} | {session.id: session.until}

    def form_token(self, session: Session) -> str:
        """What every form of this session carries, and no other page can know."""
        return hmac.digest(self._key, b"form " + session.id.encode(), "sha256").hex()

    def is_form_token(self, session: Session, shown: str) -> bool:
        return hmac.compare_digest(self.form_token(session).encode(), shown.encode("utf-8", "surrogatepass"))

    def _signature(self, said: bytes, writes: bool, token: bytes) -> bytes:
        purpose = b"writes " if writes else b"reads "
        return hmac.digest(hmac.digest(self._key, purpose + token, "sha256"), said, "sha256")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
