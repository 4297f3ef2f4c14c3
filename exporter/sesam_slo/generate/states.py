"""Recorded states of a service: series that say 0 when the state is over, where the exporter's go away.

A page that reads one of them with `promql.latest` is neither resolved nor repeated by a missed scrape, and what ended
does not linger for the length of the lookback.
"""

from __future__ import annotations

from typing import Any

from sesam_slo.core.model import Config, Outcome
from sesam_slo.core.names import ENDPOINT_FAILING_SINCE, MAINTENANCE_ACTIVE, PROBES
from sesam_slo.generate.promql import at_least, duration, or_zero

MAINTENANCE = "service:sesam_slo_maintenance_active:max"  # 1 in maintenance that counts
FAILING_AGE = "service:sesam_slo_endpoint_failing_seconds:max"  # how long the longest open failing run has lasted
BLIND = "service:sesam_slo_probes_blind:bool"  # 1 while no probe has had a verdict for `Config.blind_range`

_VERDICTS = f'{PROBES.name}{{result=~"{Outcome.SUCCESS}|{Outcome.FAILURE}"}}'


def recording_rules(config: Config) -> list[dict[str, Any]]:
    return [
        {"record": MAINTENANCE, "expr": or_zero(f"max by (service) ({MAINTENANCE_ACTIVE.name})")},
        {"record": FAILING_AGE, "expr": or_zero(f"time() - min by (service) ({ENDPOINT_FAILING_SINCE.name})")},
        {"record": BLIND, "expr": or_zero(_blind(config))},
    ]


def _blind(config: Config) -> str:
    """No verdict is counted over the range, for a service watched then and now, by a process that ran on.

    Without the last three it would fire after a start, after a service is added, and after one is removed. A thread
    that hangs counts nothing: that is blind too.
    """
    timings = config.policy.alerts
    scrapes = 4 * timings.scrape_interval  # finds a sample although some scrapes were missed
    whole = config.blind_range
    unchanged = at_least(whole, timings, scrapes=4)
    return (
        "group by (service) (\n"
        f"  sum by (service) (increase({_VERDICTS}[{unchanged}])) == 0\n"
        f"  and sum by (service) (last_over_time({_VERDICTS}[{duration(scrapes)}] offset {unchanged}))\n"
        f"  and sum by (service) ({_VERDICTS})\n"
        f"  unless sum by (service) (resets({_VERDICTS}[{at_least(whole + scrapes, timings, scrapes=8)}])) > 0\n"
        ")"
    )
