"""The figures of one stretch of one or several services: exact, and such that those of the parts add up to those of the whole."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from fractions import Fraction

from ..core.account import Account

_ZERO = timedelta()
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """Durations as `core.account.Account` has them; availability is a ratio of exact durations, so it can be rounded safely.

    `promised`: agreed time x objective, in seconds, each by the objective then in force. `bridged`: unplanned time in which
    nobody saw it failing. The budget is that of the whole period, its coming days included.
    """

    agreed: timedelta = _ZERO
    maintenance: timedelta = _ZERO
    unobserved: timedelta = _ZERO
    unplanned: timedelta = _ZERO
    planned: timedelta = _ZERO
    excluded: timedelta = _ZERO
    bridged: timedelta = _ZERO
    failing: timedelta = _ZERO
    promised: Fraction = Fraction()
    error_budget_seconds: Fraction = Fraction()

    @classmethod
    def of(cls, account: Account, promised: Fraction) -> Figures:
        return cls(
            agreed=account.agreed,
            maintenance=account.maintenance,
            unobserved=account.unobserved,
            unplanned=account.unplanned,
            planned=account.planned,
            excluded=account.excluded,
            bridged=account.bridged,
            failing=account.failing,
            promised=promised,
            error_budget_seconds=to_the_microsecond(account.error_budget_seconds),
        )

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Figures)))

    @property
    def begun(self) -> bool:
        """Whether any of it has passed; of a month to come only the budget is known."""
        return bool(self.agreed or self.maintenance)

    @property
    def observed(self) -> timedelta:
        """Agreed time of which something is known."""
        return self.agreed - self.unobserved

    @property
    def availability(self) -> Fraction | None:
        """None where no agreed time was observed."""
        return _ratio(self.observed - self.unplanned, self.observed)

    @property
    def unobserved_as_up(self) -> Fraction | None:
        return _ratio(self.agreed - self.unplanned + self.bridged, self.agreed)

    @property
    def unobserved_as_down(self) -> Fraction | None:
        return _ratio(self.agreed - self.unplanned - self.unobserved, self.agreed)

    @property
    def objective(self) -> Fraction | None:
        """By agreed time where it changed; None where there was none."""
        return self.promised / in_seconds(self.agreed) if self.agreed else None

    @property
    def met(self) -> bool | None:
        """Whether the availability reached the objective; None without a figure."""
        if self.availability is None or self.objective is None:
            return None
        return self.availability >= self.objective

    @property
    def met_either_way(self) -> bool:
        """Whether that stands however the unobserved time is read."""
        bounds = (self.unobserved_as_up, self.unobserved_as_down)
        return self.met is not None and all(
            each is not None and self.objective is not None and (each >= self.objective) is self.met for each in bounds
        )

    @property
    def error_budget_remaining_seconds(self) -> Fraction:
        return self.error_budget_seconds - in_seconds(self.unplanned)

    @property
    def error_budget_used(self) -> Fraction | None:
        """As a share; None where the objective allows no downtime at all."""
        return in_seconds(self.unplanned) / self.error_budget_seconds if self.error_budget_seconds else None


def total(parts: list[Figures]) -> Figures:
    return sum(parts, Figures())


def in_seconds(duration: timedelta) -> Fraction:
    return Fraction(duration // _MICROSECOND, 1_000_000)


def exact(ratio: float) -> Fraction:
    """The ratio that a person wrote, 0.995, not the binary fraction beside it."""
    return Fraction(repr(ratio))


def to_the_microsecond(seconds: float) -> Fraction:
    """Without the noise of floating point, so that sums are exact."""
    return Fraction(round(seconds * 1_000_000), 1_000_000)


def _ratio(part: timedelta, whole: timedelta) -> Fraction | None:
    return Fraction(part // _MICROSECOND, whole // _MICROSECOND) if whole else None
