"""Levels, customer classes and what they are promised: the targets of support as data.

The defaults are the contract's table. Another agreement is another `Support`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from .points import PointsTable


class Clock(StrEnum):
    """What runs from the report on: until somebody works on it, until there is a workaround, until there is a fix."""

    REACTION = "reaction"
    WORKAROUND = "workaround"
    FIX = "fix"


class Promise(StrEnum):
    """Of which kind a target is; the words stand in the file."""

    NONE = "none"
    WITHIN = "within"
    NEXT_BUSINESS_DAY = "next business day"
    NEXT_RELEASE = "next release"
    NEXT_RELEASE_AS_A_GOAL = "next release as a goal"


@dataclass(frozen=True, slots=True)
class Target:
    """By when. `days` and `time` are business time and belong to `WITHIN`; how long a day is, the business hours say."""

    promise: Promise = Promise.NONE
    days: int = 0
    time: timedelta = timedelta()

    @property
    def note(self) -> str | None:
        """What is promised where it is no instant."""
        releases = (Promise.NEXT_RELEASE, Promise.NEXT_RELEASE_AS_A_GOAL)
        return Promise.NEXT_RELEASE.value if self.promise in releases else None

    @property
    def has_deadline(self) -> bool:
        return self.promise in (Promise.WITHIN, Promise.NEXT_BUSINESS_DAY)

    def __str__(self) -> str:
        """As `parse_target` reads it."""
        if self.promise is not Promise.WITHIN:
            return self.promise.value
        hours, rest = divmod(self.time, timedelta(hours=1))
        parts = ((self.days, "d"), (hours, "h"), (rest // timedelta(minutes=1), "m"))
        return "".join(f"{amount}{unit}" for amount, unit in parts if amount)


NO_TARGET = Target()
LONGEST_DAYS = 1000

_WITHIN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?", re.ASCII)
EXPECTED_TARGET = (
    "business time such as 8h, 3d or 1d4h, or one of none, next business day, next release, next release as a goal"
)


def parse_target(text: str) -> Target:
    """Raises ValueError, whose text says what is wrong and what is expected."""
    if text != Promise.WITHIN and text in list(Promise):
        return Target(Promise(text))
    match = _WITHIN.fullmatch(text)
    if match is None or not text:
        shown = repr(text if len(text) <= 40 else text[:39] + "…")[1:-1]
        raise ValueError(f'not a target: "{shown}"; expected {EXPECTED_TARGET}')
    days, hours, minutes = (int(amount or 0) for amount in match.groups())
    time = timedelta(hours=hours, minutes=minutes)
    if not days and not time:
        raise ValueError(f"no time at all: {text}; expected {EXPECTED_TARGET}")
    if days > LONGEST_DAYS:
        raise ValueError(f"too long: {text}; expected at most {LONGEST_DAYS}d")
    return Target(Promise.WITHIN, days, time)


@dataclass(frozen=True, slots=True)
class Targets:
    """What one customer class is promised at one level."""

    reaction: Target = NO_TARGET
    workaround: Target = NO_TARGET
    fix: Target = NO_TARGET

    def of(self, clock: Clock) -> Target:
        target: Target = getattr(self, clock.value)
        return target


_NO_TARGETS = Targets()


@dataclass(frozen=True, slots=True)
class Level:
    """How grave an error is; `targets` by customer class, for every class of the agreement."""

    name: str
    title: str
    targets: tuple[tuple[str, Targets], ...]


def _hours(number: int) -> Target:
    return Target(Promise.WITHIN, time=timedelta(hours=number))


def _days(number: int) -> Target:
    return Target(Promise.WITHIN, days=number)


_RELEASE, _GOAL = Target(Promise.NEXT_RELEASE), Target(Promise.NEXT_RELEASE_AS_A_GOAL)

PARTNER, USER = "partner", "user"

CONTRACT_LEVELS = (  # contract, "Requirements for processing and reaction times"
    Level(
        "A",
        "critical",
        ((PARTNER, Targets(_hours(8), _days(3), _days(10))), (USER, Targets(NO_TARGET, NO_TARGET, _days(10)))),
    ),
    Level(
        "B",
        "no operation stoppage",
        ((PARTNER, Targets(_days(2), _days(10), _RELEASE)), (USER, Targets(NO_TARGET, _days(10), _RELEASE))),
    ),
    Level(
        "C",
        "problem or question",
        ((PARTNER, Targets(fix=_GOAL)), (USER, Targets(fix=_GOAL))),
    ),
)


@dataclass(frozen=True, slots=True)
class Support:
    """What is promised to whom. Levels from the gravest on; the defaults are the contract.

    points: what missed promises cost, None where the agreement has no such table.
    opens_cases: whether a confirmed downtime event opens a case of the gravest level by itself, of class `opens_for`.
    """

    classes: tuple[str, ...] = (PARTNER, USER)
    levels: tuple[Level, ...] = CONTRACT_LEVELS
    points: PointsTable | None = None
    opens_cases: bool = False
    opens_for: str = PARTNER

    @property
    def gravest(self) -> str:
        return self.levels[0].name

    @property
    def level_names(self) -> tuple[str, ...]:
        return tuple(level.name for level in self.levels)

    def targets(self, level: str, customer_class: str) -> Targets:
        """No targets at all where the agreement does not know the level or the class."""
        for each in self.levels:
            if each.name == level:
                return dict(each.targets).get(customer_class, _NO_TARGETS)
        return _NO_TARGETS
