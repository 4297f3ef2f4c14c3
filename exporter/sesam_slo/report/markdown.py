"""The report as Markdown (GitHub's, with tables), for wikis and tickets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from ..core.plain_text import printable
from .figures import Figures
from .freeze import Provenance
from .month import MonthFigures, MonthReport, ReportedEvent, ServiceMonth
from .revision import Earlier
from .sentences import (
    compared,
    compared_heading,
    introduction,
    notes,
    notices,
    points_limits,
    support_summary,
    verdict,
)
from .support import Breach, Kept, SupportMonth
from .wording import (
    CAUSES,
    NO_FIGURE,
    case_words,
    duration,
    exemption,
    level,
    local,
    objective,
    percent,
    share,
    share_met,
)

_SPECIAL = re.compile(r"[\\`*_{}\[\]()#!|~<>&$]")
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")  # what renderers make links of without being asked
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;"}
_FIGURES = (
    "Service",
    "Availability",
    "Unobserved as up",
    "Unobserved as down",
    "Budget used",
    "Budget",
    "Agreed",
    "Maintenance",
    "Unplanned",
    "Planned",
    "Excluded",
    "Unobserved",
)
_KEPT = ("Level", "Target", "Share met", "Met", "Missed", "Running at the month's end")
_BREACH = ("Case", "Service", "Level", "Target", "Reported", "Due", "Made good", "Over, business time")
_POINTS = ("Service", "For downtime", "For missed targets", "Counted", "Fee reduction")


def report_markdown(report: MonthReport, provenance: Provenance, earlier: Earlier | None = None) -> str:
    lines = [f"# Service level report, {report.month.name}", ""]
    customer = [f"For {', '.join(report.customers)}."] if report.customers else []
    for sentence in (*customer, introduction(report), *notices(report, earlier)):
        lines += [escape(sentence), ""]
    rows = [[escape(each.name), *_figures(each.figures)] for each in report.services]
    lines += [*_table(_FIGURES, [*rows, ["**In total**", *_figures(report.figures)]], numbers_from=1), ""]
    if earlier is not None:
        lines += _compared(report, earlier)
    for service in report.services:
        lines += _service(report, service)
    if len(report.services) > 1:
        lines += ["## In total", "", *_months(report.trend, report.quarter)]
    if report.support is not None:
        lines += _support(report, report.support)
    lines += ["## How to read this", ""]
    lines += [f"- {escape(note)}" for note in notes(report, provenance)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Other people's words as words: no mark-up, no links, no end of the table's cell; a new line is a space."""
    plain = " ".join(printable(text).split())
    marked = _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), plain)
    return _LINK.sub(lambda match: f"{match[1]}&#{ord(match[2])};", marked)


def _service(report: MonthReport, service: ServiceMonth) -> list[str]:
    labels = ", ".join(f"{name}: {value}" for name, value in service.labels)
    lines = [f"## {escape(service.name)}", ""]
    if labels:
        lines += [escape(labels), ""]
    lines += [escape(verdict(report, service.figures)), ""]
    if service.events:
        header = (
            "Began",
            "Ended",
            "Unplanned",
            "Planned",
            "Excluded",
            "Endpoints",
            "Symptom",
            "Cause",
            "Solution",
            "Reported",
        )
        lines += [*_table(header, [_event(report, each) for each in service.events]), ""]
    else:
        lines += ["No downtime.", ""]
    for entry in service.not_counted:
        why = "withdrawn" if entry.withdrawn else "shorter than downtime is"
        ended = local(entry.end, report.zone) if entry.end else "ongoing"
        lines += [
            f"Not counted, {why}: {local(entry.start, report.zone)} to {ended}. {escape(entry.details)}".rstrip(),
            "",
        ]
    lines += ["### Day by day", "", *_days(service), "", *_months(service.trend, service.quarter)]
    return lines


def _event(report: MonthReport, event: ReportedEvent) -> list[str]:
    downtime, entry = event.account.downtime, event.entry
    symptom = ", ".join(downtime.reasons) if entry is None else entry.symptom
    details = "" if entry is None or not entry.details else f": {entry.details}"
    reported = NO_FIGURE if entry is None or entry.reported_at is None else local(entry.reported_at, report.zone)
    if entry is not None and entry.reported_by:
        reported += f" by {escape(entry.reported_by)}"
    return [
        local(downtime.start, report.zone),
        "ongoing" if downtime.end is None else local(downtime.end, report.zone),
        duration(event.account.unplanned),
        duration(event.account.planned),
        duration(event.account.excluded),
        escape(", ".join(downtime.endpoints)),
        escape(symptom) or NO_FIGURE,
        escape(CAUSES[downtime.cause] + details),
        escape(entry.solution if entry else "") or NO_FIGURE,
        reported,
    ]


