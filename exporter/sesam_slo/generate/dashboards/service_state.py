"""The state of each service as one number, in PromQL: OK, MAINTENANCE, FAILING, NOT SEEN, DOWN.

Nothing is OK for want of data. A series that is absent never counts as an answer: a service is OK when each endpoint
that is known of it has a success to show, from an exporter that answered the last scrape and still probes. What is
known outlives the exporter by a day, so that a dead one leaves every service NOT SEEN rather than an empty wall.
"""

from __future__ import annotations

from enum import IntEnum

from sesam_slo.core.model import Config, Outcome
from sesam_slo.core.names import (
    DOWNTIME_ACTIVE,
    ENDPOINT_INFO,
    FAILING_SECONDS,
    MAINTENANCE_ACTIVE,
    OBJECTIVE_RATIO,
    PROBE_SUCCESS,
    PROBES,
    UNPLANNED_DOWNTIME_ACTIVE,
)
from sesam_slo.generate.promql import UP, duration
from sesam_slo.generate.states import blind_range


class State(IntEnum):
    """Ordered from best to worst. Not seen is worse than failing: what is not seen may have been down for long."""

    OK = 1
    MAINTENANCE = 2
    FAILING = 3
    NOT_SEEN = 4
    DOWN = 5


REMEMBERED = "1d"  # how long a service is missed after its exporter went away
SEEN_SHARE = 0.9  # of the scrapes in a cell of the history; one in ten may be missed

_EACH = "by (service, endpoint, kind)"

# What is configured: what the exporter says now, and when it says nothing, what it said last.
KNOWN = (
    f"({ENDPOINT_INFO.name} or (last_over_time({ENDPOINT_INFO.name}[{REMEMBERED}]) unless on () {ENDPOINT_INFO.name}))"
)

# Of a history, the cell that an instant is drawn for: up to the next one's, and from one scrape before.
CELL = "[$__rate_interval] offset -$__interval"


def seen(config: Config) -> str:
    """The last result of each endpoint, 1 or 0, where there is one that still says something.

    An exporter whose last scrape failed says nothing. Nor does one whose count of verdicts is what it was
    `blind_range` ago: it is alive and no longer probes.
    """
    verdicts = f'{PROBES.name}{{result=~"{Outcome.SUCCESS}|{Outcome.FAILURE}"}}'
    before = duration(blind_range(config))
    return (
        f"(({PROBE_SUCCESS.name} and on (job, instance) {UP} == 1)"
        " unless on (service, endpoint, kind)"
        f" (sum {_EACH} ({verdicts}) == sum {_EACH} ({verdicts} offset {before})))"
    )


def state_now(config: Config) -> str:
    """By service: the first of these lines that has something to say of it.

    A downtime is DOWN in maintenance only when it began before; then it pages on, too. Not seeing anything of a
    service comes before its downtime, which the log still shows as ongoing.
    """
    answers = seen(config)
    maintenance = f"unless on (service) {MAINTENANCE_ACTIVE.name}"
    return _first(
        (State.NOT_SEEN, f"{KNOWN} unless on (service) {answers}"),
        (State.DOWN, f'{UNPLANNED_DOWNTIME_ACTIVE.name}{{began="agreed"}} == 1'),
        (State.DOWN, f"{DOWNTIME_ACTIVE.name} == 1 {maintenance}"),
        (State.FAILING, f"{answers} == 0 {maintenance}"),
        (State.NOT_SEEN, f"{KNOWN} unless on (service, endpoint, kind) {answers}"),
        (State.MAINTENANCE, MAINTENANCE_ACTIVE.name),
        (State.OK, f"{answers} == 1"),
    )


def state_over_time() -> str:
    """By service, for a range query: the worst of each cell.

    NOT SEEN is a cell in which results were missing from more than a tenth of the scrapes, or nothing was scraped.
    Only of services that are still known at the end: those that were removed leave the wall.
    """
    scrapes = f"scalar(max(count_over_time({UP}{CELL})))"
    expected = f"count by (service) (last_over_time({ENDPOINT_INFO.name}{CELL})) * {scrapes}"
    enough = f"sum by (service) (count_over_time({PROBE_SUCCESS.name}{CELL})) >= {SEEN_SHARE} * {expected}"
    recent = f"last_over_time({ENDPOINT_INFO.name}[$__rate_interval] @ end() offset -$__interval)"
    before = f"last_over_time({ENDPOINT_INFO.name}[{REMEMBERED}] @ end() offset -$__interval)"
    worst = _first(
        (State.DOWN, f"max_over_time({UNPLANNED_DOWNTIME_ACTIVE.name}{CELL}) == 1"),
        (State.FAILING, f"increase({FAILING_SECONDS.name}{CELL}) > 0"),
        (
            State.NOT_SEEN,
            f"last_over_time({OBJECTIVE_RATIO.name}[7d] offset -$__interval) unless on (service) ({enough})",
        ),
        (State.MAINTENANCE, f"max_over_time({MAINTENANCE_ACTIVE.name}{CELL})"),
        (State.OK, enough),
    )
    return f"({worst})\nand on (service) ({recent} or ({before} unless on () {recent}))"


def _first(*cases: tuple[State, str]) -> str:
    """By service, the state of the first case that has series of it."""
    return "\nor ".join(f"{state:d} * group by (service) ({condition})" for state, condition in cases)
