"""Sets of seconds as integers: bit n is the second `ORIGIN + n`. So that counting years second by second takes no minutes."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

ORIGIN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
DAY = 86_400


def stretch(start, end):
    """Every second of `[start, end)`."""
    start, end = max(start - ORIGIN, 0), max(end - ORIGIN, 0)
    return ((1 << (end - start)) - 1) << start if start < end else 0


def inside(seconds, start, end):
    """Those of `[start, end)`, moved down to bit 0: good for counting, and for comparing with others of the same stretch."""
    start, end = max(start - ORIGIN, 0), max(end - ORIGIN, 0)
    return (seconds >> start) & ((1 << max(end - start, 0)) - 1)


def painted(stretches):
    """All seconds of many stretches; halves are joined, so that each bit is copied few times."""
    stretches = sorted(stretches)
    return _painted(stretches, stretches[0][0]) << max(stretches[0][0] - ORIGIN, 0) if stretches else 0


def _painted(stretches, base):
    if len(stretches) == 1:
        start, end = stretches[0]
        return ((1 << max(end - start, 0)) - 1) << (start - base)
    middle = len(stretches) // 2
    right = stretches[middle][0]
    return _painted(stretches[:middle], base) | (_painted(stretches[middle:], right) << (right - base))


def pieces(seconds):
    """Each unbroken stretch as `(start, end)`."""
    found, base = [], ORIGIN
    while seconds:
        gap = (seconds & -seconds).bit_length() - 1
        seconds >>= gap
        length = (~seconds & (seconds + 1)).bit_length() - 1
        found.append((base + gap, base + gap + length))
        seconds >>= length
        base += gap + length
    return found


@lru_cache(maxsize=24)
def on_the_wall(zone, start_minute, end_minute, days, first_day, last_day):
    """The seconds at which a recurring window is open, of occurrences that begin on the local days `[first_day, last_day)`.

    Days are counted from the epoch. A start is the first second at which the wall shows it, an end the last; where the clock
    skips either, the second of the jump.
    """
    found = []
    for day in range(first_day, last_day):
        if (day + 3) % 7 in days:
            last = day if end_minute > start_minute else day + 1
            begins, ends = day * DAY + start_minute * 60, last * DAY + end_minute * 60
            start, end = first_showing(zone, begins), last_showing(zone, ends)
            if start < end:
                found.append((start, end))
    return painted(found)


@lru_cache(maxsize=100_000)
def first_showing(zone, wall):
    """The first second at which the clock on the wall shows `wall` or more."""
    return next(second for second in _candidates(zone, wall) if second + offset(zone, second) >= wall)


@lru_cache(maxsize=100_000)
def last_showing(zone, wall):
    """The last second at which it shows `wall`, or the first from which on it shows more."""
    candidates = _candidates(zone, wall)
    late = [number for number, second in enumerate(candidates) if second + offset(zone, second) <= wall]
    second = candidates[late[-1]]
    return second if second + offset(zone, second) == wall else candidates[late[-1] + 1]


def _candidates(zone, wall):
    """Seconds around the one that is looked for: it alone where the clock is not changed near it, else every minute."""
    if len({offset(zone, wall + shift) for shift in range(-2 * DAY, 2 * DAY + 1, DAY)}) == 1:
        second = wall - offset(zone, wall)
        return [second - 1, second, second + 1]
    return range(wall - DAY, wall + DAY, 60)


@lru_cache(maxsize=100_000)
def offset(zone, second):
    shift = datetime.fromtimestamp(second, ZoneInfo(zone)).utcoffset()
    return shift.days * DAY + shift.seconds


def midnight(zone, year, month, day=1):
    """The first second of a local day."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return first_showing(zone, int(datetime(year, month, day, tzinfo=UTC).timestamp()))
