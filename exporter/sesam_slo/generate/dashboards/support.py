"""The support dashboard: open cases, what their clocks leave, which targets were met and which missed."""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import (
    CASE_BREACHED,
    CASE_DEADLINE,
    CASE_OPEN,
    CASE_SECONDS_LEFT,
    CASE_SECONDS_USED,
    CASE_SUPPLIER_NOT_TOLD,
    CASE_TARGETS,
)
from sesam_slo.generate import dashboard_rules
from sesam_slo.generate.dashboards.grafana import (
    Json,
    Word,
    dashboard,
    override,
    sorted_by,
    stat,
    steps,
    table,
    target,
    transformation,
    words,
)
from sesam_slo.generate.dashboards.palette import (
    BRIGHT_AMBER,
    BRIGHT_BLUE,
    BRIGHT_GREEN,
    BRIGHT_RED,
    NEUTRAL,
    NOT_SEEN,
)
from sesam_slo.generate.dashboards.queries import SERVICES, none_of
from sesam_slo.generate.dashboards.series import NOT_RECORDED, time_series
from sesam_slo.generate.dashboards.series import named as renamed
from sesam_slo.generate.dashboards.variables import WINDOW_TEXTS, services, slo_link, window

UID = "sesam-slo-support"

_TEXTS = {name: WINDOW_TEXTS[name] for name in ("month", "previous_month")}
_LEVELS = {"A": "A critical", "B": "B no stoppage", "C": "C question"}
_LEVEL_CELLS: dict[float | str, Word] = {level: (text, NEUTRAL) for level, text in _LEVELS.items()}
_CLOCK = "service, case, level, customer_class, clock"
_HOURS = {"unit": "suffix: business h", "decimals": 1}
_NONE = "No support case is known: none was reported, or the exporter is not seen"


def support(config: Config) -> Json:
    panels = [
        _open(GridPos(x=0, y=0, w=8, h=5)),
        _next(GridPos(x=8, y=0, w=6, h=5)),
        _breached(GridPos(x=14, y=0, w=5, h=5)),
        _not_told(GridPos(x=19, y=0, w=5, h=5)),
        _clocks(config, GridPos(x=0, y=5, w=24, h=10)),
        _results(GridPos(x=0, y=15, w=12, h=10)),
        _over_time(GridPos(x=12, y=15, w=12, h=10)),
    ]
    return dashboard(
        panels,
        uid=UID,
        title="SESAM support",
        description="Support cases and their clocks in business time: what is open, what is due next, which reaction"
        " and correction targets were met and which missed.",
        timezone=config.policy.timezone.key,
        since="now-30d",
        refresh="1m",
        variables=[services(), window(_TEXTS)],
    )


def _open(at: GridPos) -> Panel:
    return stat(
        "Open cases, by level",
        "Cases that are reported and not corrected. A: critical. B: no operation stoppage. C: problem or question.",
        [
            target(
                f"sum by (level) (max by (service, level, customer_class) ({CASE_OPEN.name}{{{SERVICES}}}))",
                legend="{{level}}",
            )
        ],
        at,
        sizes=(18, 46),
        field={"unit": "none", "mappings": words({}, without_data=NOT_SEEN), "thresholds": steps(NEUTRAL)},
        overrides=[
            renamed("A", _LEVELS["A"], thresholds=steps(NEUTRAL, (1, BRIGHT_RED))),
            renamed("B", _LEVELS["B"], thresholds=steps(NEUTRAL, (1, BRIGHT_AMBER))),
            renamed("C", _LEVELS["C"]),
        ],
        without_data="NOT SEEN",
    )


