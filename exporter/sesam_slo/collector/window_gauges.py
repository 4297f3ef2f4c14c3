"""The `window` gauges: availability, bounds, budgets and downtime of every service over every window.

A thousand services have 64,000 of these samples. Where nothing is open, all are straight lines in time until some window's edge
meets an edge of what is known: most stand still, a few move with the agreed time that passes. So what a service's samples say is
kept, with the instant up to which that holds, and a scrape in between works out the moving ones alone. Nothing here decides
anything: the kept lines are those that `core.account` would give, and a test holds them to it at every edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..core import names
from ..core.account import Account, Judged, Seconds, error_budget_seconds, judge
from ..core.intervals import Interval
from ..core.maintenance import Maintenance
from ..core.model import DowntimeClass
from ..core.names import Metric
from ..core.view import ServiceView
from ..core.windows import ROLLING, Span, spans
from .families import Families, rendered

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Moving:
    """A window whose agreed time grows with the clock, while all else stands still; in microseconds.

    `ratios` are the beginnings of the lines of availability and of its two bounds. `budget` is there where the budget grows too:
    the objective, and the beginnings of its lines; it is that of a whole calendar window otherwise.
    """

    agreed: int
    unobserved: int
    unplanned: int
    bridged: int
    ratios: tuple[str, str, str]
    budget: tuple[float, str, str] | None

    def add(self, families: Families, passed: int) -> None:
        agreed = self.agreed + passed
        observed = agreed - self.unobserved
        availability, up, down = self.ratios
        if observed:
            families.add_text(names.AVAILABILITY_RATIO, f"{availability}{1 - self.unplanned / observed!r}\n")
        if agreed:
            as_up, as_down = (
                1 - (self.unplanned - self.bridged) / agreed,
                1 - (self.unplanned + self.unobserved) / agreed,
            )
            families.add_text(names.AVAILABILITY_BOUND_RATIO, f"{up}{as_up!r}\n{down}{as_down!r}\n")
        if self.budget is not None:
            objective, whole, remaining = self.budget
            budget = (1 - objective) * (agreed / 1_000_000)
            families.add_text(names.ERROR_BUDGET_SECONDS, f"{whole}{budget!r}\n")
            left = budget - self.unplanned / 1_000_000
            families.add_text(names.ERROR_BUDGET_REMAINING_SECONDS, f"{remaining}{left!r}\n")


@dataclass(frozen=True, slots=True)
class _Lines:
    """A service's samples at `at`; they hold until `until`, but for the moving ones."""

    at: datetime
    until: datetime
    still: tuple[tuple[Metric, str], ...]
    moving: tuple[_Moving, ...]


@dataclass(slots=True)
class _Kept:
    """What of a service is over, judged; as long as the facts are the same objects."""

    facts: tuple[object, ...]
    closed: Judged
    lines: _Lines | None = None


