"""The revisions of a log entry or a support case as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ...core.instants import of_micros
from . import wording

_NAMES = {
    "cause": "Cause",
    "details": "Details",
    "symptom": "Symptom",
    "solution": "Solution",
    "service": "Service",
    "title": "Title",
    "level": "Level",
    "customer_class": "Customer class",
    "reference": "Service desk",
    "event": "Downtime",
    "started_at": "Work started",
    "workaround_at": "Worked around",
    "fixed_at": "Fixed",
    "supplier_told_at": "Supplier told",
    "workaround_impossible": "No workaround",
    "reported_at": "Reported at",
    "reported_by": "Reported by",
    "start": "Start",
    "end": "End",
    "exclusions": "Does not count",
    "withdrawn": "Withdrawn",
    "added": "Added by hand",
}
_INSTANTS = ("reported_at", "start", "end", "started_at", "workaround_at", "fixed_at", "supplier_told_at")


def steps(history: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Each revision with what it says, field by field, the newest first."""
    return [{**each, "said": list(_said(each, zone))} for each in reversed(list(history))]


def _said(revision: Mapping[str, Any], zone: ZoneInfo) -> Iterable[tuple[str, Any]]:
    change = revision["change"]
    if revision["kind"] == "detected":
        yield "Endpoints", ", ".join(json.loads(change["endpoints"])) or "–"
        end = change["end_us"]
        if change["merged_into"]:
            yield "Merged into", change["merged_into"]
        else:
            yield "End", "goes on" if end is None else wording.moment(of_micros(end), zone)
        return
    if revision["kind"] == "reported":
        yield "Reported at", wording.moment(of_micros(change["at_us"]), zone)
        yield "Reported by", change["reported_by"]
        return
    for name, value in change.items():
        yield _NAMES.get(name, name), _value(name, value, zone)


def _value(name: str, value: Any, zone: ZoneInfo) -> Any:
    if value is None or value in ("", []):
        return "–"
    if name in _INSTANTS:
        return wording.moment(value, zone)
    if name == "cause":
        return wording.CAUSES.get(value, value)
    if name in ("withdrawn", "workaround_impossible"):
        return "yes" if value else "no"
    if name == "added":
        return Markup("{}: {}").format(value["service"], ", ".join(value["endpoints"]) or "the whole service")
    if name == "exclusions":
        rows = [
            Markup("{} to {}: {}").format(
                wording.moment(each["start"], zone), wording.moment(each["end"], zone), wording.printed(each["reason"])
            )
            for each in value
        ]
        return Markup("<br>").join(rows)
    return value