def _next(at: GridPos) -> Panel:
    """In milliseconds; the case by its name, 0 where no clock runs."""
    ahead = f"{CASE_DEADLINE.name}{{{SERVICES}}} > time()"
    due = f"1000 * bottomk(1, max by (case, clock) ({ahead}))"
    named = f'label_join({due}, "who", ", ", "case", "clock")'
    none = f'label_replace(0 * max({CASE_OPEN.name}{{{SERVICES}}}), "who", "no clock runs", "", "")'
    return stat(
        "Next deadline",
        "The deadline that comes next, of the clocks that run, in local time. Those that are overdue stand under"
        " 'Targets missed'.",
        [target(f"{named} or on () {none}", legend="{{who}}")],
        at,
        sizes=(16, 30),
        field={
            "unit": "time:ddd D MMM HH:mm",
            "mappings": words({0: ("NONE", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_BLUE),
        },
        without_data="NOT SEEN",
    )


def _breached(at: GridPos) -> Panel:
    return _count(
        "Targets missed, open cases",
        "Reaction and correction targets that open cases have missed. A missed target stays missed, whatever the level"
        " becomes.",
        f"sum(max by ({_CLOCK}) ({CASE_BREACHED.name}{{{SERVICES}}}))",
        at,
        BRIGHT_RED,
    )


def _not_told(at: GridPos) -> Panel:
    return _count(
        "Supplier not told",
        "Errors of the operating environment that have not been reported to its supplier. They have no targets, but the"
        " contract wants them reported without undue delay.",
        f"sum(max by (service, case) ({CASE_SUPPLIER_NOT_TOLD.name}{{{SERVICES}}}))",
        at,
        BRIGHT_AMBER,
    )


def _clocks(config: Config, at: GridPos) -> Panel:
    hours = config.policy.business
    day = (hours.end_minute - hours.start_minute) / 60
    left = f"max by ({_CLOCK}) ({CASE_SECONDS_LEFT.name}{{{SERVICES}}})"
    used = f"max by ({_CLOCK}) ({CASE_SECONDS_USED.name}{{{SERVICES}}})"
    return table(
        "Clocks that run, least time left first",
        f"Business time only: a business day has {day:g} hours. Amber: less than one business day left. Red and"
        " negative: overdue.",
        [
            target(f"{left} / 3600", ref="A", table=True),
            target(f"1000 * max by ({_CLOCK}) ({CASE_DEADLINE.name}{{{SERVICES}}})", ref="B", table=True),
            target(f"{used} / ({used} + {left})", ref="C", table=True),
        ],
        at,
        without_data="No clock runs: no open case has a target ahead, or the exporter is not seen",
        transformations=[
            transformation("merge"),
            sorted_by("Value #A"),
            transformation(
                "organize",
                excludeByName={"Time": True},
                indexByName={
                    "Value #A": 0,
                    "Value #C": 1,
                    "Value #B": 2,
                    "clock": 3,
                    "level": 4,
                    "customer_class": 5,
                    "service": 6,
                    "case": 7,
                },
                renameByName={
                    "Value #A": "time left",
                    "Value #B": "deadline",
                    "Value #C": "used",
                    "customer_class": "customer class",
                },
            ),
        ],
        overrides=[
            override(
                "time left",
                **_HOURS,
                color={"mode": "thresholds"},
                custom__cellOptions={"type": "color-text"},
                thresholds=steps(BRIGHT_RED, (0, BRIGHT_AMBER), (day, NEUTRAL)),
                custom__width=170,
            ),
            override(
                "used",
                unit="percentunit",
                decimals=0,
                min=0,
                max=1,
                color={"mode": "thresholds"},
                custom__cellOptions={"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
                thresholds=steps(BRIGHT_BLUE, (0.75, BRIGHT_AMBER), (1, BRIGHT_RED)),
                custom__width=260,
            ),
            override("deadline", unit="time:ddd D MMM HH:mm", custom__width=170),
            override("clock", custom__width=120),
            override("level", mappings=words(_LEVEL_CELLS), custom__width=140),
            override("customer class", custom__width=140),
            override("service", links=[slo_link("${__value.raw}")]),
        ],
    )


def _results(at: GridPos) -> Panel:
    """A column for each result, from one query each: a table of Grafana's has no other way to turn rows into columns."""
    by = "level, customer_class, clock"

    def of(result: str) -> str:
        matchers = f'{SERVICES},window="$window",result="{result}"'
        return f"sum by ({by}) (max by (service, {by}) ({CASE_TARGETS.name}{{{matchers}}}))"

    count = {"unit": "none", "custom__width": 110}
    return table(
        "Targets met and missed, cases reported ${window:text}",
        "Of the cases that were reported in the chosen month: how many met each target, how many missed it, and of how"
        " many the clock still runs.",
        [
            target(of("met"), ref="A", table=True),
            target(of("missed"), ref="B", table=True),
            target(of("running"), ref="C", table=True),
        ],
        at,
        without_data=_NONE,
        transformations=[
            transformation("merge"),
            sorted_by("level"),
            transformation(
                "organize",
                excludeByName={"Time": True},
                indexByName={
                    "level": 0,
                    "customer_class": 1,
                    "clock": 2,
                    "Value #A": 3,
                    "Value #B": 4,
                    "Value #C": 5,
                },
                renameByName={
                    "Value #A": "met",
                    "Value #B": "missed",
                    "Value #C": "running",
                    "customer_class": "customer class",
                },
            ),
        ],
        overrides=[
            override("level", mappings=words(_LEVEL_CELLS)),
            override("met", **count),
            override(
                "missed",
                **count,
                color={"mode": "thresholds"},
                custom__cellOptions={"type": "color-text"},
                thresholds=steps(NEUTRAL, (1, BRIGHT_RED)),
            ),
            override("running", **count),
        ],
    )


def _over_time(at: GridPos) -> Panel:
    """Recorded only where a case is open; a service that is seen says that there is none."""
    return time_series(
        "Open cases over time",
        "Cases that were open at each instant, by level, as they were recorded.",
        [
            target(
                f"sum by (level) ({dashboard_rules.CASES}{{{SERVICES}}}) or on () {none_of(SERVICES, 'level')}",
                legend="{{level}}",
                over_time=True,
            )
        ],
        at,
        unit="none",
        decimals=0,
        stacked=True,
        bars=True,
        without_data=NOT_RECORDED,
        points=180,
        overrides=[
            renamed(level, _LEVELS.get(level, level), color={"mode": "fixed", "fixedColor": colour})
            for level, colour in {"A": BRIGHT_RED, "B": BRIGHT_AMBER, "C": BRIGHT_BLUE, "none": NEUTRAL}.items()
        ],
    )


def _count(title: str, description: str, expression: str, at: GridPos, alarming: str) -> Panel:
    """A number of what has series only where it occurs; 0 while the exporter says anything of cases."""
    return stat(
        title,
        description,
        [target(f"{expression} or 0 * max({CASE_OPEN.name}{{{SERVICES}}})")],
        at,
        sizes=(14, 46),
        named=False,
        field={
            "unit": "none",
            "mappings": words({0: ("NONE", BRIGHT_GREEN)}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_GREEN, (1, alarming)),
        },
        without_data="NOT SEEN",
    )
