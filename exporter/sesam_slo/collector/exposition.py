"""What a scrape is answered with: the format it asks for, our families, those of the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from .families import Families

Source = Callable[[Families], None]


class Exposition:
    """Answers scrapes from `sources`, each of which adds its samples."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)
        self._process = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._process)

    def __call__(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type, for a request's Accept header."""
        encode, content_type = choose_encoder(accept)
        families = Families()
        for source in self._sources:
            source(families)
        text = "".join(families.render(openmetrics=content_type.startswith("application/openmetrics-text")))
        return text.encode() + encode(self._process), content_type
