"""The last 30 days of the services that have least budget left, a cell a day."""

from __future__ import annotations

from enum import IntEnum

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Cause
from sesam_slo.core.names import (
    ERROR_BUDGET_REMAINING_SECONDS,
    HOURLY_DOWNTIME_SECONDS,
    HOURLY_SEEN,
    LOG_ENTRY_DURATION,
    LOG_ENTRY_INFO,
    LOG_ENTRY_START,
    UNPLANNED_DOWNTIME_ACTIVE,
)
from sesam_slo.core.past import HOUR
from sesam_slo.generate.dashboards.grafana import Word, state_timeline, target, words
from sesam_slo.generate.dashboards.palette import GREEN, GREY, PURPLE, RED, SLATE
from sesam_slo.generate.dashboards.service_state import STATE, State


class Day(IntEnum):
    NO_RECORD = 0
    OK = 1
    EXCLUDED = 2
    NOT_SEEN = 3
    DOWN = 4


DAYS: dict[float | str, Word] = {
    Day.OK: ("OK", GREEN),
    Day.DOWN: ("DOWN", RED),
    Day.NOT_SEEN: ("NOT SEEN", PURPLE),
    Day.EXCLUDED: ("EXCLUDED", SLATE),
    Day.NO_RECORD: ("NO RECORD", GREY),
}
SEEN_SHARE = 0.9  # of a day; one hour more may be missed, for that is what is recorded at once

_DAY = 86_400
_CELL = "offset -1d"  # Grafana aligns cells to midnight; an instant is drawn for the day that follows it
_SECONDS_NOW = "${__to:date:seconds}"
_NOW = f"@ {_SECONDS_NOW}"  # the end of such a query is the last midnight, not now
_EXCLUDING = "|".join(cause for cause in Cause if cause.excludes)


def days(at: GridPos) -> Panel:
    rows = int((at.h * 38 - 70) // 20)
    return state_timeline(
        "The last 30 days of the services with least budget left",
        "Each day of the services that have least budget left. DOWN: downtime that counts. EXCLUDED: all of its downtime"
        " is the customer's or the operating environment's. NOT SEEN: more than a tenth of the day was not observed, or"
        " not recorded. NO RECORD: before the first whole day that was recorded. Planned maintenance is cut out.",
        target(days_of(rows), legend="{{service}}", over_time=True),
        at,
        mappings=words(DAYS),
        points=30,
        shortest="1d",
    )


def days_of(rows: int) -> str:
    """For a range query in steps of a day, at most so many services: the first line that has something to say."""
    left = f'{ERROR_BUDGET_REMAINING_SECONDS.name}{{window="month"}} {_NOW}'
    shown = f"(bottomk({rows}, {left}) or on () topk({rows}, {STATE} {_NOW}))"
    ongoing = f"{UNPLANNED_DOWNTIME_ACTIVE.name} {_NOW} and on (service) {shown}"
    down = f"(increase({HOURLY_DOWNTIME_SECONDS.name}[25h] {_CELL}) > 1 and on (service) {shown})"
    excluded = f"({_logged('=~', shown)} unless on (service) {_logged('!~', shown)})"  # whatever was counted then
    # In the first hour of a day nothing is recorded of it yet: it is seen as long as the service is seen now.
    now = f"0 * ({STATE} {_NOW} != {State.NOT_SEEN:d} and on (service) {shown})"
    seen = f"(sum by (service) (sum_over_time({HOURLY_SEEN.name}[1d] {_CELL})) and on (service) {shown} or on (service) {now})"
    first = f"min_over_time((0 * last_over_time({HOURLY_SEEN.name}[2h]) + time())[31d:1d] {_NOW})"
    born = f"{first} <= time() and on (service) {shown}"
    lines = (
        (Day.DOWN, f"max by (service) ({ongoing}) * {_today()} == 1"),
        (Day.DOWN, f"{down} unless on (service) {excluded}"),
        (Day.EXCLUDED, down),
        (Day.OK, f"{seen} >= {SEEN_SHARE} * {_passed()} / {HOUR.total_seconds():.0f} - 1"),
        (Day.NOT_SEEN, born),
        (Day.NO_RECORD, shown),
    )
    states = "\nor ".join(f"{day:d} * group by (service) ({condition})" for day, condition in lines)
    nobody = f'{Day.NOT_SEEN:d} * label_replace(absent({STATE} {_NOW}), "service", "no service is known", "", "")'
    return f"{states}\nor {nobody}"


def _logged(matching: str, shown: str) -> str:
    """The services with an entry on the day whose cause excludes it, or does not; its downtime may be recorded an hour later."""
    cause = f'{LOG_ENTRY_INFO.name}{{cause{matching}"{_EXCLUDING}"}} {_NOW} and on (service) {shown}'
    start, lasted = (
        f"max by (service, id) ({metric.name} {_NOW} and on (service, id) ({cause}))"
        for metric in (LOG_ENTRY_START, LOG_ENTRY_DURATION)
    )
    since = f"time() - {HOUR.total_seconds():.0f}"
    inside = f"{start} < time() + {_DAY} and on (service, id) ({start} + on (service, id) {lasted} > {since})"
    return f"group by (service) ({inside})"


def _today() -> str:
    """1 for the day that goes on, else 0."""
    return f"(time() + {_DAY} > bool {_SECONDS_NOW})"


def _passed() -> str:
    """How many seconds of the day have passed."""
    return f"({_DAY} * (1 - {_today()}) + ({_SECONDS_NOW} - time()) * {_today()})"
