"""The runs and the log as another policy would have judged them, from what is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from .downtime import Downtime, downtimes
from .entry import Entry
from .history import Run, Silence
from .model import Policy
from .outage import EndpointState
from .policy import PolicyTimeline


def judged_again(runs: Iterable[Run], silences: Iterable[Silence], policy: Policy) -> tuple[Run, ...]:
    """The same failures under the policy's `bridge_at_most` and `downtime_after`.

    A run is cut where a silence in it is too long to be bridged now; two runs with nothing but a silence between them, which may
    now be bridged, are one. What no result said stays unknown: the hold of a result is no policy.
    """
    silent: dict[tuple[str, str], list[Silence]] = {}
    for silence in silences:
        silent.setdefault((silence.service, silence.endpoint), []).append(silence)
    by_endpoint: dict[tuple[str, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.start):
        by_endpoint.setdefault((run.service, run.endpoint), []).append(run)
    found: list[Run] = []
    for key, own in by_endpoint.items():
        gaps = sorted(silent.get(key, ()), key=lambda silence: silence.start)
        too_long = [gap for gap in gaps if gap.end - gap.start > policy.bridge_at_most]
        bridged = {(gap.start, gap.end) for gap in gaps if gap.end - gap.start <= policy.bridge_at_most}
        pieces: list[Run] = []
        for run in own:
            for piece in _cut(replace(run, downtime_after=policy.downtime_after), too_long):
                if pieces and (pieces[-1].end, piece.start) in bridged:
                    pieces[-1] = replace(pieces[-1], end=piece.end)
                else:
                    pieces.append(piece)
        found += pieces
    return tuple(found)


def _cut(run: Run, gaps: Iterable[Silence]) -> list[Run]:
    pieces = []
    start = run.start
    for gap in gaps:
        if run.start < gap.start and gap.end < run.end:
            pieces.append(replace(run, start=start, end=gap.start))
            start = gap.end
    return [*pieces, replace(run, start=start)]


def downtimes_again(
    runs: Iterable[Run],
    states: Iterable[EndpointState],
    horizons: Mapping[str, datetime],
    entries: Iterable[Entry],
    policies: PolicyTimeline,
) -> list[Downtime]:
    """The downtime of one service under the policy that judged `runs`, with what people said of it.

    What a person bounded, added or withdrawn stays as they said; other downtime has the cause and the exclusions of the entries
    it overlaps.
    """
    policy = policies.entries[-1][1]
    states = [
        state
        if state.run is None
        else replace(
            state,
            run=replace(state.run, downtime_after=policy.downtime_after, bridge_at_most=policy.bridge_at_most),
        )
        for state in states
    ]
    entries = list(entries)
    said = [each for each in entries if each.added or each.corrected or each.withdrawn]
    found = [each.downtime() for each in said if each.end is not None and each.counts(policies)]
    for piece in downtimes(runs, states, horizons):
        of_piece = [
            each
            for each in entries
            if each.start < piece.seen.end and (each.end is None or piece.seen.start < each.end)
        ]
        if any(each in said for each in of_piece):
            continue
        excluded = tuple(part for each in of_piece for part in each.downtime(piece.seen.end).excluded)
        cause = next((each.cause for each in of_piece), piece.cause)
        found.append(replace(piece, cause=cause, id=next((each.id for each in of_piece), None), excluded=excluded))
    return found
