"""`/maintenance`: what is announced with the proof of its notice, and the forms that announce, change and cancel.

Each form is sent twice: the first time it is answered with what it would do, and only what was shown is then recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ...core.announced import Piece, State, pieces, recurring
from ...core.announcing import KEEP, AnnouncingError, Known, Outcome, Proof, announce, cancel, change
from ...core.intervals import Interval
from ...core.model import Config, Origin
from ...core.view import View
from ..log import UnavailableError
from ..maintenance import Announcing, ConflictError, carried_out
from ..sessions import Session
from .forms import Faults, Form, instant, occurrence, wall
from .frame import Frame, PageError
from .login import session_or_login

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """One form, understood: what it does, in the words of the log, and which step decides it."""

    done: str
    proof: Proof
    step: Callable[[Known], Outcome]
    silence: bool


def maintenance_page_routes(frame: Frame, announcing: Announcing | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def windows(request: Request) -> Response:
        view = frame.seen()
        found = pieces(view.maintenance.announced, view.maintenance.policies)
        standing = [each for each in found if each.state(view.at) in (State.UNDER_WAY, State.AHEAD)]
        over = [each for each in reversed(found) if each.state(view.at) in (State.OVER, State.WITHDRAWN)]
        every = request.query_params.get("all") == "1"
        return frame.page(
            request,
            "maintenance.html",
            view=view,
            standing=standing,
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
            form = _present(frame.seen(), request.query_params.get("name", ""))
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
    asked = _understood(view, announcing, done, form, session, faults)
    if form.text("step") == "edit" or asked is None:
        return _form(frame, request, done, form, faults, 422 if faults else 200)
    status = 422
    try:
        outcome = asked.step(_known(view))
        if form.text("step") != "send":
            return _preview(frame, request, view, asked, form, outcome)
        return _sent(frame, announcing, request, view, asked, form)
    except AnnouncingError as error:
        faults.add(*_placed(error, form.text("name")))
    except ConflictError:
        status = 409
        faults.add("", "Others wrote at the same time, several times over. Nothing was recorded; send it again.")
    except UnavailableError as error:
        status = 503
        faults.add("", f"Nothing was recorded: {error}. What you typed is still here.")
    return _form(frame, request, done, form, faults, status)


def _sent(frame: Frame, announcing: Announcing, request: Request, view: View, asked: _Asked, form: Form) -> Response:
    latest: list[Outcome] = []

    def as_shown(known: Known) -> Outcome:
        latest.append(asked.step(known))
        if _verdict(latest[-1]) != form.text("verdict"):
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
    asked: _Asked,
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
        verdict=_verdict(outcome),
        overtaken=overtaken,
        until=_in_time_until(outcome, asked),
        asked=asked,
    )


def _in_time_until(outcome: Outcome, asked: _Asked) -> datetime | None:
    """Up to when sending keeps the notice, where all counts and the announcement is the sending itself."""
    if asked.proof.announced_at is not None or not outcome.pieces or not all(each.counts for each in outcome.pieces):
        return None
    added = [each for each in outcome.pieces if each.window.announced_at == outcome.at]
    return min((each.window.start - each.needed for each in added), default=None)


def _verdict(outcome: Outcome) -> str:
    """What the preview shows and the sending must still find: of each piece when it is, for whom, and whether it counts."""
    return "|".join(
        f"{each.window.start.isoformat()} {each.window.end.isoformat()} {'counts' if each.counts else 'short'} "
        f"{','.join(sorted(each.window.services or ('*',)))}"
        for each in outcome.pieces
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
        current=[] if done == "announced" else _standing(view, name),
        faults=faults,
        services=[each.name for each in view.config.services],
        alertmanager=view.config.alertmanager_url is not None,
        needed=view.config.policy.notice,
        earliest=view.at + view.config.policy.notice,
    )


def _understood(
    view: View, announcing: Announcing, done: str, form: Form, session: Session, faults: Faults
) -> _Asked | None:
    """None with the faults noted."""
    zone, name = view.config.policy.timezone, form.text("name")
    if not name:
        faults.add("name", "Expected a name, by which the window is known.")
    if done == "cancelled":
        proof = Proof(session.author, reason=form.text("reason"))
        step = lambda known: cancel(known, name, proof, announcing.now())  # noqa: E731
        return None if faults else _Asked(done, proof, step, silence=False)
    start, end, claimed = (instant(form, each, zone, faults) for each in ("start", "end", "announced_at"))
    for field, value in (("start", start), ("end", end)):
        if value is None:
            faults.add(field, "Expected a date and a time.")
    services = frozenset(form.all("services")) if form.text("whom") == "some" else None
    if services is not None and not services:
        faults.add("services", "Expected at least one service, or all of them.")
    if faults or start is None or end is None:
        return None
    proof = Proof(session.author, claimed, form.text("channel"), form.text("ticket"), form.text("reason"))
    if done == "announced":
        step = lambda known: announce(known, name, start, end, services, proof, announcing.now())  # noqa: E731
    else:
        step = lambda known: _changed(known, view, name, start, end, services, proof, announcing.now())  # noqa: E731
    return _Asked(done, proof, step, "silence" in form)


def _changed(
    known: Known,
    view: View,
    name: str,
    start: datetime,
    end: datetime,
    services: frozenset[str] | None,
    proof: Proof,
    at: datetime,
) -> Outcome:
    """Only what is no longer as the window has it: what stays keeps its announcement, to the microsecond."""
    current = _standing(view, name)
    if not current:
        return change(known, name, proof, at, start=start, end=end, services=services)
    first, last, whom = _extent(current)
    return change(
        known,
        name,
        proof,
        at,
        start=None if _reads_alike(start, first) else start,
        end=None if _reads_alike(end, last) else end,
        services=KEEP if services == whom else services,
    )


def _reads_alike(typed: datetime, known: datetime) -> bool:
    """A field of local time holds milliseconds."""
    return abs(typed - known) < timedelta(milliseconds=1)


def _known(view: View) -> Known:
    config: Config = view.config
    return Known(
        view.maintenance.announced,
        config.policy.announced,
        view.maintenance.policies,
        frozenset(service.name for service in config.services),
        config.policy.timezone,
    )


def _standing(view: View, name: str) -> list[Piece]:
    """The pieces of the window of that name that a command can still change."""
    return [
        each
        for each in pieces(view.maintenance.announced, view.maintenance.policies)
        if each.window.name == name
        and each.window.origin is Origin.COMMAND
        and each.state(view.at) in (State.AHEAD, State.UNDER_WAY)
    ]


def _extent(current: list[Piece]) -> tuple[datetime, datetime, frozenset[str] | None]:
    windows = [each.window for each in current]
    concerned = [each.services for each in windows]
    services = None if None in concerned else frozenset[str]().union(*(each or () for each in concerned))
    return min(each.start for each in windows), max(each.end for each in windows), services


def _present(view: View, name: str) -> Form:
    """The form of a window as it stands. Raises PageError where there is none to change."""
    current = _standing(view, name)
    if not current:
        raise PageError(
            404,
            "No such window",
            "No window of this name can be changed here: it is over, was cancelled, or stands in the configuration file.",
        )
    zone = view.config.policy.timezone
    start, end, services = _extent(current)
    return Form(
        (
            ("name", name),
            ("start", wall(start, zone)),
            ("start_occurrence", occurrence(start, zone)),
            ("end", wall(end, zone)),
            ("end_occurrence", occurrence(end, zone)),
            ("whom", "all" if services is None else "some"),
            *(("services", each) for each in sorted(services or ())),
        )
    )


def _placed(error: AnnouncingError, name: str) -> tuple[str, str]:
    """The field that a message is about, and the message without the window's name."""
    message = str(error).removeprefix(f"{name}: ")
    first, colon, rest = message.partition(": ")
    if colon and first in ("name", "channel", "ticket", "reason", "author"):
        return ("" if first == "author" else first), f"{rest[:1].upper()}{rest[1:]}."
    starts = {
        "ends": "end",
        "lasts": "end",
        "is over": "end",
        "announced": "announced_at",
        "no such service": "services",
    }
    starts |= {"concerns": "services", "is announced already": "name", "stands in": "name", "has begun": "start"}
    field = next((field for words, field in starts.items() if message.startswith(words)), "")
    return field, f"{message[:1].upper()}{message[1:]}."
