"""A policy as a JSON document: the form in which the ledger keeps the policy's history.

Only what judges time and cases is in it: no announced windows (facts of their own), no alert timings.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .model import BusinessHours, Policy, RecurringWindow
from .support import Support
from .support_document import support_document, support_from_document


def policy_document(policy: Policy) -> dict[str, Any]:
    """Canonical: equal policies give equal documents, also as JSON text; durations are seconds."""
    return {
        "objective_ratio": policy.objective_ratio,
        "timezone": policy.timezone.key,
        "downtime_after_seconds": _seconds(policy.downtime_after),
        "bridge_at_most_seconds": _seconds(policy.bridge_at_most),
        "notice_seconds": _seconds(policy.notice),
        "recurring": [
            {
                "name": window.name,
                "start_minute": window.start_minute,
                "end_minute": window.end_minute,
                "days": sorted(window.days),
                "services": None if window.services is None else sorted(window.services),
            }
            for window in policy.recurring
        ],
        "support": support_document(policy.support, policy.business),
    }


def policy_from_document(document: dict[str, Any]) -> Policy:
    """The policy that `policy_document` was given; what is not in a document has its default.

    Raises ValueError where the document is not one that `policy_document` wrote.
    """
    try:
        support, business = Support(), BusinessHours()
        if "support" in document:
            support, business = support_from_document(document["support"])
        return Policy(
            objective_ratio=document["objective_ratio"],
            timezone=ZoneInfo(document["timezone"]),
            downtime_after=timedelta(seconds=document["downtime_after_seconds"]),
            bridge_at_most=timedelta(seconds=document["bridge_at_most_seconds"]),
            notice=timedelta(seconds=document["notice_seconds"]),
            recurring=tuple(
                RecurringWindow(
                    window["name"],
                    window["start_minute"],
                    window["end_minute"],
                    frozenset(window["days"]),
                    None if window["services"] is None else frozenset(window["services"]),
                )
                for window in document["recurring"]
            ),
            announced=(),
            business=business,
            support=support,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a policy document: {error!r}") from error


def _seconds(duration: timedelta) -> int | float:
    seconds = duration.total_seconds()  # exact to the microsecond for any duration that a policy allows
    return int(seconds) if seconds.is_integer() else seconds
