"""Basic authentication in front of every path, against bcrypt hashes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

import bcrypt
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .write_token import WriteToken, address_of

_BCRYPT_BYTES = 72  # all that bcrypt looks at; what is longer it refuses since its version 5
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Users:
    """Who may come in. Safe to use from several threads.

    A good pair is remembered, as a hash under a key that never leaves the process: bcrypt takes a tenth of a second, and
    Prometheus asks every few.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = {name.encode(): hashed.encode() for name, hashed in hashes.items()}
        self._decoy = max(self._hashes.values(), key=_cost)
        self._key = secrets.token_bytes(32)
        self._good: dict[bytes, bytes] = {}

    def remembers(self, name: bytes, password: bytes) -> bool:
        """Whether this pair was found good before; takes no time."""
        return hmac.compare_digest(self._good.get(name, b""), self._digest(name, password))

    def verify(self, name: bytes, password: bytes) -> bool:
        """Takes as long for a user who does not exist as for a wrong password."""
        known = self._hashes.get(name)
        good = bcrypt.checkpw(password[:_BCRYPT_BYTES], known or self._decoy) and known is not None
        if good:
            self._good[name] = self._digest(name, password)
        return good

    def _digest(self, name: bytes, password: bytes) -> bytes:
        return hmac.digest(self._key, hashlib.sha256(name).digest() + password, "sha256")


def _cost(hashed: bytes) -> bytes:
    return hashed[4:6]


class BasicAuth:
    """ASGI middleware. A request that writes may show the write token instead: one header cannot hold both."""

    def __init__(self, app: ASGIApp, users: Users, write_token: WriteToken) -> None:
        self._app, self._users, self._write_token = app, users, write_token
        self._turn = (
            asyncio.Lock()
        )  # one verification at a time: guessing must not take all threads, nor all processors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or await self._may_enter(scope):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            "Basic authentication is needed.\n", 401, {"WWW-Authenticate": 'Basic realm="sesam-slo", charset="UTF-8"'}
        )
        await refusal(scope, receive, send)

    async def _may_enter(self, scope: Scope) -> bool:
        asked = HTTPConnection(scope)
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            writes = scope["path"].startswith("/api/v1/") and scope["method"] not in _READING
            return writes and await run_in_threadpool(self._write_token.matches, value.strip(), address_of(asked))
        if scheme.lower() != "basic":
            return False
        try:
            name, colon, password = base64.b64decode(value.strip(), validate=True).partition(b":")
        except ValueError:
            return False
        if not colon:
            return False
        if self._users.remembers(name, password):
            return True
        async with self._turn:
            return await run_in_threadpool(self._users.verify, name, password)
