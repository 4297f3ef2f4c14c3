"""A policy that changes under way, in the middle of a month, of an outage, of a maintenance window; the working stands beside.

Everything goes the live way: configurations are loaded, probes come every half minute, the account is advanced after each, and
what was recorded is read back. Counters, account and report must say the same. It is Wednesday 10 June 2026, from 08:00 to
12:00 UTC, which is 10:00 to 14:00 in Oslo.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sesam_slo.core.account import Account
from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Recorded
from sesam_slo.core.intervals import Interval
from sesam_slo.core.maintenance import Maintenance
from sesam_slo.core.model import (
    Config,
    Endpoint,
    Kind,
    Outcome,
    Policy,
    Reason,
    RecurringWindow,
    Request,
    Result,
    Service,
)
from sesam_slo.core.outage import Rules
from sesam_slo.core.roster import Roster, configure, recorded_roster
from sesam_slo.core.service import advance, observe
from sesam_slo.report import Month, month_report

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
BEGIN, END = datetime(2026, 6, 10, 8, tzinfo=UTC), datetime(2026, 6, 10, 12, tzinfo=UTC)
ALWAYS = Policy(recurring=())
Loaded = dict[str, tuple[Policy, timedelta]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-10T{text}").replace(tzinfo=UTC)


@dataclass
class Installation:
    """An exporter with one service of one endpoint. `loads`: which policy is loaded when, and the probes' interval from then."""

    loads: Loaded
    down: list[tuple[str, str]]
    roster: Roster = field(default_factory=lambda: recorded_roster(Recorded()))
    said: Changes = field(default_factory=Changes)

    def __post_init__(self) -> None:
        loads = {BEGIN if when == "begin" else at(when): each for when, each in self.loads.items()}
        now, due = BEGIN, BEGIN
        while now <= END:
            if now in loads:
                policy, interval = loads[now]
                endpoint = Endpoint("api", Kind.API, Request("https://svc.example/"), interval, interval)
                self.config = Config(policy, (Service("svc", (endpoint,)),))
                self.roster, changes = configure(self.roster, self.config, now)
                self.said = self.said.then(changes)
            if now == due and now < END:
                self._probe(now, endpoint, policy)
                due = now + interval
            self._advance(now)
            now += 15 * SECOND

    def _probe(self, now: datetime, endpoint: Endpoint, policy: Policy) -> None:
        failing = any(at(start) <= now < at(end) for start, end in self.down)
        result = Result(now, Outcome.FAILURE if failing else Outcome.SUCCESS, Reason.TIMEOUT if failing else None)
        taken = observe(self.roster.states["svc"], "api", result, Rules.of(endpoint, policy))
        self._now(taken.state, taken.changes)

    def _advance(self, now: datetime) -> None:
        maintenance = Maintenance(self.roster.timeline(self.config.policy), self.roster.windows)
        moved = advance(self.roster.states["svc"], {"api": now}, maintenance)
        self._now(moved.state, moved.changes)

    def _now(self, state, changes: Changes) -> None:
        self.roster = replace(self.roster, states={"svc": state})
        self.said = self.said.then(changes)

    @property
    def book(self) -> Book:
        kinds = ("policies", "memberships", "windows", "runs", "silences", "events")
        point = checkpoint(self.roster.states["svc"], END)
        recorded = Recorded(**{kind: getattr(self.said, kind) for kind in kinds}, checkpoints={"svc": point})
        return Book.of(recorded, self.config)

    def account(self) -> Account:
        """The same whichever way it is asked for."""
        book = self.book
        found = book.account("svc", Interval(BEGIN, END))
        counters = self.roster.states["svc"].counters
        (service,) = month_report(book, Month(2026, 6), {}).services
        for name in ("agreed", "unplanned", "planned", "excluded", "failing", "unobserved"):
            assert getattr(counters, name) == getattr(found, name), f"the counter of {name} time"
            assert getattr(service.figures, name) == getattr(found, name), f"the report's {name} time"
        return found


def loaded(*changes: tuple[str, Policy]) -> Loaded:
    return {when: (policy, 30 * SECOND) for when, policy in changes}


def after(minutes: int) -> Policy:
    return replace(ALWAYS, downtime_after=minutes * MINUTE)


