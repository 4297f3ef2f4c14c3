"""Everything that a ledger holds, judged: what reports, exports and the log's commands ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from .account import Account, ServiceFacts, account, error_budget_seconds, facts
from .checkpoint import restore
from .entry import Entry, Log
from .history import Membership, Recorded, Run, Silence
from .intervals import Interval, clip, normalize
from .log_document import entry_document
from .logged import logged_downtimes
from .maintenance import Maintenance, Window
from .model import Config, Origin
from .policy import PolicyTimeline
from .policy_document import policy_from_document
from .service import ServiceState
from .what_if import downtimes_again, judged_again


class _OfService(Protocol):
    @property
    def service(self) -> str: ...


_Fact = TypeVar("_Fact", bound=_OfService)


@dataclass(frozen=True, slots=True)
class _Known:
    """One service: the spans of its account, the last up to the horizon, and where its detection stands."""

    spans: tuple[Interval, ...]
    ended: bool
    state: ServiceState | None
    runs: tuple[Run, ...]
    silences: tuple[Silence, ...]
    entries: tuple[Entry, ...]

    @property
    def horizon(self) -> datetime:
        return self.spans[-1].end

    @property
    def horizons(self) -> dict[str, datetime]:
        return {} if self.state is None else dict.fromkeys(self.state.endpoints, self.horizon)


@dataclass(frozen=True, slots=True)
class Book:
    """One ledger's accounts; `Book.of` makes it. The facts of a service are gathered once."""

    maintenance: Maintenance
    log: Log
    what_if: bool
    _known: Mapping[str, _Known]
    _facts: dict[str, ServiceFacts] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, recorded: Recorded, config: Config, *, what_if: bool = False) -> Book:
        """Judges what is recorded by the policies that were in force.

        what_if: judges all of it by the policy of `config` instead: which failures are downtime, and which windows there were.
        Raises KeyError, TypeError or ValueError where the ledger holds what this program does not write.
        """
        if what_if:
            policies = PolicyTimeline.always(config.policy)
            by_command = tuple(each for each in recorded.windows if each.origin is Origin.COMMAND)
            windows = (*config.policy.announced, *by_command)
            runs = judged_again(recorded.runs, recorded.silences, config.policy)
        else:
            policies = _recorded_policies(recorded, config)
            windows, runs = recorded.windows, recorded.runs
        log = Log.of(recorded.events, recorded.reports, recorded.corrections)
        runs_of, silences_of = _by_service(runs), _by_service(recorded.silences)
        entries_of = _by_service(log.entries.values())
        memberships_of = _by_service(each for each in recorded.memberships if not each.endpoint)
        known = {}
        for name in sorted(memberships_of):
            point = recorded.checkpoints.get(name)
            state = None if point is None else restore(point)
            spans = _spans(memberships_of[name], state)
            if spans:
                ended = memberships_of[name][-1].until is not None
                known[name] = _Known(
                    spans, ended, state, runs_of.get(name, ()), silences_of.get(name, ()), entries_of.get(name, ())
                )
        return cls(Maintenance(policies, windows), log, what_if, known)

    @property
    def services(self) -> tuple[str, ...]:
        """Every service that ever had an account, by name."""
        return tuple(self._known)

    @property
    def policies(self) -> PolicyTimeline:
        return self.maintenance.policies

    def since(self, service: str) -> datetime:
        """When the account of the service began, for the first time."""
        return self._known[service].spans[0].start

    def horizon(self, service: str) -> datetime:
        """Up to where the ledger knows of it."""
        return self._known[service].horizon

    def spans(self, service: str) -> tuple[Interval, ...]:
        """From when to when the service had an account; more than one where it was taken out and put back."""
        return self._known[service].spans

    def ended(self, service: str) -> bool:
        """Whether the service is configured no longer."""
        return self._known[service].ended

    def entries(self, service: str) -> tuple[Entry, ...]:
        """Its downtime log, by start; withdrawn entries too."""
        return self._known[service].entries if service in self._known else ()

    def entry(self, id: str) -> Entry | None:
        return self.log.entries.get(id)

    def documents(self, service: str) -> list[dict[str, Any]]:
        """The service's downtime log as JSON has it, every entry with its whole time."""
        until = self.horizon(service)
        counted = {
            each.downtime.id: each
            for span in self.spans(service)
            for each in account(self.facts(service), span, self.maintenance).events
        }
        return [
            entry_document(each, counted.get(each.id), self.deducted(each), until) for each in self.entries(service)
        ]

    def deducted(self, entry: Entry) -> list[Window]:
        """The windows of maintenance that the entry meets."""
        end = entry.end or self.horizon(entry.service)
        return self.windows(entry.service, Interval(entry.start, end)) if entry.start < end else []

    def windows(self, service: str, within: Interval) -> list[Window]:
        """The maintenance that counts and touches `within`."""
        return self.maintenance.windows(service, within)

    def facts(self, service: str) -> ServiceFacts:
        found = self._facts.get(service)
        if found is None:
            known = self._known[service]
            states = () if known.state is None else tuple(known.state.endpoints.values())
            if self.what_if:
                log = downtimes_again(known.runs, states, known.horizons, known.entries, self.policies)
            else:
                log = logged_downtimes(known.entries, known.state, known.horizons, self.policies)
            found = facts(service, known.runs, known.silences, states, known.horizons, log)
            self._facts[service] = found
        return found

    def account(self, service: str, window: Interval, whole: Interval | None = None) -> Account:
        """The account over what of `window` the service's account covers; empty where it covers nothing.

        The budget is that of what of `whole` lies after the account's begin, and before its end where it ended.
        """
        known = self._known[service]
        inside = clip(known.spans, window)
        reach = known.spans if known.ended else (*known.spans[:-1], Interval(known.spans[-1].start, _END))
        budgeted = clip(reach, whole or window)
        budget = sum(error_budget_seconds(service, span, self.maintenance) for span in budgeted)
        found = self.facts(service)
        parts = [account(found, span, self.maintenance) for span in inside]
        start = window.start if not inside else inside[0].start
        return _together(Interval(start, inside[-1].end if inside else start), parts, budget)


