"""Support cases as they are published: those of the ledger at the start, and what people write of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bench import START, Bench, config

from sesam_slo.core.case import Levelled
from sesam_slo.core.entry import Log
from sesam_slo.core.history import CaseChange, Recorded
from sesam_slo.core.view import View

HOUR = timedelta(hours=1)
REPORT = {"service": "svc", "reported_at": "2026-06-10T08:00:00Z", "customer_class": "partner", "level": "A"}


def said(case: str, hours: int = 0, **change: Any) -> CaseChange:
    return CaseChange(case, START + hours * HOUR, "kari", "", change)


def view_of(bench: Bench) -> View:
    bench.run(0.1)
    view = bench.published.view()
    assert view is not None
    return view


def test_those_of_the_ledger_are_there_from_the_start() -> None:
    bench = Bench(config(), Recorded(cases=(said("one", **REPORT), said("one", 1, level="B"))))
    case = view_of(bench).cases["one"]
    assert (case.service, case.level) == ("svc", "B")
    assert case.levels == (Levelled(START - HOUR, "A"), Levelled(START + HOUR, "B"))


def test_what_people_write_is_followed_and_a_view_keeps_what_it_was_given() -> None:
    bench = Bench(config(), Recorded(cases=(said("one", **REPORT),)))
    before = view_of(bench)
    earlier = REPORT | {"reported_at": "2026-06-10T07:00:00Z"}
    bench.published.follow(Log(), (), (said("two", **earlier), said("one", started_at="2026-06-10T08:30:00Z")))
    after = view_of(bench)
    assert list(after.cases) == ["two", "one"]
    assert after.cases["one"].started_at == START - HOUR / 2
    assert (list(before.cases), before.cases["one"].started_at) == (["one"], None)


def test_the_same_told_twice_is_one_change() -> None:
    bench = Bench(config(), Recorded(cases=(said("one", **REPORT),)))
    for _ in range(2):
        bench.published.follow(Log(), (), (said("one", 1, level="B"),))
    assert [each.level for each in view_of(bench).cases["one"].levels] == ["A", "B"]


def test_a_ledger_with_cases_of_another_making_is_refused() -> None:
    with pytest.raises(ValueError, match="no field of a case: colour"):
        Bench(config(), Recorded(cases=(said("one", **REPORT, colour="red"),)))
