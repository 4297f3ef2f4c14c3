"""From one configuration to all the files that Prometheus, Alertmanager and Grafana load. Pure: text, no files.

The same configuration and year give the same text, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sesam_slo.core.model import Config
from sesam_slo.core.names import WEBHOOK_PATH
from sesam_slo.generate.alertmanager import alertmanager_configuration
from sesam_slo.generate.dashboards import dashboards
from sesam_slo.generate.kubernetes import kubernetes_files
from sesam_slo.generate.notification import notification_template
from sesam_slo.generate.prometheus import prometheus_configuration
from sesam_slo.generate.receivers import PAGE, Receivers
from sesam_slo.generate.rules import rule_file


def _exporter_takes_pages() -> Mapping[str, str]:
    return {PAGE: f"http://exporter:9808{WEBHOOK_PATH}"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the programs find each other; the defaults are those of docker-compose.yml.

    `webhooks` are URLs by receiver (`page`, `ticket`, `watchdog`); the exporter's own takes the pages, so that the
    log knows when they went out. `receivers` are a site's own, as `sesam_slo.generate.receivers.parse` reads them.
    """

    exporter: str = "exporter:9808"
    alertmanager: str = "alertmanager:9093"
    webhooks: Mapping[str, str] = field(default_factory=_exporter_takes_pages)
    receivers: Receivers = field(default_factory=dict)
    runbook_base: str = "https://github.com/sesam-community/sesam-slo/blob/main/docs/runbooks"


def artifacts(config: Config, year: int, deployment: Deployment | None = None) -> dict[str, str]:
    """The generated files: text by path, relative to the folder that `generate --out` names.

    `year` is the first whose holidays Alertmanager is told; two more follow.
    """
    site = deployment or Deployment()
    return {
        "prometheus/prometheus.yml": prometheus_configuration(
            config.policy.alerts, exporter=site.exporter, alertmanager=site.alertmanager
        ),
        "prometheus/rules/sesam-slo.yml": rule_file(config, runbook_base=site.runbook_base),
        "alertmanager/alertmanager.yml": alertmanager_configuration(
            config.policy, year, webhooks=site.webhooks, receivers=site.receivers
        ),
        "alertmanager/templates/sesam-slo.tmpl": notification_template(config.policy.timezone, year),
        **dashboards(config),
    }


def kubernetes_artifacts(
    config: Config, year: int, configuration: str, deployment: Deployment | None = None
) -> dict[str, str]:
    """The same for a cluster, below `kubernetes/`; `configuration` is the text that `config` was read from."""
    site = deployment or Deployment()
    return kubernetes_files(config, year, configuration, receivers=site.receivers, runbook_base=site.runbook_base)
