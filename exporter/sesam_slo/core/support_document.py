"""The support part of a policy as a JSON document: business hours, days off, levels with their targets, points.

Whether cases are opened by themselves is not in it: that judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from .model import BusinessHours
from .points import DowntimeBand, OverrunBand, PointsTable, ReductionBand
from .support import Clock, Level, Support, Targets, parse_target


def support_document(support: Support, business: BusinessHours) -> dict[str, Any]:
    return {
        "business_hours": {
            "days": sorted(business.days),
            "start_minute": business.start_minute,
            "end_minute": business.end_minute,
            "day_minutes": business.day // timedelta(minutes=1),
        },
        "holidays": {
            "country": business.country,
            "every_year": [f"{month:02}-{day:02}" for month, day in business.extra_holidays],
            "once": [day.isoformat() for day in business.extra_dates],
        },
        "classes": list(support.classes),
        "levels": [
            {
                "name": level.name,
                "title": level.title,
                "targets": {
                    customer_class: {clock.value: str(targets.of(clock)) for clock in Clock}
                    for customer_class, targets in level.targets
                },
            }
            for level in support.levels
        ],
        "points": None if support.points is None else _points_document(support.points),
    }


def support_from_document(document: Mapping[str, Any]) -> tuple[Support, BusinessHours]:
    """Raises KeyError, TypeError or ValueError where the document is not one that `support_document` wrote."""
    hours, holidays = document["business_hours"], document["holidays"]
    business = BusinessHours(
        days=frozenset(hours["days"]),
        start_minute=hours["start_minute"],
        end_minute=hours["end_minute"],
        country=holidays["country"],
        extra_holidays=tuple((int(day[:2]), int(day[3:])) for day in holidays["every_year"]),
        extra_dates=tuple(date.fromisoformat(day) for day in holidays["once"]),
        day=timedelta(minutes=hours["day_minutes"]),
    )
    levels = tuple(
        Level(
            level["name"],
            level["title"],
            tuple(
                (customer_class, Targets(**{clock.value: parse_target(said[clock.value]) for clock in Clock}))
                for customer_class, said in level["targets"].items()
            ),
        )
        for level in document["levels"]
    )
    points = None if document["points"] is None else _points_from_document(document["points"])
    return Support(tuple(document["classes"]), levels, points), business


def _points_document(table: PointsTable) -> dict[str, Any]:
    minute = timedelta(minutes=1)
    return {
        "downtime": [
            [band.start // minute, None if band.end is None else band.end // minute, band.points]
            for band in table.downtime
        ],
        "overrun": {level: [[band.times, band.points] for band in bands] for level, bands in table.overrun},
        "reduction": [[band.start, band.end, band.percent] for band in table.reduction],
    }


def _points_from_document(document: Mapping[str, Any]) -> PointsTable:
    return PointsTable(
        tuple(
            DowntimeBand(timedelta(minutes=start), None if end is None else timedelta(minutes=end), points)
            for start, end, points in document["downtime"]
        ),
        tuple((level, tuple(OverrunBand(*band) for band in bands)) for level, bands in document["overrun"].items()),
        tuple(ReductionBand(*band) for band in document["reduction"]),
    )
