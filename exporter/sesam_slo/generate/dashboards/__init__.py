"""The dashboards that Grafana loads, one module each. Pure: JSON text by path, the same for the same configuration."""

from __future__ import annotations

from sesam_slo.core.model import Config
from sesam_slo.generate.dashboards.grafana import json_text
from sesam_slo.generate.dashboards.wall import UID, wall


def dashboards(config: Config) -> dict[str, str]:
    """The text of every dashboard by its path, relative to the folder that `generate --out` names."""
    return {f"grafana/dashboards/{UID.removeprefix('sesam-slo-')}.json": json_text(wall(config))}
