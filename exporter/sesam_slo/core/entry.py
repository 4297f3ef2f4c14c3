"""The downtime log: what was detected, with what people corrected folded in, in the order in which they did.

A correction's `change` holds some of these fields, as JSON values; each takes the place of what stood there before:

    cause ("unknown", "sesam", ...), details, symptom, solution, reported_by: text
    reported_at, start, end: an instant, ISO 8601 in UTC
    exclusions: [{"start", "end", "reason"}, ...]    parts of the event that are the customer's or the environment's
    withdrawn: true where the entry was no downtime after all
    added: {"service", "endpoints"}    an entry that the probes could not see; always the first change of its id
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from .downtime import Downtime
from .history import Correction, Event, Report
from .instants import instant
from .intervals import Interval, Intervals, clip, normalize
from .model import Cause
from .policy import PolicyTimeline

_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A part `[start, end)` of an event that does not count, and why."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the downtime log. `end` is None while it goes on; `confirmed_at` where it was added by hand.

    `reasons` are the probes', `symptom` is a person's words or, without any, the reasons. `corrected`: its bounds are not those
    that were detected.
    """

    id: str
    service: str
    start: datetime
    end: datetime | None
    endpoints: tuple[str, ...]
    confirmed_at: datetime | None = None
    reasons: tuple[str, ...] = ()
    cause: Cause = Cause.UNKNOWN
    details: str = ""
    symptom: str = ""
    solution: str = ""
    reported_at: datetime | None = None
    reported_by: str = ""
    exclusions: tuple[Exclusion, ...] = ()
    withdrawn: bool = False
    added: bool = False
    corrected: bool = False

    @property
    def explained(self) -> bool:
        """Whether the log says what the contract demands of it."""
        return self.withdrawn or (self.cause is not Cause.UNKNOWN and bool(self.solution))

    @property
    def excused(self) -> bool:
        """Whether a person said that none of it is the service's own downtime."""
        return self.withdrawn or self.cause.excludes

    def counts(self, policies: PolicyTimeline) -> bool:
        """Whether it is downtime: what was detected is; bounds that a person gave are judged like any other."""
        if self.withdrawn:
            return False
        if self.end is None or not (self.corrected or self.added):
            return True
        return self.end - self.start >= policies.at(self.start).downtime_after

    def downtime(self, seen_until: datetime | None = None) -> Downtime:
        """As the account takes it; `seen_until` is how far an entry without an end is known to reach."""
        end = self.end if self.end is not None else max(seen_until or self.start, self.start)
        seen = Interval(self.start, end)
        parts = clip(((each.start, each.end) for each in self.exclusions), seen)
        return Downtime(seen, self.endpoints, self.end is None, self.reasons, self.cause, self.id, normalize(parts))


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class Log:
    """The downtime log of one service or of several: events by id, of each its report and its corrections, in order.

    Never changed: what is added makes another log.
    """

    events: Mapping[str, Event] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    corrections: Mapping[str, tuple[Correction, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], reports: Iterable[Report], corrections: Iterable[Correction]) -> Log:
        return cls().plus(events, reports, corrections)

    def plus(
        self,
        events: Iterable[Event] = (),
        reports: Iterable[Report] = (),
        corrections: Iterable[Correction] = (),
    ) -> Log:
        """With these added: an event takes the place of its former state, of reports the first stays."""
        known, told, said = dict(self.events), dict(self.reports), dict(self.corrections)
        for event in events:
            known[event.id] = event
        for report in reports:
            told.setdefault(report.event, report)
        for correction in corrections:
            said[correction.event] = (*said.get(correction.event, ()), correction)
        return Log(known, told, said)

    def replaced(self, other: Log) -> Log:
        """With all that `other` says of its entries in place of what this one says of them."""
        return Log(
            {**self.events, **other.events},
            {**self.reports, **other.reports},
            {**self.corrections, **other.corrections},
        )

    def of_service(self, service: str) -> Log:
        """What of it is of one service."""
        added = {
            id for id, each in self.corrections.items() if each[0].change.get("added", {}).get("service") == service
        }
        ids = added | {id for id, event in self.events.items() if event.service == service}
        return Log(
            {id: each for id, each in self.events.items() if id in ids},
            {id: each for id, each in self.reports.items() if id in ids},
            {id: each for id, each in self.corrections.items() if id in ids},
        )

    @property
    def services(self) -> frozenset[str]:
        added = (each[0].change["added"]["service"] for each in self.corrections.values() if "added" in each[0].change)
        return frozenset((*added, *(event.service for event in self.events.values())))

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """By id, in order of time; events that were merged into another are none."""
        found = []
        for id in (*self.events, *(id for id in self.corrections if id not in self.events)):
            event, corrections = self.events.get(id), self.corrections.get(id, ())
            if event is None and not (corrections and "added" in corrections[0].change):
                continue  # a correction of an event that is not in this log
            if event is None or event.merged_into is None:
                found.append(entry(event, self.reports.get(id), corrections))
        return {each.id: each for each in sorted(found, key=lambda each: (each.start, each.id))}

    @cached_property
    def ongoing(self) -> tuple[Entry, ...]:
        """The entries without an end."""
        return tuple(each for each in self.entries.values() if each.end is None)

    @cached_property
    def excuses(self) -> Mapping[str, Intervals]:
        """By id: from when to when a person had said of an entry that it is none of the service's own downtime."""
        found = {}
        for id, corrections in self.corrections.items():
            cause, withdrawn, since = Cause.UNKNOWN, False, None
            times = []
            for each in corrections:
                cause, withdrawn = Cause(each.change.get("cause", cause)), each.change.get("withdrawn", withdrawn)
                excused = withdrawn or cause.excludes
                if excused and since is None:
                    since = each.at
                elif not excused and since is not None:
                    times.append((since, each.at))
                    since = None
            if since is not None:
                times.append((since, _FOREVER))
            if times:
                found[id] = normalize(times)
        return found

    @cached_property
    def excused(self) -> frozenset[str]:
        """The ids of entries that are none of the service's own downtime."""
        return frozenset(id for id, each in self.entries.items() if each.excused)


