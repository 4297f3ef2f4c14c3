"""An Alertmanager's HTTP API (version 2), and what to say where it cannot be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

_TIMEOUT_SECONDS = 10


class UnreachableError(Exception):
    """What the Alertmanager said, or that it said nothing."""


OTHER_ANSWER = "answers something else than expected; is this the right address?"


@dataclass(frozen=True, slots=True)
class AlertmanagerApi:
    """The Alertmanager at `url`; every method raises UnreachableError where it does not do what it was asked."""

    url: str

    def ask(self, method: str, path: str, document: Any = None, **parameters: Any) -> requests.Response:
        """`path` below `/api/v2/`."""
        return self._request(method, f"api/v2/{path}", document, parameters)

    def json(self, path: str, **parameters: Any) -> Any:
        try:
            return self.ask("GET", path, **parameters).json()
        except ValueError:
            raise UnreachableError(OTHER_ANSWER) from None

    def metrics(self) -> str:
        """Alertmanager's own metrics, in the text format."""
        return self._request("GET", "metrics", None, {}).text

    def _request(self, method: str, path: str, document: Any, parameters: dict[str, Any]) -> requests.Response:
        try:
            answer = requests.request(
                method,
                f"{self.url.rstrip('/')}/{path}",
                params=parameters,
                json=document,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnreachableError(f"does not answer: {type(error).__name__}") from None
        if answer.status_code != requests.codes.ok:
            where = "; is this the right address?" if answer.status_code == requests.codes.not_found else ""
            raise UnreachableError(f"answers with status {answer.status_code}{where}")
        return answer
