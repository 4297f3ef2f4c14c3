"""`/`: where everything stands now, the worst first; what goes on, what is planned next, what still lacks its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from ...core.announced import Occurrence, Piece, pieces, recurring
from ...core.announced import State as Standing
from ...core.entry import Entry
from ...core.intervals import Interval
from ...core.view import View
from ..cases import CaseBook
from ..log import LogBook
from ..status import ServiceStatus, State, status
from . import wording
from .cases import most_urgent
from .frame import Frame

REFRESH_SECONDS = 30
_SHOWN = 8  # of what lacks a cause
_LATEST = 5
_CASES = 4
_AHEAD = timedelta(days=14)
_NEXT = 3


@dataclass(frozen=True, slots=True)
class Headline:
    """The worst state, and everything in one sentence."""

    state: State
    sentence: Markup


@dataclass(frozen=True, slots=True)
class Planned:
    """A window under way or ahead; `counts` is None of a recurring one, which always does."""

    name: str
    interval: Interval
    services: frozenset[str] | None
    counts: bool | None


def state_routes(frame: Frame, book: LogBook | None, cases: CaseBook | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def index(request: Request) -> Response:
        view = frame.seen()
        services = status(view)
        entries = [entry for each in view.services for entry in each.brought_up(view.maintenance).log.entries.values()]
        lacking = _lacking(view, entries, book)
        under_way, ahead = _planned(view)
        open_cases = [] if cases is None else most_urgent(view, cases)
        still = request.query_params.get("refresh") == "off"
        page = frame.page(
            request,
            "state.html",
            view=view,
            headline=headline(services, view.at, view, alive=frame.alive()),
            services=services,
            objective=view.config.policy.objective_ratio,
            ongoing=sorted((each for each in entries if each.end is None), key=_start),
            latest=sorted((each for each in entries if each.end is not None), key=_start, reverse=True)[:_LATEST],
            lacking=lacking[:_SHOWN],
            lacking_count=len(lacking),
            under_way=under_way,
            ahead=ahead[:_NEXT],
            cases=open_cases[:_CASES],
            case_count=len(open_cases),
            still=still,
            refresh_seconds=REFRESH_SECONDS,
        )
        if not still:
            page.headers["Refresh"] = str(REFRESH_SECONDS)
        return page

    return router


def headline(services: Sequence[ServiceStatus], at: datetime, view: View, *, alive: bool) -> Headline:
    """Everything in one sentence, the worst first: what is not seen is never said to answer."""
    if not alive:
        return Headline(State.NOT_SEEN, Markup("Nothing is watched: the exporter's probing has ended. Start it again."))
    zone = view.config.policy.timezone
    groups = [(state, list(found)) for state, found in groupby(services, key=lambda each: each.state)]
    parts = []
    for index, (state, found) in enumerate(groups):
        verb = wording.STATE_SENTENCES[state][len(found) > 1]
        since = min((each.since for each in found if each.since is not None), default=None)
        if state is State.OK and len(groups) == 1:
            said = Markup("{} {}").format(found[0].name if len(found) == 1 else f"All {len(found)} services", verb)
        elif state is State.OK:
            said = Markup("the other {} {}").format("one" if len(found) == 1 else len(found), verb)
        elif index and len(found) > 1:
            said = Markup("{} {}").format(len(found), verb)
        else:
            said = Markup("{} {}").format(wording.listed(each.name for each in found), verb)
        if since is not None and not index:
            whose = ", the longest since" if len(found) > 1 else " since"
            said += Markup("{} {} ({})").format(whose, wording.near(since, zone, at), wording.length(at - since))
        parts.append(said)
    return Headline(groups[0][0], Markup("; ").join(parts) + ".")


def _start(entry: Entry) -> datetime:
    return entry.start


def _lacking(view: View, entries: Sequence[Entry], book: LogBook | None) -> list[dict[str, Any]]:
    """The entries that are over and say too little of why, the overdue ones first."""
    if book is None:
        return []
    found = [
        {"entry": each, "state": state}
        for each in sorted(entries, key=lambda each: each.start, reverse=True)
        if (state := book.state(each, view.at, view.config.policy)) in ("ended", "overdue")
    ]
    return sorted(found, key=lambda each: each["state"] != "overdue")


def _planned(view: View) -> tuple[list[Planned], list[Planned]]:
    """What is under way and what is ahead, by start."""
    found: list[Piece | Occurrence] = [
        piece
        for piece in pieces(view.maintenance.announced, view.maintenance.policies)
        if piece.state(view.at) in (Standing.AHEAD, Standing.UNDER_WAY)
    ]
    found += recurring(view.maintenance.policies, Interval(view.at, view.at + _AHEAD))
    planned = sorted(
        (
            Planned(each.name, each.interval, each.services, None)
            if isinstance(each, Occurrence)
            else Planned(
                each.window.name, Interval(each.window.start, each.window.end), each.window.services, each.counts
            )
            for each in found
        ),
        key=lambda each: (each.interval, each.name),
    )
    return (
        [each for each in planned if each.interval.start <= view.at],
        [each for each in planned if view.at < each.interval.start],
    )