_END = datetime.max.replace(tzinfo=UTC)


def _together(window: Interval, parts: list[Account], budget: float) -> Account:
    zero = timedelta()
    return Account(
        window,
        agreed=sum((each.agreed for each in parts), zero),
        maintenance=sum((each.maintenance for each in parts), zero),
        unobserved=sum((each.unobserved for each in parts), zero),
        unplanned=sum((each.unplanned for each in parts), zero),
        planned=sum((each.planned for each in parts), zero),
        excluded=sum((each.excluded for each in parts), zero),
        failing=sum((each.failing for each in parts), zero),
        bridged=sum((each.bridged for each in parts), zero),
        error_budget_seconds=budget,
        events=tuple(event for each in parts for event in each.events),
    )


def _recorded_policies(recorded: Recorded, config: Config) -> PolicyTimeline:
    if not recorded.policies:
        return PolicyTimeline.always(config.policy)
    return PolicyTimeline(
        tuple(
            (record.since, policy_from_document(record.document))
            for record in sorted(recorded.policies, key=lambda record: record.since)
        )
    )


def _by_service(facts: Iterable[_Fact]) -> dict[str, tuple[_Fact, ...]]:
    found: dict[str, list[_Fact]] = {}
    for each in facts:
        found.setdefault(each.service, []).append(each)
    return {name: tuple(each) for name, each in found.items()}


def _spans(memberships: tuple[Membership, ...], state: ServiceState | None) -> tuple[Interval, ...]:
    spans = []
    for each in sorted(memberships, key=lambda each: each.since):
        until = each.until
        if until is None:
            until = each.since if state is None else max(each.since, state.accounted_until)
        spans.append((each.since, until))
    known = normalize(spans)
    # Before the first result is accounted for there is nothing, but the account has begun.
    begun = tuple(Interval(*span) for span in spans[-1:] if not known or known[-1].end < span[0])
    return known + begun
