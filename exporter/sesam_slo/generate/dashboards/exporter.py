"""The exporter dashboard: does the monitoring itself work, and what does it cost?"""

from __future__ import annotations

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config
from sesam_slo.core.names import (
    EXPORTER_BUILD_INFO,
    EXPORTER_CLOCK_STEPPED_BACK_SECONDS,
    EXPORTER_CONFIG_RELOAD_SUCCESS,
    EXPORTER_CONFIG_RELOAD_TIMESTAMP,
    EXPORTER_LEDGER_BACKLOG,
    EXPORTER_LEDGER_LAST_WRITE,
    EXPORTER_LEDGER_LOST,
    EXPORTER_LEDGER_WRITE_FAILURES,
    EXPORTER_LOOP_ERRORS,
    EXPORTER_PROBE_LAG_SECONDS,
    EXPORTER_PROBES_IN_FLIGHT,
    SCRAPE_JOB,
)
from sesam_slo.generate import dashboard_rules
from sesam_slo.generate.dashboards.grafana import Json, Word, dashboard, override, stat, steps, target, words
from sesam_slo.generate.dashboards.palette import (
    BRIGHT_AMBER,
    BRIGHT_BLUE,
    BRIGHT_GREEN,
    BRIGHT_PURPLE,
    BRIGHT_RED,
    GREEN,
    NEUTRAL,
    NOT_SEEN,
    PURPLE,
)
from sesam_slo.generate.dashboards.probes import reasons
from sesam_slo.generate.dashboards.queries import NAME, SERVICES, named
from sesam_slo.generate.dashboards.series import heading, time_series
from sesam_slo.generate.dashboards.variables import services
from sesam_slo.generate.promql import UP, duration, seconds

UID = "sesam-slo-exporter"

_JOB = f'job="{SCRAPE_JOB}"'
_LEGEND = f"{{{{{NAME}}}}}"
_NO_EXPORTER = "The exporter was not scraped in this time"


def exporter(config: Config) -> Json:
    panels = [
        _up(GridPos(x=0, y=0, w=4, h=5)),
        _reload(GridPos(x=4, y=0, w=5, h=5)),
        _ledger_now(config, GridPos(x=9, y=0, w=8, h=5)),
        _clock(GridPos(x=17, y=0, w=4, h=5)),
        _version(GridPos(x=21, y=0, w=3, h=5)),
        heading("Probing", 5),
        _lag(config, GridPos(x=0, y=6, w=8, h=9)),
        _results(GridPos(x=8, y=6, w=8, h=9)),
        _in_flight(GridPos(x=16, y=6, w=8, h=9)),
        reasons(SERVICES, GridPos(x=0, y=15, w=24, h=8)),
        heading("Writing", 23),
        _backlog(GridPos(x=0, y=24, w=12, h=9)),
        _trouble(GridPos(x=12, y=24, w=12, h=9)),
        heading("What it costs", 33),
        _scrape_duration(config, GridPos(x=0, y=34, w=6, h=8)),
        _scrape_samples(GridPos(x=6, y=34, w=6, h=8)),
        _processor(GridPos(x=12, y=34, w=6, h=8)),
        _memory(GridPos(x=18, y=34, w=6, h=8)),
    ]
    return dashboard(
        panels,
        uid=UID,
        title="SESAM exporter",
        description="The monitoring itself: is it there, is it on time, does its ledger take everything, and what does"
        " it cost?",
        timezone=config.policy.timezone.key,
        since="now-6h",
        refresh="30s",
        variables=[services()],
    )


def _up(at: GridPos) -> Panel:
    texts: dict[float | str, Word] = {1: ("UP", GREEN), 0: ("GONE", PURPLE)}
    return stat(
        "Exporter",
        "Whether the last scrape was answered. Nothing is known of any service while it is not.",
        [target(f"max({UP})")],
        at,
        sizes=(14, 52),
        named=False,
        background=True,
        field={"mappings": words(texts, without_data=("NOT SCRAPED", PURPLE)), "thresholds": steps(PURPLE)},
        without_data="NOT SCRAPED",
    )


