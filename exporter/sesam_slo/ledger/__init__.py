"""The ledger: the facts of `sesam_slo.core.history`, kept through restarts, kills and faults of the disk."""

from .errors import LedgerError, MovedError, UnstorableError
from .follower import LedgerFollower
from .journal import Revision, Verdict
from .retention import EvidenceRetention
from .store import Ledger, News, open_ledger
from .writer import LedgerWriter, WriterStats

__all__ = [
    "EvidenceRetention",
    "Ledger",
    "LedgerError",
    "LedgerFollower",
    "LedgerWriter",
    "MovedError",
    "News",
    "Revision",
    "UnstorableError",
    "Verdict",
    "WriterStats",
    "open_ledger",
]
