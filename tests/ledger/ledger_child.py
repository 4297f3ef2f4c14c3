"""Writes the numbered series into the ledger named on the command line until it is killed; prints what became durable.

Run by the tests as a process of its own.
"""

from __future__ import annotations

import sys
from threading import Event

from ledger_values import numbered

from sesam_slo.ledger import LedgerWriter, open_ledger


def main(url: str) -> None:
    ledger = open_ledger(url, exclusive=True)
    checkpoint = ledger.read().checkpoints.get("datahub-prod")
    number = 0 if checkpoint is None else checkpoint.document["number"] + 1
    turn = Event()

    def report(token: object) -> None:
        print(token, flush=True)
        turn.set()

    writer = LedgerWriter(ledger, on_written=report)
    print("open", flush=True)
    while True:
        writer.submit(numbered(number), number)
        number += 1
        if number % 3 == 0:  # sometimes one change in a transaction, sometimes several
            turn.wait()
            turn.clear()


if __name__ == "__main__":
    main(sys.argv[1])
