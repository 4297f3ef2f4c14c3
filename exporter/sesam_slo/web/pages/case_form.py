"""The form of one support case: what it shows, and what of it was changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ...core.case import Case
from ...core.correcting import CorrectionError
from ...core.plain_text import printable
from .forms import Faults, Form, instant, one_line, same_instant, walls

LINES = ("title", "reference", "reported_by", "event")
WORDS = ("service", "level", "customer_class", "cause")
INSTANTS = ("reported_at", "started_at", "workaround_at", "fixed_at", "supplier_told_at")
FLAGS = ("workaround_impossible", "withdrawn")
NOW = ("started_at", "workaround_at", "fixed_at")  # what can be said by one press of a button


class StaleCaseError(CorrectionError):
    """Somebody else changed the case after the form was made."""

    def __init__(self) -> None:
        super().__init__(
            "The case was changed meanwhile; its history says how. Nothing of yours is lost: look at it again, then save."
        )


def shown(case: Case, zone: ZoneInfo) -> dict[str, Any]:
    """The text of every field of the form."""
    found: dict[str, Any] = {
        "service": case.service,
        "level": case.level,
        "customer_class": case.customer_class,
        "cause": case.cause.value,
        "details": printable(case.details),
        **{name: one_line(getattr(case, name)) for name in LINES},
        **{name: getattr(case, name) for name in FLAGS},
        "reason": "",
    }
    for name in INSTANTS:
        found |= walls(getattr(case, name), name, zone)
    return found


def typed(form: Form) -> dict[str, Any]:
    """The same of what somebody typed."""
    plain = (*WORDS, *LINES, "details", *INSTANTS, *(f"{name}_occurrence" for name in INSTANTS), "reason")
    return {**{name: form.text(name) for name in plain}, **{name: name in form for name in FLAGS}}


def seen(case: Case, zone: ZoneInfo) -> str:
    """Stands for what the form showed: sent with it, it tells whether the case is still so."""
    return hashlib.sha256(json.dumps(shown(case, zone)).encode()).hexdigest()[:16]


def wanted(form: Form, case: Case, zone: ZoneInfo, faults: Faults) -> Mapping[str, Any]:
    """What `core.case_changes.change` is to change: the fields that are no longer as the form showed them."""
    now, asked = shown(case, zone), typed(form)
    texts = ("level", "customer_class", "cause", "details", *LINES)
    found: dict[str, Any] = {name: asked[name] for name in texts if asked[name] != now[name].strip()}
    found |= {name: asked[name] for name in FLAGS if asked[name] != now[name]}
    for name in INSTANTS:
        if not same_instant(asked, now, name):
            found[name] = instant(form, name, zone, faults)
    if "reported_at" in found and found["reported_at"] is None:
        faults.add("reported_at", "Expected when it was reported.")
    return found


def reported(form: Form, zone: ZoneInfo, faults: Faults) -> dict[str, Any]:
    """What `core.case_changes.report` takes."""
    found: dict[str, Any] = {
        name: form.text(name) for name in (*WORDS, "details", *LINES) if form.text(name) and name in form
    }
    for name in ("service", "level", "customer_class"):
        if name not in found:
            faults.add(name, "Expected one of the list.")
    at = instant(form, "reported_at", zone, faults)
    return found if at is None else {**found, "reported_at": at}