def entry(event: Event | None, report: Report | None, corrections: Iterable[Correction]) -> Entry:
    """One entry; `event` is None where it was added by hand. Raises KeyError, TypeError or ValueError for another's change."""
    corrections = list(corrections)
    found = _detected(event) if event is not None else _added(corrections[0])
    if report is not None:
        found = replace(found, reported_at=report.at, reported_by=report.by)
    for correction in corrections:
        found = changed(found, correction.change)
    return found


def changed(before: Entry, change: Mapping[str, Any]) -> Entry:
    """The entry with one change. Raises KeyError, TypeError or ValueError where it is none of ours."""
    fields: dict[str, Any] = {}
    for name, value in change.items():
        if name == "cause":
            fields[name] = Cause(value)
        elif name in ("start", "end", "reported_at"):
            fields[name] = None if value is None else instant(value)
        elif name == "exclusions":
            fields[name] = tuple(
                Exclusion(instant(each["start"]), instant(each["end"]), each["reason"]) for each in value
            )
        elif name in ("details", "symptom", "solution", "reported_by"):
            fields[name] = str(value)
        elif name == "withdrawn":
            fields[name] = bool(value)
        elif name != "added":
            raise ValueError(f"no field of an entry: {name}")
    if {"start", "end"} & fields.keys() and "added" not in change:
        fields["corrected"] = True
    return replace(before, **fields)


def _detected(event: Event) -> Entry:
    return Entry(
        event.id,
        event.service,
        event.start,
        event.end,
        event.endpoints,
        confirmed_at=event.confirmed_at,
        reasons=event.reasons,
        symptom=", ".join(event.reasons),
    )


def _added(first: Correction) -> Entry:
    added = first.change["added"]
    start, end = instant(first.change["start"]), instant(first.change["end"])
    return Entry(first.event, added["service"], start, end, tuple(added["endpoints"]), added=True)


def added_id(service: str, start: datetime, known: Iterable[str]) -> str:
    """The id of an entry that is added by hand; another than all known ones."""
    taken = set(known)
    at = start.astimezone(UTC)
    while (id := f"{service}-{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z-added") in taken:
        at += timedelta(milliseconds=1)
    return id
