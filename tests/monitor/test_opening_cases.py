"""Cases that downtime opens by itself: once, by policy, whatever restarts and merges happen in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bench import DOWN, OK, SECOND, START, Bench, config, policy

from sesam_slo.core.case import Case, CaseState, cases
from sesam_slo.core.entry import Log
from sesam_slo.core.history import CaseChange, Changes, Event
from sesam_slo.core.intervals import Interval
from sesam_slo.core.maintenance import Maintenance
from sesam_slo.core.model import AnnouncedWindow, Config
from sesam_slo.core.opening import merged, openings
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.support import Support

OPENING = Support(opens_cases=True)


def opening(**changes: Any) -> Config:
    return config(policy=policy(support=OPENING, **changes))


def down(bench: Bench, seconds: float) -> None:
    bench.prober.answer = lambda key: DOWN
    bench.run(seconds)
    bench.prober.answer = lambda key: OK


def test_confirmed_downtime_opens_one_case_of_the_gravest_level() -> None:
    bench = Bench(opening())
    bench.run(3)
    down(bench, 8)
    assert bench.ledger.cases == ()  # nothing is confirmed yet
    down(bench, 10)
    bench.run(10)
    ((event,), (case,)) = bench.log(), cases(bench.ledger.cases).values()
    assert (case.id, case.event, case.service) == (f"{event.id}-case", event.id, "svc")
    assert (case.level, case.customer_class, case.state) == ("A", "partner", CaseState.REPORTED)
    assert (case.reported_at, case.reported_by) == (event.confirmed_at, "sesam-slo")
    assert case.title == "api not responding"
    assert len(bench.ledger.cases) == 1


def test_it_does_so_only_where_the_policy_says_so() -> None:
    bench = Bench(config())
    down(bench, 15)
    assert bench.log()
    assert bench.ledger.cases == ()


def test_a_restart_opens_no_other() -> None:
    bench = Bench(opening())
    down(bench, 15)
    bench.prober.answer = lambda key: DOWN
    again = Bench(opening(), bench.recorded(), bench.time)
    again.prober.answer = lambda key: DOWN
    again.run(15)
    assert len(bench.ledger.cases) == 1
    assert again.ledger.cases == ()


def test_what_goes_on_when_it_is_switched_on_gets_its_case() -> None:
    bench = Bench(config())
    down(bench, 15)
    bench.prober.answer = lambda key: DOWN
    bench.monitor.reload(opening())
    bench.run(3)
    (case,) = cases(bench.ledger.cases).values()
    assert case.event == bench.log()[0].id


def test_the_case_is_written_together_with_its_event() -> None:
    bench, written = Bench(opening()), []
    submit = bench.monitor._submit
    bench.monitor._submit = lambda changes, number: (written.append(changes), submit(changes, number))  # type: ignore[func-returns-value]
    down(bench, 15)
    together = [changes for changes in written if changes.cases]
    assert [len(changes.events) for changes in together] == [1]


def test_an_event_that_a_person_excused_gets_none() -> None:
    bench = Bench(config())
    down(bench, 15)
    bench.prober.answer = lambda key: DOWN
    bench.monitor.follow({bench.log()[0].id: (Interval(START, START + timedelta(days=9)),)}, (), {})
    bench.monitor.reload(opening())
    bench.run(3)
    assert bench.ledger.cases == ()


def test_downtime_inside_maintenance_opens_its_case_when_it_overruns() -> None:
    window = AnnouncedWindow("upgrade", START, START + 20 * SECOND, START - timedelta(days=9))
    bench = Bench(opening(announced=(window,)))
    bench.prober.answer = lambda key: DOWN
    bench.run(18)
    assert bench.log()
    assert bench.ledger.cases == ()
    bench.run(6)
    assert [each.change["event"] for each in bench.ledger.cases] == [bench.log()[0].id]


class TestMerging:
    EVENTS = tuple(
        Event(id, "svc", START + at * SECOND, None, START + (at + 10) * SECOND, ("api",))
        for id, at in (("older", 0), ("younger", 60))
    )
    GROWN = (EVENTS[0], replace(EVENTS[1], merged_into="older"))
    MAINTENANCE = Maintenance(PolicyTimeline.always(policy()))

    def opened(self, *events: Event) -> tuple[CaseChange, ...]:
        return tuple(openings(events, (), OPENING, self.MAINTENANCE, START + 90 * SECOND, START + 90 * SECOND))

    def after(self, changes: tuple[CaseChange, ...], *said: CaseChange) -> dict[str, Case]:
        known = cases((*changes, *said))
        return cases(merged(self.GROWN, known, START + 100 * SECOND), known)

    def test_the_younger_events_untouched_case_is_withdrawn(self) -> None:
        found = self.after(self.opened(*self.EVENTS))
        assert [(each.event, each.withdrawn) for each in found.values()] == [("older", False), ("older", True)]

    def test_one_that_somebody_works_on_stays_and_goes_to_the_older_event(self) -> None:
        started = CaseChange("younger-case", START, "kari", "", {"started_at": "2026-06-10T09:02:00Z"})
        found = self.after(self.opened(*self.EVENTS), started)
        assert [(each.event, each.withdrawn) for each in found.values()] == [("older", False), ("older", False)]

    def test_the_only_one_goes_to_the_older_event(self) -> None:
        found = self.after(self.opened(self.EVENTS[1]))
        assert [(each.event, each.withdrawn) for each in found.values()] == [("older", False)]

    def test_nothing_is_opened_for_what_was_merged_or_has_one(self) -> None:
        assert [each.change["event"] for each in self.opened(*self.GROWN)] == ["older"]
        asked = openings(self.EVENTS, {"older", "younger"}, OPENING, self.MAINTENANCE, START, START)
        assert list(asked) == []

    def test_moved_once_they_are_moved_no_more(self) -> None:
        found = self.after(self.opened(*self.EVENTS))
        assert list(merged(self.GROWN, found, START)) == []


@pytest.mark.parametrize("times", [1, 2])
def test_what_comes_back_from_the_ledger_opens_no_other(times: int) -> None:
    bench = Bench(opening())
    down(bench, 15)
    for _ in range(times):
        bench.published.follow(Log(), (), bench.ledger.cases)
        bench.monitor.follow({}, (), bench.published.cases)
        down(bench, 5)
    assert len(bench.ledger.cases) == 1
    assert isinstance(bench.ledger, Changes)
