"""One service's account at many instants of the past at once: what the exporter would have said then of what the ledger has now.

A year has half a million minutes, and 64 window figures at each. So the account is judged once, as timelines with running totals,
and a figure at a row of instants comes from the totals at both ends of its window. Instants and durations are integers here, in
microseconds, instants since 1970; rows of them ascend. The formulas are those of `core.account`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .account import (
    ServiceFacts,
    availability,
    error_budget_seconds,
    judge,
    seen_failing,
    unobserved_as_down,
    unobserved_as_up,
)
from .book import Book
from .history import Membership
from .instants import micros, of_micros
from .intervals import Interval, Intervals, intersect, normalize, subtract, union
from .maintenance import Maintenance
from .model import DowntimeClass
from .timeline import Timeline
from .windows import ROLLING, spans

Instants = Sequence[int]
Values = Sequence[float | None]
"""One for each of a row of instants; None where there is no sample."""

HOUR = timedelta(hours=1)
"""How often Prometheus records what is kept of each hour, and of how long."""

_MICROSECOND = timedelta(microseconds=1)
_MILLION = 1_000_000


class Running:
    """A set of intervals by how much of it lies before an instant."""

    def __init__(self, timeline: Timeline) -> None:
        self._starts = [micros(start) for start in timeline.starts]
        self._ends = [micros(end) for end in timeline.ends]
        self._totals = [total // _MICROSECOND for total in timeline.totals]

    def before(self, at: Instants) -> list[int]:
        """How much of the set lies before each instant."""
        found: list[int] = []
        index = bisect_right(self._ends, at[0]) if at else 0
        while len(found) < len(at) and index < len(self._starts):
            start, end, total = self._starts[index], self._ends[index], self._totals[index]
            found += [total] * (bisect_left(at, start, len(found)) - len(found))
            inside = at[len(found) : bisect_left(at, end, len(found))]
            found += [each - start + total for each in inside]
            index += 1
        return found + [self._totals[index]] * (len(at) - len(found))

    def between(self, starts: Instants, ends: Instants) -> list[int]:
        """How much of it lies from each of the starts to its end."""
        return [end - start for start, end in zip(self.before(starts), self.before(ends), strict=True)]


@dataclass(frozen=True, slots=True)
class Pieces:
    """What has a value at some times: disjoint pieces `[start, end)` in order, and the value of each."""

    pieces: tuple[tuple[int, int, float], ...]

    @classmethod
    def of(cls, intervals: Iterable[tuple[datetime, datetime]], value: float = 1.0) -> Pieces:
        return cls(tuple((micros(start), micros(end), value) for start, end in intervals))

    def at(self, at: Instants, otherwise: float | None = None) -> Values:
        found: list[float | None] = []
        index = bisect_right(self.pieces, at[0], key=lambda piece: piece[1]) if at else 0
        while len(found) < len(at) and index < len(self.pieces):
            start, end, value = self.pieces[index]
            found += [otherwise] * (bisect_left(at, start, len(found)) - len(found))
            found += [value] * (bisect_left(at, end, len(found)) - len(found))
            index += 1
        return found + [otherwise] * (len(at) - len(found))


@dataclass(frozen=True, slots=True)
class Observed:
    """One endpoint: when it was part of the account, its failing runs, and when results spoke of it."""

    member: Intervals
    runs: Intervals
    observed: Intervals


@dataclass(frozen=True, slots=True)
class _Seen:
    """When each endpoint was a member, and observed; and when none of them had been observed for long."""

    members: tuple[Running, ...]
    observed: tuple[Running, ...]
    holes: Running

    @classmethod
    def of(cls, endpoints: Collection[Observed], unseen_after: timedelta) -> _Seen:
        nobody = subtract(union(*(each.member for each in endpoints)), union(*(each.observed for each in endpoints)))
        return cls(
            tuple(Running(Timeline.of(each.member)) for each in endpoints),
            tuple(Running(Timeline.of(each.observed)) for each in endpoints),
            Running(
                Timeline.of((each.start + unseen_after, each.end) for each in nobody if each.duration > unseen_after)
            ),
        )


@dataclass(frozen=True, slots=True)
class Past:
    """One service, judged over all its time; `Past.of` makes it."""

    service: str
    spans: Intervals  # of its account
    agreed: Running
    failing: Running  # as it was seen, bridged time left out
    unplanned: Running
    planned: Running
    excluded: Running
    unobserved: Running
    bridged: Running
    down: Intervals  # downtime of whatever class
    down_since_agreed: Intervals  # what counts, of the events that began in agreed time
    overrun: Intervals  # what counts and is outside maintenance, of the events that began inside
    endpoints: dict[str, Observed]
    maintenance: Maintenance
    _budgets: dict[Interval, float] = field(default_factory=dict, repr=False, compare=False)
    _seen: dict[timedelta, _Seen] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, book: Book, service: str, memberships: Iterable[Membership]) -> Past:
        """memberships: those of its endpoints."""
        known, maintenance, own = book.facts(service), book.maintenance, book.spans(service)
        parts = [judge(known, maintenance, span) for span in own]

        def of_kind(name: str) -> Running:
            return Running(Timeline.of(piece for part in parts for piece in getattr(part, name).pieces))

        agreed = [piece for span in own for piece in subtract((span,), maintenance.intervals(service, span))]
        failing = [piece for span in own for piece in seen_failing(known, maintenance, span)]
        down, agreed_down, overrun = _active(known, maintenance, own[-1].end)
        return cls(
            service,
            own,
            agreed=Running(Timeline.of(agreed)),
            failing=Running(Timeline.of(failing)),
            unplanned=of_kind("unplanned"),
            planned=of_kind("planned"),
            excluded=of_kind("excluded"),
            unobserved=of_kind("unobserved"),
            bridged=of_kind("bridged"),
            down=down,
            down_since_agreed=agreed_down,
            overrun=overrun,
            endpoints=_endpoints(known, memberships, own),
            maintenance=maintenance,
        )

    def seen(self, at: Instants, unseen_after: timedelta) -> Values:
        """How much of the hour before each instant the endpoints were observed that were members in it, on average.

        None where none was, and where all of them were unobserved for `unseen_after` or longer: a hole, not a part.
        """
        if unseen_after not in self._seen:
            self._seen[unseen_after] = _Seen.of(self.endpoints.values(), unseen_after)
        known, since = self._seen[unseen_after], [each - HOUR // _MICROSECOND for each in at]
        members = [each.between(since, at) for each in known.members]
        observed = [each.between(since, at) for each in known.observed]
        holes = known.holes.between(since, at)
        found: list[float | None] = []
        for number, blind in enumerate(holes):
            seen = sum(each[number] for each in observed)
            concerned = sum(each[number] > 0 for each in members)
            found.append(seen * _MICROSECOND / (concerned * HOUR) if seen and not blind else None)
        return found

    def down_so_far(self, at: Instants) -> Values:
        """The seconds of downtime outside maintenance before each instant, whoever is to blame."""
        counted = zip(self.unplanned.before(at), self.excluded.before(at), strict=True)
        return [(unplanned + excluded) / _MILLION for unplanned, excluded in counted]

    @property
    def downtime(self) -> dict[str, Running]:
        """By its class."""
        return {each.value: getattr(self, each.value) for each in DowntimeClass}

    def windows(self, name: str, at: Instants, since: datetime) -> Iterator[tuple[int, Accounts | None]]:
        """The window of that name at each instant: how many instants follow, and their accounts, None where it has none.

        since: where the span of the account begins that the instants lie in.
        """
        done, begin = 0, micros(since)
        while done < len(at):
            if at[done] <= begin:  # the account is about to begin
                done += 1
                yield 1, None
                continue
            now = of_micros(at[done])
            found = spans(now, self.maintenance.policies.at(now).timezone, since)
            row = at[done : bisect_left(at, self._calendar_until(now, found["month"].whole.end), done)]
            done += len(row)
            length = ROLLING.get(name)
            if name not in found:
                yield len(row), None
            elif length is not None:
                yield len(row), Accounts(self, _shifted(row, length // _MICROSECOND, begin), row)
            else:
                span = found[name]
                ends = row if now < span.whole.end else [micros(span.whole.end)] * len(row)
                yield len(row), Accounts(self, [micros(span.whole.start)] * len(row), ends, span.whole)

    def _calendar_until(self, now: datetime, month_ends: datetime) -> int:
        changes = [since for since, _ in self.maintenance.policies.entries[1:] if since > now]
        return micros(min([month_ends, *changes]))

    def budget_of(self, whole: Interval) -> float:
        """The error budget of a calendar window."""
        if whole not in self._budgets:
            self._budgets[whole] = error_budget_seconds(self.service, whole, self.maintenance)
        return self._budgets[whole]


@dataclass(frozen=True, slots=True)
class Accounts:
    """One window at a row of instants: what of it had elapsed, from each of `starts` to its end.

    `whole`: the calendar window that the row lies in; None where the window rolls.
    """

    past: Past
    starts: Instants
    ends: Instants
    whole: Interval | None = None

    def _within(self, running: Running) -> list[int]:
        return running.between(self.starts, self.ends)

    def seconds(self, running: Running) -> Values:
        return [each / _MILLION for each in self._within(running)]

    def availability(self) -> Values:
        past = self.past
        times = (self._within(each) for each in (past.agreed, past.unobserved, past.unplanned))
        return [availability(*each) for each in zip(*times, strict=True)]

    def unobserved_as_up(self) -> Values:
        past = self.past
        times = (self._within(each) for each in (past.agreed, past.unplanned, past.bridged))
        return [unobserved_as_up(*each) for each in zip(*times, strict=True)]

    def unobserved_as_down(self) -> Values:
        past = self.past
        times = (self._within(each) for each in (past.agreed, past.unobserved, past.unplanned))
        return [unobserved_as_down(*each) for each in zip(*times, strict=True)]

    def error_budget(self) -> list[float]:
        if self.whole is not None:
            return [self.past.budget_of(self.whole)] * len(self.starts)
        parts = []
        reach = Interval(of_micros(self.starts[0]), of_micros(self.ends[-1]))
        policies = self.past.maintenance.policies.spans(reach)
        for span, policy in policies:
            starts, ends = self.starts, self.ends
            if len(policies) > 1:  # cut where the policy changed
                first, last = micros(span.start), micros(span.end)
                starts = [min(max(each, first), last) for each in starts]
                ends = [min(max(each, first), last) for each in ends]
            allowed = 1 - policy.objective_ratio
            parts.append([allowed * (each / _MILLION) for each in self.past.agreed.between(starts, ends)])
        return parts[0] if len(parts) == 1 else [sum(each) for each in zip(*parts, strict=True)]

    def error_budget_remaining(self) -> list[float]:
        unplanned = self._within(self.past.unplanned)
        return [budget - each / _MILLION for budget, each in zip(self.error_budget(), unplanned, strict=True)]


def _shifted(row: Instants, length: int, begin: int) -> Instants:
    """As far before each instant as the window is long, but not before the account began."""
    if row[0] - length >= begin and isinstance(row, range):
        return range(row.start - length, row.stop - length, row.step)
    return [max(each - length, begin) for each in row]


def _active(known: ServiceFacts, maintenance: Maintenance, horizon: datetime) -> tuple[Intervals, Intervals, Intervals]:
    """When an event went on, what counts of it, from its true start on: see `core.service.unplanned_active`."""
    down: list[Interval] = []
    agreed: list[Interval] = []
    overrun: list[Interval] = []
    for each in known.downtimes:
        # What goes on does so at the horizon itself, which is the last instant that anybody asks for.
        whole = Interval(each.start, max(each.seen.end, horizon + _MICROSECOND) if each.ongoing else each.seen.end)
        down.append(whole)
        if each.cause.excludes:
            continue
        if maintenance.open(known.service, each.start):
            overrun += subtract((whole,), maintenance.intervals(known.service, whole))
        else:
            agreed.append(whole)
    return normalize(down), normalize(agreed), normalize(overrun)


def _endpoints(known: ServiceFacts, memberships: Iterable[Membership], own: Intervals) -> dict[str, Observed]:
    member: dict[str, list[tuple[datetime, datetime]]] = {}
    for each in memberships:
        member.setdefault(each.endpoint, []).append((each.since, each.until or own[-1].end))
    found = {}
    for name, times in sorted(member.items()):
        inside = intersect(normalize(times), own)
        facts = known.endpoints.get(name)
        runs, silences = (facts.runs.pieces, facts.silences.pieces) if facts is not None else ((), ())
        found[name] = Observed(inside, intersect(runs, inside), subtract(inside, silences))
    return found
