"""Metric families under construction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family

from ..core import names
from ..core.names import Metric


class Families:
    """The families of one scrape, given out in the order of `core.names`."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def add(self, metric: Metric, value: float, *labels: str) -> None:
        family = self._families.get(metric.name)
        if family is None:
            kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
            name = metric.name.removesuffix("_total") if metric.type == "counter" else metric.name
            family = self._families[metric.name] = kind(name, metric.help, labels=metric.labels)
        assert isinstance(family, GaugeMetricFamily | CounterMetricFamily)
        family.add_metric(labels, value)

    def histogram(self, metric: Metric, buckets: Iterable[tuple[str, float]], total: float, *labels: str) -> None:
        family = self._families.setdefault(
            metric.name, HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        )
        assert isinstance(family, HistogramMetricFamily)
        family.add_metric(labels, list(buckets), total)

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families[name] for name in names.METRICS if name in self._families)
