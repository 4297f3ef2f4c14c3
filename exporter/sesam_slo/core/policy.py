"""The policy in time: each instant is judged by the policy then in force."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from .intervals import Interval
from .model import Policy


@dataclass(frozen=True, slots=True)
class PolicyTimeline:
    """Policies by the instant at which each took effect; the first also judges all time before it."""

    entries: tuple[tuple[datetime, Policy], ...]

    @classmethod
    def always(cls, policy: Policy) -> PolicyTimeline:
        """One policy for all time, as replay and what-if questions apply it."""
        return cls(((datetime.min, policy),))

    def at(self, instant: datetime) -> Policy:
        if len(self.entries) == 1:
            return self.entries[0][1]
        index = bisect_right(self.entries, instant, key=lambda entry: entry[0])
        return self.entries[max(index - 1, 0)][1]

    def spans(self, within: Interval) -> list[tuple[Interval, Policy]]:
        """`within`, cut where the policy changed."""
        starts = [since for since, _ in self.entries[1:] if within.start < since < within.end]
        bounds = [within.start, *starts, within.end]
        return [(Interval(start, end), self.at(start)) for start, end in pairwise(bounds) if start < end]

    def cut(self, interval: Interval, policy: Policy) -> list[Interval]:
        """The parts of `interval` in which `policy` is in force."""
        if len(self.entries) == 1:
            return [interval]
        return [span for span, in_force in self.spans(interval) if in_force is policy]

    def changes(self, within: Interval) -> list[datetime]:
        """When the policy changed inside `within`."""
        return [since for since, _ in self.entries[1:] if within.start <= since < within.end]
