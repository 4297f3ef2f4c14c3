"""The published view -> samples of the services.

Each family is described once, in `core.names`; here is where its samples come from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from ..core import names
from ..core.entry import Entry
from ..core.intervals import Interval
from ..core.local_time import offsets
from ..core.maintenance import Maintenance
from ..core.model import DowntimeClass, Outcome, Phase, Policy
from ..core.service import Counters, ServiceState, unplanned_active
from ..core.view import ServiceView, View
from .families import Families
from .window_gauges import WindowGauges

VANTAGE = "local"
LOG_DAYS = timedelta(days=90)
_MOMENT = timedelta(microseconds=1)
_AHEAD = timedelta(days=400)  # a recurring window on one weekday only, or an announced one, is found within this
_LOOK = timedelta(days=9)
_OFFSETS_SINCE = timedelta(days=400)  # more than a year: summer time has begun and ended


class ServiceMetrics:
    """The samples of the services.

    view: the published view, None before there is one. log_state: the `state` label of an entry.
    """

    def __init__(self, view: Callable[[], View | None], log_state: Callable[[Entry, datetime, Policy], str]) -> None:
        self._view, self._log_state = view, log_state
        self._windows, self._shown, self._lock = WindowGauges(), dict[str, Counters](), threading.Lock()

    def export(self, families: Families) -> None:
        view = self._view()
        if view is None:
            return
        _local_time(families, view)
        given = sorted({label for service in view.config.services for label, _ in service.labels})
        planned: dict[tuple[bool, ...], _Planned] = {}  # of services that share their windows, once
        for published in view.services:
            service = published.brought_up(view.maintenance)
            _service(families, service, view, given)
            _endpoints(families, service)
            _counters(families, service.service.name, self._not_fallen(service.state))
            _active(families, service, view)
            name = service.service.name
            concern = view.maintenance.concern(name)
            if concern not in planned:
                planned[concern] = _Planned.at(view.at, name, view.maintenance)
            _maintenance(families, name, planned[concern])
            self._log(families, service, view)
            with self._lock:  # two scrapes at once share what is remembered
                self._windows.add(families, published, service, view.maintenance)
        with self._lock:
            self._windows.forget_but({service.name for service in view.config.services})

    def _not_fallen(self, state: ServiceState) -> Counters:
        """As they are shown: what people write by clocks behind ours may be of time that was shown already."""
        with self._lock:
            before = self._shown.get(state.service, Counters())
            highest = {
                each.name: max(getattr(before, each.name), getattr(state.counters, each.name))
                for each in fields(Counters)
            }
            shown = self._shown[state.service] = Counters(**highest)
            return shown

    def _log(self, families: Families, service: ServiceView, view: View) -> None:
        name = service.service.name
        for entry in service.log.entries.values():
            if entry.withdrawn or (entry.end is not None and entry.end < view.at - LOG_DAYS):
                continue
            end = entry.end or max(service.horizon, entry.start)
            endpoints, state = ",".join(entry.endpoints), self._log_state(entry, view.at, view.config.policy)
            families.add(names.LOG_ENTRY_INFO, 1, name, entry.id, entry.cause.value, endpoints, state)
            families.add(names.LOG_ENTRY_START, entry.start.timestamp(), name, entry.id)
            families.add(names.LOG_ENTRY_DURATION, (end - entry.start).total_seconds(), name, entry.id)


def _local_time(families: Families, view: View) -> None:
    """The offset in force and the one before it: enough for every instant that an alert may name."""
    zone = view.config.policy.timezone
    first, *later = offsets(zone, view.at - _OFFSETS_SINCE, view.at + _MOMENT)
    by_name = {each.abbreviation: each for each in [first, *later][-2:]}
    for name, offset in by_name.items():
        begins = 0.0 if offset is first else offset.since.timestamp()
        families.add(names.TIMEZONE_OFFSET, offset.ahead.total_seconds(), zone.key, name)
        families.add(names.TIMEZONE_OFFSET_FROM, begins, zone.key, name)


def _service(families: Families, service: ServiceView, view: View, given: list[str]) -> None:
    """`given`: the names of all labels that people gave to any service; a family's samples have the same labels."""
    labels = dict(service.service.labels)
    more = tuple((label, labels.get(label, "")) for label in given)
    families.add(names.SERVICE_INFO, 1, service.service.name, more=more)
    families.add(names.OBJECTIVE_RATIO, view.config.policy.objective_ratio, service.service.name)
    for endpoint in service.service.endpoints:
        families.add(names.ENDPOINT_INFO, 1, service.service.name, endpoint.name, endpoint.kind)


