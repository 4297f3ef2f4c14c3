"""Maintenance over HTTP: what is announced, the calendar for customers, announcing, changing and cancelling (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from ..core.announced import documents, judge
from ..core.announcing import (
    KEEP,
    AnnouncingError,
    Keep,
    Known,
    Outcome,
    Proof,
    announce,
    cancel,
    change,
    decided,
)
from ..core.history import Changes, Recorded
from ..core.maintenance import Maintenance
from ..core.model import Config
from ..core.view import View
from .ical import CONTENT_TYPE, DAYS, calendar
from .request_body import body_of
from .write_token import WriteToken

PATH = "/api/v1/maintenance"
_LONGEST_FEED = 3650


class ConflictError(Exception):
    """Others wrote each time between reading and writing; nothing was written."""


class UnavailableError(Exception):
    """The ledger cannot be read or written now."""


@dataclass(frozen=True, slots=True)
class Announcing:
    """What writing needs.

    record: reads the ledger, asks what to write and writes it, for an author and a reason; raises ConflictError,
    UnavailableError, and what the decision raises. silence: lets the window's silence in Alertmanager follow, where the last
    argument or an earlier command wants one; returns what was done, and what went wrong or None. now: the exporter's clock.
    """

    record: Callable[[Callable[[Recorded], Changes], str, str], object]
    silence: Callable[[Config, Outcome, str, bool], tuple[str, str | None]]
    now: Callable[[], datetime]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    author: str
    reason: str = ""
    services: list[str] | None = None
    announced_at: AwareDatetime | None = None
    channel: str = ""
    ticket: str = ""
    silence: bool = False

    def proof(self) -> Proof:
        claimed = None if self.announced_at is None else self.announced_at.astimezone(UTC)
        return Proof(self.author, claimed, self.channel, self.ticket)

    def concerned(self) -> frozenset[str] | None:
        return None if self.services is None else frozenset(self.services)


class Announcement(_Body):
    """A new window; `services` left out: all of them. `announced_at` left out: now."""

    name: str
    start: AwareDatetime
    end: AwareDatetime


class Change(_Body):
    """What is to be otherwise; `services` null: all of them."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None

    def changed_services(self) -> frozenset[str] | Keep | None:
        return self.concerned() if "services" in self.model_fields_set else KEEP


def maintenance_routes(
    view: Callable[[], View | None], announcing: Announcing | None, write_token: WriteToken
) -> APIRouter:
    """The routes; those that write only where `announcing` is given."""
    router = APIRouter()

    def seen() -> View:
        found = view()
        if found is None:
            raise HTTPException(503, "the first state is not published yet")
        return found

    @router.get(PATH)
    def windows(
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
        recurring: bool = False,
    ) -> dict[str, list[dict[str, Any]]]:
        """Every piece of announced maintenance, with its judgement and the proof of its notice."""
        now = seen()
        return {"windows": documents(now.maintenance, now.at, since, until, also_recurring=recurring)}

    @router.get(f"{PATH}.ics", response_class=Response, responses={200: {"content": {"text/calendar": {}}}})
    def feed(service: str | None = None, days: Annotated[int, Query(ge=1, le=_LONGEST_FEED)] = DAYS) -> Response:
        """The calendar of what is under way or coming, for customers to subscribe to."""
        now = seen()
        if service is not None and all(each.name != service for each in now.config.services):
            raise HTTPException(404, "no such service")
        zone = now.config.policy.timezone
        body = calendar(now.maintenance, now.at, zone, service, days)
        return Response(body, headers={"Content-Type": CONTENT_TYPE})

    if announcing is not None:
        _writing(router, seen, announcing, write_token)
    return router


def _writing(router: APIRouter, seen: Callable[[], View], announcing: Announcing, write_token: WriteToken) -> None:
    allowed = [Depends(write_token.required)]

    def carry_out(step: Callable[[Known], Outcome], author: str, reason: str, silence: bool) -> dict[str, Any]:
        config = seen().config
        try:
            outcome = decided(step, config, lambda decide: announcing.record(decide, author, reason))
        except AnnouncingError as error:
            raise HTTPException(422, str(error)) from None
        except ConflictError as error:
            raise HTTPException(409, str(error)) from None
        except UnavailableError as error:
            raise HTTPException(503, str(error)) from None
        return _answer(outcome, announcing.silence(config, outcome, author, silence), seen().maintenance)

    @router.post(PATH, status_code=201, dependencies=allowed, openapi_extra=_described(Announcement))
    async def announced(request: Request) -> dict[str, Any]:
        """Announces a window."""
        body = await body_of(request, Announcement)
        start, end = body.start.astimezone(UTC), body.end.astimezone(UTC)

        def step(known: Known) -> Outcome:
            return announce(known, body.name, start, end, body.concerned(), body.proof(), announcing.now())

        return await run_in_threadpool(carry_out, step, body.author, body.reason, body.silence)

    @router.patch(f"{PATH}/{{name:path}}", dependencies=allowed, openapi_extra=_described(Change))
    async def changed(name: str, request: Request) -> dict[str, Any]:
        """Changes a window that is not over; time that is added is announced now."""
        body = await body_of(request, Change)
        start, end = (None if each is None else each.astimezone(UTC) for each in (body.start, body.end))

        def step(known: Known) -> Outcome:
            now, services = announcing.now(), body.changed_services()
            return change(known, name, body.proof(), now, start=start, end=end, services=services)

        return await run_in_threadpool(carry_out, step, body.author, body.reason, body.silence)

    @router.delete(f"{PATH}/{{name:path}}", dependencies=allowed)
    def cancelled(name: str, author: str, reason: str = "") -> dict[str, Any]:
        """Withdraws what of a window has not passed."""
        return carry_out(lambda known: cancel(known, name, author, announcing.now()), author, reason, False)


def _answer(outcome: Outcome, silenced: tuple[str, str | None], maintenance: Maintenance) -> dict[str, Any]:
    done, fault = silenced
    withdrawn = (judge(each, maintenance.policies) for each in outcome.withdrawn)
    return {
        "name": outcome.name,
        "pieces": [piece.document(outcome.at) for piece in outcome.pieces],
        "withdrawn": [piece.document(outcome.at) for piece in withdrawn],
        "warnings": list(outcome.warnings),
        "silence": {"done": done or None, "fault": fault},
    }


def _described(model: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}
