"""The product's account against a model of it that shares no code, and what must hold of every account.

`SESAM_SLO_EXAMPLES=20000` runs that many random examples of each property, new ones every time.
"""

import itertools
import os
import random

import pytest
from brute_force import account
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scenarios import CONTRACT, Scenario
from strategies import CLOCK_CHANGES, recurring_window, scenario, scenarios

DEEP = os.environ.get("SESAM_SLO_EXAMPLES")
NEW = os.urandom(4).hex() if DEEP else ""  # what chance starts from: the same in every ordinary run


def examples(number):
    return settings(
        max_examples=int(DEEP) if DEEP else number,
        derandomize=DEEP is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def modelled(asked):
    return account(asked.policy, asked.services, asked.results, asked.start, asked.end)


def assert_the_models_answer(asked):
    found = differences(asked.replayed(), modelled(asked))
    assert not found, "\n".join([*found, repr(asked)])


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


@pytest.mark.contract("availability")
@examples(150)
@given(scenarios())
def test_every_figure_is_the_models(asked):
    assert_the_models_answer(asked)


@pytest.mark.parametrize("seed", range(int(DEEP or 200)))
def test_every_figure_is_the_models_wherever_chance_leads(seed):
    asked = scenario(random.Random(f"{NEW}{seed}"))
    assert_the_models_answer(asked)


@pytest.mark.contract("nightly-maintenance")
@pytest.mark.parametrize(("zone", "change"), CLOCK_CHANGES, ids=[f"{zone} {at:%d %B}" for zone, at in CLOCK_CHANGES])
@pytest.mark.parametrize("seed", range(int(DEEP or 10)))
def test_maintenance_is_what_the_clock_on_the_wall_shows_when_it_is_changed(zone, change, seed):
    rng = random.Random(f"{NEW}{seed}")
    near = int(change.timestamp())
    windows = [recurring_window(rng, zone, near, ["svc"]) for _ in range(rng.randint(1, 3))]
    start = near - rng.randint(0, 36_000)
    asked = Scenario(
        services={"svc": {"api": 30}},
        results=[(start, "svc", "api", "success")],
        start=start,
        end=start + rng.randint(1, 43_200),
        policy=CONTRACT | {"timezone": zone, "recurring": windows},
    )
    assert_the_models_answer(asked)


@pytest.mark.parametrize(("zone", "change"), CLOCK_CHANGES[:3], ids=[f"{z} {at:%d %B}" for z, at in CLOCK_CHANGES[:3]])
def test_maintenance_of_a_whole_week_is_what_the_clock_on_the_wall_shows(zone, change):
    near = int(change.timestamp())
    start, end = near - 4 * 86_400, near + 3 * 86_400
    rng = random.Random(str(change))
    windows = [recurring_window(rng, zone, near, ["svc"]) for _ in range(3)]
    asked = Scenario(
        services={"svc": {"api": 30}},
        results=[(start, "svc", "api", "success")],
        start=start,
        end=end,
        policy=CONTRACT | {"timezone": zone, "recurring": windows},
    )
    assert_the_models_answer(asked)


CONSERVED = ("agreed_seconds", "maintenance_seconds", "unobserved_seconds", "failing_seconds", "error_budget_seconds")


@examples(60)
@given(scenarios(), st.floats(0.001, 0.999))
def test_splitting_a_window_conserves_its_parts(asked, ratio):
    last = max([asked.start, *(at for at, *_ in asked.results)])
    end = min(asked.end, last)  # beyond the last result, a window's end decides how long an open run is
    middle = asked.start + int((end - asked.start) * ratio)
    assume(asked.start < middle < end)
    whole, left, right = (
        asked.but(start=start, end=end).replayed()["services"]
        for start, end in ((asked.start, end), (asked.start, middle), (middle, end))
    )
    for name in whole:
        for figure in CONSERVED:
            assert left[name][figure] + right[name][figure] == pytest.approx(whole[name][figure], abs=1e-6)
        for kind, seconds in whole[name]["downtime_seconds"].items():
            parts = left[name]["downtime_seconds"][kind] + right[name]["downtime_seconds"][kind]
            assert parts == pytest.approx(seconds, abs=1e-6)


@pytest.mark.contract("availability")
@examples(100)
@given(scenarios())
def test_the_figures_of_an_account_agree_with_each_other(asked):
    for figures in asked.replayed()["services"].values():
        unplanned, planned = figures["downtime_seconds"]["unplanned"], figures["downtime_seconds"]["planned"]
        agreed, unobserved = figures["agreed_seconds"], figures["unobserved_seconds"]
        events = figures["downtime"]

        assert agreed + figures["maintenance_seconds"] == asked.end - asked.start
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
            assert all(low <= high + 1e-9 for low, high in itertools.pairwise(ordered))


@examples(60)
@given(scenarios())
def test_the_order_in_which_endpoints_are_read_changes_nothing(asked):
    by_endpoint = sorted(asked.results, key=lambda result: (result[1], result[2], result[0]))
    assert asked.but(results=by_endpoint).replayed() == asked.replayed()


@examples(60)
@given(scenarios())
def test_an_endpoint_that_always_responds_changes_no_figure(asked):
    instants = [at for at, *_ in asked.results]
    begin, last = min([asked.start, *instants]), max([asked.end, *instants])
    responding = [(at, "svc", "third", "success") for at in range(begin, last, 60)]
    joined = asked.but(
        services=asked.services | {"svc": asked.services["svc"] | {"third": 30}},
        results=sorted(asked.results + responding),
    )
    assert joined.replayed() == asked.replayed()


@pytest.mark.contract("api-or-ui")
@examples(60)
@given(scenarios())
def test_an_endpoint_more_never_lessens_downtime(asked):
    endpoints = asked.services["svc"]
    assume(len(endpoints) > 1)
    least = sorted(endpoints)[0]
    end = max([asked.end, *(at for at, *_ in asked.results)])  # both are complete up to the same instant
    fewer = asked.but(
        services=asked.services | {"svc": {name: s for name, s in endpoints.items() if name != least}},
        results=[result for result in asked.results if result[1:3] != ("svc", least)],
        end=end,
    )
    few, all_of_them = fewer.replayed()["services"]["svc"], asked.but(end=end).replayed()["services"]["svc"]
    assert few["downtime_seconds"]["unplanned"] <= all_of_them["downtime_seconds"]["unplanned"]
    assert few["downtime_seconds"]["planned"] <= all_of_them["downtime_seconds"]["planned"]
    assert few["failing_seconds"] <= all_of_them["failing_seconds"]


@examples(60)
@given(scenarios())
def test_a_service_is_accounted_for_as_if_it_were_alone(asked):
    end = max([asked.end, *(at for at, *_ in asked.results)])
    together = asked.but(end=end).replayed()["services"]
    for name, endpoints in asked.services.items():
        alone = asked.but(
            services={name: endpoints}, results=[result for result in asked.results if result[1] == name], end=end
        )
        assert alone.replayed()["services"][name] == together[name]


@examples(60)
@given(scenarios())
def test_a_maintenance_window_more_turns_unplanned_into_planned_and_loses_no_downtime(asked):
    length = asked.end - asked.start
    window = {
        "start": asked.start + length // 3,
        "end": asked.end - length // 3 + 1,
        "announced_at": asked.start - 10 * 86_400,
        "services": None,
    }
    more = asked.but(policy=asked.policy | {"announced": [*asked.policy["announced"], window]})
    before, after = asked.replayed()["services"], more.replayed()["services"]
    for name in before:
        was, has_become = before[name]["downtime_seconds"], after[name]["downtime_seconds"]
        assert has_become["unplanned"] <= was["unplanned"]
        assert sum(has_become.values()) == sum(was.values())
        assert [event["start"] for event in after[name]["downtime"]] == [
            event["start"] for event in before[name]["downtime"]
        ]
