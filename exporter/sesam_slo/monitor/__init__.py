"""The live exporter's heart: probes, judges, records, publishes."""

from .clock import Clock
from .loop import Monitor
from .published import Published

__all__ = ["Clock", "Monitor", "Published"]