class TestInTheMiddleOfAnOutage:
    @pytest.mark.contract("ten-minutes")
    @pytest.mark.parametrize(
        ("before", "later", "end", "unplanned"),
        [
            # The run began at 09:00 under the first; what was loaded at 09:05 judges runs that begin from then on.
            pytest.param(10, 5, "09:07", 0, id="ten minutes become five: seven are no downtime"),
            pytest.param(10, 20, "09:12", 720, id="ten minutes become twenty: twelve are downtime"),
            pytest.param(5, 10, "09:07", 420, id="five become ten: seven are downtime"),
            pytest.param(20, 5, "09:12", 0, id="twenty become five: twelve are no downtime"),
        ],
    )
    def test_the_run_is_judged_by_what_was_in_force_when_it_began(
        self, before: int, later: int, end: str, unplanned: int
    ) -> None:
        found = Installation(loaded(("begin", after(before)), ("09:05", after(later))), [("09:00", end)]).account()
        assert found.unplanned == unplanned * SECOND
        assert [each.downtime.seen for each in found.events] == ([(at("09:00"), at(end))] if unplanned else [])

    def test_the_next_run_is_judged_by_what_is_in_force_then(self) -> None:
        outages = [("09:00", "09:07"), ("10:00", "10:07")]
        found = Installation(loaded(("begin", after(10)), ("09:05", after(5))), outages).account()
        assert (found.failing, found.unplanned) == (14 * MINUTE, 7 * MINUTE)

    def test_the_objective_of_each_second_is_that_of_its_time(self) -> None:
        # 09:00-10:00 is down; 0.005 x 5400 s before 09:30 and 0.001 x 9000 s after it are 27 + 9 = 36 s of budget
        loads = loaded(("begin", ALWAYS), ("09:30", replace(ALWAYS, objective_ratio=0.999)))
        found = Installation(loads, [("09:00", "10:00")]).account()
        assert (found.unplanned, len(found.events)) == (60 * MINUTE, 1)
        assert found.error_budget_seconds == pytest.approx(36)
        assert found.error_budget_remaining_seconds == pytest.approx(36 - 3600)

    def test_a_result_holds_for_the_interval_in_force_when_it_came(self) -> None:
        # Failing every 30 s up to 09:59:30, which holds until 10:00:30; from 09:59:45 on a probe comes every 5 minutes: the one
        # that was due at 10:00 fails still, and holds for ten minutes: its success at 10:05 ends the run. Nothing was unobserved.
        slower = {"begin": (ALWAYS, 30 * SECOND), "09:59:45": (ALWAYS, 5 * MINUTE)}
        found = Installation(slower, [("09:30", "10:01")]).account()
        assert (found.unplanned, found.unobserved) == (35 * MINUTE, timedelta())
        # The other way round: what came at 10:00 holds for ten minutes although the interval is 30 s from 10:02 on.
        faster = {"begin": (ALWAYS, 5 * MINUTE), "10:02": (ALWAYS, 30 * SECOND)}
        assert Installation(faster, [("09:30", "10:01")]).account().unobserved == timedelta()


MIDDAY = RecurringWindow("midday", 11 * 60, 13 * 60)  # 09:00-11:00 UTC in Oslo, 11:00-13:00 in UTC
WITH_WINDOW = Policy(recurring=(MIDDAY,))


class TestInTheMiddleOfAMaintenanceWindow:
    @pytest.mark.contract("nightly-maintenance")
    @pytest.mark.parametrize(
        ("before", "later", "maintenance", "unplanned", "planned"),
        [
            # Down from 09:40 to 10:20, changed at 10:00.
            pytest.param(WITH_WINDOW, ALWAYS, 60, 20, 20, id="taken away: 09:00-10:00 stays"),
            pytest.param(ALWAYS, WITH_WINDOW, 60, 20, 20, id="added: 10:00-11:00 counts"),
            pytest.param(
                WITH_WINDOW, replace(WITH_WINDOW, objective_ratio=0.999), 120, 0, 40, id="kept: 09:00-11:00, undivided"
            ),
            # The new window is 10:30-11:30 UTC: 09:00-10:00 and 10:30-11:30
            pytest.param(
                WITH_WINDOW, Policy(recurring=(RecurringWindow("midday", 750, 810),)), 120, 20, 20, id="moved"
            ),
            # 11:00-13:00 by the clock is 11:00-13:00 UTC: 09:00-10:00, and 11:00-12:00 up to the end
            pytest.param(
                WITH_WINDOW, replace(WITH_WINDOW, timezone=ZoneInfo("UTC")), 120, 20, 20, id="another time zone"
            ),
        ],
    )
    def test_each_second_is_judged_by_the_policy_of_its_time(
        self, before: Policy, later: Policy, maintenance: int, unplanned: int, planned: int
    ) -> None:
        found = Installation(loaded(("begin", before), ("10:00", later)), [("09:40", "10:20")]).account()
        assert found.maintenance == maintenance * MINUTE
        assert (found.unplanned, found.planned) == (unplanned * MINUTE, planned * MINUTE)
        assert [each.duration for each in found.events] == [40 * MINUTE]

    def test_what_the_report_says_of_the_month_is_judged_so_too_and_says_that_it_changed(self) -> None:
        installation = Installation(loaded(("begin", WITH_WINDOW), ("10:00", ALWAYS)), [("09:40", "10:20")])
        report = month_report(installation.book, Month(2026, 6), {})
        ((change,), (service,)) = report.policy_changes, report.services
        assert (change.at, [each.key for each in change.settings]) == (at("10:00"), ["maintenance.recurring"])
        # From 10 June 08:00 to 30 June 22:00 UTC are 494 hours, one of them maintenance: 0.005 x 493 x 3600 s
        assert service.figures.error_budget_seconds == 8874
