"""What the exporter publishes to Prometheus (DESIGN 4)."""

from .exporter import ExporterMetrics, ReloadState
from .services import SloCollector
from .tally import ProbeTally

__all__ = ["ExporterMetrics", "ProbeTally", "ReloadState", "SloCollector"]
