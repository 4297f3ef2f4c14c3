"""Recorded series that dashboards read instead of counters with a series for each service, endpoint and reason.

With 200 services there are thousands of those, nearly all at rest; what is recorded of reasons is only what occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sesam_slo.core.durations import format_duration
from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import PROBE_FAILURES, PROBES
from sesam_slo.generate.promql import at_least

_OVER = timedelta(minutes=5)

RESULTS = f"result:sesam_slo_probes:rate{format_duration(_OVER)}"  # per second, of all endpoints
REASONS = f"service_reason:sesam_slo_probe_failures:rate{format_duration(_OVER)}"  # per second; absent where none


def recording_rules(timings: AlertTimings) -> list[dict[str, Any]]:
    over = at_least(_OVER, timings, scrapes=4)
    return [
        {"record": RESULTS, "expr": f"sum by (result) (rate({PROBES.name}[{over}]))"},
        {"record": REASONS, "expr": f"sum by (service, reason) (rate({PROBE_FAILURES.name}[{over}])) > 0"},
    ]


def reasons_by(labels: Sequence[str], services: str) -> str:
    """Failed and unobserved probes per second of the services that match, by some of `service` and `reason`."""
    return f"sum by ({', '.join(labels)}) ({REASONS}{{{services}}})"
