"""The report as one CSV table; `row` tells what each is: a service, an event, the total, a change of policy, then support's.

Instants are ISO 8601 in UTC, durations seconds, ratios at full precision; a cell without a value is empty. What people and
servers wrote is no formula to a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from ..core.plain_text import csv_text
from .revision import Earlier, Kind

_FIGURES = (
    "availability",
    "unobserved_as_up",
    "unobserved_as_down",
    "objective",
    "objective_met",
    "agreed_seconds",
    "maintenance_seconds",
    "unobserved_seconds",
    "unplanned_seconds",
    "planned_seconds",
    "excluded_seconds",
    "failing_seconds",
    "error_budget_seconds",
    "error_budget_remaining_seconds",
)
_EVENT = (
    "id",
    "start",
    "end",
    "ongoing",
    "duration_seconds",
    "endpoints",
    "cause",
    "details",
    "symptom",
    "solution",
    "confirmed_at",
    "reported_at",
    "reported_by",
    "maintenance",
)
_TARGET = ("level", "target", "met", "missed", "running", "share_met")
_BREACH = ("reference", "customer_class", "deadline", "stopped_at", "target_seconds", "used_seconds", "over_seconds")
_POINTS = {
    "downtime": "downtime_points",
    "overrun": "overrun_points",
    "counted": "counted_points",
    "fee_reduction_percent": "fee_reduction_percent",
}
_SUPPORT = (*_TARGET, *_BREACH, *_POINTS.values())
COLUMNS = ("row", "month", "service", "labels", "open", "from", "to", *_FIGURES, *_EVENT, *_SUPPORT)
_KINDS = {Kind.FIRST_REPORTED: "first_reported", Kind.CONFIGURED: "configured"}


def report_csv(document: Mapping[str, Any], earlier: Earlier | None = None) -> str:
    """From the report's document. With `earlier` there is a row more per service, and in total, of the figures it had."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in _rows(document, earlier):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue()


def _rows(document: Mapping[str, Any], earlier: Earlier | None) -> Iterator[dict[str, Any]]:
    month = document["month"]
    for name, service in document["services"].items():
        labels = ";".join(f"{label}={value}" for label, value in service["labels"].items())
        about = {"month": month, "service": name, "labels": labels}
        bounds = {"open": service["open"], "from": service["from"], "to": service["to"]}
        yield {"row": "service", **about, **bounds, **_figures(service)}
        yield from _earlier("service", about, earlier)
        for event in service["downtime"]:
            yield {"row": "event", **about, **_event(event)}
    about = {"month": month, "service": ""}
    yield {
        "row": "total",
        **about,
        "open": document["open"],
        "from": document["from"],
        "to": document["to"],
        **_figures(document["total"]),
    }
    yield from _earlier("total", about, earlier)
    for change in document["policy_changes"]:
        settings = "; ".join(f"{each['key']} from {each['before']} to {each['after']}" for each in change["settings"])
        yield {"row": "policy_change", **about, "from": change["at"], "details": settings}
    if "support" in document:
        yield from _support(month, document["support"])


def _support(month: str, support: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row per level and target, per breach, and per service where points are counted."""
    for each in support["targets"]:
        yield {"row": "support", "month": month, **{name: each[name] for name in _TARGET}}
    for each in support["breaches"]:
        told = {name: each[name] for name in (*_BREACH, "service", "level", "target", "reported_at")}
        yield {"row": "breach", "month": month, "id": each["case"], "details": each["title"], **told}
    for name, each in (support["points"] or {}).items():
        yield {
            "row": "points",
            "month": month,
            "service": name,
            **{column: each[key] for key, column in _POINTS.items()},
        }


def _earlier(row: str, about: Mapping[str, Any], earlier: Earlier | None) -> Iterator[dict[str, Any]]:
    if earlier is not None and (figures := earlier.figures(about["service"])) is not None:
        yield {"row": f"{row}_{_KINDS[earlier.kind]}", **about, **_figures(figures)}


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of a service of this program or, with less in it, of a former one."""
    flat = {**found, **found.get("availability_bounds", {})}
    flat |= {f"{name}_seconds": seconds for name, seconds in found.get("downtime_seconds", {}).items()}
    return {name: flat.get(name) for name in _FIGURES}


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    windows = " ".join(f"{each['name']} {each['start']}/{each['end']}" for each in event["maintenance"])
    return {
        **{name: event[name] for name in _EVENT if name != "maintenance"},
        "endpoints": " ".join(event["endpoints"]),
        "unplanned_seconds": event["unplanned_seconds"],
        "planned_seconds": event["planned_seconds"],
        "excluded_seconds": event["excluded_seconds"],
        "unobserved_seconds": event["unobserved_seconds"],
        "maintenance": windows,
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)  # a number stays one, also below zero
    return csv_text(str(value))
