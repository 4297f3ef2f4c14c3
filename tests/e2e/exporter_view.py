"""What the exporter says of itself, read from its `/metrics` as anybody would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from programs import Program
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from sesam_slo.core import names


@dataclass(frozen=True, slots=True)
class LogEntry:
    id: str
    start: datetime
    duration: timedelta
    endpoints: str
    cause: str
    state: str


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer of `/metrics`."""

    samples: tuple[Sample, ...]

    @classmethod
    def of(cls, exporter: Program) -> Scrape:
        families = text_string_to_metric_families(exporter.get("/metrics").text)
        return cls(tuple(sample for family in families for sample in family.samples))

    def value(self, metric: names.Metric, **labels: str) -> float | None:
        """The value of the first series that has these labels; None where there is none."""
        return next((sample.value for sample in self._of(metric, labels)), None)

    def log(self, service: str) -> list[LogEntry]:
        """The downtime log of a service, oldest first."""
        entries = []
        for info in self._of(names.LOG_ENTRY_INFO, {"service": service}):
            of_entry = {"service": service, "id": info.labels["id"]}
            start, duration = (
                self.value(names.LOG_ENTRY_START, **of_entry),
                self.value(names.LOG_ENTRY_DURATION, **of_entry),
            )
            assert start is not None
            assert duration is not None
            entries.append(
                LogEntry(
                    info.labels["id"],
                    datetime.fromtimestamp(start, UTC),
                    timedelta(seconds=duration),
                    info.labels["endpoints"],
                    info.labels["cause"],
                    info.labels["state"],
                )
            )
        return sorted(entries, key=lambda entry: entry.start)

    def _of(self, metric: names.Metric, labels: dict[str, str]) -> list[Sample]:
        wanted = labels.items()
        return [sample for sample in self.samples if sample.name == metric.name and wanted <= sample.labels.items()]
