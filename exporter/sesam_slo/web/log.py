"""The downtime log over HTTP: read by everybody, changed with the write token, each change with its author."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from ..core.account import account
from ..core.correcting import CorrectionError, add, annotate, find
from ..core.entry import Entry, Exclusion, Log
from ..core.history import Changes, Correction
from ..core.intervals import Interval
from ..core.log_document import entry_document
from ..core.model import Policy
from ..core.view import ServiceView, View
from .request_body import Instant, body_of, described
from .write_token import REFUSALS, WriteToken

log = logging.getLogger("sesam_slo.web")

T = TypeVar("T")

Text = Annotated[str, Field(max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class UnavailableError(Exception):
    """The ledger cannot be read or written now; the message is for the one who asked."""


@dataclass(frozen=True, slots=True)
class LogBook:
    """The ledger's part, given by who wires the program: every method opens the ledger for itself.

    record(prefix, decide, author, reason): what `decide` makes of the entries whose ids begin with `prefix` is written.
    history(id): every revision of one entry, as JSON has it. evidence(entry): what its failing probes saw. All raise
    UnavailableError. state(entry, at, policy): ongoing, ended, overdue or explained.
    """

    record: Callable[[str, Callable[[Log], Correction], str, str], Changes]
    history: Callable[[str], list[dict[str, Any]]]
    evidence: Callable[[Entry], list[dict[str, Any]]]
    state: Callable[[Entry, datetime, Policy], str]


class Part(BaseModel):
    """A part of an entry that does not count."""

    model_config = ConfigDict(extra="forbid")
    start: Instant
    end: Instant
    reason: Name


class Annotation(BaseModel):
    """What to change; a field that is left out stays as it is. `exclusions` are all of them."""

    model_config = ConfigDict(extra="forbid")
    author: Name
    reason: Text = ""
    cause: Literal["unknown", "sesam", "customer", "operating_environment"] | None = None
    details: Text | None = None
    symptom: Text | None = None
    solution: Text | None = None
    reported_at: Instant | None = None
    reported_by: Annotated[str, Field(max_length=200)] | None = None
    start: Instant | None = None
    end: Instant | None = None
    exclusions: list[Part] | None = None
    withdrawn: bool | None = None

    def wanted(self) -> dict[str, Any]:
        given = {
            name: getattr(self, name)
            for name in self.model_fields_set - {"author", "reason", "service", "endpoints"}
            if getattr(self, name) is not None
        }
        if self.exclusions is not None:
            given["exclusions"] = tuple(Exclusion(each.start, each.end, each.reason) for each in self.exclusions)
        return given


class Addition(Annotation):
    """Downtime that the probes could not see."""

    service: Name
    endpoints: list[Name] = []
    start: Instant
    end: Instant


def entry_documents(found: View, service: ServiceView) -> list[dict[str, Any]]:
    """The log of one service as JSON has it, every entry with its whole time."""
    now = service.brought_up(found.maintenance)
    entries = now.log.entries.values()
    reach = [each.start for each in entries]
    whole = Interval(min([now.since, *reach]), max([now.horizon, *now.horizons.values()]))
    counted = {
        each.downtime.id: each
        for each in account(now.facts(found.maintenance.policies), whole, found.maintenance).events
    }
    return [
        entry_document(
            each,
            counted.get(each.id),
            found.maintenance.windows(each.service, Interval(each.start, each.end or now.horizon)),
            now.horizon,
        )
        for each in entries
    ]


def selected(found: View, service: str | None, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """The entries of one service or of all that touch `[since, until)`, the oldest first."""
    chosen = [
        document
        for each in found.services
        if service in (None, each.service.name)
        for document in entry_documents(found, each)
        if (until is None or datetime.fromisoformat(document["start"]) < until)
        and (since is None or document["end"] is None or datetime.fromisoformat(document["end"]) > since)
    ]
    return sorted(chosen, key=lambda each: (each["start"], each["id"]))


def one_entry(found: View, id: str) -> tuple[Entry, dict[str, Any]] | None:
    """The entry with this id, and its document."""
    for service in found.services:
        entry = service.brought_up(found.maintenance).log.entries.get(id)
        if entry is not None:
            return entry, next(each for each in entry_documents(found, service) if each["id"] == id)
    return None


def record_annotation(
    book: LogBook, view: View, id: str, wanted: Callable[[Log, Entry], Mapping[str, Any]], author: str, reason: str
) -> Correction:
    """Changes the entry whose id begins so; `wanted` is asked with it as it stands. Raises CorrectionError, UnavailableError."""
    since = {each.service.name: each.since for each in view.services}

    def decide(entries: Log) -> Correction:
        entry = find(entries, id)
        asked = wanted(entries, entry)
        start, began = asked.get("start"), since.get(entry.service)
        if start is not None and began is not None and start < min(began, entry.start):  # a slip of the pen, of years
            raise CorrectionError(f"{entry.id}: {_before_account(began)}")
        return annotate(entries, entry.id, asked, author=author, reason=reason, now=datetime.now(UTC))

    return _written(book, id, decide, author, reason)


def record_addition(
    book: LogBook,
    service: ServiceView,
    endpoints: Collection[str],
    wanted: Mapping[str, Any],
    author: str,
    reason: str,
) -> Correction:
    """Adds downtime that the probes could not see. Raises CorrectionError, UnavailableError."""
    name, known = service.service.name, {each.name for each in service.service.endpoints}
    if unknown := sorted(set(endpoints) - known):
        raise CorrectionError(f"endpoint {unknown[0]!r}: not of {name}")
    if wanted["start"] < service.since:
        raise CorrectionError(_before_account(service.since))

    def decide(entries: Log) -> Correction:
        return add(entries, name, endpoints, wanted, author=author, reason=reason, now=datetime.now(UTC))

    return _written(book, f"{name}-", decide, author, reason)


def _before_account(began: datetime) -> str:
    return f"start lies before the account began, {began.isoformat()}"


def _written(book: LogBook, prefix: str, decide: Callable[[Log], Correction], author: str, reason: str) -> Correction:
    (correction,) = book.record(prefix, decide, author, reason).corrections
    log.info(
        "downtime %s: changed by %s: %s", correction.event, correction.author, ", ".join(sorted(correction.change))
    )
    return correction


def log_routes(view: Callable[[], View | None], book: LogBook, write_token: WriteToken) -> APIRouter:
    router = APIRouter(prefix="/api/v1/log", tags=["downtime log"])

    def seen() -> View:
        found = view()
        if found is None:
            raise HTTPException(503, "the first state is not published yet")
        return found

    @router.get("")
    def entries(
        service: Annotated[str | None, Query(max_length=200)] = None,
        since: Annotated[Instant | None, Query(alias="from")] = None,
        until: Annotated[Instant | None, Query(alias="to")] = None,
    ) -> dict[str, list[dict[str, Any]]]:
        """The entries that the windows reach back to, the oldest first; the command line has all of them."""
        found = seen()
        if service is not None and service not in {each.service.name for each in found.services}:
            raise HTTPException(404, f"no service {service!r} is configured")
        return {"entries": selected(found, service, since, until)}

    @router.get("/{id}")
    def entry(id: str) -> dict[str, Any]:
        """One entry with everything that was ever written of it."""
        found = one_entry(seen(), id)
        if found is None:
            raise HTTPException(404, f"no entry {id!r} in the log that the windows reach back to")
        return {**found[1], "history": _answered(lambda: book.history(id))}

    allowed = [Depends(write_token.required)]

    @router.patch("/{id}", dependencies=allowed, responses=REFUSALS, openapi_extra=described(Annotation))
    async def change(id: str, request: Request) -> dict[str, Any]:
        """Changes an entry: another revision, nothing is overwritten."""
        said = await body_of(request, Annotation)
        return await run_in_threadpool(
            _done, lambda: record_annotation(book, seen(), id, lambda *_: said.wanted(), said.author, said.reason)
        )

    @router.post("", status_code=201, dependencies=allowed, responses=REFUSALS, openapi_extra=described(Addition))
    async def create(request: Request) -> dict[str, Any]:
        """Adds downtime that the probes could not see."""
        return await run_in_threadpool(added, await body_of(request, Addition))

    def added(said: Addition) -> dict[str, Any]:
        service = next((each for each in seen().services if each.service.name == said.service), None)
        if service is None:
            raise HTTPException(404, f"no service {said.service!r} is configured")
        return _done(lambda: record_addition(book, service, said.endpoints, said.wanted(), said.author, said.reason))

    return router


def _done(record: Callable[[], Correction]) -> dict[str, Any]:
    correction = _answered(record)
    return {"id": correction.event, "changed": sorted(correction.change)}


def _answered(call: Callable[[], T]) -> T:
    try:
        return call()
    except CorrectionError as error:
        raise HTTPException(422, str(error)) from None
    except UnavailableError as error:
        raise HTTPException(503, str(error)) from None
