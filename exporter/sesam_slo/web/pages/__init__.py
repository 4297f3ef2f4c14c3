"""The pages for people: state, log, maintenance, cases, reports, login; HTML without script, one module per group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from ...core.view import View
from ..access import STATIC, Access
from ..cases import CaseBook
from ..log import LogBook
from ..maintenance import Announcing
from .cases import case_page_routes
from .frame import SECURITY_HEADERS, Frame, LoginNeededError, PageError
from .log import log_page_routes
from .login import login_instead, login_routes
from .maintenance import maintenance_page_routes
from .reports import NoReportError, Reports, report_routes
from .state import state_routes

__all__ = ["SECURITY_HEADERS", "Books", "NoReportError", "Reports", "add_pages"]

_FOR_PROGRAMS = ("/api/", "/-/", "/metrics", "/openapi.json", STATIC)
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address changes with the content
_TEXTS = {
    404: ("Not found", "There is no such page here."),
    405: ("Not like this", "This page cannot be asked so."),
}


@dataclass(frozen=True, slots=True)
class Books:
    """The ledger's parts; a page that would need one that is None is left out."""

    log: LogBook | None = None
    announcing: Announcing | None = None
    cases: CaseBook | None = None
    reports: Reports | None = None


def add_pages(
    app: FastAPI, view: Callable[[], View | None], alive: Callable[[], bool], access: Access, books: Books
) -> None:
    """view, alive: as `Frame` has them."""
    nav = [("/", "State"), ("/maintenance", "Maintenance")]
    if books.log is not None:
        nav.insert(1, ("/log", "Log"))
    if books.cases is not None:
        nav.append(("/cases", "Cases"))
    if books.reports is not None:
        nav.append(("/report", "Reports"))
    frame = Frame(view, alive, access, tuple(nav))
    for router in _routers(frame, books):
        app.include_router(router)
    _errors(app, frame)


def _routers(frame: Frame, books: Books) -> Iterator[APIRouter]:
    yield state_routes(frame, books.log, books.cases)
    yield login_routes(frame)
    yield maintenance_page_routes(frame, books.announcing)
    if books.log is not None:
        yield log_page_routes(frame, books.log)
    if books.cases is not None:
        yield case_page_routes(frame, books.cases)
    if books.reports is not None:
        yield report_routes(frame, books.reports)
    yield _static(frame)


def _static(frame: Frame) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    icon = resources.files(__package__.rpartition(".")[0]).joinpath("static/icon.svg").read_bytes()

    @router.get(f"{STATIC}page.css")
    def style() -> Response:
        return Response(frame.style, headers={"Content-Type": "text/css; charset=utf-8", **_FOREVER})

    @router.get(f"{STATIC}icon.svg")
    def picture() -> Response:
        return Response(icon, headers={"Content-Type": "image/svg+xml", **_FOREVER})

    return router


def _errors(app: FastAPI, frame: Frame) -> None:
    """What goes wrong on a page is answered with a page; programs get what they always got."""

    def shown(request: Request, error: PageError) -> Response:
        return frame.error(request, error)

    def asked_to_log_in(request: Request, error: LoginNeededError) -> Response:
        return login_instead(frame, request, error)

    async def http_error(request: Request, error: StarletteHTTPException) -> Response:
        if request.url.path.startswith(_FOR_PROGRAMS):
            return await http_exception_handler(request, error)
        title, text = _TEXTS.get(error.status_code, ("Not possible", str(error.detail)))
        page = frame.error(request, PageError(error.status_code, title, text))
        page.headers.update(error.headers or {})
        return page

    async def bad_request(request: Request, error: RequestValidationError) -> Response:
        if request.url.path.startswith(_FOR_PROGRAMS):
            return await request_validation_exception_handler(request, error)
        return frame.error(
            request, PageError(422, "Not understood", "The page was asked for something it does not know.")
        )

    def failed(request: Request, error: Exception) -> Response:
        """The server logs what it was; who asked is told that it was ours."""
        if request.url.path.startswith(_FOR_PROGRAMS):
            answer = Response("Internal Server Error", 500, media_type="text/plain")
        else:
            text = "Something went wrong in sesam-slo itself; its log says what. Probing goes on."
            answer = frame.error(request, PageError(500, "An error of ours", text))
        answer.headers.update(SECURITY_HEADERS)
        return answer

    handlers: list[tuple[type[Exception], Callable[..., Any]]] = [
        (PageError, shown),
        (LoginNeededError, asked_to_log_in),
        (StarletteHTTPException, http_error),
        (HTTPException, http_error),
        (RequestValidationError, bad_request),
        (Exception, failed),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)
