"""PromQL that several drill-down dashboards are made of."""

from __future__ import annotations

from sesam_slo.core.names import EXPORTER_BUILD_INFO, LOG_ENTRY_DURATION, LOG_ENTRY_START, SERVICE_INFO

ONE_SERVICE = 'service="$service"'
SERVICES = 'service=~"$service"'

# Of a history, the cell that an instant is drawn for: up to the next one's, and from one scrape before.
CELL = "[$__rate_interval] offset -$__interval"

NAME = "what"  # the label that `named` writes


def named(expression: str, text: str) -> str:
    """The series of `expression` with a name, so that several kinds of figures fit into one query."""
    return f'label_replace({expression}, "{NAME}", "{text}", "", "")'


def at_start_of_range() -> str:
    """The instant at which the time range starts, as a number."""
    return _time_at("start")


def at_end_of_range() -> str:
    """The instant at which the time range ends, as a number."""
    return _time_at("end")


def since_start_of_range(counter: str, by: str) -> str:
    """How much a counter that never steps back has grown since it was first seen in the time range.

    Its parts are put together `by` labels first: a restart elsewhere, or a history from elsewhere, is the same counter.
    """
    return f"(max by ({by}) ({counter}) - min by ({by}) (min_over_time({counter}[$__range] @ end())))"


def entries_in_range(matchers: str) -> str:
    """The log's entries that lasted into the time range: the start of each.

    For a query of one instant, whose time is the end of the range; what began later is not known then.
    """
    start, length = f"{LOG_ENTRY_START.name}{{{matchers}}}", f"{LOG_ENTRY_DURATION.name}{{{matchers}}}"
    return f"({start} and {start} + {length} >= time() - $__range_s)"


def lengths_in_range(matchers: str) -> str:
    """The same entries: the whole length of each."""
    return f"({LOG_ENTRY_DURATION.name}{{{matchers}}} and on (service, id) {entries_in_range(matchers)})"


def labelled(figure: str, info: str) -> str:
    """A figure of log entries with cause, endpoints and state; `info` chooses among the entries by them.

    The figure is the one side and `info` the many: two exporters may differ in the state of an entry for a moment.
    """
    return (
        "max by (service, id, cause, endpoints, state)"
        f" ({info} * on (service, id) group_left () max by (service, id) ({figure}))"
    )


def none_of(services: str, label: str) -> str:
    """A line of zeros with `none` in the label, for what is recorded only where it occurs: while an exporter tells the services.

    A past that `backfill` wrote has the services but no exporter: what the ledger does not hold is not known there.
    """
    told = f"max({SERVICE_INFO.name}{{{services}}}) and on () group({EXPORTER_BUILD_INFO.name})"
    return f'label_replace(0 * ({told}), "{label}", "none", "", "")'


def _time_at(end: str) -> str:
    return f"scalar(last_over_time(vector(time())[1s:1s] @ {end}()))"
