"""`/cases`: the support cases with their clocks, one case with its history, and the forms that report and change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from ...core import case_changes
from ...core.case import Case
from ...core.case_changes import Known, Told
from ...core.case_document import case_document
from ...core.correcting import CorrectionError
from ...core.deadlines import CaseClock, Moment, SupportRules
from ...core.view import View
from ..cases import CaseBook, record_told
from ..log import UnavailableError
from ..maintenance import ConflictError
from ..sessions import Session
from .case_form import INSTANTS, LINES, NOW, StaleCaseError, reported, seen, shown, typed, wanted
from .forms import Faults, Form
from .frame import Frame, PageError
from .history import steps
from .login import session_or_login

PATH = "/cases"
_SOON = 0.25  # of a target's time
_FIELDS = ("service", "level", "customer_class", "cause", "details", "reason", *LINES, *INSTANTS)


def case_page_routes(frame: Frame, book: CaseBook) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def cases(request: Request) -> Response:
        view = frame.seen()
        every = request.query_params.get("all") == "1"
        return frame.page(
            request,
            "cases.html",
            view=view,
            cases=most_urgent(view, book, every=every),
            closed=sum(not each.open for each in view.cases.values()),
            every=every,
        )

    @router.get(f"{PATH}/report")
    def ask(request: Request) -> Response:
        return session_or_login(frame, request) or _report_form(frame, request, Form(), Faults())

    @router.post(f"{PATH}/report")
    async def report(request: Request) -> Response:
        form, session = await frame.posted(request)
        return await run_in_threadpool(_report, frame, book, request, form, session)

    @router.get(f"{PATH}/{{id}}")
    def one(request: Request, id: str) -> Response:
        saved = request.query_params.get("saved")
        return _case(frame, book, request, id, saved=saved if saved in ("changed", "reported") else None)

    @router.post(f"{PATH}/{{id}}")
    async def change(request: Request, id: str) -> Response:
        form, session = await frame.posted(request)
        return await run_in_threadpool(_change, frame, book, request, id, form, session)

    return router


def most_urgent(view: View, book: CaseBook, *, every: bool = False) -> list[dict[str, Any]]:
    """The open cases, or all of them, the nearest running deadline first."""
    found = (summary(view, book, each) for each in view.cases.values() if every or each.open)
    return sorted(found, key=_urgency)


def summary(view: View, book: CaseBook, case: Case) -> dict[str, Any]:
    """The case as JSON has it, with each clock in words."""
    rules = SupportRules(view.maintenance.policies, book.calendars)
    now = rules.moment(case, view.at)
    clocks = [_clock(each, now, exempt=case.exempt) for each in rules.of(case)]
    return {**case_document(case, rules, view.at), "open": case.open, "clocks": clocks}


def _clock(clock: CaseClock, now: Moment, *, exempt: bool) -> dict[str, Any]:
    """One clock for people: how it stands in one word, and the figures beside it."""
    left, used = clock.left(now), clock.used(now)
    if clock.breached(now):
        standing = "overdue" if clock.runs else "missed"
    elif clock.met(now):
        standing = "met"
    elif clock.deadline is None:
        standing = "none"
    else:
        standing = "soon" if left is not None and left < _SOON * (left + used) else "running"
    return {
        "clock": clock.clock.value,
        "standing": standing,
        "runs": clock.runs and clock.deadline is not None,
        "deadline": clock.deadline,
        "left": left,
        "used": used,
        "note": clock.note or ("no target: not ours" if exempt else "no target"),
        "stopped_at": clock.stopped_at,
        "missed_level": clock.missed.level if clock.missed is not None else None,
    }


def _urgency(case: Mapping[str, Any]) -> tuple[bool, bool, datetime | None, str]:
    """Open before closed, the nearest running deadline first, what has none last."""
    running = [each["deadline"] for each in case["clocks"] if each["runs"]]
    nearest = min(running, default=None)
    return not case["open"], nearest is None, nearest or datetime.fromisoformat(case["reported_at"]), case["id"]


# -- one case -------------------------------------------------------------------------------------------------------------


def _found(view: View, id: str) -> Case:
    case = view.cases.get(id) or case_changes.with_reference(view.cases, id)
    if case is None:
        raise PageError(404, "No such case", "No support case has this id or reference.")
    return case


def _case(
    frame: Frame,
    book: CaseBook,
    request: Request,
    id: str,
    form: Form | None = None,
    faults: Faults | None = None,
    *,
    saved: str | None = None,
    status: int = 200,
) -> Response:
    view = frame.seen()
    case, zone, problem = _found(view, id), view.config.policy.timezone, None
    try:
        history = book.history(case.id)
    except UnavailableError as error:
        history, problem = [], str(error)
    return frame.page(
        request,
        "case.html",
        status,
        view=view,
        case=summary(view, book, case),
        history=steps(history, zone),
        problem=problem,
        fields=shown(case, zone) if form is None else typed(form),
        seen=seen(case, zone),
        saved=saved,
        faults=faults or Faults(),
        **_choices(view, case.reported_at),
    )


def _change(frame: Frame, book: CaseBook, request: Request, id: str, form: Form, session: Session) -> Response:
    view, faults = frame.seen(), Faults()
    case, zone = _found(view, id), view.config.policy.timezone
    pressed = form.text("now")
    if pressed and pressed not in NOW:
        raise PageError(422, "Not understood", "The page was asked for something it does not know.")
    asked = {} if pressed else wanted(form, case, zone, faults)
    status = 422
    if not faults:

        def step(known: Known, said: dict[str, Any]) -> Told:
            present = case_changes.find(known.cases, case.id)
            if form.text("seen") != seen(present, zone):
                raise StaleCaseError
            change = case_changes.change(known, case.id, {pressed: said["now"]} if pressed else asked, **said)
            return Told(change.case, change)

        status = _record(view, book, step, form, session, faults, asked.get("event"))
        if not faults:
            return RedirectResponse(f"{PATH}/{case.id}?saved=changed", 303)
    return _case(frame, book, request, id, None if pressed else form, faults, status=status)


def _report_form(frame: Frame, request: Request, form: Form, faults: Faults, status: int = 200) -> Response:
    view = frame.seen()
    return frame.page(
        request,
        "case_report.html",
        status,
        view=view,
        fields=typed(form),
        service_choices=[(each.name, each.name) for each in view.config.services],
        faults=faults,
        **_choices(view, view.at),
    )


def _report(frame: Frame, book: CaseBook, request: Request, form: Form, session: Session) -> Response:
    view, faults, status = frame.seen(), Faults(), 422
    asked = reported(form, view.config.policy.timezone, faults)
    if not faults:
        opened: list[str] = []

        def step(known: Known, said: dict[str, Any]) -> Told:
            opening = case_changes.report(known, asked, **said)
            opened.append(opening.case)
            return Told(opening.case, opening, opened=True)

        status = _record(view, book, step, form, session, faults, asked.get("event"))
        if not faults:
            return RedirectResponse(f"{PATH}/{opened[-1]}?saved=reported", 303)
    return _report_form(frame, request, form, faults, status)


def _record(
    view: View,
    book: CaseBook,
    step: Callable[[Known, dict[str, Any]], Told],
    form: Form,
    session: Session,
    faults: Faults,
    event: str | None,
) -> int:
    """Records it, or notes what is wrong; the status that the answer then has."""
    try:
        record_told(book, view.config, step, session.author, form.text("reason"), event)
    except StaleCaseError as error:
        faults.add("", str(error))
        return 409
    except CorrectionError as error:
        faults.add(*_placed(error))
    except ConflictError:
        faults.add("", "Others wrote at the same time, several times over. Nothing was recorded; send it again.")
        return 409
    except UnavailableError as error:
        faults.add("", f"Nothing was recorded: {error}. What you typed is still here.")
        return 503
    return 422


def _choices(view: View, reported_at: datetime) -> dict[str, Any]:
    """The levels and classes of the agreement by which a case reported then is judged."""
    support = view.maintenance.policies.at(reported_at).support
    return {
        "level_choices": [(each.name, f"{each.name}: {each.title}") for each in support.levels],
        "class_choices": [(each, each) for each in support.classes],
    }


def _placed(error: CorrectionError) -> tuple[str, str]:
    """The field that a message is about: the first word of it that names one; and the message."""
    message = str(error)
    words = message.replace(":", " ").split()[:3]
    field = next((word for word in words if word in _FIELDS), "")
    return field, f"{message[:1].upper()}{message[1:]}."
