"""Business time: Monday to Friday 08:00-16:00, less holidays, in the policy's time zone (DESIGN 2, "Support clocks")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .maintenance import instant_of
from .model import BusinessHours

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Business hours with the holidays that interrupt them; `is_holiday` comes from outside, the core has no calendar."""

    hours: BusinessHours
    zone: ZoneInfo
    is_holiday: Callable[[date], bool]

    @property
    def day(self) -> timedelta:
        """The length of one business day."""
        return timedelta(minutes=self.hours.end_minute - self.hours.start_minute)

    def after(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest instant by which `duration` of business time has passed since `start`; it must be positive."""
        day, left = start.astimezone(self.zone).date(), duration
        while True:
            if day.weekday() in self.hours.days and not self.is_holiday(day):
                opens = max(self._at(day, self.hours.start_minute), start)
                open_for = self._at(day, self.hours.end_minute) - opens
                if open_for >= left:
                    return opens + left
                left -= max(open_for, timedelta())
            day += _DAY

    def _at(self, day: date, minute: int) -> datetime:
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        return instant_of(wall, self.zone, second_occurrence=False).astimezone(UTC)
