"""Is everything answering? The answer in a sentence, each service as a tile, and whether the monitoring itself sees."""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import DOWNTIME_ACTIVE, ENDPOINT_INFO, LOG_ENTRY_DURATION, LOG_ENTRY_INFO
from sesam_slo.generate.dashboards.grafana import (
    Json,
    Word,
    at_most,
    colored,
    link,
    sorted_by,
    stat,
    steps,
    target,
    transformation,
    words,
)
from sesam_slo.generate.dashboards.palette import AMBER, BLUE, BRIGHT_RED, GREEN, NEUTRAL, NOT_SEEN, PURPLE, RED
from sesam_slo.generate.dashboards.sentence import ALL_RESPONDING, NOTHING_SEEN, counts_of
from sesam_slo.generate.dashboards.service_state import State, recorded_state, seen
from sesam_slo.generate.promql import UP

TILES = 24
SLO_OF_SERVICE = "/d/sesam-slo-slo?var-service={service}&${{__url_time_range}}"
AGE = {"unit": "s", "decimals": 1}  # 23.2 mins, 2.7 hours, 5.1 days


def headline(config: Config, at: GridPos) -> Panel:
    """The colour follows from the words, the worst of them last: they cannot contradict each other."""
    now = recorded_state(config)
    nobody = f'label_replace(absent({now}), "says", "{NOTHING_SEEN}", "", "")'
    return stat(
        "Is everything answering?",
        "How many services are in each state that is not OK, in the colour of the worst. NOT SEEN: the exporter is gone,"
        " nothing was scraped, or probes say nothing about SESAM. Green only when every endpoint of every service"
        " answered its last probe.",
        [target(f"{counts_of(now)}\nor on () {nobody}", legend="{{says}}")],
        at,
        sizes=None,
        only_names=True,
        field={
            "color": {"mode": "fixed", "fixedColor": PURPLE},
            "mappings": words({}, without_data=("NOT SEEN", PURPLE)),
            "thresholds": steps(PURPLE),
        },
        without_data="NOT SEEN",
        background=True,
        overrides=[
            colored(ALL_RESPONDING, GREEN),
            colored("/IN MAINTENANCE$/", BLUE),
            colored("/FAILING/", AMBER),
            colored("/NOT SEE/", PURPLE),
            colored("/DOWN/", RED),
        ],
    )


def tiles(config: Config, at: GridPos, letters: tuple[int, int], texts: dict[float | str, Word]) -> Panel:
    """As many tiles as fit, and one that says what the others are: none of them is worse than any that is shown."""
    now = recorded_state(config)
    shown = TILES if len(config.services) <= TILES else TILES - 1
    next_worst = f"min(topk({shown + 1}, {now}))"
    rest = f'count_values("rest", count({now}) - {shown} > 0)'
    alike = f'count_values("alike", count({now} >= scalar({next_worst})) - {shown})'
    more = f"{next_worst} * on () group_left (rest) {rest} * on () group_left (alike) {alike}"
    more = f'label_join({more}, "of", "/", "rest", "alike")'
    said = f'label_replace({more}, "service", "and $1 more, of which $2", "of", "(.*)/(.*)")'
    return stat(
        "Services, worst first",
        "Each service's state now. DOWN: a confirmed downtime. NOT SEEN: an endpoint has no result that says anything."
        " FAILING: the last probe of an endpoint failed, not yet long enough to be downtime. MAINTENANCE (MAINT.): a window"
        " that counts is open. OK: every endpoint answered its last probe. The last tile counts those that have no place.",
        [target(now, table=True), target(f"sum by (service) ({said})", ref="B", table=True)],
        at,
        sizes=letters,
        field={
            "mappings": words(texts, without_data=("NOT SEEN", PURPLE)),
            "thresholds": steps(PURPLE),
            "links": link("SLO of this service", SLO_OF_SERVICE.format(service="${__data.fields.service}")),
        },
        without_data="NOT SEEN",
        background=True,
        every_row=True,
        transformations=[
            sorted_by("service"),
            sorted_by("Value", descending=True),
            sorted_by("Value #A", descending=True),
            transformation("limit", limitField=shown),
        ],
    )


def down_for(config: Config, at: GridPos) -> Panel:
    """The longest two; 0 where the exporter says that there is none and sees something, -1 where it sees nothing."""
    now = recorded_state(config)
    age = f'max by (service) ({LOG_ENTRY_DURATION.name} * on (service, id) {LOG_ENTRY_INFO.name}{{state="ongoing"}})'
    none = f"max({DOWNTIME_ACTIVE.name}) == 0 and on () min({now}) < {State.NOT_SEEN:d}"
    unseen = f"-1 * (group(min({now}) == {State.NOT_SEEN:d}) or absent({now}))"
    said = (
        f'label_replace({none}, "service", "no service", "", "")'
        f' or on () label_replace({unseen}, "service", "whether anything is down", "", "")'
    )
    return stat(
        "Down for (longest two)",
        "Age of the ongoing downtimes, the longest two, from their first failure. It stands still while nothing is"
        " seen of the service.",
        [target(f"sort_desc(topk(2, {age})) or on () {said}", legend="{{service}}")],
        at,
        sizes=(24, 44),
        stacked=True,
        field={
            **AGE,
            "mappings": words({0: ("NONE", NEUTRAL), -1: NOT_SEEN}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_RED),
            "links": link("SLO of this service", SLO_OF_SERVICE.format(service="${__field.labels.service}")),
        },
        without_data="NOT SEEN",
    )


def monitoring(config: Config, at: GridPos) -> Panel:
    """Why it is not seen: the first that holds. Of the endpoints 1 is seen and 2 is not: their average says how many."""
    texts: dict[float | str, Word] = {
        1: ("SEES ALL", GREEN),
        2: ("SEES NOTHING", PURPLE),
        3: ("RULES STALE", PURPLE),
        4: ("EXPORTER GONE", PURPLE),
        5: ("NOT SCRAPED", PURPLE),
    }
    now = recorded_state(config)
    endpoints = f"1 + 0 * {seen(config)} or on (service, endpoint, kind) 2 * {ENDPOINT_INFO.name}"
    cases = (
        f"5 * absent({UP})",
        f"4 * count(max({UP}) == 0)",
        f"3 * absent({now})",
        f"avg({endpoints})",
        f"2 * count(max({UP}) == 1)",
    )
    return stat(
        "Monitoring",
        "Whether the monitoring itself sees. NOT SCRAPED: Prometheus has no such target. RULES STALE: Prometheus no"
        " longer evaluates the rules that record the states. EXPORTER GONE: its last"
        " scrape failed. SEES NOTHING, SEES A PART: endpoints are without a result that says anything of SESAM.",
        [target("\nor on () ".join(cases), legend="now")],
        at,
        sizes=(18, 38),
        named=False,
        field={
            "mappings": [*words(texts, without_data=("NOT SEEN", PURPLE)), at_most(1.999999, ("SEES A PART", PURPLE))],
            "thresholds": steps(PURPLE),
            "links": _exporter(),
        },
        without_data="NOT SEEN",
        background=True,
    )


def _exporter() -> list[Json]:
    return link("The exporter", "/d/sesam-slo-exporter?${__url_time_range}")
