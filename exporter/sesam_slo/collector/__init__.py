"""What the exporter publishes to Prometheus (DESIGN 4)."""

from .exporter import ExporterMetrics, ReloadState
from .exposition import Exposition
from .services import ServiceMetrics
from .tally import ProbeTally

__all__ = ["ExporterMetrics", "Exposition", "ProbeTally", "ReloadState", "ServiceMetrics"]
