"""Runs probes to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from hostile import Server

from sesam_slo.core.model import Request
from sesam_slo.probe import Observation, ProbeEngine

Serve = Callable[..., Server]
Probe = Callable[..., Observation]


def observe(engine: ProbeEngine, request: Request, timeout_seconds: float = 5.0) -> Observation:
    """One probe's observation."""
    return observe_all(engine, {"endpoint": request}, timeout_seconds)["endpoint"]


def observe_all(
    engine: ProbeEngine, requests: Mapping[str, Request], timeout_seconds: float = 5.0
) -> dict[str, Observation]:
    """The observations of probes that run side by side, by key."""
    for key, request in requests.items():
        engine.start(key, request, timedelta(seconds=timeout_seconds))
    found: dict[str, Observation] = {}
    end = time.monotonic() + timeout_seconds + 5
    while len(found) < len(requests):
        assert time.monotonic() < end, f"no observation of {requests.keys() - found.keys()}"
        found |= {str(observation.key): observation for observation in engine.poll(0.5)}
    return found
