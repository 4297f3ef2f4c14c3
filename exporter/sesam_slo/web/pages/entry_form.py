"""The form of one log entry: what it shows, and what of it was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ...core.correcting import CorrectionError
from ...core.entry import Entry, Exclusion, Log
from ...core.plain_text import printable
from .forms import Faults, Form, instant, one_line, same_instant, walls

TEXTS = ("details", "symptom", "solution", "reported_by")
INSTANTS = ("start", "end", "reported_at")
_SPARE_ROWS = 1  # empty ones, for another exclusion
_MOST_ROWS = 50


class StaleEntryError(CorrectionError):
    """Somebody else changed the entry after the form was made."""

    def __init__(self, author: str) -> None:
        super().__init__(
            f"{author} has changed this entry meanwhile; the history below says how. Nothing of yours is lost: look at it "
            "again, then save."
        )


def corrections_of(log: Log, id: str) -> int:
    """How often people corrected the entry: a form made before a further correction is stale."""
    return len(log.corrections.get(id, ()))


def shown(entry: Entry, zone: ZoneInfo) -> dict[str, Any]:
    """The text of every field of the form; `exclusions` are rows of such."""
    rows = [_row(each, zone) for each in entry.exclusions]
    return {
        "cause": entry.cause.value,
        **{name: printable(getattr(entry, name)) for name in TEXTS},
        "reported_by": one_line(entry.reported_by),
        **walls(entry.start, "start", zone),
        **walls(entry.end, "end", zone),
        **walls(entry.reported_at, "reported_at", zone),
        "withdrawn": entry.withdrawn,
        "reason": "",
        "exclusions": [*rows, *[_row(None, zone)] * _SPARE_ROWS],
    }


def typed(form: Form) -> dict[str, Any]:
    """The same of what somebody typed."""
    plain = ("cause", *TEXTS, *INSTANTS, *(f"{name}_occurrence" for name in INSTANTS), "reason", "service", "endpoints")
    return {
        **{name: form.text(name) for name in plain},
        "withdrawn": "withdrawn" in form,
        "exclusions": [*_rows(form), *[dict.fromkeys(_ROW, "")] * _SPARE_ROWS],
    }


def wanted(form: Form, entry: Entry, zone: ZoneInfo, faults: Faults) -> Mapping[str, Any]:
    """What `core.correcting.annotate` is to change: the fields that are no longer as the form showed them."""
    now, asked = shown(entry, zone), typed(form)
    found: dict[str, Any] = {name: asked[name] for name in ("cause", *TEXTS) if asked[name] != now[name].strip()}
    for name in INSTANTS:
        if name not in form or same_instant(asked, now, name):
            continue
        found[name] = instant(form, name, zone, faults)
        if found[name] is None and name != "reported_at":
            faults.add(name, "Expected a date and a time.")
    if asked["withdrawn"] != now["withdrawn"]:
        found["withdrawn"] = asked["withdrawn"]
    exclusions = _exclusions(form, entry, zone, faults)
    if exclusions != entry.exclusions:
        found["exclusions"] = exclusions
    return found


def added(form: Form, zone: ZoneInfo, faults: Faults) -> dict[str, Any]:
    """What `core.correcting.add` takes."""
    found: dict[str, Any] = {name: form.text(name) for name in ("cause", *TEXTS) if form.text(name)}
    for name in INSTANTS:
        at = instant(form, name, zone, faults)
        if at is not None:
            found[name] = at
        elif name != "reported_at":
            faults.add(name, "Expected a date and a time.")
    return found


_ROW = ("start", "start_occurrence", "end", "end_occurrence", "reason")


def _row(part: Exclusion | None, zone: ZoneInfo) -> dict[str, str]:
    if part is None:
        return dict.fromkeys(_ROW, "")
    return {**walls(part.start, "start", zone), **walls(part.end, "end", zone), "reason": one_line(part.reason)}


def _rows(form: Form) -> list[dict[str, str]]:
    """The rows of exclusions that somebody filled in, as typed."""
    rows = [{name: form.text(f"exclusion_{row}_{name}") for name in _ROW} for row in range(_MOST_ROWS)]
    return [row for row in rows if row["start"] or row["end"] or row["reason"]]


def _exclusions(form: Form, entry: Entry, zone: ZoneInfo, faults: Faults) -> tuple[Exclusion, ...]:
    found = []
    for number, row in enumerate(_rows(form)):
        known = next((each for each in entry.exclusions if _same_row(row, _row(each, zone))), None)
        if known is not None:  # to the microsecond as it was
            found.append(known)
            continue
        field = f"exclusion_{number}"
        only = Form(tuple((f"{field}_{name}", text) for name, text in row.items()))
        start, end = (instant(only, f"{field}_{name}", zone, faults) for name in ("start", "end"))
        for name, value in (("start", start), ("end", end), ("reason", row["reason"])):
            if not value:
                missing = "Expected why it does not count." if name == "reason" else "Expected a date and a time."
                faults.add(f"{field}_{name}", missing)
        if start is not None and end is not None:
            found.append(Exclusion(start, end, row["reason"]))
    return tuple(found)


def _same_row(row: Mapping[str, str], known: Mapping[str, str]) -> bool:
    return row["reason"] == known["reason"].strip() and all(same_instant(row, known, name) for name in ("start", "end"))
