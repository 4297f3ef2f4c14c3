"""Panels over time, bars, headings: what the drill-down dashboards have and the wall has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from grafanalib.core import BarGauge, GridPos, Panel, Repeat, RowPanel, TimeSeries

from sesam_slo.generate.dashboards.grafana import DATA_SOURCE, Json, override, steps, words

LAST_AND_MAX = ("lastNotNull", "max")
NOT_RECORDED = "Not recorded in this time: Prometheus records from when it has the rules and sees the exporter"
MANY_POINTS = 300  # of a series over the time range: what a panel's width shows


def time_series(
    title: str,
    description: str,
    queries: Iterable[Json],
    at: GridPos,
    *,
    unit: str,
    without_data: str,
    legend: Sequence[str] = LAST_AND_MAX,
    beside: bool = False,
    stacked: bool = False,
    filled: int = 10,
    bars: bool = False,
    stepped: bool = False,
    decimals: int | None = None,
    least: float | None = 0,
    limits: Json | None = None,
    within: tuple[float, float] | None = None,
    logarithmic: bool = False,
    colours: Mapping[str, str] | None = None,
    overrides: Iterable[Json] = (),
    points: int = MANY_POINTS,
    shortest: str | None = None,
    time_from: str | None = None,
    repeat: str | None = None,
) -> Panel:
    """Lines, or `bars`, with a table of their names and the `legend`'s calculations below, or `beside` them.

    `limits` are thresholds, drawn as dashed lines; `within` is what the axis shows at least; a `logarithmic` one is
    linear up to 1. `colours` by the series' name. `time_from` is a time range of the panel's own; `repeat` draws the
    panel once for each value of that variable.
    """
    fixed = [override(name, color={"mode": "fixed", "fixedColor": colour}) for name, colour in (colours or {}).items()]
    scale = {"type": "symlog", "log": 10, "linearThreshold": 1} if logarithmic else {"type": "linear"}
    soft = {"axisSoftMin": within[0], "axisSoftMax": within[1]} if within else {}
    return TimeSeries(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=list(queries),
        gridPos=at,
        maxDataPoints=points,
        interval=shortest,
        timeFrom=time_from,
        hideTimeOverride=time_from is not None,
        repeat=Repeat(direction="h", variable=repeat, maxPerRow=4) if repeat else Repeat(),
        drawStyle="bars" if bars else "line",
        lineInterpolation="stepAfter" if stepped else "linear",
        lineWidth=1 if bars or stacked else 2,
        fillOpacity=70 if bars else 40 if stacked else filled,
        showPoints="never",
        stacking={"mode": "normal" if stacked else "none", "group": "A"},
        legendDisplayMode="table",
        legendPlacement="right" if beside else "bottom",
        legendCalcs=list(legend),
        tooltipMode="multi",
        tooltipSort="desc",
        unit=unit,
        valueDecimals=decimals,
        thresholdsStyleMode="dashed" if limits else "off",
        overrides=[*fixed, *overrides],
        extraJson={
            "fieldConfig": {
                "defaults": {
                    "noValue": without_data,
                    "min": least,
                    "thresholds": limits or steps("transparent"),
                    "custom": {"scaleDistribution": scale, "barWidthFactor": 0.95, **soft},
                }
            },
            "options": {"legend": {"showLegend": True}},
        },
    )


def bars(
    title: str,
    description: str,
    queries: Iterable[Json],
    at: GridPos,
    *,
    field: Json,
    without_data: str,
    overrides: Iterable[Json] = (),
) -> Panel:
    """A horizontal bar with name and value for each series; `field` has the settings of the values."""
    return BarGauge(
        title=title,
        description=description,
        dataSource=DATA_SOURCE,
        targets=list(queries),
        gridPos=at,
        extraJson={
            "fieldConfig": {
                "defaults": {"min": 0, "noValue": without_data, "color": {"mode": "thresholds"}, **field},
                "overrides": list(overrides),
            },
            "options": {
                "reduceOptions": {"calcs": ["lastNotNull"], "values": False, "fields": ""},
                "displayMode": "basic",
                "valueMode": "color",
                "showUnfilled": True,
                "namePlacement": "left",
                "minVizHeight": 24,
                "maxVizHeight": 40,
                "sizing": "manual",
            },
        },
    )


def heading(title: str, y: int) -> Panel:
    return RowPanel(title=title, gridPos=GridPos(x=0, y=y, w=24, h=1))


def named(field: str, text: str, **properties: object) -> Json:
    """The series or column `field` under another name."""
    return override(field, displayName=text, **properties)


def coloured_words(texts: Mapping[float | str, tuple[str, str]], without_data: tuple[str, str] | None = None) -> Json:
    """A table's cells in words, each in its colour."""
    return {"mappings": words(texts, without_data=without_data), "custom__cellOptions": {"type": "color-text"}}
