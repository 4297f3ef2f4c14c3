"""One month of a book -> everything that its report says, as one value; the formats only write it down.

A month is cut, per service, to what the service's account covers and to where the ledger knows (its horizon): the same way
`core.book` cuts it. Every sum here is of those parts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Protocol
from zoneinfo import ZoneInfo

from ..core.account import Account, EventAccount, Judged, Seconds, ServiceFacts, judge
from ..core.entry import Entry
from ..core.intervals import Interval, clip
from ..core.maintenance import Maintenance, Window
from ..core.model import Policy
from ..core.policy import PolicyTimeline
from .figures import Figures, exact, in_seconds, total
from .period import Month, reporting_zone
from .policy_change import PolicyChange, policy_changes
from .support import Desk, SupportMonth, support_month

TREND_MONTHS = 12


class Book(Protocol):
    """What a report reads of `core.book.Book`."""

    @property
    def services(self) -> tuple[str, ...]: ...

    @property
    def maintenance(self) -> Maintenance: ...

    @property
    def policies(self) -> PolicyTimeline: ...

    @property
    def what_if(self) -> bool: ...

    def spans(self, service: str) -> tuple[Interval, ...]: ...

    def ended(self, service: str) -> bool: ...

    def horizon(self, service: str) -> datetime: ...

    def entries(self, service: str) -> tuple[Entry, ...]: ...

    def entry(self, id: str) -> Entry | None: ...

    def windows(self, service: str, within: Interval) -> list[Window]: ...

    def facts(self, service: str) -> ServiceFacts: ...

    def account(self, service: str, window: Interval, whole: Interval | None = None) -> Account: ...


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one service: what its account covers of it, in parts that add up to `known`, and where in the day they lie."""

    date: date
    interval: Interval
    known: tuple[Interval, ...]
    maintenance: tuple[Interval, ...]
    judged: Judged  # of the whole month; asked for what is known of the day

    @property
    def parts(self) -> dict[str, timedelta]:
        """Together the time that the account covers: `maintenance` holds the downtime planned in it."""
        seconds = sum((self.judged.within(each) for each in self.known), Seconds())
        known = sum((each.duration for each in self.known), timedelta())
        maintenance = sum((each.duration for each in self.maintenance), timedelta())
        down = seconds.unplanned + seconds.excluded
        return {
            "up": known - maintenance - down - seconds.unobserved,
            "maintenance": maintenance,
            "unplanned": seconds.unplanned,
            "excluded": seconds.excluded,
            "unobserved": seconds.unobserved,
        }

    @property
    def pieces(self) -> dict[str, tuple[Interval, ...]]:
        """Where in the day they lie, what covers others last; `planned` is the downtime inside the maintenance."""
        kinds = {name: getattr(self.judged, name) for name in ("unobserved", "excluded", "planned", "unplanned")}
        return {
            "up": self.known,
            "maintenance": self.maintenance,
            **{
                name: tuple(piece for each in self.known for piece in line.inside(each)) for name, line in kinds.items()
            },
        }

    @property
    def uneventful(self) -> bool:
        """Whether all of it was as agreed: watched, and up but for the maintenance."""
        return not any(pieces for name, pieces in self.pieces.items() if name not in ("up", "maintenance"))


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """One downtime event with its seconds inside the month; `windows` are the maintenance that deducted some of them.

    `entry` is None where no policy that was in force made it an event: in a what-if.
    """

    account: EventAccount
    entry: Entry | None
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One month of the trend or of the quarter; without an account there are no figures."""

    month: Month
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class ServiceMonth:
    """`window` is what of the month is accounted for; `open` says that the ledger does not know all of the month yet."""

    name: str
    labels: tuple[tuple[str, str], ...]
    window: Interval
    known_until: datetime
    open: bool
    figures: Figures
    events: tuple[ReportedEvent, ...]
    not_counted: tuple[Entry, ...]  # withdrawn, or with bounds that a person made shorter than downtime is
    days: tuple[Day, ...]
    trend: tuple[MonthFigures, ...]
    quarter: tuple[MonthFigures, ...]


@dataclass(frozen=True, slots=True)
class MonthReport:
    """All services of one month. In total: their times added up. `support` is None where nobody asked for it."""

    month: Month
    interval: Interval
    zone: ZoneInfo
    policy: Policy  # in force at the month's end
    objectives: tuple[float, ...]  # ratios, each that was in force in the month
    policy_changes: tuple[PolicyChange, ...]
    what_if: bool
    services: tuple[ServiceMonth, ...]
    support: SupportMonth | None

    @property
    def open(self) -> bool:
        """Whether a figure can still change because time passes: the ledger does not know all of the month yet."""
        return any(each.open for each in self.services)

    @property
    def figures(self) -> Figures:
        return total([each.figures for each in self.services])

    @property
    def trend(self) -> tuple[MonthFigures, ...]:
        return _together([each.trend for each in self.services])

    @property
    def quarter(self) -> tuple[MonthFigures, ...]:
        return _together([each.quarter for each in self.services])

    @property
    def customers(self) -> tuple[str, ...]:
        """What the services' label `customer` says."""
        return tuple(sorted({value for each in self.services for name, value in each.labels if name == "customer"}))


