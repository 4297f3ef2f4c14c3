"""What asks for somebody: the log, cases near their deadline, services with little budget. One line each.

Lines are stats, for a table's letters cannot be read from four metres. A line's words are its name, one instant or one
duration is its value. `sort` orders what Prometheus answers with; joins keep the order of their left side.
"""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Cause, Config
from sesam_slo.core.names import (
    AVAILABILITY_BOUND_RATIO,
    AVAILABILITY_RATIO,
    CASE_DEADLINE,
    CASE_OPEN,
    CASE_SECONDS_LEFT,
    DOWNTIME_ACTIVE,
    ERROR_BUDGET_REMAINING_SECONDS,
    LOG_ENTRY_DURATION,
    LOG_ENTRY_INFO,
    LOG_ENTRY_START,
    Metric,
)
from sesam_slo.generate.dashboards.figures import budget_steps, budget_unit, percent_rounded_down
from sesam_slo.generate.dashboards.grafana import Json, at_most, colored, link, stat, target, words
from sesam_slo.generate.dashboards.month import AS_LAST_SEEN, noted
from sesam_slo.generate.dashboards.palette import (
    AMBER,
    BRIGHT_PURPLE,
    BRIGHT_RED,
    CAUSES,
    DIMMED,
    GREY,
    NOT_SEEN,
    PURPLE,
    RED,
)
from sesam_slo.generate.dashboards.sentence import spoken

INSTANT = "ddd D MMM HH:mm"
SOON_SECONDS = 8 * 3600  # of business time: the contract's day
_LETTERS = (22, 22)
_LATER = "1e11"  # seconds: more than any instant has


