"""The wall display: 1920x1080, kiosk, read from four metres. Is everything answering, who is worst, how is the month?

Three bands fill the 27 rows that such a screen holds: the answer in a word, each service, and what led there.
Each colour has its word; purple is "not seen".
"""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import (
    DOWNTIME_ACTIVE,
    ENDPOINT_INFO,
    LOG_ENTRY_DURATION,
    LOG_ENTRY_INFO,
    LOG_ENTRY_START,
    MAINTENANCE_ACTIVE,
    MAINTENANCE_NEXT_END,
    MAINTENANCE_NEXT_START,
    OBJECTIVE_RATIO,
)
from sesam_slo.generate.dashboards.grafana import (
    Json,
    Word,
    dashboard,
    override,
    sorted_by,
    stat,
    state_timeline,
    steps,
    table,
    table_rows,
    target,
    transformation,
    words,
)
from sesam_slo.generate.dashboards.month import budget_worst, month_by_service, month_worst
from sesam_slo.generate.dashboards.palette import (
    BRIGHT_BLUE,
    BRIGHT_RED,
    CAUSES,
    GREEN,
    LOG_STATES,
    NEUTRAL,
    NOT_SEEN,
    PURPLE,
    STATES,
)
from sesam_slo.generate.dashboards.service_state import (
    KNOWN,
    REMEMBERED,
    State,
    seen,
    state_now,
    state_over_time,
)
from sesam_slo.generate.promql import UP

UID = "sesam-slo-wall"
SCREEN_ROWS = 27
TILES_IN_A_ROW = 8

AGE = {"unit": "s", "decimals": 1}  # 23.2 mins, 2.7 hours, 5.1 days
INSTANT = "time:ddd D MMM HH:mm"


def wall(config: Config) -> Json:
    # Grafana makes tiles as square as it can: a second row of them needs the height, or they become slivers.
    tiles, strip = (6, 8) if len(config.services) <= TILES_IN_A_ROW else (8, 7)
    below = 6 + tiles
    panels = [
        _headline(config, GridPos(x=0, y=0, w=10, h=6)),
        _ongoing(GridPos(x=10, y=0, w=4, h=6)),
        month_worst(config, GridPos(x=14, y=0, w=5, h=6)),
        budget_worst(config, GridPos(x=19, y=0, w=5, h=6)),
        _services(config, GridPos(x=0, y=6, w=24, h=tiles)),
        _strip(GridPos(x=0, y=below, w=14, h=strip)),
        _log(GridPos(x=0, y=below + strip, w=14, h=SCREEN_ROWS - below - strip)),
        _maintenance(GridPos(x=14, y=below, w=5, h=4)),
        _monitoring(config, GridPos(x=19, y=below, w=5, h=4)),
        month_by_service(config, GridPos(x=14, y=below + 4, w=10, h=SCREEN_ROWS - below - 4)),
    ]
    return dashboard(
        panels,
        uid=UID,
        title="SESAM wall",
        description="Is every SESAM installation answering, and how does the month stand against the objective?"
        " For a screen of 1920x1080 in kiosk mode: /d/sesam-slo-wall?kiosk",
        timezone=config.policy.timezone.key,
        since="now-7d",
    )


def _headline(config: Config, at: GridPos) -> Panel:
    """The worst state, and of how many services it is; NOT SEEN where no service is known at all."""
    now = f"({state_now(config)})"
    count = f'count_values("count", count({now} == scalar(max({now}))))'
    total = f'count_values("total", count(group by (service) ({KNOWN})))'
    worst = f"scalar(max({now})) * {count} * on () group_left (total) {total}"
    named = f'label_join({worst}, "who", " of ", "count", "total")'
    nobody = f"{State.NOT_SEEN:d} * absent_over_time({ENDPOINT_INFO.name}[{REMEMBERED}])"
    who = (
        f'label_replace({named}, "who", "$1 services", "who", "(.+)")'
        f' or on () label_replace({nobody}, "who", "no service is known", "", "")'
    )
    return stat(
        "Is everything answering?",
        "The worst state of any service, and how many services are in it. NOT SEEN: the exporter is gone, nothing was"
        " scraped, or probes say nothing about SESAM.",
        [target(who, legend="{{who}}")],
        at,
        sizes=(30, 96),
        field={
            "mappings": words({**STATES, State.OK: ("ALL OK", GREEN)}, without_data=("NOT SEEN", PURPLE)),
            "thresholds": steps(PURPLE),
        },
        without_data="NOT SEEN",
        background=True,
    )


def _services(config: Config, at: GridPos) -> Panel:
    return stat(
        "Services, worst first",
        "Each service's state now. DOWN: a confirmed downtime. FAILING: the last probe of an endpoint failed, not yet"
        " long enough to be downtime. NOT SEEN: an endpoint has no result that says anything. MAINTENANCE: a window"
        " that counts is open. OK: every endpoint answered its last probe.",
        [target(state_now(config), table=True)],
        at,
        sizes=None,
        field={"mappings": words(STATES, without_data=("NOT SEEN", PURPLE)), "thresholds": steps(PURPLE)},
        without_data="NOT SEEN",
        background=True,
        every_row=True,
        transformations=[sorted_by("service"), sorted_by("Value", descending=True)],
    )


