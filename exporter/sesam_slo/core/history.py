"""What happened, as facts: failing runs, silences, downtime events, reports, people's corrections, memberships, policies.

Detection emits facts, the ledger keeps them, the account is computed from them. Nothing here is ever changed once emitted,
except that an event is emitted again, under its id, while it grows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from .model import AnnouncedWindow


@dataclass(frozen=True, slots=True)
class Run:
    """A closed failing run of one endpoint, bridged silences included."""

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
    """One downtime event as it was detected. `end` None while it is ongoing."""

    id: str
    service: str
    start: datetime
    end: datetime | None
    confirmed_at: datetime
    endpoints: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """When the people on call were told of an event, and who says so; of each event the first one stays."""

    event: str  # its id
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person changed of one entry of the log, at `at`; `change` holds the changed fields alone (`core.entry`)."""

    event: str  # its id
    at: datetime
    author: str
    reason: str
    change: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What was reported or changed of one support case, at `at`; `change` holds the changed fields alone (`core.case`)."""

    case: str  # its id
    at: datetime
    author: str
    reason: str
    change: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the first or the latest failing probe of a run saw; `document` is JSON-able and holds no secrets."""

    service: str
    endpoint: str
    run_start: datetime
    which: Literal["first", "latest"]
    at: datetime
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A month's report as it was reported first."""

    month: str  # YYYY-MM
    at: datetime
    author: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Import:
    """How far the history of another Prometheus has been read in; `document` says where detection stands."""

    service: str
    source: str
    start: datetime
    end: datetime
    done_until: datetime
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The newest revision of a ledger: its number and its hash, which stands for all before it."""

    number: int = 0
    hash: str = ""


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
    corrections: tuple[Correction, ...] = ()
    cases: tuple[CaseChange, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    frozen: tuple[Frozen, ...] = ()
    imports: tuple[Import, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()

    def then(self, later: Changes) -> Changes:
        """Both, in order; of each event, import and service only the last state, of each run only the latest evidence."""
        return Changes(**{kind: _last(kind, getattr(self, kind) + getattr(later, kind)) for kind in KINDS})

    def __len__(self) -> int:
        """How many facts; checkpoints are no facts, a later one replaces an earlier one."""
        return sum(len(getattr(self, kind)) for kind in KINDS if kind != "checkpoints")


KINDS = tuple(each.name for each in fields(Changes))


def replaced_by_a_later(kind: str, fact: Any) -> tuple[Any, ...] | None:
    """What a fact of this kind is known by, where a later one with the same takes its place; None where each one stays."""
    key = _KEYS.get(kind)
    return None if key is None else key(fact)


_KEYS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "events": lambda event: (event.id,),
    "evidence": lambda each: (each.service, each.endpoint, each.run_start, each.which),
    "imports": lambda each: (each.service, each.source),
    "checkpoints": lambda point: (point.service,),
}


def _last(kind: str, facts: tuple[Any, ...]) -> tuple[Any, ...]:
    key = _KEYS.get(kind)
    return facts if key is None or len(facts) < 2 else tuple({key(fact): fact for fact in facts}.values())


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
    corrections: tuple[Correction, ...] = ()
    cases: tuple[CaseChange, ...] = ()
    frozen: tuple[Frozen, ...] = ()
    imports: tuple[Import, ...] = ()
    head: Head = Head()
