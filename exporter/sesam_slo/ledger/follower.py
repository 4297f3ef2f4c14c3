"""Follows what other processes write into the ledger: corrections and windows that people enter on the command line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from .errors import LedgerError
from .store import Ledger, News

_log = logging.getLogger("sesam_slo.ledger")

_PATROL_SECONDS = 1.0  # how long a page may still go out for what somebody has just excused


class LedgerFollower:
    """Reads news in a thread of its own, so that a disk that hangs holds up nobody who asks for them for longer than they wait.

    `open` gives a ledger of the follower's own; `after` is the revision up to which everything is known. `on_news` is called in
    the thread, and only where there are some.
    """

    def __init__(self, open: Callable[[], Ledger], after: int, on_news: Callable[[News], None]) -> None:
        self._open, self._after, self._on_news = open, after, on_news
        self._ledger: Ledger | None = None
        self._condition = Condition()  # guards all that follows
        self._asked = self._answered = 0
        self._closed = self._failing = self._hanging = False
        self._thread = Thread(target=self._run, name="ledger-follower", daemon=True)
        self._thread.start()

    def catch_up(self, timeout_seconds: float = 1.0) -> bool:
        """Waits until everything that was written before this call is known; False where that took too long.

        While a look that took too long goes on, nobody waits.
        """
        give_up_at = monotonic() + timeout_seconds
        with self._condition:
            self._asked += 1
            wanted = self._asked
            self._condition.notify_all()
            while self._answered < wanted and not self._closed:
                left = give_up_at - monotonic()
                if left <= 0 or self._hanging:
                    self._hanging = True
                    return False
                self._condition.wait(left)
            return self._answered >= wanted

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join(_PATROL_SECONDS)

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._closed and self._asked == self._answered:
                    self._condition.wait(_PATROL_SECONDS)
                if self._closed:
                    break
                asked = self._asked
            self._look()
            with self._condition:
                self._answered, self._hanging = asked, False
                self._condition.notify_all()
        if self._ledger is not None:
            self._ledger.close()

    def _look(self) -> None:
        try:
            if self._ledger is None:
                self._ledger = self._open()
            news = self._ledger.news(self._after)
            if news.log.services or news.windows or news.cases:
                self._on_news(news)
            self._after = news.number
            self._failing = False
        except LedgerError as error:
            if not self._failing:
                _log.warning("what people write into the ledger is not seen for the moment: %s", error)
            self._failing = True
        except Exception as error:  # the edge of the loop: the thread outlives every fault
            if not self._failing:
                _log.error("ledger: unexpected %s while following it", type(error).__name__)
            self._failing = True
