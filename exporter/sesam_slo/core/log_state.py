"""What an entry of the downtime log is waiting for: its `state` (DESIGN 4 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from .business_time import BusinessCalendar
from .history import Event
from .model import Cause, Policy


@dataclass(frozen=True, slots=True)
class LogState:
    """Tells an event's state: `ongoing`, `ended`, `overdue` (still unexplained two business days later), `explained`.

    is_holiday: whether a day is a public holiday of a country (`NO`).
    """

    is_holiday: Callable[[str, date], bool]

    def __call__(self, event: Event, at: datetime, policy: Policy) -> str:
        if event.end is None:
            return "ongoing"
        if event.cause is not Cause.UNKNOWN:
            return "explained"
        hours = policy.business
        calendar = BusinessCalendar(
            hours,
            policy.timezone,
            lambda day: self.is_holiday(hours.country, day) or (day.month, day.day) in hours.extra_holidays,
        )
        due = calendar.after(event.end, policy.alerts.unexplained_after_business_days * calendar.day)
        return "overdue" if due <= at else "ended"
