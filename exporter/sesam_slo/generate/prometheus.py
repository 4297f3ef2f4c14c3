"""`prometheus/prometheus.yml`: scrape the exporter, load the rules, tell Alertmanager."""

from __future__ import annotations

from datetime import timedelta

from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import SCRAPE_JOB
from sesam_slo.generate.document import yaml_document
from sesam_slo.generate.promql import duration

SCRAPE_TIMEOUT = timedelta(seconds=10)  # Prometheus' default, where the interval is not shorter


def prometheus_configuration(timings: AlertTimings, *, exporter: str, alertmanager: str) -> str:
    """The file's text; `exporter` and `alertmanager` are `host:port` as Prometheus reaches them.

    `honor_labels`: the exporter's own `service` and `endpoint` must not be renamed where others set labels so named.
    """
    values = {
        "global": {
            "scrape_interval": duration(timings.scrape_interval),
            "scrape_timeout": duration(min(SCRAPE_TIMEOUT, timings.scrape_interval)),
            "evaluation_interval": duration(timings.evaluation_interval),
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {"job_name": SCRAPE_JOB, "honor_labels": True, "static_configs": [{"targets": [exporter]}]},
        ],
    }
    return yaml_document(values, about="Prometheus configuration. Check it with: promtool check config FILE")
