"""The ledger: the facts of `sesam_slo.core.history`, kept through restarts, kills and faults of the disk."""

from .errors import LedgerError, UnstorableError
from .store import Ledger, open_ledger
from .writer import LedgerWriter, WriterStats

__all__ = ["Ledger", "LedgerError", "LedgerWriter", "UnstorableError", "WriterStats", "open_ledger"]
