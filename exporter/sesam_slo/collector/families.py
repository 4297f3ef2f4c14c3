"""Metric families of one scrape, and their text.

prometheus-client's generic exposition makes an object and a label mapping of every sample: at 2,000 endpoints that is seconds of
processor time and hundreds of megabytes a scrape, taken from the probing thread. Here a sample is a line from the start, and the
rendered labels of a series are remembered from scrape to scrape. The formats are the client's: its parsers read the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from ..core import names
from ..core.names import Metric

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


@lru_cache(maxsize=1_000_000)
def _rendered(label_names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not label_names:
        return ""
    pairs = zip(label_names, values, strict=True)
    return "{" + ",".join(f'{name}="{str(value).translate(_ESCAPES)}"' for name, value in pairs) + "}"


def rendered(metric: Metric, *labels: str, more: Iterable[tuple[str, str]] = ()) -> str:
    """The labels of one series, as a line has them; `more` are labels besides those of the metric, by name."""
    pairs = tuple(more)
    if not pairs:
        return _rendered(metric.labels, labels)
    return _rendered((*metric.labels, *(name for name, _ in pairs)), (*labels, *(value for _, value in pairs)))


def described(metric: Metric, *, openmetrics: bool) -> str:
    """What stands above the samples of a family."""
    counter = openmetrics and metric.type == "counter"
    name = metric.name.removesuffix("_total") if counter else metric.name
    return f"# HELP {name} {metric.help}\n# TYPE {name} {metric.type}\n"


class Families:
    """The samples of one scrape by metric; they are given out in the order of `core.names`."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def add(self, metric: Metric, value: float, *labels: str, more: tuple[tuple[str, str], ...] = ()) -> None:
        """One sample; `labels` are the values of the metric's labels, `more` are labels that only this family's users know."""
        self._of(metric).append(f"{metric.name}{rendered(metric, *labels, more=more)} {float(value)!r}\n")

    def add_text(self, metric: Metric, text: str) -> None:
        """Samples of the metric that were rendered before; none at all where there is no text."""
        if text:
            self._of(metric).append(text)

    def texts(self) -> Iterator[tuple[Metric, str]]:
        """All samples, rendered, by metric."""
        for name, lines in self._lines.items():
            yield names.METRICS[name], "".join(lines)

    def histogram(self, metric: Metric, buckets: Iterable[tuple[str, float]], total: float, *labels: str) -> None:
        """One series of a histogram: its cumulative buckets by upper bound, `+Inf` last, and the sum."""
        lines, count = self._of(metric), 0.0
        for bound, count in buckets:
            with_bound = _rendered((*metric.labels, "le"), (*labels, bound))
            lines.append(f"{metric.name}_bucket{with_bound} {count!r}\n")
        plain = _rendered(metric.labels, labels)
        lines.append(f"{metric.name}_count{plain} {count!r}\n{metric.name}_sum{plain} {total!r}\n")

    def _of(self, metric: Metric) -> list[str]:
        lines = self._lines.get(metric.name)
        if lines is None:
            lines = self._lines[metric.name] = []
        return lines

    def render(self, *, openmetrics: bool) -> Iterator[str]:
        """The text, family by family, without OpenMetrics' closing line: the process' own families follow."""
        for name, metric in names.METRICS.items():
            if name in self._lines:
                yield described(metric, openmetrics=openmetrics)
                yield from self._lines[name]
