"""The ledger as commands use it: opened for one command, read into a book, changed by what was decided on it."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def read_book(ledger: Ledger, config: Config, *, what_if: bool = False) -> tuple[Recorded, Book]:
    """All that the ledger holds, judged. Raises LedgerError."""
    recorded = ledger.read()
    try:
        return recorded, Book.of(recorded, config, what_if=what_if)
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"ledger: holds what sesam-slo does not write: {error!r}") from error


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