def rows_of(at: GridPos) -> int:
    """How many lines such a panel shows in letters of that size."""
    return int((at.h * 38 - 48) // 33)


def log(config: Config, at: GridPos) -> Panel:
    """First what lacks a cause, then the latest: later by an age as long as it sorts, which a remainder takes off again."""
    each = "on (service, id)"
    start = f"max by (service, id) ({LOG_ENTRY_START.name})"
    lacking = f'{_LATER} * group by (service, id) ({LOG_ENTRY_INFO.name}{{cause="{Cause.UNKNOWN}"}})'
    first = f"topk({rows_of(at)}, {start} + {each} {lacking} or {start})"
    # One of each entry: two exporters may differ in its state for a moment, and in how long it has lasted.
    lasted = spoken(f"(max by (service, id) ({LOG_ENTRY_DURATION.name}) and {each} {first})", "service, id", "lasted")
    info = f"topk by (service, id) (1, max by (service, id, cause, endpoints, state) ({LOG_ENTRY_INFO.name}))"
    found = f"1000 * (sort_desc({first}) % {_LATER}) * {each} group_left (cause, endpoints, state) {info}"
    found = f'label_join({found} * {each} group_left (lasted) {lasted}, "is", "/", "state", "cause")'
    for cause, (text, _) in CAUSES.items():
        found = _replaced(found, "due", text, "is", f".*/{cause}")
        if cause != Cause.UNKNOWN:
            found = _replaced(found, "due", f"{text}, solution?", "is", f"overdue/{cause}")
    found = f'label_join({found}, "is", "/", "state", "lasted")'
    found = _replaced(found, "lasted", "ONGOING, $1", "is", "ongoing/(.*)")
    return _lines(
        "Downtime log: first what lacks a cause, then the latest",
        "Entries of the last 90 days: service, endpoints, duration, whom it is due to, and when it began. 'cause?' and"
        " 'solution?' ask for somebody who fills them in on the exporter's page.",
        _told(found, ("service", "endpoints", "lasted", "due"), DOWNTIME_ACTIVE, "no entry in 90 days"),
        at,
        links=log_links(config),
        overrides=[colored(r"/(cause|solution)\?/", AMBER), colored("/ONGOING/", RED)],
    )


def cases(config: Config, at: GridPos) -> Panel:
    labels = ", ".join(CASE_SECONDS_LEFT.labels)
    each = f"on ({labels})"
    left = f"bottomk({rows_of(at)}, max by ({labels}) ({CASE_SECONDS_LEFT.name}))"
    clocks = (
        _replaced(spoken(f"({left} >= {SOON_SECONDS})", labels, "left"), "left", "$1 left", "left"),
        _replaced(spoken(f"(0 <= {left} < {SOON_SECONDS})", labels, "left"), "left", "SOON, $1 left", "left"),
        _replaced(spoken(f"abs({left} < 0)", labels, "left"), "left", "OVERDUE by $1", "left"),
    )
    due = f"1000 * (0 * sort({left}) + {each} max by ({labels}) ({CASE_DEADLINE.name}))"
    found = f"{due} * {each} group_left (left) ({' or '.join(clocks)})"
    return _lines(
        "Support cases by nearest deadline (business time)",
        "Running clocks of open cases: level, service, case, which target, the business time that is left of it, and when"
        " it is due. SOON: less than 8 business hours.",
        _told(found, ("level", "service", "case", "clock", "left"), CASE_OPEN, "no clock is running"),
        at,
        links=link("Support", "/d/sesam-slo-support?var-service=${__field.labels.service}&${__url_time_range}"),
        overrides=[colored("/SOON/", AMBER), colored("/OVERDUE/", RED)],
    )


def budgets(config: Config, at: GridPos) -> Panel:
    month, bound = '{window="month"}', '{window="month",bound="unobserved_as_down"}'
    budget = f"bottomk({rows_of(at)}, min by (service) ({ERROR_BUDGET_REMAINING_SECONDS.name}{month}))"
    figures = [
        _percent(config, ratio, label, budget)
        for ratio, label in (
            (f"max by (service) ({AVAILABILITY_RATIO.name}{month})", "availability"),
            (f"max by (service) ({AVAILABILITY_BOUND_RATIO.name}{bound})", "bound"),
        )
    ]
    joined = f"sort({budget}) * on (service) group_left (availability) {figures[0]}"
    joined = f"{joined} * on (service) group_left (bound) {figures[1]} * on (service) group_left (note) {noted(config)}"
    found = _replaced(joined, "bound", "at least $1", "bound")
    return _lines(
        "This month by service: availability, downtime budget left",
        "The services with least budget left. Availability by what was observed, rounded down; 'at least' is what it would"
        " be if all that was not seen had been down. Budget left: unplanned downtime that the objective still allows.",
        _told(
            f'label_join({found}, "bound", "", "bound", "note")',
            ("service", "availability", "bound"),
            DOWNTIME_ACTIVE,
            "no figure yet",
        ),
        at,
        links=link("SLO of this service", "/d/sesam-slo-slo?var-service=${__field.labels.service}&${__url_time_range}"),
        field={
            **budget_unit(config),
            "color": {"mode": "thresholds"},
            "mappings": [at_most(0, ("USED UP", BRIGHT_RED)), *words({}, without_data=NOT_SEEN)],
            "thresholds": budget_steps(config),
        },
        overrides=[colored(f"/{AS_LAST_SEEN}/", DIMMED)],
    )


def log_links(config: Config) -> list[Json]:
    """To the log's dashboard, and to the page where it is filled in."""
    links = link("Downtime log", "/d/sesam-slo-log?var-service=${__field.labels.service}&${__url_time_range}")
    if config.web.external_url is not None:
        links += link("Fill in on the exporter's page", f"{config.web.external_url}/")
    return links


def _lines(
    title: str,
    description: str,
    query: str,
    at: GridPos,
    *,
    links: list[Json],
    field: Json | None = None,
    overrides: list[Json] | None = None,
) -> Panel:
    """Lines on a ground that their words colour; with a `field` of their own their values are coloured instead."""
    unseen = PURPLE if field is None else BRIGHT_PURPLE
    instants = {
        "unit": f"time:{INSTANT}",
        "color": {"mode": "fixed", "fixedColor": GREY},
        "mappings": words({0: ("", GREY)}, without_data=("NOT SEEN", PURPLE)),
    }
    return stat(
        title,
        description,
        [target(query, legend="{{says}}")],
        at,
        sizes=_LETTERS,
        stacked=True,
        wide=True,
        background=field is None,
        field={**(field or instants), "links": links},
        without_data="NOT SEEN",
        overrides=[
            *(overrides or ()),
            colored("/^NOT SEEN$/", unseen, mappings=words({0: ("?", unseen)})),
            colored("/^no /", GREY, mappings=words({0: ("", GREY)})),
        ],
    )


def _told(found: str, labels: tuple[str, ...], known: Metric, none: str) -> str:
    """Label `says` of each series; where there is none, that there is none, as long as `known` is there to say so."""
    joined = ", ".join(f'"{label}"' for label in labels)
    nothing = f'label_replace(0 * max({known.name}), "says", "{none}", "", "")'
    unseen = f'label_replace(0 * absent({known.name}), "says", "{NOT_SEEN[0]}", "", "")'
    return f'label_join({found}, "says", " · ", {joined})\nor on () {nothing}\nor on () {unseen}'


def _percent(config: Config, ratio: str, label: str, services: str) -> str:
    """By service, 1 with the percentage in `label`; NOT SEEN for those of `services` that have none."""
    given = f"({ratio} and on (service) {services})"
    written = f'count_values by (service) ("{label}", {percent_rounded_down(config, given)})'
    unseen = f'label_replace(group by (service) ({services}), "{label}", "{NOT_SEEN[0]}", "", "")'
    return f"({_replaced(written, label, '$1 %', label)} or on (service) {unseen})"


def _replaced(expression: str, label: str, text: str, source: str, pattern: str = "(.*)") -> str:
    """`label` as `text` where `source` is like `pattern`."""
    return f'label_replace({expression}, "{label}", "{text}", "{source}", "{pattern}")'
