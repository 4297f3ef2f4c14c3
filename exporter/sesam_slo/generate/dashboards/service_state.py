"""The state of each service as one number, in PromQL: OK, MAINTENANCE, FAILING, NOT SEEN, DOWN.

Nothing is OK for want of data. A series that is absent never counts as an answer: a service is OK when each endpoint
that is known of it has a success to show, from an exporter that answered the last scrape and still probes. What is
known outlives the exporter by a day, so that a dead one leaves every service NOT SEEN rather than an empty wall.
"""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import Any

from sesam_slo.core.model import Config, Outcome
from sesam_slo.core.names import (
    DOWNTIME_ACTIVE,
    ENDPOINT_INFO,
    MAINTENANCE_ACTIVE,
    OBJECTIVE_RATIO,
    PROBE_SUCCESS,
    PROBES,
    UNPLANNED_DOWNTIME_ACTIVE,
)
from sesam_slo.generate.promql import UP, duration, seconds


class State(IntEnum):
    """Ordered from best to worst. Not seen is worse than failing: what is not seen may have been down for long."""

    OK = 1
    MAINTENANCE = 2
    FAILING = 3
    NOT_SEEN = 4
    DOWN = 5


_EACH = "by (service, endpoint, kind)"


STATE = "service:sesam_slo_state:now"  # recorded: a wall reads it in every second panel
_FRESH = timedelta(seconds=30)

# By service, what is configured: what the exporter says now, and when it says nothing, what it said within a day.
# Beyond the first quarter of an hour single instants are read: a range of a day would read each of its scrapes.
_NOW = OBJECTIVE_RATIO.name
_BEFORE = " or ".join((f"last_over_time({_NOW}[15m])", *(f"{_NOW} offset {ago}" for ago in ("1h", "6h", "1d"))))
KNOWN = f"group by (service) ({_NOW} or (({_BEFORE}) unless on () {_NOW}))"

# Of a history, the cell that an instant is drawn for: up to the next one's, and from one scrape before.
CELL = "[$__rate_interval] offset -$__interval"


def seen(config: Config) -> str:
    """The last result of each endpoint, 1 or 0, where there is one that still says something.

    An exporter whose last scrape failed says nothing. Nor does one whose count of verdicts is what it was
    `blind_range` ago: it is alive and no longer probes.
    """
    verdicts = f'{PROBES.name}{{result=~"{Outcome.SUCCESS}|{Outcome.FAILURE}"}}'
    before = duration(config.blind_range)
    return (
        f"(({PROBE_SUCCESS.name} and on (job, instance) {UP} == 1)"
        " unless on (service, endpoint, kind)"
        f" (sum {_EACH} ({verdicts}) == sum {_EACH} ({verdicts} offset {before})))"
    )


def recording_rules(config: Config) -> list[dict[str, Any]]:
    return [{"record": STATE, "expr": state_now(config)}]


def recorded_state(config: Config) -> str:
    """By service, the state as it was last recorded; nothing where the rules are no longer evaluated."""
    fresh = max(_FRESH, 4 * config.policy.alerts.evaluation_interval)
    return f"(max by (service) ({STATE} and timestamp({STATE}) > time() - {seconds(fresh)}))"


def state_now(config: Config) -> str:
    """By service: the first of these lines that has something to say of it.

    A downtime is DOWN in maintenance only when it began before; then it pages on, too. Not seeing anything of a
    service comes before its downtime, which the log still shows as ongoing. Of its endpoints the worst counts.
    """
    inside = f"max by (service) ({MAINTENANCE_ACTIVE.name})"
    down = (
        f'({UNPLANNED_DOWNTIME_ACTIVE.name}{{began="agreed"}} == 1'
        f" or {DOWNTIME_ACTIVE.name} == 1 unless on (service) {inside}) and on (service) {PROBE_SUCCESS.name}"
    )
    unseen = f"{State.NOT_SEEN:d} * {ENDPOINT_INFO.name}"
    return (
        f"{State.DOWN:d} * group by (service) ({down})"
        f"\nor max by (service) ({_endpoints(config, inside)} or on (service, endpoint, kind) {unseen})"
        f"\nor {State.NOT_SEEN:d} * {KNOWN}"
    )


def _endpoints(config: Config, inside: str) -> str:
    """Of each endpoint that is seen: OK for a success, FAILING for a failure, MAINTENANCE for both where that is.

    With a success a of 1 or 0 and maintenance m of 1 or 0 that is (3 - m) - a * (2 - 2m); so results are read once.
    """
    maintenance = f"({inside} or 0 * max by (service) ({OBJECTIVE_RATIO.name}))"
    better = f"{seen(config)} * on (service) group_left () (2 - 2 * {maintenance})"
    return f"(-1 * {better}) + on (service) group_left () ({State.FAILING:d} - {maintenance})"
