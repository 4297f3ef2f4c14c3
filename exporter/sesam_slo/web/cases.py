"""Support cases over HTTP: read by everybody, written with the token, and a webhook for service desks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from ..core import case_changes
from ..core.business_time import BusinessCalendars
from ..core.case import Case
from ..core.case_changes import Known, Told
from ..core.case_document import case_document
from ..core.correcting import CorrectionError
from ..core.deadlines import SupportRules
from ..core.history import Changes
from ..core.model import Config
from ..core.view import View
from .case_messages import CaseReport, CaseUpdate, Said, Webhook
from .log import UnavailableError
from .maintenance import ConflictError
from .request_body import Instant, body_of, described
from .write_token import REFUSALS, WriteToken

log = logging.getLogger("sesam_slo.web")

PATH = "/api/v1/cases"


@dataclass(frozen=True, slots=True)
class CaseBook:
    """The ledger's part, given by who wires the program.

    record(config, decide, event, author): what `decide` makes of the cases is written; `event` is the entry of the log that
    is named. Raises ConflictError, UnavailableError, and what the decision raises. history(id): every revision of one case, as
    JSON has it; raises UnavailableError. now: the exporter's clock. calendars: business time by policy.
    """

    record: Callable[[Config, Callable[[Known], Changes], str | None, str], Changes]
    history: Callable[[str], list[dict[str, Any]]]
    now: Callable[[], datetime]
    calendars: BusinessCalendars


Step = Callable[[Known, dict[str, Any]], Told]  # decides, with author, reason and now as `core.case_changes` takes them


def record_told(book: CaseBook, config: Config, step: Step, author: str, reason: str, event: str | None) -> Told:
    """Records what the step decides. Raises CorrectionError, ConflictError, UnavailableError."""
    outcomes: list[Told] = []  # the last one stands: others may write in between, and then it is asked again

    def decide(known: Known) -> Changes:
        outcomes.append(step(known, {"author": author, "reason": reason, "now": book.now()}))
        change = outcomes[-1].change
        return Changes() if change is None else Changes(cases=(change,))

    book.record(config, decide, event or None, author)
    outcome = outcomes[-1]
    if outcome.change is not None:
        log.info("case %s: said by %s: %s", outcome.case, author, ", ".join(outcome.fields) or "nothing new")
    return outcome


def case_routes(view: Callable[[], View | None], book: CaseBook, write_token: WriteToken) -> APIRouter:
    router = APIRouter(tags=["support cases"])

    def seen() -> View:
        found = view()
        if found is None:
            raise HTTPException(503, "the first state is not published yet")
        return found

    def document(found: View, case: Case) -> dict[str, Any]:
        return case_document(case, SupportRules(found.maintenance.policies, book.calendars), found.at)

    @router.get(PATH)
    def listed(
        service: Annotated[str | None, Query(max_length=200)] = None,
        level: Annotated[str | None, Query(max_length=200)] = None,
        open: bool = False,
        since: Annotated[Instant | None, Query(alias="from")] = None,
        until: Annotated[Instant | None, Query(alias="to")] = None,
    ) -> dict[str, list[dict[str, Any]]]:
        """The cases with their clocks, the oldest first; `from` and `to` bound when they were reported."""
        found = seen()
        chosen = (
            case
            for case in found.cases.values()
            if service in (None, case.service)
            and level in (None, case.level)
            and (case.open or not open)
            and (since is None or case.reported_at >= since)
            and (until is None or case.reported_at < until)
        )
        return {"cases": [document(found, case) for case in chosen]}

    @router.get(f"{PATH}/{{id}}")
    def one(id: str) -> dict[str, Any]:
        """One case, by its id or its reference, with its history."""
        found = seen()
        case = found.cases.get(id) or case_changes.with_reference(found.cases, id)
        if case is None:
            raise HTTPException(404, "no such case")
        try:
            return {**document(found, case), "history": book.history(case.id)}
        except UnavailableError as error:
            raise HTTPException(503, str(error)) from None

    _writing(router, seen, book, write_token)
    return router


def _writing(router: APIRouter, seen: Callable[[], View], book: CaseBook, write_token: WriteToken) -> None:
    allowed = [Depends(write_token.required)]

    def carry_out(step: Step, said: Said) -> Told:
        try:
            return record_told(book, seen().config, step, said.author, said.reason, said.event)
        except CorrectionError as error:
            raise HTTPException(422, str(error)) from None
        except ConflictError as error:
            raise HTTPException(409, str(error)) from None
        except UnavailableError as error:
            raise HTTPException(503, str(error)) from None

    @router.post(PATH, status_code=201, dependencies=allowed, responses=REFUSALS, openapi_extra=described(CaseReport))
    async def reported(request: Request) -> dict[str, Any]:
        """Opens a case."""
        body = await body_of(request, CaseReport)

        def step(known: Known, said: dict[str, Any]) -> Told:
            opening = case_changes.report(known, body.wanted(), **said)
            return Told(opening.case, opening, opened=True)

        return _answer(await run_in_threadpool(carry_out, step, body))

    @router.patch(f"{PATH}/{{id}}", dependencies=allowed, responses=REFUSALS, openapi_extra=described(CaseUpdate))
    async def changed(id: str, request: Request) -> dict[str, Any]:
        """Changes a case: another revision, nothing is overwritten."""
        body = await body_of(request, CaseUpdate)

        def step(known: Known, said: dict[str, Any]) -> Told:
            change = case_changes.change(known, id, body.wanted(), **said)
            return Told(change.case, change)

        return _answer(await run_in_threadpool(carry_out, step, body))

    @router.post(f"{PATH}/webhook", dependencies=allowed, responses=REFUSALS, openapi_extra=described(Webhook))
    async def told(request: Request, response: Response) -> dict[str, Any]:
        """Opens (201) or updates (200) the case with the desk's `reference`; the same told twice changes nothing."""
        body = await body_of(request, Webhook)
        outcome = await run_in_threadpool(
            carry_out, lambda known, said: case_changes.told(known, body.wanted(), **said), body
        )
        response.status_code = 201 if outcome.opened else 200
        return _answer(outcome)


def _answer(outcome: Told) -> dict[str, Any]:
    return {"id": outcome.case, "changed": outcome.fields}
