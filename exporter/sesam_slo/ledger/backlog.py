"""What waits to be written: facts in their order, of each event only the last state, of each service the last checkpoint."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields
from itertools import count
from typing import Any

from sesam_slo.core.history import Changes, Checkpoint

_FACTS = tuple(field.name for field in fields(Changes) if field.name != "checkpoints")


class Backlog:
    """As `Changes.then` folds changes, at a cost that does not grow with what waits. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._numbers = count()
        self._facts: OrderedDict[int | str, tuple[str, Any]] = OrderedDict()  # events by their id, others by number
        self._checkpoints: dict[str, Checkpoint] = {}

    def __len__(self) -> int:
        """How many facts; checkpoints are none."""
        return len(self._facts)

    def add(self, changes: Changes) -> None:
        for kind in _FACTS:
            for fact in getattr(changes, kind):
                key = fact.id if kind == "events" else next(self._numbers)
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
