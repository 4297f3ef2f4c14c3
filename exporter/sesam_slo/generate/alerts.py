"""The alerts as a table: what each reads, whom it concerns, and what it tells.

Everything that a person reads says since when and by how much, and leads on. The templates ask Prometheus again for
what the expression's value does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sesam_slo.core.model import AlertTimings, Cause, Config, Policy, Reason
from sesam_slo.core.names import (
    DOWNTIME_ACTIVE,
    ERROR_BUDGET_REMAINING_SECONDS,
    ERROR_BUDGET_SECONDS,
    EXPORTER_CONFIG_RELOAD_SUCCESS,
    EXPORTER_CONFIG_RELOAD_TIMESTAMP,
    EXPORTER_LEDGER_BACKLOG,
    EXPORTER_LEDGER_LAST_WRITE,
    EXPORTER_LEDGER_LOST,
    EXPORTER_LEDGER_WRITE_FAILURES,
    LOG_ENTRY_INFO,
    MAINTENANCE_LAST_END,
    MAINTENANCE_SHORT_NOTICE,
    PROBE_FAILURES,
    PROBE_SUCCESS,
    PROBE_TLS_NOT_AFTER,
    SCRAPE_JOB,
    UNPLANNED_DOWNTIME_ACTIVE,
    Alert,
    Dashboard,
)
from sesam_slo.generate.annotations import (
    LENGTH,
    NUMBER,
    PERCENTAGE,
    SERVICE,
    an_hour_before_event,
    an_hour_before_failing,
    at_end_of_maintenance,
    at_expiry,
    left_of_month,
    listed,
    named_event,
    oldest_of_state,
    path_of_event,
    since_event_began,
    since_failing,
    since_last_answer,
    with_instant_of,
)
from sesam_slo.generate.burn_rates import budget_ratio, burn_expression
from sesam_slo.generate.links import TO_SERVICE, Links, View
from sesam_slo.generate.promql import UP, at_least, duration, firing, held, latest, recent, seconds
from sesam_slo.generate.states import BLIND, FAILING_AGE, MAINTENANCE


class Severity(StrEnum):
    PAGE = "page"  # wakes a person
    TICKET = "ticket"  # business hours
    INFO = "info"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alerting rule; `lasting` is Prometheus' `for`."""

    name: str
    severity: Severity
    expression: str
    summary: str
    description: str
    lasting: str | None = None
    links: Links = TO_SERVICE


BEGAN_AGREED = f'{UNPLANNED_DOWNTIME_ACTIVE.name}{{began="agreed"}}'
BEGAN_IN_MAINTENANCE = f'{UNPLANNED_DOWNTIME_ACTIVE.name}{{began="maintenance"}}'

_EXPORTER = Links(view=View(Dashboard.EXPORTER))
_FAILING = Links(view=View(start=an_hour_before_failing()))

_EXCLUDING_CAUSES = "|".join(cause for cause in Cause if cause.excludes)


def state_alerts(config: Config) -> list[AlertRule]:
    """All but those of the error budget; the dead exporter before what follows from it, which it inhibits."""
    timings = config.policy.alerts
    early = [] if timings.early_page is None else [_early_warning(timings, timings.early_page)]
    return [
        _watchdog(),
        _exporter_down(timings),
        _downtime(config.policy),
        _maintenance_overrun(timings),
        _probes_blind(config),
        _ledger_write_failing(timings),
        *early,
        _not_responding(config.policy),
        _flapping(timings),
        _maintenance_short_notice(config.policy),
        _certificate_expiring(timings),
        _probe_credentials(config),
        _downtime_unexplained(timings),
        _config_reload_failed(timings),
    ]


def budget_alerts(policy: Policy) -> list[AlertRule]:
    """Tickets all: a burnt budget is a matter for the day, what burns it fast enough pages as downtime."""
    return [
        _burn(Alert.BUDGET_BURN_FAST, "fast", "hour (or six hours)", "now-6h", policy),
        _burn(Alert.BUDGET_BURN_SLOW, "steadily", "day (or three days)", "now-3d", policy),
        _budget_exhausted(policy.alerts),
    ]


def _watchdog() -> AlertRule:
    return AlertRule(
        Alert.WATCHDOG,
        Severity.INFO,
        "vector(1)",
        "Alerting works",
        "This alert fires always. Whoever stops receiving it knows that Prometheus or Alertmanager is down.",
        links=_EXPORTER,
    )


