"""Maintenance over HTTP: what is announced, the calendar for customers, announcing, changing and cancelling."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from ..core.announced import LONGEST_LIST, documents
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
from ..core.model import Config
from ..core.view import View
from .ical import CONTENT_TYPE, DAYS, calendar
from .log import UnavailableError
from .request_body import Instant, body_of, described
from .write_token import REFUSALS, WriteToken

log = logging.getLogger("sesam_slo.web")

PATH = "/api/v1/maintenance"
_LONGEST_FEED = 3650


class ConflictError(Exception):
    """Others wrote each time between reading and writing; nothing was written."""


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
    announced_at: Instant | None = None
    channel: str = ""
    ticket: str = ""
    silence: bool = False

    def proof(self) -> Proof:
        return Proof(self.author, self.announced_at, self.channel, self.ticket, self.reason)

    def concerned(self) -> frozenset[str] | None:
        return None if self.services is None else frozenset(self.services)


class Announcement(_Body):
    """A new window; `services` left out: all of them. `announced_at` left out: now."""

    name: str
    start: Instant
    end: Instant


class Change(_Body):
    """What is to be otherwise; `services` null: all of them."""

    start: Instant | None = None
    end: Instant | None = None

    def changed_services(self) -> frozenset[str] | Keep | None:
        return self.concerned() if "services" in self.model_fields_set else KEEP


def carried_out(
    announcing: Announcing,
    config: Config,
    done: str,
    step: Callable[[Known], Outcome],
    proof: Proof,
    *,
    silence: bool,
) -> tuple[Outcome, tuple[str, str | None]]:
    """Records what the step decides; returns it, and what became of its silence (`Announcing.silence`).

    done: the step in one word, for the exporter's log. Raises AnnouncingError, ConflictError, UnavailableError.
    """
    outcome = decided(step, config, lambda decide: announcing.record(decide, proof.author, proof.reason))
    log.info("maintenance %s: %s by %s", outcome.name, done, proof.author)
    return outcome, announcing.silence(config, outcome, proof.author, silence)


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
        since: Annotated[Instant | None, Query(alias="from")] = None,
        until: Annotated[Instant | None, Query(alias="to")] = None,
        recurring: bool = False,
    ) -> dict[str, list[dict[str, Any]]]:
        """Every piece of announced maintenance, with its judgement and the proof of its notice."""
        now = seen()
        begin = since or now.at
        if recurring and until is not None and until - begin > LONGEST_LIST:
            raise HTTPException(
                422, f"to: expected at most {LONGEST_LIST.days} days after from, with recurring windows"
            )
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

    def carry_out(done: str, step: Callable[[Known], Outcome], proof: Proof, wanted: bool = False) -> dict[str, Any]:
        try:
            return _answer(*carried_out(announcing, seen().config, done, step, proof, silence=wanted))
        except AnnouncingError as error:
            raise HTTPException(422, str(error)) from None
        except ConflictError as error:
            raise HTTPException(409, str(error)) from None
        except UnavailableError as error:
            raise HTTPException(503, str(error)) from None

    @router.post(PATH, status_code=201, dependencies=allowed, responses=REFUSALS, openapi_extra=described(Announcement))
    async def announced(request: Request) -> dict[str, Any]:
        """Announces a window."""
        body = await body_of(request, Announcement)

        def step(known: Known) -> Outcome:
            services, now = body.concerned(), announcing.now()
            return announce(known, body.name, body.start, body.end, services, body.proof(), now)

        return await run_in_threadpool(carry_out, "announced", step, body.proof(), body.silence)

    @router.patch(f"{PATH}/{{name:path}}", dependencies=allowed, responses=REFUSALS, openapi_extra=described(Change))
    async def changed(name: str, request: Request) -> dict[str, Any]:
        """Changes a window that is not over; time that is added is announced now."""
        body = await body_of(request, Change)
        if not body.model_fields_set & {"start", "end", "services"} and not body.silence:
            raise HTTPException(422, "nothing to change: expected start, end, services or silence")

        def step(known: Known) -> Outcome:
            now, services = announcing.now(), body.changed_services()
            return change(known, name, body.proof(), now, start=body.start, end=body.end, services=services)

        return await run_in_threadpool(carry_out, "changed", step, body.proof(), body.silence)

    @router.delete(f"{PATH}/{{name:path}}", dependencies=allowed, responses=REFUSALS)
    def cancelled(name: str, author: str, reason: str = "") -> dict[str, Any]:
        """Withdraws what of a window has not passed."""
        proof = Proof(author, reason=reason)
        return carry_out("cancelled", lambda known: cancel(known, name, proof, announcing.now()), proof)


def _answer(outcome: Outcome, silenced: tuple[str, str | None]) -> dict[str, Any]:
    done, fault = silenced
    return {
        "name": outcome.name,
        "pieces": [piece.document(outcome.at) for piece in outcome.pieces],
        "withdrawn": [piece.document(outcome.at) for piece in outcome.withdrawn],
        "warnings": list(outcome.warnings),
        "silence": {"done": done or None, "fault": fault},
    }
