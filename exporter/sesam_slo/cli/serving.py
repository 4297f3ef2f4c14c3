"""What the page and the API need of the ledger: the same reading, deciding and writing as on the command line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ..core.announcing import Outcome
from ..core.business_time import BusinessCalendars
from ..core.case_changes import Known
from ..core.entry import Entry, Log
from ..core.history import Changes, Correction, Frozen, Recorded
from ..core.log_state import LogState
from ..core.model import Config, Web
from ..ledger import Ledger, LedgerError, MovedError, open_ledger
from ..report import Month
from ..silences import follow_with_silence
from ..web import (
    Announcing,
    CaseBook,
    ConflictError,
    LogBook,
    NoReportError,
    Reports,
    TokenFile,
    UnavailableError,
    WriteToken,
)
from .case_book import record_case
from .errors import CommandError
from .evidence import documents, evidence_of
from .ledgers import amend
from .maintenance import record_windows
from .report import made_report, report_text

log = logging.getLogger("sesam_slo")

T = TypeVar("T")


def write_token(web: Web) -> WriteToken:
    return WriteToken(Path(web.write_token_file) if web.write_token_file is not None else None)


def read_token(web: Web) -> TokenFile | None:
    return TokenFile(Path(web.read_token_file)) if web.read_token_file is not None else None


def log_book(config: Config, calendars: BusinessCalendars) -> LogBook:
    def record(prefix: str, decide: Callable[[Log], Correction], author: str, reason: str) -> Changes:
        try:
            return amend(
                lambda: open_ledger(config.ledger, create=False),
                lambda log: Changes(corrections=(decide(log),)),
                author=author,
                reason=reason,
                read=lambda ledger: ledger.log_entry(prefix),
            )
        except LedgerError as error:
            raise _unavailable(error) from None

    def evidence(entry: Entry) -> list[dict[str, Any]]:
        return _read(config, lambda ledger: documents(evidence_of(ledger, ledger.log_entry(entry.id), entry)))

    return LogBook(record, lambda id: _history(config, id), evidence, LogState(calendars))


def announcing(config: Config, now: Callable[[], datetime]) -> Announcing:
    def record(decide: Callable[[Recorded], Changes], author: str, reason: str) -> Changes:
        try:
            return record_windows(lambda: open_ledger(config.ledger, create=False), decide, author, reason)
        except MovedError as error:
            raise ConflictError(str(error)) from None
        except LedgerError as error:
            raise _unavailable(error) from None

    def silence(loaded: Config, outcome: Outcome, author: str, wanted: bool) -> tuple[str, str | None]:
        return follow_with_silence(loaded.alertmanager_url, outcome, author, wanted=wanted)

    return Announcing(record, silence, now)


def case_book(config: Config, now: Callable[[], datetime], calendars: BusinessCalendars) -> CaseBook:
    def record(loaded: Config, decide: Callable[[Known], Changes], event: str | None, author: str) -> Changes:
        try:
            return record_case(lambda: open_ledger(config.ledger, create=False), loaded, decide, event, author)
        except MovedError as error:
            raise ConflictError(str(error)) from None
        except LedgerError as error:
            raise _unavailable(error) from None

    return CaseBook(record, lambda id: _history(config, id), now, calendars)


def reports(config: Callable[[], Config]) -> Reports:
    """config: the configuration that is loaded; its labels stand in the report."""

    def text(month: str, form: str) -> str:
        now = datetime.now(UTC)
        try:
            asked = Month.parse(month)
            made = _read(config(), lambda ledger: made_report(ledger, config(), asked, now))
        except (CommandError, ValueError) as error:
            raise NoReportError(str(error)) from None
        return report_text(made, form, now, home="/report")

    def frozen() -> tuple[Frozen, ...]:
        return _read(config(), Ledger.frozen)

    return Reports(text, frozen)


def _history(config: Config, id: str) -> list[dict[str, Any]]:
    """Every revision of an entry of the log or of a case, as JSON has it."""
    return _read(config, lambda ledger: [revision.document() for revision in ledger.revisions(id)])


def _read(config: Config, ask: Callable[[Ledger], T]) -> T:
    try:
        ledger = open_ledger(config.ledger, create=False)
        try:
            return ask(ledger)
        finally:
            ledger.close()
    except LedgerError as error:
        raise _unavailable(error) from None


def _unavailable(error: Exception) -> UnavailableError:
    """What is wrong with the ledger, for one who asked over the network: where it lies on this machine is not theirs to know."""
    log.warning("%s", error)
    return UnavailableError("the ledger cannot be used now; the exporter's log says why")