def _exporter_down(timings: AlertTimings) -> AlertRule:
    return AlertRule(
        Alert.EXPORTER_DOWN,
        Severity.PAGE,
        f"max by (job) ({UP}) == 0\nor\nabsent({UP})",
        "The sesam-slo exporter is down",
        f"No target of the job {SCRAPE_JOB} has answered Prometheus{since_last_answer(timings)}, for "
        f"{duration(timings.exporter_down_after)} or longer. "
        "Nothing is probed; time passes unobserved, and downtime goes unseen.",
        lasting=duration(timings.exporter_down_after),
        links=_EXPORTER,
    )


def _downtime(policy: Policy) -> AlertRule:
    timings = policy.alerts
    return AlertRule(
        Alert.DOWNTIME,
        Severity.PAGE,
        held(f"{latest(BEGAN_AGREED, timings)} == 1", alert=Alert.DOWNTIME, state=BEGAN_AGREED, timings=timings),
        f"{SERVICE} is down",
        f"{SERVICE} has been down{since_event_began(timings)}, for {duration(policy.downtime_after)} or longer. "
        f"It counts against the objective from its first failure, less planned maintenance.{named_event(timings)}",
        links=_of_event(timings),
    )


def _maintenance_overrun(timings: AlertTimings) -> AlertRule:
    """An event pages once: what fires goes on firing through the next window, for as long as the event does.

    In that window the exporter says 0, because nothing counts there, so the log has to tell whether the cause excludes
    the event meanwhile.
    """
    excluded = f'{LOG_ENTRY_INFO.name}{{state="ongoing",cause=~"{_EXCLUDING_CAUSES}"}}'
    overrun = (
        f"{latest(BEGAN_IN_MAINTENANCE, timings)} == 1\n"
        # not "and more than": where the end of the window is not known, the page must come all the same
        f"unless on (service) {_since_maintenance(timings)} < {seconds(timings.overrun_after)}\n"
        "or\n"
        f"{firing(Alert.MAINTENANCE_OVERRUN)}\n"
        f"and on (service) {latest(DOWNTIME_ACTIVE.name, timings)} == 1\n"
        f"unless on (service) {excluded}"
    )
    return AlertRule(
        Alert.MAINTENANCE_OVERRUN,
        Severity.PAGE,
        held(overrun, alert=Alert.MAINTENANCE_OVERRUN, state=BEGAN_IN_MAINTENANCE, timings=timings),
        f"{SERVICE} has not come back from maintenance",
        f"{SERVICE} has been down{since_event_began(timings)}, in maintenance then, and still is "
        f"{duration(timings.overrun_after)} after the window's end{at_end_of_maintenance(timings)}. "
        f"What lies outside the window counts against the objective.{named_event(timings)}",
        links=_of_event(timings),
    )


def _probes_blind(config: Config) -> AlertRule:
    timings = config.policy.alerts
    blind = f"{latest(BLIND, timings)} == 1\n{_outside_maintenance(timings)}"
    counted = f"sum by (reason) (increase({{}}[{_counting(timings)}])) > 0"
    reasons = listed("reason", PROBE_FAILURES.name, counted, otherwise="none, no probe ended")
    return AlertRule(
        Alert.PROBES_BLIND,
        Severity.PAGE,
        held(blind, alert=Alert.PROBES_BLIND, state=BLIND, timings=timings),
        f"Nothing is known of {SERVICE}",
        f"No probe of {SERVICE} has ended in success or failure for {duration(config.blind_range)} "
        f"(reasons:{reasons}). "
        "Downtime goes unseen, and the time counts as unobserved.",
    )


def _ledger_write_failing(timings: AlertTimings) -> AlertRule:
    return AlertRule(
        Alert.LEDGER_WRITE_FAILING,
        Severity.PAGE,
        f"{latest(EXPORTER_LEDGER_BACKLOG.name, timings, by='max by (job)')} > 0\n"
        f"and max by (job) (increase({EXPORTER_LEDGER_WRITE_FAILURES.name}[{_counting(timings)}])) > 0\n"
        "or\n"
        f"max by (job) (increase({EXPORTER_LEDGER_LOST.name}[{_counting(timings)}])) > 0",
        "The ledger cannot be written",
        f"Writes to the ledger have failed for {duration(timings.ledger_failing_after)}; {NUMBER} changes wait "
        f"in memory or are lost{with_instant_of(EXPORTER_LEDGER_LAST_WRITE, '; it was last written at', timings)}. "
        "The log of downtime is what reports and figures are made of.",
        lasting=at_least(timings.ledger_failing_after, timings, scrapes=2),
        links=_EXPORTER,
    )