def _reload(at: GridPos) -> Panel:
    texts: dict[float | str, Word] = {1: ("LOADED", BRIGHT_GREEN), 0: ("REFUSED", BRIGHT_AMBER)}
    since = named(f"1000 * max({EXPORTER_CONFIG_RELOAD_TIMESTAMP.name})", "in force since")
    return stat(
        "Configuration",
        "Whether the last reload worked, and since when the configuration that is in force has been so. After a refused"
        " reload the one before goes on.",
        [target(f"{named(f'min({EXPORTER_CONFIG_RELOAD_SUCCESS.name})', 'last reload')} or {since}", legend=_LEGEND)],
        at,
        sizes=(16, 28),
        stacked=True,
        field={"mappings": words(texts, without_data=NOT_SEEN), "thresholds": steps(NEUTRAL)},
        overrides=[override("in force since", unit="time:ddd D MMM HH:mm", mappings=[])],
        without_data="NOT SEEN",
    )


def _ledger_now(config: Config, at: GridPos) -> Panel:
    """Age of the last write: at rest nothing needs writing for a while, but a checkpoint does."""
    ago = named(f"time() - max({EXPORTER_LEDGER_LAST_WRITE.name})", "last write ago")
    backlog = named(f"max({EXPORTER_LEDGER_BACKLOG.name})", "waiting")
    lost = named(f"max({EXPORTER_LEDGER_LOST.name})", "lost since its start")
    failing_after = config.policy.alerts.ledger_failing_after
    return stat(
        "Ledger",
        "The log of downtime is what figures and reports are made of. Amber: changes wait, or nothing was written for"
        f" {duration(failing_after)}, after which failing writes page. Red: changes are lost for good.",
        [target(f"{ago} or {backlog} or {lost}", legend=_LEGEND)],
        at,
        sizes=(16, 34),
        field={"unit": "none", "mappings": words({}, without_data=NOT_SEEN), "thresholds": steps(NEUTRAL)},
        overrides=[
            override(
                "last write ago",
                unit="s",
                decimals=0,
                thresholds=steps(NEUTRAL, (float(seconds(failing_after)), BRIGHT_AMBER)),
            ),
            override("waiting", thresholds=steps(NEUTRAL, (1, BRIGHT_AMBER))),
            override("lost since its start", thresholds=steps(NEUTRAL, (1, BRIGHT_RED))),
        ],
        without_data="NOT SEEN",
    )


def _clock(at: GridPos) -> Panel:
    return stat(
        "Clock stepped back",
        "How far the wall clock is behind the clock that results are dated by. Not zero after somebody set it back:"
        " results keep their order, the difference shrinks as time catches up.",
        [target(f"max({EXPORTER_CLOCK_STEPPED_BACK_SECONDS.name})")],
        at,
        sizes=(14, 34),
        named=False,
        field={
            "unit": "s",
            "mappings": words({0: ("NO", BRIGHT_GREEN)}, without_data=NOT_SEEN),
            "thresholds": steps(BRIGHT_AMBER),
        },
        without_data="NOT SEEN",
    )


def _version(at: GridPos) -> Panel:
    nobody = f'label_replace(absent({EXPORTER_BUILD_INFO.name}), "version", "NOT SEEN", "", "")'
    return stat(
        "Version",
        "The version that runs; two names: two exporters of different versions are scraped.",
        [target(f"group by (version) ({EXPORTER_BUILD_INFO.name}) or on () {nobody}", legend="{{version}}")],
        at,
        sizes=(28, 28),
        field={"thresholds": steps(NEUTRAL)},
        overrides=[override("NOT SEEN", thresholds=steps(BRIGHT_PURPLE))],
        without_data="NOT SEEN",
        only_names=True,
    )


def _lag(config: Config, at: GridPos) -> Panel:
    buckets = f"sum by (le) (rate({EXPORTER_PROBE_LAG_SECONDS.name}_bucket[$__rate_interval]))"
    median = named(f"histogram_quantile(0.5, {buckets})", "half of them")
    slowest = named(f"histogram_quantile(0.99, {buckets})", "99 in 100")
    return time_series(
        "Probes start late by at most",
        "How much later than planned probes start. Lasting lag means that this machine is too slow for so many probes;"
        " results stay right, they only come later.",
        [target(f"{median} or {slowest}", legend=_LEGEND, over_time=True)],
        at,
        unit="s",
        without_data=_NO_EXPORTER,
        colours={"half of them": BRIGHT_BLUE, "99 in 100": BRIGHT_AMBER},
    )


