"""What happened, as facts: closed failing runs, silences, downtime events, reports, memberships, policies, accounts.

Detection emits facts, the ledger keeps them, the account is computed from them. Nothing here is ever changed once emitted,
except that an event is emitted again, under its id, while it grows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .model import AnnouncedWindow, Cause


@dataclass(frozen=True, slots=True)
class Run:
    """A closed failing run of one endpoint, bridged silences included (DESIGN 2, "Failing run")."""

    service: str
    endpoint: str
    start: datetime
    end: datetime
    downtime_after: timedelta  # in force at `start`
    reason: str = ""  # of its first failure

    @property
    def is_downtime(self) -> bool:
        return self.end - self.start >= self.downtime_after


@dataclass(frozen=True, slots=True)
class Silence:
    """Time in which no result of one endpoint spoke, closed by the next observed one."""

    service: str
    endpoint: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One downtime event: one entry of the log. `end` None while it is ongoing."""

    id: str
    service: str
    start: datetime
    end: datetime | None
    confirmed_at: datetime
    endpoints: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    cause: Cause = Cause.UNKNOWN
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """When the people on call were told of an event, and who says so; of each event the first one stays."""

    event: str  # its id
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Membership:
    """From when to when a service (`endpoint` is "") or one of its endpoints was configured."""

    service: str
    endpoint: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A policy and the instant from which it is in force; `document` is its canonical JSON-able form."""

    since: datetime
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the detection of one service stands; `document` is JSON-able."""

    service: str
    at: datetime
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What one step adds; written in one transaction, in this order, or not at all."""

    policies: tuple[PolicyRecord, ...] = ()
    memberships: tuple[Membership, ...] = ()
    windows: tuple[AnnouncedWindow, ...] = ()
    runs: tuple[Run, ...] = ()
    silences: tuple[Silence, ...] = ()
    events: tuple[Event, ...] = ()
    reports: tuple[Report, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()

    def then(self, later: Changes) -> Changes:
        """Both, in order; of each service only the last checkpoint, of each event only the last state."""
        return Changes(
            self.policies + later.policies,
            self.memberships + later.memberships,
            self.windows + later.windows,
            self.runs + later.runs,
            self.silences + later.silences,
            tuple({event.id: event for event in self.events + later.events}.values()),
            self.reports + later.reports,
            tuple({point.service: point for point in self.checkpoints + later.checkpoints}.values()),
        )

    def __len__(self) -> int:
        """How many facts; checkpoints are no facts, a later one replaces an earlier one."""
        return (
            len(self.policies)
            + len(self.memberships)
            + len(self.windows)
            + len(self.runs)
            + len(self.silences)
            + len(self.events)
            + len(self.reports)
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that a ledger holds."""

    policies: tuple[PolicyRecord, ...] = ()
    memberships: tuple[Membership, ...] = ()
    windows: tuple[AnnouncedWindow, ...] = ()
    runs: tuple[Run, ...] = ()
    silences: tuple[Silence, ...] = ()
    events: tuple[Event, ...] = ()
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
