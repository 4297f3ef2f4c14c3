"""History that somebody else recorded -> the facts that detection would have found, piece by piece, before an account began.

An import takes in the results of all endpoints of a service together, because downtime is their union. What it has found is
final when it says so: an event or run that is still open stands in the import's own record, never among the facts.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from .checkpoint import checkpoint, restore
from .history import Changes, Checkpoint, Event, Import, Membership
from .maintenance import Maintenance
from .model import Policy, Result
from .outage import Rules
from .policy import PolicyTimeline
from .service import Advance, ServiceState, add_endpoint, advance, begin, observe, remove_endpoint


@dataclass(frozen=True, slots=True)
class Importing:
    """An import under way: every result before `done_until` is taken in.

    since: when the account of each endpoint begins, at its first result. end: results are taken up to here. joins: where the
    account begins that the imported time leads up to; from the end to there nothing was observed.
    """

    source: str
    since: Mapping[str, datetime]
    end: datetime
    joins: datetime
    done_until: datetime
    state: ServiceState

    @property
    def start(self) -> datetime:
        return min(self.since.values())

    @property
    def record(self) -> Import:
        """What the ledger keeps, so that an interrupted import goes on where it stood."""
        document = {
            "since": {endpoint: at.isoformat() for endpoint, at in self.since.items()},
            "joins": self.joins.isoformat(),
            "state": checkpoint(self.state, self.done_until).document,
        }
        return Import(self.state.service, self.source, self.start, self.end, self.done_until, document)


def begin_import(service: str, source: str, since: Mapping[str, datetime], end: datetime, joins: datetime) -> Importing:
    """`since` names at least one endpoint; `end` is at most `joins`."""
    start = min(since.values())
    return Importing(source, dict(since), end, joins, start, begin(service, (), start))


def is_complete(record: Import) -> bool:
    """Of a record that a ledger holds: the end is reached, the account of the imported time is closed."""
    return record.done_until >= record.end


def resume_import(record: Import) -> Importing:
    """Raises KeyError, TypeError or ValueError where the record is not one of `Importing.record`."""
    document = record.document
    return Importing(
        record.source,
        {endpoint: datetime.fromisoformat(at) for endpoint, at in document["since"].items()},
        record.end,
        datetime.fromisoformat(document["joins"]),
        record.done_until,
        restore(Checkpoint(record.service, record.done_until, document["state"])),
    )


def take(
    importing: Importing,
    results: Mapping[str, Iterable[Result]],
    until: datetime,
    rules: Mapping[str, Rules],
    policy: Policy,
) -> tuple[Importing, Changes]:
    """Takes in all results in `[done_until, until)`, in time order per endpoint; the changes hold the import's new record.

    Once `until` is the end, the account of the imported time is closed: the changes then bring the memberships too.
    Raises OutOfOrderError.
    """
    # Which time is maintenance decides nothing here: it is deducted when somebody asks for an account.
    maintenance = Maintenance(PolicyTimeline.always(policy))
    state, found = importing.state, _Found()
    for at, together in groupby(_merged(results), key=itemgetter(0)):
        for _, endpoint, result in together:
            if endpoint not in state.endpoints:
                state = add_endpoint(state, endpoint, importing.since[endpoint])
            state = found.of(observe(state, endpoint, result, rules[endpoint]))
        if _undecided(state):
            # As often as it could matter, and no oftener: an event is confirmed at the result that makes it one.
            state = found.of(advance(state, dict.fromkeys(state.endpoints, at), maintenance))
    memberships: tuple[Membership, ...] = ()
    if until >= importing.end:
        state = _closed(state, importing.joins, maintenance, found)
        memberships = _memberships(importing)
    elif state.endpoints and not _undecided(state):
        # So that what is decided is forgotten; where a piece ends must decide nothing.
        state = found.of(advance(state, dict.fromkeys(state.endpoints, until), maintenance))
    importing = replace(importing, state=state, done_until=until)
    return importing, replace(found.changes(), memberships=memberships, imports=(importing.record,))


def _undecided(state: ServiceState) -> bool:
    return bool(state.runs) or not state.settled


class _Found:
    """The facts of one piece; of events only those that have ended, since who reads the ledger takes others for ongoing."""

    def __init__(self) -> None:
        self._all = Changes()
        self._events: dict[str, Event] = {}

    def of(self, step: Advance) -> ServiceState:
        if len(step.changes):
            self._all = self._all.then(replace(step.changes, events=()))
            self._events |= {event.id: event for event in step.changes.events}
        return step.state

    def changes(self) -> Changes:
        ended = (each for each in self._events.values() if each.end is not None and each.merged_into is None)
        return replace(self._all, events=tuple(ended))


def _merged(results: Mapping[str, Iterable[Result]]) -> Iterator[tuple[datetime, str, Result]]:
    def of_endpoint(endpoint: str, each: Iterable[Result]) -> Iterator[tuple[datetime, str, Result]]:
        return ((result.at, endpoint, result) for result in each)

    return heapq.merge(*(of_endpoint(*each) for each in sorted(results.items())), key=itemgetter(0))


def _closed(state: ServiceState, at: datetime, maintenance: Maintenance, found: _Found) -> ServiceState:
    """As where a service is configured no longer: what is open ends, and from the last hold on nothing was observed."""
    state = found.of(advance(state, dict.fromkeys(state.endpoints, at), maintenance))
    for endpoint in sorted(state.endpoints):
        state = found.of(remove_endpoint(state, endpoint, at))
    return found.of(advance(state, {}, maintenance))


def _memberships(importing: Importing) -> tuple[Membership, ...]:
    service = importing.state.service
    return (
        Membership(service, "", importing.start, importing.joins),
        *(Membership(service, endpoint, at, importing.joins) for endpoint, at in sorted(importing.since.items())),
    )
