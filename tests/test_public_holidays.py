"""Holidays by one country's module are those that the package gives by its own way."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest

from sesam_slo.core.model import NO_COUNTRY
from sesam_slo.public_holidays import is_holiday


@pytest.mark.parametrize("country", ["NO", "SE", "DK", "DE"])
@pytest.mark.parametrize("year", [2024, 2027, 2035])
def test_they_are_the_packages(country: str, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    known = holidays.country_holidays(country, years=[year, year + 1])
    assert [day for day in days if is_holiday(country, day)] == [day for day in days if day in known]


def test_a_calendar_without_a_country_has_none() -> None:
    assert not is_holiday(NO_COUNTRY, date(2026, 5, 17))
