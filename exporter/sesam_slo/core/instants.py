"""Instants as they are written: as text, ISO 8601 in UTC, and as whole microseconds since the epoch, both exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"an instant without an offset: {text}")
    return at.astimezone(UTC)


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def micros(at: datetime) -> int:
    """Raises TypeError where it has no offset."""
    return (at - _EPOCH) // _MICROSECOND


def of_micros(us: int) -> datetime:
    return _EPOCH + timedelta(0, 0, us)
