"""Small ledgers by hand: services that were watched all the time but for what is said here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Correction, Event, Head, Membership, PolicyRecord, Recorded, Report, Run, Silence
from sesam_slo.core.model import AnnouncedWindow, Config, Policy
from sesam_slo.core.outage import EndpointState, OpenRun
from sesam_slo.core.policy_document import policy_document
from sesam_slo.core.service import ServiceState
from sesam_slo.report import (
    Earlier,
    Month,
    MonthReport,
    Provenance,
    month_report,
    report_csv,
    report_document,
    report_html,
    report_markdown,
)

OSLO = ZoneInfo("Europe/Oslo")
AFTER = timedelta(minutes=10)


def local(text: str) -> datetime:
    """An instant by the clock in Oslo."""
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


def written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@dataclass
class Ledger:
    """What one holds; each method adds to it. Bounds are wall-clock times in Oslo."""

    since: str
    until: str  # up to where it knows
    policies: list[PolicyRecord] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    windows: list[AnnouncedWindow] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    states: dict[str, ServiceState] = field(default_factory=dict)

    def service(self, name: str, since: str | None = None, until: str | None = None, ended: bool = False) -> Ledger:
        begin, end = local(since or self.since), local(until or self.until)
        self.memberships.append(Membership(name, "", begin, end if ended else None))
        endpoints = {} if ended else {"api": EndpointState(name, "api", end)}
        self.states[name] = ServiceState(name, endpoints, end, end)
        return self

    def policy(self, since: str, policy: Policy) -> Ledger:
        self.policies.append(PolicyRecord(local(since), policy_document(policy)))
        return self

    def down(self, service: str, start: str, end: str, reason: str = "timeout", endpoint: str = "api") -> str:
        """A failing run; from ten minutes on an event, whose id is returned."""
        begin, stop = local(start), local(end)
        self.runs.append(Run(service, endpoint, begin, stop, AFTER, reason))
        id = f"{service}-{begin:%Y%m%dT%H%M%S}"
        if stop - begin >= AFTER:
            self.events.append(Event(id, service, begin, stop, begin + AFTER, (endpoint,), (reason,)))
        return id

    def down_since(self, service: str, start: str, reason: str = "timeout") -> str:
        """An event that goes on."""
        begin, state = local(start), self.states[service]
        event = Event(f"{service}-{begin:%Y%m%dT%H%M%S}", service, begin, None, begin + AFTER, ("api",), (reason,))
        open_run = OpenRun(begin, AFTER, AFTER, reason)
        endpoint = replace(state.endpoints["api"], run=open_run, last_at=state.accounted_until)
        self.states[service] = replace(state, endpoints={"api": endpoint}, events=(event,))
        self.events.append(event)
        return event.id

    def silent(self, service: str, start: str, end: str) -> None:
        self.silences.append(Silence(service, "api", local(start), local(end)))

    def announced(self, name: str, start: str, end: str, services: Iterable[str] | None = None) -> None:
        begin = local(start)
        concerned = None if services is None else frozenset(services)
        self.windows.append(
            AnnouncedWindow(name, begin, local(end), begin - timedelta(days=5), concerned, begin - timedelta(days=5))
        )

    def reported(self, id: str, at: str, by: str = "alertmanager") -> None:
        self.reports.append(Report(id, local(at), by))

    def said(self, id: str, **change: Any) -> None:
        """A person's correction."""
        self.corrections.append(Correction(id, local(self.until), "kari", "post-mortem", change))

    def recorded(self) -> Recorded:
        return Recorded(
            policies=tuple(self.policies),
            memberships=tuple(self.memberships),
            windows=tuple(self.windows),
            runs=tuple(sorted(self.runs, key=lambda run: run.start)),
            silences=tuple(self.silences),
            events=tuple(sorted(self.events, key=lambda event: event.start)),
            checkpoints={name: checkpoint(state, state.accounted_until) for name, state in self.states.items()},
            reports=tuple(self.reports),
            corrections=tuple(self.corrections),
        )

    def book(self, policy: Policy | None = None, *, what_if: bool = False) -> Book:
        return Book.of(self.recorded(), Config(policy or Policy(), ()), what_if=what_if)


