"""What can go wrong with a ledger, in words for its operator: what is wrong, where, what is expected."""

from __future__ import annotations

from typing import Any


class LedgerError(Exception):
    """The ledger cannot be opened, read or written now; the message holds no password and no stored fact."""


class UnstorableError(LedgerError):
    """A fact that no ledger can store, however often it is tried: a fault of this program.

    `kind` is its field in `Changes`, `fact` the value itself.
    """

    def __init__(self, kind: str, fact: Any, problem: str) -> None:
        super().__init__(f"ledger: one of the {kind} cannot be stored: {problem}")
        self.kind = kind
        self.fact = fact


class MovedError(LedgerError):
    """Somebody else wrote between what was read and what was decided on it; nothing was written."""