def _early_warning(timings: AlertTimings, early_page: timedelta) -> AlertRule:
    """What began in maintenance pages as an overrun only, so a run older than the last window's end is left out."""
    return AlertRule(
        Alert.EARLY_WARNING,
        Severity.PAGE,
        f"{_failing_before_downtime(early_page, timings)}\n"
        f"unless on (service) {latest(FAILING_AGE, timings)} > {_since_maintenance(timings)}",
        f"{SERVICE} is about to be down",
        f"{SERVICE} has not responded{since_failing(timings)}, for {LENGTH}. It is not downtime yet.",
        links=_FAILING,
    )


def _not_responding(policy: Policy) -> AlertRule:
    timings = policy.alerts
    return AlertRule(
        Alert.NOT_RESPONDING,
        Severity.TICKET,
        _failing_before_downtime(timings.not_responding_after, timings),
        f"{SERVICE} is not responding",
        f"{SERVICE} has not responded{since_failing(timings)}, for {LENGTH}. "
        f"It is downtime once it has lasted {duration(policy.downtime_after)}.",
        links=_FAILING,
    )


def _flapping(timings: AlertTimings) -> AlertRule:
    """The hour after a window is left out: its changes may be the window's own."""
    within = at_least(timings.flapping_within, timings, scrapes=4)
    return AlertRule(
        Alert.FLAPPING,
        Severity.TICKET,
        f"max by (service) (changes({PROBE_SUCCESS.name}[{within}])) >= {timings.flapping_changes}\n"
        f"{_outside_maintenance(timings)}\n"
        f"unless on (service) {_since_maintenance(timings)} < {seconds(timings.flapping_within)}",
        f"{SERVICE} comes and goes",
        f"An endpoint of {SERVICE} changed {NUMBER} times between responding and failing "
        f"within {within}. Runs that are too short to be downtime still trouble its users.",
    )


def _maintenance_short_notice(policy: Policy) -> AlertRule:
    timings = policy.alerts
    active = f"max by (name) ({recent('{}', timings)}) == 1"
    windows = listed("name", MAINTENANCE_SHORT_NOTICE.name, active, otherwise="unknown")
    return AlertRule(
        Alert.SHORT_NOTICE,
        Severity.TICKET,
        f"{latest(MAINTENANCE_SHORT_NOTICE.name, timings)} == 1",
        f"Maintenance of {SERVICE} was announced too late to count",
        f"Windows of {SERVICE} that were announced less than {duration(policy.notice)} ahead:"
        f"{windows}. Downtime in them counts against the objective, and pages.",
    )


def _certificate_expiring(timings: AlertTimings) -> AlertRule:
    within = seconds(timings.certificate_expires_within)
    expiring = f"min by (endpoint) ({recent('{}', timings)}) - time() < {within}"
    endpoints = listed("endpoint", PROBE_TLS_NOT_AFTER.name, expiring, otherwise="unknown")
    return AlertRule(
        Alert.CERTIFICATE_EXPIRING,
        Severity.TICKET,
        f"{latest(PROBE_TLS_NOT_AFTER.name, timings, by='min by (service)')} - time() < {within}",
        f"A certificate of {SERVICE} expires",
        f"The certificate of {SERVICE} expires{at_expiry(timings)}, in {LENGTH} (endpoints:{endpoints}). "
        "Every probe fails from then on.",
    )


def _probe_credentials(config: Config) -> AlertRule:
    """It lasts longer than one refusal stays in the range: a single one is no ticket."""
    timings = config.policy.alerts
    holds = [endpoint.hold for service in config.services for endpoint in service.endpoints]
    seen_within = max([4 * timings.scrape_interval, *holds])
    lasting = max(timings.credentials_failing_after, seen_within + timings.scrape_interval)
    failures = f'{PROBE_FAILURES.name}{{reason="{Reason.AUTH}"}}'
    return AlertRule(
        Alert.PROBE_CREDENTIALS,
        Severity.TICKET,
        f"max by (service) (increase({failures}[{duration(seen_within)}])) > 0",
        f"{SERVICE} refuses the probe's credentials",
        f"Probes of {SERVICE} have been answered 401 or 403 for {duration(lasting)}. "
        "They say nothing about the service, whose time counts as unobserved.",
        lasting=duration(lasting),
    )


