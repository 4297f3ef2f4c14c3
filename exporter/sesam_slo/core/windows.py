"""The windows of the account: rolling ones, and calendar ones in the policy's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .intervals import Interval
from .maintenance import instant_of

ROLLING = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Span:
    """One window at one instant: what of it has passed, and the whole of it; both cut where the account begins."""

    elapsed: Interval
    whole: Interval


def spans(now: datetime, zone: ZoneInfo, since: datetime) -> dict[str, Span]:
    """Every window by name; one that lies wholly before the account's beginning is left out."""
    found = {name: Span(*(Interval(now - length, now),) * 2) for name, length in ROLLING.items()}
    for name, whole in _calendar(now.astimezone(zone).date(), zone).items():
        found[name] = Span(Interval(whole.start, min(now, whole.end)), whole)
    return {name: _cut(span, since) for name, span in found.items() if since < span.elapsed.end}


@lru_cache(maxsize=64)
def _calendar(today: date, zone: ZoneInfo) -> dict[str, Interval]:
    """The calendar windows that a local day lies in, and the month before."""
    found = {}
    for name, months in _MONTHS.items():
        first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
        found[name] = Interval(_midnight(first, zone), _midnight(_months_later(first, months), zone))
    this_month = today.replace(day=1)
    found["previous_month"] = Interval(_midnight(_months_later(this_month, -1), zone), _midnight(this_month, zone))
    return found


def earliest(now: datetime, zone: ZoneInfo) -> datetime:
    """The earliest instant that any window reaches back to."""
    return min(span.elapsed.start for span in spans(now, zone, datetime.min.replace(tzinfo=now.tzinfo)).values())


def _cut(span: Span, since: datetime) -> Span:
    return Span(
        Interval(max(span.elapsed.start, since), span.elapsed.end),
        Interval(max(span.whole.start, since), span.whole.end),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return instant_of(datetime(day.year, day.month, day.day), zone, second_occurrence=False)


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