def _ongoing(at: GridPos) -> Panel:
    """The longest two; 0 seconds, said by the exporter of every service, where there is none."""
    age = f'max by (service) ({LOG_ENTRY_DURATION.name} * on (service, id) {LOG_ENTRY_INFO.name}{{state="ongoing"}})'
    none = f'label_replace(max({DOWNTIME_ACTIVE.name}) == 0, "service", "no service", "", "")'
    return stat(
        "Down for",
        "Age of the ongoing downtimes, the longest two, from their first failure. It stands still while nothing is"
        " seen of the service.",
        [target(f"sort_desc(topk(2, {age})) or on () {none}", legend="{{service}}")],
        at,
        sizes=(22, 40),
        stacked=True,
        field={
            **AGE,
            "mappings": words({0: ("NONE", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_RED),
        },
        without_data="NOT SEEN",
    )


def _maintenance(at: GridPos) -> Panel:
    """One instant, in milliseconds: when the open window ends, else when the next begins."""
    until = f"max by (name) ({MAINTENANCE_ACTIVE.name} * on (service) group_left () {MAINTENANCE_NEXT_END.name})"
    now = f'label_replace(topk(1, {until}), "what", "NOW, $1, until", "name", "(.*)")'
    start = f"scalar(min({MAINTENANCE_NEXT_START.name}))"
    count = f'count_values("count", count({MAINTENANCE_NEXT_START.name} == {start}))'
    following = f'label_replace({start} * {count}, "what", "next, services: $1", "count", "(.*)")'
    none = f'label_replace(0 * max({OBJECTIVE_RATIO.name}), "what", "no window", "", "")'
    return stat(
        "Maintenance",
        "When the window that is open ends; if none is, when the next begins and how many services it concerns. Only"
        " windows that count.",
        [target(f"1000 * ({now} or on () {following} or on () {none})", legend="{{what}}")],
        at,
        sizes=(18, 30),
        field={
            "unit": INSTANT,
            "mappings": words({0: ("NONE", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(NEUTRAL),
        },
        without_data="NOT SEEN",
        overrides=[override("/^NOW/", color={"mode": "fixed", "fixedColor": BRIGHT_BLUE})],
    )


def _monitoring(config: Config, at: GridPos) -> Panel:
    """Why it is not seen: the first that holds."""
    answers = seen(config)
    texts: dict[float | str, Word] = {
        1: ("SEES ALL", GREEN),
        2: ("SEES A PART", PURPLE),
        3: ("SEES NOTHING", PURPLE),
        4: ("EXPORTER GONE", PURPLE),
        5: ("NOT SCRAPED", PURPLE),
    }
    cases = (
        f"5 * absent({UP})",
        f"4 * count(max({UP}) == 0)",
        f"3 * absent({answers})",
        f"2 * group({KNOWN} unless on (service, endpoint, kind) {answers})",
        f"group({answers})",
    )
    return stat(
        "Monitoring",
        "Whether the monitoring itself sees. NOT SCRAPED: Prometheus has no such target. EXPORTER GONE: its last"
        " scrape failed. SEES NOTHING, SEES A PART: endpoints are without a result that says anything of SESAM.",
        [target("\nor on () ".join(cases), legend="now")],
        at,
        sizes=(18, 36),
        named=False,
        field={"mappings": words(texts, without_data=("NOT SEEN", PURPLE)), "thresholds": steps(PURPLE)},
        without_data="NOT SEEN",
        background=True,
    )


def _strip(at: GridPos) -> Panel:
    return state_timeline(
        "The last 7 days",
        "The worst state of each hour. NOT SEEN: results were missing from more than a tenth of it.",
        target(state_over_time(), legend="{{service}}", over_time=True),
        at,
        mappings=words(STATES),
        points=168,
        shortest="1m",
    )


def _log(at: GridPos) -> Panel:
    labels = f"* on (service, id) group_left (cause, endpoints, state) {LOG_ENTRY_INFO.name}"
    latest = f"topk({table_rows(at)}, {LOG_ENTRY_START.name})"
    coloured = {"custom__cellOptions": {"type": "color-text"}}
    return table(
        "Downtime log, latest",
        "The latest entries of the downtime log of the last 90 days, with what they are due to. 'cause?' asks for"
        " one to be filled in.",
        [
            target(f"1000 * {latest} {labels}", ref="A", table=True),
            target(f"({LOG_ENTRY_DURATION.name} and on (service, id) {latest}) {labels}", ref="B", table=True),
        ],
        at,
        without_data="No entry is known of the last 90 days",
        transformations=[
            transformation("merge"),
            sorted_by("Value #A", descending=True),
            transformation(
                "organize",
                excludeByName={"Time": True, "id": True, "instance": True, "job": True},
                indexByName={"service": 0, "Value #A": 1, "Value #B": 2, "endpoints": 3, "state": 4, "cause": 5},
                renameByName={"Value #A": "began", "Value #B": "duration"},
            ),
        ],
        overrides=[
            override("began", unit=INSTANT),
            override("duration", **AGE),
            override("state", mappings=words(LOG_STATES), **coloured),
            override("cause", mappings=words(CAUSES), **coloured),
        ],
    )
