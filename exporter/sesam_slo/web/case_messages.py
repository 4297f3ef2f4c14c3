"""What may be said of a support case in a request: the fields, and what of them is wanted (docs/http.md, "Support cases")."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict

from ..core.correcting import MAX_NAME, MAX_TEXT
from .request_body import Instant

Cause = Literal["unknown", "sesam", "customer", "operating_environment"]


class Said(BaseModel):
    """What can be said of a case; a field that is left out stays as it is, an instant that is null is taken back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    author: str
    reason: str = ""
    level: str | None = None
    customer_class: str | None = None
    title: str | None = None
    details: str | None = None
    reference: str | None = None
    reported_by: str | None = None
    event: str | None = None
    cause: Cause | None = None
    reported_at: Instant | None = None
    started_at: Instant | None = None
    workaround_at: Instant | None = None
    fixed_at: Instant | None = None
    supplier_told_at: Instant | None = None
    workaround_impossible: bool | None = None
    withdrawn: bool | None = None

    def wanted(self) -> dict[str, Any]:
        """Null is a value of an instant alone."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"author", "reason"}}
        return {name: value for name, value in given.items() if value is not None or name in _TAKEN_BACK}


_TAKEN_BACK = ("started_at", "workaround_at", "fixed_at", "supplier_told_at")


class CaseReport(Said):
    """A new case; without `reported_at` it was reported now."""

    service: str
    level: str
    customer_class: str


class CaseUpdate(Said):
    """What is to be otherwise."""


def _blank_is_left_out(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


_Blank = BeforeValidator(_blank_is_left_out)
_LaxInstant = Annotated[
    Instant, Strict(False)
]  # what a validator has looked at is no JSON any more: text would be refused


class Webhook(Said):
    """What a service desk says of a case, known by its `reference`; templates write blanks where they have no value."""

    reference: str
    service: Annotated[str | None, _Blank] = None
    level: Annotated[str | None, _Blank] = None
    customer_class: Annotated[str | None, _Blank] = None
    title: Annotated[str | None, _Blank] = None
    details: Annotated[str | None, _Blank] = None
    reported_by: Annotated[str | None, _Blank] = None
    event: Annotated[str | None, _Blank] = None
    cause: Annotated[Cause | None, _Blank] = None
    reported_at: Annotated[_LaxInstant | None, _Blank] = None
    started_at: Annotated[_LaxInstant | None, _Blank] = None
    workaround_at: Annotated[_LaxInstant | None, _Blank] = None
    fixed_at: Annotated[_LaxInstant | None, _Blank] = None
    supplier_told_at: Annotated[_LaxInstant | None, _Blank] = None

    def wanted(self) -> dict[str, Any]:
        """A blank says nothing, and takes back no instant; texts are made to fit, so that no case is lost for one."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"author", "reason"}}
        wanted = {name: value for name, value in given.items() if value is not None}
        for name, most in (("title", MAX_NAME), ("reported_by", MAX_NAME), ("details", MAX_TEXT)):
            if name in wanted:
                wanted[name] = _fitting(wanted[name], most, lines=name == "details")
        return wanted


def _fitting(text: str, most: int, *, lines: bool) -> str:
    """Without control characters, in one line unless `lines` are allowed, cut where it is too long."""
    text = text.replace("\r\n", "\n") if lines else " ".join(text.split())
    text = "".join(each for each in text if each.isprintable() or each == "\n")
    return text if len(text) <= most else text[: most - 1] + "…"
