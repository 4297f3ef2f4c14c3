"""The calendar of maintenance, for customers: iCalendar (RFC 5545). Pure: the same record gives the same text.

A window is one event, however often it was changed: its UID stays, its SEQUENCE grows. Only what deducts for the whole of it
says nothing further; pieces of short notice are named in the description.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from ..core.announced import Occurrence, Piece, begin, concerned, in_hours, local, pieces, recurring, whole_windows
from ..core.intervals import Interval
from ..core.maintenance import Maintenance
from ..core.model import AnnouncedWindow

CONTENT_TYPE = "text/calendar; charset=utf-8"
DAYS = 400  # how far ahead announced windows are shown
RECURRING_AHEAD = timedelta(days=90)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ASK_AGAIN = timedelta(hours=1)


def calendar(
    maintenance: Maintenance, at: datetime, zone: ZoneInfo, service: str | None = None, days: int = DAYS
) -> bytes:
    """What is under way or coming within `days` of `at`; of one service, or of all where `service` is None.

    Recurring windows come as single events for the next 90 days, a cancelled one as such for as long as it would be ahead.
    """
    until = at + timedelta(days=days)
    feed = Calendar()
    feed.add("prodid", "-//sesam-slo//maintenance//EN")
    feed.add("version", "2.0")
    feed.add("method", "PUBLISH")
    feed.add("x-wr-calname", "Planned maintenance" if service is None else f"Planned maintenance of {service}")
    feed.add("refresh-interval", _ASK_AGAIN, parameters={"VALUE": "DURATION"})
    near = Interval(at, min(until, at + RECURRING_AHEAD))
    events = [
        *_announced_events(maintenance, at, until, zone, service),
        *(
            _recurring_event(each)
            for each in recurring(maintenance.policies, near)
            if each.services is None or service is None or service in each.services
        ),
    ]
    for event in sorted(events, key=lambda each: (str(each.start), str(each["uid"]))):
        feed.add_component(event)
    return bytes(feed.to_ical())


def _announced_events(
    maintenance: Maintenance, at: datetime, until: datetime, zone: ZoneInfo, service: str | None
) -> Iterator[Event]:
    known = [
        each for each in maintenance.announced if service is None or each.services is None or service in each.services
    ]
    for window in whole_windows(known):
        left = [each for each in window if each.withdrawn_at is None]
        last = max(each.withdrawn_at or begin(each) for each in window)
        shown = left or [each for each in window if each.withdrawn_at == last]
        start, end = min(each.start for each in shown), max(each.end for each in shown)
        # What was cancelled under way has taken place until then, and nothing of it is ahead.
        cancelled = not left
        if at < end and start < until and not (cancelled and start < last):
            yield _announced_event(window, pieces(shown, maintenance.policies), Interval(start, end), cancelled, zone)


def _announced_event(
    window: tuple[AnnouncedWindow, ...], shown: tuple[Piece, ...], span: Interval, cancelled: bool, zone: ZoneInfo
) -> Event:
    moments = sorted({begin(each) for each in window} | {each.withdrawn_at for each in window if each.withdrawn_at})
    first = shown[0].window
    short = [piece for piece in shown if not piece.counts]
    event = _event(f"{first.origin.value}\n{first.name}\n{moments[0].isoformat()}", span, first.name)
    event.add("dtstamp", moments[-1])
    event.add("created", moments[0])
    event.add("last-modified", moments[-1])
    event.add("sequence", len(moments) - 1)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("categories", ["maintenance", "announced", *(["short notice"] if short else [])])
    event.add("description", "\n".join(_told(shown, zone)))
    return event


def _told(shown: tuple[Piece, ...], zone: ZoneInfo) -> Iterator[str]:
    """For customers: no names of people."""
    services = [piece.window.services for piece in shown]
    all_of_them = None if None in services else frozenset[str]().union(*(each for each in services if each))
    yield f"Planned maintenance of {concerned(all_of_them)}."
    alone = len(shown) == 1
    for piece in shown:
        window = piece.window
        by = "".join(
            [f", by {window.channel}" if window.channel else "", f", {window.ticket}" if window.ticket else ""]
        )
        which = "Announced" if alone else f"{piece.extent(zone)}: announced"
        back_dated = ""
        if piece.back_dated and window.recorded_at is not None:
            back_dated = f" (recorded {local(window.recorded_at, zone)})"
        yield f"{which} {local(window.announced_at, zone)}{by}{back_dated}."
        if not piece.counts:
            yield (
                f"Announced less than {in_hours(piece.needed)} ahead: not deducted, downtime in it counts against "
                "the agreed availability."
            )


def _recurring_event(occurrence: Occurrence) -> Event:
    start, end = occurrence.interval
    since = occurrence.since if occurrence.since.tzinfo is not None else _LONG_AGO
    event = _event(f"recurring\n{occurrence.name}\n{start.isoformat()}", Interval(start, end), occurrence.name)
    event.add("dtstamp", since)
    event.add("sequence", 0)
    event.add("status", "CONFIRMED")
    event.add("categories", ["maintenance", "recurring"])
    event.add("description", f"Recurring maintenance of {concerned(occurrence.services)}.")
    return event


def _event(identity: str, span: Interval, name: str) -> Event:
    event = Event()
    event.add("uid", f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}@sesam-slo")
    event.add("dtstart", span.start)
    event.add("dtend", span.end)
    event.add("summary", f"Maintenance: {name}")
    event.add("transp", "TRANSPARENT")
    return event
