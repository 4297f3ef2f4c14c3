"""The downtime log dashboard: what happened, why, and what nobody has explained yet."""

from __future__ import annotations

from collections.abc import Iterable

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Cause, Config
from sesam_slo.core.names import DOWNTIME_ACTIVE, LOG_ENTRY_INFO
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
    AMBER,
    BRIGHT_AMBER,
    BRIGHT_RED,
    CAUSES,
    LOG_STATES,
    NEUTRAL,
    NOT_SEEN,
)
from sesam_slo.generate.dashboards.queries import SERVICES, entries_in_range, labelled, lengths_in_range
from sesam_slo.generate.dashboards.series import bars, coloured_words
from sesam_slo.generate.dashboards.series import named as renamed
from sesam_slo.generate.dashboards.variables import choice, services, slo_link

UID = "sesam-slo-log"

_CHOSEN = f'{LOG_ENTRY_INFO.name}{{{SERVICES},cause=~"$cause",state=~"$state"}}'
_UNEXPLAINED = f'{LOG_ENTRY_INFO.name}{{{SERVICES},state=~"ended|overdue"}}'
_CAUSE_CELLS: dict[float | str, Word] = {  # what lacks a cause stands out
    cause: (text, AMBER if cause == Cause.UNKNOWN else "transparent") for cause, (text, _) in CAUSES.items()
}
_WHERE = (
    "Cause, symptom and solution are written by people: on the exporter's page, over its API or with"
    " `sesam-slo log annotate`."
)


def log(config: Config) -> Json:
    panels = [
        _ongoing(GridPos(x=0, y=0, w=4, h=4)),
        _without_cause(GridPos(x=4, y=0, w=5, h=4)),
        _overdue(config, GridPos(x=9, y=0, w=5, h=4)),
        _entries(GridPos(x=14, y=0, w=4, h=4)),
        _length(GridPos(x=18, y=0, w=6, h=4)),
        _unexplained(config, GridPos(x=0, y=4, w=16, h=8)),
        _by_cause(GridPos(x=16, y=4, w=8, h=8)),
        _all(config, GridPos(x=0, y=12, w=24, h=14)),
    ]
    return dashboard(
        panels,
        uid=UID,
        title="SESAM downtime log",
        description="The log of downtime that the contract asks for, the last 90 days of it: when, how long, why, and"
        f" what still lacks an explanation. {_WHERE}",
        timezone=config.policy.timezone.key,
        since="now-30d",
        refresh="1m",
        variables=[
            services(),
            choice("cause", {each.value: _plain(CAUSES[each][0]) for each in Cause}),
            choice("state", {state: state for state in map(str, LOG_STATES)}),
        ],
    )


def _ongoing(at: GridPos) -> Panel:
    return _count(
        "Ongoing now",
        "Services that are down at this moment, by a confirmed downtime.",
        f"sum(max by (service) ({DOWNTIME_ACTIVE.name}{{{SERVICES}}}))",
        at,
        alarming=BRIGHT_RED,
    )


def _without_cause(at: GridPos) -> Panel:
    return _count(
        "Without a cause",
        "Entries of the time range, ended ones, of which nobody has said what they were due to.",
        _number(f'{LOG_ENTRY_INFO.name}{{{SERVICES},cause="{Cause.UNKNOWN}",state!="ongoing"}}'),
        at,
        alarming=BRIGHT_AMBER,
    )


def _overdue(config: Config, at: GridPos) -> Panel:
    days = config.policy.alerts.unexplained_after_business_days
    return _count(
        "Explanation overdue",
        f"Entries of the time range that have waited for a cause and a solution for more than {days} business days: a"
        " ticket is open for their service.",
        _number(f'{LOG_ENTRY_INFO.name}{{{SERVICES},state="overdue"}}'),
        at,
        alarming=BRIGHT_AMBER,
    )


def _entries(at: GridPos) -> Panel:
    return _count("Entries in this time", "Entries of the log that touch the time range.", _number(_CHOSEN), at)


