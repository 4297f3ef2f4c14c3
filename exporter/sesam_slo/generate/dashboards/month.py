"""The month against the objective: its worst service, and what is left of the error budget."""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import AVAILABILITY_RATIO, ERROR_BUDGET_REMAINING_SECONDS, Metric
from sesam_slo.generate.dashboards.figures import budget_steps, budget_unit, objective_of, ratio_unit, rounded_down
from sesam_slo.generate.dashboards.grafana import at_most, colored, link, stat, steps, target, words
from sesam_slo.generate.dashboards.palette import (
    BRIGHT_AMBER,
    BRIGHT_GREEN,
    BRIGHT_RED,
    DIMMED,
    NOT_SEEN,
)
from sesam_slo.generate.dashboards.service_state import State, recorded_state

AS_LAST_SEEN = "as last seen"
OVERSPENT = "USED UP, over by"
_OF_SERVICE = "/d/sesam-slo-slo?var-service=${__field.labels.service}&${__url_time_range}"


def month_worst(config: Config, at: GridPos) -> Panel:
    objective = objective_of(config)
    half = (1 + objective) / 2
    return stat(
        f"This month, worst (objective {(100 * objective).normalize():f} %)",
        "Availability of the worst service in this calendar month, planned maintenance deducted, rounded down."
        " Amber: more than half of the error budget is used. Red: below the objective. Grey: nothing is seen of it now.",
        [target(rounded_down(config, f"({_worst(config, AVAILABILITY_RATIO)})"), legend="{{service}}{{note}}")],
        at,
        sizes=(22, 64),
        field={
            **ratio_unit(config),
            "mappings": words({}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_RED, (float(objective), BRIGHT_AMBER), (float(half), BRIGHT_GREEN)),
            "links": link("SLO of this service", _OF_SERVICE),
        },
        without_data="NOT SEEN",
        overrides=[colored(f"/{AS_LAST_SEEN}/", DIMMED)],
    )


def budget_worst(config: Config, at: GridPos) -> Panel:
    """An overspent budget is shown as what it is over: no unit of hours and minutes can write less than nothing."""
    worst = _worst(config, ERROR_BUDGET_REMAINING_SECONDS)
    over = f'label_replace(-1 * (({worst}) < 0), "over", ", {OVERSPENT}", "", "")'
    return stat(
        "Downtime budget left, worst",
        "What the objective still allows of unplanned downtime in this calendar month, of the service that has least."
        " Hours and minutes. Amber: less than a quarter. Red: used up. Grey: nothing is seen of it now.",
        [target(f"({worst}) >= 0\nor {over}", legend="{{service}}{{over}}{{note}}")],
        at,
        sizes=(22, 64),
        field={
            **budget_unit(config),
            "mappings": [at_most(0, ("USED UP", BRIGHT_RED)), *words({}, without_data=NOT_SEEN)],
            "thresholds": budget_steps(config),
            "links": link("SLO of this service", _OF_SERVICE),
        },
        without_data="NOT SEEN",
        overrides=[colored(f"/{AS_LAST_SEEN}/", DIMMED), colored(f"/{OVERSPENT}/", BRIGHT_RED)],
    )


def noted(config: Config) -> str:
    """By service 1, with the label `note` where it is not seen now: an old figure must not look new."""
    now = recorded_state(config)
    unseen = f'label_replace({now} == {State.NOT_SEEN:d}, "note", ", {AS_LAST_SEEN}", "", "")'
    return f"group by (service, note) ({unseen} or on (service) {now})"


def _noted_of_all(config: Config) -> str:
    now = f"min({recorded_state(config)})"
    unseen = f'label_replace({now} == {State.NOT_SEEN:d}, "note", ", {AS_LAST_SEEN}", "", "")'
    return f"group by (note) ({unseen} or on () {now})"


def _worst(config: Config, metric: Metric) -> str:
    """The least figure of the month with its service, or with how many services share it."""
    figures = f'min by (service) ({metric.name}{{window="month"}})'
    sharing = f"count({figures} == scalar(min({figures}))) > 1"
    one = f"bottomk(1, {figures}) * on (service) group_left (note) {noted(config)}"
    shared = (
        f'scalar(min({figures})) * count_values("count", {sharing}) * on () group_left (note) {_noted_of_all(config)}'
    )
    named = f'label_replace({shared}, "service", "$1 services", "count", "(.*)")'
    return f"({one}) unless on () {sharing}\nor {named}"
