"""Probes: one HTTP exchange each, with a verdict. The only package that opens sockets to targets."""

from .engine import ProbeEngine
from .verdict import Observation

__all__ = ["Observation", "ProbeEngine"]
