"""Announced windows as silences of an Alertmanager.

The alerts need none: what falls inside counting maintenance pages nobody. A silence is for who wants the window in
Alertmanager too. It is found again by the first line of its comment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from .alertmanager_api import OTHER_ANSWER, AlertmanagerApi, UnreachableError
from .core.announcing import Outcome
from .core.instants import written
from .core.names import Alert

MUTED = (
    Alert.DOWNTIME,
    Alert.EARLY_WARNING,
    Alert.NOT_RESPONDING,
    Alert.FLAPPING,
    Alert.BUDGET_BURN_FAST,
    Alert.BUDGET_BURN_SLOW,
)
"""What work on a service sets off. An overrun, credentials, certificates and the exporter itself are heard also then."""


class Silenced(NamedTuple):
    """What became of a window's silence, in words; `fault` None where it is as it should be."""

    done: str
    fault: str | None


def follow_with_silence(url: str | None, outcome: Outcome, author: str, *, wanted: bool) -> Silenced:
    """As `Silences.follow`; `url` None: there is no Alertmanager, and a fault only where a silence is wanted."""
    if url is not None:
        return Silences(url).follow(outcome, author, wanted=wanted)
    return Silenced("", "no alertmanager.url is configured" if wanted else None)


@dataclass(frozen=True, slots=True)
class Silences:
    """The silences of the Alertmanager at `url`."""

    url: str

    @property
    def _api(self) -> AlertmanagerApi:
        return AlertmanagerApi(self.url)

    def follow(self, outcome: Outcome, author: str, *, wanted: bool) -> Silenced:
        """Lets the silence of a window follow it: put where it is wanted or was put before, taken back with the window.

        A second silence of the same window is taken back. Never raises.
        """
        try:
            known = self._known(outcome.name)
            if outcome.extent is None:
                for id in known:
                    self._delete(id)
                return Silenced(f"silence {', '.join(known)} taken back" if known else "", None)
            if not known and not wanted:
                return Silenced("", None)
            id = self._put(_document(outcome, author, known[0] if known else None))
            for other in known[1:]:
                self._delete(other)
            return Silenced(f"silence {id}", None)
        except UnreachableError as error:
            return Silenced("", f"{self.url}: {error}")

    def _known(self, name: str) -> list[str]:
        """The ids of the silences of that window which have not expired, the oldest first."""
        try:
            found = [
                (each["startsAt"], each["id"])
                for each in self._api.ask("GET", "silences").json()
                if each["comment"].split("\n")[0] == _marker(name) and each["status"]["state"] != "expired"
            ]
            return [str(id) for _, id in sorted(found)]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreachableError(OTHER_ANSWER) from None

    def _put(self, document: dict[str, Any]) -> str:
        try:
            return str(self._api.ask("POST", "silences", document).json()["silenceID"])
        except (ValueError, KeyError, TypeError):
            raise UnreachableError(OTHER_ANSWER) from None

    def _delete(self, id: str) -> None:
        self._api.ask("DELETE", f"silence/{quote(id, safe='')}")


def _marker(name: str) -> str:
    return f"sesam-slo maintenance: {name}"


def _document(outcome: Outcome, author: str, id: str | None) -> dict[str, Any]:
    """As the API takes it; with the id of a silence that is to be changed."""
    assert outcome.extent is not None
    (start, end), services = outcome.extent
    tickets = sorted({piece.window.ticket for piece in outcome.pieces} - {""})
    return {
        **({} if id is None else {"id": id}),
        "matchers": [
            _matcher("alertname", "|".join(MUTED)),
            _matcher("service", ".+" if services is None else "|".join(sorted(services))),
        ],
        "startsAt": written(start),
        "endsAt": written(end),
        "createdBy": author,
        "comment": "\n".join([_marker(outcome.name), *(f"ticket {ticket}" for ticket in tickets)]),
    }


def _matcher(name: str, pattern: str) -> dict[str, Any]:
    """Alertmanager anchors a pattern at both ends; names of services and alerts hold nothing that one reads otherwise."""
    return {"name": name, "value": pattern, "isRegex": True, "isEqual": True}
