"""When each alert fires and when it stays silent: a table of `promtool test rules`.

Series are in promtool's notation, a sample every `step` from the epoch on. No instant of judgement lies on the edge
of a range: Prometheus 2 counts a sample at its start, Prometheus 3 does not.
"""

from dataclasses import dataclass, field

from sesam_slo.core.names import Alert

DATAHUB = 'service="datahub-prod"'
API = f'{DATAHUB},endpoint="api",kind="api"'
UI = f'{DATAHUB},endpoint="ui",kind="ui"'

AGREED = f'sesam_slo_unplanned_downtime_active{{{DATAHUB},began="agreed"}}'
IN_MAINTENANCE = f'sesam_slo_unplanned_downtime_active{{{DATAHUB},began="maintenance"}}'
DOWN = f"sesam_slo_downtime_active{{{DATAHUB}}}"
MAINTENANCE = f'sesam_slo_maintenance_active{{{DATAHUB},name="nightly",source="recurring"}}'
LAST_END = f"sesam_slo_maintenance_last_end_timestamp_seconds{{{DATAHUB}}}"
FAILING_SINCE = f"sesam_slo_endpoint_failing_since_timestamp_seconds{{{API}}}"
FAILING_SECONDS = f"sesam_slo_failing_seconds_total{{{DATAHUB}}}"
INFO = f"sesam_slo_service_info{{{DATAHUB}}}"
UP = 'up{job="sesam-slo",instance="exporter:9808"}'
BACKLOG = 'sesam_slo_exporter_ledger_backlog{job="sesam-slo"}'
WRITE_FAILURES = 'sesam_slo_exporter_ledger_write_failures_total{job="sesam-slo"}'
LOST = 'sesam_slo_exporter_ledger_lost_total{job="sesam-slo"}'
RELOADED = 'sesam_slo_exporter_config_last_reload_successful{job="sesam-slo"}'
LOADED = 'sesam_slo_exporter_config_last_reload_success_timestamp_seconds{job="sesam-slo"}'
WRITTEN = 'sesam_slo_exporter_ledger_last_write_timestamp_seconds{job="sesam-slo"}'
AUTH = f'sesam_slo_probe_failures_total{{{DATAHUB},reason="auth"}}'
CERTIFICATE = f"sesam_slo_probe_tls_not_after_timestamp_seconds{{{API}}}"
REMAINING = f'sesam_slo_error_budget_remaining_seconds{{{DATAHUB},window="month"}}'
CET = 'abbreviation="CET",timezone="Europe/Oslo"'
CEST = 'abbreviation="CEST",timezone="Europe/Oslo"'
BUDGET = f'sesam_slo_error_budget_seconds{{{DATAHUB},window="month"}}'


def offset(zone):
    return f"sesam_slo_timezone_offset_seconds{{{zone}}}"


def offset_from(zone):
    return f"sesam_slo_timezone_offset_from_timestamp_seconds{{{zone}}}"


def probes(result, endpoint=API):
    return f'sesam_slo_probes_total{{{endpoint},result="{result}"}}'


def log_entry(state, cause="unknown", id="e-17"):
    return f'sesam_slo_log_entry_info{{{DATAHUB},id="{id}",cause="{cause}",endpoints="api",state="{state}"}}'


def log_start(id="e-17"):
    return f'sesam_slo_log_entry_start_timestamp_seconds{{{DATAHUB},id="{id}"}}'


# what the exporter says of local time in every case that does not say otherwise: an hour ahead of UTC
LOCAL_TIME = {offset(CET): "3600x4000", offset_from(CET): "0x4000"}
NO_LOCAL_TIME = {offset(CET): "_x4000", offset_from(CET): "_x4000"}


@dataclass(frozen=True)
class Notice:
    """What a firing alert says."""

    severity: str
    summary: str
    description: str
    labels: dict = field(default_factory=lambda: {"service": "datahub-prod"})


@dataclass(frozen=True)
class Case:
    alert: str
    says: str  # what the case shows
    at: str
    series: dict
    fires: Notice | None = None
    timings: tuple = ()  # of the policy, by name, in seconds
    step: str = "15s"


