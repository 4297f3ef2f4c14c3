"""The moving parts of what alerts tell people: Prometheus templates, rendered when the alert fires.

A query of a template asks Prometheus for what the alert's value does not hold. Instants are shown in UTC.
"""

from __future__ import annotations

import re

from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import (
    CASE_BREACHED,
    CASE_DEADLINE,
    CASE_SECONDS_LEFT,
    ENDPOINT_FAILING_SINCE,
    LOG_ENTRY_INFO,
    LOG_ENTRY_START,
    MAINTENANCE_LAST_END,
)
from sesam_slo.generate.promql import recent

SERVICE = "{{ $labels.service }}"
CASE = "{{ $labels.case }}"
NUMBER = "{{ $value }}"
LENGTH = "{{ $value | humanizeDuration }}"
PERCENTAGE = "{{ $value | humanizePercentage }}"

_OF_SERVICE = "service=%q"  # the alert's own, put in by the template
_OF_CASE = "service=%q,case=%q"


def since_event_began(timings: AlertTimings) -> str:
    """` since INSTANT`: the start, by the log, of the event that goes on; nothing where the log does not tell."""
    start = recent(f"{LOG_ENTRY_START.name}{{{_OF_SERVICE}}}", timings)
    ongoing = recent(f'{LOG_ENTRY_INFO.name}{{{_OF_SERVICE},state="ongoing"}}', timings)
    return _instant("since", f"max({start} and on (id) {ongoing})")


def since_failing() -> str:
    """` since INSTANT`: the start of the longest failing run that is open."""
    return _instant("since", f"min({ENDPOINT_FAILING_SINCE.name}{{{_OF_SERVICE}}})")


def at_end_of_maintenance(timings: AlertTimings) -> str:
    """` at INSTANT`: when maintenance that counts last ended."""
    return _instant("at", f"max({recent(f'{MAINTENANCE_LAST_END.name}{{{_OF_SERVICE}}}', timings)})")


def listed(label: str, metric: str, template: str, *, otherwise: str, matchers: str = "") -> str:
    """The values of a label, each after a blank; `template` is PromQL with `{}` for the selector of the service."""
    query = template.format(f"{metric}{{{_OF_SERVICE}{matchers}}}")
    # Sorted: a query gives its series in no order, and an annotation that changes is a change of the alert.
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
        f" Its {target} is {hours}h {minutes}m of business time overdue{_instant('since', due)}."
        "{{ else }}"
        f" {hours}h {minutes}m of business time are left until its {target} is due{_instant('at', due)}."
        "{{ end }}{{ end }}"
    )


def _instant(word: str, query: str) -> str:
    return "{{ with " + _ask(query) + " }} " + word + " {{ . | first | value | humanizeTimestamp }}{{ end }}"


def _ask(query: str) -> str:
    quoted = query.replace('"', '\\"')
    own_labels = "".join(f" $labels.{label}" for label in re.findall(r"(\w+)=%q", query))
    return f'query (printf "{quoted}"{own_labels})'
