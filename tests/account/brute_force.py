"""The account, second by second: a model of its rules that is slow and plain, to hold the product against.

It shares no code with the product. One list cell is one second; every instant is a whole second since the epoch, every
duration a whole number of seconds. For each second and endpoint it asks "what was known?", and walks from there.

A policy is a dict:

    {"timezone": "Europe/Oslo", "objective_ratio": 0.995, "notice": 172800, "downtime_after": 600,
     "bridge_at_most": 600,
     "recurring": [{"start_minute": 0, "end_minute": 180, "days": [0, ..., 6], "services": None}],
     "announced": [{"start": 0, "end": 0, "announced_at": 0, "services": ["svc"]}]}

`services` of a window is None for all of them; `days` counts from Monday, 0. A minute of 1440 is 24:00.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAY = 86_400
MARGIN = 2 * 3_600  # seconds of wall clock looked at on either side: more than any change of the clock

UNKNOWN, RESPONDING, FAILING = 0, 1, 2


def account(policy, services, results, start, end):
    """What `replay --format json` prints for `[start, end)`.

    `services` maps a service's name to `{endpoint: probe interval in seconds}`; `results` are
    `(instant, service, endpoint, "success" | "failure" | "unobserved")`.
    """
    instants = [at for at, _, _, _ in results]
    complete_until = max([end, *instants])  # every result before this instant is in the trace
    first = min([start, *instants])
    return {
        "from": _iso(start),
        "to": _iso(end),
        "services": {
            name: _service(policy, name, endpoints, results, start, end, first, complete_until)
            for name, endpoints in services.items()
        },
    }


def _service(policy, service, endpoints, results, start, end, first, complete_until):
    axis = range(first, complete_until + 1)  # the last cell shows a result at the very end; it is counted nowhere
    known = {}
    runs = []
    for endpoint, interval in endpoints.items():
        own = sorted((at, outcome) for at, s, e, outcome in results if (s, e) == (service, endpoint))
        known[endpoint] = _known(own, 2 * interval, axis)
        runs += _runs(endpoint, known[endpoint], axis, policy["bridge_at_most"])
    downtimes = [run for run in runs if run.length >= policy["downtime_after"]]
    pending = [
        run
        for run in runs
        if run.open and run.length < policy["downtime_after"] and run.silence <= policy["bridge_at_most"]
    ]

    down = _painted(downtimes, axis)
    failing = _painted(runs, axis)
    maintenance = _maintenance(policy, service, start, end)

    agreed = in_maintenance = unobserved = unplanned = planned = bridged = failing_seconds = 0
    for second in range(start, end):
        cell = second - first
        if maintenance[second - start]:
            in_maintenance += 1
            planned += down[cell]
            continue
        agreed += 1
        unplanned += down[cell]
        failing_seconds += failing[cell]
        if not down[cell] and any(known[endpoint][cell] == UNKNOWN for endpoint in endpoints):
            unobserved += 1

    events = []
    for event_start, event_end in _pieces(down, axis):
        own = [run for run in downtimes if event_start <= run.start and run.end <= event_end]
        names = sorted({run.endpoint for run in own})
        ongoing = any(run.open for run in own) or any(
            run.start <= event_end and run.end >= event_start for run in pending
        )
        inside = range(max(event_start, start), min(event_end, end))
        if not inside:
            continue
        event_planned = sum(maintenance[second - start] for second in inside)
        unseen = [second for second in inside if all(known[name][second - first] != FAILING for name in names)]
        bridged += sum(1 for second in unseen if not maintenance[second - start])
        events.append(
            {
                "start": _iso(event_start),
                "end": None if ongoing else _iso(event_end),
                "ongoing": ongoing,
                "endpoints": names,
                "duration_seconds": len(inside),
                "unplanned_seconds": len(inside) - event_planned,
                "planned_seconds": event_planned,
                "excluded_seconds": 0,
                "unobserved_seconds": len(unseen),
            }
        )

    observed_agreed = agreed - unobserved
    budget = (1 - policy["objective_ratio"]) * agreed
    return {
        "agreed_seconds": agreed,
        "maintenance_seconds": in_maintenance,
        "unobserved_seconds": unobserved,
        "downtime_seconds": {"unplanned": unplanned, "planned": planned, "excluded": 0},
        "failing_seconds": failing_seconds,
        "availability": 1 - unplanned / observed_agreed if observed_agreed else None,
        "availability_bounds": {
            "unobserved_as_up": 1 - (unplanned - bridged) / agreed if agreed else None,
            "unobserved_as_down": 1 - (unplanned + unobserved) / agreed if agreed else None,
        },
        "error_budget_seconds": budget,
        "error_budget_remaining_seconds": budget - unplanned,
        "downtime": events,
    }


def _known(results, hold, axis):
    """For each second what the latest result says of it, as long as that holds."""
    known = bytearray(len(axis))
    position = -1
    for cell, second in enumerate(axis):
        while position + 1 < len(results) and results[position + 1][0] <= second:
            position += 1
        if position < 0:
            continue
        at, outcome = results[position]
        if second < at + hold:
            known[cell] = {"success": RESPONDING, "failure": FAILING, "unobserved": UNKNOWN}[outcome]
    return known


@dataclass
class _Run:
    endpoint: str
    start: int
    end: int
    open: bool = True
    silence: int = 0  # of an open run: seconds since its last failure stopped holding

    @property
    def length(self):
        return self.end - self.start


def _runs(endpoint, known, axis, bridge_at_most):
    """The endpoint's failing runs, in order; the last may be open."""
    limit = axis[-1]  # where the results end; the cell itself is not counted
    runs = []
    run = None
    for second, state in zip(axis, known, strict=True):
        if state == RESPONDING and run is not None:
            run.open = False
            run = None
        elif state == FAILING:
            if run is not None and second - run.end > bridge_at_most:
                run.open = False
                run = None
            if run is None:
                run = _Run(endpoint, second, second)
                runs.append(run)
            run.end = min(second + 1, limit)
    if run is not None:
        run.silence = limit - run.end
    return runs


