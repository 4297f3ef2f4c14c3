"""The product's account against a model of it that shares no code, and what must hold of every account.

`SESAM_SLO_EXAMPLES=20000` runs that many random examples of each property, new ones every time.
"""

import os

import pytest
from brute_force import account
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scenarios import CONTRACT, Scenario
from strategies import CLOCK_CHANGES, policies, recurring_windows, scenarios

DEEP = os.environ.get("SESAM_SLO_EXAMPLES")


def examples(number):
    return settings(
        max_examples=int(DEEP) if DEEP else number,
        derandomize=DEEP is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def modelled(scenario):
    return account(scenario.policy, scenario.services, scenario.results, scenario.start, scenario.end)


def differences(got, want, path="$"):
    """Every place where two answers are not the same, one line each; numbers may differ by 1e-9."""
    if isinstance(want, dict) and isinstance(got, dict):
        return [
            line
            for key in sorted(want.keys() | got.keys())
            for line in differences(got.get(key, "absent"), want.get(key, "absent"), f"{path}.{key}")
        ]
    if isinstance(want, list) and isinstance(got, list) and len(got) == len(want):
        return [
            line
            for number, pair in enumerate(zip(got, want, strict=True))
            for line in differences(*pair, f"{path}[{number}]")
        ]
    if _is_number(want) and _is_number(got):
        return [] if abs(got - want) <= 1e-9 * max(1, abs(want)) else [f"{path}: {got}, the model says {want}"]
    return [] if got == want else [f"{path}: {got}, the model says {want}"]


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


@examples(300)
@given(scenarios())
def test_every_figure_is_the_models(scenario):
    assert differences(scenario.replayed(), modelled(scenario)) == []


@examples(60)
@given(
    st.sampled_from(CLOCK_CHANGES).flatmap(
        lambda place: st.tuples(
            st.just(place),
            st.lists(recurring_windows(place[0], int(place[1].timestamp()), ["svc"]), min_size=1, max_size=3),
        )
    ),
    st.integers(0, 36_000),
    st.integers(1, 43_200),
)
def test_maintenance_is_what_the_clock_on_the_wall_shows_when_it_is_changed(windows, before, length):
    (zone, change), recurring = windows
    start = int(change.timestamp()) - before
    policy = CONTRACT | {"timezone": zone, "recurring": recurring}
    scenario = Scenario({"svc": {"api": 30}}, [(start, "svc", "api", "success")], start, start + length, policy)
    assert differences(scenario.replayed(), modelled(scenario)) == []


@examples(5)
@given(st.data())
def test_maintenance_of_a_whole_week_is_what_the_clock_on_the_wall_shows(data):
    zone, change = data.draw(st.sampled_from(CLOCK_CHANGES))
    middle = int(change.timestamp())
    start, end = middle - 4 * 86_400, middle + 3 * 86_400
    policy = data.draw(policies(zone, middle, ["svc"]))
    scenario = Scenario({"svc": {"api": 30}}, [(start, "svc", "api", "success")], start, end, policy)
    assert differences(scenario.replayed(), modelled(scenario)) == []


CONSERVED = ("agreed_seconds", "maintenance_seconds", "unobserved_seconds", "failing_seconds", "error_budget_seconds")


@examples(60)
@given(scenarios(), st.floats(0.001, 0.999))
def test_splitting_a_window_conserves_its_parts(scenario, ratio):
    last = max([scenario.start, *(at for at, *_ in scenario.results)])
    end = min(scenario.end, last)  # beyond the last result, a window's end decides how long an open run is
    middle = scenario.start + int((end - scenario.start) * ratio)
    assume(scenario.start < middle < end)
    whole, left, right = (
        scenario.but(start=start, end=end).replayed()["services"]
        for start, end in ((scenario.start, end), (scenario.start, middle), (middle, end))
    )
    for name in whole:
        for figure in CONSERVED:
            assert left[name][figure] + right[name][figure] == pytest.approx(whole[name][figure], abs=1e-6)
        for kind, seconds in whole[name]["downtime_seconds"].items():
            parts = left[name]["downtime_seconds"][kind] + right[name]["downtime_seconds"][kind]
            assert parts == pytest.approx(seconds, abs=1e-6)


@examples(100)
@given(scenarios())
def test_the_figures_of_an_account_agree_with_each_other(scenario):
    for figures in scenario.replayed()["services"].values():
        unplanned, planned = figures["downtime_seconds"]["unplanned"], figures["downtime_seconds"]["planned"]
        agreed, unobserved = figures["agreed_seconds"], figures["unobserved_seconds"]
        events = figures["downtime"]

        assert agreed + figures["maintenance_seconds"] == scenario.end - scenario.start
        assert unplanned + unobserved <= agreed
        assert planned <= figures["maintenance_seconds"]
        assert unplanned <= figures["failing_seconds"] <= agreed
        assert sum(event["unplanned_seconds"] for event in events) == unplanned
        assert sum(event["planned_seconds"] for event in events) == planned
        for event in events:
            assert event["duration_seconds"] == event["unplanned_seconds"] + event["planned_seconds"]
            assert event["unobserved_seconds"] <= event["duration_seconds"]
            assert event["ongoing"] == (event["end"] is None)
        assert [event["start"] for event in events] == sorted({event["start"] for event in events})
        if agreed:
            bounds = figures["availability_bounds"]
            ordered = [0, bounds["unobserved_as_down"], bounds["unobserved_as_up"], 1]
            if figures["availability"] is not None:
                ordered.insert(2, figures["availability"])
            assert all(low <= high + 1e-9 for low, high in zip(ordered, ordered[1:], strict=False))


@examples(60)
@given(scenarios())
def test_the_order_in_which_endpoints_are_read_changes_nothing(scenario):
    by_endpoint = sorted(scenario.results, key=lambda result: (result[1], result[2], result[0]))
    assert scenario.but(results=by_endpoint).replayed() == scenario.replayed()


@examples(60)
@given(scenarios())
def test_an_endpoint_that_always_responds_changes_no_figure(scenario):
    instants = [at for at, *_ in scenario.results]
    begin, last = min([scenario.start, *instants]), max([scenario.end, *instants])
    responding = [(at, "svc", "third", "success") for at in range(begin, last, 60)]
    joined = scenario.but(
        services=scenario.services | {"svc": scenario.services["svc"] | {"third": 30}},
        results=sorted(scenario.results + responding),
    )
    assert joined.replayed() == scenario.replayed()


@examples(60)
@given(scenarios())
def test_an_endpoint_more_never_lessens_downtime(scenario):
    endpoints = scenario.services["svc"]
    assume(len(endpoints) > 1)
    least = sorted(endpoints)[0]
    end = max([scenario.end, *(at for at, *_ in scenario.results)])  # both are complete up to the same instant
    fewer = scenario.but(
        services=scenario.services | {"svc": {name: s for name, s in endpoints.items() if name != least}},
        results=[result for result in scenario.results if result[1:3] != ("svc", least)],
        end=end,
    )
    few, all_of_them = fewer.replayed()["services"]["svc"], scenario.but(end=end).replayed()["services"]["svc"]
    assert few["downtime_seconds"]["unplanned"] <= all_of_them["downtime_seconds"]["unplanned"]
    assert few["downtime_seconds"]["planned"] <= all_of_them["downtime_seconds"]["planned"]
    assert few["failing_seconds"] <= all_of_them["failing_seconds"]


@examples(60)
@given(scenarios())
def test_a_service_is_accounted_for_as_if_it_were_alone(scenario):
    end = max([scenario.end, *(at for at, *_ in scenario.results)])
    together = scenario.but(end=end).replayed()["services"]
    for name, endpoints in scenario.services.items():
        alone = scenario.but(
            services={name: endpoints}, results=[result for result in scenario.results if result[1] == name], end=end
        )
        assert alone.replayed()["services"][name] == together[name]


@examples(60)
@given(scenarios())
def test_a_maintenance_window_more_turns_unplanned_into_planned_and_loses_no_downtime(scenario):
    length = scenario.end - scenario.start
    window = {
        "start": scenario.start + length // 3,
        "end": scenario.end - length // 3 + 1,
        "announced_at": scenario.start - 10 * 86_400,
        "services": None,
    }
    more = scenario.but(policy=scenario.policy | {"announced": [*scenario.policy["announced"], window]})
    before, after = scenario.replayed()["services"], more.replayed()["services"]
    for name in before:
        was, has_become = before[name]["downtime_seconds"], after[name]["downtime_seconds"]
        assert has_become["unplanned"] <= was["unplanned"]
        assert sum(has_become.values()) == sum(was.values())
        assert [event["start"] for event in after[name]["downtime"]] == [
            event["start"] for event in before[name]["downtime"]
        ]
