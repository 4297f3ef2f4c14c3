"""Business hours and holidays as Alertmanager's time intervals.

Alertmanager knows no holidays, so their dates are written out for some years ahead. Within one item the fields must
all match, among the values of a field and among items one suffices. Without a location, times are UTC.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sesam_slo.core.model import BusinessHours
from sesam_slo.public_holidays import is_holiday

YEARS_AHEAD = 2  # beside the year that is asked for

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def years_from(first_year: int) -> range:
    return range(first_year, first_year + YEARS_AHEAD + 1)


def holiday_dates(business: BusinessHours, first_year: int) -> list[date]:
    """The days off of `first_year` and the years ahead that would be business days, in order."""
    years = years_from(first_year)
    first = date(years[0], 1, 1)
    days = (first + timedelta(days=number) for number in range((date(years[-1] + 1, 1, 1) - first).days))
    return [day for day in days if day.weekday() in business.days and _is_off(day, business)]


def _is_off(day: date, business: BusinessHours) -> bool:
    return (
        is_holiday(business.country, day)
        or (day.month, day.day) in business.extra_holidays
        or day in business.extra_dates
    )


def business_hours(business: BusinessHours, timezone: ZoneInfo) -> list[dict[str, Any]]:
    times = [{"start_time": _clock(business.start_minute), "end_time": _clock(business.end_minute)}]
    return [{"weekdays": [_WEEKDAYS[day] for day in sorted(business.days)], "times": times, "location": timezone.key}]


def days_off(business: BusinessHours, timezone: ZoneInfo, first_year: int) -> list[dict[str, Any]]:
    """One item for each month that has any: the days of one month and year would match those of every other."""
    return [
        {
            "years": [str(year)],
            "months": [str(month)],
            "days_of_month": [str(day.day) for day in days],
            "location": timezone.key,
        }
        for (year, month), days in groupby(holiday_dates(business, first_year), lambda day: (day.year, day.month))
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