def _endpoints(families: Families, service: ServiceView) -> None:
    state = service.state
    for endpoint in service.service.endpoints:
        labels = (service.service.name, endpoint.name, endpoint.kind.value)
        run = state.endpoints[endpoint.name].run
        if run is not None:
            families.add(names.ENDPOINT_FAILING_SINCE, run.start.timestamp(), *labels)
        last = service.last_probes.get(endpoint.name)
        if last is None:
            continue
        if last.outcome is not Outcome.UNOBSERVED:
            families.add(names.PROBE_SUCCESS, last.outcome is Outcome.SUCCESS, *labels, VANTAGE)
        for phase in Phase:
            families.add(names.PROBE_PHASE_SECONDS, last.phases.get(phase, 0.0), *labels, phase.value)
        if last.status is not None:
            families.add(names.PROBE_HTTP_STATUS_CODE, last.status, *labels)
        if last.tls_not_after is not None:
            families.add(names.PROBE_TLS_NOT_AFTER, last.tls_not_after.timestamp(), *labels)


def _counters(families: Families, name: str, counters: Counters) -> None:
    families.add(names.FAILING_SECONDS, counters.failing.total_seconds(), name)
    families.add(names.AGREED_SECONDS, counters.agreed.total_seconds(), name)
    families.add(names.UNOBSERVED_SECONDS, counters.unobserved.total_seconds(), name)
    for each in DowntimeClass:
        families.add(names.DOWNTIME_SECONDS, getattr(counters, each.value).total_seconds(), name, each.value)


def _active(families: Families, service: ServiceView, view: View) -> None:
    name, state = service.service.name, service.state
    families.add(names.DOWNTIME_ACTIVE, state.ongoing() is not None, name)
    agreed, overrun = unplanned_active(state, view.at, view.maintenance, service.log.excused)
    families.add(names.UNPLANNED_DOWNTIME_ACTIVE, agreed, name, "agreed")
    families.add(names.UNPLANNED_DOWNTIME_ACTIVE, overrun, name, "maintenance")


@dataclass(frozen=True, slots=True)
class _Planned:
    """The maintenance of a service at one instant: open windows by name and source, names of short notice, instants."""

    open: tuple[tuple[str, str], ...]
    short_notice: tuple[str, ...]
    next_start: datetime | None
    next_end: datetime | None
    last_end: datetime | None

    @classmethod
    def at(cls, at: datetime, service: str, maintenance: Maintenance) -> _Planned:
        near = _merged(maintenance, service, Interval(at - _LOOK, at + _LOOK))
        if not any(each.start > at for each in near) or not any(each.end <= at for each in near):
            near = _merged(maintenance, service, Interval(at - _AHEAD, at + _AHEAD))
        windows = maintenance.windows(service, Interval(at, at + _MOMENT))
        return cls(
            tuple(sorted({(window.name, window.source.value) for window in windows})),
            tuple(sorted({window.name for window in maintenance.short_notice(service, at)})),
            next((each.start for each in near if each.start > at), None),
            next((each.end for each in near if each.end > at), None),
            next((each.end for each in reversed(near) if each.end <= at), None),
        )


def _maintenance(families: Families, name: str, planned: _Planned) -> None:
    for window, source in planned.open:
        families.add(names.MAINTENANCE_ACTIVE, 1, name, window, source)
    for window in planned.short_notice:
        families.add(names.MAINTENANCE_SHORT_NOTICE, 1, name, window)
    for metric, instant in (
        (names.MAINTENANCE_NEXT_START, planned.next_start),
        (names.MAINTENANCE_NEXT_END, planned.next_end),
        (names.MAINTENANCE_LAST_END, planned.last_end),
    ):
        if instant is not None:
            families.add(metric, instant.timestamp(), name)


def _merged(maintenance: Maintenance, service: str, within: Interval) -> list[Interval]:
    """The maintenance near `within`, whole windows, those that touch joined."""
    windows = [window.interval for window in maintenance.windows(service, within)]
    whole = Interval(
        min([within.start, *(each.start for each in windows)]), max([within.end, *(each.end for each in windows)])
    )
    return list(maintenance.intervals(service, whole))
