"""The moving parts of what alerts tell people: Prometheus templates, rendered when the alert fires.

A query of a template asks Prometheus for what the alert's value does not hold. Instants are shown in UTC.
"""

from __future__ import annotations

from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import ENDPOINT_FAILING_SINCE, LOG_ENTRY_INFO, LOG_ENTRY_START, MAINTENANCE_LAST_END
from sesam_slo.generate.promql import recent

SERVICE = "{{ $labels.service }}"
NUMBER = "{{ $value }}"
LENGTH = "{{ $value | humanizeDuration }}"
PERCENTAGE = "{{ $value | humanizePercentage }}"

_OF_SERVICE = "service=%q"  # the alert's own, put in by the template


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


def _instant(word: str, query: str) -> str:
    return "{{ with " + _ask(query) + " }} " + word + " {{ . | first | value | humanizeTimestamp }}{{ end }}"


def _ask(query: str) -> str:
    quoted = query.replace('"', '\\"')
    return f'query (printf "{quoted}"' + " $labels.service" * query.count("%q") + ")"
