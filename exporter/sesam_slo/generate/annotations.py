"""The moving parts of what alerts tell people: Prometheus templates, rendered when the alert fires.

A query of a template asks Prometheus for what the alert's value does not hold. A text may change while an alert fires:
what an alert is, its labels tell. Instants are shown in the policy's time zone; Prometheus knows none, so the exporter
says how far that is ahead of UTC. Where it has not said so for as long as alerts look back, they are shown in UTC.
"""

from __future__ import annotations

import re

from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import (
    CASE_BREACHED,
    CASE_DEADLINE,
    CASE_SECONDS_LEFT,
    ENDPOINT_FAILING_SINCE,
    ERROR_BUDGET_REMAINING_SECONDS,
    LOG_ENTRY_INFO,
    LOG_ENTRY_START,
    MAINTENANCE_LAST_END,
    PROBE_TLS_NOT_AFTER,
    TIMEZONE_OFFSET,
    TIMEZONE_OFFSET_FROM,
    Metric,
)
from sesam_slo.generate.promql import UP, duration, recent

SERVICE = "{{ $labels.service }}"
CASE = "{{ $labels.case }}"
NUMBER = "{{ $value }}"
LENGTH = "{{ $value | humanizeDuration }}"
PERCENTAGE = "{{ $value | humanizePercentage }}"

_OF_SERVICE = "service=%q"  # the alert's own, put in by the template
_OF_CASE = "service=%q,case=%q"
_CLOCK = '"2006-01-02 15:04:05"'


def since_event_began(timings: AlertTimings) -> str:
    """` since INSTANT`: the start, by the log, of the event that goes on; nothing where the log does not tell."""
    return _instant(" since", _event(timings), timings)


def named_event(timings: AlertTimings) -> str:
    """` It is event ID of the log.`"""
    return _of_event(" It is event ", "{{ . | first | label \"id\" }} of the log.", timings)  # fmt: skip


def path_of_event(timings: AlertTimings) -> str:
    """`/log/ID`: the event's own page, below the exporter's address; nothing where the log does not tell."""
    return _of_event("/log/", '{{ . | first | label "id" | urlquery }}', timings)


def an_hour_before_event(timings: AlertTimings) -> str:
    """In milliseconds since 1970, as a link to Grafana has it; six hours ago where the log does not tell."""
    return _milliseconds(_event(timings))


def since_failing(timings: AlertTimings) -> str:
    """` since INSTANT`: the start of the longest failing run that is open."""
    return _instant(" since", _failing(), timings)


def an_hour_before_failing() -> str:
    return _milliseconds(_failing())


def at_end_of_maintenance(timings: AlertTimings) -> str:
    """` at INSTANT`: when maintenance that counts last ended."""
    return _instant(" at", f"max({recent(f'{MAINTENANCE_LAST_END.name}{{{_OF_SERVICE}}}', timings)})", timings)


def at_expiry(timings: AlertTimings) -> str:
    """` at INSTANT`: when the first certificate of the service expires."""
    return _instant(" at", f"min({recent(f'{PROBE_TLS_NOT_AFTER.name}{{{_OF_SERVICE}}}', timings)})", timings)


def since_last_answer(timings: AlertTimings) -> str:
    """` since INSTANT`: the exporter's last answer to Prometheus, where there was one within six hours."""
    return _instant(
        " since",
        f"max(max_over_time((timestamp({UP}) and {UP} == 1)[6h:{duration(timings.scrape_interval)}]))",
        timings,
    )


def with_instant_of(metric: Metric, word: str, timings: AlertTimings) -> str:
    """`word INSTANT`: what a metric of the exporter itself says."""
    return _instant(word, f"max({recent(metric.name, timings)})", timings)


def oldest_of_state(state: str, word: str, timings: AlertTimings) -> str:
    """`word INSTANT`: the start of the service's oldest entry of the log in that state."""
    start, info = _entries(timings, f',state="{state}"')
    return _instant(word, f"min({start} and on (id) {info})", timings)


def left_of_month(timings: AlertTimings) -> str:
    """` Of this month's error budget LENGTH remain.`"""
    remaining = recent(f'{ERROR_BUDGET_REMAINING_SECONDS.name}{{{_OF_SERVICE},window="month"}}', timings)
    return (
        "{{ with " + _ask(f"min({remaining})") + " }} Of this month's error budget "
        "{{ . | first | value | humanizeDuration }} remain.{{ end }}"
    )


