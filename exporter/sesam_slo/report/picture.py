"""Pictures of a report as inline SVG: the days of a month, and the months of a year.

They are read in black and white too: each part has a pattern of its own, and a letter under the day. Lengths are in tenths of a
millimetre on paper; every picture is as wide as the page's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from markupsafe import Markup

from .figures import Figures
from .month import Day, MonthFigures
from .wording import NO_FIGURE, duration, percent, share

WIDTH = 1800
_LEFT = 54  # the hours of the day stand here
_TOP = 12
_CELL = (WIDTH - _LEFT) / 31
_GAP = 5
_HEIGHT = 168
_LEAST = 5  # of downtime that would be too thin to be seen
_DAY = timedelta(hours=24)

PARTS = {
    "up": ("up", ""),
    "maintenance": ("planned maintenance", ""),
    "unobserved": ("not observed", "?"),
    "excluded": ("excluded downtime", "E"),
    "planned": ("downtime in maintenance", "M"),
    "unplanned": ("unplanned downtime", "D"),
}
"""What a day is made of, in the order in which it is drawn: its words and its letter."""

_COLOURS = {
    "up": "#ecf3ed",
    "maintenance": "#dbe4f0",
    "unobserved": "#ffffff",
    "excluded": "#ffffff",
    "planned": "#8fa6c8",
    "unplanned": "#a3152c",
}
_STROKES = {
    "maintenance": '<path d="M4 4h4v4h-4z" fill="#54719f"/>',
    "unobserved": '<path d="M0 0L16 16M16 0L0 16" stroke="#5b3f8c" stroke-width="3"/>',
    "excluded": '<path d="M-4 4L4 -4M0 16L16 0M12 20L20 12" stroke="#5c4a1e" stroke-width="4"/>',
    "planned": '<path d="M0 4H16M0 12H16" stroke="#27456f" stroke-width="4"/>',
}


def patterns() -> Markup:
    """What the pictures of one page fill their parts with; stands once on the page, before them."""
    found = [
        f'<pattern id="part-{name}" width="16" height="16" patternUnits="userSpaceOnUse">'
        f'<rect width="16" height="16" fill="{_COLOURS[name]}"/>{stroke}</pattern>'
        for name, stroke in _STROKES.items()
    ]
    return _svg(0, 0, [f"<defs>{''.join(found)}</defs>"], 'class="patterns" aria-hidden="true"')


def swatch(part: str) -> Markup:
    """One part, for the legend."""
    return _svg(
        52, 32, [_rect(part, 1, 1, 50, 30, 'stroke="#666" stroke-width="1"')], 'class="swatch" aria-hidden="true"'
    )


def strip(days: Sequence[Day]) -> Markup:
    """A column per day, midnight at the top, each part of the day where it was; a day that the clock makes shorter is shorter."""
    longest = max(_DAY, *(day.interval.duration for day in days))
    drawn: list[str] = [
        f'<text class="hour" x="{_LEFT - 12}" y="{_TOP + _y(timedelta(hours=hour), longest) + 8:.0f}" '
        f'text-anchor="end">{hour:02}</text>'
        for hour in (0, 12, 24)
    ]
    for number, day in enumerate(days):
        drawn += _column(_LEFT + number * _CELL, day, longest)
    return _svg(WIDTH, _TOP + _HEIGHT + 70, drawn, f'role="img" aria-label="Every day of the month, {_count(days)}"')


def trend(months: Sequence[MonthFigures]) -> Markup:
    """A bar per month: how much of its error budget was used, the line is all of it; a month that missed is dark."""
    top, floor, cell = 34, 170, WIDTH / len(months)
    line = floor - 72
    drawn: list[str] = []
    for number, each in enumerate(months):
        x, figures = number * cell, each.figures
        middle = x + cell / 2
        if figures is not None and figures.availability is not None:
            drawn += _bar(figures, x + cell * 0.3, cell * 0.4, floor, line, top)
        text = percent(None if figures is None else figures.availability).removesuffix(" %")
        drawn.append(_text("figure", middle, floor + 34, text))
        drawn.append(_text("label", middle, floor + 66, f"{each.month.first_day:%b} {each.month.year % 100:02}"))
    drawn.append(f'<path d="M0 {floor}H{WIDTH}" stroke="#999" stroke-width="2"/>')
    drawn.append(f'<path d="M0 {line}H{WIDTH}" stroke="#1b2733" stroke-width="3" stroke-dasharray="10 8"/>')
    return _svg(WIDTH, floor + 76, drawn, 'role="img" aria-label="Availability of the last twelve months"')


def letters(day: Day) -> str:
    """Of what on this day was not as agreed, the worst first."""
    pieces = day.pieces
    return "".join(letter for name, (_, letter) in reversed(PARTS.items()) if letter and pieces[name])


def _column(x: float, day: Day, longest: timedelta) -> Iterator[str]:
    bottom, width = _y(day.interval.duration, longest), _CELL - _GAP
    yield f"<g><title>{day.date.isoformat()}: {_said(day)}</title>"
    for name, pieces in day.pieces.items():
        for start, end in pieces:
            yield _piece(name, x, width, _at(start, day, longest), _at(end, day, longest), bottom)
    frame = f'x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{bottom:.1f}"'
    yield f'<rect {frame} fill="none" stroke="#b4bdc5" stroke-width="2"/>'
    weekend = " weekend" if day.date.weekday() >= 5 else ""
    yield _text(f"day{weekend}", x + width / 2, _TOP + _HEIGHT + 32, str(day.date.day))
    if found := letters(day):
        yield _text("letters", x + width / 2, _TOP + _HEIGHT + 62, found[:3])
    yield "</g>"


def _piece(name: str, x: float, width: float, top: float, end: float, bottom: float) -> str:
    if name in ("unplanned", "planned", "excluded") and end - top < _LEAST:
        top = min(top, bottom - _LEAST)
        end = top + _LEAST
    return _rect(name, x, _TOP + top, width, end - top)


def _rect(part: str, x: float, y: float, width: float, height: float, more: str = "") -> str:
    fill = f"url(#part-{part})" if part in _STROKES else _COLOURS[part]
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" {more}/>'


def _bar(figures: Figures, x: float, width: float, floor: float, line: float, top: float) -> Iterator[str]:
    used = figures.error_budget_used
    missed = figures.met is False
    height = float(min(used if used is not None else Fraction(missed), Fraction(100))) * (floor - line)
    if not height:
        return
    height = max(height, 3)
    fill = "#a3152c" if missed else "#8a99a8"
    drawn_from, drawn_to = max(floor - height, top), floor
    yield f'<rect x="{x:.1f}" y="{drawn_from:.1f}" width="{width:.1f}" height="{drawn_to - drawn_from:.1f}" fill="{fill}"/>'
    if floor - height < top:  # higher than there is room for: cut off, with its number above
        yield f'<path d="M{x - 6:.1f} {top + 22}l{width + 12:.1f} -10" stroke="#fff" stroke-width="6"/>'
        yield _text("cut", x + width / 2, top - 8, share(used))


def _at(instant: datetime, day: Day, longest: timedelta) -> float:
    return _y(instant - day.interval.start, longest)


def _y(since_midnight: timedelta, longest: timedelta) -> float:
    return _HEIGHT * (since_midnight / longest)


def _said(day: Day) -> str:
    parts = [f"{PARTS[name][0]} {duration(part)}" for name, part in day.parts.items() if part]
    return ", ".join(parts) or NO_FIGURE


def _count(days: Sequence[Day]) -> str:
    bad = sum(1 for day in days if day.parts["unplanned"])
    return f"unplanned downtime on {bad} of {len(days)}"


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.0f}" text-anchor="middle">{text}</text>'


def _svg(width: int, height: int, drawn: Sequence[str], attributes: str) -> Markup:
    """Everything in a picture is made of numbers and words of this module: nothing in it is anybody else's."""
    return Markup(f'<svg viewBox="0 0 {width} {height}" {attributes}>{"".join(drawn)}</svg>')  # noqa: S704
