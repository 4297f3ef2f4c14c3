"""A lively month as an exporter would have kept it: a configuration, a ledger, and what `sesam-slo backfill` makes of it."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from lively_month import DOWNTIME_AFTER, ENDPOINTS, LONG, ZONE, Failing, LivelyMonth, Story

from sesam_slo.config import load
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Correction, Event, Membership, PolicyRecord, Run, Silence
from sesam_slo.core.outage import EndpointState, OpenRun
from sesam_slo.core.policy_document import policy_document
from sesam_slo.core.service import ServiceState
from sesam_slo.ledger import open_ledger

STEP = "4m"  # within the lookback
_AFTER = timedelta(seconds=DOWNTIME_AFTER)
_WITHIN_SECONDS = 300.0


def backfilled(month: LivelyMonth, _instance: str, path: Path) -> None:
    """A `lively_prometheus.History`: all metrics that have one, of the month up to now, as the command writes it.

    With the labels that it gives of itself: the live target tells the same services under another instance.
    """
    folder = path.parent / "exporter"
    folder.mkdir()
    write_ledger(month, folder)
    since = _instant(month.now - LONG).isoformat()
    command = [sys.executable, "-m", "sesam_slo.cli", "backfill", "--from", since, "--step", STEP, "--out", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_WITHIN_SECONDS)
    if done.returncode:
        raise RuntimeError(f"backfill wrote no history:\n{done.stdout}{done.stderr}")


def write_ledger(month: LivelyMonth, folder: Path) -> None:
    """`sesam-slo.yml` and the ledger that it names."""
    endpoints = [{"name": name, "kind": kind, "url": "http://127.0.0.1:9/"} for name, kind in ENDPOINTS.items()]
    services = [{"name": name, "labels": {"customer": "example"}, "endpoints": endpoints} for name in month.services]
    start, end = (f"{_instant(each).astimezone(ZONE):%H:%M}" for each in month.stories[0].maintenance.all[0])
    nightly = {"name": "nightly", "start": start, "end": end}
    document = {
        "ledger": f"sqlite:///{folder}/ledger.db",
        "policy": {"maintenance": {"recurring": [nightly]}},
        "services": services,
    }
    path = folder / "sesam-slo.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    config = load(path)
    ledger = open_ledger(config.ledger)
    try:
        since = _instant(min(story.since for story in month.stories))
        ledger.write(Changes(policies=(PolicyRecord(since, policy_document(config.policy)),)))
        for story in month.stories:
            ledger.write(_changes(story, _instant(month.now)))
    finally:
        ledger.close()


def _changes(story: Story, now: datetime) -> Changes:
    name, since = story.name, _instant(story.since)
    ended = [run for run in story.runs if run.end < math.inf]
    events = tuple(_event(name, run) for run in story.events)
    return Changes(
        memberships=tuple(Membership(name, each, since) for each in ("", *ENDPOINTS)),
        runs=tuple(
            Run(name, run.endpoint, _instant(run.start), _instant(run.end), _AFTER, run.reason) for run in ended
        ),
        silences=tuple(
            Silence(name, endpoint, _instant(start), _instant(end))
            for endpoint in ENDPOINTS
            for start, end in story.silences.all
        ),
        events=events,
        corrections=tuple(_corrections(name, ended)),
        checkpoints=(checkpoint(_state(story, tuple(each for each in events if each.end is None), now), now),),
    )


def _event(service: str, run: Failing) -> Event:
    start, end = _instant(run.start), None if run.end == math.inf else _instant(run.end)
    return Event(run.id_of(service), service, start, end, start + _AFTER, (run.endpoint,), (run.reason,))


def _corrections(service: str, runs: Iterable[Failing]) -> Iterable[Correction]:
    for run in runs:
        if run.is_event and run.explained_after is not None:
            said = {"cause": run.cause.value, "solution": "restarted"}
            yield Correction(run.id_of(service), _instant(run.end + run.explained_after), "kari", "", said)


def _state(story: Story, ongoing: tuple[Event, ...], now: datetime) -> ServiceState:
    """At the end of the ledger, with a result of each endpoint just then."""
    open_runs = {
        run.endpoint: OpenRun(_instant(run.start), _AFTER, _AFTER, run.reason)
        for run in story.runs
        if run.end == math.inf
    }
    endpoints = {
        name: EndpointState(story.name, name, now + timedelta(minutes=1), now, open_runs.get(name))
        for name in ENDPOINTS
    }
    return ServiceState(story.name, endpoints, now, now, events=ongoing)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)
