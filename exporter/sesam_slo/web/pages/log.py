"""`/log`: the downtime log with filters, and one entry with its history, its evidence and the form that corrects it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from ...core.correcting import CorrectionError
from ...core.entry import Entry, Log
from ...core.maintenance import instant_of
from ...core.model import Phase
from ...core.view import View
from ..log import LogBook, UnavailableError, entry_documents, one_entry, record_addition, record_annotation
from ..sessions import Session
from . import wording
from .entry_form import StaleEntryError, added, corrections_of, shown, typed, wanted
from .forms import Faults, Form
from .frame import Frame, PageError
from .history import steps
from .login import session_or_login

_SHOWN = 200
_DAY = timedelta(days=1)
_CHOICES = {
    "class": wording.CLASSES,
    "cause": wording.CAUSES,
    "state": wording.STATES,
}


def log_page_routes(frame: Frame, book: LogBook) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/log")
    def entries(request: Request) -> Response:
        view, faults = frame.seen(), Faults()
        asked = {name: request.query_params.get(name, "") for name in ("service", "from", "to", *_CHOICES)}
        found = [] if (chosen := _filter(view, asked, faults)) is None else _found(view, book, chosen)
        totals = {name: sum(each[f"{name}_seconds"] for each in found) for name in ("unplanned", "planned", "excluded")}
        return frame.page(
            request,
            "log.html",
            422 if faults else 200,
            view=view,
            entries=found[:_SHOWN],
            count=len(found),
            totals=totals,
            asked=asked,
            filtered=any(asked.values()),
            faults=faults,
            service_choices=_services(view),
        )

    @router.get("/log/add")
    def ask(request: Request) -> Response:
        return session_or_login(frame, request) or _addition(frame, request, Form(), Faults())

    @router.post("/log/add")
    async def add(request: Request) -> Response:
        form, session = await frame.posted(request)
        return await run_in_threadpool(_add, frame, book, request, form, session)

    @router.get("/log/{id}")
    def entry(request: Request, id: str) -> Response:
        saved = request.query_params.get("saved")
        return _entry(frame, book, request, id, saved=saved if saved in ("changed", "added") else None)

    @router.post("/log/{id}")
    async def change(request: Request, id: str) -> Response:
        form, session = await frame.posted(request)
        return await run_in_threadpool(_change, frame, book, request, id, form, session)

    return router


# -- the list -------------------------------------------------------------------------------------------------------------


def _services(view: View) -> list[tuple[str, str]]:
    return [(each.service.name, each.service.name) for each in view.services]


def _filter(view: View, asked: Mapping[str, str], faults: Faults) -> dict[str, Any] | None:
    """What is asked for, or None with the faults noted."""
    zone = view.config.policy.timezone
    chosen: dict[str, Any] = {
        "service": asked["service"] or None,
        "since": _day(asked["from"], zone, "from", faults),
        "until": _day(asked["to"], zone, "to", faults, days=1),
    }
    if asked["service"] and all(each.service.name != asked["service"] for each in view.services):
        faults.add("service", "No such service is configured.")
    for name, choices in _CHOICES.items():
        chosen[name] = asked[name] or None
        if asked[name] and asked[name] not in choices:
            faults.add(name, f"Expected one of {', '.join(choices)}.")
    since, until = chosen["since"], chosen["until"]
    if since is not None and until is not None and until <= since:
        faults.add("to", "Lies before the first day. Expected that one or a later one.")
    return None if faults else chosen


def _day(text: str, zone: ZoneInfo, name: str, faults: Faults, days: int = 0) -> datetime | None:
    """The midnight with which the day begins, or so many days later."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        faults.add(name, "Not a day. Expected one such as 2026-11-28.")
        return None
    if not 1970 < day.year < 3000:
        faults.add(name, "Expected a year from 1971 to 2999.")
        return None
    later = day + days * _DAY
    return instant_of(datetime(later.year, later.month, later.day), zone, second_occurrence=False)


