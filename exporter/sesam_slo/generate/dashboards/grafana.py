"""Panels as Grafana 11 to 13 read them, made with grafanalib, which knows the Grafana of some years ago.

grafanalib gives panel types, grid and ids; here is what it leaves empty or writes as older versions had it: thresholds,
mappings, targets, colours, and which keys a panel still has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grafanalib._gen import DashboardEncoder
from grafanalib.core import (
    Annotations,
    Dashboard,
    DashboardLink,
    GridPos,
    Panel,
    Stat,
    StateTimeline,
    Table,
    Target,
    Templating,
    Time,
)

DATA_SOURCE = {"type": "prometheus", "uid": "sesam-slo-prometheus"}  # as grafana/provisioning/datasources has it
SCHEMA_VERSION = 41  # Grafana 11.6 and 12; older ones read it, newer ones migrate it
TAG = "sesam-slo"  # of all dashboards: each links to all others that have it

_DASHBOARD_KEYS = {
    "annotations", "description", "editable", "graphTooltip", "links", "panels", "refresh", "schemaVersion", "tags",
    "templating", "time", "timepicker", "timezone", "title", "uid", "version",
}  # fmt: skip
_PANEL_KEYS = {
    "collapsed", "datasource", "description", "fieldConfig", "gridPos", "hideTimeOverride", "id", "interval",
    "maxDataPoints", "maxPerRow", "options", "panels", "repeat", "repeatDirection", "targets", "timeFrom", "title",
    "transformations", "type",
}  # fmt: skip
_ROW_KEYS = {"collapsed", "gridPos", "id", "panels", "title", "type"}
_TARGET_KEYS = {"datasource", "expr", "format", "instant", "legendFormat", "refId"}

Json = dict[str, Any]
Word = tuple[str, str]  # what is written, and in which colour


def dashboard(
    panels: Sequence[Panel],
    *,
    uid: str,
    title: str,
    description: str,
    timezone: str,
    since: str,
    variables: Sequence[Json] = (),
    annotations: Sequence[Json] = (),
    refresh: str = "15s",
) -> Json:
    """The dashboard as Grafana stores it, with ids for its panels; `since` is where its time range starts.

    It links to all the others, which get its time range and its variables; a kiosk does not show that.
    """
    others = DashboardLink(title="Dashboards", type="dashboards", tags=[TAG], includeVars=True, keepTime=True)
    made = Dashboard(
        title=title,
        uid=uid,
        description=description,
        panels=list(panels),
        timezone=timezone,
        time=Time(since, "now"),
        refresh=refresh,
        graphTooltip=1,  # one crosshair for all panels
        tags=[TAG],
        links=[others],
        templating=Templating(list(variables)),
        annotations=Annotations(list(annotations)),
        editable=False,
        schemaVersion=SCHEMA_VERSION,
    ).auto_panel_ids()
    document = json.loads(json.dumps(made.to_json_data(), cls=DashboardEncoder))
    document["panels"] = [_current(panel) for panel in document["panels"]]
    return {key: value for key, value in document.items() if key in _DASHBOARD_KEYS}


def json_text(document: Json) -> str:
    """The text of a generated file: the same document gives the same bytes."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _current(panel: Json) -> Json:
    """The panel without the keys that Grafana has given up, and without settings that say nothing."""
    keys = _ROW_KEYS if panel["type"] == "row" else _PANEL_KEYS
    kept = {key: value for key, value in panel.items() if key in keys and value is not None}
    if "timeFrom" not in kept:
        kept.pop("hideTimeOverride", None)
    if panel["type"] == "row":
        return kept
    kept["options"].pop("fieldOptions", None)  # of a bar gauge as Grafana 6 had it
    defaults = kept["fieldConfig"]["defaults"]
    kept["fieldConfig"]["defaults"] = {key: value for key, value in defaults.items() if value is not None}
    return kept


def target(expr: str, *, ref: str = "A", legend: str = "", table: bool = False, over_time: bool = False) -> Json:
    """One query: of this moment, or `over_time`; `table` gives one frame with a column for each label."""
    made = Target(
        expr=expr,
        refId=ref,
        legendFormat=legend,
        format="table" if table else "time_series",
        instant=not over_time,
        datasource=DATA_SOURCE,
    ).to_json_data()
    return {key: made[key] for key in _TARGET_KEYS} | {"range": over_time, "editorMode": "code"}


def steps(base: str, *others: tuple[float, str]) -> Json:
    """Thresholds: the colour below all of them, then (value, colour from there on), ascending."""
    coloured = [{"color": base, "value": None}, *({"color": color, "value": value} for value, color in others)]
    return {"mode": "absolute", "steps": coloured}


