"""The dashboards that Grafana loads, one module each. Pure: JSON text by path, the same for the same configuration."""

from __future__ import annotations

from collections.abc import Callable

from sesam_slo.core.model import Config
from sesam_slo.generate.dashboards.exporter import exporter
from sesam_slo.generate.dashboards.grafana import Json, json_text
from sesam_slo.generate.dashboards.log import log
from sesam_slo.generate.dashboards.slo import slo
from sesam_slo.generate.dashboards.support import support
from sesam_slo.generate.dashboards.wall import wall

_DASHBOARDS: dict[str, Callable[[Config], Json]] = {
    "wall": wall,
    "slo": slo,
    "log": log,
    "support": support,
    "exporter": exporter,
}  # by name of the file; the uid is sesam-slo-NAME


def dashboards(config: Config) -> dict[str, str]:
    """The text of every dashboard by its path, relative to the folder that `generate --out` names."""
    return {f"grafana/dashboards/{name}.json": json_text(make(config)) for name, make in _DASHBOARDS.items()}
