"""However many read pages, a scrape and a health check are answered meanwhile, and everybody gets an answer in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sesam_slo.web.turns import AT_ONCE, Turns


def played(play: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser that tests drive elsewhere leaves this one with a loop that runs."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, play).result()


class Site:
    """An application whose answers begin when `open` is set; notes how many are being computed at a time."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.now, self.most, self.answered = 0, 0, 0
        self.app = Turns(self._answer)

    async def _answer(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/fails":
            raise ValueError("a fault")
        self.now += 1
        self.most = max(self.most, self.now)
        if scope["path"].startswith("/log"):
            await self.open.wait()
        self.now -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.answered += 1

    async def ask(self, path: str, send: Any = None, method: str = "GET") -> None:
        async def ignore(_: Any) -> None: ...

        await self.app({"type": "http", "method": method, "path": path}, ignore, send or ignore)


def test_pages_take_turns_and_programs_do_not_wait_for_them() -> None:
    async def play() -> None:
        site = Site()
        readers = [asyncio.create_task(site.ask("/log")) for _ in range(10)]
        await asyncio.sleep(0)
        for path, method in (("/metrics", "GET"), ("/-/healthy", "GET"), ("/static/page.css", "GET"), ("/x", "POST")):
            await asyncio.wait_for(site.ask(path, method=method), timeout=5)
        assert site.now == AT_ONCE
        site.open.set()
        await asyncio.wait_for(asyncio.gather(*readers), timeout=5)
        assert (site.answered, site.most) == (14, AT_ONCE + 1)

    played(play())


def test_who_takes_the_answer_in_slowly_keeps_nobody_waiting() -> None:
    async def play() -> None:
        site, never = Site(), asyncio.Event()
        site.open.set()

        async def stuck(_: Any) -> None:
            await never.wait()

        slow = [asyncio.create_task(site.ask("/log", stuck)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        await asyncio.wait_for(site.ask("/log"), timeout=5)
        for each in slow:
            each.cancel()

    played(play())


def test_a_fault_ends_its_turn() -> None:
    async def play() -> None:
        site = Site()
        for _ in range(AT_ONCE + 1):
            with pytest.raises(ValueError, match="a fault"):
                await asyncio.wait_for(site.ask("/fails"), timeout=5)

    played(play())
