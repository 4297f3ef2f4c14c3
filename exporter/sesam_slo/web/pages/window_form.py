"""The forms of a maintenance window, understood: what is asked for, and what it would come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...core.announced import Piece, State, pieces
from ...core.announcing import KEEP, AnnouncingError, Known, Outcome, Proof, announce, cancel, change
from ...core.model import Config, Origin
from ...core.view import View
from ..maintenance import Announcing
from ..sessions import Session
from .forms import Faults, Form, instant, walls
from .frame import PageError


@dataclass(frozen=True, slots=True)
class Asked:
    """One form, understood: what it does, in the words of the log, and which step decides it."""

    done: str
    proof: Proof
    step: Callable[[Known], Outcome]
    silence: bool


def understood(
    view: View, announcing: Announcing, done: str, form: Form, session: Session, faults: Faults
) -> Asked | None:
    """None with the faults noted."""
    zone, name = view.config.policy.timezone, form.text("name")
    if not name:
        faults.add("name", "Expected a name, by which the window is known.")
    if done == "cancelled":
        proof = Proof(session.author, reason=form.text("reason"))
        return None if faults else Asked(done, proof, lambda known: cancel(known, name, proof, announcing.now()), False)
    start, end, claimed = (instant(form, each, zone, faults) for each in ("start", "end", "announced_at"))
    for field, value in (("start", start), ("end", end)):
        if value is None:
            faults.add(field, "Expected a date and a time.")
    services = frozenset(form.all("services")) if form.text("whom") == "some" else None
    if services is not None and not services:
        faults.add("services", "Expected at least one service, or all of them.")
    if faults or start is None or end is None:
        return None
    proof = Proof(session.author, claimed, form.text("channel"), form.text("ticket"), form.text("reason"))

    def step(known: Known) -> Outcome:
        if done == "announced":
            return announce(known, name, start, end, services, proof, announcing.now())
        return _changed(known, view, name, start, end, services, proof, announcing.now())

    return Asked(done, proof, step, "silence" in form)


def _changed(
    known: Known,
    view: View,
    name: str,
    start: datetime,
    end: datetime,
    services: frozenset[str] | None,
    proof: Proof,
    at: datetime,
) -> Outcome:
    """Only what is no longer as the window has it: what stays keeps its announcement, to the microsecond."""
    current = standing(view, name)
    if not current:
        return change(known, name, proof, at, start=start, end=end, services=services)
    first, last, whom = _extent(current)
    return change(
        known,
        name,
        proof,
        at,
        start=None if _reads_alike(start, first) else start,
        end=None if _reads_alike(end, last) else end,
        services=KEEP if services == whom else services,
    )


def _reads_alike(typed: datetime, known: datetime) -> bool:
    """A field of local time holds milliseconds."""
    return abs(typed - known) < timedelta(milliseconds=1)


def known_of(view: View) -> Known:
    config: Config = view.config
    return Known(
        view.maintenance.announced,
        config.policy.announced,
        view.maintenance.policies,
        frozenset(service.name for service in config.services),
        config.policy.timezone,
    )


def standing(view: View, name: str) -> list[Piece]:
    """The pieces of the window of that name that a command can still change."""
    return [
        each
        for each in pieces(view.maintenance.announced, view.maintenance.policies)
        if each.window.name == name
        and each.window.origin is Origin.COMMAND
        and each.state(view.at) in (State.AHEAD, State.UNDER_WAY)
    ]


def _extent(current: list[Piece]) -> tuple[datetime, datetime, frozenset[str] | None]:
    windows = [each.window for each in current]
    concerned = [each.services for each in windows]
    services = None if None in concerned else frozenset[str]().union(*(each or () for each in concerned))
    return min(each.start for each in windows), max(each.end for each in windows), services


def present(view: View, name: str) -> Form:
    """The form of a window as it stands. Raises PageError where there is none to change."""
    current = standing(view, name)
    if not current:
        raise PageError(
            404,
            "No such window",
            "No window of this name can be changed here: it is over, was cancelled, or stands in the configuration file.",
        )
    zone = view.config.policy.timezone
    start, end, services = _extent(current)
    return Form(
        (
            ("name", name),
            *walls(start, "start", zone).items(),
            *walls(end, "end", zone).items(),
            ("whom", "all" if services is None else "some"),
            *(("services", each) for each in sorted(services or ())),
        )
    )


def placed(error: AnnouncingError, name: str) -> tuple[str, str]:
    """The field that a message is about, and the message without the window's name."""
    message = str(error).removeprefix(f"{name}: ")
    first, colon, rest = message.partition(": ")
    if colon and first in ("name", "channel", "ticket", "reason", "author"):
        return ("" if first == "author" else first), f"{rest[:1].upper()}{rest[1:]}."
    starts = {
        "ends": "end",
        "lasts": "end",
        "is over": "end",
        "announced": "announced_at",
        "no such service": "services",
    }
    starts |= {"concerns": "services", "is announced already": "name", "stands in": "name", "has begun": "start"}
    field = next((field for words, field in starts.items() if message.startswith(words)), "")
    return field, f"{message[:1].upper()}{message[1:]}."


def in_time_until(outcome: Outcome, asked: Asked) -> datetime | None:
    """Up to when sending keeps the notice, where all counts and the announcement is the sending itself."""
    if asked.proof.announced_at is not None or not outcome.pieces or not all(each.counts for each in outcome.pieces):
        return None
    added = [each for each in outcome.pieces if each.window.announced_at == outcome.at]
    return min((each.window.start - each.needed for each in added), default=None)


def verdict(outcome: Outcome) -> str:
    """What the preview shows and the sending must still find: of each piece when it is, for whom, and whether it counts."""
    return "|".join(
        f"{each.window.start.isoformat()} {each.window.end.isoformat()} {'counts' if each.counts else 'short'} "
        f"{','.join(sorted(each.window.services or ('*',)))}"
        for each in outcome.pieces
    )
