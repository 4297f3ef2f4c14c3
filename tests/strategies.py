"""Hypothesis strategies: histories of probes and policies that crowd the edges of the account's rules.

Lengths are drawn around the thresholds (a run of exactly `downtime_after`, a silence of exactly `bridge_at_most`, each
give or take a second), and endpoints share boundaries, so that runs touch. Every instant is a whole second.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scenarios import Scenario

PLAIN_DAY = ("Europe/Oslo", datetime(2026, 6, 10, 9, tzinfo=UTC))
PLAIN_NIGHT = ("Europe/Oslo", datetime(2026, 6, 10, 22, tzinfo=UTC))  # local midnight
CLOCK_CHANGES = [
    ("Europe/Oslo", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Oslo", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
]
EVERY_DAY = list(range(7))
LONGEST = 5_400  # seconds of one history


def around(*values):
    """Each value, and a second less and more of it."""
    return st.sampled_from(sorted({value + shift for value in values for shift in (-1, 0, 1)}))


@st.composite
def recurring_windows(draw, zone, near, services):
    """Windows by the clock on the wall that lie on, beside or around the instant `near`."""
    local = datetime.fromtimestamp(near, ZoneInfo(zone))
    shift = draw(st.one_of(st.sampled_from([-1440, -60, -30, 0, 30, 60]), st.integers(-200, 200)))
    length = draw(st.sampled_from([1, 15, 30, 45, 60, 90, 180, 720, 1439]))
    start_minute = (local.hour * 60 + local.minute + shift) % 1440
    end_minute = (start_minute + length) % 1440
    if end_minute == 0 and draw(st.booleans()):
        end_minute = 1440
    days = draw(st.one_of(st.just(EVERY_DAY), st.lists(st.sampled_from(EVERY_DAY), min_size=1, unique=True)))
    return {
        "start_minute": start_minute,
        "end_minute": end_minute,
        "days": days,
        "services": draw(concerned(services)),
    }


@st.composite
def announced_windows(draw, near, notice, services):
    """Windows announced long before, and to the second at the edge of the notice."""
    start = near + draw(st.integers(-1_800, LONGEST))
    announced = draw(st.one_of(around(notice), st.just(notice + 86_400)))
    return {
        "start": start,
        "end": start + draw(st.sampled_from([1, 60, 600, 1_800, 7_200])),
        "announced_at": start - announced,
        "services": draw(concerned(services)),
    }


def concerned(services):
    return st.one_of(st.none(), st.lists(st.sampled_from(services), min_size=1, unique=True))


@st.composite
def policies(draw, zone, near, services):
    downtime_after = draw(st.sampled_from([60, 120, 300, 600]))
    notice = draw(st.sampled_from([0, 3_600, 172_800]))
    nightly = {"start_minute": 0, "end_minute": 180, "days": EVERY_DAY, "services": None}
    recurring = draw(st.lists(recurring_windows(zone, near, services), max_size=3))
    if draw(st.booleans()):
        recurring.append(nightly)
    return {
        "timezone": zone,
        "objective_ratio": draw(st.sampled_from([0.9, 0.995, 0.9999])),
        "downtime_after": downtime_after,
        "bridge_at_most": draw(st.sampled_from([0, 30, 60, downtime_after, 600])),
        "notice": notice,
        "recurring": recurring,
        "announced": draw(st.lists(announced_windows(near, notice, services), max_size=3)),
    }


@st.composite
def histories(draw, begin, interval, policy, boundaries):
    """One endpoint's results, as `(instant, outcome)`: stretches of one outcome each, and silences between.

    `boundaries` are instants at which stretches of other endpoints begin or end: some stretches here begin at one of
    them, and those of this endpoint are added.
    """
    hold = 2 * interval
    after, bridge = policy["downtime_after"], policy["bridge_at_most"]
    lengths = st.one_of(around(after, 2 * after), around(after), st.integers(1, 2 * after))
    silences = st.one_of(around(hold + bridge), around(hold), st.integers(1, 2 * (hold + bridge)))
    results = []
    now = begin + draw(st.sampled_from([0, 0, 0, 1, interval, 300]))
    for _ in range(draw(st.integers(0, 6))):
        stretch = draw(st.sampled_from(["failure", "failure", "failure", "success", "success", "unobserved", "silence"]))
        if stretch == "silence":
            if results:
                now = max(results[-1][0] + draw(silences), results[-1][0] + 1)
        else:
            length = draw(around(bridge) if stretch == "unobserved" else lengths)
            step = draw(st.sampled_from([interval, interval, hold, hold + 1, max(1, interval // 2)]))
            end = now + max(1, length)
            results += [(second, stretch) for second in range(now, end, step)]
            now = end
        boundaries.append(now)
        later = [boundary for boundary in boundaries if now < boundary < now + 1_200]
        if later and draw(st.integers(0, 3)) == 0:
            now = draw(st.sampled_from(later))
        if now > begin + LONGEST:
            break
    return results


@st.composite
def scenarios(draw, places=(PLAIN_DAY, PLAIN_NIGHT, *CLOCK_CHANGES)):
    """A policy, one or two services of one to three endpoints, their results, and a window to account for."""
    zone, moment = draw(st.sampled_from(places))
    near = int(moment.timestamp())
    begin = near - draw(st.sampled_from([0, 600, 1_800, 3_600]))
    names = draw(st.sampled_from([["svc"], ["svc"], ["svc", "other"]]))
    policy = draw(policies(zone, near, names))

    services, results, boundaries = {}, [], [near]
    for name in names:
        services[name] = {}
        for endpoint in draw(st.sampled_from([["api"], ["api", "ui"], ["ui", "api"], ["api", "ui", "api-2"]])):
            interval = draw(st.sampled_from([10, 15, 30]))
            services[name][endpoint] = interval
            history = draw(histories(begin, interval, policy, boundaries))
            results += [(at, name, endpoint, outcome) for at, outcome in history]
    results.sort()

    first = min([begin, *(at for at, *_ in results)])
    last = max([begin + 60, *(at for at, *_ in results)])
    edges = st.one_of(around(first, last, *boundaries), st.integers(first - 300, last + 900))
    start, end = draw(st.one_of(st.just((first, last)), st.tuples(edges, edges)))
    start, end = min(start, end), max(start, end)
    return Scenario(services, results, start, max(end, start + 1), policy)