class WindowGauges:
    """Remembers from scrape to scrape what cannot have changed. For one thread at a time."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def add(self, families: Families, published: ServiceView, now: ServiceView, maintenance: Maintenance) -> None:
        """The samples of one service; `now` is `published`, brought up."""
        name, zone = now.service.name, maintenance.policies.entries[-1][1].timezone
        facts = (published.runs, published.silences, published.log, maintenance, published.since)
        kept = self._kept.get(name)
        if kept is None or any(a is not b for a, b in zip(kept.facts, facts, strict=True)):
            known = published.closed(maintenance.policies)
            whole = Interval(
                published.since, max(now.horizon, *now.horizons.values(), *(each.seen.end for each in known.downtimes))
            )
            kept = self._kept[name] = _Kept(facts, judge(known, maintenance, whole))
        open_since = now.open_since()
        if open_since is not None:
            kept.lines = None
            for window, span in spans(now.horizon, zone, now.since).items():
                found = _open_account(kept.closed, open_since, now, span, maintenance)
                _ratios(families, name, window, found)
                _budget(families, name, window, found)
                _downtime(families, name, window, found)
            return
        if kept.lines is None or not kept.lines.at <= now.horizon < kept.lines.until:
            kept.lines = _lines(name, kept.closed, now, zone, maintenance)
        for metric, text in kept.lines.still:
            families.add_text(metric, text)
        passed = (now.horizon - kept.lines.at) // _MOMENT
        for each in kept.lines.moving:
            each.add(families, passed)

    def forget_but(self, services: set[str]) -> None:
        for name in self._kept.keys() - services:
            del self._kept[name]


def _open_account(
    closed: Judged, open_since: datetime, service: ServiceView, span: Span, maintenance: Maintenance
) -> Account:
    """What is over up to `open_since`, and from there everything that is known."""
    window, name = span.elapsed, service.service.name
    seconds = Seconds()
    if window.start < open_since:
        seconds += closed.within(Interval(window.start, min(open_since, window.end)))
    if open_since < window.end:
        late = Interval(max(window.start, open_since), window.end)
        seconds += judge(service.facts(maintenance.policies, late.start), maintenance, late).within(late)
    return Account.of(
        window, maintenance.total(name, window), seconds, error_budget_seconds(name, span.whole, maintenance)
    )


def _lines(name: str, closed: Judged, service: ServiceView, zone: ZoneInfo, maintenance: Maintenance) -> _Lines:
    at = service.horizon
    still, moving = Families(), []
    changes = (since for since, _ in maintenance.policies.entries if at < since)
    until = min([_next_edge_of(maintenance, name, at), *changes])
    found = spans(at, zone, service.since)
    for window, span in found.items():
        account = Account.of(
            span.elapsed,
            maintenance.total(name, span.elapsed),
            closed.within(span.elapsed),
            error_budget_seconds(name, span.whole, maintenance),
        )
        length = ROLLING.get(window)
        rate = int(not maintenance.intervals(name, Interval(at, at + _MOMENT))) if span.elapsed.end == at else 0
        objective = None
        if length is None:
            # Calendar windows all change at midnight after the month's last day; those to date have their end ahead.
            until = min(until, span.whole.end if span.whole.end > at else until)
        else:
            edge, slides = at - length, at - length >= service.since
            if slides:
                start = span.elapsed.start
                until = min(until, *(each + length for each in _edges(closed, maintenance, name, start)))
                rate -= int(not maintenance.intervals(name, Interval(start, start + _MOMENT)))
                if any(timeline.covers(start) for timeline in closed.timelines):
                    until = at  # more than agreed time moves
            else:
                until = min(until, at + (service.since - edge))
            objective = _only_objective(maintenance, Interval(span.whole.start, at + _MOMENT))
            if objective is None:  # the seconds have different shares in the budget
                until = at
        _downtime(still, name, window, account)
        grows = rate == 1 and bool(
            account.unplanned or account.unobserved or objective is not None or not account.agreed
        )
        if grows:
            moving.append(_moving(name, window, account, objective))
        else:  # of time without a fault all ratios are 1, however much there is of it
            _ratios(still, name, window, account)
        if not grows or objective is None:
            _budget(still, name, window, account)
        if rate < 0:  # agreed time shrinks: for an hour or two where the clock was changed
            until = at
    if "month" not in found:  # the account is about to begin
        until = at
    return _Lines(at, max(until, at + _MOMENT), tuple(still.texts()), tuple(moving))


def _only_objective(maintenance: Maintenance, within: Interval) -> float | None:
    """The objective that was in force all the time; None where it changed."""
    objectives = {policy.objective_ratio for _, policy in maintenance.policies.spans(within)}
    return objectives.pop() if len(objectives) == 1 else None


def _next_edge_of(maintenance: Maintenance, name: str, at: datetime) -> datetime:
    year = datetime(at.year + 1, 1, 1, tzinfo=at.tzinfo)
    for timeline in maintenance.timelines(name, Interval(at, at + _MOMENT)):
        edge = timeline.next_edge(at)
        if edge is not None:
            return min(edge, year)
    return year


def _edges(closed: Judged, maintenance: Maintenance, name: str, start: datetime) -> Iterator[datetime]:
    """The next edge after `start` of everything that is known."""
    yield _next_edge_of(maintenance, name, start)
    for timeline in closed.timelines:
        edge = timeline.next_edge(start)
        if edge is not None:
            yield edge


def _moving(name: str, window: str, found: Account, objective: float | None) -> _Moving:
    def begin(metric: Metric, *labels: str) -> str:
        return f"{metric.name}{rendered(metric, name, window, *labels)} "

    bound = names.AVAILABILITY_BOUND_RATIO
    budget = None
    if objective is not None:
        budget = (objective, begin(names.ERROR_BUDGET_SECONDS), begin(names.ERROR_BUDGET_REMAINING_SECONDS))
    return _Moving(
        found.agreed // _MOMENT,
        found.unobserved // _MOMENT,
        found.unplanned // _MOMENT,
        found.bridged // _MOMENT,
        (begin(names.AVAILABILITY_RATIO), begin(bound, "unobserved_as_up"), begin(bound, "unobserved_as_down")),
        budget,
    )


def _ratios(families: Families, name: str, window: str, found: Account) -> None:
    if found.availability is not None:
        families.add(names.AVAILABILITY_RATIO, found.availability, name, window)
    up, down = found.unobserved_as_up, found.unobserved_as_down
    if up is not None and down is not None:
        families.add(names.AVAILABILITY_BOUND_RATIO, up, name, window, "unobserved_as_up")
        families.add(names.AVAILABILITY_BOUND_RATIO, down, name, window, "unobserved_as_down")


def _budget(families: Families, name: str, window: str, found: Account) -> None:
    families.add(names.ERROR_BUDGET_SECONDS, found.error_budget_seconds, name, window)
    families.add(names.ERROR_BUDGET_REMAINING_SECONDS, found.error_budget_remaining_seconds, name, window)


def _downtime(families: Families, name: str, window: str, found: Account) -> None:
    for each in DowntimeClass:
        seconds = getattr(found, each.value).total_seconds()
        families.add(names.WINDOW_DOWNTIME_SECONDS, seconds, name, window, each.value)
