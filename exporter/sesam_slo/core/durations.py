"""Durations as people write them: `500ms`, `30s`, `10m`, `48h`, `2d`, and combinations from large to small (`1h30m`).

Prometheus and Alertmanager read the same notation.
"""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=3650)  # keeps every sum with an instant inside what a datetime can hold

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,12}}){unit})?" for unit in _UNITS))
_BARE_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_EXPECTED = "expected a duration such as 500ms, 30s, 10m, 48h, 2d or 1h30m"


def parse_duration(text: str) -> timedelta:
    """Raises ValueError, whose text says what is wrong and what is expected."""
    shown = repr(text if len(text) <= 40 else text[:39] + "…")[1:-1]
    if _BARE_NUMBER.fullmatch(text):
        raise ValueError(f"has no unit: {shown}; expected a duration with its unit, such as {text[:6]}s or {text[:6]}m")
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError(f'not a duration: "{shown}"; {_EXPECTED}')
    amounts = [int(amount or 0) for amount in match.groups()]
    milliseconds = sum(amount * (unit // _UNITS["ms"]) for amount, unit in zip(amounts, _UNITS.values(), strict=True))
    if milliseconds > LONGEST // _UNITS["ms"]:
        raise ValueError(f"too long: {shown}; expected at most {format_duration(LONGEST)}")
    return timedelta(milliseconds=milliseconds)


def format_duration(duration: timedelta) -> str:
    """The shortest form that `parse_duration` reads back as the same; parts of a millisecond become a fraction of one."""
    if duration < timedelta(0):
        return "-" + format_duration(-duration)
    parts = []
    for unit, length in _UNITS.items():
        amount, duration = divmod(duration, length)
        if unit == "ms" and duration:
            parts.append(f"{amount}.{duration.microseconds:03}".rstrip("0") + unit)
        elif amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