def _length(at: GridPos) -> Panel:
    total = f"sum({labelled(lengths_in_range(SERVICES), _CHOSEN)}) or 0 * {_known()}"
    return stat(
        "Downtime in all",
        "The whole lengths of the entries that touch the time range and are chosen above, added up over services.",
        [target(total, legend="")],
        at,
        sizes=(14, 40),
        named=False,
        field={
            "unit": "s",
            "decimals": 1,
            "mappings": words({0: ("none", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(NEUTRAL),
        },
        without_data="NOT SEEN",
    )


def _unexplained(config: Config, at: GridPos) -> Panel:
    return _table(
        config,
        "Still to be explained",
        f"Ended entries without a cause or without a solution, the oldest first. {_WHERE}",
        _UNEXPLAINED,
        at,
        without_data="Nothing waits for an explanation, or the exporter is not seen",
        hidden=("endpoints",),
        newest_first=False,
    )


def _by_cause(at: GridPos) -> Panel:
    none = f'label_replace(0 * {_known()}, "cause", "no downtime", "", "")'
    return bars(
        "Downtime by cause",
        "The whole lengths of the chosen entries by what they were due to. What is excluded does not count against the"
        " objective.",
        [
            target(
                f"sum by (cause) ({labelled(lengths_in_range(SERVICES), _CHOSEN)}) or on () {none}", legend="{{cause}}"
            )
        ],
        at,
        field={"unit": "s", "decimals": 1, "thresholds": steps(NEUTRAL)},
        without_data="NOT SEEN",
        overrides=[renamed(each.value, CAUSES[each][0], thresholds=steps(CAUSES[each][1])) for each in Cause],
    )


def _all(config: Config, at: GridPos) -> Panel:
    return _table(
        config,
        "Downtime log",
        "The chosen entries that touch the time range, the newest first. 'cause?' asks for one to be filled in. The"
        " solution is text: it stands on the exporter's page of the entry.",
        _CHOSEN,
        at,
        without_data="No entry in this time, none that is chosen, or the exporter is not seen",
    )


def _table(
    config: Config,
    title: str,
    description: str,
    chosen: str,
    at: GridPos,
    *,
    without_data: str,
    hidden: Iterable[str] = (),
    newest_first: bool = True,
) -> Panel:
    page = config.web.external_url
    links = [{"title": "Open the entry", "url": f"{page}/log/${{__value.raw}}", "targetBlank": True}]
    return table(
        title,
        description + ("" if page else " With web.external_url set, its id links there."),
        [
            target(f"1000 * {labelled(entries_in_range(SERVICES), chosen)}", ref="A", table=True),
            target(labelled(lengths_in_range(SERVICES), chosen), ref="B", table=True),
        ],
        at,
        without_data=without_data,
        transformations=[
            transformation("merge"),
            sorted_by("Value #A", descending=newest_first),
            transformation(
                "organize",
                excludeByName={"Time": True, **dict.fromkeys(hidden, True)},
                indexByName={
                    "service": 0,
                    "Value #A": 1,
                    "Value #B": 2,
                    "endpoints": 3,
                    "state": 4,
                    "cause": 5,
                    "id": 6,
                },
                renameByName={"Value #A": "began", "Value #B": "duration", "id": "entry"},
            ),
        ],
        overrides=[
            override("service", links=[slo_link("${__value.raw}")]),
            override("began", unit="time:ddd D MMM YYYY HH:mm:ss", custom__width=220),
            override("duration", unit="s", decimals=1, custom__width=110),
            override("endpoints", custom__width=120),
            override("state", **coloured_words(LOG_STATES), custom__width=110),
            override(
                "cause",
                mappings=words(_CAUSE_CELLS),
                custom__cellOptions={"type": "color-background", "mode": "basic"},
                thresholds=steps("transparent"),
                custom__width=190,
            ),
            override("entry", custom__minWidth=300, **({"links": links} if page else {})),
        ],
    )


def _count(title: str, description: str, expression: str, at: GridPos, *, alarming: str | None = None) -> Panel:
    return stat(
        title,
        description,
        [target(expression)],
        at,
        sizes=(14, 40),
        named=False,
        field={
            "unit": "none",
            "mappings": words({0: ("NONE", NEUTRAL)}, without_data=NOT_SEEN),
            "thresholds": steps(NEUTRAL, (1, alarming)) if alarming else steps(NEUTRAL),
        },
        without_data="NOT SEEN",
    )


def _number(chosen: str) -> str:
    """How many of the chosen entries touch the time range; nothing where no service is known."""
    return (
        f"count(group by (service, id) ({chosen}) and on (service, id) {entries_in_range(SERVICES)}) or 0 * {_known()}"
    )


def _known() -> str:
    """How many services say whether they are down: some, where the exporter is seen."""
    return f"count({DOWNTIME_ACTIVE.name}{{{SERVICES}}})"


def _plain(text: str) -> str:
    return "unknown" if text == "cause?" else text
