"""Announcing, changing and cancelling maintenance by command: what is asked for -> the pieces to record.

A window is known by its name while it stands. What a change adds is an announcement of the added time, made at that
moment; `core.maintenance.reconcile` cuts the pieces, here stands what may be asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from .announced import Piece, concerned, local, pieces, whole_windows
from .history import Changes, Recorded
from .intervals import Interval
from .maintenance import Maintenance, reconcile
from .model import AnnouncedWindow, Config, Origin
from .policy import PolicyTimeline
from .policy_document import policy_document, policy_from_document
from .roster import with_windows

LONGEST = timedelta(days=31)
_LONGEST_TEXT = {"name": 200, "author": 200, "channel": 200, "ticket": 200, "reason": 1000}  # characters


class AnnouncingError(Exception):
    """Why a window cannot be announced, changed or cancelled as asked: what is wrong, what is expected."""


class UnknownServiceError(AnnouncingError):
    """It names a service that there is not."""


class Keep(Enum):
    """For what a change leaves as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Proof:
    """Who says that customers were told, when (None: now), through which channel, where that can be read, and why."""

    author: str
    announced_at: datetime | None = None
    channel: str = ""
    ticket: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a decision rests on. windows: all on record; file: those the configuration announces, recorded or not yet."""

    windows: tuple[AnnouncedWindow, ...]
    file: tuple[AnnouncedWindow, ...]
    policies: PolicyTimeline
    services: frozenset[str]
    zone: ZoneInfo

    @classmethod
    def of(cls, recorded: Recorded, config: Config) -> Known:
        """The policies are those that took effect; that of `config` where none has yet.

        Raises KeyError, TypeError or ValueError where a policy on record is not one of ours.
        """
        return cls(
            recorded.windows,
            config.policy.announced,
            recorded_policies(recorded, config),
            frozenset(service.name for service in config.services),
            config.policy.timezone,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to record at `at`, and the window as it stands then: `pieces` judged, by start; none of a cancelled one.

    `withdrawn` are the pieces that stood before and stand no longer, or not as they were.
    """

    name: str
    at: datetime
    record: tuple[AnnouncedWindow, ...]
    pieces: tuple[Piece, ...]
    withdrawn: tuple[Piece, ...]
    zone: ZoneInfo

    @property
    def extent(self) -> tuple[Interval, frozenset[str] | None] | None:
        """From when to when, and for which services (None: all); None of a cancelled window."""
        return _extent(tuple(piece.window for piece in self.pieces)) if self.pieces else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each piece that does not count, or whose announcement is claimed to be older than its record."""
        return tuple(
            f"{self.name}: {piece.sentence(self.zone)}" for piece in self.pieces if not piece.counts or piece.back_dated
        )


def recorded_policies(recorded: Recorded, config: Config) -> PolicyTimeline:
    """The policies in time, as the ledger has them."""
    if not recorded.policies:
        return PolicyTimeline.always(config.policy)
    records = sorted(recorded.policies, key=lambda record: record.since)
    return PolicyTimeline(tuple((each.since, policy_from_document(each.document)) for each in records))


def taken_up(recorded: Recorded, config: Config, at: datetime) -> tuple[Maintenance, tuple[str, ...]]:
    """All maintenance as it will be once the exporter has loaded `config`, and the file's windows that it has yet to load.

    Pieces that are not on record have no `recorded_at`. Raises as `Known.of`.
    """
    policies = recorded_policies(recorded, config)
    if recorded.policies and policy_document(config.policy) != policy_document(policies.at(at)):
        policies = PolicyTimeline((*policies.entries, (at, config.policy)))
    of_file = [each for each in recorded.windows if each.origin is Origin.FILE]
    waiting = reconcile(of_file, config.policy.announced, at)
    new = tuple(replace(each, recorded_at=None) if each.recorded_at == at else each for each in waiting)
    return Maintenance(policies, with_windows(recorded.windows, new)), tuple(sorted({each.name for each in waiting}))


def decided(
    step: Callable[[Known], Outcome], config: Config, record: Callable[[Callable[[Recorded], Changes]], object]
) -> Outcome:
    """Carries a step out: `record` reads, asks what to write and writes it, again where somebody else wrote in between.

    Raises AnnouncingError, and whatever `record` raises.
    """
    outcomes: list[Outcome] = []

    def decide(recorded: Recorded) -> Changes:
        outcomes.append(step(Known.of(recorded, config)))
        return Changes(windows=outcomes[-1].record)

    record(decide)
    return outcomes[-1]


def announce(
    known: Known,
    name: str,
    start: datetime,
    end: datetime,
    services: frozenset[str] | None,
    proof: Proof,
    at: datetime,
) -> Outcome:
    """A new window, for all services where `services` is None. Raises AnnouncingError."""
    _check_words(name, proof)
    for window in (*known.file, *(each for each in known.windows if each.origin is Origin.FILE)):
        if window.name == name and at < window.end and window.withdrawn_at is None:
            where = f"stands in the configuration file, {_span(window, known.zone)}"
            raise AnnouncingError(f"{name}: {where}; expected another name, or the change there")
    if current := _current(known, name, at):
        (start_now, end_now), _ = _extent(current)
        standing = f"{local(start_now, known.zone)} to {local(end_now, known.zone)}"
        raise AnnouncingError(f"{name}: is announced already, {standing}; expected `change`, or another name")
    wanted = _wanted(known, name, start, end, services, proof, at)
    _check_services(known, name, services)
    return _outcome(known, name, reconcile((), (wanted,), at), at)


def change(
    known: Known,
    name: str,
    proof: Proof,
    at: datetime,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    services: frozenset[str] | Keep | None = KEEP,
) -> Outcome:
    """Other bounds or services of a window that is not over yet; what is not given stays. Raises AnnouncingError.

    Time and services that stay keep their announcement; the proof is that of what is added. Where nothing is given at all
    there is nothing to record: that is how a silence is tried again.
    """
    _check_words(name, proof)
    current = _standing(known, name, at)
    if start is None and end is None and services is KEEP:
        return _outcome(known, name, (), at)
    (start_now, end_now), services_now = _extent(current)
    if not isinstance(services, Keep):
        _check_services(known, name, services)
    else:
        services = services_now
    if start is not None and start_now < start < at:
        # The piece that stays would be judged by its later start: what has passed might come to count.
        raise AnnouncingError(
            f"{name}: has begun, {local(start_now, known.zone)}: what has passed stays; expected a start from now on, or the "
            f"one it has: {local(start, known.zone)}"
        )
    wanted = _wanted(known, name, start or start_now, end or end_now, services, proof, at)
    if proof.announced_at in {each.announced_at for each in current}:
        raise AnnouncingError(
            f"{name}: what was announced {local(wanted.announced_at, known.zone)} is on record without this change; expected "
            "when the change was announced"
        )
    record = reconcile(current, (wanted,), at)
    if not record:
        raise AnnouncingError(
            f"{name}: is {local(start_now, known.zone)} to {local(end_now, known.zone)}, {concerned(services_now)}, already; "
            "expected another start, end or service"
        )
    return _outcome(known, name, record, at)


def cancel(known: Known, name: str, proof: Proof, at: datetime) -> Outcome:
    """Withdraws what of the window has not passed. Raises AnnouncingError."""
    _check_words(name, proof)
    return _outcome(known, name, reconcile(_standing(known, name, at), (), at), at)


def _wanted(
    known: Known,
    name: str,
    start: datetime,
    end: datetime,
    services: frozenset[str] | None,
    proof: Proof,
    at: datetime,
) -> AnnouncedWindow:
    zone = known.zone
    if end <= start:
        raise AnnouncingError(f"{name}: ends {local(end, zone)}, not after its start, {local(start, zone)}")
    if end <= at:
        raise AnnouncingError(
            f"{name}: is over already, it ends {local(end, zone)}; expected an end that is still ahead"
        )
    if end - start > LONGEST:
        length = (end - start).total_seconds() / 86400
        raise AnnouncingError(f"{name}: lasts {length:.1f} days; expected at most {LONGEST.days}")
    if proof.announced_at is not None and proof.announced_at > at:
        raise AnnouncingError(
            f"{name}: announced {local(proof.announced_at, zone)}, which is still ahead; expected when customers were told"
        )
    return AnnouncedWindow(
        name,
        start,
        end,
        proof.announced_at or at,
        services,
        origin=Origin.COMMAND,
        channel=proof.channel,
        ticket=proof.ticket,
        author=proof.author,
    )


def _current(known: Known, name: str, at: datetime) -> tuple[AnnouncedWindow, ...]:
    """The pieces of the window of that name that is not over yet, those of them too that have passed; () where there is none."""
    of_name = (each for each in known.windows if each.name == name and each.origin is Origin.COMMAND)
    for window in whole_windows(of_name):
        left = tuple(each for each in window if each.withdrawn_at is None)
        if any(at < each.end for each in left):
            return left
    return ()


def _standing(known: Known, name: str, at: datetime) -> tuple[AnnouncedWindow, ...]:
    """As `_current`; raises AnnouncingError where there are none, and says what became of the window."""
    current = _current(known, name, at)
    if current:
        return current
    if any(each.name == name for each in known.file):
        raise AnnouncingError(f"{name}: stands in the configuration file; expected the change there, and a reload")
    earlier = [each for each in known.windows if each.name == name]
    if not earlier:
        raise AnnouncingError(f"{name}: no window of that name is announced{_others(known, at)}")
    withdrawn = max((each.withdrawn_at for each in earlier if each.withdrawn_at is not None), default=None)
    ended = max((each.end for each in earlier if each.withdrawn_at is None), default=None)
    if withdrawn is not None and (ended is None or ended < withdrawn):
        raise AnnouncingError(f"{name}: was cancelled {local(withdrawn, known.zone)}")
    assert ended is not None
    raise AnnouncingError(f"{name}: is over since {local(ended, known.zone)}: what has passed stays")


def _others(known: Known, at: datetime) -> str:
    names = sorted(
        {
            each.name
            for each in known.windows
            if each.origin is Origin.COMMAND and each.withdrawn_at is None and at < each.end
        }
    )
    return f"; expected one of {', '.join(names[:10])}" if names else ""


def _outcome(known: Known, name: str, record: tuple[AnnouncedWindow, ...], at: datetime) -> Outcome:
    """Raises AnnouncingError where a withdrawn piece would come back to life under its old record."""
    keys = {_key(each): each for each in known.windows if each.name == name}
    for each in record:
        before = keys.get(_key(each))
        if before is not None and before.withdrawn_at is not None and each.withdrawn_at is None:
            raise AnnouncingError(
                f"{name}: the announcement of {local(each.announced_at, known.zone)} was taken back "
                f"{local(before.withdrawn_at, known.zone)}; expected when it was announced again"
            )
    after = _current(replace(known, windows=with_windows(known.windows, record)), name, at)
    gone = [each for each in record if each.withdrawn_at is not None]
    return Outcome(name, at, record, pieces(after, known.policies), pieces(gone, known.policies), known.zone)


def _key(window: AnnouncedWindow) -> tuple[object, ...]:
    """What a ledger knows a piece by."""
    return window.name, window.start, window.end, window.announced_at, window.services, window.origin


def _extent(current: tuple[AnnouncedWindow, ...]) -> tuple[Interval, frozenset[str] | None]:
    whole = Interval(min(each.start for each in current), max(each.end for each in current))
    if any(each.services is None for each in current):
        return whole, None
    return whole, frozenset[str]().union(*(each.services or () for each in current))


def _span(window: AnnouncedWindow, zone: ZoneInfo) -> str:
    return f"{local(window.start, zone)} to {local(window.end, zone)}"


def _check_services(known: Known, name: str, services: frozenset[str] | None) -> None:
    if services is None:
        return
    if not services:
        raise AnnouncingError(f"{name}: concerns no service; expected at least one, or all")
    if unknown := sorted(services - known.services):
        expected = ", ".join(sorted(known.services)[:10])
        raise UnknownServiceError(f"{name}: no such service: {unknown[0]}; expected one of {expected}")


def _check_words(name: str, proof: Proof) -> None:
    texts = {"name": name, **{what: getattr(proof, what) for what in _LONGEST_TEXT if what != "name"}}
    for what, text in texts.items():
        if not text and what in ("name", "author"):
            raise AnnouncingError(f"{what}: empty; expected one line of text")
        if not text.isprintable() or text != text.strip():
            raise AnnouncingError(f"{what}: has a control character, or a space at an end; expected one line of text")
        if len(text) > _LONGEST_TEXT[what]:
            raise AnnouncingError(f"{what}: has {len(text)} characters; expected at most {_LONGEST_TEXT[what]}")
