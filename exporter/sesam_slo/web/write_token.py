"""The token that every write of the ledger needs, and the dependency that asks for it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from .throttle import Throttle
from .token_file import TokenFile, UnusableTokenError

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No write token, or a wrong one"},
    403: {"description": "Writing is off: no write token is configured"},
    429: {"description": "Too many wrong tokens came from this address"},
    503: {"description": "The token's file or the ledger cannot be used now; nothing was changed"},
}
"""How a write is refused, as the description of its route says it."""

_bearer = HTTPBearer(auto_error=False, description="The token in the file that web.write_token_file names.")


class WriteToken(TokenFile):
    """The token in the file at `path`; None where none is configured. Safe to use from several threads.

    `throttle` counts the wrong tokens of all who ask for one: API, login and closed reading.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.throttle = Throttle()

    def matches(self, shown: str, address: str = "") -> bool:
        """Whether this is the token; False too where there is none, and for an address that must wait."""
        if self.throttle.wait_seconds(address):
            return False
        try:
            good = self.is_shown(shown)
        except UnusableTokenError:
            return False
        if not good:
            self.throttle.failed(address)
        return good

    def required(
        self, request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> None:
        """Lets a write through, as a dependency of its route.

        Raises HTTPException: 403 where no token is configured, 503 where its file gives none, 401 without or with a wrong one,
        429 where too many were wrong.
        """
        if not self.configured:
            raise HTTPException(403, "writing is off: no web.write_token_file is configured")
        address = address_of(request)
        if shown is not None and (wait := self.throttle.wait_seconds(address)):
            raise HTTPException(429, "too many wrong tokens", {"Retry-After": str(math.ceil(wait))})
        try:
            self.token()
        except UnusableTokenError as error:
            raise HTTPException(503, f"writing is off: the file of web.write_token_file {error}") from None
        if shown is None or not self.matches(shown.credentials, address):
            problem = "the write token is needed" if shown is None else "wrong write token"
            raise HTTPException(
                401, f"{problem}: Authorization: Bearer TOKEN", {"WWW-Authenticate": 'Bearer realm="sesam-slo"'}
            )


def address_of(request: HTTPConnection) -> str:
    """Who asks, as far as the connection tells."""
    return request.client.host if request.client is not None else ""
