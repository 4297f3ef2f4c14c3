"""The token that every write of the ledger needs, and the dependency that asks for it."""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_MAX_BYTES = 64 * 1024
_bearer = HTTPBearer(auto_error=False, description="The token in the file that web.write_token_file names.")


class _UnusableTokenError(Exception):
    """Why the file gives no token."""


class WriteToken:
    """The token in the file at `path`; None where none is configured. Safe to use from several threads.

    The file is read at every write, of which there are few: a token that was changed is never taken again.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def matches(self, shown: str) -> bool:
        """Whether this is the token; False too where there is none. Takes as long whatever is shown."""
        try:
            return self._compare(shown)
        except _UnusableTokenError:
            return False

    def required(self, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        """Lets a write through, as a dependency of its route.

        Raises HTTPException: 403 where no token is configured, 503 where its file gives none, 401 without or with a wrong one.
        """
        if self._path is None:
            raise HTTPException(403, "writing is off: no web.write_token_file is configured")
        try:
            good = shown is not None and self._compare(shown.credentials)
        except _UnusableTokenError as error:
            raise HTTPException(503, f"writing is off: the file of web.write_token_file {error}") from None
        if not good:
            problem = "the write token is needed" if shown is None else "wrong write token"
            raise HTTPException(
                401, f"{problem}: Authorization: Bearer TOKEN", {"WWW-Authenticate": 'Bearer realm="sesam-slo"'}
            )

    def _compare(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), self._token())

    def _token(self) -> bytes:
        if self._path is None:
            raise _UnusableTokenError("is not configured")
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # never waits on a FIFO
            with open(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise _UnusableTokenError("is not a regular file")
                token = file.read(_MAX_BYTES + 1).strip()
        except OSError:
            raise _UnusableTokenError("cannot be read") from None
        if not token or len(token) > _MAX_BYTES:
            raise _UnusableTokenError("is empty" if not token else "is too large")
        return token
