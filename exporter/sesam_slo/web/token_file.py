"""A token in a file: read at every use, compared in constant time."""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path

_MAX_BYTES = 64 * 1024


class UnusableTokenError(Exception):
    """Why the file gives no token."""


class TokenFile:
    """The token in the file at `path`; None where none is configured. Safe to use from several threads.

    The file is read at every use, of which there are few: a token that was changed is never taken again.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    def configured(self) -> bool:
        return self._path is not None

    def is_shown(self, shown: str) -> bool:
        """Whether this is the token. Takes as long whatever is shown. Raises UnusableTokenError."""
        return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), self.token())

    def token(self) -> bytes:
        """Raises UnusableTokenError."""
        if self._path is None:
            raise UnusableTokenError("is not configured")
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # never waits on a FIFO
            with open(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise UnusableTokenError("is not a regular file")
                token = file.read(_MAX_BYTES + 1).strip()
        except OSError:
            raise UnusableTokenError("cannot be read") from None
        if not token or len(token) > _MAX_BYTES:
            raise UnusableTokenError("is empty" if not token else "is too large")
        return token
