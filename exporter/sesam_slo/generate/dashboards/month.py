"""The month against the objective: its worst service, what is left of the error budget, and each service."""

from __future__ import annotations

from decimal import Decimal

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import AVAILABILITY_BOUND_RATIO, AVAILABILITY_RATIO, ERROR_BUDGET_REMAINING_SECONDS
from sesam_slo.generate.dashboards.grafana import (
    Json,
    at_most,
    override,
    sorted_by,
    stat,
    steps,
    table,
    table_rows,
    target,
    transformation,
    words,
)
from sesam_slo.generate.dashboards.palette import (
    BRIGHT_AMBER,
    BRIGHT_GREEN,
    BRIGHT_PURPLE,
    BRIGHT_RED,
    NEUTRAL,
    NOT_SEEN,
)


def month_worst(config: Config, at: GridPos) -> Panel:
    objective, half = _objective(config), (1 + _objective(config)) / 2
    worst = f'bottomk(1, {AVAILABILITY_RATIO.name}{{window="month"}})'
    return stat(
        f"This month, worst (objective {(100 * objective).normalize():f} %)",
        "Availability of the worst service in this calendar month, planned maintenance deducted, rounded down."
        " Amber: more than half of the error budget is used. Red: below the objective.",
        [target(_rounded_down(config, worst), legend="{{service}}")],
        at,
        sizes=(22, 64),
        field={
            **_ratio_unit(config),
            "mappings": words({}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_RED, (float(objective), BRIGHT_AMBER), (float(half), BRIGHT_GREEN)),
        },
        without_data="NOT SEEN",
    )


def budget_worst(config: Config, at: GridPos) -> Panel:
    worst = f'bottomk(1, {ERROR_BUDGET_REMAINING_SECONDS.name}{{window="month"}})'
    return stat(
        "Downtime budget left, worst",
        "What the objective still allows of unplanned downtime in this calendar month, of the service that has least."
        " Hours and minutes.",
        [target(worst, legend="{{service}}")],
        at,
        sizes=(22, 64),
        field={
            **_budget_unit(config),
            "mappings": [at_most(0, ("USED UP", BRIGHT_RED)), *words({}, without_data=NOT_SEEN)],
            "thresholds": _budget_steps(config),
        },
        without_data="NOT SEEN",
    )


def month_by_service(config: Config, at: GridPos) -> Panel:
    ratio = _ratio_unit(config)
    availability = f'max by (service) ({AVAILABILITY_RATIO.name}{{window="month"}})'
    bound = f'max by (service) ({AVAILABILITY_BOUND_RATIO.name}{{window="month",bound="unobserved_as_down"}})'
    budget = f'min by (service) ({ERROR_BUDGET_REMAINING_SECONDS.name}{{window="month"}})'
    objective = float(_objective(config))
    coloured = {"custom__cellOptions": {"type": "color-text"}, "color": {"mode": "thresholds"}}
    unseen = {"mappings": words({}, without_data=NOT_SEEN)}
    return table(
        "This month by service, least budget first",
        "Availability by what was observed; 'at least' is what it would be if all that was not seen had been down."
        " Budget left: unplanned downtime that the objective still allows.",
        [
            target(_rounded_down(config, availability), ref="A", table=True),
            target(_rounded_down(config, bound), ref="B", table=True),
            target(budget, ref="C", table=True),
        ],
        at,
        without_data="NOT SEEN",
        transformations=[
            transformation("merge"),
            sorted_by("service"),
            sorted_by("Value #C"),
            transformation("limit", limitField=table_rows(at)),
            transformation(
                "organize",
                excludeByName={"Time": True},
                indexByName={"service": 0, "Value #A": 1, "Value #B": 2, "Value #C": 3},
                renameByName={"Value #A": "availability", "Value #B": "at least", "Value #C": "budget left"},
            ),
        ],
        overrides=[
            override("availability", **ratio, **coloured, **unseen, thresholds=steps(BRIGHT_RED, (objective, NEUTRAL))),
            override("at least", **ratio, **coloured, **unseen, thresholds=steps(BRIGHT_PURPLE, (objective, NEUTRAL))),
            override(
                "budget left",
                **_budget_unit(config),
                **coloured,
                mappings=[at_most(0, ("USED UP", BRIGHT_RED))],
                thresholds=_budget_steps(config),
            ),
        ],
    )


def _objective(config: Config) -> Decimal:
    """Without the noise of binary fractions."""
    return Decimal(f"{config.policy.objective_ratio:.12f}").normalize()


def _rounded_down(config: Config, ratio: str) -> str:
    """To the decimals that are shown: what is below the objective must not look as if it met it."""
    scale = 10 ** (_decimals(config) + 2)
    return f"floor({scale} * {ratio}) / {scale}"


def _ratio_unit(config: Config) -> Json:
    return {"unit": "percentunit", "decimals": _decimals(config)}


def _decimals(config: Config) -> int:
    """Of a percentage: as many as the objective has, at least two."""
    exponent = _objective(config).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(2, -exponent - 2)


def _budget_unit(config: Config) -> Json:
    """02h:44m, 48m:10s. That unit writes hours with two digits: where a month may have more, 4 days, 7 hours."""
    fits = (1 - _objective(config)) * 31 * 24 < 100
    return {"unit": "clocks" if fits else "dtdurations", "decimals": 1}


def _budget_steps(config: Config) -> Json:
    """Red when it is used up, amber below a quarter of what 30 days allow."""
    quarter = float((1 - _objective(config)) * 30 * 86400 / 4)
    return steps(BRIGHT_RED, (0.001, BRIGHT_AMBER), (max(quarter, 0.002), BRIGHT_GREEN))
