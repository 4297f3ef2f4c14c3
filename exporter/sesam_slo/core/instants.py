"""Instants as changes hold them: ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"an instant without an offset: {text}")
    return at.astimezone(UTC)


def written(at: datetime) -> str:
    """An instant as changes hold it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
