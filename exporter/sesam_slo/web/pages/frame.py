"""What all pages share: templates, who is logged in, the guard before everything that writes, and errors that are pages too."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined

from ... import __version__
from ...core.model import Policy
from ...core.view import View
from ..access import LOGIN, Access, is_from_here
from ..sessions import Session
from ..status import format_duration, format_percent
from . import wording
from .forms import FORM_TOKEN, Faults, Form, FormError, form_of, occurrence, wall

log = logging.getLogger("sesam_slo.web")

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # a form's Origin would be null without any
    "Cache-Control": "no-store",
}
_AGAIN_SECONDS = 10  # a page that cannot be shown now asks once more by itself
_ROOT = resources.files(__package__.rpartition(".")[0])


class PageError(Exception):
    """An answer that is a page of its own: what is wrong and what to do."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(text)
        self.status, self.title, self.text = status, title, text


class LoginNeededError(Exception):
    """A form came without a session that may write: what was typed in it is kept."""

    def __init__(self, form: Form) -> None:
        super().__init__("a login is needed")
        self.form = form


class StaleFormError(LoginNeededError):
    """The form is of an earlier session of somebody who is logged in now: they are asked whether to send it."""


@dataclass(frozen=True)  # no slots: what is made once is kept
class Frame:
    """Makes pages. published: the view, None before the first; alive: whether probing goes on; nav: paths and names of pages."""

    published: Callable[[], View | None]
    alive: Callable[[], bool]
    access: Access
    nav: tuple[tuple[str, str], ...] = (("/", "State"),)

    def seen(self) -> View:
        """Raises PageError before the first state is published."""
        found = self.published()
        if found is None:
            raise PageError(503, "Starting", "So far nothing has been published yet: the first probes are under way.")
        return found

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        session = self.access.session(request)
        view = context.get("view") or self.published()
        zone = Policy().timezone if view is None else view.config.policy.timezone
        known = {
            "request": request,
            "session": session,
            "may_write": session is not None and session.writes,
            "writing": self.access.write.configured,
            "closed": self.access.read is not None,
            "form_token": self.access.sessions.form_token(session) if session is not None else "",
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "zone": zone,
            "now": None if view is None else view.at,
            "faults": Faults(),
            **context,
        }
        return HTMLResponse(self._templates.get_template(template).render(known), status)

    def error(self, request: Request, error: PageError) -> HTMLResponse:
        page = self.page(request, "error.html", error.status, title=error.title, text=error.text, code=error.status)
        if error.status == 503 and request.method == "GET":
            page.headers["Refresh"] = str(_AGAIN_SECONDS)
        return page

    async def posted(self, request: Request) -> tuple[Form, Session]:
        """A form that may write: from our own page, of a session that may.

        Raises PageError, LoginNeededError with what was typed, StaleFormError.
        """
        form = await self.own_form(request)
        session = self.access.session(request)
        typed = form.without(FORM_TOKEN)
        if session is None or not session.writes:
            raise LoginNeededError(typed)
        if not self.access.sessions.is_form_token(session, form.text(FORM_TOKEN)):
            raise StaleFormError(typed)
        return typed, session

    async def own_form(self, request: Request) -> Form:
        """A form that one of our pages sent. Raises PageError."""
        if not is_from_here(request, self.published()):
            raise PageError(403, "Not from this page", "This form was sent by another site. Nothing was changed.")
        try:
            return await form_of(request)
        except FormError as error:
            raise PageError(error.status, "Not taken", f"{error} Nothing was changed.") from None

    @cached_property
    def style(self) -> bytes:
        return _ROOT.joinpath("static/page.css").read_bytes()

    @cached_property
    def style_version(self) -> str:
        return hashlib.sha256(self.style).hexdigest()[:12]

    @cached_property
    def _templates(self) -> Environment:
        environment = Environment(
            loader=FunctionLoader(lambda name: _ROOT.joinpath("templates", name).read_text("utf-8")),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            finalize=wording.printed,
        )
        environment.filters |= {
            "moment": wording.moment,
            "near": wording.near,
            "duration": wording.length,
            "listed": wording.listed,
            "business": wording.business,
            "percent": format_percent,
            "budget": format_duration,
            "wall": wall,
            "occurrence": occurrence,
            "path": lambda text: quote(text, safe=""),
        }
        environment.globals |= {
            "version": __version__,
            "style_version": self.style_version,
            "causes": wording.CAUSES,
            "states": wording.STATES,
            "classes": wording.CLASSES,
            "case_states": wording.CASE_STATES,
            "nav": self.nav,
            "LOGIN": LOGIN,
        }
        return environment
