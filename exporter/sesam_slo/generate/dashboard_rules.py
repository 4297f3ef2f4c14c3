"""Recorded series that dashboards read instead of counters with a series for each service, endpoint and reason.

With 200 services there are thousands of those, nearly all at rest; recorded is only what occurs, cases too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sesam_slo.core.durations import format_duration
from sesam_slo.core.model import AlertTimings, Outcome
from sesam_slo.core.names import CASE_OPEN, PROBE_FAILURES, PROBES
from sesam_slo.generate.promql import at_least

_OVER = timedelta(minutes=5)

# Per second, by service; absent where there are none. The results are those that are no success.
RESULTS = f"service_result:sesam_slo_probes:rate{format_duration(_OVER)}"
REASONS = f"service_reason:sesam_slo_probe_failures:rate{format_duration(_OVER)}"
CASES = "service_level:sesam_slo_case_open:sum"  # open cases; absent where there is none


def recording_rules(timings: AlertTimings) -> list[dict[str, Any]]:
    over = at_least(_OVER, timings, scrapes=4)
    others = f'{PROBES.name}{{result!="{Outcome.SUCCESS}"}}'
    return [
        {"record": RESULTS, "expr": f"sum by (service, result) (rate({others}[{over}])) > 0"},
        {"record": REASONS, "expr": f"sum by (service, reason) (rate({PROBE_FAILURES.name}[{over}])) > 0"},
        {
            "record": CASES,
            "expr": f"sum by (service, level) (max by ({', '.join(CASE_OPEN.labels)}) ({CASE_OPEN.name})) > 0",
        },
    ]
