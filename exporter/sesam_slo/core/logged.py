"""The downtime of one service as its log has it, corrections and all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from .downtime import Downtime, downtimes
from .entry import Entry
from .policy import PolicyTimeline
from .service import ServiceState


def logged_downtimes(
    entries: Iterable[Entry],
    state: ServiceState | None,
    horizons: Mapping[str, datetime],
    policies: PolicyTimeline,
) -> list[Downtime]:
    """The downtime of one service as its log has it, what goes on as far as it was seen."""
    open_pieces = (
        downtimes(state.runs, state.endpoints.values(), horizons) if state is not None and state.events else ()
    )
    found = []
    for each in entries:
        if not each.counts(policies):
            continue
        seen_until = None
        if each.end is None and state is not None:
            event = next((event for event in state.events if event.id == each.id), None)
            # By the detected start: a person may have given the entry another one.
            at = each.start if event is None else event.start
            seen_until = next(
                (piece.seen.end for piece in open_pieces if piece.seen.start <= at <= piece.seen.end), None
            )
        found.append(each.downtime(seen_until))
    return found
