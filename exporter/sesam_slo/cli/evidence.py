"""What the failing probes of a downtime event saw: the first and the latest of each failing run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..core.entry import Entry, Log
from ..core.history import Evidence
from ..core.instants import written
from ..core.model import Phase
from ..ledger import Ledger
from .output import printable

_BODY_SHOWN = 300  # characters; all that is kept stands in the JSON


def evidence_of(ledger: Ledger, log: Log, entry: Entry) -> tuple[Evidence, ...]:
    """Of the runs that belong to the entry: those of its endpoints that began in it, as it was detected or as it was corrected.

    Where a person added it without naming endpoints, of all of them. Raises LedgerError.
    """
    event = log.events.get(entry.id)
    starts, ends = [entry.start], [entry.end]
    if event is not None:
        starts, ends = [*starts, event.start], [*ends, event.end]
    until = None if None in ends else max(end for end in ends if end is not None)
    found = ledger.evidence(entry.service, min(starts), until)
    return tuple(each for each in found if not entry.endpoints or each.endpoint in entry.endpoints)


def documents(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    return [
        {
            "endpoint": each.endpoint,
            "run_start": written(each.run_start),
            "which": each.which,
            "at": written(each.at),
            **each.document,
        }
        for each in evidence
    ]


def shown(evidence: Iterable[Evidence]) -> str:
    """For people: a paragraph for each probe. No character of a server's does anything to the terminal."""
    by_run: dict[tuple[str, datetime], dict[str, Evidence]] = {}
    for seen in evidence:
        by_run.setdefault((seen.endpoint, seen.run_start), {})[seen.which] = seen
    paragraphs = []
    for (endpoint, start), of_run in sorted(by_run.items(), key=lambda item: (item[0][1], item[0][0])):
        first, latest = of_run.get("first"), of_run.get("latest")
        only = first is not None and latest is not None and first.at == latest.at
        for each in [first] if only else [first, latest]:
            if each is not None:
                which = "only" if only else each.which
                head = f"{which} failing probe of {endpoint}, {written(each.at)}, in the run since {written(start)}"
                rows = [f"  {name:<11}  {text}" for name, text in _rows(each.document)]
                paragraphs.append("\n".join(printable(line) for line in (head, *rows)))
    return "\n\n".join(paragraphs)


def _rows(document: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """What it says, in words; whatever else it holds as it stands."""
    rest = dict(document)
    taken = {name: rest.pop(name, None) for name in _NAMED}
    if taken["reason"] or taken["detail"]:
        yield "reason", ": ".join(str(each) for each in (taken["reason"], taken["detail"]) if each)
    if taken["phase"]:
        yield "reached", str(taken["phase"])
    phases = taken["phase_seconds"] if isinstance(taken["phase_seconds"], dict) else {}
    times = [f"{phase.value} {phases[phase.value]} s" for phase in Phase if phase.value in phases]
    if taken["duration_seconds"] is not None:
        times.append(f"together {taken['duration_seconds']} s")
    if times:
        yield "timings", ", ".join(times)
    for name, what in (("status", "status"), ("address", "address"), ("tls_not_after", "certificate")):
        if taken[name] is not None:
            yield what, f"expires {taken[name]}" if name == "tls_not_after" else str(taken[name])
    if taken["redirects"]:
        yield "redirects", str(taken["redirects"])
    if taken["body_bytes"]:
        yield "body", f"{taken['body_bytes']} bytes, sha256 {taken['body_sha256']}"
    if taken["body"]:
        text = str(taken["body"])
        yield "begins", json.dumps(text[:_BODY_SHOWN], ensure_ascii=False) + ("…" if len(text) > _BODY_SHOWN else "")
    for name, value in rest.items():
        yield name, json.dumps(value, ensure_ascii=False)


_NAMED = (
    "reason",
    "detail",
    "phase",
    "phase_seconds",
    "duration_seconds",
    "status",
    "address",
    "tls_not_after",
    "redirects",
    "body_bytes",
    "body_sha256",
    "body",
)