def example() -> Ledger:
    """Three services in October 2026, with some of everything."""
    ledger = Ledger("2025-11-12 09:00", "2026-11-23 08:00")
    ledger.service("datahub-prod").service("datahub-test").service("ferd-prod", since="2026-10-07 13:20")
    ledger.announced("database upgrade", "2026-10-17 20:00", "2026-10-17 23:00", ["datahub-prod"])
    for month, minutes in (("01", 42), ("03", 12), ("04", 260), ("06", 18), ("08", 95), ("09", 31)):
        end = datetime(2026, 1, 1, 10) + timedelta(minutes=minutes)
        id = ledger.down("datahub-prod", f"2026-{month}-14 10:00", f"2026-{month}-14 {end:%H:%M:%S}")
        ledger.said(id, cause="sesam", solution="Restarted the node")
    first = ledger.down("datahub-prod", "2026-10-06 09:12:31.25", "2026-10-06 10:40:02.5", "http_status")
    ledger.reported(first, "2026-10-06 09:22:40")
    ledger.said(
        first,
        cause="sesam",
        details="A node ran out of disk while compacting its sinks; the alarm for free space had been muted since the move.",
        symptom="HTTP 503 from /api/ping on every third answer, then on all",
        solution="Volume enlarged, compaction restarted. The alarm is back; free space is now on the wall.",
    )
    work = ledger.down("datahub-prod", "2026-10-17 22:40", "2026-10-17 23:26:10", "connect_refused")
    ledger.reported(work, "2026-10-17 23:05:10")
    ledger.said(
        work, cause="sesam", details="database upgrade took longer than its window", solution="Upgrade completed"
    )
    ledger.down("datahub-prod", "2026-10-25 02:20", "2026-10-25 02:50", "timeout")
    ledger.silent("datahub-prod", "2026-10-28 12:00", "2026-10-28 13:10")
    fault = ledger.down("datahub-test", "2026-10-13 14:00:05", "2026-10-13 16:30:11", "tls_expired")
    ledger.said(
        fault,
        cause="customer",
        details="the customer's proxy presented an expired certificate",
        solution="Proxy renewed",
    )
    wrong = ledger.down("datahub-test", "2026-10-20 08:00", "2026-10-20 08:15")
    ledger.said(wrong, withdrawn=True, details="load test of ours, agreed by mail")
    ledger.down("ferd-prod", "2026-10-30 11:00", "2026-10-30 11:12:44", "reset")
    return ledger


HOSTILE = "=1+1|`a`\r\n<b>&\u202e*[x](http://x.example)"
LABELS = dict.fromkeys(("datahub-prod", "datahub-test", "ferd-prod"), (("customer", "Acme & <Kraft>"),))
HEAD = Head(48211, "9f2c" * 16)
VERSIONS = {"sesam-slo": "0.1.0", "tzdata": "2025b", "holidays": "0.109"}


@dataclass(frozen=True)
class Made:
    """A report with all that its formats are made of."""

    report: MonthReport
    provenance: Provenance
    document: dict[str, Any]
    earlier: Earlier | None = None

    @property
    def html(self) -> str:
        return report_html(self.report, self.provenance, datetime(2026, 11, 23, 9, tzinfo=UTC), self.earlier)

    @property
    def csv(self) -> str:
        return report_csv(self.document, self.earlier)

    @property
    def markdown(self) -> str:
        return report_markdown(self.report, self.provenance, self.earlier)

    def against(self, earlier: Earlier) -> Made:
        return replace(self, document=report_document(self.report, self.provenance, earlier), earlier=earlier)


def made(ledger: Ledger, month: str = "2026-10", policy: Policy | None = None, *, what_if: bool = False) -> Made:
    book = ledger.book(policy, what_if=what_if)
    report = month_report(book, Month.parse(month), LABELS)
    provenance = Provenance.of(book.policies, report.interval, HEAD, VERSIONS)
    return Made(report, provenance, report_document(report, provenance))


def hostile() -> Ledger:
    """The example, with words that mean harm wherever words can stand."""
    ledger = example()
    id = ledger.down("datahub-prod", "2026-10-20 09:00", "2026-10-20 09:20", HOSTILE)
    ledger.reported(id, "2026-10-20 09:15", HOSTILE)
    ledger.announced(HOSTILE, "2026-10-20 09:10", "2026-10-20 09:12")
    ledger.said(
        id,
        cause="sesam",
        details=HOSTILE,
        symptom=HOSTILE,
        solution=HOSTILE,
        exclusions=[
            {"start": "2026-10-20T07:00:00Z", "end": "2026-10-20T07:01:00Z", "reason": HOSTILE},
        ],
    )
    gone = ledger.down("datahub-prod", "2026-10-21 09:00", "2026-10-21 09:20")
    ledger.said(gone, withdrawn=True, details=HOSTILE)
    return ledger
