"""The clock that results are dated by: the wall's, but it never steps back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Wall-clock time that never falls while the process lives.

    A step forward is followed at once: the time jumped over is unobserved. A step back is not followed: the clock runs on
    until the wall's has caught up, since time that has been accounted for cannot be lived again.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        not_before: datetime | None = None,
    ) -> None:
        self._wall, self._monotonic, self._lock = wall, monotonic, threading.Lock()
        self._offset = wall() - monotonic()
        if not_before is not None:
            self._offset = max(self._offset, not_before.timestamp() - monotonic())

    def now(self) -> datetime:
        """The instant, in UTC."""
        with self._lock:
            # The two readings are not simultaneous: the small differences between them must not add up.
            offset = self._wall() - self._monotonic()
            if offset > self._offset + _JITTER_SECONDS:
                self._offset = offset
            return _EPOCH + timedelta(seconds=self._monotonic() + self._offset)

    @property
    def stepped_back_seconds(self) -> float:
        """How far the wall clock is behind this one."""
        behind = self._offset - (self._wall() - self._monotonic())
        return behind if behind > _JITTER_SECONDS else 0.0


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JITTER_SECONDS = 0.05