def _results(at: GridPos) -> Panel:
    """Every probe has a lag and few do not succeed, so that 'success' is read off without a series for each endpoint."""
    others = f"sum by (result) ({dashboard_rules.RESULTS})"
    started = f"sum(rate({EXPORTER_PROBE_LAG_SECONDS.name}_count[$__rate_interval]))"
    success = f"clamp_min({started} - (sum({dashboard_rules.RESULTS}) or 0 * {started}), 0)"
    return time_series(
        "Probes by result",
        "Probes per second of all services and endpoints, by what they say: unobserved ones say nothing about SESAM.",
        [
            target(
                f'label_replace({success}, "result", "success", "", "") or {others}',
                legend="{{result}}",
                over_time=True,
            )
        ],
        at,
        unit="suffix: / s",
        decimals=2,
        stacked=True,
        without_data=_NO_EXPORTER,
        colours={"success": BRIGHT_GREEN, "failure": BRIGHT_RED, "unobserved": BRIGHT_PURPLE},
    )


def _in_flight(at: GridPos) -> Panel:
    return _line("Probes in flight", "Probes under way at each scrape. Many for long: targets hang until the timeout.",
                 f"max({EXPORTER_PROBES_IN_FLIGHT.name})", "in flight", at, unit="none")  # fmt: skip


def _backlog(at: GridPos) -> Panel:
    return _line("Changes that wait to be written", "The ledger's backlog: they are in memory until a write succeeds.",
                 f"max({EXPORTER_LEDGER_BACKLOG.name})", "waiting", at, unit="none")  # fmt: skip


def _trouble(at: GridPos) -> Panel:
    """Three counters in one query."""
    counters = {
        "failed writes": EXPORTER_LEDGER_WRITE_FAILURES.name,
        "lost changes": EXPORTER_LEDGER_LOST.name,
        "unexpected errors": EXPORTER_LOOP_ERRORS.name,
    }
    grown = " or ".join(named(f"sum(increase({name}[$__rate_interval]))", text) for text, name in counters.items())
    return time_series(
        "Failed writes, lost changes, unexpected errors",
        "Attempts to write the ledger that failed (they are repeated), changes that were dropped because too many"
        " waited, and errors that no part of the exporter expected. All zero is as it should be.",
        [target(grown, legend=_LEGEND, over_time=True)],
        at,
        unit="none",
        decimals=0,
        bars=True,
        legend=["sum", "max"],
        without_data=_NO_EXPORTER,
        colours={"failed writes": BRIGHT_AMBER, "lost changes": BRIGHT_RED, "unexpected errors": BRIGHT_PURPLE},
        points=60,
    )


def _scrape_duration(config: Config, at: GridPos) -> Panel:
    interval = config.policy.alerts.scrape_interval
    return _line("Duration of a scrape",
                 f"How long Prometheus waits for the exporter's answer; it asks every {duration(interval)}.",
                 f"max(scrape_duration_seconds{{{_JOB}}})", "duration", at, unit="s")  # fmt: skip


def _scrape_samples(at: GridPos) -> Panel:
    return _line("Samples of a scrape", "How many series the exporter has for Prometheus to keep.",
                 f"max(scrape_samples_scraped{{{_JOB}}})", "samples", at, unit="short")  # fmt: skip


def _processor(at: GridPos) -> Panel:
    return _line("Processor", "Share of one core that the exporter's process takes.",
                 f"max(rate(process_cpu_seconds_total{{{_JOB}}}[$__rate_interval]))", "of one core", at,
                 unit="percentunit")  # fmt: skip


def _memory(at: GridPos) -> Panel:
    return _line("Memory", "Resident memory of the exporter's process.",
                 f"max(process_resident_memory_bytes{{{_JOB}}})", "resident", at, unit="bytes")  # fmt: skip


def _line(title: str, description: str, expression: str, name: str, at: GridPos, *, unit: str) -> Panel:
    return time_series(
        title,
        description,
        [target(expression, legend=name, over_time=True)],
        at,
        unit=unit,
        without_data=_NO_EXPORTER,
        colours={name: BRIGHT_BLUE},
        points=200,
    )
