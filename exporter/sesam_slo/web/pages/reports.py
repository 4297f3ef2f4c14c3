"""`/report`: the months and their reports."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ...core.history import Frozen
from ...core.view import View
from ..log import UnavailableError
from .frame import Frame, PageError

_TYPES = {"html": "text/html", "csv": "text/csv", "json": "application/json", "md": "text/markdown"}
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_FIRST = (1970, 1)


class NoReportError(Exception):
    """There is no report of that month; the message says why."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The ledger's part, given by who wires the program.

    text(month, form): a month's report as html, csv, json or md; raises NoReportError. frozen: the months that were frozen.
    Both raise UnavailableError.
    """

    text: Callable[[str, str], str]
    frozen: Callable[[], tuple[Frozen, ...]]


def report_routes(frame: Frame, reports: Reports) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    one_at_a_time = asyncio.Lock()  # a report takes a processor for a while: many readers must not take all of them

    @router.get("/report")
    def months(request: Request) -> Response:
        view = frame.seen()
        try:
            frozen = {each.month: each for each in reports.frozen()}
        except UnavailableError as error:
            raise PageError(503, "Not now", f"{error}.") from None
        return frame.page(request, "reports.html", view=view, months=_months(view, frozen))

    @router.get("/report/{name}")
    async def report(name: str) -> Response:
        month, _, form = name.partition(".")
        form = form or "html"
        if form not in _TYPES:
            raise PageError(404, "No such form", "A report comes as HTML, CSV, JSON or Markdown: .csv, .json, .md.")
        try:
            async with one_at_a_time:  # who waits holds no thread: scrapes need them
                text = await run_in_threadpool(reports.text, month, form)
        except NoReportError as error:
            raise PageError(404, "No such report", f"{error}.") from None
        except UnavailableError as error:
            raise PageError(503, "Not now", f"{error}.") from None
        headers = {"Content-Type": f"{_TYPES[form]}; charset=utf-8"}
        if form == "html":
            headers["Content-Security-Policy"] = _policy(text)
        else:
            headers["Content-Disposition"] = f'attachment; filename="service-level-{month}.{form}"'
        return Response(text, headers=headers)

    return router


def _policy(page: str) -> str:
    """Lets in the one style that the report, a file that stands alone, brings with it."""
    found = _STYLE.search(page)
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode() if found else ""
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _months(view: View, frozen: dict[str, Frozen]) -> list[dict[str, Any]]:
    """From the present one back to where the first account begins, or to the first that was frozen."""
    zone = view.config.policy.timezone
    now = view.at.astimezone(zone)
    starts = [each.since.astimezone(zone) for each in view.services]
    first = min([(each.year, each.month) for each in starts] + [_parts(month) for month in frozen])
    year, number = now.year, now.month
    found = []
    while (year, number) >= max(first, _FIRST):
        name = f"{year:04}-{number:02}"
        of_now = (year, number) == (now.year, now.month)
        found.append(
            {"month": name, "name": f"{date(year, number, 1):%B %Y}", "open": of_now, "frozen": frozen.get(name)}
        )
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)
    return found


def _parts(month: str) -> tuple[int, int]:
    year, _, number = month.partition("-")
    return int(year), int(number)
