"""The few forms of PromQL that the alerts are made of.

A state is read with `latest`: its last value within the lookback, so that a missed scrape or a restart changes
nothing. That needs series which say 0 when the state is over. Where an exporter metric says it by going away
(maintenance, a failing run), a recording rule turns it into such a series with `or_zero`, while scrapes succeed.
"""

from __future__ import annotations

from datetime import timedelta

from sesam_slo.core.durations import format_duration
from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import DOWNTIME_ACTIVE, PROBES, SCRAPE_JOB, SERVICE_INFO

UP = f'up{{job="{SCRAPE_JOB}"}}'


def duration(value: timedelta) -> str:
    """As Prometheus and Alertmanager read it: whole milliseconds, never nothing."""
    millisecond = timedelta(milliseconds=1)
    return format_duration(max(round(value / millisecond), 1) * millisecond)


def seconds(value: timedelta) -> str:
    """As a number of PromQL, in plain notation."""
    return f"{value.total_seconds():.3f}".rstrip("0").rstrip(".")


def at_least(value: timedelta, timings: AlertTimings, *, scrapes: int) -> str:
    """A range of `value`, or of as many scrape intervals where that is longer: a shorter one may hold no sample.

    State needs two. `rate` and `increase` compare samples, four leave two of them after a missed scrape.
    """
    return duration(max(value, scrapes * timings.scrape_interval))


def recent(selector: str, timings: AlertTimings) -> str:
    """The newest value of each series within the lookback."""
    return f"last_over_time({selector}[{at_least(timings.lookback, timings, scrapes=2)}])"


def latest(selector: str, timings: AlertTimings, *, by: str = "max by (service)") -> str:
    """The same by service; `max` because a second exporter says the same of the same service."""
    return f"{by} ({recent(selector, timings)})"


def or_zero(expression: str) -> str:
    """`expression`, and 0 for every other service that the last scrape knew; nothing where that scrape failed."""
    watched = f"{SERVICE_INFO.name} or {DOWNTIME_ACTIVE.name} or {PROBES.name}"
    return f"{expression}\nor\n0 * group by (service) ({watched})"


def firing(alert: str, *, by: str = "service", matchers: str = "") -> str:
    """The services (or whatever the labels of `by` name) for which `alert` fired at the last evaluation."""
    return f'max by ({by}) (ALERTS{{alertname="{alert}",alertstate="firing"{matchers}}})'


def held(condition: str, *, alert: str, state: str, timings: AlertTimings) -> str:
    """`condition`, kept as it was while the exporter is dead for longer than the lookback.

    Nothing is known of `state` then. Resolving would tell the person on call that all is well, and page again for
    the same event when the exporter is back.
    """
    unknown = f"unless on (service) {latest(state, timings)}"
    return f"{condition}\nor\n({firing(alert)} {unknown}) and on () max({UP}) == 0"
