"""Calendar months and their days as intervals, by the clock on the wall of one time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, starmap
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..core.intervals import Interval
from ..core.maintenance import instant_of
from ..core.policy import PolicyTimeline

_FORM = re.compile(r"([0-9]{4})-([0-9]{2})")
_FIRST, _LAST = 1970, 9000  # years; keeps every month before and after inside what a datetime can hold


class Month(NamedTuple):
    """One calendar month; they compare as they follow each other."""

    year: int
    number: int  # 1 is January

    @classmethod
    def parse(cls, text: str) -> Month:
        """`2026-11`. Raises ValueError, whose text says what is expected."""
        match = _FORM.fullmatch(text)
        month = cls(int(match[1]), int(match[2])) if match else None
        if month is None or not (_FIRST <= month.year <= _LAST and 1 <= month.number <= 12):
            raise ValueError(f"{text!r}: expected a month, such as 2026-11")
        return month

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def name(self) -> str:
        """`November 2026`."""
        return f"{date(self.year, self.number, 1):%B} {self.year}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    def plus(self, months: int) -> Month:
        years, month = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, month + 1)

    @property
    def quarter(self) -> tuple[Month, Month, Month]:
        """The months of the quarter that it is in."""
        first = Month(self.year, (self.number - 1) // 3 * 3 + 1)
        return first, first.plus(1), first.plus(2)

    def interval(self, zone: ZoneInfo) -> Interval:
        return Interval(_midnight(self.first_day, zone), _midnight(self.plus(1).first_day, zone))

    def days(self, zone: ZoneInfo) -> tuple[tuple[date, Interval], ...]:
        """Each day from midnight to midnight: 23 and 25 hours where the clock changes."""
        count = (self.plus(1).first_day - self.first_day).days
        days = [self.first_day + timedelta(days=number) for number in range(count)]
        midnights = [_midnight(day, zone) for day in (*days, self.plus(1).first_day)]
        return tuple(zip(days, starmap(Interval, pairwise(midnights)), strict=True))


def reporting_zone(policies: PolicyTimeline, month: Month) -> ZoneInfo:
    """The zone by whose clock a month is reported: that of the policy in force at its end."""
    return policies.at(datetime(*month.plus(1), 1, tzinfo=UTC)).timezone


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return instant_of(datetime(day.year, day.month, day.day), zone, second_occurrence=False)
