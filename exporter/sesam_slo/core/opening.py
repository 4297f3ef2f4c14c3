"""Cases that follow downtime by themselves: opened when it is confirmed, moved along when events merge.

Pure, and the same however often it is asked: an event that has a case gets no other, so a restart opens nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from .case import Case, CaseState
from .history import CaseChange, Event
from .instants import written
from .intervals import Interval
from .maintenance import Maintenance
from .model import Cause
from .support import Support

AUTHOR = "sesam-slo"


def openings(
    events: Iterable[Event],
    with_case: Collection[str],
    support: Support,
    maintenance: Maintenance,
    reach: datetime,
    now: datetime,
) -> Iterator[CaseChange]:
    """A case of the gravest level for each event without one, once any of it lies outside maintenance.

    with_case: ids of the events that have one, or are to have none. reach: how far an ongoing event has come.
    """
    for event in {each.id: each for each in events if each.merged_into is None}.values():
        span = Interval(event.start, event.end or max(reach, event.start))
        if event.id in with_case or maintenance.total(event.service, span) >= span.duration:
            continue
        change = {
            "service": event.service,
            "level": support.gravest,
            "customer_class": support.opens_for,
            "reported_at": written(event.confirmed_at),
            "reported_by": AUTHOR,
            "event": event.id,
            "title": f"{', '.join(event.endpoints)} not responding",
        }
        yield CaseChange(f"{event.id}-case", now, AUTHOR, "downtime was confirmed", change)


def merged(events: Iterable[Event], cases: Mapping[str, Case], now: datetime) -> Iterator[CaseChange]:
    """What becomes of the cases of events that turned out to be part of an older one.

    A case that was opened by itself and that nobody has touched is withdrawn where the older event has one, and every other
    case now belongs to the older event.
    """
    into = {event.id: event.merged_into for event in events if event.merged_into is not None}
    if not into:
        return
    with_case = {case.event for case in cases.values()}
    for case in cases.values():
        older = into.get(case.event)
        if older is None:
            continue
        change: dict[str, object] = {"event": older}
        if older in with_case and _untouched(case):
            change["withdrawn"] = True
        with_case.add(older)
        yield CaseChange(case.id, now, AUTHOR, f"its downtime was merged into {older}", change)


def _untouched(case: Case) -> bool:
    return (
        case.reported_by == AUTHOR
        and case.state is CaseState.REPORTED
        and len(case.levels) == 1
        and case.cause is Cause.UNKNOWN
        and case.impossible_since is None
        and not case.reference
        and not case.details
    )