def listed(label: str, metric: str, template: str, *, otherwise: str, matchers: str = "") -> str:
    """The values of a label, each after a blank; `template` is PromQL with `{}` for the selector of the service."""
    query = template.format(f"{metric}{{{_OF_SERVICE}{matchers}}}")
    # Sorted: a query gives its series in no order, and a text that changes for nothing looks like news.
    return (
        "{{ range "
        + _ask(query)
        + f' | sortByLabel "{label}" '
        + "}} {{ .Labels."
        + label
        + " }}{{ else }} "
        + otherwise
        + "{{ end }}"
    )


def level_of_case(timings: AlertTimings) -> str:
    """` (level LEVEL, CLASS)` of the alert's case; nothing where the exporter does not tell."""
    known = recent(f"{CASE_BREACHED.name}{{{_OF_CASE}}}", timings)
    return (
        "{{ with "
        + _ask(known)
        + ' }} (level {{ . | first | label "level" }}, {{ . | first | label "customer_class" }}){{ end }}'
    )


def left_of_case(target: str, clocks: str, timings: AlertTimings) -> str:
    """` LENGTH of business time are left ...` of the clock that runs out first, or by how much it is overdue.

    target: what the clocks are of, in words; clocks: a regular expression. Nothing where none of them runs.
    """
    matchers = f'{{{_OF_CASE},clock=~"{clocks}"}}'
    left = _ask(f"min({recent(f'{CASE_SECONDS_LEFT.name}{matchers}', timings)})")
    due = f"min({recent(f'{CASE_DEADLINE.name}{matchers}', timings)})"
    # Hours at most: a business day has not as many of them as Prometheus' own days.
    hours, minutes = (
        '{{ query (printf "floor(' + part + ')" $left) | first | value }}'
        for part in ("abs(vector(%f)) / 3600", "abs(vector(%f)) %% 3600 / 60")
    )
    return (
        "{{ with " + left + " }}{{ $left := . | first | value }}{{ if lt $left 0.0 }}"
        f" Its {target} is {hours}h {minutes}m of business time overdue{_instant(' since', due, timings)}."
        "{{ else }}"
        f" {hours}h {minutes}m of business time are left until its {target} is due{_instant(' at', due, timings)}."
        "{{ end }}{{ end }}"
    )


def _event(timings: AlertTimings) -> str:
    """The event that goes on, the latest where one has just ended: its start, under its `id`."""
    start, ongoing = _entries(timings, ',state="ongoing"')
    return f"topk(1, max by (id) ({start}) and on (id) {ongoing})"


def _entries(timings: AlertTimings, matchers: str) -> tuple[str, str]:
    start = recent(f"{LOG_ENTRY_START.name}{{{_OF_SERVICE}}}", timings)
    return start, recent(f"{LOG_ENTRY_INFO.name}{{{_OF_SERVICE}{matchers}}}", timings)


def _of_event(before: str, shown: str, timings: AlertTimings) -> str:
    return "{{ with " + _ask(_event(timings)) + " }}" + before + shown + "{{ end }}"


def _failing() -> str:
    return f"min({ENDPOINT_FAILING_SINCE.name}{{{_OF_SERVICE}}})"


def _instant(word: str, query: str, timings: AlertTimings) -> str:
    """`word INSTANT ZONE` of what `query` gives; nothing where it gives nothing."""
    ahead, begins = (recent(metric.name, timings) for metric in (TIMEZONE_OFFSET, TIMEZONE_OFFSET_FROM))
    in_force = f"{ahead} + %.3f and on (abbreviation) topk(1, {begins} <= %.3f)"
    return (
        "{{ with " + _ask(query) + " }}{{ $at := . | first | value }}" + word + " "
        '{{ with query (printf "' + in_force + '" $at $at) }}'
        "{{ (. | first | value | toTime).Format " + _CLOCK + ' }} {{ . | first | label "abbreviation" }}'
        "{{ else }}{{ (toTime $at).Format " + _CLOCK + " }} UTC{{ end }}{{ end }}"
    )


def _milliseconds(query: str) -> str:
    asked = _ask(f"({query} - 3600) * 1000")
    return "{{ with " + asked + ' }}{{ . | first | value | printf "%.0f" }}{{ else }}now-6h{{ end }}'


def _ask(query: str) -> str:
    quoted = query.replace('"', '\\"')
    own_labels = "".join(f" $labels.{label}" for label in re.findall(r"(\w+)=%q", query))
    return f'query (printf "{quoted}"{own_labels})'