def _downtime_unexplained(timings: AlertTimings) -> AlertRule:
    overdue = f'{LOG_ENTRY_INFO.name}{{state="overdue"}}'
    entry = f"max by (id) ({recent('{}', timings)})"
    entries = listed("id", LOG_ENTRY_INFO.name, entry, otherwise="unknown", matchers=',state="overdue"')
    return AlertRule(
        Alert.DOWNTIME_UNEXPLAINED,
        Severity.TICKET,
        f"{latest(overdue, timings)} == 1",
        f"A downtime of {SERVICE} has no cause or no solution",
        "Entries of the downtime log that have waited for a cause and a solution for more than "
        f"{timings.unexplained_after_business_days} business days:{entries}"
        f"{oldest_of_state('overdue', '; the oldest began at', timings)}.",
        links=Links(view=View(Dashboard.LOG, start="now-90d")),
    )


def _config_reload_failed(timings: AlertTimings) -> AlertRule:
    return AlertRule(
        Alert.CONFIG_RELOAD_FAILED,
        Severity.TICKET,
        f"{latest(EXPORTER_CONFIG_RELOAD_SUCCESS.name, timings, by='max by (job)')} == 0",
        "The exporter refused its configuration",
        "The last reload of the exporter's configuration failed; it runs on with the one before"
        f"{with_instant_of(EXPORTER_CONFIG_RELOAD_TIMESTAMP, ', loaded at', timings)}. "
        "sesam-slo check-config names every fault.",
        links=_EXPORTER,
    )


def _burn(alert: str, how: str, window: str, start: str, policy: Policy) -> AlertRule:
    budget = f"{budget_ratio(policy.objective_ratio) * 100:f}".rstrip("0").rstrip(".")
    return AlertRule(
        alert,
        Severity.TICKET,
        burn_expression(alert, policy.objective_ratio),
        f"{SERVICE} spends its error budget {how}",
        f"{SERVICE} was failing for {PERCENTAGE} of the last {window}; the objective allows {budget}%."
        f"{left_of_month(policy.alerts)}",
        links=Links(view=View(start=start)),
    )


def _budget_exhausted(timings: AlertTimings) -> AlertRule:
    """Where nothing was spent nothing is exhausted, though the objective allow nothing."""
    remaining = latest(f'{ERROR_BUDGET_REMAINING_SECONDS.name}{{window="month"}}', timings)
    whole = latest(f'{ERROR_BUDGET_SECONDS.name}{{window="month"}}', timings)
    return AlertRule(
        Alert.BUDGET_EXHAUSTED,
        Severity.TICKET,
        f"{remaining} <= 0\nunless on (service) {remaining} == {whole}",
        f"{SERVICE} has spent this month's error budget",
        f"Of this month's error budget {LENGTH} remain to {SERVICE}. "
        "Every further minute of downtime breaks the objective.",
        links=Links(view=View(start="now/M", end="now/M")),
    )


def _of_event(timings: AlertTimings) -> Links:
    return Links(page=path_of_event(timings), view=View(start=an_hour_before_event(timings)))


def _failing_before_downtime(age: timedelta, timings: AlertTimings) -> str:
    return (
        f"{latest(FAILING_AGE, timings)} >= {seconds(age)}\n"
        f"unless on (service) {latest(DOWNTIME_ACTIVE.name, timings)} == 1\n"
        f"{_outside_maintenance(timings)}"
    )


def _outside_maintenance(timings: AlertTimings) -> str:
    return f"unless on (service) {latest(MAINTENANCE, timings)} == 1"


def _since_maintenance(timings: AlertTimings) -> str:
    return f"(time() - {latest(MAINTENANCE_LAST_END.name, timings)})"


def _counting(timings: AlertTimings) -> str:
    """The range in which alerts about the exporter count: the lookback, or four scrapes where that is longer."""
    return at_least(timings.lookback, timings, scrapes=4)
