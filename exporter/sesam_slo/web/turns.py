"""Pages and lists take turns, so that however many people read, a scrape and a health check do not wait behind them all."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import STATIC

AT_ONCE = 2
# What programs ask by the clock, what is not computed, and reports, which queue by themselves and take longer.
_AT_ANY_TIME = ("/metrics", "/-/", STATIC, "/report/")


class Turns:
    """ASGI middleware: of what is computed for a reader, `AT_ONCE` answers at a time are; who waits holds no thread.

    A turn ends when the answer begins to be sent: who takes it in slowly keeps nobody waiting.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._turns = app, asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(_AT_ANY_TIME):
            await self._app(scope, receive, send)
            return
        await self._turns.acquire()
        held = True

        def end_turn() -> None:
            nonlocal held
            if held:
                held = False
                self._turns.release()

        async def sending(message: Message) -> None:
            end_turn()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            end_turn()
