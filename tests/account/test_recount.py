"""The stateful test's model against the other one, `brute_force`, which walks second by second; they share no code."""

from __future__ import annotations

import random
from typing import Any

import pytest
from brute_force import account
from raw_history import EVERYBODY, History, Window
from recount import Recount

from strategies import scenario

NAMES = {"svc": "alpha", "other": "beta"}


def named(services: Any) -> Any:
    return None if services is None else [NAMES[name] for name in services]


@pytest.mark.parametrize("seed", range(30))
def test_both_models_say_the_same(seed: int) -> None:
    asked = scenario(random.Random(seed))
    first = min([asked.start, *(at for at, *_ in asked.results)])
    last = max([asked.end, *(at for at, *_ in asked.results)])
    recurring = [window | {"services": named(window["services"])} for window in asked.policy["recurring"]]
    history = History()
    services = {NAMES[name]: tuple(endpoints) for name, endpoints in asked.services.items()}
    history.configured(asked.policy | {"recurring": recurring}, services, {}, first)
    for number, window in enumerate(asked.policy["announced"]):
        concerned = frozenset(named(window["services"]) or EVERYBODY)
        history.by_file[str(number)] = Window()
        history.by_file[str(number)].become(
            window["start"], window["end"], concerned, window["announced_at"], window["announced_at"]
        )
    for at, name, endpoint, outcome in sorted(asked.results):
        history.result(NAMES[name], endpoint, at, outcome, 2 * asked.services[name][endpoint])

    expected = account(asked.policy, asked.services, asked.results, asked.start, asked.end)
    for name, endpoints in asked.services.items():
        model = Recount(history, NAMES[name], dict.fromkeys(endpoints, last), {})
        found, wanted = (
            model.figures([(asked.start, asked.end)], [(asked.start, asked.end)]),
            expected["services"][name],
        )
        bounds = wanted["availability_bounds"]
        assert {
            "agreed": wanted["agreed_seconds"],
            "maintenance": wanted["maintenance_seconds"],
            "unobserved": wanted["unobserved_seconds"],
            "failing": wanted["failing_seconds"],
            "availability": wanted["availability"],
            "unobserved_as_up": bounds["unobserved_as_up"],
            "unobserved_as_down": bounds["unobserved_as_down"],
            **wanted["downtime_seconds"],
        }.items() <= found.items()
        assert found["budget"] == pytest.approx(wanted["error_budget_seconds"])
        events = model.events(asked.start, asked.end)
        assert [list(each.values()) for each in events.values()] == [
            [each[f"{what}_seconds"] for what in ("unplanned", "planned", "excluded", "duration", "unobserved")]
            for each in wanted["downtime"]
        ]
