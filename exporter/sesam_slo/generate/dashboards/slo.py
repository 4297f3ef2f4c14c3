"""The SLO dashboard: one service against its objective, where its time went, and what its probes saw."""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Cause, Config, DowntimeClass
from sesam_slo.core.names import (
    AVAILABILITY_BOUND_RATIO,
    AVAILABILITY_RATIO,
    DOWNTIME_ACTIVE,
    DOWNTIME_SECONDS,
    ENDPOINT_INFO,
    ERROR_BUDGET_REMAINING_SECONDS,
    ERROR_BUDGET_SECONDS,
    FAILING_SECONDS,
    LOG_ENTRY_INFO,
    MAINTENANCE_ACTIVE,
    UNOBSERVED_SECONDS,
    WINDOW_DOWNTIME_SECONDS,
)
from sesam_slo.generate.burn_rates import BURN_RATES, budget_ratio, failing_ratio
from sesam_slo.generate.burn_rates import WINDOWS as BURN_WINDOWS
from sesam_slo.generate.dashboards import probes
from sesam_slo.generate.dashboards.figures import budget_steps, budget_unit, objective_of, ratio_unit, rounded_down
from sesam_slo.generate.dashboards.grafana import (
    DATA_SOURCE,
    Json,
    at_most,
    dashboard,
    override,
    stat,
    steps,
    target,
    words,
)
from sesam_slo.generate.dashboards.palette import (
    BRIGHT_AMBER,
    BRIGHT_BLUE,
    BRIGHT_GREEN,
    BRIGHT_PURPLE,
    BRIGHT_RED,
    CAUSES,
    NEUTRAL,
    NOT_SEEN,
)
from sesam_slo.generate.dashboards.queries import (
    CELL,
    NAME,
    ONE_SERVICE,
    at_end_of_range,
    at_start_of_range,
    labelled,
    lengths_in_range,
    named,
    since_start_of_range,
)
from sesam_slo.generate.dashboards.series import NOT_RECORDED, bars, heading, time_series
from sesam_slo.generate.dashboards.series import named as renamed
from sesam_slo.generate.dashboards.variables import SLO_UID, WINDOW_TEXTS, endpoints_of_service, one_service, window
from sesam_slo.generate.promql import duration

_WINDOW = f'{ONE_SERVICE},window="$window"'
_MONTH = f'{ONE_SERVICE},window="month"'
_AS_UP, _AS_DOWN = "unseen counted as up", "unseen counted as down"
_LEGEND = f"{{{{{NAME}}}}}"
_WINDOW_COLOURS = ("#ffd6a5", "#ffb357", "#ff9830", "#e0752d", "#8ab8ff", "#5794f2", "#b39ddb")  # short ones are warm


def slo(config: Config) -> Json:
    panels = [
        _availability(config, GridPos(x=0, y=0, w=5, h=5)),
        _bounds(config, GridPos(x=5, y=0, w=6, h=5)),
        _budget(config, GridPos(x=11, y=0, w=6, h=5)),
        _downtime(GridPos(x=17, y=0, w=7, h=5)),
        probes.answers(GridPos(x=0, y=5, w=24, h=4)),
        heading("Against the objective", 9),
        _burn_down(config, GridPos(x=0, y=10, w=11, h=10)),
        _burn_rates(config, GridPos(x=11, y=10, w=13, h=10)),
        _availability_over_time(config, GridPos(x=0, y=20, w=24, h=8)),
        heading("Where the time went", 28),
        _failing(config, GridPos(x=0, y=29, w=10, h=9)),
        _unobserved(GridPos(x=10, y=29, w=7, h=9)),
        _causes(GridPos(x=17, y=29, w=7, h=9)),
        heading("What the probes saw", 38),
        probes.status_codes(GridPos(x=0, y=39, w=17, h=5)),
        probes.certificates(config, GridPos(x=17, y=39, w=7, h=5)),
        probes.reasons(ONE_SERVICE, GridPos(x=0, y=44, w=24, h=7)),
        probes.phases(GridPos(x=0, y=51, w=24, h=9)),
    ]
    return dashboard(
        panels,
        uid=SLO_UID,
        title="SESAM SLO",
        description="One SESAM installation against its objective: availability, error budget, burn rates, where its"
        " time went, and what its probes saw.",
        timezone=config.policy.timezone.key,
        since="now-7d",
        refresh="1m",
        variables=[one_service(), window(WINDOW_TEXTS), endpoints_of_service(ENDPOINT_INFO)],
        annotations=[
            _regions(
                "Maintenance", MAINTENANCE_ACTIVE.name, "max by (name, source)", "{{name}} ({{source}})", BRIGHT_BLUE
            ),
            _regions("Downtime", DOWNTIME_ACTIVE.name, "max by (service)", "downtime, as it was confirmed", BRIGHT_RED),
        ],
    )


