"""The thread that writes the ledger, so that no fault of disk or database ever holds up probing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition, Thread
from time import monotonic

from sesam_slo.core.history import Changes

from .backlog import Backlog
from .errors import LedgerError, UnstorableError
from .store import Ledger

_log = logging.getLogger("sesam_slo.ledger")

Report = Callable[[object], None]

_SLOWEST_RETRY = 5  # times `retry_seconds`
_CLOSING_RETRY_SECONDS = 0.1
_STALLED_SECONDS = 10.0  # a write that takes longer counts as failing: a hanging disk returns no error


@dataclass(frozen=True, slots=True)
class WriterStats:
    failures_total: int  # attempts to write that failed
    backlog: int  # facts that wait
    lost_total: int  # facts that were dropped
    last_write_at: datetime | None  # when the last attempt that had something to write succeeded
    failing: bool  # the last attempt failed, or the present one hangs


class LedgerWriter:
    """Writes what is submitted, in its order, everything that waits in one transaction.

    `ledger` is open, or opens it: then it is called in the thread until it succeeds, and what it opened is closed by `close`.
    `on_written` is told the last submitted token once all up to it is durable. `on_failed` is told it, possibly often, while
    nothing can be written: what depends on the ledger may be published without it. Both are called in the thread.

    While writing fails, up to `max_backlog` facts wait; then the oldest are dropped, counted and logged. It is tried again
    after `retry_seconds`, then ever more slowly, up to five times that. While a write is under way the facts in it are not
    dropped, so that for its duration up to twice `max_backlog` may be held. A fact that no ledger can store is dropped alone.
    """

    def __init__(
        self,
        ledger: Ledger | Callable[[], Ledger],
        *,
        on_written: Report | None = None,
        on_failed: Report | None = None,
        max_backlog: int = 100_000,
        retry_seconds: float = 1.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = None if callable(ledger) else ledger
        self._open = ledger if callable(ledger) else None
        self._on_written = on_written
        self._on_failed = on_failed
        self._max_backlog = max_backlog
        self._retry_seconds = retry_seconds
        self._now = now

        self._condition = Condition()  # guards all that follows
        self._incoming = Backlog()
        self._pending = Backlog()  # of the attempt under way, or of the one that failed; changed by the thread alone
        self._token: object = None  # the last submitted
        self._submitted = 0
        self._reported = 0  # how much of `_submitted` a callback was told of
        self._written = 0
        self._failures = 0
        self._failures_in_a_row = 0
        self._losing = False
        self._lost = 0
        self._failing = False
        self._attempt_began: float | None = None
        self._last_write_at: datetime | None = None
        self._give_up_at: float | None = None  # set by `close`

        self._thread = Thread(
            target=self._run, name="ledger-writer", daemon=True
        )  # a hanging disk must not hold the exit
        self._thread.start()

    def submit(self, changes: Changes, token: object = None) -> None:
        """Takes them over. Never waits for the ledger, never raises."""
        with self._condition:
            if self._give_up_at is not None:
                self._lose(len(changes), "the writer is closed")
                return
            self._incoming.add(changes)
            self._token = token
            self._submitted += 1
            self._lose(
                self._incoming.drop_oldest(self._max_backlog), "the backlog is full, the oldest facts are dropped"
            )
            self._condition.notify_all()

    def stats(self) -> WriterStats:
        with self._condition:
            stalled = self._attempt_began is not None and monotonic() - self._attempt_began > _STALLED_SECONDS
            return WriterStats(
                self._failures,
                len(self._pending) + len(self._incoming),
                self._lost,
                self._last_write_at,
                self._failing or stalled,
            )

    def close(self, timeout: float = 5.0) -> bool:
        """Takes nothing more and writes what waits, for at most `timeout` seconds; whether all of it was written."""
        with self._condition:
            if self._give_up_at is None:
                self._give_up_at = monotonic() + timeout
            self._condition.notify_all()
        self._thread.join(timeout)
        with self._condition:
            flushed = self._written == self._submitted
            left = len(self._pending) + len(self._incoming)
        if not flushed:
            _log.error("ledger: closed while it cannot be written; %d facts are not in it", left)
        return flushed

    def _run(self) -> None:
        while self._wait_for_work():
            if not self._attempt() and not self._pause():
                break
        if self._open is not None and self._ledger is not None:
            self._ledger.close()

    def _wait_for_work(self) -> bool:
        """Whether there is something to write; False once closed and done."""
        with self._condition:
            self._condition.wait_for(lambda: self._written < self._submitted or self._give_up_at is not None)
            return self._written < self._submitted

    def _attempt(self) -> bool:
        """One try to write all that waits; False when it failed in a way that only time can mend."""
        with self._condition:
            self._pending.add(self._incoming.changes())
            self._incoming.clear()
            self._lose(
                self._pending.drop_oldest(self._max_backlog), "the backlog is full, the oldest facts are dropped"
            )
            changes, token, upto = self._pending.changes(), self._token, self._submitted
            self._attempt_began = monotonic()
        try:
            if self._ledger is None:
                assert self._open is not None
                self._ledger = self._open()
            self._ledger.write(changes)
        except Exception as error:  # the edge of the loop: the thread outlives every fault
            return self._failed(error, token, upto)
        with self._condition:
            self._attempt_began = None
            self._pending.clear()
            self._written = upto
            if changes != Changes():
                self._last_write_at = self._now()
            if self._failing:
                _log.warning(
                    "ledger: can be written again; %d facts that waited are in it, %d were lost since the start",
                    len(changes),
                    self._lost,
                )
            self._failing = self._losing = False
            self._failures_in_a_row = 0
        self._report(self._on_written, token, upto)
        return True

    def _failed(self, error: Exception, token: object, upto: int) -> bool:
        """Whether another attempt can be made at once: the one fact that stood in the way is dropped."""
        with self._condition:
            self._attempt_began = None
            self._failures += 1
            if isinstance(error, UnstorableError) and self._pending.discard(error.fact):
                self._losing = False  # each is a fault of the program, and worth its line
                self._lose(1, str(error))
                return True
            self._failures_in_a_row += 1
            if not self._failing:
                text = str(error) if isinstance(error, LedgerError) else f"ledger: unexpected {type(error).__name__}"
                _log.error("%s (probing goes on, facts wait to be written)", text)
            self._failing = True
        self._report(self._on_failed, token, upto)
        return False

    def _pause(self) -> bool:
        """Waits until it is time to try again, and meanwhile tells `on_failed` of what is submitted; False to give up."""
        began = monotonic()
        retry_at = began + self._retry_seconds * min(2 ** (self._failures_in_a_row - 1), _SLOWEST_RETRY)
        while True:
            with self._condition:
                if self._give_up_at is not None:
                    if monotonic() >= self._give_up_at:
                        return False
                    retry_at = min(retry_at, began + _CLOSING_RETRY_SECONDS)
                if (left := retry_at - monotonic()) <= 0:
                    return True
                if self._reported == self._submitted:
                    self._condition.wait(left)
                    continue
                token, upto = self._token, self._submitted
            self._report(self._on_failed, token, upto)

    def _report(self, report: Report | None, token: object, upto: int) -> None:
        with self._condition:
            self._reported = upto
        if report is None:
            return
        try:
            report(token)
        except Exception as error:  # another part's fault must not end the writing
            _log.error("ledger: unexpected %s in what the writer reports to", type(error).__name__)

    def _lose(self, facts: int, why: str) -> None:
        """Counts them; one line for each time that writing fails, not for each fact. The condition is held."""
        if facts:
            self._lost += facts
            if not self._losing:
                _log.critical("ledger: facts are lost: %s", why)
            self._losing = True
