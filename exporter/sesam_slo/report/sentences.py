"""What the formats for people say in words; plain text, each format escapes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any

from ..core.durations import format_duration
from .figures import Figures, exact
from .freeze import Provenance
from .month import MonthReport
from .revision import Difference, Earlier, Kind, Measure
from .support import SupportMonth
from .wording import CAUSES, NO_FIGURE, duration, local, local_date, objective, percent

ONE_MOMENT = timedelta(microseconds=1)


def introduction(report: MonthReport) -> str:
    """Which time it is about, of how many services, by whose clock."""
    last = (report.interval.end - ONE_MOMENT).astimezone(report.zone).date()
    hours = report.interval.duration // timedelta(hours=1)
    count = len(report.services)
    services = f"{count} service" + ("" if count == 1 else "s")
    return (
        f"{local_date(report.month.first_day)} to {local_date(last)} ({hours} hours), {services}, "
        f"objective {', then '.join(map(objective, report.objectives))}. All times are {report.zone.key} time."
    )


def notices(report: MonthReport, earlier: Earlier | None = None) -> Iterator[str]:
    """What somebody has to know before reading a figure."""
    if earlier is not None and earlier.kind is Kind.CONFIGURED:
        yield f"What if, not what was: judged as if the configuration said {', '.join(earlier.about['set'])}."
    if report.open:
        until = min(each.known_until for each in report.services if each.open)
        yield f"Provisional: known up to {local(until, report.zone)}; what follows is not in these figures."
    for change in report.policy_changes:
        settings = "; ".join(f"{each.key} from {each.before} to {each.after}" for each in change.settings)
        yield (
            f"The policy changed on {local(change.at, report.zone)}: {settings}. "
            "Time before is judged by the policy before, time after by the one after."
        )
    if earlier is not None and earlier.kind is Kind.FIRST_REPORTED:
        at = datetime.fromisoformat(earlier.about["at"])
        changed = "corrected since, see below" if earlier.differences else "nothing has changed since"
        yield f"First reported on {local(at, report.zone)} by {earlier.about['author']}; {changed}."


def verdict(report: MonthReport, figures: Figures) -> str:
    """One sentence on the availability."""
    promised = objective(exact(report.policy.objective_ratio) if figures.objective is None else figures.objective)
    if len(report.objectives) > 1:
        promised += " (it changed; by agreed time)"
    if figures.met is None:
        return f"No agreed time was observed: there is no figure to hold against {promised}."
    said = "meets" if figures.met else "does not meet"
    bounds = ""
    if figures.unobserved or figures.bridged:
        up, down = percent(figures.unobserved_as_up), percent(figures.unobserved_as_down)
        bounds = f" Were all unobserved time up it would be {up}, were all of it down {down}"
        bounds += "." if figures.met_either_way else ": the verdict depends on it."
    return f"Availability {percent(figures.availability)} {said} the objective of {promised}.{bounds}"


def notes(report: MonthReport, provenance: Provenance) -> Iterator[str]:
    """How the figures are made, and from what."""
    policy, objectives = report.policy, ", then ".join(map(objective, report.objectives))
    yield (
        "Availability = 1 − unplanned downtime / observed agreed time, rounded down. Agreed time is the month less planned "
        "maintenance; observed agreed time is what of it was watched, or is downtime."
    )
    yield (
        f"Downtime is a failure of any endpoint that lasts {format_duration(policy.downtime_after)} or longer, counted from its "
        "first failed answer. Planned is what of it falls into planned maintenance; excluded is what is due to the customer or "
        "the operating environment; the rest is unplanned."
    )
    yield (
        "Unobserved is agreed time in which an endpoint was not watched. It is neither up nor down; the two bounds show the "
        "availability had all of it been up, or all of it down."
    )
    yield (
        f"The error budget is the unplanned downtime that the objective ({objectives}) allows in the "
        "agreed time of the whole month."
    )
    if len(report.services) > 1:
        yield (
            "In total: the times of all services added up, and availability = 1 − the sum of unplanned downtime / the sum of "
            "observed agreed time. The objective holds for each service by itself."
        )
    if report.support is not None:
        yield from _support_notes(report.support)
    yield "Times are h:mm:ss, rounded to the second after adding up; the CSV and JSON forms of this report have them exactly."
    yield (
        f"Policy {provenance.policy_sha256}. Log revision {provenance.log.number}"
        f"{', ' + provenance.log.hash if provenance.log.hash else ''}. "
        + ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
        + "."
    )


def support_summary(report: MonthReport, support: SupportMonth) -> str:
    """One sentence on the cases of the month."""
    if support.quiet:
        return "No case was reported, open or due in this month."
    missed = sum(each.missed for each in support.kept)
    decided = missed + sum(each.met for each in support.kept)
    cases = f"{support.reported} case{'' if support.reported == 1 else 's'} reported, {support.open} open at the month's end."
    if not decided:
        return f"{cases} No target was decided."
    return f"{cases} Of {decided} target{'' if decided == 1 else 's'} {decided - missed} met, {missed} missed."


def points_limits(report: MonthReport, support: SupportMonth) -> str | None:
    """Both limits, since the older agreement's words blur them: where points begin, and what the objective allows."""
    table = support.points_table
    if table is None or not table.downtime or not report.services:
        return None
    begin = min(band.start for band in table.downtime)
    budgets = sorted({each.figures.error_budget_seconds for each in report.services})
    allowed = " to ".join(duration(each) for each in dict.fromkeys((budgets[0], budgets[-1])))
    return (
        f"Points begin at {duration(begin)} of unplanned downtime of a service in a month; its objective allows {allowed}. "
        "Only the higher of the two sums counts."
    )


