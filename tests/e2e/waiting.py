"""Waiting for what other programs do: a condition and a deadline, never a pause that hopes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

Value = TypeVar("Value")

_EVERY_SECONDS = 0.05


def until(condition: Callable[[], Value | None], *, within: float, what: str) -> Value:
    """The first true value of `condition`, asked again and again; raises TimeoutError after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not seen within {within:g} s: {what}")
        time.sleep(_EVERY_SECONDS)


def until_instant(instant: datetime) -> None:
    """For the steps of a script that are due at a time of their own, such as the end of a maintenance window."""
    remaining = (instant - datetime.now(UTC)).total_seconds()
    if remaining > 0:
        time.sleep(remaining)