def _days(service: ServiceMonth) -> list[str]:
    """The days on which something was not as agreed."""
    rows = [
        [each.date.isoformat(), *(duration(part) for part in each.parts.values())]
        for each in service.days
        if not each.uneventful
    ]
    if not rows:
        return ["On every day as agreed."]
    return _table(("Day", "Up", "Maintenance", "Unplanned", "Excluded", "Unobserved"), rows, numbers_from=1)


def _months(trend: Sequence[MonthFigures], quarter: Sequence[MonthFigures]) -> list[str]:
    header = ("Month", "Availability", "Objective", "Unplanned", "Agreed", "Budget", "Budget used")
    so_far = sum((each.figures for each in quarter if each.figures is not None), Figures())
    return [
        "### The last twelve months",
        "",
        *_table(header, [_month(str(each.month), each.figures) for each in trend], numbers_from=1),
        "",
        "### The quarter, to the end of this month",
        "",
        *_table(
            header,
            [*(_month(str(each.month), each.figures) for each in quarter), _month("**Together**", so_far)],
            numbers_from=1,
        ),
        "",
    ]


def _month(name: str, figures: Figures | None) -> list[str]:
    if figures is None:
        return [name, *([NO_FIGURE] * 6)]
    if not figures.begun:
        return [name, *([NO_FIGURE] * 4), duration(figures.error_budget_seconds), NO_FIGURE]
    promised = figures.objective
    return [
        name,
        percent(figures.availability),
        NO_FIGURE if promised is None else objective(promised),
        duration(figures.unplanned),
        duration(figures.agreed),
        duration(figures.error_budget_seconds),
        share(figures.error_budget_used),
    ]


def _figures(figures: Figures) -> list[str]:
    times: Iterable[timedelta] = (
        figures.agreed,
        figures.maintenance,
        figures.unplanned,
        figures.planned,
        figures.excluded,
        figures.unobserved,
    )
    return [
        percent(figures.availability),
        percent(figures.unobserved_as_up),
        percent(figures.unobserved_as_down),
        share(figures.error_budget_used),
        duration(figures.error_budget_seconds),
        *(duration(each) for each in times),
    ]


def _support(report: MonthReport, support: SupportMonth) -> list[str]:
    lines = ["## Support: reaction and correction", "", escape(support_summary(report, support)), ""]
    if not support.quiet:
        lines += [*_table(_KEPT, [_kept(each) for each in support.kept], numbers_from=2), ""]
    if support.breaches:
        lines += ["### Missed", "", *_table(_BREACH, [_breach(report, each) for each in support.breaches]), ""]
    for case in support.exempt:
        lines += [f"Without targets: {escape(exemption(case, report.zone))}", ""]
    if support.points_table is not None:
        rows = [
            [escape(name), str(each.downtime), str(each.overrun), str(each.counted), f"{each.reduction_percent} %"]
            for name, each in support.points.items()
        ]
        lines += ["### Points", "", *_table(_POINTS, rows, numbers_from=1), ""]
        if (limits := points_limits(report, support)) is not None:
            lines += [escape(limits), ""]
    return lines


def _kept(kept: Kept) -> list[str]:
    counts = (str(number) for number in (kept.met, kept.missed, kept.running))
    return [escape(level(kept.level, kept.title)), kept.promise.value, share_met(kept.share), *counts]


def _breach(report: MonthReport, breach: Breach) -> list[str]:
    return [
        escape(case_words(breach.case)),
        escape(breach.case.service),
        escape(breach.level),
        breach.promise.value,
        local(breach.case.reported_at, report.zone),
        local(breach.deadline, report.zone),
        "not yet" if breach.stopped_at is None else local(breach.stopped_at, report.zone),
        f"{duration(breach.over)} over {duration(breach.target)}",
    ]


def _compared(report: MonthReport, earlier: Earlier) -> list[str]:
    title, before, after = compared_heading(earlier)
    rows = [[escape(cell) for cell in row] for row in compared(report, earlier)]
    lines = [f"## {title}", ""]
    return [*lines, *(_table(("What", before, after), rows) if rows else ["Nothing differs."]), ""]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> list[str]:
    rule = ["---:" if numbers_from is not None and number >= numbers_from else "---" for number in range(len(header))]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]
