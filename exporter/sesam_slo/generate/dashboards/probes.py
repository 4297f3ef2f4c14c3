"""What the probes of the chosen service saw: answers, status codes, certificates, reasons, phases."""

from __future__ import annotations

from datetime import timedelta

from grafanalib.core import GridPos, Panel

from sesam_slo.core.model import Config, Phase, Reason
from sesam_slo.core.names import (
    PROBE_HTTP_STATUS_CODE,
    PROBE_PHASE_SECONDS,
    PROBE_SUCCESS,
    PROBE_TLS_NOT_AFTER,
)
from sesam_slo.generate import dashboard_rules
from sesam_slo.generate.dashboards.grafana import Json, at_most, stat, state_timeline, steps, target, words
from sesam_slo.generate.dashboards.palette import (
    AMBER,
    BRIGHT_AMBER,
    BRIGHT_GREEN,
    BRIGHT_RED,
    GREEN,
    NEUTRAL,
    NOT_SEEN,
    RED,
)
from sesam_slo.generate.dashboards.queries import CELL, ONE_SERVICE, none_of
from sesam_slo.generate.dashboards.series import time_series
from sesam_slo.generate.promql import duration

_REASON_COLOURS = {  # by kind: the way there, TLS, the answer, and what says nothing of SESAM
    Reason.DNS: "#f2cc0c",
    Reason.CONNECT_REFUSED: "#ff9830",
    Reason.CONNECT_TIMEOUT: "#ffb357",
    Reason.CONNECT_FAILED: "#e0752d",
    Reason.TLS: "#33a2e5",
    Reason.TLS_EXPIRED: "#1f78c1",
    Reason.TIMEOUT: "#8ab8ff",
    Reason.RESET: "#5794f2",
    Reason.HTTP_STATUS: "#ff5c75",
    Reason.AUTH: "#b39ddb",
    Reason.TOO_MANY_REDIRECTS: "#d683ce",
    Reason.REDIRECT_REFUSED: "#e5a8e2",
    Reason.HEADERS_TOO_LARGE: "#a16069",
    Reason.BODY_MISMATCH: "#c4314b",
    Reason.BODY_TOO_LARGE: "#8f3bb8",
    Reason.PROTOCOL: "#967302",
    Reason.LOCAL: "#7e57c2",
    Reason.CONTROL: "#6a4c9c",
}
_PHASE_COLOURS = dict(zip(Phase, ("#8ab8ff", "#b39ddb", "#ffb357", "#5794f2", "#a3a7b7"), strict=True))


def answers(at: GridPos) -> Panel:
    worst = f"min by (endpoint) (min_over_time({PROBE_SUCCESS.name}{{{ONE_SERVICE}}}{CELL}))"
    return state_timeline(
        "Answers, by endpoint",
        "The worst result of each cell: FAILING where any scrape saw a failure. A gap is time that no result speaks"
        " for; blue marks are maintenance, red ones confirmed downtime.",
        target(worst, legend="{{endpoint}}", over_time=True),
        at,
        mappings=words({1: ("OK", GREEN), 0: ("FAILING", RED)}),
        points=336,
        shortest="1m",
        written=True,
    )


def status_codes(at: GridPos) -> Panel:
    codes = f"max by (endpoint) ({PROBE_HTTP_STATUS_CODE.name}{{{ONE_SERVICE}}})"
    return state_timeline(
        "HTTP status codes, by endpoint",
        "The status of the last probe that got one. A gap: no probe has got one, or the exporter was not scraped.",
        target(codes, legend="{{endpoint}}", over_time=True),
        at,
        mappings=[_codes(200, 299, GREEN), _codes(300, 399, NEUTRAL), _codes(400, 499, AMBER), _codes(500, 599, RED)],
        points=336,
        shortest="1m",
        written=True,
        without_data="No probe got a status in this time, or the exporter was not scraped",
    )


def certificates(config: Config, at: GridPos) -> Panel:
    within = config.policy.alerts.certificate_expires_within
    left = f"(min by (endpoint) ({PROBE_TLS_NOT_AFTER.name}{{{ONE_SERVICE}}}) - time()) / 86400"
    return stat(
        "Certificates expire in",
        f"Of the chain that the last probe was shown. Amber: less than {duration(within)}, a ticket is opened then."
        " Once it has expired, every probe fails.",
        [target(left, legend="{{endpoint}}")],
        at,
        sizes=(16, 28),
        stacked=True,
        field={
            "unit": "suffix: days",
            "decimals": 1,
            "mappings": [at_most(0, ("EXPIRED", BRIGHT_RED)), *words({}, without_data=NOT_SEEN)],
            "thresholds": steps(BRIGHT_RED, (0, BRIGHT_AMBER), (within / timedelta(days=1), BRIGHT_GREEN)),
        },
        without_data="No probe was shown a certificate",
    )


def reasons(services: str, at: GridPos) -> Panel:
    """Of the services that match; a line of zeros says that every probe succeeded, nothing that none was seen."""
    rates = f"60 * sum by (reason) ({dashboard_rules.REASONS}{{{services}}})"
    return time_series(
        "Failed and unobserved probes, by reason",
        "Probes that did not succeed, per minute, by the phase or expectation that failed first. auth, local and"
        " control say nothing about SESAM: those count as unobserved. 'none': every probe succeeded.",
        [target(f"{rates} or on () {none_of(services, 'reason')}", legend="{{reason}}", over_time=True)],
        at,
        unit="suffix: / min",
        decimals=1,
        stacked=True,
        bars=True,
        beside=True,
        without_data="The exporter said nothing of these services in this time",
        colours={**{reason.value: colour for reason, colour in _REASON_COLOURS.items()}, "none": NEUTRAL},
        points=200,
    )


def phases(at: GridPos) -> Panel:
    phase = f'max by (phase) ({PROBE_PHASE_SECONDS.name}{{{ONE_SERVICE},endpoint="$endpoint"}})'
    return time_series(
        "Probe phases, $endpoint",
        "Where the time of the last probe went: name look-up, connection, TLS, the wait for the first byte, the"
        " transfer. What a probe did not get to is 0.",
        [target(phase, legend="{{phase}}", over_time=True)],
        at,
        unit="s",
        stacked=True,
        beside=True,
        without_data="No probe of this endpoint ended in this time, or the exporter was not scraped",
        colours={each.value: colour for each, colour in _PHASE_COLOURS.items()},
        repeat="endpoint",
    )


def _codes(first: int, last: int, colour: str) -> Json:
    """Status codes in their colour, as they are."""
    return {"type": "range", "options": {"from": first, "to": last, "result": {"color": colour}}}
