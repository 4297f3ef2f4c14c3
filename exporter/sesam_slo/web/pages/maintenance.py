"""`/maintenance`: what is announced with the proof of its notice, and the forms that announce, change and cancel.

Each form is sent twice: the first time it is answered with what it would do, and only what was shown is then recorded.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ...core.announced import State, pieces, recurring
from ...core.announcing import AnnouncingError, Known, Outcome
from ...core.intervals import Interval
from ...core.view import View
from ..log import UnavailableError
from ..maintenance import Announcing, ConflictError, carried_out
from ..sessions import Session
from .forms import Faults, Form
from .frame import Frame
from .login import session_or_login
from .window_form import Asked, in_time_until, known_of, placed, present, standing, understood, verdict

PATH = "/maintenance"
_OVER_SHOWN = 50
_RECURRING = timedelta(days=8)
_FIELDS = (
    "name",
    "start",
    "start_occurrence",
    "end",
    "end_occurrence",
    "whom",
    "announced_at",
    "announced_at_occurrence",
)
_PROOF = ("channel", "ticket", "reason")


class _OtherVerdictError(Exception):
    """What was shown is no longer what would be recorded."""


def maintenance_page_routes(frame: Frame, announcing: Announcing | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def windows(request: Request) -> Response:
        view = frame.seen()
        found = pieces(view.maintenance.announced, view.maintenance.policies)
        over = [each for each in reversed(found) if each.state(view.at) in (State.OVER, State.WITHDRAWN)]
        every = request.query_params.get("all") == "1"
        return frame.page(
            request,
            "maintenance.html",
            view=view,
            standing=[each for each in found if each.state(view.at) in (State.UNDER_WAY, State.AHEAD)],
            over=over if every else over[:_OVER_SHOWN],
            over_count=len(over),
            regular=recurring(view.maintenance.policies, Interval(view.at, view.at + _RECURRING)),
            editable=announcing is not None,
        )

    if announcing is not None:
        _writing(router, frame, announcing)
    return router


def _writing(router: APIRouter, frame: Frame, announcing: Announcing) -> None:
    def ask(request: Request, done: str) -> Response:
        redirected = session_or_login(frame, request)
        if redirected is not None:
            return redirected
        form = Form()
        if done != "announced":
            form = present(frame.seen(), request.query_params.get("name", ""))
        return _form(frame, request, done, form, Faults())

    async def take(request: Request, done: str) -> Response:
        form, session = await frame.posted(request)
        return await run_in_threadpool(_taken, frame, announcing, request, done, form, session)

    @router.get(f"{PATH}/announce")
    def ask_announce(request: Request) -> Response:
        return ask(request, "announced")

    @router.post(f"{PATH}/announce")
    async def announced(request: Request) -> Response:
        return await take(request, "announced")

    @router.get(f"{PATH}/change")
    def ask_change(request: Request) -> Response:
        return ask(request, "changed")

    @router.post(f"{PATH}/change")
    async def changed(request: Request) -> Response:
        return await take(request, "changed")

    @router.get(f"{PATH}/cancel")
    def ask_cancel(request: Request) -> Response:
        return ask(request, "cancelled")

    @router.post(f"{PATH}/cancel")
    async def cancelled(request: Request) -> Response:
        return await take(request, "cancelled")


def _taken(frame: Frame, announcing: Announcing, request: Request, done: str, form: Form, session: Session) -> Response:
    """What a form that was sent is answered with: itself where something is wrong, what it would do, or what it did."""
    view, faults = frame.seen(), Faults()
    asked = understood(view, announcing, done, form, session, faults)
    if form.text("step") == "edit" or asked is None:
        return _form(frame, request, done, form, faults, 422 if faults else 200)
    status = 422
    try:
        outcome = asked.step(known_of(view))
        if done == "changed" and not outcome.record and not asked.silence:
            raise AnnouncingError("nothing to change: the window is so already")
        if form.text("step") != "send":
            return _preview(frame, request, view, asked, form, outcome)
        return _sent(frame, announcing, request, view, asked, form)
    except AnnouncingError as error:
        faults.add(*placed(error, form.text("name")))
    except ConflictError:
        status = 409
        faults.add("", "Others wrote at the same time, several times over. Nothing was recorded; send it again.")
    except UnavailableError as error:
        status = 503
        faults.add("", f"Nothing was recorded: {error}. What you typed is still here.")
    return _form(frame, request, done, form, faults, status)


def _sent(frame: Frame, announcing: Announcing, request: Request, view: View, asked: Asked, form: Form) -> Response:
    latest: list[Outcome] = []

    def as_shown(known: Known) -> Outcome:
        latest.append(asked.step(known))
        if verdict(latest[-1]) != form.text("verdict"):
            raise _OtherVerdictError
        return latest[-1]

    try:
        outcome, (silenced, unsilenced) = carried_out(
            announcing, view.config, asked.done, as_shown, asked.proof, silence=asked.silence
        )
    except _OtherVerdictError:
        return _preview(frame, request, view, asked, form, latest[-1], overtaken=True)
    return frame.page(
        request,
        "maintenance_done.html",
        done=asked.done,
        outcome=outcome,
        silenced=silenced,
        unsilenced=unsilenced,
    )


def _preview(
    frame: Frame,
    request: Request,
    view: View,
    asked: Asked,
    form: Form,
    outcome: Outcome,
    *,
    overtaken: bool = False,
) -> Response:
    return frame.page(
        request,
        "maintenance_preview.html",
        409 if overtaken else 200,
        view=view,
        done=asked.done,
        outcome=outcome,
        fields=form.without("step", "verdict").fields,
        verdict=verdict(outcome),
        overtaken=overtaken,
        until=in_time_until(outcome, asked),
        asked=asked,
    )


def _form(frame: Frame, request: Request, done: str, form: Form, faults: Faults, status: int = 200) -> Response:
    view = frame.seen()
    name = form.text("name")
    return frame.page(
        request,
        "maintenance_form.html",
        status,
        view=view,
        done=done,
        fields={
            **{field: form.text(field) for field in (*_FIELDS, *_PROOF)},
            "silence": "silence" in form,
            "whom": form.text("whom") or "all",
            "services": set(form.all("services")),
        },
        current=[] if done == "announced" else standing(view, name),
        faults=faults,
        services=[each.name for each in view.config.services],
        alertmanager=view.config.alertmanager_url is not None,
        needed=view.config.policy.notice,
        earliest=view.at + view.config.policy.notice,
    )
