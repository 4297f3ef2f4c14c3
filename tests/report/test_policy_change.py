"""What a change of policy changed of support, in the report's words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sesam_slo.config import load
from sesam_slo.core.intervals import Interval
from sesam_slo.core.model import BusinessHours, Policy
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.support import Support
from sesam_slo.report.policy_change import policy_changes

OLDER = load(Path(__file__).parents[2] / "docs" / "examples" / "older-agreement.yml").policy
AT = datetime(2026, 6, 10, tzinfo=UTC)
MONTH = Interval(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def changes(before: Policy, after: Policy) -> dict[str, tuple[str, str]]:
    found = policy_changes(PolicyTimeline(((MONTH.start, before), (AT, after))), MONTH)
    return {each.key: (each.before, each.after) for change in found for each in change.settings if change.at == AT}


@pytest.mark.contract("business-hours")
def test_business_hours_and_days_off() -> None:
    hours = BusinessHours(frozenset(range(7)), 0, 1440, "SE", (), (date(2027, 5, 18),), timedelta(hours=24))
    assert changes(Policy(), Policy(business=hours)) == {
        "support.business_hours": (
            "mon/tue/wed/thu/fri 08:00-16:00, a day is 8h",
            "mon/tue/wed/thu/fri/sat/sun 00:00-24:00, a day is 1d",
        ),
        "support.holidays": ("NO, 12-24, 12-31", "SE, 2027-05-18"),
    }


@pytest.mark.contract("levels")
def test_classes_targets_and_points() -> None:
    found = changes(Policy(), OLDER)
    assert list(found) == [f"support.{each}" for each in ("classes", "reaction", "workaround", "fix", "points")]
    assert found["support.classes"] == ("partner, user", "enterprise, standard, basic")
    assert found["support.reaction"] == (
        "A partner 8h, user none; B partner 2d, user none; C partner none, user none",
        "A basic none, enterprise 1h, standard 8h; B basic none, enterprise 4h, standard 2d; "
        "C basic none, enterprise none, standard none",
    )
    assert found["support.points"] == (
        "none",
        "downtime 1h-2h: 4, 2h-4h: 8, 4h-6h: 12, 6h-10h: 15, 10h and more: 25; "
        "overrun A up to 2 times: 4, up to 4 times: 6, up to 8 times: 8, more: 10; "
        "overrun B up to 2 times: 2, up to 4 times: 4, up to 8 times: 6, more: 8; "
        "reduction 11-20: 5 %, 21-30: 10 %, 31-40: 15 %, 41-50: 20 %, 51-60: 25 %, 61 and more: 40 %",
    )


def test_what_judges_nothing_is_no_change() -> None:
    assert changes(Policy(), Policy(support=Support(opens_cases=True))) == {}
