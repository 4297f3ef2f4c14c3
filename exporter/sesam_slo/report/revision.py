"""Two reports of one month held against each other: as first reported and as corrected, or as configured and as set.

Both are documents (`document.report_document`): one of them was frozen, perhaps years ago, by another version of this program.
What it does not say is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..core.history import Frozen
from ..core.instants import written


class Kind(StrEnum):
    """Why there is something to hold a report against; the key of it in JSON."""

    FIRST_REPORTED = "as_first_reported"
    CONFIGURED = "as_configured"


class Measure(StrEnum):
    """What a value is, and so how people read it."""

    RATIO = "ratio"
    SECONDS = "seconds"
    INSTANT = "instant"
    CAUSE = "cause"
    COUNT = "count"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what it was; `service` is "" in total, `event` "" where it is a figure.

    `before` and `after` are None where there was, or is, no such value.
    """

    service: str
    event: str
    name: str
    measure: Measure
    before: Any
    after: Any

    def document(self) -> dict[str, Any]:
        return {
            "service": self.service or None,
            "event": self.event or None,
            "name": self.name,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a report is held against. `about` is what JSON says of it: of a frozen report all of it."""

    kind: Kind
    about: Mapping[str, Any]
    document: Mapping[str, Any]
    differences: tuple[Difference, ...]

    def figures(self, service: str) -> Mapping[str, Any] | None:
        """Of a service, in total where `service` is ""; None where it was not reported."""
        found = self.document.get("services", {}).get(service) if service else self.document.get("total")
        return found if isinstance(found, Mapping) else None


def as_first_reported(frozen: Frozen, now: Mapping[str, Any]) -> Earlier:
    """`now` is the document of the same month, of all services or some: only those are compared."""
    about = {"at": written(frozen.at), "author": frozen.author, "report": frozen.document}
    return Earlier(Kind.FIRST_REPORTED, about, frozen.document, tuple(_differences(frozen.document, now)))


def as_configured(configured: Mapping[str, Any], what_if: Mapping[str, Any], overrides: tuple[str, ...]) -> Earlier:
    about = {"set": list(overrides), "report": configured}
    return Earlier(Kind.CONFIGURED, about, configured, tuple(_differences(configured, what_if)))


_FIGURES = {
    ("availability",): ("availability", Measure.RATIO),
    ("availability_bounds", "unobserved_as_up"): ("unobserved as up", Measure.RATIO),
    ("availability_bounds", "unobserved_as_down"): ("unobserved as down", Measure.RATIO),
    ("objective",): ("objective", Measure.RATIO),
    ("agreed_seconds",): ("agreed time", Measure.SECONDS),
    ("maintenance_seconds",): ("maintenance", Measure.SECONDS),
    ("downtime_seconds", "unplanned"): ("unplanned downtime", Measure.SECONDS),
    ("downtime_seconds", "planned"): ("planned downtime", Measure.SECONDS),
    ("downtime_seconds", "excluded"): ("excluded downtime", Measure.SECONDS),
    ("unobserved_seconds",): ("unobserved time", Measure.SECONDS),
    ("error_budget_seconds",): ("error budget", Measure.SECONDS),
    ("error_budget_remaining_seconds",): ("error budget left", Measure.SECONDS),
}
_THERE = "in the log"
_EVENT = {
    "start": Measure.INSTANT,
    "end": Measure.INSTANT,
    "endpoints": Measure.TEXT,
    "cause": Measure.CAUSE,
    "details": Measure.TEXT,
    "symptom": Measure.TEXT,
    "solution": Measure.TEXT,
    "reported_at": Measure.INSTANT,
    "reported_by": Measure.TEXT,
    "unplanned_seconds": Measure.SECONDS,
    "planned_seconds": Measure.SECONDS,
    "excluded_seconds": Measure.SECONDS,
}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """In the order in which a person reads: each service, its figures, its events; then in total."""
    now, then = after["services"], before["services"]
    for name in now:
        was = then.get(name, {})
        yield from _of_figures(name, was, now[name])
        yield from _of_events(name, was.get("downtime", ()), now[name]["downtime"])
    if not now.keys() < then.keys():  # else only some services were asked for
        yield from _of_figures("", before["total"], after["total"])
        yield from _of_support(before, after)


def _of_figures(service: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for path, (name, measure) in _FIGURES.items():
        was, now = _at(before, path), _at(after, path)
        if was != now and (before == {} or _holds(before, path)):
            yield Difference(service, "", name, measure, was, now)


def _of_support(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Targets met and missed, and points; a report of a version that did not know them is not compared."""
    was, now = (_counts(each["support"]) if "support" in each else None for each in (before, after))
    if was is None or now is None:
        return
    for service, name in dict.fromkeys((*was, *now)):
        then, since = was.get((service, name)), now.get((service, name))
        if then != since:
            yield Difference(service, "", name, Measure.COUNT, then, since)


def _counts(support: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    found = {
        ("", f"level {each['level']}, {each['target']}, {result}"): each[result]
        for each in support["targets"]
        for result in ("met", "missed")
    }
    for service, each in (support["points"] or {}).items():
        found[service, "points"] = each["counted"]
        found[service, "fee reduction in percent"] = each["fee_reduction_percent"]
    return found


def _of_events(service: str, before: Any, after: Any) -> Iterator[Difference]:
    # An event that only a what-if knows has no id: its start tells it.
    was_known = {each["id"] or each["start"]: each for each in before}
    known = {each["id"] or each["start"]: each for each in after}
    for id in sorted({*was_known, *known}):
        was, now = was_known.get(id, {}), known.get(id, {})
        if not (was and now):
            before_it, after_it = (_THERE if each else None for each in (was, now))
            yield Difference(service, id, "event", Measure.TEXT, before_it, after_it)
        for name, measure in _EVENT.items():
            then, since = _value(was.get(name)), _value(now.get(name))
            both_say = name in was and name in now
            counts = measure is Measure.SECONDS and bool(then or since)  # of one that came or went that says enough
            if then != since and (both_say or counts):
                yield Difference(service, id, name.removesuffix("_seconds").replace("_", " "), measure, then, since)


def _value(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(document, Mapping) or key not in document:
            return None
        document = document[key]
    return document


def _holds(document: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    return path[-1] in (_at(document, path[:-1]) or {})
