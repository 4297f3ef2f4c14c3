"""One support case as JSON has it: what was reported and done, and where its clocks stand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .case import INSTANTS, Case
from .deadlines import CaseClock, Moment, SupportRules
from .instants import written
from .log_document import seconds


def case_document(case: Case, rules: SupportRules, at: datetime) -> dict[str, Any]:
    """`at`: up to when running clocks are read."""
    now = rules.moment(case, at)
    return {
        "id": case.id,
        "service": case.service,
        "state": case.state.value,
        "level": case.level,
        "levels": [{"level": each.level, "since": written(each.since)} for each in case.levels],
        "customer_class": case.customer_class,
        "title": case.title,
        "details": case.details,
        "reference": case.reference or None,
        "reported_by": case.reported_by or None,
        "event": case.event or None,
        "cause": case.cause.value,
        **{name: None if (said := getattr(case, name)) is None else written(said) for name in INSTANTS},
        "workaround_impossible": case.workaround_impossible,
        "withdrawn": case.withdrawn,
        "exempt": case.exempt,
        "supplier_missing": case.supplier_missing,
        "clocks": {each.clock.value: _clock(each, now) for each in rules.of(case)},
    }


def _clock(clock: CaseClock, now: Moment) -> dict[str, Any]:
    left = clock.left(now)
    return {
        "deadline": None if clock.deadline is None else written(clock.deadline),
        "note": clock.note,
        "stopped_at": None if clock.stopped_at is None else written(clock.stopped_at),
        "used_seconds": seconds(clock.used(now)),
        "left_seconds": None if left is None else seconds(left),
        "breached": clock.breached(now),
        "met": clock.met(now),
    }
