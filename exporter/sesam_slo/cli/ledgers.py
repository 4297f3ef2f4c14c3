"""The ledger as commands use it: opened for one command, read into a book, changed by what was decided on it."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from ..core.book import Book
from ..core.history import Changes, Recorded
from ..core.model import Config
from ..ledger import Ledger, LedgerError, MovedError, open_ledger
from .errors import CommandError

_ATTEMPTS = 5

T = TypeVar("T")


@contextmanager
def opened(config: Config) -> Iterator[Ledger]:
    """The configured ledger, beside an exporter that may be writing it. Every fault of it is a CommandError."""
    try:
        ledger = open_ledger(config.ledger, create=False)
        try:
            yield ledger
        finally:
            ledger.close()
    except LedgerError as error:
        raise CommandError(str(error)) from None


def read_book(
    ledger: Ledger, config: Config, since: datetime | None = None, services: Collection[str] | None = None
) -> tuple[Recorded, Book]:
    """What the ledger holds, judged: all of it, or what ends after `since`, or of some services. Raises LedgerError."""
    recorded = ledger.read(since, services)
    try:
        return recorded, Book.of(recorded, config)
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"ledger: holds what sesam-slo does not write: {error!r}") from error


def check_services(ledger: Ledger, names: Collection[str], what: str = "--service") -> None:
    """Raises CommandError where one of them never had an account."""
    known = ledger.services()
    for name in names:
        if name not in known:
            raise CommandError(
                f"{what} {name}: not in the ledger; expected one of: {', '.join(known) or 'none'}", status=2
            )


def amend(
    open: Callable[[], Ledger],
    decide: Callable[[Any], Changes],
    *,
    author: str,
    reason: str = "",
    read: Callable[[Ledger], Any] = Ledger.read,
) -> Changes:
    """Writes what `decide` makes of what `read` finds; both are asked again where somebody else wrote in between.

    Raises LedgerError, and whatever `decide` raises.
    """
    ledger = open()
    try:
        for _ in range(_ATTEMPTS):
            head = ledger.head()
            changes = decide(read(ledger))
            try:
                ledger.write(changes, author=author, reason=reason, seen=head)
            except MovedError:
                continue
            return changes
        raise MovedError("ledger: was changed by others each time; nothing was written")
    finally:
        ledger.close()


def amend_configured(
    config: Config, decide: Callable[[Any], Changes], *, author: str, reason: str, read: Callable[[Ledger], Any]
) -> Changes:
    """As `amend`, in the configured ledger. Raises CommandError."""
    try:
        return amend(lambda: open_ledger(config.ledger, create=False), decide, author=author, reason=reason, read=read)
    except LedgerError as error:
        raise CommandError(str(error)) from None


def this_person() -> str:
    """The name under which a change is recorded where none is given."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
