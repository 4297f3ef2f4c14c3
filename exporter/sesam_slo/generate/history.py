"""What is kept of each hour, so that a month of days can be drawn without reading a month of scrapes.

A month of scrapes is 172,800 samples a series, a month of hours 720. An hour that was not recorded has no sample:
that is how a Prometheus that was away shows.
"""

from __future__ import annotations

from typing import Any

from sesam_slo.core.model import AlertTimings, DowntimeClass
from sesam_slo.core.names import (
    DOWNTIME_SECONDS,
    ENDPOINT_INFO,
    HOURLY_DOWNTIME_SECONDS,
    HOURLY_SEEN,
    PROBE_SUCCESS,
)
from sesam_slo.core.past import HOUR
from sesam_slo.generate.promql import duration, seconds
from sesam_slo.generate.states import BLIND

_IN = f"[{duration(HOUR)}]"


def recording_rules(timings: AlertTimings) -> list[dict[str, Any]]:
    """For a group that is evaluated once an hour."""
    scrapes = f"{seconds(HOUR)} / {seconds(timings.scrape_interval)}"
    results = f"sum by (service) (max by (service, endpoint, kind) (count_over_time({PROBE_SUCCESS.name}{_IN})))"
    endpoints = f"count by (service) (group by (service, endpoint, kind) (last_over_time({ENDPOINT_INFO.name}{_IN})))"
    blind = f"max_over_time({BLIND}{_IN}) == 1"
    outside = f'{DOWNTIME_SECONDS.name}{{class!="{DowntimeClass.PLANNED}"}}'
    down = f"sum by (service) (max by (service, class) (last_over_time({outside}{_IN})))"
    return [
        {
            "record": HOURLY_SEEN.name,
            "expr": f"clamp_max({results} / ({endpoints} * {scrapes}), 1)\nunless on (service) {blind}",
        },
        {"record": HOURLY_DOWNTIME_SECONDS.name, "expr": down},
    ]
