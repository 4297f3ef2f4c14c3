"""The report as JSON: instants in UTC, durations in seconds, ratios, all at full precision; no figure is null.

The figures of a service have the names that `replay --format json` gives them.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

from ..core.entry import Entry
from ..core.instants import written
from ..core.policy_document import policy_document
from .figures import Figures, in_seconds
from .freeze import Provenance
from .month import Day, MonthFigures, MonthReport, ReportedEvent, ServiceMonth
from .revision import Earlier
from .support import Breach, SupportMonth


def report_document(report: MonthReport, provenance: Provenance, earlier: Earlier | None = None) -> dict[str, Any]:
    """earlier: the figures that these are held against: those reported first, or those of the policy itself."""
    document = {
        "month": str(report.month),
        "from": written(report.interval.start),
        "to": written(report.interval.end),
        "timezone": report.zone.key,
        "open": report.open,
        "what_if": report.what_if,
        "policy": policy_document(report.policy),
        "policy_changes": [
            {
                "at": written(change.at),
                "settings": [{"key": each.key, "before": each.before, "after": each.after} for each in change.settings],
            }
            for change in report.policy_changes
        ],
        "provenance": provenance.document(),
        "services": {each.name: _service(each) for each in report.services},
        "total": {
            **figures_document(report.figures),
            "trend": _months(report.trend),
            "quarter": _quarter(report.quarter),
        },
    }
    if report.support is not None:
        document["support"] = support_document(report.support)
    if earlier is not None:
        document[earlier.kind.value] = {
            **earlier.about,
            "differences": [each.document() for each in earlier.differences],
        }
    return document


def figures_document(figures: Figures) -> dict[str, Any]:
    return {
        "agreed_seconds": seconds(figures.agreed),
        "maintenance_seconds": seconds(figures.maintenance),
        "unobserved_seconds": seconds(figures.unobserved),
        "downtime_seconds": {
            "unplanned": seconds(figures.unplanned),
            "planned": seconds(figures.planned),
            "excluded": seconds(figures.excluded),
        },
        "bridged_seconds": seconds(figures.bridged),
        "failing_seconds": seconds(figures.failing),
        "availability": ratio(figures.availability),
        "availability_bounds": {
            "unobserved_as_up": ratio(figures.unobserved_as_up),
            "unobserved_as_down": ratio(figures.unobserved_as_down),
        },
        "objective": ratio(figures.objective),
        "objective_met": figures.met,
        "error_budget_seconds": seconds(figures.error_budget_seconds),
        "error_budget_remaining_seconds": seconds(figures.error_budget_remaining_seconds),
        "error_budget_used": ratio(figures.error_budget_used),
    }


def event_document(event: ReportedEvent) -> dict[str, Any]:
    downtime, entry = event.account.downtime, event.entry
    return {
        "id": downtime.id,
        "start": written(downtime.start),
        "end": None if downtime.end is None else written(downtime.end),
        "ongoing": downtime.ongoing,
        "endpoints": list(downtime.endpoints),
        "duration_seconds": seconds(event.account.duration),
        "unplanned_seconds": seconds(event.account.unplanned),
        "planned_seconds": seconds(event.account.planned),
        "excluded_seconds": seconds(event.account.excluded),
        "unobserved_seconds": seconds(event.account.unobserved),
        "maintenance": [
            {
                "name": each.name,
                "source": each.source.value,
                "start": written(each.interval.start),
                "end": written(each.interval.end),
            }
            for each in event.windows
        ],
        "reasons": list(downtime.reasons),
        "cause": downtime.cause.value,
        **_words(entry or Entry("", "", downtime.start, None, (), symptom=", ".join(downtime.reasons))),
    }


def support_document(support: SupportMonth) -> dict[str, Any]:
    """Durations are business time."""
    return {
        "cases_reported": support.reported,
        "cases_open": support.open,
        "targets": [
            {
                "level": each.level,
                "title": each.title,
                "target": each.promise.value,
                "met": each.met,
                "missed": each.missed,
                "running": each.running,
                "share_met": ratio(each.share),
            }
            for each in support.kept
        ],
        "breaches": [_breach(each) for each in support.breaches],
        "exempt": [
            {
                "case": each.id,
                "service": each.service,
                "reference": each.reference,
                "title": each.title,
                "cause": each.cause.value,
                "withdrawn": each.withdrawn,
                "reported_at": written(each.reported_at),
                "supplier_told_at": None if each.supplier_told_at is None else written(each.supplier_told_at),
                "supplier_missing": each.supplier_missing,
            }
            for each in support.exempt
        ],
        "points": {
            name: {
                "downtime": each.downtime,
                "overrun": each.overrun,
                "counted": each.counted,
                "fee_reduction_percent": each.reduction_percent,
            }
            for name, each in support.points.items()
        }
        if support.points_table is not None
        else None,
    }


def _breach(breach: Breach) -> dict[str, Any]:
    return {
        "case": breach.case.id,
        "service": breach.case.service,
        "reference": breach.case.reference,
        "title": breach.case.title,
        "level": breach.level,
        "customer_class": breach.case.customer_class,
        "target": breach.promise.value,
        "reported_at": written(breach.case.reported_at),
        "deadline": written(breach.deadline),
        "stopped_at": None if breach.stopped_at is None else written(breach.stopped_at),
        "target_seconds": seconds(breach.target),
        "used_seconds": seconds(breach.used),
        "over_seconds": seconds(breach.over),
    }


def seconds(length: timedelta | Fraction) -> int | float:
    """Whole ones as integers."""
    exact = in_seconds(length) if isinstance(length, timedelta) else length
    return exact.numerator if exact.denominator == 1 else float(exact)


def ratio(exact: Fraction | None) -> float | None:
    return None if exact is None else float(exact)


def _service(service: ServiceMonth) -> dict[str, Any]:
    return {
        "labels": dict(service.labels),
        "from": written(service.window.start),
        "to": written(service.window.end),
        "known_until": written(service.known_until),
        "open": service.open,
        **figures_document(service.figures),
        "downtime": [event_document(each) for each in service.events],
        "not_counted": [_not_counted(each) for each in service.not_counted],
        "days": [_day(each) for each in service.days],
        "trend": _months(service.trend),
        "quarter": _quarter(service.quarter),
    }


def _words(entry: Entry) -> dict[str, Any]:
    return {
        "details": entry.details,
        "symptom": entry.symptom,
        "solution": entry.solution,
        "confirmed_at": None if entry.confirmed_at is None else written(entry.confirmed_at),
        "reported_at": None if entry.reported_at is None else written(entry.reported_at),
        "reported_by": entry.reported_by or None,
        "exclusions": [
            {"start": written(each.start), "end": written(each.end), "reason": each.reason} for each in entry.exclusions
        ],
        "added": entry.added,
        "corrected": entry.corrected,
    }


def _not_counted(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "start": written(entry.start),
        "end": None if entry.end is None else written(entry.end),
        "withdrawn": entry.withdrawn,
        "endpoints": list(entry.endpoints),
        "cause": entry.cause.value,
        **_words(entry),
    }


def _day(day: Day) -> dict[str, Any]:
    return {"day": day.date.isoformat(), **{f"{name}_seconds": seconds(part) for name, part in day.parts.items()}}


def _months(months: tuple[MonthFigures, ...]) -> list[dict[str, Any]]:
    return [
        {"month": str(each.month), **figures_document(each.figures or Figures())}
        if each.figures is not None
        else {"month": str(each.month), "availability": None}
        for each in months
    ]


def _quarter(months: tuple[MonthFigures, ...]) -> dict[str, Any]:
    return {
        "months": _months(months),
        **figures_document(sum((each.figures for each in months if each.figures is not None), Figures())),
    }
