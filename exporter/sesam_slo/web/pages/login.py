"""`/login` and `/logout`: the token and a name for a session; what was typed before it is not lost."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from ..access import LOGIN, LONGEST_NAME, TooManyError
from .forms import FORM_TOKEN, Faults, Form, form_from
from .frame import Frame, LoginNeededError, PageError, StaleFormError

log = logging.getLogger("sesam_slo.web")


def login_routes(frame: Frame) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(LOGIN)
    def ask(request: Request) -> Response:
        following = own_path(request.query_params.get("next", ""))
        session = frame.access.session(request)
        if session is not None and session.writes and following != "/":
            return RedirectResponse(following, 303)
        return login_page(frame, request, following)

    @router.post(LOGIN)
    async def log_in(request: Request) -> Response:
        form = await frame.own_form(request)
        return await run_in_threadpool(_logged_in, frame, request, form)

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        await frame.own_form(request)
        answer = RedirectResponse("/" if frame.access.read is None else LOGIN, 303)
        frame.access.log_out(request, answer)
        return answer

    return router


def _logged_in(frame: Frame, request: Request, form: Form) -> Response:
    following, kept, author = own_path(form.text("next")), form.text("kept"), form.text("author")
    faults, closed = Faults(), frame.access.read is not None
    if not author and not closed:
        faults.add("author", "Expected your name: it stands beside what you change.")
    elif not author.isprintable() or len(author) > LONGEST_NAME:
        faults.add("author", f"Expected a name of one line and at most {LONGEST_NAME} characters.")
    if not form.text("token"):
        faults.add("token", "Expected the token.")
    if faults:
        return login_page(frame, request, following, kept=kept, author=author, faults=faults, status=422)
    answer = _answer(frame, request, following, kept)
    try:
        session = frame.access.log_in(request, form.text("token"), author, answer)
    except TooManyError as error:
        faults.add("token", f"Too many wrong tokens came from where you are. Try again in {error.seconds} s.")
        refused = login_page(frame, request, following, kept=kept, author=author, faults=faults, status=429)
        refused.headers["Retry-After"] = str(error.seconds)
        return refused
    if session is None:
        log.warning("login: a wrong token from %s", request.client.host if request.client else "an unknown address")
        faults.add("token", "This is not the token.")
    elif session.writes and not author:
        frame.access.sessions.end(session)
        faults.add("author", "Expected your name: this token writes, and it stands beside what you change.")
    if session is None or faults:
        return login_page(frame, request, following, kept=kept, author=author, faults=faults, status=422)
    log.info("login: %s %s", session.author or "a reader", "may write" if session.writes else "may read")
    if kept and session.writes:
        # The page that asks needs the session that has just begun.
        page = frame.page(
            request,
            "resend.html",
            session=session,
            may_write=True,
            form_token=frame.access.sessions.form_token(session),
            action=following,
            fields=form_from(kept).fields,
            stale=False,
        )
        page.raw_headers += [header for header in answer.raw_headers if header[0] == b"set-cookie"]
        return page
    return answer


def _answer(frame: Frame, request: Request, following: str, kept: str) -> Response:
    return Response() if kept else RedirectResponse(following, 303)


def login_page(
    frame: Frame,
    request: Request,
    following: str,
    *,
    kept: str = "",
    author: str = "",
    faults: Faults | None = None,
    status: int = 200,
) -> Response:
    return frame.page(
        request,
        "login.html",
        status,
        following=following,
        kept=kept,
        author=author,
        faults=faults or Faults(),
        usable=frame.access.write.configured or frame.access.read is not None,
    )


def login_instead(frame: Frame, request: Request, error: LoginNeededError) -> Response:
    """The answer to a form without a session, or of an earlier one: nothing of it is lost."""
    path = own_path(str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""))
    if isinstance(error, StaleFormError):
        return frame.page(request, "resend.html", 403, action=path, fields=error.form.fields, stale=True)
    kept = urlencode(error.form.without(FORM_TOKEN).fields)
    return login_page(frame, request, path, kept=kept, status=403)


def session_or_login(frame: Frame, request: Request) -> Response | None:
    """Where a form is asked for: the way to the login, None for who may write."""
    session = frame.access.session(request)
    if session is not None and session.writes:
        return None
    if not frame.access.write.configured:
        raise PageError(
            403, "Writing is off", "No write token is configured here (web.write_token_file): nothing can be changed."
        )
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{LOGIN}?{urlencode({'next': asked})}", 303)


def own_path(text: str) -> str:
    """A path of ours to go on to, `/` for anything else: no other site may send people on from our login."""
    plain = text.isascii() and text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else "/"
