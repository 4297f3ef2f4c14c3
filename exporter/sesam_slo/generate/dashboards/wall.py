"""The wall display: 1920x1080, kiosk, read from four metres. Is everything answering, who is worst, how is the month?

Three bands fill the 27 rows that such a screen holds: the answer in a sentence, each service, and what led there.
Each colour has its word; purple is "not seen".
"""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import MAINTENANCE_ACTIVE, MAINTENANCE_NEXT_END, MAINTENANCE_NEXT_START, OBJECTIVE_RATIO
from sesam_slo.generate.dashboards.days import days
from sesam_slo.generate.dashboards.grafana import Json, colored, dashboard, stat, steps, target, words
from sesam_slo.generate.dashboards.month import budget_worst, month_worst
from sesam_slo.generate.dashboards.palette import BRIGHT_BLUE, NEUTRAL, NOT_SEEN, SHORT_STATES, STATES
from sesam_slo.generate.dashboards.rows import INSTANT, budgets, cases, log
from sesam_slo.generate.dashboards.services_now import down_for, headline, monitoring, tiles

UID = "sesam-slo-wall"
SCREEN_ROWS = 27
TOP = 6
# For up to 8, 16 and 24 tiles: grid rows, sizes of names and words, and the words. Grafana makes tiles as square as it can.
_TILES = ((5, (28, 26), STATES), (8, (24, 26), STATES), (9, (19, 26), SHORT_STATES))


def wall(config: Config) -> Json:
    height, letters, texts = _TILES[min((len(config.services) - 1) // 8, len(_TILES) - 1)]
    below = TOP + height
    left, right = SCREEN_ROWS - below, SCREEN_ROWS - below - 4
    strip, budget = left // 2, right // 2
    panels = [
        headline(config, GridPos(x=0, y=0, w=10, h=TOP)),
        down_for(config, GridPos(x=10, y=0, w=4, h=TOP)),
        month_worst(config, GridPos(x=14, y=0, w=5, h=TOP)),
        budget_worst(config, GridPos(x=19, y=0, w=5, h=TOP)),
        tiles(config, GridPos(x=0, y=TOP, w=24, h=height), letters, texts),
        days(GridPos(x=0, y=below, w=13, h=strip)),
        log(config, GridPos(x=0, y=below + strip, w=13, h=left - strip)),
        _maintenance(GridPos(x=13, y=below, w=7, h=4)),
        monitoring(config, GridPos(x=20, y=below, w=4, h=4)),
        budgets(config, GridPos(x=13, y=below + 4, w=11, h=budget)),
        cases(config, GridPos(x=13, y=below + 4 + budget, w=11, h=right - budget)),
    ]
    return dashboard(
        panels,
        uid=UID,
        title="SESAM wall",
        description="Is every SESAM installation answering, and how does the month stand against the objective?"
        " For a screen of 1920x1080 in kiosk mode: /d/sesam-slo-wall?kiosk",
        timezone=config.policy.timezone.key,
        since="now-30d",
    )


def _maintenance(at: GridPos) -> Panel:
    """Two instants, in milliseconds: when the open window ends, when the next begins."""
    until = f"max by (name) ({MAINTENANCE_ACTIVE.name} * on (service) group_left () {MAINTENANCE_NEXT_END.name})"
    now = f'label_replace(topk(1, {until}), "what", "NOW: $1", "name", "(.*)")'
    start = f"scalar(min({MAINTENANCE_NEXT_START.name}))"
    count = f'count_values("count", count({MAINTENANCE_NEXT_START.name} == {start}))'
    following = f'label_replace({start} * {count}, "what", "next: $1 services", "count", "(.*)")'
    following = f'label_replace({following}, "what", "next: 1 service", "count", "1")'
    none = f'label_replace(0 * max({OBJECTIVE_RATIO.name}), "what", "no window is planned", "", "")'
    return stat(
        "Maintenance, now and next",
        "When the window that is open ends, and when the next begins and how many services it concerns. Only windows"
        " that count.",
        [target(f"1000 * ({now} or {following} or on () {none})", legend="{{what}}")],
        at,
        sizes=(20, 20),
        stacked=True,
        wide=True,
        field={
            "unit": f"time:[from] {INSTANT}",
            "mappings": words({0: ("NONE", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(NEUTRAL),
        },
        without_data="NOT SEEN",
        overrides=[colored("/^NOW/", BRIGHT_BLUE, unit=f"time:[until] {INSTANT}")],
    )
