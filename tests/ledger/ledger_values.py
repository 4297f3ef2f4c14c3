"""Values of the ledger for its tests: strategies for every fact, and a plain series of changes that tells loss and doubling."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from sesam_slo.core.history import (
    KINDS,
    CaseChange,
    Changes,
    Checkpoint,
    Correction,
    Event,
    Evidence,
    Frozen,
    Import,
    Membership,
    PolicyRecord,
    Report,
    Run,
    Silence,
)
from sesam_slo.core.instants import written
from sesam_slo.core.model import AnnouncedWindow, Origin
from sesam_slo.ledger import Ledger

START = datetime(2026, 1, 1, tzinfo=UTC)

instants = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))  # a fold means nothing in UTC
durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36500))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.sampled_from(["datahub-prod", "datahub-test", "ærø"])
documents = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
).filter(lambda document: "end" not in document)
ends = instants.map(lambda at: {"end": written(at)})


def tuples_of(values: st.SearchStrategy[Any], key: Callable[[Any], Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=4, unique_by=key).map(tuple)


def changes() -> st.SearchStrategy[Changes]:
    """Changes in which no fact is written twice."""
    return st.builds(
        Changes,
        policies=tuples_of(st.builds(PolicyRecord, instants, documents), lambda fact: fact.since),
        memberships=tuples_of(
            st.builds(Membership, names, st.sampled_from(["", "api"]), instants, st.none() | instants),
            lambda fact: (fact.service, fact.endpoint, fact.since),
        ),
        windows=tuples_of(
            st.builds(
                AnnouncedWindow,
                texts,
                instants,
                instants,
                instants,
                st.none() | st.frozensets(names),
                instants,
                st.none() | instants,
                st.sampled_from(Origin),
                texts,
                texts,
                texts,
            ),
            lambda fact: (
                fact.name,
                fact.start,
                fact.end,
                fact.announced_at,
                fact.services,
                fact.origin,
                fact.recorded_at,
            ),
        ),
        runs=tuples_of(st.builds(Run, names, names, instants, instants, durations, texts), series_key),
        silences=tuples_of(st.builds(Silence, names, names, instants, instants), series_key),
        events=tuples_of(
            st.builds(
                Event,
                texts,
                names,
                instants,
                st.none() | instants,
                instants,
                st.lists(names, max_size=3).map(tuple),
                st.lists(texts, max_size=3).map(tuple),
                st.none() | texts,
            ),
            lambda fact: fact.id,
        ),
        reports=tuples_of(st.builds(Report, texts, instants, texts), lambda fact: fact.event),
        corrections=tuples_of(
            st.builds(Correction, texts, instants, texts, texts, documents | ends), lambda fact: (fact.event, fact.at)
        ),
        cases=tuples_of(
            st.builds(CaseChange, texts, instants, texts, texts, documents), lambda fact: (fact.case, fact.at)
        ),
        evidence=tuples_of(
            st.builds(Evidence, names, names, instants, st.sampled_from(["first", "latest"]), instants, documents),
            lambda fact: (fact.service, fact.endpoint, fact.run_start, fact.which),
        ),
        frozen=tuples_of(st.builds(Frozen, texts, instants, texts, documents), lambda fact: fact.month),
        imports=tuples_of(
            st.builds(Import, names, texts, instants, instants, instants, documents),
            lambda fact: (fact.service, fact.source),
        ),
        checkpoints=tuples_of(st.builds(Checkpoint, names, instants, documents), lambda fact: fact.service),
    )


def series_key(fact: Run | Silence) -> object:
    return (fact.service, fact.endpoint, fact.start)


def everything(ledger: Ledger) -> Changes:
    """All that a ledger holds, as the changes that would make it."""
    recorded = ledger.read()
    apart = {
        "evidence": ledger.evidence(),
        "frozen": ledger.frozen(),
        "checkpoints": tuple(recorded.checkpoints.values()),
    }
    return Changes(**{kind: apart[kind] if kind in apart else getattr(recorded, kind) for kind in KINDS})


def numbered(number: int) -> Changes:
    """The change with this number of one long series: a run, an event that grows over five changes, and a checkpoint."""
    at = START + timedelta(minutes=number)
    event = number // 5
    return Changes(
        runs=(Run("datahub-prod", "api", at, at + timedelta(seconds=30), timedelta(minutes=10), "timeout"),),
        events=(
            Event(
                id=f"event-{event:06}",
                service="datahub-prod",
                start=START + timedelta(minutes=event * 5),
                end=at if number % 5 == 4 else None,
                confirmed_at=START + timedelta(minutes=event * 5),
                endpoints=("api",),
                reasons=tuple(f"change-{each}" for each in range(event * 5, number + 1)),
            ),
        ),
        checkpoints=(Checkpoint("datahub-prod", at, {"number": number}),),
    )


def all_numbered(last: int) -> Changes:
    """What a ledger holds after the changes 0 to `last`."""
    total = Changes()
    for number in range(last + 1):
        total = total.then(numbered(number))
    return total


def eventually(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Waits for a state; fails after a deadline that only a broken program reaches."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)
