"""Control targets: when something fails, are we able to see anything at all?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from ..core.model import Expectation, Request


class ControlTargets:
    """The shared answer to "does anything out there respond?", asked at most once an interval.

    `sees()` is True, False, or None while the targets are being asked: then the caller waits for `answered`.
    """

    def __init__(
        self,
        targets: Sequence[str],
        interval: timedelta,
        timeout: timedelta,
        ask: Callable[[str, Request, timedelta], None],
        monotonic: Callable[[], float],
    ) -> None:
        # HEAD: any HTTP answer is one, and nobody's page is fetched for it. A redirect is an answer too.
        self._requests = [Request(url, method="HEAD", expect=Expectation(max_redirects=0)) for url in targets]
        self._interval_seconds, self._timeout = interval.total_seconds(), timeout
        self._ask, self._monotonic = ask, monotonic
        self._asked_at: float | None = None
        self._waiting: set[str] = set()
        self._sees: bool | None = None

    def sees(self) -> bool | None:
        if not self._requests:
            return True
        if self._waiting and self._sees is None:
            return None
        now = self._monotonic()
        due = self._asked_at is None or now - self._asked_at >= self._interval_seconds
        if due and not self._waiting:
            self._begin(now)
        return self._sees

    def _begin(self, now: float) -> None:
        self._asked_at, self._sees = now, None
        self._waiting = {request.url for request in self._requests}
        for request in self._requests:
            self._ask(request.url, request, self._timeout)

    def answered(self, target: str, status: int | None) -> None:
        """One target's answer: any status at all means that we can see; the first one is enough."""
        self._waiting.discard(target)
        if status is not None:
            self._sees = True
        elif not self._waiting and self._sees is None:
            self._sees = False
