"""Business time: Monday to Friday 08:00-16:00, less holidays, in the policy's time zone.

Business days are laid out a year at a time, with the business time that had passed before each of them: adding and
measuring look up, they do not walk. Hours are real ones, also in a night in which the clock changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .maintenance import instant_of
from .model import BusinessHours, Policy

NEVER = datetime.max.replace(tzinfo=UTC, microsecond=0)
"""When business time has passed that a hundred years do not have: where every business day is a holiday."""

_LONGEST_SEARCH = 100  # years
_ORIGIN = 2020  # `position` counts from the beginning of this year; which one it is does not matter
_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class _Year:
    """The business days of one local year: when each opens, and how much business time of the year had passed by then.

    `before` has one element more than `opens`, the whole year's.
    """

    opens: tuple[datetime, ...]
    before: tuple[timedelta, ...]

    @property
    def total(self) -> timedelta:
        return self.before[-1]

    def passed(self, at: datetime) -> timedelta:
        """The business time of the year up to `at`."""
        day = bisect_right(self.opens, at) - 1
        if day < 0:
            return _NOTHING
        return min(self.before[day] + (at - self.opens[day]), self.before[day + 1])

    def by_when(self, passed: timedelta) -> datetime:
        """The earliest instant by which so much of the year's business time has passed: more than none, at most all."""
        day = bisect_left(self.before, passed) - 1
        return self.opens[day] + (passed - self.before[day])


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Business hours and what interrupts them; `is_public_holiday` comes from outside, the core has no calendar.

    One is worth keeping: it remembers the years that it has laid out.
    """

    hours: BusinessHours
    zone: ZoneInfo
    is_public_holiday: Callable[[date], bool]
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)
    _years_before: dict[int, timedelta] = field(
        default_factory=lambda: {_ORIGIN: _NOTHING}, init=False, repr=False, compare=False
    )

    def after(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest instant by which `duration` of business time has passed since `start`.

        8 hours from Monday 08:00 is Monday 16:00. No time at all passes at once, but at a business instant: see `opening`.
        """
        if duration <= _NOTHING:
            return self.opening(start)
        first = self._year_of(start)
        passed = self._year(first).passed(start) + duration
        for number in self._from(first):
            year = self._year(number)
            if passed <= year.total:
                return year.by_when(passed)
            passed -= year.total
        return NEVER

    def opening(self, at: datetime) -> datetime:
        """The next business instant: `at` itself in business hours, otherwise when they next begin."""
        first = self._year_of(at)
        for number in self._from(first):
            year = self._year(number)
            day = bisect_right(year.opens, at)
            if day > 0 and at - year.opens[day - 1] < year.before[day] - year.before[day - 1]:
                return at
            if day < len(year.opens):
                return year.opens[day]
        return NEVER

    def end_of_next_day(self, at: datetime) -> datetime:
        """When the first business day behind the local day of `at` closes."""
        midnight = self._at(at.astimezone(self.zone).date() + timedelta(days=1), 0)
        opens = self.opening(midnight)
        if opens == NEVER:
            return NEVER
        year = self._year(self._year_of(opens))
        day = bisect_right(year.opens, opens) - 1
        return year.opens[day] + (year.before[day + 1] - year.before[day])

    def measure(self, start: datetime, end: datetime) -> timedelta:
        """The business time between two instants; negative where `end` is the earlier one."""
        return self.position(end) - self.position(start)

    def position(self, at: datetime) -> timedelta:
        """The business time since an origin of no meaning: what lies between two instants is the difference of theirs."""
        number = self._year_of(at)
        return self._before(number) + self._year(number).passed(at)

    def is_business_day(self, day: date) -> bool:
        own_holiday = (day.month, day.day) in self.hours.extra_holidays or day in self.hours.extra_dates
        return day.weekday() in self.hours.days and not own_holiday and not self.is_public_holiday(day)

    def _year_of(self, at: datetime) -> int:
        return at.astimezone(self.zone).year

    @staticmethod
    def _from(first: int) -> range:
        return range(first, min(first + _LONGEST_SEARCH, NEVER.year))

    def _before(self, number: int) -> timedelta:
        """The business time between the origin and the beginning of a year."""
        known = self._years_before
        while number not in known:
            if number > _ORIGIN:
                last = max(known)
                known[last + 1] = known[last] + self._year(last).total
            else:
                first = min(known)
                known[first - 1] = known[first] - self._year(first - 1).total
        return known[number]

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._laid_out(number)
        return year

    def _laid_out(self, number: int) -> _Year:
        first, opens, before = date(number, 1, 1).toordinal(), [], [_NOTHING]
        days = (date.fromordinal(first + day) for day in range(date(number, 12, 31).toordinal() - first + 1))
        for day in filter(self.is_business_day, days):
            start, end = self._at(day, self.hours.start_minute), self._at(day, self.hours.end_minute, is_end=True)
            if start < end:  # they are the same where the clock skips them
                opens.append(start)
                before.append(before[-1] + (end - start))
        return _Year(tuple(opens), tuple(before))

    def _at(self, day: date, minute: int, *, is_end: bool = False) -> datetime:
        """In a repeated hour business begins with the first occurrence and ends with the second, as maintenance does."""
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        return instant_of(wall, self.zone, second_occurrence=is_end)


@dataclass(frozen=True, slots=True)
class BusinessCalendars:
    """The business calendar of each policy. `is_public_holiday`: whether a day is a public holiday of a country (`NO`)."""

    is_public_holiday: Callable[[str, date], bool]
    _known: dict[tuple[BusinessHours, ZoneInfo], BusinessCalendar] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, policy: Policy) -> BusinessCalendar:
        key = policy.business, policy.timezone
        calendar = self._known.get(key)
        if calendar is None:
            country = policy.business.country
            calendar = BusinessCalendar(*key, lambda day: self.is_public_holiday(country, day))
            self._known[key] = calendar
        return calendar
