"""What proves a report: which policy and which log it was made from, and by which versions of what decides dates."""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ..core.history import Frozen, Head
from ..core.intervals import Interval
from ..core.policy import PolicyTimeline
from ..core.policy_document import policy_document
from .month import MonthReport

_ZONE_RULES = "tzdata.zi"  # its first line tells the version of a system's zone database


@dataclass(frozen=True, slots=True)
class Provenance:
    """`policy_sha256` is of the policies in force in the month, `log` the newest revision of the ledger that was read."""

    policy_sha256: str
    log: Head
    versions: Mapping[str, str]

    @classmethod
    def of(cls, policies: PolicyTimeline, month: Interval, log: Head, versions: Mapping[str, str]) -> Provenance:
        return cls(policy_hash(policies, month), log, dict(versions))

    def document(self) -> dict[str, Any]:
        return {
            "policy_sha256": self.policy_sha256,
            "log_sha256": self.log.hash,
            "log_revision": self.log.number,
            "versions": dict(self.versions),
        }


def policy_hash(policies: PolicyTimeline, month: Interval) -> str:
    """Over each policy in force in the month, in order, as canonical JSON with the instant from which it was, in the month."""
    in_force = [[span.start.isoformat(), policy_document(policy)] for span, policy in policies.spans(month)]
    text = json.dumps(in_force, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def freezing(report: MonthReport, document: dict[str, Any], at: datetime, author: str) -> Frozen:
    """The report as the ledger keeps it. Raises ValueError where it is not one to keep; the text says why."""
    if report.what_if:
        raise ValueError("what if is not what was; expected no --set")
    late = min((each for each in report.services if each.open), key=lambda each: each.known_until, default=None)
    if late is not None:
        raise ValueError(
            f"the ledger knows {late.name} up to {late.known_until.isoformat()}, the month ends "
            f"{report.interval.end.isoformat()}; expected a month that is over and accounted for"
        )
    return Frozen(str(report.month), at, author, document)


def versions(sesam_slo: str) -> dict[str, str]:
    """Of what decides which instant a time on the wall is, and which day is a holiday."""
    return {"sesam-slo": sesam_slo, "tzdata": _tzdata(), "holidays": metadata.version("holidays")}


def _tzdata() -> str:
    """Of the zone database that is used: the system's, where it has one, before the package's."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "Europe" / "Oslo").exists():
            try:
                first, _, _ = (folder / _ZONE_RULES).read_text(encoding="utf-8").partition("\n")
            except (OSError, UnicodeDecodeError):
                return "of the system, version unknown"
            return first.removeprefix("# version ")
    return metadata.version("tzdata")