OF_JOB = {"job": "sesam-slo"}
IS_DOWN = Notice(
    "page",
    "datahub-prod is down",
    "datahub-prod has been down since 1970-01-01 01:00:30 CET, for 10m or longer. "
    "It counts against the objective from its first failure, less planned maintenance. It is event e-17 of the log.",
)
IS_DOWN_SOME_TIME = Notice(
    "page",
    "datahub-prod is down",
    "datahub-prod has been down, for 10m or longer. "
    "It counts against the objective from its first failure, less planned maintenance.",
)
EXPORTER_IS_DOWN = Notice(
    "page",
    "The sesam-slo exporter is down",
    "No target of the job sesam-slo has answered Prometheus since 1970-01-01 01:04:45 CET, for 2m or longer. "
    "Nothing is probed; time passes unobserved, and downtime goes unseen.",
    OF_JOB,
)
OVERRUN = Notice(
    "page",
    "datahub-prod has not come back from maintenance",
    "datahub-prod has been down since 1970-01-01 01:00:30 CET, in maintenance then, and still is 5m after the "
    "window's end at 1970-01-01 01:10:00 CET. What lies outside the window counts against the objective. "
    "It is event e-17 of the log.",
)


def is_blind(reasons):
    return Notice(
        "page",
        "Nothing is known of datahub-prod",
        f"No probe of datahub-prod has ended in success or failure for 5m (reasons: {reasons}). "
        "Downtime goes unseen, and the time counts as unobserved.",
    )


def lost_ledger(changes, written=""):
    return Notice(
        "page",
        "The ledger cannot be written",
        f"Writes to the ledger have failed for 1m; {changes} changes wait in memory or are lost{written}. "
        "The log of downtime is what reports and figures are made of.",
        OF_JOB,
    )


def burning(how, percent, window, remaining=""):
    return Notice(
        "ticket",
        f"datahub-prod spends its error budget {how}",
        f"datahub-prod was failing for {percent} of the last {window}; the objective allows 0.5%.{remaining}",
    )


def not_responding(since, length):
    return Notice(
        "ticket",
        "datahub-prod is not responding",
        f"datahub-prod has not responded since {since} CET, for {length}. It is downtime once it has lasted 10m.",
    )


# the event of 00:00:30, confirmed at 10:30 and ongoing
EVENT = {log_entry("ongoing"): "_x42 1x400", log_start(): "_x42 30x400"}
# down from within a window that ended at 10:00, and on until the next one opens at 30:00 and closes at 40:00
LONG_EVENT = {log_entry("ongoing"): "1x400", log_start(): "30x400", DOWN: "1x400"}
TWO_WINDOWS = {
    IN_MAINTENANCE: "0x39 1x80 0x39 1x80",
    LAST_END: "_x40 600x120 2400x80",
    MAINTENANCE: "1x39 stale _x79 1x39 stale",
}

