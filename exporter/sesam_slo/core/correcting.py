"""What a person asks of the downtime log -> the change to record, or why it cannot be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from .entry import Entry, Exclusion, Log, added_id, changed
from .history import Correction
from .instants import written
from .model import Cause

MAX_TEXT = 10_000  # characters: a log entry is no archive
MAX_NAME = 200
_TEXTS = ("details", "symptom", "solution", "reported_by")
_INSTANTS = ("reported_at", "start", "end")


class CorrectionError(ValueError):
    """Why an entry, or a support case, cannot be changed so; the message says what is expected."""


class UnknownNameError(CorrectionError):
    """It names a service, a level or a class that there is not."""


def annotate(log: Log, id: str, wanted: Mapping[str, Any], *, author: str, reason: str, now: datetime) -> Correction:
    """The correction that makes the entry as wanted.

    wanted: some of cause, details, symptom, solution, reported_by (text), reported_at, start, end (aware datetimes),
    exclusions (all of them, a sequence of Exclusion), withdrawn. What is so already is left out.
    Raises CorrectionError.
    """
    before = find(log, id)
    change = {name: value for name, value in _change(wanted).items() if value != _now(before, name)}
    if not change:
        raise CorrectionError(f"{before.id}: nothing to change, the entry says so already")
    if "end" in change and before.end is None:
        raise CorrectionError(f"{before.id}: its end cannot be set while it goes on; expected an entry that has ended")
    _check(changed(before, change), now)
    return Correction(before.id, now, author_of(author), text_of("reason", reason), change)


def add(
    log: Log,
    service: str,
    endpoints: Collection[str],
    wanted: Mapping[str, Any],
    *,
    author: str,
    reason: str,
    now: datetime,
) -> Correction:
    """The correction that adds an entry by hand: downtime that the probes could not see.

    log: of the service, so that the entry gets an id of its own. wanted: as for `annotate`; start and end are needed.
    Raises CorrectionError.
    """
    change = _change(wanted)
    for name in ("start", "end"):
        if change.get(name) is None:
            raise CorrectionError(f"{name}: missing; an entry that is added needs a start and an end")
    id = added_id(service, wanted["start"], (*log.events, *log.corrections))
    change["added"] = {"service": service, "endpoints": sorted(set(endpoints))}
    bare = Entry(id, service, wanted["start"], wanted["end"], tuple(sorted(set(endpoints))), added=True)
    _check(changed(bare, change), now)
    return Correction(id, now, author_of(author), text_of("reason", reason), change)


def find(log: Log, id: str) -> Entry:
    """The entry with this id, or with the only id that begins so. Raises CorrectionError."""
    if id in log.entries:
        return log.entries[id]
    if (event := log.events.get(id)) is not None and event.merged_into is not None:
        raise CorrectionError(f"{id}: was merged into {event.merged_into}; expected that id")
    found = [each for each in log.entries if each.startswith(id)] if id else []
    if len(found) == 1:
        return log.entries[found[0]]
    if found:
        raise CorrectionError(
            f"{id}: {len(found)} entries begin so, {found[0]} and {found[1]} among them; expected a whole id"
        )
    raise CorrectionError(f"{id}: no such entry in the downtime log; `sesam-slo log list` shows their ids")


def _change(wanted: Mapping[str, Any]) -> dict[str, Any]:
    change: dict[str, Any] = {}
    for name, value in wanted.items():
        if name == "cause":
            if value not in {each.value for each in Cause}:
                raise CorrectionError(f"cause: {value!r}; expected one of {', '.join(Cause)}")
            change[name] = str(value)
        elif name in _TEXTS:
            change[name] = text_of(name, value)
        elif name in _INSTANTS:
            change[name] = None if value is None else written(value)
        elif name == "exclusions":
            change[name] = [
                {"start": written(each.start), "end": written(each.end), "reason": text_of("reason", each.reason)}
                for each in value
            ]
        elif name == "withdrawn":
            change[name] = bool(value)
        else:
            raise CorrectionError(f"{name}: no such field of an entry")
    return change


def _now(entry: Entry, name: str) -> Any:
    """What the entry says, as a change would."""
    if name == "exclusions":
        return _change({"exclusions": entry.exclusions})["exclusions"]
    value = getattr(entry, name)
    if isinstance(value, datetime):
        return written(value)
    return value.value if isinstance(value, Cause) else value


def _check(entry: Entry, now: datetime) -> None:
    end = entry.end if entry.end is not None else now
    if entry.start >= end:
        raise CorrectionError(f"{entry.id}: end {_shown(end)} is not after its start {_shown(entry.start)}")
    if end > now:
        raise CorrectionError(f"{entry.id}: end {_shown(end)} lies ahead; expected what has happened")
    if entry.reported_at is not None and entry.reported_at > now:
        raise CorrectionError(
            f"{entry.id}: reported_at {_shown(entry.reported_at)} lies ahead; expected what has happened"
        )
    for part in entry.exclusions:
        _check_part(entry, part, end)


def _check_part(entry: Entry, part: Exclusion, end: datetime) -> None:
    shown = f"exclusion {_shown(part.start)} to {_shown(part.end)}"
    if part.start >= part.end:
        raise CorrectionError(f"{entry.id}: {shown} ends before it starts")
    if part.end <= entry.start or end <= part.start:
        raise CorrectionError(
            f"{entry.id}: {shown} lies outside the entry; expected a part of {_shown(entry.start)} to {_shown(end)}"
        )
    if not part.reason:
        raise CorrectionError(f"{entry.id}: {shown} has no reason; expected why it does not count")


def author_of(author: str) -> str:
    name = text_of("author", author)
    if not name or len(name) > MAX_NAME or "\n" in name:
        raise CorrectionError(f"author: expected a name of one line and at most {MAX_NAME} characters")
    return name


def text_of(name: str, value: Any) -> str:
    text = str(value).strip()
    if len(text) > MAX_TEXT:
        raise CorrectionError(f"{name}: {len(text)} characters; expected at most {MAX_TEXT}")
    if any(
        (ord(each) < 32 and each not in "\n\t") or 0xD800 <= ord(each) <= 0xDFFF or ord(each) == 127 for each in text
    ):
        raise CorrectionError(f"{name}: holds control characters; expected plain text")
    return text


def _shown(at: datetime) -> str:
    return written(at)
