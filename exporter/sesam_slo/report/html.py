"""The report as one HTML page that prints on A4: no script, no outside resource; everything that others wrote is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from .. import __version__
from ..core.plain_text import printable
from .figures import Figures
from .freeze import Provenance
from .month import MonthFigures, MonthReport
from .picture import PARTS, patterns, strip, swatch, trend
from .revision import Earlier, Kind
from .sentences import (
    compared,
    compared_heading,
    former_availability,
    introduction,
    notes,
    notices,
    points_limits,
    support_summary,
    verdict,
)
from .wording import (
    CAUSES,
    case_words,
    duration,
    exemption,
    level,
    local,
    local_date,
    local_time,
    objective,
    percent,
    share,
    share_met,
)


def report_html(
    report: MonthReport,
    provenance: Provenance,
    made_at: datetime,
    earlier: Earlier | None = None,
    home: str | None = None,
) -> str:
    """made_at: when the report is made, as its foot says. home: where it leads back to, on a screen."""
    return _template().render(
        report=report,
        zone=report.zone,
        introduction=introduction(report),
        notices=list(notices(report, earlier)),
        notes=list(notes(report, provenance)),
        what_if=earlier is not None and earlier.kind is Kind.CONFIGURED,
        corrected=compared(report, earlier) if earlier is not None else [],
        corrected_heading=compared_heading(earlier) if earlier is not None else None,
        former=lambda service: None if earlier is None else former_availability(earlier, service),
        made_at=made_at,
        home=home,
        version=__version__,
        patterns=patterns(),
        parts=[(words, letter, swatch(name)) for name, (words, letter) in PARTS.items()],
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, finalize=_printed
    )
    environment.filters |= {
        "percent": percent,
        "objective": objective,
        "share": share,
        "share_met": share_met,
        "case_words": case_words,
        "exemption": exemption,
        "duration": duration,
        "local": local,
        "local_date": local_date,
        "local_time": local_time,
        "strip": strip,
        "trend": trend,
        "together": _together,
    }
    environment.globals |= {
        "causes": CAUSES,
        "verdict": verdict,
        "level": level,
        "support_summary": support_summary,
        "points_limits": points_limits,
    }
    page = resources.files(__package__).joinpath("templates/month.html").read_text(encoding="utf-8")
    return environment.from_string(page)


def _printed(value: object) -> object:
    """Words lose what would turn the direction of writing; the page's own mark-up stays."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _together(months: Sequence[MonthFigures]) -> Figures:
    return sum((each.figures for each in months if each.figures is not None), Figures())
