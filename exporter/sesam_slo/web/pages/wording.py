"""How the page writes instants, lengths, states and other people's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ...core.model import Cause
from ...core.plain_text import printable
from ..status import State

CAUSES = {
    Cause.UNKNOWN.value: "not yet known",
    Cause.SESAM.value: "SESAM",
    Cause.CUSTOMER.value: "the customer",
    Cause.OPERATING_ENVIRONMENT.value: "the operating environment",
}
_DAY = 86400

STATES = {
    "ongoing": "goes on",
    "ended": "to explain",
    "overdue": "overdue to explain",
    "explained": "explained",
}
CASE_STATES = {
    "reported": "reported",
    "started": "work has started",
    "worked_around": "worked around",
    "fixed": "fixed",
    "withdrawn": "withdrawn",
}
CLASSES = {"unplanned": "unplanned", "planned": "planned", "excluded": "excluded", "none": "does not count"}


def printed(value: object) -> object:
    """Words lose what would turn the direction of writing; the page's own mark-up stays."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def as_instant(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def moment(value: datetime | str, zone: ZoneInfo) -> Markup:
    """`Sat 28 Nov 2026 13:02:07`, as an element that holds the exact instant; in a repeated hour with the zone's name."""
    at = as_instant(value)
    local = at.astimezone(zone)
    bare = local.replace(tzinfo=None)
    twice = bare.replace(tzinfo=zone, fold=0).utcoffset() != bare.replace(tzinfo=zone, fold=1).utcoffset()
    shown = f"{local:%a} {local.day} {local:%b %Y %H:%M:%S}" + (f" {local.tzname()}" if twice else "")
    return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(), shown)


def near(value: datetime | str, zone: ZoneInfo, now: datetime) -> Markup:
    """`13:02` of today, else `Fri 27 Nov 13:02`, with the year where it is another."""
    at = as_instant(value)
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        shown = f"{local:%H:%M}"
    else:
        year = "" if local.year == today.year else f" {local.year}"
        shown = f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(), shown)


def length(value: float | timedelta) -> str:
    """`4 d 2 h`, `2 h 44 min`, `23 min 5 s`, `40 s`, without a second part of 0; a minus sign before a negative one."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    sign, whole = ("−" if seconds < 0 else ""), int(abs(seconds))
    if whole >= 3 * _DAY:
        return f"{sign}{_two(whole // 3600, 24, 'd', 'h')}"
    if whole >= 3600:
        return f"{sign}{_two(whole // 60, 60, 'h', 'min')}"
    return f"{sign}{_two(whole, 60, 'min', 's')}" if whole >= 60 else f"{sign}{whole} s"


def _two(amount: int, per: int, unit: str, part: str) -> str:
    whole, rest = divmod(amount, per)
    return f"{whole}\u00a0{unit} {rest}\u00a0{part}" if rest else f"{whole}\u00a0{unit}"


def business(value: timedelta) -> str:
    """Business time in hours and minutes: a day of it is not a day of 24 hours."""
    minutes = int(abs(value.total_seconds()) // 60)
    sign = "−" if value.total_seconds() < 0 else ""
    return f"{sign}{_two(minutes, 60, 'h', 'min')}" if minutes >= 60 else f"{sign}{minutes}\u00a0min"


def listed(names: Any) -> str:
    """`a`, `a and b`, `a, b and c`; of many the first five."""
    found = [str(each) for each in names]
    if len(found) > 6:
        return f"{', '.join(found[:5])} and {len(found) - 5} more"
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


STATE_SENTENCES = {
    State.DOWN: ("is down", "are down"),
    State.NOT_SEEN: ("is not seen", "are not seen"),
    State.FAILING: ("is failing", "are failing"),
    State.MAINTENANCE: ("is in maintenance", "are in maintenance"),
    State.OK: ("answers", "answer"),
}
