"""The ledger's history as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`: what is known now of each instant.

Under the names and labels of the live metrics. Where those say what was seen as it happened, these say what has proved true: the
time counters rise with the downtime itself, corrections and all, and an event shows from its true start. What only the process
knew (phases, durations, its own state) has no history here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..core import names
from ..core.book import Book
from ..core.entry import Entry
from ..core.history import Membership
from ..core.instants import micros
from ..core.intervals import Interval, clip, normalize
from ..core.model import Config, Policy
from ..core.names import Metric
from ..core.past import HOUR, Accounts, Instants, Past, Pieces, Running, Values
from .families import described, rendered
from .samples import Grid, lines
from .services import LOG_DAYS, VANTAGE

UP = Metric("up", "gauge", "1 for every scrape that worked: what Prometheus writes itself, and dashboards ask for.")
_HELPS = {names.DOWNTIME_SECONDS: replace(names.DOWNTIME_SECONDS, help="Downtime, as the ledger is corrected now.")}
_MILLION = 1_000_000

ValuesOf = Callable[[Instants, datetime], Values]
"""The values at a row of instants that lie in the span of the account which begins then."""


@dataclass(frozen=True, slots=True)
class _Series:
    labels: tuple[str, ...]  # those of the metric, but for the service's
    values: ValuesOf
    within: Interval | None = None  # where it has any; None where that may be anywhere
    more: tuple[tuple[str, str], ...] = ()
    hourly: bool = False  # at the whole hours alone, whatever the step


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger holds of the services asked for, as series. `target`: labels that a scrape would add.

    due: by when an entry that ended then has to be explained.
    """

    book: Book
    memberships: tuple[Membership, ...]
    config: Config
    target: tuple[tuple[str, str], ...]
    due: Callable[[datetime, Policy], datetime]
    _pasts: dict[str, Past] = field(default_factory=dict, init=False, repr=False, compare=False)

    def text(
        self, grid: Grid, metrics: Iterable[Metric], show: Callable[[float], None] = lambda _done: None
    ) -> Iterator[str]:
        """The text, in pieces: family by family, series by series. `show` takes how many of `work` are done."""
        done = 0
        for metric in metrics:
            yield described(_HELPS.get(metric, metric), openmetrics=True)
            if metric is UP:
                yield from self._up(grid)
            for name in self.book.services:
                yield from self._samples(metric, self._past(name), grid)
                done += 1
                show(done)
        yield "# EOF\n"

    def work(self, metrics: Iterable[Metric]) -> int:
        return len(self.book.services) * len(list(metrics))

    def _past(self, service: str) -> Past:
        found = self._pasts.get(service)
        if found is None:
            endpoints = [each for each in self.memberships if each.endpoint and each.service == service]
            found = self._pasts[service] = Past.of(self.book, service, endpoints)
        return found

    def _samples(self, metric: Metric, past: Past, grid: Grid) -> Iterator[str]:
        for each in FAMILIES[metric](self, past):
            series = f"{metric.name}{rendered(metric, past.service, *each.labels, more=(*each.more, *self.target))}"
            for span in past.spans:
                for extent in (span,) if each.within is None else clip((span,), each.within):
                    instants = replace(grid, step=HOUR) if each.hourly else grid
                    for row in instants.rows(extent, edges=each.within is None and not each.hourly):
                        yield lines(series, row, each.values(row, span.start))

    def _up(self, grid: Grid) -> Iterator[str]:
        series = f"{UP.name}{rendered(UP, more=self.target)}"
        for span in normalize(span for name in self.book.services for span in self.book.spans(name)):
            for row in grid.rows(span):
                yield lines(series, row, [1.0] * len(row))


# -- the configured ----------------------------------------------------------------------------------------------------


def _always(value: float) -> ValuesOf:
    return lambda at, _since: [value] * len(at)


def _service_info(history: History, past: Past) -> Iterator[_Series]:
    services = history.config.services
    given = sorted({label for service in services for label, _ in service.labels})
    own = dict(next((service.labels for service in services if service.name == past.service), ()))
    yield _Series((), _always(1.0), more=tuple((label, own.get(label, "")) for label in given))


def _kind(history: History, past: Past, endpoint: str) -> str:
    """Empty for an endpoint that is configured no longer: the ledger does not know it."""
    for service in history.config.services:
        for each in service.endpoints:
            if (service.name, each.name) == (past.service, endpoint):
                return each.kind.value
    return ""