CASES = [
    Case(Alert.WATCHDOG, "always", "1m", {}, Notice(
        "info", "Alerting works",
        "This alert fires always. Whoever stops receiving it knows that Prometheus or Alertmanager is down.", {})),

    # --- SesamExporterDown
    Case(Alert.EXPORTER_DOWN, "no answer for two minutes", "7m20s", {UP: "1x19 0x20"}, EXPORTER_IS_DOWN),
    Case(Alert.EXPORTER_DOWN, "absent for two minutes", "2m20s", {DOWN: "0x20"}, Notice(
        "page", EXPORTER_IS_DOWN.summary,
        EXPORTER_IS_DOWN.description.replace(" since 1970-01-01 01:04:45 CET", ""), OF_JOB)),
    Case(Alert.EXPORTER_DOWN, "a restart within a minute", "8m", {UP: "1x19 0x3 1x20"}),
    Case(Alert.EXPORTER_DOWN, "another exporter answers", "9m",
         {UP: "1x19 0x40", UP.replace("exporter:", "second:"): "1x60"}),

    # --- SesamDowntime
    Case(Alert.DOWNTIME, "confirmed by the exporter, without a wait of its own", "10m40s",
         {AGREED: "0x41 1x40", **EVENT}, IS_DOWN),
    Case(Alert.DOWNTIME, "says UTC where the exporter says nothing of local time", "10m40s",
         {AGREED: "0x41 1x40", **EVENT, **NO_LOCAL_TIME},
         Notice("page", IS_DOWN.summary, IS_DOWN.description.replace("01:00:30 CET", "00:00:30 UTC"))),
    Case(Alert.DOWNTIME, "says the time that the clocks showed when it began, before they were changed", "10m40s",
         {AGREED: "0x41 1x40", **EVENT, offset(CEST): "7200x100", offset_from(CEST): "-9000x100",
          offset_from(CET): "300x100"},
         Notice("page", IS_DOWN.summary, IS_DOWN.description.replace("01:00:30 CET", "02:00:30 CEST"))),
    Case(Alert.DOWNTIME, "not confirmed", "10m20s", {AGREED: "0x80", FAILING_SINCE: "30x80"}),
    Case(Alert.DOWNTIME, "began in maintenance", "20m", {IN_MAINTENANCE: "1x80", AGREED: "0x80"}),
    Case(Alert.DOWNTIME, "goes on through maintenance", "20m",
         {AGREED: "0x41 1x80", MAINTENANCE: "_x60 1x80", **EVENT}, IS_DOWN),
    Case(Alert.DOWNTIME, "over: nothing lingers", "12m35s", {AGREED: "0x41 1x7 0x20"}),
    Case(Alert.DOWNTIME, "missed scrapes for four minutes", "15m50s",
         {AGREED: "0x41 1x5 stale _x40", UP: "1x47 0x40"}, IS_DOWN_SOME_TIME),
    Case(Alert.DOWNTIME, "a restarted exporter goes on with it", "14m20s",
         {AGREED: "0x41 1x5 stale _x4 1x40", UP: "1x47 0x4 1x40", **EVENT}, IS_DOWN),
    Case(Alert.DOWNTIME, "told no end by an exporter dead for an hour", "75m",
         {AGREED: "0x41 1x5 stale _x400", UP: "1x47 0x400"}, IS_DOWN_SOME_TIME),
    Case(Alert.DOWNTIME, "over when the dead exporter came back", "62m20s",
         {AGREED: "0x41 1x5 stale _x199 0x40", UP: "1x47 0x200 1x40"}),
    Case(Alert.DOWNTIME, "its target is no longer scraped", "20m", {AGREED: "0x41 1x5 stale", UP: "1x47 stale"}),
    Case(Alert.DOWNTIME, "marked as the customer's", "15m",
         {AGREED: "0x41 1x7 0x60", DOWN: "0x41 1x80", log_entry("ongoing", "customer"): "_x50 1x60"}),

    # --- SesamMaintenanceOverrun
    Case(Alert.MAINTENANCE_OVERRUN, "five minutes after the window's end", "15m20s",
         {**LONG_EVENT, **TWO_WINDOWS}, OVERRUN),
    Case(Alert.MAINTENANCE_OVERRUN, "four and a half minutes after it", "14m40s", {**LONG_EVENT, **TWO_WINDOWS}),
    Case(Alert.MAINTENANCE_OVERRUN, "through the next window, in which nothing counts", "35m",
         {**LONG_EVENT, **TWO_WINDOWS}, OVERRUN),
    Case(Alert.MAINTENANCE_OVERRUN, "right after the next window too", "41m",
         {**LONG_EVENT, **TWO_WINDOWS}, Notice(OVERRUN.severity, OVERRUN.summary,
                                               OVERRUN.description.replace("01:10:00", "01:40:00"))),
    Case(Alert.MAINTENANCE_OVERRUN, "over during the next window", "35m",
         {**LONG_EVENT, **TWO_WINDOWS, DOWN: "1x130 0x100"}),
    Case(Alert.MAINTENANCE_OVERRUN, "marked as the environment's during the next window", "37m",
         {**TWO_WINDOWS, DOWN: "1x200", log_entry("ongoing", "operating_environment"): "_x130 1x100"}),
    Case(Alert.MAINTENANCE_OVERRUN, "began in agreed time", "30m", {AGREED: "1x200", LAST_END: "600x200"}),
    Case(Alert.MAINTENANCE_OVERRUN, "the window's end is not known", "20m",
         {IN_MAINTENANCE: "1x200", log_entry("ongoing"): "1x200", log_start(): "30x200"}, Notice(
             OVERRUN.severity, OVERRUN.summary, OVERRUN.description.replace(" at 1970-01-01 01:10:00 CET", ""))),
    Case(Alert.MAINTENANCE_OVERRUN, "told no end by an exporter dead for an hour", "75m",
         {IN_MAINTENANCE: "1x80 stale _x400", LAST_END: "600x80", UP: "1x80 0x400"}, Notice(
             OVERRUN.severity, OVERRUN.summary,
             OVERRUN.description.replace(" at 1970-01-01 01:10:00 CET", "")
             .replace(" since 1970-01-01 01:00:30 CET", "").replace(" It is event e-17 of the log.", ""))),

    # --- SesamProbesBlind
    Case(Alert.PROBES_BLIND, "all results unobserved", "20m10s",
         {probes("success"): "0+1x40 40x40", probes("failure"): "0x80", probes("unobserved"): "0x40 0+1x40",
          f'sesam_slo_probe_failures_total{{{DATAHUB},reason="control"}}': "0x40 0+1x40"}, is_blind("control")),
    Case(Alert.PROBES_BLIND, "the probing thread hangs", "20m10s",
         {probes("success"): "0+1x40 40x40", probes("failure"): "0x80", probes("unobserved"): "0x80"},
         is_blind("none, no probe ended")),
    Case(Alert.PROBES_BLIND, "from the first probe on", "7m10s",
         {probes("success"): "0x80", probes("failure"): "0x80"}, is_blind("none, no probe ended")),
    Case(Alert.PROBES_BLIND, "failures are results", "20m10s", {probes("success"): "9x80", probes("failure"): "0+1x80"}),
    Case(Alert.PROBES_BLIND, "one endpoint of two", "20m10s",
         {probes("success"): "9x80", probes("success", UI): "0+1x80"}),
    Case(Alert.PROBES_BLIND, "right after the start", "4m40s", {probes("success"): "0x80"}),
    Case(Alert.PROBES_BLIND, "right after its service was added", "14m40s",
         {probes("success"): "_x40 0x80", INFO.replace("datahub-prod", "other"): "1x80"}),
    Case(Alert.PROBES_BLIND, "right after its service was removed", "14m50s",
         {probes("success"): "0+1x40 stale", INFO.replace("datahub-prod", "other"): "1x80"}),
    Case(Alert.PROBES_BLIND, "right after a restart", "14m10s",
         {probes("success"): "0+1x39 stale _x14 0x40", UP: "1x39 0x15 1x40"}),
    Case(Alert.PROBES_BLIND, "missed scrapes", "21m", {probes("success"): "0+1x40 40x40 stale", UP: "1x81 0x10"},
         is_blind("none, no probe ended")),
    Case(Alert.PROBES_BLIND, "told no end by an exporter that then died", "50m",
         {probes("success"): "0+1x40 40x40 stale", UP: "1x81 0x200"}, is_blind("none, no probe ended")),
    Case(Alert.PROBES_BLIND, "of a dead exporter that saw until it died", "30m",
         {probes("success"): "0+1x40 stale", UP: "1x41 0x200"}),
    Case(Alert.PROBES_BLIND, "in maintenance", "20m10s",
         {probes("success"): "0+1x40 40x80", MAINTENANCE: "_x50 1x60"}),
    Case(Alert.PROBES_BLIND, "still after maintenance", "30m40s",
         {probes("success"): "0+1x40 40x180", MAINTENANCE: "_x50 1x70 stale"}, is_blind("none, no probe ended")),

    # --- SesamLedgerWriteFailing
    Case(Alert.LEDGER_WRITE_FAILING, "changes wait and writes fail", "12m10s",
         {BACKLOG: "0x40 7x40", WRITE_FAILURES: "0x40 0+1x40", WRITTEN: "600x80"},
         lost_ledger(7, "; it was last written at 1970-01-01 01:10:00 CET")),
    Case(Alert.LEDGER_WRITE_FAILING, "changes are lost", "12m10s", {LOST: "0x40 20x40"}, lost_ledger(20)),
    Case(Alert.LEDGER_WRITE_FAILING, "one failure, written at the next attempt", "12m10s",
         {BACKLOG: "0x40 7 0x40", WRITE_FAILURES: "0x40 1x40"}),
    Case(Alert.LEDGER_WRITE_FAILING, "changes wait while writing goes well", "12m10s",
         {BACKLOG: "7x80", WRITE_FAILURES: "3x80"}),

    # --- SesamEarlyWarning
    Case(Alert.EARLY_WARNING, "failing for five minutes", "15m10s", {FAILING_SINCE: "_x39 585x80"}, Notice(
        "page", "datahub-prod is about to be down",
        "datahub-prod has not responded since 1970-01-01 01:09:45 CET, for 5m 15s. It is not downtime yet."),
        timings=(("early_page", 300),)),
    Case(Alert.EARLY_WARNING, "failing for a minute less", "14m", {FAILING_SINCE: "_x39 585x80"},
         timings=(("early_page", 300),)),
    Case(Alert.EARLY_WARNING, "in maintenance", "15m10s", {FAILING_SINCE: "_x39 585x80", MAINTENANCE: "1x80"},
         timings=(("early_page", 300),)),
    Case(Alert.EARLY_WARNING, "failing since maintenance", "15m10s",
         {FAILING_SINCE: "_x39 585x80", LAST_END: "600x80"}, timings=(("early_page", 300),)),
    Case(Alert.EARLY_WARNING, "downtime already", "21m", {FAILING_SINCE: "_x39 585x80", DOWN: "0x79 1x20"},
         timings=(("early_page", 300),)),

    # --- SesamNotResponding
    Case(Alert.NOT_RESPONDING, "failing for three minutes", "13m10s", {FAILING_SINCE: "_x39 585x80"},
         not_responding("1970-01-01 01:09:45", "3m 15s")),
    Case(Alert.NOT_RESPONDING, "failing for a minute less", "12m", {FAILING_SINCE: "_x39 585x80"}),
    Case(Alert.NOT_RESPONDING, "responds again: a short run does not age", "14m",
         {FAILING_SINCE: "_x39 585x6 stale", INFO: "1x80"}),
    Case(Alert.NOT_RESPONDING, "a dead exporter does not age it", "14m",
         {FAILING_SINCE: "_x39 585x6 stale", INFO: "1x45 stale", UP: "1x45 0x80"}),
    Case(Alert.NOT_RESPONDING, "a missed scrape does not end it", "14m20s",
         {FAILING_SINCE: "_x39 585x16 stale _x1 585x20", INFO: "1x55 stale _x1 1x20", UP: "1x55 0x1 1x20"},
         Notice("ticket", "datahub-prod is not responding",
                "datahub-prod has not responded, for 4m 0s. It is downtime once it has lasted 10m.")),
    Case(Alert.NOT_RESPONDING, "downtime already", "21m", {FAILING_SINCE: "_x39 585x80", DOWN: "0x79 1x20"}),
    Case(Alert.NOT_RESPONDING, "in maintenance", "13m10s", {FAILING_SINCE: "_x39 585x80", MAINTENANCE: "1x80"}),

    # --- SesamFlapping
    Case(Alert.FLAPPING, "six changes within the hour", "40m", {
        f'sesam_slo_probe_success{{{API},vantage="default"}}': "1x20 0x3 1x20 0x3 1x20 0x3 1x120"}, Notice(
            "ticket", "datahub-prod comes and goes",
            "An endpoint of datahub-prod changed 6 times between responding and failing within 1h. "
            "Runs that are too short to be downtime still trouble its users.")),
    Case(Alert.FLAPPING, "four changes within the hour", "40m", {
        f'sesam_slo_probe_success{{{API},vantage="default"}}': "1x20 0x3 1x20 0x3 1x120"}),
    Case(Alert.FLAPPING, "six changes, some of them in maintenance", "40m", {
        f'sesam_slo_probe_success{{{API},vantage="default"}}': "1x20 0x3 1x20 0x3 1x20 0x3 1x120",
        LAST_END: "600x200"}),

    # --- the other tickets
    Case(Alert.SHORT_NOTICE, "a window that does not count", "2m",
         {f'sesam_slo_maintenance_short_notice{{{DATAHUB},name="upgrade"}}': "1x20"}, Notice(
             "ticket", "Maintenance of datahub-prod was announced too late to count",
             "Windows of datahub-prod that were announced less than 2d ahead: upgrade. "
             "Downtime in them counts against the objective, and pages.")),
    Case(Alert.SHORT_NOTICE, "one that counts", "2m", {MAINTENANCE: "1x20"}),
    Case(Alert.CERTIFICATE_EXPIRING, "within fourteen days", "2m",
         {CERTIFICATE: f"{13 * 86400}x20", CERTIFICATE.replace("api", "ui"): f"{80 * 86400}x20"}, Notice(
             "ticket", "A certificate of datahub-prod expires",
             "The certificate of datahub-prod expires at 1970-01-14 01:00:00 CET, in 12d 23h 58m 0s "
             "(endpoints: api). "
             "Every probe fails from then on.")),
    Case(Alert.CERTIFICATE_EXPIRING, "in fifteen days", "2m", {CERTIFICATE: f"{15 * 86400}x20"}),
    Case(Alert.PROBE_CREDENTIALS, "refused for five minutes", "16m", {AUTH: "0x40 0+1x40"}, Notice(
        "ticket", "datahub-prod refuses the probe's credentials",
        "Probes of datahub-prod have been answered 401 or 403 for 5m. "
        "They say nothing about the service, whose time counts as unobserved.")),
    Case(Alert.PROBE_CREDENTIALS, "refused once", "11m20s", {AUTH: "0x40 1x40"}),
    Case(Alert.PROBE_CREDENTIALS, "other reasons", "16m",
         {f'sesam_slo_probe_failures_total{{{DATAHUB},reason="dns"}}': "0+1x80"}),
    Case(Alert.DOWNTIME_UNEXPLAINED, "entries that are overdue", "2m",
         {log_entry("overdue"): "1x20", log_entry("overdue", id="e-9"): "1x20", log_entry("ended", id="e-20"): "1x20",
          log_start(): "90x20", log_start("e-9"): "30x20", log_start("e-20"): "0x20"},
         Notice("ticket", "A downtime of datahub-prod has no cause or no solution",
                "Entries of the downtime log that have waited for a cause and a solution for more than "
                "2 business days: e-17 e-9; the oldest began at 1970-01-01 01:00:30 CET.")),
    Case(Alert.DOWNTIME_UNEXPLAINED, "ended and explained ones", "2m",
         {log_entry("ended"): "1x20", log_entry("explained", id="e-9"): "1x20"}),
    Case(Alert.CONFIG_RELOAD_FAILED, "the last reload failed", "2m", {RELOADED: "0x20", LOADED: "0x20"}, Notice(
        "ticket", "The exporter refused its configuration",
        "The last reload of the exporter's configuration failed; it runs on with the one before, loaded at "
        "1970-01-01 01:00:00 CET. "
        "sesam-slo check-config names every fault.", OF_JOB)),
    Case(Alert.CONFIG_RELOAD_FAILED, "the last reload worked", "2m", {RELOADED: "1x20"}),

    # --- the error budget: a sample each minute, failing all of a minute is +60
    Case(Alert.BUDGET_EXHAUSTED, "less than nothing is left", "2m", {REMAINING: "-90x20", BUDGET: "11340x20"}, Notice(
        "ticket", "datahub-prod has spent this month's error budget",
        "Of this month's error budget -1m 30s remain to datahub-prod. "
        "Every further minute of downtime breaks the objective.")),
    Case(Alert.BUDGET_EXHAUSTED, "an hour is left", "2m", {REMAINING: "3600x20", BUDGET: "11340x20"}),
    Case(Alert.BUDGET_EXHAUSTED, "another window's budget", "2m",
         {REMAINING.replace("month", "30d"): "-90x20", BUDGET: "11340x20", REMAINING: "1x20"}),
    Case(Alert.BUDGET_EXHAUSTED, "an objective of 100 % that is kept", "2m", {REMAINING: "0x20", BUDGET: "0x20"}),
    Case(Alert.BUDGET_BURN_FAST, "ten minutes of the hour, and now", "3h10m30s",
         {FAILING_SECONDS: "0x180 0+60x60", REMAINING: "5400x240"},
         burning("fast", "15%", "hour (or six hours)", " Of this month's error budget 1h 30m 0s remain."), step="1m"),
    Case(Alert.BUDGET_BURN_FAST, "four minutes of the hour", "3h4m30s", {FAILING_SECONDS: "0x180 0+60x60"}, step="1m"),
    Case(Alert.BUDGET_BURN_FAST, "over for ten minutes", "3h20m30s",
         {FAILING_SECONDS: "0x180 0+60x10 600x60"}, step="1m"),
    Case(Alert.BUDGET_BURN_FAST, "six seconds of every minute for six hours", "13h0m30s",
         {FAILING_SECONDS: "0+3x900"}, burning("fast", "5%", "hour (or six hours)"), step="1m"),
    Case(Alert.BUDGET_BURN_FAST, "credited with a downtime at once elsewhere", "3h10m30s",
         {f'sesam_slo_downtime_seconds_total{{{DATAHUB},class="unplanned"}}': "0x180 600x60",
          FAILING_SECONDS: "0x240"}, step="1m"),
    Case(Alert.BUDGET_BURN_SLOW, "two per cent for a day", "26h2m30s",
         {FAILING_SECONDS: "0+6x400"}, burning("steadily", "2%", "day (or three days)"), step="5m"),
    Case(Alert.BUDGET_BURN_SLOW, "less than the objective allows", "74h2m30s", {FAILING_SECONDS: "0+1x900"}, step="5m"),
]  # fmt: skip
