"""Every metric, label and alert name of the product: exporter, rules, dashboards and documents take them from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREFIX = "sesam_slo_"
SCRAPE_JOB = "sesam-slo"
WINDOWS = ("24h", "7d", "30d", "90d", "month", "quarter", "year", "previous_month")

_SERVICE = ("service",)
_ENDPOINT = ("service", "endpoint", "kind")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. `name` is what PromQL reads: a counter's ends in `_total`, a histogram's has no suffix."""

    name: str
    type: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(PREFIX + name, "gauge", text, labels)


def _counter(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(PREFIX + name + "_total", "counter", text, labels)


SERVICE_INFO = _gauge("service_info", _SERVICE, "The configured services, with the labels given to them.")
ENDPOINT_INFO = _gauge("endpoint_info", _ENDPOINT, "The configured endpoints.")
TIMEZONE_OFFSET = _gauge(
    "timezone_offset_seconds",
    ("timezone", "abbreviation"),
    "How far local time in the policy's time zone is ahead of UTC, now and before its last change.",
)
TIMEZONE_OFFSET_FROM = _gauge(
    "timezone_offset_from_timestamp_seconds",
    ("timezone", "abbreviation"),
    "From when that offset held or holds; 0 where it has held for more than a year.",
)
PROBE_SUCCESS = _gauge(
    "probe_success", (*_ENDPOINT, "vantage"), "The last result: 1 success, 0 failure; absent while unobserved."
)
PROBE_PHASE_SECONDS = _gauge("probe_phase_seconds", (*_ENDPOINT, "phase"), "The last probe's phases.")
PROBES = _counter("probes", (*_ENDPOINT, "result"), "Probes by result.")
PROBE_FAILURES = _counter("probe_failures", ("service", "reason"), "Failures and unobserved results by reason.")
PROBE_DURATION_SECONDS = Metric(
    PREFIX + "probe_duration_seconds", "histogram", "Duration of whole probes that succeeded.", _SERVICE
)
PROBE_HTTP_STATUS_CODE = _gauge("probe_http_status_code", _ENDPOINT, "Status of the last probe that got one.")
PROBE_TLS_NOT_AFTER = _gauge(
    "probe_tls_not_after_timestamp_seconds",
    _ENDPOINT,
    "When the certificate chain of the last probe that got one expires.",
)
ENDPOINT_FAILING_SINCE = _gauge(
    "endpoint_failing_since_timestamp_seconds",
    _ENDPOINT,
    "Start of the present failing run; absent when responding.",
)
FAILING_SECONDS = _counter(
    "failing_seconds", _SERVICE, "Observed failing time of any endpoint outside maintenance, downtime or not."
)
DOWNTIME_ACTIVE = _gauge("downtime_active", _SERVICE, "1 while a downtime event is confirmed and ongoing.")
UNPLANNED_DOWNTIME_ACTIVE = _gauge(
    "unplanned_downtime_active",
    ("service", "began"),
    "1 while an event that counts goes on, by where it began: in agreed time or in maintenance.",
)
DOWNTIME_SECONDS = _counter(
    "downtime_seconds", ("service", "class"), "Downtime as it was seen when it happened, never corrected."
)
AGREED_SECONDS = _counter("agreed_seconds", _SERVICE, "Agreed time that has passed.")
UNOBSERVED_SECONDS = _counter("unobserved_seconds", _SERVICE, "Agreed time in which an endpoint was not observed.")
AVAILABILITY_RATIO = _gauge(
    "availability_ratio", ("service", "window"), "Availability by the ledger; absent where nothing was observed."
)
AVAILABILITY_BOUND_RATIO = _gauge(
    "availability_bound_ratio",
    ("service", "window", "bound"),
    "Availability were all unobserved time up, or all of it down.",
)
ERROR_BUDGET_SECONDS = _gauge(
    "error_budget_seconds", ("service", "window"), "Unplanned downtime the objective allows in the whole window."
)
ERROR_BUDGET_REMAINING_SECONDS = _gauge(
    "error_budget_remaining_seconds", ("service", "window"), "What is left of the error budget; may be negative."
)
WINDOW_DOWNTIME_SECONDS = _gauge(
    "window_downtime_seconds", ("service", "window", "class"), "Downtime in the window, by the ledger."
)
OBJECTIVE_RATIO = _gauge("objective_ratio", _SERVICE, "The objective now in force.")
MAINTENANCE_ACTIVE = _gauge(
    "maintenance_active", ("service", "name", "source"), "1 while a window that counts is open; absent otherwise."
)
MAINTENANCE_NEXT_START = _gauge(
    "maintenance_next_start_timestamp_seconds", _SERVICE, "When maintenance that counts starts next."
)
MAINTENANCE_NEXT_END = _gauge(
    "maintenance_next_end_timestamp_seconds", _SERVICE, "When maintenance that counts ends next."
)
MAINTENANCE_LAST_END = _gauge(
    "maintenance_last_end_timestamp_seconds", _SERVICE, "When maintenance that counts last ended."
)
MAINTENANCE_SHORT_NOTICE = _gauge(
    "maintenance_short_notice",
    ("service", "name"),
    "1 from the record to the end of a window that was announced too late to count.",
)
LOG_ENTRY_INFO = _gauge(
    "log_entry_info",
    ("service", "id", "cause", "endpoints", "state"),
    "Downtime events of the last 90 days; state: ongoing, ended, overdue, explained.",
)
LOG_ENTRY_START = _gauge("log_entry_start_timestamp_seconds", ("service", "id"), "When the event began.")
LOG_ENTRY_DURATION = _gauge("log_entry_duration_seconds", ("service", "id"), "How long the event lasted so far.")

# Support cases
_CASE = ("service", "case", "level", "customer_class", "clock")
CASE_OPEN = _gauge("case_open", ("service", "level", "customer_class"), "Open cases; 0 where there is none.")
CASE_DEADLINE = _gauge("case_deadline_timestamp_seconds", _CASE, "When a clock that runs is due.")
CASE_SECONDS_LEFT = _gauge(
    "case_business_seconds_left", _CASE, "Business time until a clock that runs is due; negative when overdue."
)
CASE_SECONDS_USED = _gauge("case_business_seconds_used", _CASE, "Business time that a clock that runs has taken.")
CASE_BREACHED = _gauge("case_breached", _CASE, "1 for each target that an open case has missed.")
CASE_TARGETS = _gauge(
    "case_targets",
    ("service", "window", "level", "customer_class", "clock", "result"),
    "Targets of the cases reported in the window; result: met, missed, running.",
)
CASE_SUPPLIER_NOT_TOLD = _gauge(
    "case_supplier_not_told",
    ("service", "case"),
    "1 for an error of the operating environment whose supplier was not told.",
)
# End of support cases

EXPORTER_BUILD_INFO = _gauge("exporter_build_info", ("version", "python", "libcurl"), "What is running.")
EXPORTER_CONFIG_RELOAD_SUCCESS = _gauge("exporter_config_last_reload_successful", (), "1 if the last reload worked.")
EXPORTER_CONFIG_RELOAD_TIMESTAMP = _gauge(
    "exporter_config_last_reload_success_timestamp_seconds", (), "When the configuration was last loaded."
)
EXPORTER_PROBE_LAG_SECONDS = Metric(
    PREFIX + "exporter_probe_lag_seconds", "histogram", "How much later than planned probes started.", ()
)
EXPORTER_PROBES_IN_FLIGHT = _gauge("exporter_probes_in_flight", (), "Probes under way.")
EXPORTER_LEDGER_WRITE_FAILURES = _counter("exporter_ledger_write_failures", (), "Attempts to write that failed.")
EXPORTER_LEDGER_BACKLOG = _gauge("exporter_ledger_backlog", (), "Changes that wait to be written.")
EXPORTER_LEDGER_LOST = _counter("exporter_ledger_lost", (), "Changes dropped because the backlog was full.")
EXPORTER_LEDGER_LAST_WRITE = _gauge(
    "exporter_ledger_last_write_timestamp_seconds", (), "When the ledger was last written."
)
EXPORTER_LOOP_ERRORS = _counter("exporter_loop_errors", (), "Unexpected errors caught at the edge of a loop.")
EXPORTER_CLOCK_STEPPED_BACK_SECONDS = _gauge(
    "exporter_clock_stepped_back_seconds", (), "How far the wall clock is behind the clock that results are dated by."
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in list(globals().values()) if isinstance(metric, Metric)}

# Recorded by Prometheus once an hour; `backfill` writes their past.
HOURLY_SEEN = Metric(
    "service:sesam_slo_seen:ratio1h", "gauge", "How much of the last hour results say something of.", _SERVICE
)
HOURLY_DOWNTIME_SECONDS = Metric(
    "service:sesam_slo_downtime_seconds:last1h", "gauge", "Downtime outside maintenance so far, as a counter.", _SERVICE
)


class Alert:
    """Alert names."""

    DOWNTIME = "SesamDowntime"
    MAINTENANCE_OVERRUN = "SesamMaintenanceOverrun"
    PROBES_BLIND = "SesamProbesBlind"
    EXPORTER_DOWN = "SesamExporterDown"
    LEDGER_WRITE_FAILING = "SesamLedgerWriteFailing"
    EARLY_WARNING = "SesamEarlyWarning"
    NOT_RESPONDING = "SesamNotResponding"
    BUDGET_BURN_FAST = "SesamErrorBudgetBurnFast"
    BUDGET_BURN_SLOW = "SesamErrorBudgetBurnSlow"
    BUDGET_EXHAUSTED = "SesamErrorBudgetExhausted"
    FLAPPING = "SesamFlapping"
    SHORT_NOTICE = "SesamMaintenanceShortNotice"
    CERTIFICATE_EXPIRING = "SesamCertificateExpiring"
    PROBE_CREDENTIALS = "SesamProbeCredentials"
    DOWNTIME_UNEXPLAINED = "SesamDowntimeUnexplained"
    CONFIG_RELOAD_FAILED = "SesamConfigReloadFailed"
    REACTION_DUE = "SesamReactionDue"
    REACTION_BREACHED = "SesamReactionBreached"
    CORRECTION_DUE = "SesamCorrectionDue"
    CORRECTION_BREACHED = "SesamCorrectionBreached"
    WATCHDOG = "Watchdog"


TEST_LABEL, TEST_RUN_LABEL = "test", "test_run"
"""On what `alert test` sends: `"true"`, it takes a real alert's way and says nothing about a service; which test it is."""


WEBHOOK_PATH = "/api/v1/alertmanager"
"""Where the exporter takes Alertmanager's notices, which tell nobody and go into the log."""


class Dashboard:
    """The dashboards' uids, which links lead to."""

    WALL = "sesam-slo-wall"
    SLO = "sesam-slo-slo"
    LOG = "sesam-slo-log"
    SUPPORT = "sesam-slo-support"
    EXPORTER = "sesam-slo-exporter"
