"""Instants as people write them on the command line."""

from __future__ import annotations

import argparse
import math
from datetime import UTC, datetime


def instant(text: str) -> datetime:
    """ISO 8601 with an offset, or epoch seconds. Raises argparse.ArgumentTypeError."""
    try:
        seconds = float(text)
        if math.isfinite(seconds):
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r}: expected ISO 8601 with an offset, or epoch seconds")
