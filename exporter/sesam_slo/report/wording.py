"""How the formats for people write figures, instants and other people's words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from ..core.case import Case
from ..core.model import Cause
from .figures import in_seconds

NO_FIGURE = "–"

CAUSES = {
    Cause.UNKNOWN: "not yet known",
    Cause.SESAM: "SESAM",
    Cause.CUSTOMER: "customer",
    Cause.OPERATING_ENVIRONMENT: "operating environment",
}


def percent(ratio: Fraction | None) -> str:
    """`99.912 %`, rounded down, exactly: what is below the objective never looks as if it met it."""
    if ratio is None:
        return NO_FIGURE
    thousandths = ratio * 100_000 // 1
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{'−' if thousandths < 0 else ''}{whole}.{rest:03} %"


def objective(ratio: Fraction | float) -> str:
    """`99.5 %`, with as many digits as it has, at most six."""
    return f"{float(ratio) * 100:.8g} %"


def share(ratio: Fraction | None) -> str:
    """`37 %` of a budget, rounded up: one that is used up by a hair does not look as if something were left."""
    return NO_FIGURE if ratio is None else f"{-(-ratio * 100 // 1)} %"


def share_met(ratio: Fraction | None) -> str:
    """`93 %`, rounded down: one missed target of a thousand does not look like none."""
    return NO_FIGURE if ratio is None else f"{ratio * 100 // 1} %"


def level(name: str, title: str) -> str:
    """`A, critical`."""
    return f"{name}, {title}" if title else name


def case_words(case: Case) -> str:
    """What tells a case: its number in the service desk or here, and its title."""
    return f"{case.reference or case.id}: {case.title}" if case.title else case.reference or case.id


def exemption(case: Case, zone: ZoneInfo) -> str:
    """Why a case has no targets; of the environment's errors whether its supplier was told."""
    if case.withdrawn:
        return f"{case_words(case)} ({case.service}): withdrawn, it was no error."
    said = f"{case_words(case)} ({case.service}): the error is the {CAUSES[case.cause]}'s."
    if case.supplier_told_at is not None:
        return f"{said} Its supplier was told on {local(case.supplier_told_at, zone)}."
    return f"{said} Not recorded: when its supplier was told." if case.supplier_missing else said


def duration(length: timedelta | Fraction) -> str:
    """`743:00:00`, hours, minutes and seconds, rounded to the nearest second."""
    exact = in_seconds(length) if isinstance(length, timedelta) else length
    seconds = int(abs(exact) + Fraction(1, 2))
    sign = "−" if exact < 0 and seconds else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def local(at: datetime, zone: ZoneInfo) -> str:
    """`14 Nov 2026 10:31:05`; in an hour that the clock shows twice, which of the two (`CEST`, `CET`)."""
    return f"{local_date(at.astimezone(zone).date())} {local_time(at, zone)}"


def local_time(at: datetime, zone: ZoneInfo) -> str:
    wall = at.astimezone(zone)
    twice = wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
    return f"{wall:%H:%M:%S}" + (f" {wall.tzname()}" if twice else "")


def local_date(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"
