"""Burn rates: how fast a service spends its error budget, by several windows at once.

They come from the smooth counter of failing seconds, over wall time: a counter that is credited with a whole run at
once, as downtime is, would make five minutes look 200 % down. Over wall time, because a ratio of two rates has no
value, or NaN, where nothing was observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sesam_slo.core.durations import format_duration
from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import FAILING_SECONDS, Alert
from sesam_slo.generate.promql import at_least


@dataclass(frozen=True, slots=True)
class BurnRate:
    """The budget burns `factor` times too fast, over the long window and still over the short one."""

    alert: str
    factor: Decimal
    long: timedelta
    short: timedelta


# The SRE workbook, chapter 5 "Alerting on SLOs", table 5-8; the same windows and factors as Sloth's for 30 days.
BURN_RATES = (
    BurnRate(Alert.BUDGET_BURN_FAST, Decimal("14.4"), timedelta(hours=1), timedelta(minutes=5)),
    BurnRate(Alert.BUDGET_BURN_FAST, Decimal("6"), timedelta(hours=6), timedelta(minutes=30)),
    BurnRate(Alert.BUDGET_BURN_SLOW, Decimal("3"), timedelta(days=1), timedelta(hours=2)),
    BurnRate(Alert.BUDGET_BURN_SLOW, Decimal("1"), timedelta(days=3), timedelta(hours=6)),
)
WINDOWS = tuple(sorted({window for burn in BURN_RATES for window in (burn.long, burn.short)}))


def failing_ratio(window: timedelta) -> str:
    """The recorded series with the failing share of wall time over `window`, by service."""
    return f"service:sesam_slo_failing_seconds:rate{format_duration(window)}"


def budget_ratio(objective_ratio: float) -> Decimal:
    """1 − objective, without the noise of binary fractions: 0.005, not 0.0050000000000000044."""
    return (1 - Decimal(repr(objective_ratio))).normalize()


def recording_rules(timings: AlertTimings) -> list[dict[str, Any]]:
    return [
        {
            "record": failing_ratio(window),
            # max, not sum: the counter is a function of the ledger, a second exporter would only repeat it
            "expr": f"max by (service) (rate({FAILING_SECONDS.name}[{at_least(window, timings, scrapes=4)}]))",
        }
        for window in WINDOWS
    ]


def burn_expression(alert: str, objective_ratio: float) -> str:
    """True where one of the alert's pairs of windows burns too fast; the value is the long window's failing share."""
    budget = format(budget_ratio(objective_ratio), "f")
    return "\nor\n".join(
        f"({failing_ratio(burn.long)} > {burn.factor} * {budget}"
        f" and on (service) {failing_ratio(burn.short)} > {burn.factor} * {budget})"
        for burn in BURN_RATES
        if burn.alert == alert
    )