def _availability(config: Config, at: GridPos) -> Panel:
    objective = objective_of(config)
    half = (1 + objective) / 2
    ratio = f"max({AVAILABILITY_RATIO.name}{{{_WINDOW}}})"
    return stat(
        "Availability, ${window:text}",
        "1 - unplanned downtime / observed agreed time, by the ledger, rounded down. Amber: more than half of what the"
        " objective allows is used. Red: below the objective.",
        [target(rounded_down(config, ratio), legend=f"objective {(100 * objective).normalize():f} %")],
        at,
        sizes=(18, 52),
        field={
            **ratio_unit(config),
            "mappings": words({}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_RED, (float(objective), BRIGHT_AMBER), (float(half), BRIGHT_GREEN)),
        },
        without_data="NOT SEEN",
    )


def _bounds(config: Config, at: GridPos) -> Panel:
    bounds = f"max by (bound) ({AVAILABILITY_BOUND_RATIO.name}{{{_WINDOW}}})"
    return stat(
        "Its bounds",
        "What availability would be if all agreed time in which nothing was seen had been down, and if all of it had"
        " been up. Far apart: the monitoring itself was blind for long.",
        [target(rounded_down(config, bounds), legend="{{bound}}")],
        at,
        sizes=(16, 30),
        stacked=True,
        field={
            **ratio_unit(config),
            "mappings": words({}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_RED, (float(objective_of(config)), NEUTRAL)),
        },
        overrides=[renamed("unobserved_as_up", _AS_UP), renamed("unobserved_as_down", _AS_DOWN)],
        without_data="NOT SEEN",
    )


def _budget(config: Config, at: GridPos) -> Panel:
    """Both in one query; the whole is never used up."""
    left = named(f"max({ERROR_BUDGET_REMAINING_SECONDS.name}{{{_WINDOW}}})", "left")
    whole = named(f"max({ERROR_BUDGET_SECONDS.name}{{{_WINDOW}}})", "in all")
    return stat(
        "Error budget, ${window:text}",
        "Unplanned downtime that the objective allows in the whole window, its coming days included, and what is left"
        " of it. Hours and minutes.",
        [target(f"{left} or {whole}", legend=_LEGEND)],
        at,
        sizes=(16, 30),
        stacked=True,
        field={**budget_unit(config), "mappings": words({}, without_data=NOT_SEEN), "thresholds": steps(NEUTRAL)},
        overrides=[
            override(
                "left",
                mappings=[at_most(0, ("USED UP", BRIGHT_RED)), *words({}, without_data=NOT_SEEN)],
                thresholds=budget_steps(config),
            )
        ],
        without_data="NOT SEEN",
    )