def words(texts: Mapping[float | str, Word], *, without_data: Word | None = None) -> list[Json]:
    """Value mappings: what is written instead of each value, and instead of none."""
    shown = {
        f"{value:g}" if isinstance(value, float | int) else value: {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    mappings: list[Json] = [{"type": "value", "options": shown}] if shown else []
    if without_data:
        text, color = without_data
        result = {"text": text, "color": color, "index": len(shown)}
        mappings.append({"type": "special", "options": {"match": "null+nan", "result": result}})
    return mappings


def at_most(limit: float, word: Word) -> Json:
    """One more value mapping: what is written instead of every value up to `limit`."""
    return {"type": "range", "options": {"from": None, "to": limit, "result": {"text": word[0], "color": word[1]}}}


def override(field: str, **properties: Any) -> Json:
    """Settings of the fields whose name matches; `__` in a property stands for a dot."""
    matcher = {"id": "byRegexp", "options": field} if field.startswith("/") else {"id": "byName", "options": field}
    listed = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": matcher, "properties": listed}


def colored(field: str, color: str, **properties: Any) -> Json:
    """Those fields in one colour, whatever their values."""
    return override(field, color={"mode": "fixed", "fixedColor": color}, **properties)


def link(title: str, url: str) -> list[Json]:
    """What a click on a value leads to; `url` may have Grafana's variables."""
    return [{"title": title, "url": url, "targetBlank": False}]


def transformation(name: str, **options: Any) -> Json:
    return {"id": name, "options": options}


def sorted_by(field: str, *, descending: bool = False) -> Json:
    return transformation("sortBy", fields={}, sort=[{"field": field, "desc": descending}])


def stat(
    title: str,
    description: str,
    queries: Iterable[Json],
    at: GridPos,
    *,
    sizes: tuple[int, int] | None,
    field: Json,
    without_data: str,
    background: bool = False,
    every_row: bool = False,
    stacked: bool = False,
    named: bool = True,
    only_names: bool = False,
    wide: bool = False,
    transformations: Iterable[Json] = (),
    overrides: Iterable[Json] = (),
) -> Panel:
    """Values, with their names above them unless not `named`, or the names alone; side by side or `stacked`.

    `sizes` are those of name and value in pixels, None lets Grafana fill the space; `field` has the settings of the
    values. `every_row` of a table is a value, else each series. `only_names`: sentences, their values unwritten.
    `wide`: in one line, the name left and the value right.
    """
    return Stat(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=list(queries),
        gridPos=at,
        colorMode="background_solid" if background else "value",
        graphMode="none",
        textMode="name" if only_names else "value_and_name" if named else "value",
        orientation="horizontal" if stacked else "auto",
        reduceCalc="lastNotNull",
        noValue=without_data,
        transformations=list(transformations),
        overrides=list(overrides),
        extraJson={
            "fieldConfig": {"defaults": {"color": {"mode": "thresholds"}, **field}},
            "options": {
                "text": {"titleSize": sizes[0], "valueSize": sizes[1]} if sizes else {},
                "wideLayout": wide,
                "reduceOptions": {"values": every_row},
            },
        },
    )


def table(
    title: str,
    description: str,
    queries: Iterable[Json],
    at: GridPos,
    *,
    without_data: str,
    transformations: Iterable[Json],
    overrides: Iterable[Json],
) -> Panel:
    return Table(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=list(queries),
        gridPos=at,
        transformations=list(transformations),
        overrides=list(overrides),
        extraJson={
            "fieldConfig": {"defaults": {"custom": {"cellOptions": {"type": "auto"}}, "noValue": without_data}},
            "options": {"cellHeight": "sm", "enablePagination": False},
        },
    )


def state_timeline(
    title: str,
    description: str,
    query: Json,
    at: GridPos,
    *,
    mappings: list[Json],
    points: int,
    shortest: str,
    written: bool = False,
    without_data: str = "NOT SEEN",
) -> Panel:
    """A strip for each series, of at most `points` cells, each at least `shortest` long, with its value if `written`."""
    return StateTimeline(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=[query],
        gridPos=at,
        mappings=mappings,
        maxDataPoints=points,
        interval=shortest,
        showValue="auto" if written else "never",
        extraJson={
            "fieldConfig": {
                "defaults": {"thresholds": steps("transparent"), "custom": {"fillOpacity": 90}, "noValue": without_data}
            },
            "options": {"legend": {"showLegend": True, "placement": "right"}},
        },
    )