def _of(pieces: Pieces, otherwise: float | None = None) -> ValuesOf:
    return lambda at, _since: pieces.at(at, otherwise)


def _endpoint_info(history: History, past: Past) -> Iterator[_Series]:
    for name, each in past.endpoints.items():
        yield _Series((name, _kind(history, past, name)), _of(Pieces.of(each.member)))


def _objective(_history: History, past: Past) -> Iterator[_Series]:
    policies = past.maintenance.policies
    pieces = tuple(
        # The account's first and last instants, in whole milliseconds, are its own too.
        (micros(part.start) - 1_000 * (part.start == span.start), micros(part.end) + (part.end == span.end), objective)
        for span in past.spans
        for part, objective in ((part, policy.objective_ratio) for part, policy in policies.spans(span))
    )
    yield _Series((), _of(Pieces(pieces)))


# -- probes ------------------------------------------------------------------------------------------------------------


def _probe_success(history: History, past: Past) -> Iterator[_Series]:
    for name, each in past.endpoints.items():
        failing, seen = Pieces.of(each.runs), Pieces.of(each.observed)
        yield _Series((name, _kind(history, past, name), VANTAGE), _success(failing, seen))


def _success(failing: Pieces, seen: Pieces) -> ValuesOf:
    def values(at: Instants, _since: datetime) -> Values:
        found = seen.at(at)
        return [None if each is None else 1.0 - failed for each, failed in zip(found, failing.at(at, 0.0), strict=True)]  # type: ignore[operator]

    return values


def _failing_since(history: History, past: Past) -> Iterator[_Series]:
    for name, each in past.endpoints.items():
        runs = tuple((micros(run.start), micros(run.end), run.start.timestamp()) for run in each.runs)
        yield _Series((name, _kind(history, past, name)), _of(Pieces(runs)))


# -- the account -------------------------------------------------------------------------------------------------------


def _counter(running: Running) -> ValuesOf:
    return lambda at, _since: [each / _MILLION for each in running.before(at)]


def _downtime_seconds(_history: History, past: Past) -> Iterator[_Series]:
    for name, running in past.downtime.items():
        yield _Series((name,), _counter(running))


def _unplanned_active(_history: History, past: Past) -> Iterator[_Series]:
    yield _Series(("agreed",), _of(Pieces.of(past.down_since_agreed), 0.0))
    yield _Series(("maintenance",), _of(Pieces.of(past.overrun), 0.0))


def _windows(past: Past, figure: Callable[[Accounts], Values], *labels: str) -> Iterator[_Series]:
    for name in names.WINDOWS:
        yield _Series((name, *labels), _window(past, name, figure))


def _window(past: Past, name: str, figure: Callable[[Accounts], Values]) -> ValuesOf:
    def values(at: Instants, since: datetime) -> Values:
        found: list[float | None] = []
        for count, accounts in past.windows(name, at, since):
            found += [None] * count if accounts is None else figure(accounts)
        return found

    return values


def _bounds(_history: History, past: Past) -> Iterator[_Series]:
    yield from _windows(past, Accounts.unobserved_as_up, "unobserved_as_up")
    yield from _windows(past, Accounts.unobserved_as_down, "unobserved_as_down")


def _window_downtime(_history: History, past: Past) -> Iterator[_Series]:
    for name, running in past.downtime.items():
        yield from _windows(past, lambda accounts, running=running: accounts.seconds(running), name)  # type: ignore[misc]


# -- maintenance and the log -------------------------------------------------------------------------------------------


def _maintenance_active(_history: History, past: Past) -> Iterator[_Series]:
    open_at: dict[tuple[str, str], list[Interval]] = {}
    for span in past.spans:
        for window in past.maintenance.windows(past.service, span):
            open_at.setdefault((window.name, window.source.value), []).append(window.interval)
    for labels, intervals in sorted(open_at.items()):
        yield _Series(labels, _of(Pieces.of(normalize(intervals))))


def _short_notice(_history: History, past: Past) -> Iterator[_Series]:
    shown: dict[str, list[Interval]] = {}
    for window, interval in past.maintenance.short_notices(past.service):
        shown.setdefault(window.name, []).append(interval)
    for name, intervals in sorted(shown.items()):
        yield _Series((name,), _of(Pieces.of(normalize(intervals))))


