# ruff: noqa: E501 - whole messages, and tables, in one line
"""Points and the fee reduction, worked by hand with the older agreement's tables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sesam_slo.config import load
from sesam_slo.core.points import (
    Overrun,
    Points,
    PointsTable,
    downtime_points,
    overrun_points,
    points,
    reduction_percent,
)

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
OLDER = load(Path(__file__).parents[2] / "docs" / "examples" / "older-agreement.yml").policy.support.points
assert OLDER is not None


@pytest.mark.parametrize(
    ("unplanned", "expected"),
    [
        (timedelta(), 0),
        (HOUR - SECOND, 0),
        (HOUR, 4),
        (2 * HOUR, 4),
        (2 * HOUR + SECOND, 8),
        (4 * HOUR, 8),
        (4 * HOUR + SECOND, 12),
        (6 * HOUR + SECOND, 15),
        (10 * HOUR, 15),
        (10 * HOUR + SECOND, 25),
        (700 * HOUR, 25),
    ],
)
def test_downtime_of_a_month(unplanned: timedelta, expected: int) -> None:
    assert downtime_points(OLDER, unplanned) == expected


@pytest.mark.parametrize(
    ("level", "used_hours", "target_hours", "expected"),
    [
        ("A", 8.01, 8, 4),
        ("A", 16, 8, 4),
        ("A", 16.01, 8, 6),
        ("A", 32, 8, 6),
        ("A", 64, 8, 8),
        ("A", 64.01, 8, 10),
        ("B", 17, 16, 2),
        ("B", 64, 16, 4),
        ("B", 128, 16, 6),
        ("B", 1000, 16, 8),
        ("C", 1000, 1, 0),
    ],
)
def test_a_target_that_was_missed(level: str, used_hours: float, target_hours: float, expected: int) -> None:
    assert overrun_points(OLDER, Overrun(level, used_hours * HOUR, target_hours * HOUR)) == expected


@pytest.mark.parametrize(
    ("counted", "percent"),
    [(0, 0), (10, 0), (11, 5), (20, 5), (21, 10), (30, 10), (31, 15), (40, 15), (41, 20), (50, 20), (51, 25), (60, 25), (61, 40), (500, 40)],
)  # fmt: skip
def test_the_reduction(counted: int, percent: int) -> None:
    assert reduction_percent(OLDER, counted) == percent


def test_only_the_higher_of_the_two_sums_counts() -> None:
    # Five hours down: 12. Two reactions of level A missed, by twice and by five times: 4 + 8; one of B by three times: 4.
    missed = [Overrun("A", 15 * HOUR, 8 * HOUR), Overrun("A", 40 * HOUR, 8 * HOUR), Overrun("B", 48 * HOUR, 16 * HOUR)]
    month = points(OLDER, 5 * HOUR, missed)
    assert month == Points(downtime=12, overrun=16, reduction_percent=5)
    assert month.counted == 16
    # Eleven hours down and the same cases: 25 outdo 16, and do not add up to 41.
    assert points(OLDER, 11 * HOUR, missed) == Points(downtime=25, overrun=16, reduction_percent=10)


def test_an_agreement_without_tables_costs_nothing() -> None:
    assert points(PointsTable(), 100 * HOUR, [Overrun("A", HOUR, SECOND)]) == Points(0, 0, 0)
