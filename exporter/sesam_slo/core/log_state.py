"""What an entry of the downtime log is waiting for: its `state`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .business_time import BusinessCalendars
from .entry import Entry
from .model import Policy


@dataclass(frozen=True, slots=True)
class LogState:
    """Tells an entry's state: `ongoing`, `ended`, `overdue` (still unexplained two business days later), `explained`."""

    calendars: BusinessCalendars

    def __call__(self, entry: Entry, at: datetime, policy: Policy) -> str:
        if entry.end is None:
            return "ongoing"
        if entry.explained:
            return "explained"
        return "overdue" if self.due(entry.end, policy) <= at else "ended"

    def due(self, end: datetime, policy: Policy) -> datetime:
        """By when an entry that ended then has to be explained."""
        due_within = policy.alerts.unexplained_after_business_days * policy.business.day
        return self.calendars.of(policy).after(end, due_within)
