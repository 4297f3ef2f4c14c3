"""Business time by walking from minute to minute: the model that `core.business_time` is held against; shares no code with it.

Public holidays of Norway are computed here, from Easter, not looked up.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
MINUTE = timedelta(minutes=1)


@cache
def easter_sunday(year: int) -> date:
    """Gauss's rule, as Meeus and Jones wrote it for the Gregorian calendar."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    (i, k), m = divmod(c, 4), (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


@cache
def is_off(day: date) -> bool:
    """Weekends, Norwegian public holidays, 24 and 31 December."""
    fixed = {(1, 1), (5, 1), (5, 17), (12, 24), (12, 25), (12, 26), (12, 31)}
    # Maundy Thursday, Good Friday, Easter Monday, Ascension, Whit Monday; the Sundays are off anyway.
    moving = {easter_sunday(day.year) + timedelta(days=days) for days in (-3, -2, 1, 39, 50)}
    return day.weekday() >= 5 or (day.month, day.day) in fixed or day in moving


def counts(at: datetime, zone: ZoneInfo = OSLO, hours: tuple[int, int] = (8, 16)) -> bool:
    """Whether the minute that begins at this instant is business time."""
    wall = at.astimezone(zone)
    return hours[0] <= wall.hour < hours[1] and not is_off(wall.date())


def walk(start: datetime, durations: list[timedelta]) -> list[datetime]:
    """The earliest instants by which the business time has passed; the durations are longer than none."""
    found: dict[timedelta, datetime] = {}
    passed, at = timedelta(), start.astimezone(UTC)
    for duration in sorted(durations):
        while duration not in found:
            minute = at.replace(second=0, microsecond=0)
            if counts(minute):
                if passed + (minute + MINUTE - at) >= duration:
                    found[duration] = at + (duration - passed)
                    break
                passed += minute + MINUTE - at
            at = minute + MINUTE
    return [found[duration] for duration in durations]


def measured(start: datetime, end: datetime) -> timedelta:
    """The business time between two instants, the first one first."""
    passed, at, end = timedelta(), start.astimezone(UTC), end.astimezone(UTC)
    while at < end:
        minute = at.replace(second=0, microsecond=0)
        if counts(minute):
            passed += min(minute + MINUTE, end) - at
        at = minute + MINUTE
    return passed
