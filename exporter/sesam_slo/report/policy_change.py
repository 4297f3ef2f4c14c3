"""What a change of policy changed, in words (DESIGN 2, "Policy in time")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..core.durations import format_duration
from ..core.intervals import Interval
from ..core.policy import PolicyTimeline
from ..core.policy_document import policy_document

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, by its key in the file, before and after."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    at: datetime
    settings: tuple[Setting, ...]


def policy_changes(policies: PolicyTimeline, within: Interval) -> tuple[PolicyChange, ...]:
    """Each change inside `within`; what judges no time (alert timings, business hours) is none."""
    found = []
    for at in policies.changes(within):
        before, after = _settings(policies, at - timedelta(microseconds=1)), _settings(policies, at)
        changed = tuple(Setting(key, before[key], after[key]) for key in after if before[key] != after[key])
        if changed:
            found.append(PolicyChange(at, changed))
    return tuple(found)


def _settings(policies: PolicyTimeline, at: datetime) -> dict[str, str]:
    document = policy_document(policies.at(at))
    return {
        "objective": f"{document['objective_ratio'] * 100:.10g} %",
        "timezone": document["timezone"],
        "downtime_after": _duration(document["downtime_after_seconds"]),
        "bridge_at_most": _duration(document["bridge_at_most_seconds"]),
        "maintenance.notice": _duration(document["notice_seconds"]),
        "maintenance.recurring": ", ".join(_window(each) for each in document["recurring"]) or "none",
    }


def _duration(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))


def _window(window: dict[str, Any]) -> str:
    days = "" if len(window["days"]) == len(_DAYS) else " " + "/".join(_DAYS[day] for day in window["days"])
    concerned = "" if window["services"] is None else f" ({'/'.join(window['services'])})"
    return f"{window['name']}{days} {_time(window['start_minute'])}-{_time(window['end_minute'])}{concerned}"


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
