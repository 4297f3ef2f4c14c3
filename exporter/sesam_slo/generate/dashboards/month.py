"""The month against the objective: its worst service, what is left of the error budget, and each service."""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import AVAILABILITY_BOUND_RATIO, AVAILABILITY_RATIO, ERROR_BUDGET_REMAINING_SECONDS
from sesam_slo.generate.dashboards.figures import budget_steps, budget_unit, objective_of, ratio_unit, rounded_down
from sesam_slo.generate.dashboards.grafana import (
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
    objective = objective_of(config)
    half = (1 + objective) / 2
    worst = f'bottomk(1, {AVAILABILITY_RATIO.name}{{window="month"}})'
    return stat(
        f"This month, worst (objective {(100 * objective).normalize():f} %)",
        "Availability of the worst service in this calendar month, planned maintenance deducted, rounded down."
        " Amber: more than half of the error budget is used. Red: below the objective.",
        [target(rounded_down(config, worst), legend="{{service}}")],
        at,
        sizes=(22, 64),
        field={
            **ratio_unit(config),
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
            **budget_unit(config),
            "mappings": [at_most(0, ("USED UP", BRIGHT_RED)), *words({}, without_data=NOT_SEEN)],
            "thresholds": budget_steps(config),
        },
        without_data="NOT SEEN",
    )


def month_by_service(config: Config, at: GridPos) -> Panel:
    ratio = ratio_unit(config)
    availability = f'max by (service) ({AVAILABILITY_RATIO.name}{{window="month"}})'
    bound = f'max by (service) ({AVAILABILITY_BOUND_RATIO.name}{{window="month",bound="unobserved_as_down"}})'
    budget = f'min by (service) ({ERROR_BUDGET_REMAINING_SECONDS.name}{{window="month"}})'
    objective = float(objective_of(config))
    coloured = {"custom__cellOptions": {"type": "color-text"}, "color": {"mode": "thresholds"}}
    unseen = {"mappings": words({}, without_data=NOT_SEEN)}
    return table(
        "This month by service, least budget first",
        "Availability by what was observed; 'at least' is what it would be if all that was not seen had been down."
        " Budget left: unplanned downtime that the objective still allows.",
        [
            target(rounded_down(config, availability), ref="A", table=True),
            target(rounded_down(config, bound), ref="B", table=True),
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
                **budget_unit(config),
                **coloured,
                mappings=[at_most(0, ("USED UP", BRIGHT_RED))],
                thresholds=budget_steps(config),
            ),
        ],
    )