def _entries(history: History, past: Past) -> Iterator[tuple[Entry, Interval, Interval]]:
    """The entries of the log, each with the time for which it shows, and how long it lasted."""
    for entry in history.book.entries(past.service):
        horizon = past.spans[-1].end
        lasted = Interval(entry.start, entry.end or max(horizon, entry.start))
        if not entry.withdrawn:
            yield entry, Interval(entry.start, lasted.end + (LOG_DAYS if entry.end else timedelta())), lasted


def _log_info(history: History, past: Past) -> Iterator[_Series]:
    for entry, shown, lasted in _entries(history, past):
        states = {"ongoing": Interval(shown.start, lasted.end)}
        if entry.end is not None:
            after = Interval(entry.end, shown.end)
            due = min(history.due(entry.end, history.config.policy), after.end)
            states |= (
                {"explained": after}
                if entry.explained
                else {"ended": Interval(entry.end, due), "overdue": Interval(due, after.end)}
            )
        for state, within in states.items():
            if within.start < within.end:
                labels = (entry.id, entry.cause.value, ",".join(entry.endpoints), state)
                yield _Series(labels, _of(Pieces.of((within,))), within)


def _log_start(history: History, past: Past) -> Iterator[_Series]:
    for entry, shown, _ in _entries(history, past):
        yield _Series((entry.id,), _of(Pieces.of((shown,), entry.start.timestamp())), shown)


def _log_duration(history: History, past: Past) -> Iterator[_Series]:
    for entry, shown, lasted in _entries(history, past):
        yield _Series((entry.id,), _duration(micros(lasted.start), micros(lasted.end)), shown)


def _duration(start: int, end: int) -> ValuesOf:
    return lambda at, _since: [(min(each, end) - start) / _MILLION if start <= each else None for each in at]


# -- what Prometheus records of each hour ------------------------------------------------------------------------------


def _hourly_seen(history: History, past: Past) -> Iterator[_Series]:
    """A silence begins when the last result speaks no longer; a probe is called blind from that result on."""
    config = history.config
    holds = [each.hold for service in config.services if service.name == past.service for each in service.endpoints]
    unseen_after = config.blind_range - max(holds, default=timedelta())
    yield _Series((), lambda at, _since: past.seen(at, unseen_after), hourly=True)


def _hourly_downtime_seconds(_history: History, past: Past) -> Iterator[_Series]:
    yield _Series((), lambda at, _since: past.down_so_far(at), hourly=True)


FAMILIES: Mapping[Metric, Callable[[History, Past], Iterator[_Series]]] = {
    UP: lambda _history, _past: iter(()),
    names.SERVICE_INFO: _service_info,
    names.ENDPOINT_INFO: _endpoint_info,
    names.PROBE_SUCCESS: _probe_success,
    names.ENDPOINT_FAILING_SINCE: _failing_since,
    names.FAILING_SECONDS: lambda _, past: iter((_Series((), _counter(past.failing)),)),
    names.DOWNTIME_ACTIVE: lambda _, past: iter((_Series((), _of(Pieces.of(past.down), 0.0)),)),
    names.UNPLANNED_DOWNTIME_ACTIVE: _unplanned_active,
    names.DOWNTIME_SECONDS: _downtime_seconds,
    names.AGREED_SECONDS: lambda _, past: iter((_Series((), _counter(past.agreed)),)),
    names.UNOBSERVED_SECONDS: lambda _, past: iter((_Series((), _counter(past.unobserved)),)),
    names.AVAILABILITY_RATIO: lambda _, past: _windows(past, Accounts.availability),
    names.AVAILABILITY_BOUND_RATIO: _bounds,
    names.ERROR_BUDGET_SECONDS: lambda _, past: _windows(past, Accounts.error_budget),
    names.ERROR_BUDGET_REMAINING_SECONDS: lambda _, past: _windows(past, Accounts.error_budget_remaining),
    names.WINDOW_DOWNTIME_SECONDS: _window_downtime,
    names.OBJECTIVE_RATIO: _objective,
    names.MAINTENANCE_ACTIVE: _maintenance_active,
    names.MAINTENANCE_SHORT_NOTICE: _short_notice,
    names.LOG_ENTRY_INFO: _log_info,
    names.LOG_ENTRY_START: _log_start,
    names.LOG_ENTRY_DURATION: _log_duration,
    names.HOURLY_SEEN: _hourly_seen,
    names.HOURLY_DOWNTIME_SECONDS: _hourly_downtime_seconds,
}
"""All that has a history, and the series of one service."""
