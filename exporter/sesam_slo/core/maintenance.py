"""Planned maintenance: wall-clock windows and announced ones -> intervals that count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .intervals import Interval, Intervals, clip, normalize
from .model import AnnouncedWindow, RecurringWindow
from .policy import PolicyTimeline
from .timeline import Timeline

BACK_DATED_AFTER = timedelta(minutes=5)  # a claim older than its record by more than this is marked
_DAY = timedelta(days=1)


class Source(StrEnum):
    RECURRING = "recurring"
    ANNOUNCED = "announced"


class Window(NamedTuple):
    """One occurrence of maintenance that counts."""

    name: str
    source: Source
    interval: Interval


@dataclass(frozen=True, slots=True)
class Maintenance:
    """All maintenance known at one moment: the recurring windows of each policy, and the announced ones."""

    policies: PolicyTimeline
    announced: tuple[AnnouncedWindow, ...] = ()
    # They only remember what follows from the two fields above.
    _as_it_passed: dict[bool, Maintenance] = field(default_factory=dict, init=False, repr=False, compare=False)
    _concerns: dict[str, tuple[bool, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _known_years: dict[tuple[tuple[bool, ...], int], Timeline] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def as_it_passed(self) -> Maintenance:
        """What of it was known to be maintenance as the time passed: a window from the instant on at which it was recorded."""
        found = self._as_it_passed.get(True)
        if found is None:
            late = [each for each in self.announced if each.recorded_at is not None and each.start < each.recorded_at]
            cut = [replace(each, start=each.recorded_at) for each in late if self.counts(each) and each.recorded_at]
            known = tuple(each for each in self.announced if each not in late)
            found = self._as_it_passed[True] = Maintenance(self.policies, (*known, *cut)) if late else self
        return found

    def windows(self, service: str, within: Interval) -> list[Window]:
        """The occurrences that count for `service` and touch `within`, whole, by start."""
        found = [
            Window(window.name, Source.ANNOUNCED, interval)
            for window in self.announced
            if (interval := standing(window)) and _concerns(window.services, service) and self.counts(window)
        ]
        for span, policy in self.policies.spans(within):
            for recurring in policy.recurring:
                if _concerns(recurring.services, service):
                    # An occurrence belongs to the policy in force: where the policy changes inside it, it is cut there.
                    found += [
                        Window(recurring.name, Source.RECURRING, interval)
                        for each in occurrences(recurring, policy.timezone, span)
                        for interval in self.policies.cut(each, policy)
                    ]
        return sorted(
            {each for each in found if each.interval.start < within.end and within.start < each.interval.end},
            key=lambda each: (each.interval, each.name),
        )

    def intervals(self, service: str, within: Interval) -> Intervals:
        """The time inside `within` that is maintenance for `service`."""
        if within.start >= within.end:
            return ()
        pieces = [piece for year in self.timelines(service, within) for piece in year.inside(within)]
        return normalize(pieces)

    def total(self, service: str, within: Interval) -> timedelta:
        """How long `intervals` are together, without making them."""
        return sum((year.total(within) for year in self.timelines(service, within)), timedelta())

    def open(self, service: str, at: datetime) -> bool:
        """Whether `at` is maintenance for `service`."""
        return bool(self.intervals(service, Interval(at, at + timedelta(microseconds=1))))

    def concern(self, service: str) -> tuple[bool, ...]:
        """Which of all windows concern `service`: those with the same answer have the same maintenance."""
        concern = self._concerns.get(service)
        if concern is None:
            recurring = [each for _, policy in self.policies.entries for each in policy.recurring]
            services = [window.services for window in self.announced] + [window.services for window in recurring]
            concern = self._concerns[service] = tuple(_concerns(each, service) for each in services)
        return concern

    def timelines(self, service: str, within: Interval) -> list[Timeline]:
        """The maintenance of each year that `within` touches; services with the same windows share it."""
        concern = self.concern(service)
        found = []
        for number in range(within.start.year, within.end.year + 1):
            year = self._known_years.get((concern, number))
            if year is None:
                span = Interval(datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC))
                year = Timeline.of(clip((window.interval for window in self.windows(service, span)), span))
                self._known_years[concern, number] = year
            found.append(year)
        return found

    def counts(self, window: AnnouncedWindow) -> bool:
        """Whether the window deducts: announced at least the notice before its start, to the second."""
        return window.announced_at + self.policies.at(window.announced_at).notice <= window.start

    def short_notice(self, service: str, at: datetime) -> list[AnnouncedWindow]:
        """Windows that do not count, from their record to their end."""
        return [window for window, shown in self.short_notices(service) if shown.start <= at < shown.end]

    def short_notices(self, service: str) -> list[tuple[AnnouncedWindow, Interval]]:
        """All windows that do not count, with the time from their record to their end."""
        found = []
        for window in self.announced:
            if _concerns(window.services, service) and not self.counts(window) and (interval := standing(window)):
                end = interval.end if window.withdrawn_at is None else min(interval.end, window.withdrawn_at)
                found.append((window, Interval(window.recorded_at or window.announced_at, end)))
        return found


def standing(window: AnnouncedWindow) -> Interval | None:
    """The time for which the announcement stands: all of it, or what had passed when it was withdrawn."""
    end = window.end if window.withdrawn_at is None else min(window.end, window.withdrawn_at)
    return Interval(window.start, end) if window.start < end else None


def back_dated(window: AnnouncedWindow) -> bool:
    return window.recorded_at is not None and window.recorded_at - window.announced_at > BACK_DATED_AFTER


def occurrences(window: RecurringWindow, zone: ZoneInfo, within: Interval) -> Iterator[Interval]:
    """The occurrences of a recurring window that touch `within`, whole, by start."""
    day = within.start.astimezone(zone).date() - 2 * _DAY  # one that began the day before may last over a clock change
    last = within.end.astimezone(zone).date() + _DAY
    while day <= last:
        if day.weekday() in window.days:
            interval = _occurrence(window.start_minute, window.end_minute, zone, day)
            if interval.start < interval.end and interval.start < within.end and within.start < interval.end:
                yield interval
        day += _DAY


@lru_cache(maxsize=100_000)
def _occurrence(start_minute: int, end_minute: int, zone: ZoneInfo, day: date) -> Interval:
    """The occurrence that starts on `day`; empty where the clock skips all of it."""
    end_day = day if end_minute > start_minute else day + _DAY
    return Interval(
        instant_of(_wall(day, start_minute), zone, second_occurrence=False),
        instant_of(_wall(end_day, end_minute), zone, second_occurrence=True),
    )


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minute)


def instant_of(wall: datetime, zone: ZoneInfo, *, second_occurrence: bool) -> datetime:
    """The instant, in UTC, at which a naive wall-clock time is read in `zone`.

    In a repeated hour the first or the second occurrence as asked; a time that the clock skips is the instant of the jump.
    """
    instant = wall.replace(tzinfo=zone, fold=int(second_occurrence)).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # read with the later offset: not yet jumped
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _concerns(services: frozenset[str] | None, service: str) -> bool:
    return services is None or service in services


def reconcile(
    recorded: Iterable[AnnouncedWindow], wanted: Iterable[AnnouncedWindow], at: datetime
) -> tuple[AnnouncedWindow, ...]:
    """What to record at `at` so that the announced windows become the `wanted` ones: new pieces, and withdrawn ones.

    A window is known by its name. Time that a standing piece of the same name already announced keeps that announcement; time
    that is added is announced now, unless the wanted window carries a claim of its own, other than those already recorded.
    Time that is no longer wanted is withdrawn, and what of it has passed stays.
    """
    by_name: dict[str, list[AnnouncedWindow]] = {}
    for piece in recorded:
        if piece.withdrawn_at is None:
            by_name.setdefault(piece.name, []).append(piece)
    changes: list[AnnouncedWindow] = []
    for window in wanted:
        changes += _changed(by_name.pop(window.name, []), window, at)
    for pieces in by_name.values():
        changes += [_withdrawn(piece, at) for piece in pieces if at < piece.end]
    return tuple(changes)


def _changed(pieces: list[AnnouncedWindow], window: AnnouncedWindow, at: datetime) -> list[AnnouncedWindow]:
    if not pieces:
        return [_piece(window, window.start, window.end, window.services, window.announced_at, at)]
    changes: list[AnnouncedWindow] = []
    kept: list[AnnouncedWindow] = []
    for piece in pieces:
        services = _both(piece.services, window.services)
        # What has passed is not changed: a start that is moved within it stays where it was.
        start = piece.start if max(piece.start, window.start) < at else max(piece.start, window.start)
        end = min(piece.end, window.end)
        if (start, end, services) == (piece.start, piece.end, piece.services):
            kept.append(piece)
            continue
        if at < piece.end:
            changes.append(_withdrawn(piece, at))
        if start < end and services != frozenset():
            kept.append(_piece(piece, start, end, services, piece.announced_at, piece.recorded_at or at))
            changes.append(kept[-1])
    claims = {piece.announced_at for piece in pieces}
    announced_at = at if window.announced_at in claims else window.announced_at
    for services in _missing_services(kept, window.services):
        changes.append(_piece(window, window.start, window.end, services, announced_at, at))
    covered = normalize((piece.start, piece.end) for piece in kept)
    if covered:
        # Services that were added have a piece of their own, of the whole window.
        known = _both(_together(kept), window.services)
        for start, end in ((window.start, covered[0].start), (covered[-1].end, window.end)):
            if start < end:
                changes.append(_piece(window, start, end, known, announced_at, at))
    return changes


def _missing_services(kept: list[AnnouncedWindow], wanted: frozenset[str] | None) -> list[frozenset[str] | None]:
    """The services that no kept piece concerns: none, one set, or all."""
    if any(piece.services is None for piece in kept):
        return []
    known = frozenset[str]().union(*(piece.services or () for piece in kept))
    if wanted is None:
        return [None]
    return [wanted - known] if wanted - known else []


def _together(pieces: list[AnnouncedWindow]) -> frozenset[str] | None:
    """The services that any of them concerns; None is all."""
    found = [piece.services for piece in pieces]
    return None if None in found else frozenset[str]().union(*(each for each in found if each is not None))


def _both(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None:
        return b
    return a if b is None else a & b


def _piece(
    window: AnnouncedWindow,
    start: datetime,
    end: datetime,
    services: frozenset[str] | None,
    announced_at: datetime,
    recorded_at: datetime,
) -> AnnouncedWindow:
    return replace(
        window,
        start=start,
        end=end,
        services=services,
        announced_at=announced_at,
        recorded_at=recorded_at,
        withdrawn_at=None,
    )


def _withdrawn(piece: AnnouncedWindow, at: datetime) -> AnnouncedWindow:
    return replace(piece, withdrawn_at=at)
