"""HTTP for people, scrapers and scripts; apart from the probing thread."""

from .app import Exporter, make_app

__all__ = ["Exporter", "make_app"]
