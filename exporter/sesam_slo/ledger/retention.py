"""Forgets old evidence, once a day. Events, runs and revisions are never forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from .errors import LedgerError
from .store import Ledger

_log = logging.getLogger("sesam_slo.ledger")

_EVERY_SECONDS = 86_400.0


class EvidenceRetention:
    """A thread that drops what probes saw longer ago than `keep`; the first time at once."""

    def __init__(self, open: Callable[[], Ledger], keep: timedelta, now: Callable[[], datetime]) -> None:
        self._open, self._keep, self._now = open, keep, now
        self._closed = Event()
        self._thread = Thread(target=self._run, name="evidence-retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            try:
                ledger = self._open()
                try:
                    dropped = ledger.drop_evidence(self._now() - self._keep)
                finally:
                    ledger.close()
                if dropped:
                    _log.info("evidence: %d pieces older than %s dropped", dropped, self._keep)
            except (LedgerError, OverflowError) as error:
                _log.warning("evidence: not dropped today: %s", error)
            if self._closed.wait(_EVERY_SECONDS):
                return
