"""Slows guessing: who shows wrong tokens must wait before the next one is looked at."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

ALLOWED = 10  # wrong tokens in a row
AGAIN_SECONDS = 6.0  # from then on one in this time
_ADDRESSES = 4096


@dataclass(slots=True)
class _Debt:
    failures: float
    at: float


class Throttle:
    """Counts wrong tokens per address, of IPv6 per network of one customer (/64). Safe to use from several threads.

    A good token is not looked at either while its address must wait: otherwise waiting would tell which one it is.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._debts: OrderedDict[str, _Debt] = OrderedDict()  # the least recent first

    def wait_seconds(self, address: str) -> float:
        """How long this address must wait before it may show a token; 0 where it need not."""
        with self._lock:
            debt = self._debts.get(_network(address))
            if debt is None:
                return 0.0
            return max(0.0, (self._left(debt) - ALLOWED + 1) * AGAIN_SECONDS)

    def failed(self, address: str) -> None:
        """Notes a wrong token."""
        key = _network(address)
        with self._lock:
            debt = self._debts.pop(key, None)
            self._debts[key] = _Debt((self._left(debt) if debt else 0.0) + 1, self._now())
            if len(self._debts) > _ADDRESSES:
                self._debts.popitem(last=False)

    def _left(self, debt: _Debt) -> float:
        return max(0.0, debt.failures - (self._now() - debt.at) / AGAIN_SECONDS)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""  # whatever it is that a proxy passed on: they count as one, and none of it is kept
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
