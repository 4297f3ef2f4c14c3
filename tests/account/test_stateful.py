"""Whatever happens to an exporter, in whatever order: every figure is what a recount of the raw history says.

Hypothesis invents the history: probes' results and silences, people who correct the log, windows that are announced, moved and
cancelled, restarts and crashes, clocks that are set, configurations that are loaded. The parts are real (`installation`), the
recount is a model of the rules that shares no code with them (`raw_history`, `recount`).

`SESAM_SLO_EXAMPLES=2000` runs that many histories, new ones every time.
"""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from installation import Installation, Setting, second
from raw_history import EVERYBODY
from recount import CLASSES, Recount, windows

from scenarios import instant
from sesam_slo.core.entry import Entry
from sesam_slo.core.intervals import Interval
from sesam_slo.core.model import Outcome
from sesam_slo.report import Month, month_report

DEEP = os.environ.get("SESAM_SLO_EXAMPLES")
DAY = 86_400
EVERY_DAY = list(range(7))


def _moment(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


MOMENTS = [
    _moment(2026, 6, 10, 9),
    _moment(2026, 6, 10, 21, 40),  # before midnight in Oslo
    _moment(2026, 3, 29, 0, 20),  # before summer time begins there
    _moment(2026, 10, 25, 0, 20),  # before it ends
    _moment(2026, 9, 30, 21, 30),  # before a month and a quarter end there
    _moment(2026, 12, 31, 22, 30),  # before the year does
]
ENDPOINTS = {"alpha": [("api",), ("ui",), ("api", "ui")], "beta": [("api",)]}
PROBED = [("alpha", "api"), ("alpha", "ui"), ("beta", "api")]
services = st.sampled_from([frozenset(EVERYBODY), frozenset({"alpha"}), frozenset({"beta"})])


@st.composite
def policies(draw: st.DrawFn, unit: int, now: int) -> dict[str, Any]:
    return {
        "timezone": draw(st.sampled_from(["Europe/Oslo", "Europe/Oslo", "America/New_York"])),
        "objective_ratio": draw(st.sampled_from([0.995, 0.9, 0.9999])),
        "notice": draw(st.sampled_from([0, 600, 172_800])),
        "downtime_after": unit * draw(st.sampled_from([2, 3, 6])),
        "bridge_at_most": unit * draw(st.sampled_from([0, 1, 3, 6])),
        "recurring": draw(st.lists(recurring(now), max_size=2)),
    }


@st.composite
def recurring(draw: st.DrawFn, now: int) -> dict[str, Any]:
    start = (now // 60 + 120 + draw(st.sampled_from([-60, 0, 1, 2, 30, 100]))) % 1440
    length = draw(st.sampled_from([1, 2, 30, 180, 1439]))
    return {
        "start_minute": start,
        "end_minute": (start + length) % 1440,
        "days": draw(st.sampled_from([EVERY_DAY, EVERY_DAY, [0, 2, 5, 6]])),
        "services": draw(st.sampled_from([None, None, ["alpha"]])),
    }


class Exporter(RuleBasedStateMachine):
    """A unit is one probe interval: 10 seconds, or 20 minutes, so that days pass too."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.installation: Installation | None = None
        self.hindsight = False
        self.counted: dict[str, dict[str, float]] = {}

    def teardown(self) -> None:
        try:
            if self.installation is not None and sys.exc_info()[1] is None:
                self._check_scrape()
                self._check_book()
                assert self.installation.ledger.verify().fault is None
                self.installation.close()
        finally:
            shutil.rmtree(self.folder)

    @initialize(data=st.data(), now=st.sampled_from(MOMENTS), unit=st.sampled_from([10, 10, 1200]))
    def first_start(self, data: st.DataObject, now: int, unit: int) -> None:
        self.unit, self.beat = unit, unit // 10
        self.installation = Installation(self.folder, self._setting(data, now), now, self.beat)

    def _setting(self, data: st.DataObject, now: int) -> Setting:
        chosen = {
            name: data.draw(st.sampled_from([*own, ()] if name == "beta" else own)) for name, own in ENDPOINTS.items()
        }
        if chosen["beta"] and data.draw(st.integers(0, 5)) == 0:
            chosen["alpha"] = ()
        before = self.installation.setting.windows if self.installation else {}
        file = {}
        for name in data.draw(st.sets(st.sampled_from(["file-1", "file-2"]))):
            file[name] = before.get(name) or self._window(data, now)
            if data.draw(st.booleans()):
                file[name] = self._window(data, now)
        return Setting(
            data.draw(policies(self.unit, now)),
            {name: endpoints for name, endpoints in chosen.items() if endpoints},
            data.draw(st.sampled_from([self.unit, self.unit * 3 // 2])),
            file,
        )

    def _window(self, data: st.DataObject, now: int) -> tuple[int, int, frozenset[str], int]:
        start = now + self.unit * data.draw(st.integers(0, 30))
        length = self.unit * data.draw(st.sampled_from([1, 3, 12]))
        claimed = min(now, start - data.draw(st.sampled_from([0, 600, 601, 172_799, 172_800, 172_801])))
        return start, start + length, data.draw(services), claimed

    # -- what time brings ------------------------------------------------------------------------------------------

    @rule(key=st.sampled_from(PROBED), outcome=st.sampled_from([*Outcome, None]), beats=st.integers(5, 80))
    def an_endpoint_answers(self, key: Any, outcome: Outcome | None, beats: int) -> None:
        self.installation.answers[key] = outcome
        self.installation.run(beats * self.beat)

    @rule(
        keys=st.sets(st.sampled_from(PROBED), min_size=1), units=st.integers(2, 8), beats=st.sampled_from([0, 0, -1, 1])
    )
    def something_fails(self, keys: set[Any], units: int, beats: int) -> None:
        self.installation.answers |= dict.fromkeys(keys, Outcome.FAILURE)
        self.installation.run(units * self.unit + beats * self.beat)

    @rule(units=st.integers(1, 4))
    def everything_responds(self, units: int) -> None:
        self.installation.answers.clear()
        self.installation.run(units * self.unit)

    @rule(units=st.sampled_from([1, 2, 3, 4, 5, 9, 30]), beats=st.integers(-1, 1))
    def the_machine_sleeps(self, units: int, beats: int) -> None:
        self.installation.time.pass_(units * self.unit + beats * self.beat)
        self.installation.run(self.beat)

    @rule(seconds=st.sampled_from([-3600, -61, -5, 3, 40, 3600]))
    def the_clock_is_set(self, seconds: int) -> None:
        self.installation.time.step(seconds)
        self.installation.run(self.beat)

    @rule(killed=st.booleans(), units=st.sampled_from([0, 0, 1, 2, 4, 8]))
    def a_restart(self, killed: bool, units: int) -> None:
        reached = self.installation.clock.now()
        self.installation.restart(killed=killed, after=units * self.unit)
        self.installation.disk_hangs = False
        if self.installation.clock.now() < reached:
            # Killed, and its clock set back to before what a scrape had seen of it: nobody remembers that.
            self.counted.clear()

    @rule()
    def the_disk_hangs(self) -> None:
        self.installation.disk_hangs = True

    @precondition(lambda self: self.installation.disk_hangs)
    @rule()
    def the_disk_takes_everything(self) -> None:
        self.installation.disk_hangs = False
        self.installation.settle()

    @rule(data=st.data())
    def another_configuration(self, data: st.DataObject) -> None:
        self.installation.reload(self._setting(data, second(self.installation.clock.now())))

    # -- what people do ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """By the clock on the wall, which people act by; the exporter's may be ahead of it: then they act in hindsight."""
        self.hindsight = self.hindsight or self.installation.clock.stepped_back_seconds > 0
        return self.installation.time.wall

    @property
    def entries(self) -> list[Entry]:
        return [each for name in EVERYBODY for each in self.installation.ledger.log(name).entries.values()]

    @precondition(lambda self: self.entries)
    @rule(data=st.data(), what=st.sampled_from(["cause", "withdrawn", "bounds", "part"]))
    def an_entry_is_corrected(self, data: st.DataObject, what: str) -> None:
        entry = data.draw(st.sampled_from(self.entries), "entry")
        assert self.now
        self.installation.annotate(entry.id, **getattr(self, f"_{what}")(data, entry))

    def _cause(self, data: st.DataObject, _: Entry) -> dict[str, Any]:
        return {"cause": data.draw(st.sampled_from(["customer", "operating_environment", "sesam", "unknown"]))}

    def _withdrawn(self, _: st.DataObject, entry: Entry) -> dict[str, Any]:
        return {"withdrawn": not entry.withdrawn}

    def _bounds(self, data: st.DataObject, entry: Entry) -> dict[str, Any]:
        moves = data.draw(st.sampled_from([("start",), ("end",), ("start", "end")]))
        bounds = {name: getattr(entry, name) for name in moves if getattr(entry, name) is not None}
        return {name: second(at) + data.draw(st.integers(-40, 40)) * self.beat for name, at in bounds.items()}

    def _part(self, data: st.DataObject, entry: Entry) -> dict[str, Any]:
        start = second(entry.start) + data.draw(st.integers(-10, 40)) * self.beat
        parts = [(second(each.start), second(each.end)) for each in entry.exclusions]
        return {"exclusions": [*parts[-1:], (start, start + data.draw(st.integers(1, 60)) * self.beat)]}

    @rule(
        service=st.sampled_from(EVERYBODY),
        endpoints=st.sampled_from([("api",), ("ui",), ("api", "ui")]),
        ago=st.integers(0, 300),
        length=st.integers(1, 150),
        cause=st.sampled_from(["sesam", "customer"]),
    )
    def an_entry_is_added(self, service: str, endpoints: tuple[str, ...], ago: int, length: int, cause: str) -> None:
        start = self.now - ago * self.beat
        self.installation.add(service, endpoints, start=start, end=start + length * self.beat, cause=cause)

    @precondition(lambda self: not self.installation.clock.stepped_back_seconds)
    @rule(data=st.data(), name=st.sampled_from(["upgrade", "move"]))
    def maintenance_is_announced(self, data: st.DataObject, name: str) -> None:
        start, end, concerned, claimed = self._window(data, self.now)
        start -= self.unit * data.draw(st.sampled_from([0, 0, 2, 7]))
        if start < end:
            self.installation.announce(name, start, end, concerned, data.draw(st.sampled_from([None, claimed])))

    @precondition(
        lambda self: self.installation.history.by_command and not self.installation.clock.stepped_back_seconds
    )
    @rule(data=st.data(), what=st.sampled_from(["start", "end", "both", "services", "cancel"]))
    def maintenance_is_changed(self, data: st.DataObject, what: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.installation.history.by_command)))
        start, end, concerned, claimed = self._window(data, self.now)
        if what == "cancel":
            self.installation.cancel(name)
            return
        self.installation.change(
            name,
            start if what in ("start", "both") else None,
            end if what in ("end", "both") else None,
            concerned,
            data.draw(st.sampled_from([None, claimed])),
        )

    # -- what must hold ----------------------------------------------------------------------------------------------

    @rule()
    def somebody_scrapes(self) -> None:
        self._check_scrape()

    @rule()
    def somebody_reads_the_book(self) -> None:
        self._check_book()

    @invariant()
    def counters_never_fall(self) -> None:
        if self.installation is None:
            return
        for service, counted in self._counters(self.installation.scrape()).items():
            before = self.counted.get(service, {})
            fallen = {name: (before[name], counted[name]) for name in before if counted[name] < before[name] - 1e-6}
            assert not fallen, f"{service}: counters fell: {fallen}"
            self.counted[service] = counted

    def _recount(self, service: str, until: dict[str, int]) -> Recount:
        return Recount(self.installation.history, service, until, self.installation.confirmed())

    @staticmethod
    def _counters(scraped: dict[Any, float]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for (name, labels), value in scraped.items():
            short = name.removeprefix("sesam_slo_").removesuffix("_seconds_total")
            if short in ("agreed", "failing", "unobserved", "downtime"):
                found.setdefault(dict(labels)["service"], {})[dict(labels).get("class", short)] = value
        return found

    def _check_scrape(self) -> None:
        scraped = self.installation.scrape()
        history = self.installation.history
        for service, spans in history.services.items():
            if spans[-1][1] is not None:
                continue
            model = self._recount(service, self.installation.horizons(service))
            since, zone = spans[-1][0], history.policies[-1][1]["timezone"]
            wanted = {
                **self._wanted_windows(model, since, zone),
                **self._wanted_log(model),
                **self._wanted_now(model),
            }
            names = {name for name, _ in wanted} | {f"sesam_slo_{name}" for name in GAUGES}
            got = {key: value for key, value in scraped.items() if key[0] in names and ("service", service) in key[1]}
            _assert_same(got, wanted)
            self._check_counters(model, self._counters(scraped)[service])

    def _wanted_windows(self, model: Recount, since: int, zone: str) -> dict[Any, float]:
        found = {}
        for window, (elapsed, whole) in windows(model.horizon, zone, since).items():
            figures = model.figures([elapsed], [whole])
            for name, value, more in (
                ("availability_ratio", figures["availability"], {}),
                ("availability_bound_ratio", figures["unobserved_as_up"], {"bound": "unobserved_as_up"}),
                ("availability_bound_ratio", figures["unobserved_as_down"], {"bound": "unobserved_as_down"}),
                ("error_budget_seconds", figures["budget"], {}),
                ("error_budget_remaining_seconds", figures["remaining"], {}),
                *(("window_downtime_seconds", figures[each], {"class": each}) for each in CLASSES),
            ):
                if value is not None:
                    found[_series(name, service=model.service, window=window, **more)] = value
        return found

    def _wanted_log(self, model: Recount) -> dict[Any, float]:
        found = {}
        for entry in model.entries:
            if entry.withdrawn:
                continue
            about = {"service": model.service, "id": entry.id}
            end = max(model.horizon, entry.start) if entry.end is None else entry.end
            found[_series("log_entry_start_timestamp_seconds", **about)] = entry.start
            found[_series("log_entry_duration_seconds", **about)] = end - entry.start
            state = "ongoing" if entry.end is None else "ended"
            found[
                _series("log_entry_info", cause=entry.cause, endpoints=",".join(entry.endpoints), state=state, **about)
            ] = 1
        return found

    def _wanted_now(self, model: Recount) -> dict[Any, float]:
        ongoing = any(entry.end is None for entry in model._detected())
        return {_series("downtime_active", service=model.service): float(ongoing)}

    def _check_counters(self, model: Recount, counted: dict[str, float]) -> None:
        view = self.installation.published.view()
        (state,) = (
            each.brought_up(view.maintenance).state for each in view.services if each.service.name == model.service
        )
        wanted = model.counters(second(state.unobserved_until))
        got = {name: counted[name] for name in ("agreed", "failing", "unobserved")}
        got |= {"downtime": sum(counted[each] for each in CLASSES)}
        got |= {name: counted[name] for name in ("planned", "excluded")}
        if any(event.merged_into for event in self.installation.ledger.read().events):
            wanted["excluded"] = got["excluded"]  # whose excuse it was, nobody can tell from what they are now
        if not self.hindsight:
            _assert_same(got, wanted)

    def _check_book(self) -> None:
        book = self.installation.book()
        history = self.installation.history
        report_of = {}
        for service, spans in history.services.items():
            horizon = second(book.horizon(service))
            until = {
                endpoint: max([horizon, *(each.at for each in history.results.get((service, endpoint), ())[-1:])])
                for (of, endpoint), of_endpoint in history.endpoints.items()
                if of == service and of_endpoint[-1][1] is None
            }
            model = self._recount(service, until)
            known = [(since, horizon if ended is None else ended) for since, ended in spans]
            begin, end = known[0][0], known[-1][1]
            cuts = [begin - DAY, begin, *(begin + (end - begin) * part // 5 for part in (1, 2, 4)), end, end + DAY]
            for start, stop in [*pairwise(cuts), (cuts[0], cuts[-1])]:
                self._check_account(book, model, known, start, stop)
            month = Month(*_local(begin, history.policies[-1][1]["timezone"]))
            report_of.setdefault(month, []).append((service, model, known))
        for month, accounts in report_of.items():
            self._check_month(book, month, accounts)

    def _check_account(self, book: Any, model: Recount, known: list[tuple[int, int]], start: int, stop: int) -> None:
        window = Interval(instant(start), instant(stop))
        got = book.account(model.service, window)
        inside = [(max(a, start), min(b, stop)) for a, b in known if max(a, start) < min(b, stop)]
        ended = model.history.services[model.service][-1][1] is not None
        reach = known if ended else [*known[:-1], (known[-1][0], max(stop, known[-1][0]))]
        budgeted = [(max(a, start), min(b, stop)) for a, b in reach if max(a, start) < min(b, stop)]
        wanted = model.figures(inside, budgeted)
        _assert_same(
            {name: getattr(got, name).total_seconds() for name in DURATIONS}
            | {
                "availability": got.availability,
                "unobserved_as_up": got.unobserved_as_up,
                "unobserved_as_down": got.unobserved_as_down,
                "budget": got.error_budget_seconds,
                "remaining": got.error_budget_remaining_seconds,
            },
            wanted,
        )
        if len(inside) == 1:
            events = {
                event.downtime.id: {
                    name: getattr(event, name).total_seconds() for name in (*CLASSES, "duration", "unobserved")
                }
                for event in got.events
            }
            _assert_same(events, model.events(*inside[0]))

    def _check_month(self, book: Any, month: Month, accounts: list[Any]) -> None:
        report = month_report(book, month, {})
        start, stop = (second(each) for each in report.interval)
        months = {each.name: each for each in report.services}
        for service, model, known in accounts:
            inside = [(max(a, start), min(b, stop)) for a, b in known if max(a, start) < min(b, stop)]
            found = months.get(service)
            if found is None:
                assert not inside, f"{service} is not in the report of {month}"
                continue
            wanted = model.figures(inside, [])
            _assert_same(
                {name: getattr(found.figures, name).total_seconds() for name in DURATIONS},
                {name: wanted[name] for name in DURATIONS},
            )
            parts: dict[str, float] = {}
            for day in found.days:
                for name, length in day.parts.items():
                    parts[name] = parts.get(name, 0) + length.total_seconds()
            up = wanted["agreed"] - wanted["unplanned"] - wanted["excluded"] - wanted["unobserved"]
            _assert_same(
                parts,
                {"up": up, **{each: wanted[each] for each in ("maintenance", "unplanned", "excluded", "unobserved")}},
            )


GAUGES = (
    "availability_ratio",
    "availability_bound_ratio",
    "error_budget_seconds",
    "error_budget_remaining_seconds",
    "window_downtime_seconds",
    "log_entry_info",
    "log_entry_start_timestamp_seconds",
    "log_entry_duration_seconds",
    "downtime_active",
)
DURATIONS = ("agreed", "maintenance", "unobserved", "unplanned", "planned", "excluded", "failing", "bridged")


def _local(at: int, zone: str) -> tuple[int, int]:
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    return local.year, local.month


def _series(name: str, **labels: str) -> Any:
    return f"sesam_slo_{name}", tuple(sorted(labels.items()))


def _assert_same(got: dict[Any, Any], wanted: dict[Any, Any]) -> None:
    wrong = [
        f"{key}: {got.get(key, 'absent')}, the recount says {wanted.get(key, 'absent')}"
        for key in {**wanted, **got}
        if not _same(got.get(key), wanted.get(key))
    ]
    assert not wrong, "\n".join(wrong)


def _same(got: Any, wanted: Any) -> bool:
    if isinstance(got, int | float) and isinstance(wanted, int | float):
        return abs(got - wanted) <= 1e-9 * max(1, abs(wanted))
    return bool(got == wanted)


TestExporter = Exporter.TestCase
TestExporter.settings = settings(
    max_examples=int(DEEP) if DEEP else 20,
    stateful_step_count=40,
    derandomize=DEEP is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
