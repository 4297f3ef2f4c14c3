"""What a configuration means for the accounts: who begins, who ends, which policy and windows take effect.

The same at start-up, from what the ledger holds, and at a reload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from .checkpoint import restore
from .history import Changes, Membership, PolicyRecord, Recorded
from .intervals import Intervals
from .maintenance import Maintenance, reconcile
from .model import AnnouncedWindow, Config, Origin, Policy
from .policy import PolicyTimeline
from .policy_document import policy_document, policy_from_document
from .service import NOBODY, Advance, ServiceState, add_endpoint, advance, begin, remove_endpoint


@dataclass(frozen=True, slots=True)
class Roster:
    """All that the accounts rest on: services and where they stand, since when, the policies and the windows."""

    states: Mapping[str, ServiceState]  # those of services no longer configured too: without endpoints
    memberships: Mapping[tuple[str, str], Membership]  # the latest of each service (endpoint "") and endpoint
    policies: tuple[PolicyRecord, ...]
    windows: tuple[AnnouncedWindow, ...]
    earlier: Mapping[Membership, datetime] = field(default_factory=dict)  # since when others led up to it without a gap

    def timeline(self, current: Policy) -> PolicyTimeline:
        """The policies in time; `current` stands for the last, as it was loaded."""
        past = [(record.since, policy_from_document(record.document)) for record in self.policies[:-1]]
        return PolicyTimeline((*past, (self.policies[-1].since, current)))

    def since(self, service: str) -> datetime:
        """When the account of a configured service began."""
        membership = self.memberships[service, ""]
        return self.earlier.get(replace(membership, until=None), membership.since)


def recorded_roster(recorded: Recorded) -> Roster:
    """What the ledger holds. Raises KeyError, TypeError or ValueError where a checkpoint is not one of ours."""
    memberships: dict[tuple[str, str], Membership] = {}
    earlier: dict[Membership, datetime] = {}
    for each in sorted(recorded.memberships, key=lambda each: each.since):
        before = memberships.get((each.service, each.endpoint))
        if before is not None and before.until == each.since:  # as history that was read in leads up to what was probed
            earlier[replace(each, until=None)] = earlier.get(replace(before, until=None), before.since)
        memberships[each.service, each.endpoint] = each
    return Roster(
        {name: restore(point) for name, point in recorded.checkpoints.items()},
        memberships,
        tuple(sorted(recorded.policies, key=lambda record: record.since)),
        recorded.windows,
        earlier,
    )


def configure(
    roster: Roster, config: Config, at: datetime, excused: Mapping[str, Intervals] = NOBODY
) -> tuple[Roster, Changes]:
    """Lets `config` take effect at `at`; what was before is rewritten nowhere. excused: as for `core.service.advance`."""
    taken_up = _new_policy(roster, config.policy, at)
    in_file = [
        window for window in roster.windows if window.origin is Origin.FILE
    ]  # a command's windows are not the file's
    windows = reconcile(in_file, config.policy.announced, at)
    roster = replace(roster, policies=roster.policies + taken_up, windows=with_windows(roster.windows, windows))
    maintenance = Maintenance(roster.timeline(config.policy), roster.windows)

    wanted = {service.name: {endpoint.name for endpoint in service.endpoints} for service in config.services}
    states, changes = dict(roster.states), Changes()
    for name in sorted({*states, *wanted}):
        moved = _reshaped(states.get(name), name, wanted.get(name, set()), at, maintenance, excused)
        states[name] = moved.state
        changes = changes.then(moved.changes)
    moves = _membership_changes(roster.memberships, wanted, at)
    memberships = {**roster.memberships, **{(each.service, each.endpoint): each for each in moves}}
    return replace(roster, states=states, memberships=memberships), replace(
        changes, policies=taken_up, memberships=moves, windows=windows
    )


def _new_policy(roster: Roster, policy: Policy, at: datetime) -> tuple[PolicyRecord, ...]:
    document = policy_document(policy)
    if roster.policies and roster.policies[-1].document == document:
        return ()
    return (PolicyRecord(at, document),)


def with_windows(
    known: tuple[AnnouncedWindow, ...], changed: tuple[AnnouncedWindow, ...]
) -> tuple[AnnouncedWindow, ...]:
    """The windows after a change: a withdrawn piece takes the place of the one that stood."""
    pieces = {replace(each, withdrawn_at=None): each for each in known}
    pieces |= {replace(each, withdrawn_at=None): each for each in changed}
    return tuple(pieces.values())


def _reshaped(
    state: ServiceState | None,
    service: str,
    wanted: set[str],
    at: datetime,
    maintenance: Maintenance,
    excused: Mapping[str, Intervals],
) -> Advance:
    """The service with the wanted endpoints: accounts of others end at `at`, those of new ones begin."""
    if state is None:
        return Advance(begin(service, sorted(wanted), at))
    if not state.endpoints and wanted:  # configured again: the time between is nobody's
        state = replace(state, accounted_until=at, unobserved_until=at)
    changes = Changes()
    gone = sorted(set(state.endpoints) - wanted)
    if gone:
        moved = advance(state, dict.fromkeys(state.endpoints, at), maintenance, excused)
        state, changes = moved.state, moved.changes
    for endpoint in gone:
        moved = remove_endpoint(state, endpoint, at)
        state, changes = moved.state, changes.then(moved.changes)
    for endpoint in sorted(wanted - set(state.endpoints)):
        state = add_endpoint(state, endpoint, at)
    if gone:
        moved = advance(state, dict.fromkeys(state.endpoints, at), maintenance, excused)
        state, changes = moved.state, changes.then(moved.changes)
    return Advance(state, changes)


def _membership_changes(
    known: Mapping[tuple[str, str], Membership], wanted: Mapping[str, set[str]], at: datetime
) -> tuple[Membership, ...]:
    members = {(service, endpoint) for service, endpoints in wanted.items() for endpoint in ("", *endpoints)}
    left = [replace(each, until=at) for key, each in known.items() if each.until is None and key not in members]
    joined = [
        Membership(service, endpoint, at)
        for service, endpoint in sorted(members)
        if (service, endpoint) not in known or known[service, endpoint].until is not None
    ]
    return (*left, *joined)