def _found(view: View, book: LogBook, chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The documents asked for, each with its state, the newest first."""
    found = []
    for service in view.services:
        if chosen["service"] not in (None, service.service.name):
            continue
        entries = service.brought_up(view.maintenance).log.entries
        for document in entry_documents(view, service):
            entry = entries.get(document["id"])
            if entry is None or not _meets(entry, document, chosen):
                continue
            state = book.state(entry, view.at, view.config.policy)
            if chosen["state"] in (None, state):
                found.append({**document, "state": state})
    return sorted(found, key=lambda each: (each["start"], each["id"]), reverse=True)


def _meets(entry: Entry, document: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    return (
        (chosen["until"] is None or entry.start < chosen["until"])
        and (chosen["since"] is None or entry.end is None or entry.end > chosen["since"])
        and chosen["class"] in (None, document["class"])
        and chosen["cause"] in (None, document["cause"])
    )


# -- one entry ------------------------------------------------------------------------------------------------------------


def _entry(
    frame: Frame,
    book: LogBook,
    request: Request,
    id: str,
    form: Form | None = None,
    faults: Faults | None = None,
    *,
    saved: str | None = None,
    status: int = 200,
) -> Response:
    view = frame.seen()
    found = one_entry(view, id)
    if found is None:
        raise PageError(
            404,
            "No such entry",
            "The log that the page reaches back to has no entry with this id. Older ones: sesam-slo log show.",
        )
    entry, document = found
    zone, problem = view.config.policy.timezone, None
    try:
        history, evidence = book.history(entry.id), book.evidence(entry)
    except UnavailableError as error:  # what is published can be shown all the same
        history, evidence, problem = [], [], str(error)
    service = next(each for each in view.services if each.service.name == entry.service)
    log = service.brought_up(view.maintenance).log
    return frame.page(
        request,
        "entry.html",
        status,
        view=view,
        entry=document,
        state=book.state(entry, view.at, view.config.policy),
        history=steps(history, zone),
        evidence=evidence,
        phases=[each.value for each in Phase],
        problem=problem,
        fields=shown(entry, zone) if form is None else typed(form),
        corrections=corrections_of(log, entry.id),
        ongoing=entry.end is None,
        saved=saved,
        faults=faults or Faults(),
    )


def _change(frame: Frame, book: LogBook, request: Request, id: str, form: Form, session: Session) -> Response:
    view, faults = frame.seen(), Faults()
    found = one_entry(view, id)
    if found is None:
        return _entry(frame, book, request, id)
    zone, status = view.config.policy.timezone, 422
    wanted(form, found[0], zone, faults)
    if not faults:

        def decided(entries: Log, entry: Entry) -> Mapping[str, Any]:
            if form.text("corrections") != str(corrections_of(entries, entry.id)):
                raise StaleEntryError(entries.corrections[entry.id][-1].author)
            return wanted(form, entry, zone, Faults())

        try:
            record_annotation(book, view, id, decided, session.author, form.text("reason"))
            return RedirectResponse(f"{request.url.path}?saved=changed", 303)
        except StaleEntryError as error:
            status = 409
            faults.add("", str(error))
        except CorrectionError as error:
            faults.add(*_placed(error, id))
        except UnavailableError as error:
            status = 503
            faults.add("", f"Nothing was changed: {error}. What you typed is still here.")
    return _entry(frame, book, request, id, form, faults, status=status)


def _placed(error: CorrectionError, id: str) -> tuple[str, str]:
    """The field that a message is about, and the message without the entry's id."""
    message = str(error).removeprefix(f"{id}: ")
    first = message.partition(" ")[0].rstrip(":")
    names = (
        "cause",
        "details",
        "symptom",
        "solution",
        "reported_by",
        "reported_at",
        "start",
        "end",
        "reason",
        "endpoint",
    )
    name = {"endpoint": "endpoints", "exclusion": "exclusions"}.get(first, first if first in names else "")
    return name, f"{message[:1].upper()}{message[1:]}."


# -- an entry by hand -----------------------------------------------------------------------------------------------------


def _addition(frame: Frame, request: Request, form: Form, faults: Faults, status: int = 200) -> Response:
    view = frame.seen()
    return frame.page(
        request,
        "entry_add.html",
        status,
        view=view,
        fields=typed(form),
        service_choices=_services(view),
        faults=faults,
    )


def _add(frame: Frame, book: LogBook, request: Request, form: Form, session: Session) -> Response:
    view, faults, status = frame.seen(), Faults(), 422
    given = added(form, view.config.policy.timezone, faults)
    service = next((each for each in view.services if each.service.name == form.text("service")), None)
    if service is None:
        faults.add("service", "Expected one of the services.")
    if not faults and service is not None:
        endpoints = [each for each in form.text("endpoints").replace(",", " ").split() if each]
        try:
            done = record_addition(book, service, endpoints, given, session.author, form.text("reason"))
            return RedirectResponse(f"/log/{done.event}?saved=added", 303)
        except CorrectionError as error:
            faults.add(*_placed(error, ""))
        except UnavailableError as error:
            status = 503
            faults.add("", f"Nothing was added: {error}. What you typed is still here.")
    return _addition(frame, request, form, faults, status)
