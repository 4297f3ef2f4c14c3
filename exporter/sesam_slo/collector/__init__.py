"""What the exporter publishes to Prometheus."""

from .cases import CaseMetrics
from .exporter import ExporterMetrics, ReloadState
from .exposition import Exposition
from .services import ServiceMetrics
from .tally import ProbeTally

__all__ = ["CaseMetrics", "ExporterMetrics", "Exposition", "ProbeTally", "ReloadState", "ServiceMetrics"]