def _painted(runs, axis):
    cells = bytearray(len(axis))
    for run in runs:
        for second in range(run.start, run.end):
            cells[second - axis[0]] = 1
    return cells


def _pieces(cells, axis):
    """Each unbroken stretch of painted seconds as `(start, end)`."""
    pieces = []
    start = None
    for second, painted in zip(axis, cells, strict=True):
        if painted and start is None:
            start = second
        elif not painted and start is not None:
            pieces.append((start, second))
            start = None
    return pieces  # the last cell is never painted, so that no piece is left over


def _maintenance(policy, service, start, end):
    """1 for each second of `[start, end)` inside maintenance that counts for the service."""
    announced = [
        window
        for window in policy["announced"]
        if _concerns(window, service) and window["start"] - window["announced_at"] >= policy["notice"]
    ]
    recurring = [window for window in policy["recurring"] if _concerns(window, service)]
    zone = ZoneInfo(policy["timezone"])

    # What the clock on the wall shows, as seconds since the epoch read without an offset; it jumps twice a year.
    wall = []
    for second in range(start - MARGIN, end + MARGIN):
        offset = datetime.fromtimestamp(second, zone).utcoffset()
        wall.append(second + offset.days * DAY + offset.seconds)
    # A start has come once the wall has shown it or more: its first showing in a repeated hour, the jump in a skipped one.
    # An end has not come while the wall shows less, or will yet show it or less: until its second showing, or the jump.
    highest_so_far = list(wall)
    for cell in range(1, len(wall)):
        highest_so_far[cell] = max(highest_so_far[cell - 1], wall[cell])
    lowest_to_come = list(wall)
    for cell in range(len(wall) - 2, -1, -1):
        lowest_to_come[cell] = min(lowest_to_come[cell + 1], wall[cell])

    cells = bytearray(end - start)
    for cell in range(end - start):
        second = start + cell
        shown = cell + MARGIN
        if any(window["start"] <= second < window["end"] for window in announced) or any(
            _on_the_wall(window, wall[shown], highest_so_far[shown], lowest_to_come[shown + 1]) for window in recurring
        ):
            cells[cell] = 1
    return cells


def _on_the_wall(window, wall, highest_so_far, lowest_to_come):
    today = wall // DAY
    for day in (today - 1, today, today + 1):
        if (day + 3) % 7 not in window["days"]:  # day 0, the first of January 1970, was a Thursday
            continue
        last_day = day if window["end_minute"] > window["start_minute"] else day + 1
        begins = day * DAY + window["start_minute"] * 60
        ends = last_day * DAY + window["end_minute"] * 60
        if begins <= highest_so_far and (wall < ends or lowest_to_come <= ends):
            return True
    return False


def _concerns(window, service):
    return window["services"] is None or service in window["services"]


def _iso(second):
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
