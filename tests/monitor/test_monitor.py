"""The loop: what it probes, what it judges, what it publishes and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bench import DOWN, NOT_SEEN, OK, SECOND, START, Bench, config, endpoint, policy

from sesam_slo.core.model import AnnouncedWindow, Outcome, Reason, Service
from sesam_slo.core.outage import EndpointState


@pytest.mark.contract("ten-minutes")
def test_downtime_begins_at_the_first_failure_and_is_confirmed_after_the_threshold() -> None:
    bench = Bench(config())
    bench.run(5)
    bench.prober.answer = lambda key: DOWN
    failing_from = bench.time.elapsed
    bench.run(9.5)
    assert bench.log() == []
    bench.run(3)
    (event,) = bench.log()
    assert 0 <= (event.start - START).total_seconds() - failing_from <= 1.01
    assert event.end is None
    assert event.reasons == ("timeout",)
    assert bench.now().ongoing() == event

    bench.prober.answer = lambda key: OK
    bench.run(3)
    (event,) = bench.log()
    assert event.end is not None
    assert bench.now().ongoing() is None
    assert bench.now().counters.unplanned == event.end - event.start


@pytest.mark.contract("ten-minutes")
def test_a_run_just_short_of_the_threshold_is_no_downtime() -> None:
    bench = Bench(config())
    bench.run(5)
    bench.prober.answer = lambda key: DOWN
    bench.run(8.9)
    bench.prober.answer = lambda key: OK
    bench.run(5)
    assert bench.log() == []
    assert bench.now().counters.unplanned == timedelta()
    assert 8 * SECOND <= bench.now().counters.failing <= 10 * SECOND


@pytest.mark.contract("log")
def test_a_restart_in_the_middle_of_a_downtime_goes_on_with_one_event_and_counters_that_never_fall() -> None:
    first = Bench(config())
    first.run(5)
    first.prober.answer = lambda key: DOWN
    first.run(15)
    (before,) = first.log()
    counted = first.now().counters

    second = Bench(config(), first.recorded(), first.time)
    for name in ("agreed", "unobserved", "failing", "unplanned", "planned", "excluded"):
        assert getattr(second.now().counters, name) >= getattr(counted, name)
    second.prober.answer = lambda key: DOWN
    second.run(5)
    assert second.log() == []  # nothing new to say of the event
    assert second.now().ongoing() == before
    second.prober.answer = lambda key: OK
    second.run(3)
    (after,) = second.log()
    assert (after.id, after.start) == (before.id, before.start)
    assert after.end is not None


@pytest.mark.contract("monitored")
def test_a_restart_after_a_long_gap_leaves_the_gap_unobserved() -> None:
    first = Bench(config())
    first.run(10)
    agreed = first.now().counters.agreed
    first.time.elapsed += 100
    second = Bench(config(), first.recorded(), first.time)
    second.run(5)
    counters = second.now().counters
    assert counters.agreed - agreed == pytest.approx(105 * SECOND, abs=SECOND)
    assert counters.unobserved >= 97 * SECOND
    (silence,) = [each for each in second.ledger.silences if each.end - each.start > 90 * SECOND]
    assert silence.endpoint == "api"


def test_nothing_is_published_before_it_is_durable() -> None:
    bench = Bench(config())
    bench.run(3)
    bench.durable = False
    bench.prober.answer = lambda key: DOWN
    held = bench.now().counters
    bench.run(12)
    assert bench.now().ongoing() is None
    assert bench.now().counters.failing == held.failing
    horizon = bench.service().horizon
    assert (bench.clock.now() - horizon).total_seconds() > 10  # the account stands where the ledger does
    bench.published.settle(10**9)
    assert bench.now().ongoing() is not None


@pytest.mark.parametrize("others", [OK, DOWN])
def test_a_hanging_probe_holds_back_only_its_own_account(others: tuple) -> None:
    slow, quick = Service("slow", (endpoint("api"),)), Service("quick", (endpoint("api"),))
    bench = Bench(config(slow, quick))
    bench.run(3)
    bench.prober.answer = lambda key: None if key[0] == "slow" else others
    bench.run(20)
    assert bench.clock.now() - bench.service("slow").horizon > 18 * SECOND
    assert bench.clock.now() - bench.service("quick").horizon < 2 * SECOND
    assert bench.prober.started.count(("quick", "api")) >= 20


class TestControlTargets:
    def bench(self) -> Bench:
        return Bench(config(control_targets=("https://one.example", "https://two.example")))

    def controls(self, bench: Bench) -> list:
        return [key for key in bench.prober.started if key[0] == "control"]

    def test_are_not_asked_while_everything_succeeds(self) -> None:
        bench = self.bench()
        bench.run(20)
        assert self.controls(bench) == []

    @pytest.mark.contract("monitored")
    def test_make_a_failure_unobserved_when_all_of_them_fail_too(self) -> None:
        bench = self.bench()
        bench.run(3)
        bench.prober.answer = lambda key: DOWN
        bench.run(20)
        assert bench.log() == []
        assert bench.service().last_probes["api"].outcome is Outcome.UNOBSERVED
        assert bench.service().last_probes["api"].reason is Reason.CONTROL
        assert bench.now().counters.failing == timedelta()
        assert bench.now().counters.unobserved >= 17 * SECOND

    def test_any_answer_of_one_of_them_makes_it_a_failure(self) -> None:
        bench = self.bench()
        bench.run(3)
        bench.prober.answer = lambda key: (
            (Outcome.FAILURE, Reason.HTTP_STATUS, 503) if key == ("control", "https://two.example") else DOWN
        )
        bench.run(13)
        assert len(bench.log()) == 1

    def test_are_asked_at_most_once_an_interval(self) -> None:
        bench = self.bench()
        bench.prober.answer = lambda key: DOWN
        bench.run(20)
        assert 2 * 3 <= len(self.controls(bench)) <= 2 * 5

    def test_hold_a_failure_back_until_they_have_answered(self) -> None:
        bench = self.bench()
        bench.run(3)
        bench.prober.answer = lambda key: None if key[0] == "control" else DOWN
        bench.run(5)
        assert bench.service().last_probes["api"].outcome is Outcome.SUCCESS
        assert bench.clock.now() - bench.service().horizon >= 4 * SECOND


@pytest.mark.contract("monitored")
def test_unobserved_results_are_no_failures_and_end_the_hold() -> None:
    bench = Bench(config())
    bench.run(3)
    bench.prober.answer = lambda key: NOT_SEEN
    bench.run(15)
    assert bench.log() == []
    assert bench.now().counters.unobserved >= 14 * SECOND


class TestReload:
    def test_a_new_service_begins_its_account_at_the_reload(self) -> None:
        bench = Bench(config())
        bench.run(10)
        bench.monitor.reload(config(Service("svc", (endpoint("api"),)), Service("new", (endpoint("api"),))))
        bench.run(5)
        assert bench.service("new").since - START >= 10 * SECOND
        assert 3 * SECOND <= bench.now("new").counters.agreed <= 6 * SECOND
        assert bench.now().counters.agreed >= 14 * SECOND

    def test_a_removed_endpoint_ends_its_failing_run_there(self) -> None:
        both = Service("svc", (endpoint("api"), endpoint("ui")))
        bench = Bench(config(both))
        bench.run(3)
        bench.prober.answer = lambda key: DOWN if key[1] == "ui" else OK
        bench.run(15)
        assert bench.now().ongoing() is not None
        bench.monitor.reload(config(Service("svc", (endpoint("api"),))))
        bench.run(3)
        (event,) = bench.log()
        assert event.end == pytest.approx(START + 18 * SECOND, abs=SECOND)
        assert bench.now().ongoing() is None

    def test_a_service_that_comes_back_goes_on_counting_without_the_time_between(self) -> None:
        two = (Service("svc", (endpoint("api"),)), Service("other", (endpoint("api"),)))
        bench = Bench(config(*two))
        bench.run(10)
        counted = bench.now().counters.agreed
        bench.monitor.reload(config(two[1]))
        bench.run(30)
        bench.monitor.reload(config(*two))
        bench.run(2)
        assert counted <= bench.now().counters.agreed <= counted + 4 * SECOND

    def test_a_changed_threshold_judges_runs_that_begin_after_it(self) -> None:
        bench = Bench(config())
        bench.run(3)
        bench.prober.answer = lambda key: DOWN
        bench.run(5)
        bench.monitor.reload(config(policy=policy(downtime_after=4 * SECOND)))
        bench.run(3)
        assert bench.log() == []  # this run began under ten seconds
        bench.prober.answer = lambda key: OK
        bench.run(3)
        bench.prober.answer = lambda key: DOWN
        bench.run(6)
        assert len(bench.log()) == 1
        assert len(bench.ledger.policies) == 2


def test_a_result_that_is_not_later_than_the_last_one_is_left_out() -> None:
    bench = Bench(config())
    bench.run(5)
    state = bench.now().endpoints["api"]
    assert isinstance(state, EndpointState)
    at = state.last_at
    bench.time.elapsed -= 3  # the wall and the monotonic clock of the bench are one: a restart with a clock set back
    second = Bench(config(), bench.recorded(), bench.time)
    second.run(2)
    assert second.now().endpoints["api"].last_at >= at


def test_an_event_that_began_in_agreed_time_stays_active_through_maintenance_and_one_begun_inside_is_an_overrun() -> (
    None
):
    window = AnnouncedWindow("w", START + 20 * SECOND, START + 40 * SECOND, START - timedelta(hours=72))
    early, late = Service("early", (endpoint("api"),)), Service("late", (endpoint("api"),))
    bench = Bench(config(early, late, policy=policy(announced=(window,))))
    bench.run(5)
    bench.prober.answer = lambda key: DOWN if key[0] == "early" else OK
    bench.run(20)
    bench.prober.answer = lambda key: DOWN

    def active() -> dict[str, tuple[bool, bool]]:
        from sesam_slo.core.service import unplanned_active

        view = bench.published.view()
        return {name: unplanned_active(bench.now(name), view.at, view.maintenance) for name in ("early", "late")}

    bench.run(12)  # 37 s: both are confirmed, inside maintenance
    assert active() == {"early": (True, False), "late": (False, False)}
    bench.run(6)  # 43 s: maintenance is over
    assert active() == {"early": (True, False), "late": (False, True)}
    bench.prober.answer = lambda key: OK
    bench.run(3)
    assert active() == {"early": (False, False), "late": (False, False)}
    counters = bench.now("early").counters
    assert counters.planned == 20 * SECOND
    assert bench.now("late").counters.planned < 16 * SECOND
    assert replace(counters, planned=timedelta()).excluded == timedelta()
