"""Metrics of the exporter itself."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .. import __version__
from ..core import names
from .families import Families


class LedgerStats(Protocol):
    """How the ledger's writer fares."""

    @property
    def failures_total(self) -> int: ...
    @property
    def backlog(self) -> int: ...
    @property
    def lost_total(self) -> int: ...
    @property
    def last_write_at(self) -> datetime | None: ...
    @property
    def failing(self) -> bool: ...


@dataclass(slots=True)
class ReloadState:
    """How the last load of the configuration went; `loaded_at` in seconds since 1970."""

    successful: bool
    loaded_at: float


@dataclass(frozen=True, slots=True)
class ExporterMetrics:
    reload: ReloadState
    ledger: Callable[[], LedgerStats]
    in_flight: Callable[[], int]
    stepped_back_seconds: Callable[[], float]
    libcurl: str

    def export(self, families: Families) -> None:
        stats = self.ledger()
        families.add(names.EXPORTER_BUILD_INFO, 1, __version__, platform.python_version(), self.libcurl)
        families.add(names.EXPORTER_CONFIG_RELOAD_SUCCESS, self.reload.successful)
        families.add(names.EXPORTER_CONFIG_RELOAD_TIMESTAMP, self.reload.loaded_at)
        families.add(names.EXPORTER_PROBES_IN_FLIGHT, self.in_flight())
        families.add(names.EXPORTER_LEDGER_WRITE_FAILURES, stats.failures_total)
        families.add(names.EXPORTER_LEDGER_BACKLOG, stats.backlog)
        families.add(names.EXPORTER_LEDGER_LOST, stats.lost_total)
        if stats.last_write_at is not None:
            families.add(names.EXPORTER_LEDGER_LAST_WRITE, stats.last_write_at.timestamp())
        families.add(names.EXPORTER_CLOCK_STEPPED_BACK_SECONDS, self.stepped_back_seconds())
