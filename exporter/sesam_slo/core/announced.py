"""Announced maintenance as people ask about it: every piece judged, with the proof of its notice."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from .instants import written
from .intervals import Interval
from .maintenance import Maintenance, back_dated, occurrences
from .model import AnnouncedWindow
from .policy import PolicyTimeline

LONGEST_LIST = timedelta(days=400)  # of recurring windows, each occurrence of which is a line
_HOUR = timedelta(hours=1)
_ZERO = timedelta()
_WEEK = timedelta(days=7)


class State(StrEnum):
    """Where a piece stands at one instant."""

    AHEAD = "ahead"
    UNDER_WAY = "under_way"
    OVER = "over"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of announced maintenance and whether it deducts; `needed` is the notice that the policy then asked for."""

    window: AnnouncedWindow
    counts: bool
    needed: timedelta

    @property
    def notice(self) -> timedelta:
        """From its announcement to its start; negative where it was announced after that."""
        return self.window.start - self.window.announced_at

    @property
    def back_dated(self) -> bool:
        return back_dated(self.window)

    def state(self, at: datetime) -> State:
        window = self.window
        if window.withdrawn_at is not None and window.withdrawn_at <= at:
            return State.WITHDRAWN
        if at < window.start:
            return State.AHEAD
        return State.UNDER_WAY if at < window.end else State.OVER

    def sentence(self, zone: ZoneInfo) -> str:
        """When it is, for whom, and whether it counts and why."""
        notice, needed = in_hours(abs(self.notice)), in_hours(self.needed)
        given = f"announced {notice} {'before' if self.notice >= _ZERO else 'after'} its start"
        verdict = f"counts: {given}" if self.counts else f"short notice, deducts nothing: {given}"
        if self.back_dated and self.window.recorded_at is not None:
            late = in_hours(self.window.recorded_at - self.window.announced_at)
            given_late = f"; back-dated: recorded {late} after the announcement that is claimed"
        else:
            given_late = ""
        return f"{self.extent(zone)}: {verdict}, {needed} needed{given_late}"

    def extent(self, zone: ZoneInfo) -> str:
        window = self.window
        return f"{local(window.start, zone)} to {local(window.end, zone)}, {concerned(window.services)}"

    def document(self, at: datetime) -> dict[str, Any]:
        """As JSON has it; instants in UTC, `services` null where it concerns all."""
        window = self.window
        return {
            "name": window.name,
            "start": written(window.start),
            "end": written(window.end),
            "services": None if window.services is None else sorted(window.services),
            "origin": window.origin.value,
            "state": self.state(at).value,
            "counts": self.counts,
            "short_notice": not self.counts,
            "back_dated": self.back_dated,
            "notice_hours": _hours(self.notice),
            "notice_needed_hours": _hours(self.needed),
            "announced_at": written(window.announced_at),
            "recorded_at": None if window.recorded_at is None else written(window.recorded_at),
            "withdrawn_at": None if window.withdrawn_at is None else written(window.withdrawn_at),
            "channel": window.channel,
            "ticket": window.ticket,
            "author": window.author,
        }


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of a recurring window, under the policy that brings it: in force since `since`."""

    name: str
    interval: Interval
    services: frozenset[str] | None
    since: datetime

    def document(self, at: datetime) -> dict[str, Any]:
        """The keys of a piece's document; what only an announcement has is null."""
        start, end = self.interval
        state = State.AHEAD if at < start else State.UNDER_WAY if at < end else State.OVER
        return {
            "name": self.name,
            "start": written(start),
            "end": written(end),
            "services": None if self.services is None else sorted(self.services),
            "origin": "recurring",
            "state": state.value,
            "counts": True,
            "short_notice": False,
            "back_dated": False,
            **dict.fromkeys(("notice_hours", "notice_needed_hours", "announced_at", "recorded_at", "withdrawn_at")),
            **dict.fromkeys(("channel", "ticket", "author"), ""),
        }


