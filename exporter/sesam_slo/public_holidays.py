"""Public holidays, by the `holidays` package; the years are passed, since without them it knows none."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from .core.model import NO_COUNTRY


@lru_cache(maxsize=64)
def _of_year(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


def is_holiday(country: str, day: date) -> bool:
    return country != NO_COUNTRY and day in _of_year(country, day.year)