def _downtime(at: GridPos) -> Panel:
    by_class = f"max by (class) ({WINDOW_DOWNTIME_SECONDS.name}{{{_WINDOW}}})"
    return stat(
        "Downtime, ${window:text}",
        "By class, from the ledger: every later correction shows. Unplanned counts against the objective; planned lay"
        " in maintenance; excluded is due to the customer or the operating environment.",
        [target(by_class, legend="{{class}}")],
        at,
        sizes=(16, 30),
        field={
            "unit": "s",
            "decimals": 1,
            "mappings": words({0: ("none", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(NEUTRAL),
        },
        overrides=[override(DowntimeClass.UNPLANNED, thresholds=steps(NEUTRAL, (0.001, BRIGHT_RED)))],
        without_data="NOT SEEN",
    )


def _burn_down(config: Config, at: GridPos) -> Panel:
    """Over the whole calendar month, whatever the time range, so that the line of even spending ends where it does."""
    whole = f"max(last_over_time({ERROR_BUDGET_SECONDS.name}{{{_MONTH}}}[32d] @ end()))"
    passed = f"(time() - {at_start_of_range()}) / ({at_end_of_range()} - {at_start_of_range()})"
    return time_series(
        "Error budget of this month",
        "What is left of this calendar month's error budget, beside a budget that is spent evenly until the month's"
        " last day. Below that line it will not last; at zero the objective is missed. A step up: a correction.",
        [
            target(f"max({ERROR_BUDGET_REMAINING_SECONDS.name}{{{_MONTH}}})", ref="A", legend="left", over_time=True),
            target(f"{whole} * (1 - {passed})", ref="B", legend="spent evenly", over_time=True),
        ],
        at,
        unit="s",
        decimals=1,
        least=None,
        legend=["lastNotNull", "min"],
        without_data="No budget is known of this month",
        limits=steps("transparent", (0, BRIGHT_RED)),
        colours={"left": BRIGHT_BLUE},
        overrides=[
            override(
                "spent evenly",
                color={"mode": "fixed", "fixedColor": NEUTRAL},
                custom__lineStyle={"fill": "dash", "dash": [8, 8]},
                custom__fillOpacity=0,
                custom__lineWidth=1,
            )
        ],
        time_from="now/M",
        shortest="10m",
    )


def _burn_rates(config: Config, at: GridPos) -> Panel:
    """The recorded rules of all windows in one query."""
    first, *_ = recorded = [failing_ratio(each) for each in BURN_WINDOWS]
    prefix = first.removesuffix(duration(BURN_WINDOWS[0]))
    assert all(each.startswith(prefix) for each in recorded)
    over = "|".join(duration(each) for each in BURN_WINDOWS)
    named_by_window = (
        f'label_replace({{__name__=~"{prefix}({over})",{ONE_SERVICE}}}, "{NAME}", "$1", "__name__", "{prefix}(.+)")'
    )
    budget = format(budget_ratio(config.policy.objective_ratio), "f")
    pairs = ", ".join(f"{each.factor} over {duration(each.long)} and {duration(each.short)}" for each in BURN_RATES)
    colours = (BRIGHT_RED, BRIGHT_RED, BRIGHT_AMBER, BRIGHT_AMBER)
    limits = sorted((float(each.factor), colour) for each, colour in zip(BURN_RATES, colours, strict=True))
    return time_series(
        "Burn rates",
        "How many times faster than evenly the error budget is spent, over each of the policy's windows, from observed"
        f" failing time. A ticket is opened where both windows of a pair are above their limit: {pairs}.",
        [target(f"max by ({NAME}) ({named_by_window}) / {budget}", legend=_LEGEND, over_time=True)],
        at,
        unit="suffix:x",
        decimals=1,
        without_data=NOT_RECORDED,
        limits=steps("transparent", *limits),
        logarithmic=True,
        beside=True,
        colours=dict(zip(map(duration, BURN_WINDOWS), _WINDOW_COLOURS, strict=True)),
        filled=0,
    )


def _availability_over_time(config: Config, at: GridPos) -> Panel:
    objective = float(objective_of(config))
    seen = named(f"max({AVAILABILITY_RATIO.name}{{{_WINDOW}}})", "availability")
    bounds = f"max by (bound) ({AVAILABILITY_BOUND_RATIO.name}{{{_WINDOW}}})"
    legend = f"{_LEGEND}{{{{bound}}}}"
    thin = {"custom__lineWidth": 1, "custom__lineStyle": {"fill": "dash", "dash": [4, 6]}, "custom__fillOpacity": 0}
    return time_series(
        "Availability over time, ${window:text}",
        "Availability of the chosen window as it stood at each instant, with its bounds. The dashed red line is the"
        " objective. A calendar window begins anew with its period.",
        [target(f"{seen} or {bounds}", legend=legend, over_time=True)],
        at,
        unit="percentunit",
        decimals=ratio_unit(config)["decimals"],
        least=None,
        legend=["lastNotNull", "min"],
        beside=True,
        filled=0,
        without_data="Nothing was observed of this window",
        limits=steps("transparent", (objective, BRIGHT_RED)),
        within=(objective - (1 - objective) / 4, 1.0),
        colours={"availability": BRIGHT_BLUE},
        overrides=[
            renamed("unobserved_as_up", _AS_UP, color={"mode": "fixed", "fixedColor": NEUTRAL}, **thin),
            renamed("unobserved_as_down", _AS_DOWN, color={"mode": "fixed", "fixedColor": BRIGHT_PURPLE}, **thin),
        ],
    )


def _failing(config: Config, at: GridPos) -> Panel:
    """The downtime counter has the bridged seconds of a run and the failing one has not, hence the clamp."""
    failing = since_start_of_range(f"{FAILING_SECONDS.name}{{{ONE_SERVICE}}}", "service")
    counted = f'{DOWNTIME_SECONDS.name}{{{ONE_SERVICE},class=~"{DowntimeClass.UNPLANNED}|{DowntimeClass.EXCLUDED}"}}'
    downtime = f"sum by (service) ({since_start_of_range(counted, 'service, class')})"
    return time_series(
        "Failing time since the range began",
        "Time outside maintenance in which any endpoint was seen failing, added up from the start of the time range:"
        " what became downtime, and the runs that stayed shorter than"
        f" {duration(config.policy.downtime_after)}. A run is taken for short until it has lasted that long.",
        [
            target(downtime, ref="A", legend="downtime", over_time=True),
            target(f"clamp_min({failing} - {downtime}, 0)", ref="B", legend="not downtime", over_time=True),
        ],
        at,
        unit="s",
        decimals=1,
        stacked=True,
        stepped=True,
        legend=["lastNotNull"],
        without_data="The exporter said nothing of this service in this time",
        colours={"downtime": BRIGHT_RED, "not downtime": BRIGHT_AMBER},
    )


def _unobserved(at: GridPos) -> Panel:
    return time_series(
        "Unobserved agreed time",
        "Agreed time in which an endpoint was not observed: the exporter was stopped or blind, or its probes said"
        " nothing about SESAM. Each bar holds the seconds up to the next one.",
        [
            target(
                f"max(increase({UNOBSERVED_SECONDS.name}{{{ONE_SERVICE}}}{CELL}))",
                legend="unobserved",
                over_time=True,
            )
        ],
        at,
        unit="s",
        decimals=1,
        bars=True,
        legend=["sum", "max"],
        without_data="The exporter said nothing of this service in this time",
        colours={"unobserved": BRIGHT_PURPLE},
        points=60,
        shortest="5m",
    )


def _causes(at: GridPos) -> Panel:
    entries = labelled(lengths_in_range(ONE_SERVICE), f"{LOG_ENTRY_INFO.name}{{{ONE_SERVICE}}}")
    by_cause = f"sum by (cause) ({entries})"
    none = f'label_replace(0 * max({DOWNTIME_ACTIVE.name}{{{ONE_SERVICE}}}), "cause", "no downtime", "", "")'
    return bars(
        "Downtime by cause",
        "Whole lengths of the downtime log's entries that touch the time range, by the cause that a person gave them."
        " 'cause?' asks for one.",
        [target(f"{by_cause} or on () {none}", legend="{{cause}}")],
        at,
        field={"unit": "s", "decimals": 1, "thresholds": steps(NEUTRAL)},
        without_data="NOT SEEN",
        overrides=[renamed(each.value, CAUSES[each][0], thresholds=steps(CAUSES[each][1])) for each in Cause],
    )


def _regions(name: str, metric: str, by: str, text: str, colour: str) -> Json:
    """Annotations over the spans in which a state of the service is 1."""
    return {
        "name": name,
        "datasource": DATA_SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "target": {"expr": f"{by} ({metric}{{{ONE_SERVICE}}}) == 1", "refId": "Anno", "interval": "1m"},
        "expr": f"{by} ({metric}{{{ONE_SERVICE}}}) == 1",
        "step": "1m",
        "titleFormat": name,
        "textFormat": text,
        "useValueForTime": False,
    }
