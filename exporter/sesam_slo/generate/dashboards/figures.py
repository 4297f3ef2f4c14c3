"""How figures of the account are written: ratios as the objective has them and rounded down, budgets in hours and minutes."""

from __future__ import annotations

from decimal import Decimal

from sesam_slo.core.model import Config
from sesam_slo.generate.dashboards.grafana import Json, steps
from sesam_slo.generate.dashboards.palette import BRIGHT_AMBER, BRIGHT_GREEN, BRIGHT_RED


def objective_of(config: Config) -> Decimal:
    """Without the noise of binary fractions."""
    return Decimal(f"{config.policy.objective_ratio:.12f}").normalize()


def rounded_down(config: Config, ratio: str) -> str:
    """To the decimals that are shown: what is below the objective must not look as if it met it."""
    scale = 10 ** (_decimals(config) + 2)
    return f"floor({scale} * {ratio}) / {scale}"


def ratio_unit(config: Config) -> Json:
    return {"unit": "percentunit", "decimals": _decimals(config)}


def budget_unit(config: Config) -> Json:
    """02h:44m, 48m:10s. That unit writes hours with two digits: where a month may have more, 4 days, 7 hours."""
    fits = (1 - objective_of(config)) * 31 * 24 < 100
    return {"unit": "clocks" if fits else "dtdurations", "decimals": 1}


def budget_steps(config: Config) -> Json:
    """Red when it is used up, amber below a quarter of what 30 days allow."""
    quarter = float((1 - objective_of(config)) * 30 * 86400 / 4)
    return steps(BRIGHT_RED, (0.001, BRIGHT_AMBER), (max(quarter, 0.002), BRIGHT_GREEN))


def _decimals(config: Config) -> int:
    """Of a percentage: as many as the objective has, at least two."""
    exponent = objective_of(config).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(2, -exponent - 2)


def percent_rounded_down(config: Config, ratio: str) -> str:
    """The same as a percentage: of a quotient of whole numbers, so that it is written without the noise of fractions."""
    scale = 10 ** _decimals(config)
    return f"floor({100 * scale} * {ratio}) / {scale}"
