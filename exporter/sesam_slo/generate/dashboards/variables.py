"""The variables that dashboards share, and links that carry them: a choice made on one is made on the next."""

from __future__ import annotations

from collections.abc import Mapping

from grafanalib.core import Template

from sesam_slo.core.names import SERVICE_INFO, WINDOWS, Metric
from sesam_slo.generate.dashboards.grafana import DATA_SOURCE, Json

SLO_UID = "sesam-slo-slo"

WINDOW_TEXTS = {
    "month": "this month",
    "previous_month": "previous month",
    "quarter": "this quarter",
    "year": "this year",
    "24h": "last 24 hours",
    "7d": "last 7 days",
    "30d": "last 30 days",
    "90d": "last 90 days",
}
assert WINDOW_TEXTS.keys() == set(WINDOWS)

_KEYS = {
    "allValue", "current", "datasource", "hide", "includeAll", "label", "multi", "name", "options", "query", "refresh",
    "sort", "type",
}  # fmt: skip
_ALL = {"text": "All", "value": "$__all"}
_ON_TIME_RANGE_CHANGE = 2  # a service that was removed is offered while the range reaches back to it


def one_service() -> Json:
    return _of_label("service", SERVICE_INFO, "service", many=False)


def services() -> Json:
    """Any number of services; all of them to begin with."""
    return _of_label("service", SERVICE_INFO, "service", many=True)


def endpoints_of_service(metric: Metric) -> Json:
    """The endpoints of the one service that is chosen."""
    return _of_label("endpoint", metric, "endpoint", many=True, matcher='{service="$service"}')


def window(texts: Mapping[str, str]) -> Json:
    """One of the account's windows, the first to begin with; `texts` by the value of the label."""
    return _of_texts("window", texts, many=False)


def choice(name: str, texts: Mapping[str, str]) -> Json:
    """Any number of these values, all to begin with; `texts` by value."""
    return _of_texts(name, texts, many=True)


def slo_link(service: str) -> Json:
    """A link to the service's SLO dashboard, of the same time range; `service` is how the link finds its name."""
    return {"title": "SLO of this service", "url": f"/d/{SLO_UID}?var-service={service}&${{__url_time_range}}"}


def _of_label(name: str, metric: Metric, label: str, *, many: bool, matcher: str = "") -> Json:
    query = f"label_values({metric.name}{matcher}, {label})"
    made = Template(
        name=name,
        label=name,
        query={"query": query, "refId": name},
        dataSource=DATA_SOURCE,
        multi=many,
        includeAll=many,
        allValue=".*" if many else None,  # short, whatever their number; a query reads them all anyway
        refresh=_ON_TIME_RANGE_CHANGE,
        sort=1,
    )
    return _current(made) | {"definition": query, "current": _ALL if many else {}}


def _of_texts(name: str, texts: Mapping[str, str], *, many: bool) -> Json:
    choices = [{"text": text, "value": value, "selected": False} for value, text in texts.items()]
    made = Template(
        name=name,
        label=name,
        query=",".join(f"{text} : {value}" for value, text in texts.items()),
        options=[dict(_ALL, selected=True), *choices] if many else choices,
        type="custom",
        multi=many,
        includeAll=many,
        allValue=".*" if many else None,
    )
    first = {key: value for key, value in choices[0].items() if key != "selected"}
    return _current(made) | {"current": _ALL if many else first}


def _current(variable: Template) -> Json:
    """As Grafana writes it today, without settings that say nothing."""
    return {key: value for key, value in variable.to_json_data().items() if key in _KEYS and value is not None}
