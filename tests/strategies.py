"""Histories of probes and policies that crowd the edges of the account's rules.

Lengths are drawn around the thresholds (a run of exactly `downtime_after`, a silence of exactly `bridge_at_most`, each
give or take a second), and endpoints share boundaries, so that runs touch. Every instant is a whole second.

Whoever draws passes the source of chance: `scenarios()` is a Hypothesis strategy, which shrinks what it finds, and
`scenario(random.Random(seed))` spreads evenly over everything that can be drawn here, which Hypothesis does not.
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
NIGHTLY = {"start_minute": 0, "end_minute": 180, "days": EVERY_DAY, "services": None}
STRETCHES = ["failure", "failure", "failure", "success", "success", "unobserved", "silence"]
LONGEST = 5_400  # seconds of one history


def scenarios():
    """`scenario`, as a Hypothesis strategy."""
    return st.randoms(use_true_random=False).map(scenario)


def scenario(rng):
    """A policy, one or two services of one to three endpoints, their results, and a window to account for."""
    zone, moment = rng.choice([PLAIN_DAY, PLAIN_NIGHT, *CLOCK_CHANGES])
    near = int(moment.timestamp())
    begin = near - rng.choice([0, 600, 1_800, 3_600])
    names = rng.choice([["svc"], ["svc"], ["svc", "other"]])
    drawn_policy = policy(rng, zone, near, names)

    services, results, boundaries = {}, [], [near]
    for name in names:
        services[name] = {}
        for endpoint in rng.choice([["api"], ["api", "ui"], ["ui", "api"], ["api", "ui", "api-2"]]):
            interval = rng.choice([10, 15, 30])
            services[name][endpoint] = interval
            if rng.randrange(20) < 19:  # else it is configured and never probed
                drawn = history(rng, begin, interval, drawn_policy, boundaries)
                results += [(at, name, endpoint, outcome) for at, outcome in drawn]
    results.sort()

    last = max([begin + 60, *(at for at, *_ in results)])
    if rng.randrange(2):  # the trace stops in the midst of things: runs are left open
        last = max(begin + 60, around(rng, rng.choice(boundaries)) + rng.choice([0, 0, 10, 60, 300]))
        name = rng.choice(names)
        failing = (name, rng.choice(list(services[name])))  # one that may or may not become downtime later
        since = last - rng.randint(0, drawn_policy["downtime_after"])
        results = [result for result in results if result[0] < since or (result[0] <= last and result[1:3] != failing)]
        results += [(at, *failing, "failure") for at in range(since, last + 1, services[name][failing[1]])]
        results.sort()
    silent = last + 2 * rng.choice([10, 15, 30]) + drawn_policy["bridge_at_most"]  # as long as it may be to be bridged
    start, end = begin, rng.choice([last, last, around(rng, silent), edge(rng, begin, last, boundaries)])
    if rng.randrange(2):
        start = edge(rng, begin, last, boundaries)
    start, end = min(start, end), max(start, end)
    return Scenario(services, results, start, max(end, start + 1), drawn_policy)


def edge(rng, begin, last, boundaries):
    """Where a window begins or ends: often where a run does, or a second beside it."""
    return rng.choice([around(rng, rng.choice([begin, last, *boundaries])), rng.randint(begin - 300, last + 900)])


def around(rng, value):
    """The value, or a second less or more."""
    return value + rng.choice([0, 0, -1, 1])


def history(rng, begin, interval, policy, boundaries):
    """One endpoint's results, as `(instant, outcome)`: stretches of one outcome each, and silences between.

    `boundaries` are instants at which stretches of other endpoints begin or end: some stretches here begin at one of
    them, and those of this endpoint are added.
    """
    hold = 2 * interval
    after, bridge = policy["downtime_after"], policy["bridge_at_most"]
    results = []
    now = begin + rng.choice([0, 0, 0, 1, interval, 300])
    for _ in range(rng.randint(2, 9)):
        stretch = rng.choice(STRETCHES)
        if stretch == "silence":
            length = rng.choice([around(rng, hold + bridge), around(rng, hold), rng.randint(1, 2 * (hold + bridge))])
            now = results[-1][0] + length if results else now + length
        else:
            length = rng.choice([around(rng, after), around(rng, 2 * after), rng.randint(1, 2 * after)])
            if stretch == "unobserved":
                length = max(1, around(rng, bridge))
            step = rng.choice([interval, interval, hold, hold + 1, interval // 2])
            results += [(second, stretch) for second in range(now, now + length, step)]
            now += length
        boundaries.append(now)
        later = [boundary for boundary in boundaries if now < boundary < now + 1_200]
        if later and rng.randrange(4) == 0:
            now = rng.choice(later)
        if now > begin + LONGEST:
            break
    return results


def policy(rng, zone, near, services):
    downtime_after = rng.choice([60, 120, 300, 600])
    notice = rng.choice([0, 3_600, 172_800])
    return {
        "timezone": zone,
        "objective_ratio": rng.choice([0.9, 0.995, 0.9999]),
        "downtime_after": downtime_after,
        "bridge_at_most": rng.choice([0, 30, 60, downtime_after, 600]),
        "notice": notice,
        "recurring": rng.choice(
            [[], [], [NIGHTLY], [recurring_window(rng, zone, near, services) for _ in range(rng.randint(1, 3))]]
        ),
        "announced": [announced_window(rng, near, notice, services) for _ in range(rng.choice([0, 0, 1, 3]))],
    }


def recurring_window(rng, zone, near, services):
    """A window by the clock on the wall that lies on, beside or around the instant `near`."""
    local = datetime.fromtimestamp(near, ZoneInfo(zone))
    shift = rng.choice([0, 15, 30, 60, -30, -60, -1440, rng.randint(-200, 200)])
    length = rng.choice([1, 5, 10, 15, 30, 45, 60, 90, 180, 1439])
    start_minute = (local.hour * 60 + local.minute + shift) % 1440
    end_minute = (start_minute + length) % 1440
    return {
        "start_minute": start_minute,
        "end_minute": end_minute or rng.choice([0, 1440]),
        "days": rng.choice([EVERY_DAY, sorted(rng.sample(EVERY_DAY, rng.randint(1, 6)))]),
        "services": concerned(rng, services),
    }


def announced_window(rng, near, notice, services):
    """A window announced long before, or to the second at the edge of the notice."""
    start = near + rng.randint(-1_800, LONGEST)
    return {
        "start": start,
        "end": start + rng.choice([1, 60, 600, 1_800]),
        "announced_at": start - rng.choice([around(rng, notice), notice + 86_400]),
        "services": concerned(rng, services),
    }


def concerned(rng, services):
    return rng.choice([None, None, rng.sample(services, 1)])
