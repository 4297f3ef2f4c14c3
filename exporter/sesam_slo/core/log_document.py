"""One entry of the downtime log as JSON has it: what happened, what people said of it, what was counted and what deducted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from .account import EventAccount
from .entry import Entry
from .instants import written
from .maintenance import Window


def entry_document(
    entry: Entry, counted: EventAccount | None = None, deducted: Iterable[Window] = (), until: datetime | None = None
) -> dict[str, Any]:
    """`counted` is None where the entry is no downtime; `until` is how far an ongoing one has come."""
    zero = timedelta()
    unplanned, planned, excluded, unobserved = (
        (zero,) * 4 if counted is None else (counted.unplanned, counted.planned, counted.excluded, counted.unobserved)
    )
    end = entry.end or (counted.downtime.seen.end if counted is not None else until) or entry.start
    return {
        "id": entry.id,
        "service": entry.service,
        "start": written(entry.start),
        "end": None if entry.end is None else written(entry.end),
        "ongoing": entry.end is None,
        "duration_seconds": seconds(end - entry.start),
        "confirmed_at": None if entry.confirmed_at is None else written(entry.confirmed_at),
        "reported_at": None if entry.reported_at is None else written(entry.reported_at),
        "reported_by": entry.reported_by or None,
        "endpoints": list(entry.endpoints),
        "reasons": list(entry.reasons),
        "symptom": entry.symptom,
        "cause": entry.cause.value,
        "details": entry.details,
        "solution": entry.solution,
        "class": "unplanned" if unplanned else "planned" if planned else "excluded" if excluded else "none",
        "unplanned_seconds": seconds(unplanned),
        "planned_seconds": seconds(planned),
        "excluded_seconds": seconds(excluded),
        "unobserved_seconds": seconds(unobserved),
        "deducted_by": [
            {
                "name": window.name,
                "source": window.source.value,
                "start": written(window.interval.start),
                "end": written(window.interval.end),
            }
            for window in deducted
        ],
        "exclusions": [
            {"start": written(part.start), "end": written(part.end), "reason": part.reason} for part in entry.exclusions
        ],
        "added": entry.added,
        "corrected": entry.corrected,
        "withdrawn": entry.withdrawn,
        "explained": entry.explained,
    }


def seconds(duration: timedelta) -> int | float:
    """Seconds as JSON shows them: whole ones as integers."""
    whole, rest = divmod(duration, timedelta(seconds=1))
    return duration.total_seconds() if rest else whole