def judge(window: AnnouncedWindow, policies: PolicyTimeline) -> Piece:
    return Piece(window, Maintenance(policies).counts(window), policies.at(window.announced_at).notice)


def pieces(windows: Iterable[AnnouncedWindow], policies: PolicyTimeline) -> tuple[Piece, ...]:
    """All of them judged, by start."""
    found = (judge(window, policies) for window in windows)
    return tuple(sorted(found, key=lambda piece: _order(piece.window)))


def whole_windows(known: Iterable[AnnouncedWindow]) -> list[tuple[AnnouncedWindow, ...]]:
    """The pieces of each window, withdrawn ones too: those of one name that stood at one time, or took each other's place.

    A name may be used again once its window is over or cancelled; that is another window.
    """
    of_name: dict[tuple[str, str], list[AnnouncedWindow]] = {}
    for each in known:
        of_name.setdefault((each.origin.value, each.name), []).append(each)
    windows: list[list[AnnouncedWindow]] = []
    for found in of_name.values():
        reached = None
        for each in sorted(found, key=lambda each: (begin(each), each.start, each.end)):
            # What a change withdraws and what it puts in its place have that instant in common; a window that is over stood
            # up to its end, not at it.
            last = each.withdrawn_at or max(each.end - timedelta.resolution, begin(each))
            if reached is None or reached < begin(each):
                windows.append([])
                reached = last
            windows[-1].append(each)
            reached = max(reached, last)
    return [tuple(each) for each in windows]


def begin(window: AnnouncedWindow) -> datetime:
    """From when on it stood."""
    return window.recorded_at or window.announced_at


def documents(
    maintenance: Maintenance, at: datetime, since: datetime | None, until: datetime | None, *, also_recurring: bool
) -> list[dict[str, Any]]:
    """Every piece that touches `[since, until)`, withdrawn ones too, by start; all of them where no bound is given.

    Recurring windows of one week from now on, where no bound is given.
    """
    found: list[Piece | Occurrence] = [
        piece
        for piece in pieces(maintenance.announced, maintenance.policies)
        if (since is None or since < piece.window.end) and (until is None or piece.window.start < until)
    ]
    if also_recurring:
        first = since or at
        found += recurring(maintenance.policies, Interval(first, max(first, until or first + _WEEK)))
    return sorted((each.document(at) for each in found), key=lambda each: (each["start"], each["end"], each["name"]))


def _order(window: AnnouncedWindow) -> tuple[Any, ...]:
    return window.start, window.end, window.name, window.announced_at, sorted(window.services or ())


def recurring(policies: PolicyTimeline, within: Interval) -> list[Occurrence]:
    """The occurrences of all recurring windows that touch `within`, by start; each under the policy in force then."""
    found = {
        Occurrence(window.name, interval, window.services, since)
        for (span, policy), since in zip(policies.spans(within), _since(policies, within), strict=True)
        for window in policy.recurring
        for each in occurrences(window, policy.timezone, span)
        for interval in policies.cut(each, policy)
        if interval.start < within.end and within.start < interval.end
    }
    return sorted(found, key=lambda each: (each.interval, each.name, each.since))


def _since(policies: PolicyTimeline, within: Interval) -> list[datetime]:
    """When the policy of each span of `within` took effect."""
    starts = [span.start for span, _ in policies.spans(within)]
    entries = [since for since, _ in policies.entries]
    return [
        entries[0] if len(entries) == 1 else max((each for each in entries if each <= start), default=entries[0])
        for start in starts
    ]


def local(at: datetime, zone: ZoneInfo) -> str:
    """ISO 8601 with the zone's offset, to the second."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def concerned(services: frozenset[str] | None) -> str:
    return "all services" if services is None else ", ".join(sorted(services))


def in_hours(length: timedelta) -> str:
    """`48h`, `47h59m59s`: rounded down to the second, so that what is too little never looks as if it were enough."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if amount]
    return "".join(parts) or "0h"


def _hours(length: timedelta) -> float:
    """Rounded down, to a thousandth."""
    return math.floor(length / _HOUR * 1000) / 1000
