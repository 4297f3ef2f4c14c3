"""When which endpoint is probed next: fixed slots, spread over the interval. Pure; time is monotonic seconds that come in.

An endpoint's slots are `k * interval + offset`; the offset follows from its name alone, so that a restart, a reload or a
neighbour's coming and going moves nobody's slots, and 2,000 endpoints do not start in the same instant.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Container
from dataclasses import dataclass
from typing import NamedTuple

Key = tuple[str, str]
"""Service and endpoint."""

LATE_AT_MOST = 0.1
"""Share of the interval by which a slot may be late and still be used. What is later (after a suspend, or when the process
cannot keep up) is left out: everybody resumes in his own slot instead of all at once, and load is shed."""


class Due(NamedTuple):
    """One probe to start now. `planned` is its slot; `missed` counts the slots left out since the probe before."""

    key: Key
    planned: float
    missed: int


@dataclass(slots=True)
class _Entry:
    interval_seconds: float
    offset_seconds: float
    planned: float
    missed: int = 0

    def slot_from(self, now: float) -> float:
        """The first slot at or after `now`."""
        number = math.ceil((now - self.offset_seconds) / self.interval_seconds)
        return number * self.interval_seconds + self.offset_seconds

    def slot_after(self, now: float) -> float:
        slot = self.slot_from(now)
        # The next slot's own rounding error must not make it "the slot after itself".
        return slot if slot - now > 1e-6 * self.interval_seconds else slot + self.interval_seconds


class Schedule:
    """The slots of all endpoints. `skipped_total` counts the slots left out since it was made."""

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._heap: list[tuple[float, Key]] = []
        self.skipped_total = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def add(self, key: Key, interval_seconds: float, now: float) -> None:
        """Plans `key`; one that is planned at this interval already keeps its slot."""
        if interval_seconds <= 0:
            raise ValueError(f"interval of {key}: must be positive: {interval_seconds}")
        known = self._entries.get(key)
        if known is not None and known.interval_seconds == interval_seconds:
            return
        entry = _Entry(interval_seconds, offset_share(key) * interval_seconds, now)
        self._entries[key] = entry
        self._plan(key, entry, entry.slot_from(now))

    def remove(self, key: Key) -> None:
        """Forgets `key`; one that is not planned is no error."""
        self._entries.pop(key, None)

    def pop_due(self, now: float, busy: Container[Key] = ()) -> list[Due]:
        """What is to be started now, in the order of the slots; every slot is given out at most once.

        A slot is left out where the endpoint's previous probe is still under way (`busy`), or where it is too late for it.
        """
        due: list[Due] = []
        while self._heap and self._heap[0][0] <= now:
            planned, key = heapq.heappop(self._heap)
            entry = self._entries.get(key)
            if entry is None or entry.planned != planned:
                continue  # removed or planned anew since
            following = entry.slot_after(now)
            passed = round((following - planned) / entry.interval_seconds)  # slots up to now, this one included
            latest = following - entry.interval_seconds
            if key in busy or now - latest > LATE_AT_MOST * entry.interval_seconds:
                entry.missed += passed
                self.skipped_total += passed
            else:
                self.skipped_total += passed - 1
                due.append(Due(key, latest if passed > 1 else planned, entry.missed + passed - 1))
                entry.missed = 0
            self._plan(key, entry, following)
        return due

    def seconds_to_next(self, now: float) -> float | None:
        """How long until something is due: 0 where it is, None where nothing is planned."""
        while self._heap:
            planned, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is not None and entry.planned == planned:
                return max(0.0, planned - now)
            heapq.heappop(self._heap)
        return None

    def _plan(self, key: Key, entry: _Entry, slot: float) -> None:
        entry.planned = slot
        heapq.heappush(self._heap, (slot, key))


def offset_share(key: Key) -> float:
    """Where in its interval an endpoint has its slot, 0 to 1: the same in every process (Python's own hash is salted)."""
    digest = hashlib.sha256("\0".join(key).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
