"""Where an alert leads: the exporter's page, a dashboard at the alert's service and time, the runbook."""

from __future__ import annotations

from dataclasses import dataclass

from sesam_slo.core.model import Config
from sesam_slo.core.names import Dashboard


@dataclass(frozen=True, slots=True)
class View:
    """A dashboard with a span of time, in Grafana's notation: `now-6h`, milliseconds since 1970, or a template of them."""

    dashboard: str = Dashboard.SLO
    start: str = "now-6h"
    end: str = "now"

    @property
    def of_one_service(self) -> bool:
        return self.dashboard in (Dashboard.SLO, Dashboard.LOG, Dashboard.SUPPORT)


@dataclass(frozen=True, slots=True)
class Links:
    """`page`: the path below the exporter's address, empty for its first page."""

    view: View
    page: str = ""


TO_SERVICE = Links(view=View())


def link_annotations(links: Links, config: Config, *, alert: str, runbook_base: str) -> dict[str, str]:
    """The links as annotations; to the page and to Grafana where the configuration says how people reach them."""
    found = {"runbook_url": f"{runbook_base}/{alert}.md"}
    if config.web.external_url is not None:
        found["log_url"] = config.web.external_url.rstrip("/") + (links.page or "/")
    if config.grafana_url is not None:
        view = links.view
        service = "var-service={{ $labels.service | urlquery }}&" if view.of_one_service else ""
        found["dashboard_url"] = f"{config.grafana_url}/d/{view.dashboard}?{service}from={view.start}&to={view.end}"
    return found
