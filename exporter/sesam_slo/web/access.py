"""Who may read and who may write: tokens shown in a header, and sessions of people who logged in with one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..core.view import View
from .sessions import SECONDS, Session, Sessions
from .token_file import TokenFile, UnusableTokenError
from .write_token import WriteToken, address_of

LOGIN = "/login"
OPEN = ("/-/healthy", "/-/ready", LOGIN)  # name no customer; who watches the exporter's own health has no token
STATIC = "/static/"
_COOKIE, _COOKIE_OVER_TLS = "sesam-slo", "__Host-sesam-slo"
LONGEST_NAME = 200


class TooManyError(Exception):
    """Too many wrong tokens came from there; `seconds` until the next one is looked at."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many wrong tokens; try again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Access:
    """The tokens, and the sessions opened with them. `read` is None where reading is open."""

    write: WriteToken
    read: TokenFile | None = None
    sessions: Sessions = field(default_factory=Sessions)

    def session(self, request: HTTPConnection) -> Session | None:
        cookie = request.cookies.get(_cookie(request))
        return None if cookie is None else self.sessions.read(cookie, self._token)

    def log_in(self, request: Request, token: str, author: str, response: Response) -> Session | None:
        """Opens a session with a token that is one of ours, and lets `response` set its cookie; None for any other token.

        Raises TooManyError.
        """
        address = address_of(request)
        if wait := self.write.throttle.wait_seconds(address):
            raise TooManyError(math.ceil(wait))
        shown = token.strip()
        # Both are compared, so that the time taken does not tell which one it was.
        writes, reads = _is_shown(self.write, shown), self.read is not None and _is_shown(self.read, shown)
        good = self._token(writes) if writes or reads else None
        if good is None:
            self.write.throttle.failed(address)
            return None
        session, cookie = self.sessions.open(author, writes, good)
        secure = _over_tls(request)
        response.set_cookie(
            _cookie(request), cookie, max_age=SECONDS, path="/", secure=secure, httponly=True, samesite="strict"
        )
        return session

    def log_out(self, request: Request, response: Response) -> None:
        session = self.session(request)
        if session is not None:
            self.sessions.end(session)
        secure = _over_tls(request)
        response.delete_cookie(_cookie(request), path="/", secure=secure, httponly=True, samesite="strict")

    def may_read(self, request: HTTPConnection) -> bool:
        """Where reading is closed: with a session, or with either token in the header."""
        if self.session(request) is not None:
            return True
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        address = address_of(request)
        if scheme.lower() != "bearer" or self.read is None or self.write.throttle.wait_seconds(address):
            return False
        shown = value.strip()
        good = [_is_shown(each, shown) for each in (self.read, self.write)]
        if not any(good):
            self.write.throttle.failed(address)
        return any(good)

    def _token(self, writes: bool) -> bytes | None:
        file = self.write if writes else self.read
        try:
            return None if file is None else file.token()
        except UnusableTokenError:
            return None


def is_from_here(request: HTTPConnection, view: View | None) -> bool:
    """Whether a page of ours sent this, as the browser says; true of what says nothing, which is no browser of today."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return True
    external = None if view is None else view.config.web.external_url
    return origin.partition("://")[2] in {request.headers.get("host", ""), urlsplit(external or "").netloc} - {""}


def _is_shown(file: TokenFile, shown: str) -> bool:
    try:
        return file.is_shown(shown)
    except UnusableTokenError:
        return False


def _over_tls(request: HTTPConnection) -> bool:
    """Whether the browser came by TLS: to us, or to a proxy before us. Only a browser says so, and only for its own cookie."""
    return request.url.scheme == "https" or request.headers.get("origin", "").lower().startswith("https://")


def _cookie(request: HTTPConnection) -> str:
    return _COOKIE_OVER_TLS if request.url.scheme == "https" else _COOKIE


def _is_form(scope: Scope) -> bool:
    """A form of the page: it asks for a session itself, and keeps what was typed until there is one."""
    return scope["method"] == "POST" and not scope["path"].startswith(("/api/", "/-/"))


class ClosedReading:
    """ASGI middleware: who may not read is sent to the login, a program is told which header it lacks."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN or scope["path"].startswith(STATIC) or _is_form(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if await run_in_threadpool(self._access.may_read, request):
            await self._app(scope, receive, send)
            return
        await self._refusal(request)(scope, receive, send)

    @staticmethod
    def _refusal(request: Request) -> Response:
        if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"{LOGIN}?next={quote(asked, safe='/')}", 303)
        return PlainTextResponse(
            "The reading token is needed: Authorization: Bearer TOKEN\n",
            401,
            {"WWW-Authenticate": 'Bearer realm="sesam-slo"'},
        )
