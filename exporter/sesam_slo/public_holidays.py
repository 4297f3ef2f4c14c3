"""Public holidays, by the `holidays` package; the years are passed, since without them it knows none."""

from __future__ import annotations

import sys
from datetime import date
from functools import cache, lru_cache
from importlib import util
from pathlib import Path
from typing import Any

import holidays
from holidays.registry import COUNTRIES

from .core.model import NO_COUNTRY


@lru_cache(maxsize=64)
def _of_year(country: str, year: int) -> frozenset[date]:
    return frozenset(_calendar(country)(years=year))


def is_holiday(country: str, day: date) -> bool:
    return country != NO_COUNTRY and day in _of_year(country, day.year)


@cache
def _calendar(country: str) -> Any:
    """The package's class of one country, from its module alone.

    The package's own way imports the modules of all 250 countries, which takes half as long as the whole of `case deadlines`.
    It is taken where the module is not found.
    """
    for name, (_, *codes) in COUNTRIES.items():
        qualified = f"holidays.countries.{name}"
        if country in codes and qualified not in sys.modules:
            path = Path(holidays.__file__).parent / "countries" / f"{name}.py"
            spec = util.spec_from_file_location(qualified, path)
            if spec is not None and spec.loader is not None and path.is_file():
                module = util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return getattr(module, country)
    return getattr(holidays, country)
