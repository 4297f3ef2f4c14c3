"""What waits to be written: facts in their order, where a later one takes an earlier one's place only that."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Any

from sesam_slo.core.history import KINDS, Changes, Checkpoint, replaced_by_a_later

_FACTS = tuple(kind for kind in KINDS if kind != "checkpoints")


class Backlog:
    """As `Changes.then` folds changes, at a cost that does not grow with what waits. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._numbers = count()
        self._facts: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()  # by what they are known by, else by number
        self._checkpoints: dict[str, Checkpoint] = {}

    def __len__(self) -> int:
        """How many facts; checkpoints are none."""
        return len(self._facts)

    def add(self, changes: Changes) -> None:
        for kind in _FACTS:
            for fact in getattr(changes, kind):
                known_by = replaced_by_a_later(kind, fact)
                key: Hashable = next(self._numbers) if known_by is None else (kind, *known_by)
                self._facts[key] = (kind, fact)
                self._facts.move_to_end(key)  # an event's last state is a new fact, not an old one
        for checkpoint in changes.checkpoints:
            self._checkpoints[checkpoint.service] = checkpoint

    def changes(self) -> Changes:
        """All that waits, as one."""
        facts: dict[str, list[Any]] = {kind: [] for kind in _FACTS}
        for kind, fact in self._facts.values():
            facts[kind].append(fact)
        return Changes(
            **{kind: tuple(each) for kind, each in facts.items()}, checkpoints=tuple(self._checkpoints.values())
        )

    def clear(self) -> None:
        self._facts.clear()
        self._checkpoints.clear()

    def drop_oldest(self, limit: int) -> int:
        """Drops facts until at most `limit` are left; returns how many."""
        dropped = max(0, len(self._facts) - limit)
        for _ in range(dropped):
            self._facts.popitem(last=False)
        return dropped

    def discard(self, unwanted: Any) -> bool:
        """Drops this one fact or checkpoint; whether it was there."""
        before = len(self._facts) + len(self._checkpoints)
        self._facts = OrderedDict((key, value) for key, value in self._facts.items() if value[1] is not unwanted)
        self._checkpoints = {key: value for key, value in self._checkpoints.items() if value is not unwanted}
        return len(self._facts) + len(self._checkpoints) < before
