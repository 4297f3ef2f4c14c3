"""Connections that take no more than their share: whoever holds them open must not take the sockets that probing needs."""

from __future__ import annotations

import asyncio
from typing import ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

BACKLOG = 128  # as many are let in at once, before the first of them is counted


class Connection(H11Protocol):
    """uvicorn's, with bounds: so many at a time, and an end for those whose other side sends and takes nothing.

    Where there are too many, the one goes that has waited longest for its other side.
    """

    most: ClassVar[int] = 256
    patience_seconds: ClassVar[float] = 10.0  # a request must be here after this time, or at the latest after twice it

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        if len(self.connections) > self.most:
            others = cast("set[Connection]", self.connections) - {self}
            idle = (each for each in others if each.awaited() is not None and not each.transport.is_closing())
            min(idle, key=lambda each: each.opened_at, default=self).transport.abort()
        self.loop.call_later(self.patience_seconds, self._look, None)

    def awaited(self) -> tuple[object, int] | None:
        """What stays the same for as long as the other side does nothing; None while it is our turn."""
        unsent = self.transport.get_write_buffer_size()
        cycle = self.cycle
        ours = cycle is not None and not cycle.response_complete and not cycle.more_body
        return None if ours and not unsent else (cycle, unsent)

    def _look(self, before: tuple[object, int] | None) -> None:
        if self.transport.is_closing():
            return
        now = self.awaited()
        if now is not None and now == before:
            self.transport.abort()
        else:
            self.loop.call_later(self.patience_seconds, self._look, now)
