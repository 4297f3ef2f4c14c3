"""What a change of policy changed, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..core.durations import format_duration
from ..core.intervals import Interval
from ..core.policy import PolicyTimeline
from ..core.policy_document import policy_document
from ..core.support import Clock

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
    """Each change inside `within`; what judges nothing (alert timings) is none."""
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
        **_support(document["support"]),
    }


def _support(document: dict[str, Any]) -> dict[str, str]:
    hours, holidays, points = document["business_hours"], document["holidays"], document["points"]
    days = "/".join(_DAYS[day] for day in hours["days"])
    extra = ", ".join([holidays["country"], *holidays["every_year"], *holidays["once"]])
    return {
        "support.business_hours": f"{days} {_time(hours['start_minute'])}-{_time(hours['end_minute'])}"
        f", a day is {format_duration(timedelta(minutes=hours['day_minutes']))}",
        "support.holidays": extra,
        "support.classes": ", ".join(document["classes"]),
        **{f"support.{clock.value}": _targets(document["levels"], clock) for clock in Clock},
        "support.points": "none" if points is None else _points(points),
    }


def _targets(levels: list[dict[str, Any]], clock: Clock) -> str:
    return "; ".join(
        f"{level['name']} "
        + ", ".join(f"{customer_class} {said[clock.value]}" for customer_class, said in level["targets"].items())
        for level in levels
    )


def _points(points: dict[str, Any]) -> str:
    minutes = [
        (_minutes(start), None if end is None else _minutes(end), each) for start, end, each in points["downtime"]
    ]
    overrun = (f"{level} {', '.join(map(_step, bands))}" for level, bands in points["overrun"].items())
    return "; ".join(
        [
            "downtime " + (", ".join(f"{_band(*bounds)}: {each}" for *bounds, each in minutes) or "none"),
            *(f"overrun {each}" for each in overrun),
            "reduction "
            + (", ".join(f"{_band(start, end)}: {percent} %" for start, end, percent in points["reduction"]) or "none"),
        ]
    )


def _step(band: list[Any]) -> str:
    return f"more: {band[1]}" if band[0] is None else f"up to {band[0]} times: {band[1]}"


def _band(start: Any, end: Any) -> str:
    return f"{start} and more" if end is None else f"{start}-{end}"


def _minutes(minutes: int) -> str:
    return format_duration(timedelta(minutes=minutes))


def _duration(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))


def _window(window: dict[str, Any]) -> str:
    days = "" if len(window["days"]) == len(_DAYS) else " " + "/".join(_DAYS[day] for day in window["days"])
    concerned = "" if window["services"] is None else f" ({'/'.join(window['services'])})"
    return f"{window['name']}{days} {_time(window['start_minute'])}-{_time(window['end_minute'])}{concerned}"


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
