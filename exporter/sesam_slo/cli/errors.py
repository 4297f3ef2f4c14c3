"""What a command could not do, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.model import Config


class CommandError(Exception):
    """A message for stderr and the exit status that goes with it: 1 it could not be done, 2 wrong usage or configuration."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def load_config(path: Path, *, syntax_only: bool = False, overrides: Sequence[str] = ()) -> Config:
    """Raises CommandError with every fault of the file, and of the overrides (`--set KEY=VALUE`)."""
    from ..config import ConfigError, load  # noqa: PLC0415 - most of a start's time, and not every command asks for it

    try:
        return load(path, syntax_only=syntax_only, overrides=overrides)
    except ConfigError as error:
        raise CommandError(str(error), status=2) from None
