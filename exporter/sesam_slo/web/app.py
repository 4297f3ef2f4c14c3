"""HTTP: metrics, health, reload, the API for programs and the pages for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from .. import __version__
from ..core.history import Changes
from ..core.view import View
from .access import Access, ClosedReading, is_from_here
from .alertmanager import alertmanager_routes
from .basic_auth import BasicAuth, Users
from .cases import CaseBook, case_routes
from .head import HeadAsGet
from .log import LogBook, log_routes
from .maintenance import Announcing, maintenance_routes
from .pages import SECURITY_HEADERS, Books, Reports, add_pages
from .status import status
from .token_file import TokenFile
from .turns import Turns
from .write_token import WriteToken


@dataclass(frozen=True, slots=True)
class Exporter:
    """What the pages need of the running exporter.

    metrics: the answer to a scrape and its content type, for its Accept header.
    reload: loads the configuration anew and returns None, or what is wrong with it.
    record: takes in facts that came by HTTP. users: who may come in; None is everybody.
    log: the downtime log in the ledger; None where it cannot be changed here. announcing, cases: the same of maintenance
    and of support cases.
    reports: the months' reports. read_token: what reading needs; None is nothing. Where there are users they are asked instead.
    """

    metrics: Callable[[str], tuple[bytes, str]]
    view: Callable[[], View | None]
    alive: Callable[[], bool]
    reload: Callable[[], str | None]
    record: Callable[[Changes], None]
    write_token: WriteToken = field(default_factory=lambda: WriteToken(None))
    users: Users | None = None
    log: LogBook | None = None
    announcing: Announcing | None = None
    cases: CaseBook | None = None
    reports: Reports | None = None
    read_token: TokenFile | None = None


def make_app(exporter: Exporter) -> FastAPI:
    app = FastAPI(title="sesam-slo", version=__version__, docs_url=None, redoc_url=None)
    access = Access(exporter.write_token, exporter.read_token if exporter.users is None else None)

    if exporter.users is not None:  # before `harden`, so that what it answers passes through `harden` too
        app.add_middleware(BasicAuth, users=exporter.users, write_token=exporter.write_token)
    elif access.read is not None:
        app.add_middleware(ClosedReading, access=access)

    @app.middleware("http")
    async def harden(request: Request, call_next: Callable[[Request], Any]) -> Response:
        response: Response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    app.add_middleware(Turns)
    app.add_middleware(HeadAsGet)  # last, so that it stands before all others

    # Plain functions: FastAPI runs them in its thread pool, so that a scrape does not hold up a health check.
    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        if exporter.view() is None:  # rules must not take what is not published yet for something that is over
            return PlainTextResponse("The first state is not published yet.\n", 503)
        body, content_type = exporter.metrics(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    @app.get("/-/healthy", include_in_schema=False)
    async def healthy() -> Response:  # needs no thread: it answers while all of them are taken
        if not exporter.alive():
            return PlainTextResponse("The probing loop has ended.\n", 503)
        return PlainTextResponse("sesam-slo is healthy.\n")

    @app.get("/-/ready", include_in_schema=False)
    def ready() -> Response:
        if exporter.view() is None:
            return PlainTextResponse("The first state is not published yet.\n", 503)
        return PlainTextResponse("sesam-slo is ready.\n")

    @app.post("/-/reload", include_in_schema=False)
    def reload(request: Request) -> Response:
        if not is_from_here(request, exporter.view()):
            return PlainTextResponse("Another site's page asked for it; nothing was loaded.\n", 403)
        fault = exporter.reload()
        if fault is not None:
            return PlainTextResponse(
                f"The configuration was not loaded; the one before stays in force.\n{fault}\n", 500
            )
        return PlainTextResponse("The configuration is loaded.\n")

    @app.get("/api/v1/status")
    def status_json() -> JSONResponse:
        """Where each service stands: state, availability and budget of the month, ongoing downtime."""
        view = exporter.view()
        return JSONResponse({"services": [] if view is None else [each.document() for each in status(view)]})

    app.include_router(alertmanager_routes(exporter.view, exporter.record, exporter.write_token))
    app.include_router(maintenance_routes(exporter.view, exporter.announcing, exporter.write_token))

    if exporter.log is not None:
        app.include_router(log_routes(exporter.view, exporter.log, exporter.write_token))
    if exporter.cases is not None:
        app.include_router(case_routes(exporter.view, exporter.cases, exporter.write_token))

    books = Books(exporter.log, exporter.announcing, exporter.cases, exporter.reports)
    add_pages(app, exporter.view, exporter.alive, access, books)
    return app
