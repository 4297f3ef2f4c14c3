"""Forms as browsers send them: read within bounds, each field turned into what it means, or into what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from fastapi import Request

from ...core.plain_text import printable

MAX_BYTES = 256 * 1024
MAX_FIELDS = 500
FORM_TOKEN = "form_token"  # noqa: S105 - a field's name
FIRST, SECOND = "first", "second"  # of an hour that the clock shows twice


class FormError(Exception):
    """A body that is none of our forms; `status` as HTTP has it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, field by field in the order of the form; new lines are single characters."""

    fields: tuple[tuple[str, str], ...] = ()

    def __contains__(self, name: str) -> bool:
        return any(each == name for each, _ in self.fields)

    def text(self, name: str) -> str:
        """The field without space around it; "" where it was not sent."""
        return next((value for each, value in self.fields if each == name), "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for each, value in self.fields if each == name)

    def without(self, *names: str) -> Form:
        return Form(tuple((name, value) for name, value in self.fields if name not in names))


async def form_of(request: Request) -> Form:
    """Raises FormError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise FormError(415, "This is not a form that the page has.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise FormError(413, f"This form is larger than {MAX_BYTES // 1024} KiB.")
    return form_from(body.decode("utf-8", "replace"))


def form_from(text: str) -> Form:
    """Raises FormError."""
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace")
    except ValueError:
        raise FormError(413, f"This form has more than {MAX_FIELDS} fields.") from None
    return Form(tuple((name, value.replace("\r\n", "\n").replace("\r", "\n")) for name, value in fields))


@dataclass(slots=True)
class Faults:
    """What is wrong, by field; "" is of the form as a whole."""

    found: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, name: str, message: str) -> None:
        self.found.setdefault(name, message)

    def get(self, name: str) -> str | None:
        return self.found.get(name)

    @property
    def beside_fields(self) -> Mapping[str, str]:
        return {name: message for name, message in self.found.items() if name}


def wall(at: datetime | None, zone: ZoneInfo) -> str:
    """An instant as a field of local time holds it: to the second, or to its last digit where it has a fraction."""
    if at is None:
        return ""
    local = at.astimezone(zone).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")


def occurrence(at: datetime | None, zone: ZoneInfo) -> str:
    """Which of the two it is, in an hour that the clock shows twice; "" in any other."""
    if at is None or not _twice(at.astimezone(zone).replace(tzinfo=None), zone):
        return ""
    return SECOND if at.astimezone(zone).fold else FIRST


def walls(at: datetime | None, name: str, zone: ZoneInfo) -> dict[str, str]:
    """The field of an instant and the one that says which of two it is."""
    return {name: wall(at, zone), f"{name}_occurrence": occurrence(at, zone)}


def same_instant(asked: Mapping[str, str], now: Mapping[str, str], name: str) -> bool:
    """Whether a field of local time was left as it was; browsers leave out seconds that are zero."""
    if asked[f"{name}_occurrence"] != now[f"{name}_occurrence"]:
        return False
    return _bare(asked[name]) == _bare(now[name])


def _bare(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def one_line(text: str) -> str:
    """As a field of one line holds it: it would drop a new line."""
    return " ".join(printable(text).split("\n"))


def instant(form: Form, name: str, zone: ZoneInfo, faults: Faults) -> datetime | None:
    """The instant in a field of local time; None where it is empty or, with a fault noted, is none.

    In an hour that the clock shows twice the field `NAME_occurrence` says which.
    """
    text = form.text(name)
    if not text:
        return None
    try:
        bare = datetime.fromisoformat(text)
    except ValueError:
        faults.add(name, "Not a date and a time. Expected one such as 2026-12-05T20:00.")
        return None
    if bare.tzinfo is not None:
        return bare.astimezone(UTC) if _in_reach(bare, name, faults) else None
    if not _in_reach(bare, name, faults):
        return None
    chosen = form.text(f"{name}_occurrence")
    local = bare.replace(tzinfo=zone, fold=int(chosen == SECOND))
    if _twice(bare, zone) and chosen not in (FIRST, SECOND):
        faults.add(name, "The clock shows this time twice on that night. Choose which of the two.")
        return None
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != bare:
        faults.add(name, "The clock skips this time on that night. Expected a time that there is.")
        return None
    return local.astimezone(UTC)


def _in_reach(at: datetime, name: str, faults: Faults) -> bool:
    if 1970 < at.year < 3000:
        return True
    faults.add(name, "Expected a year from 1971 to 2999.")
    return False


def _twice(bare: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock shows this time twice: not one that it skips, whose two readings differ as well."""
    first, second = (bare.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return first.utcoffset() != second.utcoffset() and (
        first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == bare
    )