def _support_notes(support: SupportMonth) -> Iterator[str]:
    if support.quiet:
        return
    yield (
        "Reaction runs from the report of an error until work on its cause starts, correction until a temporary or permanent "
        "fix; both in business time, by the agreement in force when it was reported. A target belongs to the month in which it "
        "was decided: met when its clock stopped, missed when its deadline passed. What is not made good yet is measured as of "
        "the making of this report."
    )
    if support.exempt:
        yield "Errors that are the customer's or the operating environment's have no targets."


def compared_heading(earlier: Earlier) -> tuple[str, str, str]:
    """Of the comparison, and of its two columns."""
    if earlier.kind is Kind.FIRST_REPORTED:
        return "Corrected since it was first reported", "As first reported", "As corrected"
    return "What the settings change", "As configured", "As set"


def former_availability(earlier: Earlier, service: str) -> str | None:
    """What stands beside the figure where it was another; `service` is "" in total."""
    for each in earlier.differences:
        if (each.service, each.event, each.name) == (service, "", "availability"):
            said = "first reported" if earlier.kind is Kind.FIRST_REPORTED else "as configured"
            return f"{said} {_ratio(each.before)}"
    return None


def compared(report: MonthReport, earlier: Earlier) -> list[tuple[str, str, str]]:
    """A row per figure and per event that differs: what it is, before, after."""
    rows: list[tuple[str, str, str]] = []
    for (service, event), found in groupby(earlier.differences, lambda each: (each.service, each.event)):
        differences = list(found)
        if event:
            name = event if event.startswith(service) else f"{service}: {event}"
            rows.append((name, _event(differences, report, before=True), _event(differences, report, before=False)))
            continue
        for each in differences:
            before, after = (_shown(value, each.measure, report) for value in (each.before, each.after))
            rows.append((f"{service or 'in total'}: {each.name}", before, after))
    return rows


def _event(differences: list[Difference], report: MonthReport, *, before: bool) -> str:
    """One side of what differs of an event; whether it is in the log at all comes first."""
    values = {each.name: (each.before if before else each.after, each.measure) for each in differences}
    if "event" in values and values.pop("event")[0] is None:
        return "not in the log"
    return "\n".join(f"{name}: {_shown(value, measure, report)}" for name, (value, measure) in values.items())


def _shown(value: Any, measure: Measure, report: MonthReport) -> str:
    """A frozen report may hold anything that JSON can: what is not of its measure is shown as it is."""
    if value is None or value == "":
        return NO_FIGURE
    if measure is Measure.INSTANT and isinstance(value, str):
        return local(datetime.fromisoformat(value), report.zone)
    if measure is Measure.RATIO:
        return _ratio(value)
    if measure is Measure.SECONDS and isinstance(value, int | float):
        return duration(Fraction(repr(value)))
    return CAUSES.get(value, str(value)) if measure is Measure.CAUSE else str(value)


def _ratio(value: Any) -> str:
    return percent(exact(value)) if isinstance(value, int | float) else NO_FIGURE