def month_report(
    book: Book,
    month: Month,
    labels: Mapping[str, tuple[tuple[str, str], ...]],
    services: Collection[str] | None = None,
    desk: Desk | None = None,
) -> MonthReport:
    """The report of the services that had an account in the month; `services` asks for some of them alone.

    labels: of the services that are configured. desk: the support cases; their section is left out where there is none.
    """
    zone = reporting_zone(book.policies, month)
    interval = month.interval(zone)
    policy = book.policies.at(interval.end - timedelta(microseconds=1))
    names = [name for name in book.services if services is None or name in services]
    found = tuple(
        _service(book, name, labels.get(name, ()), month, zone) for name in names if _had_account(book, name, interval)
    )
    unplanned = {each.name: each.figures.unplanned for each in found}
    return MonthReport(
        month,
        interval,
        zone,
        policy,
        tuple(dict.fromkeys(policy.objective_ratio for _, policy in book.policies.spans(interval))),
        policy_changes(book.policies, interval),
        book.what_if,
        found,
        None if desk is None else support_month(desk, interval, policy.support, unplanned),
    )


def _had_account(book: Book, service: str, interval: Interval) -> bool:
    """Whether it was configured at any time inside; one that still is goes on past its horizon."""
    *before, last = book.spans(service)
    reach = last if book.ended(service) else Interval(last.start, max(last.end, interval.end))
    return any(each.start < interval.end and interval.start < each.end for each in (*before, reach))


def _service(book: Book, name: str, labels: tuple[tuple[str, str], ...], month: Month, zone: ZoneInfo) -> ServiceMonth:
    interval = month.interval(zone)
    known_until = min(book.horizon(name), interval.end)
    account = book.account(name, interval)
    reported = {event.downtime.id for event in account.events}
    trend = tuple(_month_figures(book, name, month.plus(1 - number), zone) for number in range(TREND_MONTHS, 0, -1))
    by_month = {each.month: each for each in trend}
    return ServiceMonth(
        name,
        labels,
        account.window,
        known_until,
        not book.ended(name) and known_until < interval.end,
        Figures.of(account, _promised(book, name, interval, account)),
        tuple(_event(book, name, event, interval) for event in account.events),
        tuple(each for each in book.entries(name) if _is_not_counted(each, reported, interval, book)),
        _days(book, name, month, zone),
        trend,
        tuple(by_month.get(each) or _to_come(book, name, each, zone) for each in month.quarter),
    )


def _month_figures(book: Book, service: str, month: Month, zone: ZoneInfo) -> MonthFigures:
    interval = month.interval(zone)
    if not _had_account(book, service, interval):
        return MonthFigures(month, None)
    account = book.account(service, interval)
    return MonthFigures(month, Figures.of(account, _promised(book, service, interval, account)))


def _to_come(book: Book, service: str, month: Month, zone: ZoneInfo) -> MonthFigures:
    """A later month of the quarter: nothing of it is told, but its budget belongs to the quarter's."""
    interval = month.interval(zone)
    if not _had_account(book, service, interval):
        return MonthFigures(month, None)
    nothing = Interval(interval.start, interval.start)
    return MonthFigures(month, Figures.of(book.account(service, nothing, interval), Fraction()))


def _promised(book: Book, service: str, interval: Interval, account: Account) -> Fraction:
    objectives = {policy.objective_ratio for _, policy in book.policies.spans(interval)}
    if len(objectives) == 1:
        return in_seconds(account.agreed) * exact(objectives.pop())
    return sum(
        (
            in_seconds(book.account(service, span).agreed) * exact(policy.objective_ratio)
            for span, policy in book.policies.spans(interval)
        ),
        Fraction(),
    )


def _event(book: Book, service: str, event: EventAccount, interval: Interval) -> ReportedEvent:
    id, (inside,) = event.downtime.id, clip((event.downtime.seen,), interval)
    entry = None if id is None else book.entry(id)
    return ReportedEvent(event, entry, tuple(book.windows(service, inside)))


def _is_not_counted(entry: Entry, reported: Collection[str | None], interval: Interval, book: Book) -> bool:
    touches = entry.start < interval.end and (entry.end is None or interval.start < entry.end)
    said = entry.withdrawn or (not book.what_if and not entry.counts(book.policies))
    return touches and said and entry.id not in reported


def _days(book: Book, service: str, month: Month, zone: ZoneInfo) -> tuple[Day, ...]:
    known = clip(book.spans(service), month.interval(zone))
    judged = (
        judge(book.facts(service), book.maintenance, Interval(known[0].start, known[-1].end)) if known else Judged()
    )
    days = []
    for day, whole in month.days(zone):
        inside = clip(known, whole)
        maintenance = tuple(piece for each in inside for piece in book.maintenance.intervals(service, each))
        days.append(Day(day, whole, inside, maintenance, judged))
    return tuple(days)


def _together(series: list[tuple[MonthFigures, ...]]) -> tuple[MonthFigures, ...]:
    """Month by month, all services that have figures for it."""
    found = []
    for months in zip(*series, strict=True):
        parts = [each.figures for each in months if each.figures is not None]
        found.append(MonthFigures(months[0].month, total(parts) if parts else None))
    return tuple(found)
