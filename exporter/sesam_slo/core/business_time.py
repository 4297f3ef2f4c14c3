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
    """Business hours and what interrupts them; `is_public_holiday` comes from outside, the core has no calendar."""

    hours: BusinessHours
    zone: ZoneInfo
    is_public_holiday: Callable[[date], bool]

    @property
    def day(self) -> timedelta:
        """The length of one business day."""
        return timedelta(minutes=self.hours.end_minute - self.hours.start_minute)

    def after(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest instant by which `duration` of business time has passed since `start`; it must be positive."""
        day, left = start.astimezone(self.zone).date(), duration
        while True:
            if self.is_business_day(day):
                opens = max(self._at(day, self.hours.start_minute), start)
                open_for = self._at(day, self.hours.end_minute) - opens
                if open_for >= left:
                    return opens + left
                left -= max(open_for, timedelta())
            day += _DAY

    def is_business_day(self, day: date) -> bool:
        own_holiday = (day.month, day.day) in self.hours.extra_holidays or day in self.hours.extra_dates
        return day.weekday() in self.hours.days and not own_holiday and not self.is_public_holiday(day)

    def _at(self, day: date, minute: int) -> datetime:
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        return instant_of(wall, self.zone, second_occurrence=False).astimezone(UTC)
