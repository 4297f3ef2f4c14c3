"""What an entry of the downtime log is waiting for: its `state` (DESIGN 4 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from .business_time import BusinessCalendar
from .entry import Entry
from .model import Policy


@dataclass(frozen=True, slots=True)
class LogState:
    """Tells an entry's state: `ongoing`, `ended`, `overdue` (still unexplained two business days later), `explained`.

    is_public_holiday: whether a day is a public holiday of a country (`NO`); the policy's own days off it knows itself.
    """

    is_public_holiday: Callable[[str, date], bool]

    def __call__(self, entry: Entry, at: datetime, policy: Policy) -> str:
        if entry.end is None:
            return "ongoing"
        if entry.explained:
            return "explained"
        return "overdue" if self.due(entry.end, policy) <= at else "ended"

    def due(self, end: datetime, policy: Policy) -> datetime:
        """By when an entry that ended then has to be explained."""
        hours, zone = policy.business, policy.timezone
        calendar = BusinessCalendar(hours, zone, lambda day: self.is_public_holiday(hours.country, day))
        return calendar.after(end, policy.alerts.unexplained_after_business_days * calendar.day)
