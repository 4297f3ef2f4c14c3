"""Support cases: what was reported and done, folded from changes as the downtime log is.

A change's `change` holds some of these fields, as JSON values; each takes the place of what stood there before:

    service, title, details, reference, event, customer_class, reported_by: text; `service` is in the first change of every case
    level: the vendor's judgement; each one is kept with the instant of its change
    cause ("unknown", "sesam", ...): of the last two the case is exempt
    reported_at, started_at, workaround_at, fixed_at, supplier_told_at: an instant, ISO 8601 in UTC, or null
    workaround_impossible: true where there can be none: from that change on the correction's deadline is the fix's
    withdrawn: true where it was no error
    told: what a service desk has said last, field by field; what people say takes nothing of it away
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from .history import CaseChange
from .instants import instant
from .model import Cause

TEXTS = ("title", "details", "reference", "event", "customer_class", "reported_by")
INSTANTS = ("reported_at", "started_at", "workaround_at", "fixed_at", "supplier_told_at")
FLAGS = ("workaround_impossible", "withdrawn")


class CaseState(StrEnum):
    """How far a case has come."""

    REPORTED = "reported"
    STARTED = "started"
    WORKED_AROUND = "worked_around"
    FIXED = "fixed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Levelled:
    """From when on a case had a level, by who said so."""

    since: datetime
    level: str


@dataclass(frozen=True, slots=True)
class Case:
    """One reported error. `levels` in order, the present one last; `reference` is its number in a service desk."""

    id: str
    service: str
    reported_at: datetime
    customer_class: str
    levels: tuple[Levelled, ...]
    title: str = ""
    details: str = ""
    reference: str = ""
    reported_by: str = ""
    event: str = ""  # of the downtime log
    cause: Cause = Cause.UNKNOWN
    started_at: datetime | None = None
    workaround_at: datetime | None = None
    fixed_at: datetime | None = None
    supplier_told_at: datetime | None = None
    impossible_since: datetime | None = None  # since when it is on record that there can be no workaround
    withdrawn: bool = False
    told: tuple[tuple[str, Any], ...] = ()  # by field, as a change holds it

    @property
    def level(self) -> str:
        return self.levels[-1].level

    @property
    def corrected_at(self) -> datetime | None:
        """When a temporary or permanent fix brought the service back."""
        return min((at for at in (self.workaround_at, self.fixed_at) if at is not None), default=None)

    @property
    def workaround_impossible(self) -> bool:
        return self.impossible_since is not None

    @property
    def exempt(self) -> bool:
        """Whether there are no targets: the error is the customer's or the operating environment's, or was none."""
        return self.withdrawn or self.cause.excludes

    @property
    def open(self) -> bool:
        return self.fixed_at is None and not self.withdrawn

    @property
    def state(self) -> CaseState:
        if self.withdrawn:
            return CaseState.WITHDRAWN
        if self.fixed_at is not None:
            return CaseState.FIXED
        if self.workaround_at is not None:
            return CaseState.WORKED_AROUND
        return CaseState.REPORTED if self.started_at is None else CaseState.STARTED

    @property
    def supplier_missing(self) -> bool:
        """Whether the supplier of the operating environment, whose error it is, has not been told."""
        return self.cause is Cause.OPERATING_ENVIRONMENT and self.supplier_told_at is None and not self.withdrawn


def cases(changes: Iterable[CaseChange], before: Mapping[str, Case] | None = None) -> dict[str, Case]:
    """All cases by id, in the order of their reports; `before` are those to which the changes are made.

    Raises KeyError, TypeError or ValueError for another's change.
    """
    found = dict(before or {})
    for change in changes:
        found[change.case] = changed(found.get(change.case), change)
    return dict(sorted(found.items(), key=lambda item: (item[1].reported_at, item[0])))


def changed(before: Case | None, change: CaseChange) -> Case:
    """The case after one change. Raises KeyError, TypeError or ValueError where it is none of ours."""
    said = change.change
    if before is None:
        reported_at = instant(said["reported_at"])
        before = Case(change.case, said["service"], reported_at, said["customer_class"], ())
    fields = _fields(said)
    if "level" in said and (not before.levels or before.level != said["level"]):
        since = before.reported_at if not before.levels else change.at
        fields["levels"] = (*before.levels, Levelled(since, str(said["level"])))
    if "workaround_impossible" in fields:
        impossible = fields.pop("workaround_impossible")
        fields["impossible_since"] = (before.impossible_since or change.at) if impossible else None
    return replace(before, **fields)


def _fields(said: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in said.items():
        if name in TEXTS:
            fields[name] = str(value)
        elif name in INSTANTS:
            fields[name] = None if value is None else instant(value)
        elif name in FLAGS:
            fields[name] = bool(value)
        elif name == "cause":
            fields[name] = Cause(value)
        elif name == "told":
            fields[name] = tuple(sorted(value.items()))
        elif name not in ("level", "service"):
            raise ValueError(f"no field of a case: {name}")
    return fields


def case_id(service: str, reported_at: datetime, known: Iterable[str]) -> str:
    """A name for a new case that is not among the known ones."""
    stem = f"{service}-case-{reported_at.astimezone(UTC):%Y%m%d}"
    taken, number = set(known), 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"
