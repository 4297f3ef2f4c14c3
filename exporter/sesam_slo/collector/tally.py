"""What the probing loop counts, from 0 with the process: probes by result, reasons, durations, lag."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter

from ..core import names
from ..core.model import Config, Endpoint, Outcome, Reason
from .families import Families

_DURATION_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Histogram:
    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def export(self) -> tuple[list[tuple[str, float]], float]:
        """Cumulative buckets by their upper bound, and the sum."""
        total, buckets = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets, self._sum


class ProbeTally:
    """Thread-safe counts of probes; every label set of a configured service is there from the start, at 0."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: Counter[tuple[str, str, str, str]] = Counter()
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._durations: dict[str, Histogram] = {}
        self._lag = Histogram(_LAG_BOUNDS)
        self._errors = 0

    def configure(self, config: Config) -> None:
        """Makes the label sets of these services, and forgets those of others."""
        results = [
            (service.name, endpoint.name, endpoint.kind.value, outcome.value)
            for service in config.services
            for endpoint in service.endpoints
            for outcome in Outcome
        ]
        reasons = [(service.name, reason.value) for service in config.services for reason in Reason]
        with self._lock:
            self._results = Counter({key: self._results[key] for key in results})
            self._reasons = Counter({key: self._reasons[key] for key in reasons})
            self._durations = {
                service.name: self._durations.get(service.name) or Histogram(_DURATION_BOUNDS)
                for service in config.services
            }

    def probed(
        self, service: str, endpoint: Endpoint, outcome: Outcome, reason: Reason | None, duration_seconds: float
    ) -> None:
        with self._lock:
            self._results[service, endpoint.name, endpoint.kind.value, outcome.value] += 1
            if reason is not None and outcome is not Outcome.SUCCESS:
                self._reasons[service, reason.value] += 1
            if outcome is Outcome.SUCCESS and service in self._durations:
                self._durations[service].add(duration_seconds)

    def lag(self, seconds: float) -> None:
        with self._lock:
            self._lag.add(seconds)

    def error(self) -> None:
        with self._lock:
            self._errors += 1

    def export(self, families: Families) -> None:
        with self._lock:
            for result, count in self._results.items():
                families.add(names.PROBES, count, *result)
            for labels, count in self._reasons.items():
                families.add(names.PROBE_FAILURES, count, *labels)
            for service, histogram in self._durations.items():
                families.histogram(names.PROBE_DURATION_SECONDS, *histogram.export(), service)
            families.histogram(names.EXPORTER_PROBE_LAG_SECONDS, *self._lag.export())
            families.add(names.EXPORTER_LOOP_ERRORS, self._errors)
