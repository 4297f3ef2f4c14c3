"""The metrics of support cases: what each says, and that what is kept from scrape to scrape changes nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bench import config as bench_config
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sesam_slo.collector import CaseMetrics
from sesam_slo.collector.families import Families
from sesam_slo.core import names
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.case import Case, Levelled
from sesam_slo.core.deadlines import CaseClock, SupportRules
from sesam_slo.core.model import BusinessHours, Cause, Config, Policy
from sesam_slo.core.names import Metric
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.public_holidays import is_holiday

OSLO = ZoneInfo("Europe/Oslo")
CALENDARS = BusinessCalendars(is_holiday)
HOUR = 3600

Labels = tuple[str, ...]
Samples = dict[tuple[str, Labels], float]


def june(day: int, hour: int = 8, minute: int = 0, second: int = 0) -> datetime:
    """Of 2026, a month without holidays; the 8th is a Monday."""
    return datetime(2026, 6, day, hour, minute, second, tzinfo=OSLO).astimezone(UTC)


MONDAY = june(8)


def case(id: str = "c-1", level: str = "A", reported_at: datetime = MONDAY, **said: Any) -> Case:
    levels = (Levelled(reported_at, level),)
    return Case(
        **{
            "id": id,
            "service": "svc",
            "reported_at": reported_at,
            "customer_class": "partner",
            "levels": levels,
            **said,
        }
    )


class Exporter:
    """Scraped again and again, as one process is."""

    def __init__(self, config: Config | None = None, policies: PolicyTimeline | None = None) -> None:
        self.config = config or replace(bench_config(), policy=Policy())
        self.policies = policies or PolicyTimeline.always(self.config.policy)
        self._metrics = CaseMetrics(lambda: None, CALENDARS)

    def scrape(self, cases: Mapping[str, Case], at: datetime) -> Samples:
        families = Families()
        self._metrics.add(families, cases, self.config, self.policies, at)
        text = "".join(families.render(openmetrics=False))
        return {
            (sample.name, tuple(sample.labels[name] for name in names.METRICS[sample.name].labels)): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def of(self, *cases: Case, at: datetime) -> Samples:
        return self.scrape({each.id: each for each in cases}, at)


def values(samples: Samples, metric: Metric) -> dict[Labels, float]:
    return {labels: value for (name, labels), value in samples.items() if name == metric.name}


def clocks(samples: Samples, metric: Metric) -> dict[str, float]:
    """Of the one case there is, by clock."""
    return {labels[-1]: value for labels, value in values(samples, metric).items()}


def test_every_configured_level_and_class_has_its_number_of_open_cases() -> None:
    closed, withdrawn = case("c-2", fixed_at=june(9)), case("c-3", withdrawn=True)
    found = values(Exporter().of(case(), closed, withdrawn, at=june(10)), names.CASE_OPEN)
    assert found == {
        ("svc", level, customer_class): float((level, customer_class) == ("A", "partner"))
        for level in "ABC"
        for customer_class in ("partner", "user")
    }


def test_a_case_of_a_service_that_is_configured_no_more_is_open_until_it_is_closed() -> None:
    found = values(Exporter().of(case(service="gone"), at=june(10)), names.CASE_OPEN)
    assert found["gone", "A", "partner"] == 1


@pytest.mark.contract("reaction-time", "correction-time")
def test_running_clocks_say_when_they_are_due_and_what_is_used_and_left() -> None:
    found = Exporter().of(case(), at=june(9, 10))
    assert clocks(found, names.CASE_DEADLINE) == {
        "reaction": june(8, 16).timestamp(),
        "workaround": june(10, 16).timestamp(),
        "fix": june(19, 16).timestamp(),
    }
    assert clocks(found, names.CASE_SECONDS_USED) == {"reaction": 10 * HOUR, "workaround": 10 * HOUR, "fix": 10 * HOUR}
    assert clocks(found, names.CASE_SECONDS_LEFT) == {"reaction": -2 * HOUR, "workaround": 14 * HOUR, "fix": 70 * HOUR}
    assert clocks(found, names.CASE_BREACHED) == {"reaction": 1, "workaround": 0, "fix": 0}


@pytest.mark.contract("business-hours")
def test_outside_business_hours_they_stand_still() -> None:
    exporter, cases = Exporter(), {"c-1": case(reported_at=june(5, 12))}
    friday, monday = exporter.scrape(cases, june(5, 16)), exporter.scrape(cases, june(8, 8))
    for metric in (names.CASE_SECONDS_USED, names.CASE_SECONDS_LEFT):
        assert values(friday, metric) == values(exporter.scrape(cases, june(6, 12)), metric) == values(monday, metric)
    assert clocks(exporter.scrape(cases, june(8, 8, 0, 1)), names.CASE_SECONDS_LEFT)["reaction"] == 4 * HOUR - 1


def test_a_deadline_is_missed_after_its_instant_though_no_business_time_passes_then() -> None:
    exporter, cases = Exporter(), {"c-1": case()}
    at, after = exporter.scrape(cases, june(8, 16)), exporter.scrape(cases, june(8, 16, 0, 1))
    assert [clocks(each, names.CASE_BREACHED)["reaction"] for each in (at, after)] == [0, 1]
    assert clocks(after, names.CASE_SECONDS_LEFT)["reaction"] == 0


def test_less_than_a_second_overdue_is_overdue() -> None:
    moment = june(9) + timedelta(milliseconds=400)
    found = Exporter().of(case(), at=moment)
    assert clocks(found, names.CASE_SECONDS_LEFT)["reaction"] == -1
    assert clocks(found, names.CASE_SECONDS_USED)["reaction"] == 8 * HOUR


def test_a_clock_that_stopped_in_time_is_gone_and_one_that_stopped_late_stays_missed_until_the_case_is_closed() -> None:
    exporter = Exporter()
    in_time = exporter.of(case(started_at=june(8, 15)), at=june(9))
    assert (
        set(clocks(in_time, names.CASE_DEADLINE)) == set(clocks(in_time, names.CASE_BREACHED)) == {"workaround", "fix"}
    )
    late = exporter.of(case(started_at=june(9, 9)), at=june(9, 10))
    assert set(clocks(late, names.CASE_DEADLINE)) == {"workaround", "fix"}
    assert clocks(late, names.CASE_BREACHED) == {"reaction": 1, "workaround": 0, "fix": 0}
    assert clocks(exporter.of(case(fixed_at=june(9, 9)), at=june(9, 10)), names.CASE_BREACHED) == {}


@pytest.mark.contract("levels")
def test_what_a_former_level_missed_shows_at_the_level_that_the_case_has() -> None:
    moved = case(levels=(Levelled(june(8), "A"), Levelled(june(9, 10), "B")))
    found = Exporter().of(moved, at=june(9, 12))
    assert values(found, names.CASE_BREACHED) == {
        ("svc", "c-1", "B", "partner", "reaction"): 1,
        ("svc", "c-1", "B", "partner", "workaround"): 0,
    }
    assert clocks(found, names.CASE_SECONDS_LEFT)["reaction"] == 4 * HOUR


@pytest.mark.contract("no-requirements")
def test_what_is_not_the_services_error_has_no_clocks_and_asks_whether_the_supplier_was_told() -> None:
    environments = case(cause=Cause.OPERATING_ENVIRONMENT)
    found = Exporter().of(environments, case("c-2", cause=Cause.CUSTOMER), at=june(30))
    assert values(found, names.CASE_SUPPLIER_NOT_TOLD) == {("svc", "c-1"): 1}
    assert sum(values(found, names.CASE_OPEN).values()) == 2
    for metric in (names.CASE_DEADLINE, names.CASE_BREACHED, names.CASE_TARGETS):
        assert values(found, metric) == {}
    told = Exporter().of(replace(environments, supplier_told_at=june(9)), at=june(30))
    assert values(told, names.CASE_SUPPLIER_NOT_TOLD) == {}


def test_targets_of_the_cases_of_this_month_and_the_last_are_counted_by_result() -> None:
    may = datetime(2026, 5, 31, 23, 30, tzinfo=OSLO).astimezone(UTC)
    cases = (
        case("running", reported_at=june(8)),
        case("late", reported_at=june(1), started_at=june(3), fixed_at=june(3)),
        case("mays", reported_at=may, started_at=june(1, 9), fixed_at=june(1, 10)),
        case("aprils", reported_at=may - timedelta(days=40)),
    )
    exporter = Exporter()
    found = values(exporter.of(*cases, at=june(8, 12)), names.CASE_TARGETS)

    def of(window: str, clock: str) -> list[float]:
        return [found["svc", window, "A", "partner", clock, result] for result in ("met", "missed", "running")]

    assert of("month", "reaction") == [0, 1, 1]
    assert of("month", "workaround") == of("month", "fix") == [1, 0, 1]
    assert of("previous_month", "reaction") == of("previous_month", "fix") == [1, 0, 0]
    assert len(found) == 2 * 3 * 3
    found = values(exporter.of(*cases, at=june(9)), names.CASE_TARGETS)
    assert of("month", "reaction") == [0, 2, 0]
    found = values(exporter.of(*cases, at=datetime(2026, 7, 1, tzinfo=OSLO).astimezone(UTC)), names.CASE_TARGETS)
    assert {labels[1] for labels in found} == {"previous_month"}
    assert of("previous_month", "reaction") == [0, 2, 0]


def test_of_a_closed_case_nothing_but_its_targets_is_published() -> None:
    found = Exporter().of(case(started_at=june(8, 9), fixed_at=june(9), cause=Cause.SESAM), at=june(9, 9))
    assert {name for name, _ in found} == {names.CASE_OPEN.name, names.CASE_TARGETS.name}
    assert sum(values(found, names.CASE_OPEN).values()) == 0


def test_labels_survive_any_character() -> None:
    id = '100 % "Åse" & <b>\\\n%d'
    found = Exporter().of(case(id), at=june(8, 9))
    assert {labels[1] for labels in values(found, names.CASE_SECONDS_LEFT)} == {id}
    assert {labels[1] for labels in values(found, names.CASE_BREACHED)} == {id}


def test_a_new_policy_leaves_alone_what_was_reported_before() -> None:
    exporter = Exporter()
    before = exporter.of(case(), at=june(8, 12))
    shorter = Policy(business=BusinessHours(start_minute=9 * 60))
    exporter.config = replace(exporter.config, policy=shorter)
    exporter.policies = PolicyTimeline(((june(1), Policy()), (june(8, 12), shorter)))
    after = exporter.of(case(), case("c-2", reported_at=june(9, 8)), at=june(8, 12))
    for metric in (names.CASE_DEADLINE, names.CASE_SECONDS_LEFT, names.CASE_SECONDS_USED):
        assert values(before, metric).items() <= values(after, metric).items()
    assert values(after, names.CASE_DEADLINE)["svc", "c-2", "A", "partner", "reaction"] == june(10, 10).timestamp()


# --- whatever is kept: at every instant the samples are those of `core.deadlines`


FAR = june(1) + timedelta(days=3000)


def model(exporter: Exporter, cases: Mapping[str, Case], at: datetime) -> Samples:
    """The same by the rules alone, from nothing."""
    support = exporter.config.policy.support
    found: defaultdict[tuple[str, Labels], float] = defaultdict(float)
    for service in exporter.config.services:
        for level in support.level_names:
            for customer_class in support.classes:
                found[names.CASE_OPEN.name, (service.name, level, customer_class)] = 0
    for each in cases.values():
        if each.open:
            found[names.CASE_OPEN.name, (each.service, each.level, each.customer_class)] += 1
            if each.supplier_missing:
                found[names.CASE_SUPPLIER_NOT_TOLD.name, (each.service, each.id)] = 1
        for clock in SupportRules(exporter.policies, CALENDARS).of(each):
            for sample, value in of_clock(exporter, each, clock, at).items():
                found[sample] += value
    return dict(found)


def of_clock(exporter: Exporter, case: Case, clock: CaseClock, at: datetime) -> Samples:
    found: Samples = {}
    if clock.deadline is None and clock.missed is None:
        return found
    rules, kind = SupportRules(exporter.policies, CALENDARS), (case.level, case.customer_class)
    now, labels = rules.moment(case, at), (case.service, case.id, *kind, clock.clock.value)
    missed, left = clock.breached(now), clock.left(now)
    if case.open and clock.breached(rules.moment(case, FAR)):
        found[names.CASE_BREACHED.name, labels] = int(missed)
    if case.open and clock.runs and clock.deadline is not None and left is not None:
        found[names.CASE_DEADLINE.name, labels] = clock.deadline.timestamp()
        found[names.CASE_SECONDS_USED.name, labels] = math.floor(clock.used(now).total_seconds())
        found[names.CASE_SECONDS_LEFT.name, labels] = math.floor(left.total_seconds())
    window = {0: "month", 1: "previous_month"}.get(month(at) - month(case.reported_at))
    if window is not None:
        result = "missed" if missed else "running" if clock.runs else "met"
        for name in ("met", "missed", "running"):
            target = (case.service, window, *kind, clock.clock.value, name)
            found[names.CASE_TARGETS.name, target] = int(name == result)
    return found


def month(at: datetime) -> int:
    local = at.astimezone(OSLO)
    return local.year * 12 + local.month


instants = st.datetimes(datetime(2026, 4, 20), datetime(2026, 7, 10)).map(lambda at: at.replace(tzinfo=UTC))
later = st.one_of(st.none(), st.integers(0, 20 * 24 * 60))


@st.composite
def some_cases(draw: st.DrawFn) -> dict[str, Case]:
    found = {}
    for number in range(draw(st.integers(0, 6))):
        at = draw(instants)

        def then(minutes: int | None, at: datetime = at) -> datetime | None:
            return None if minutes is None else at + timedelta(minutes=minutes)

        levels = [Levelled(at, draw(st.sampled_from("ABC")))]
        if (moved := then(draw(later))) is not None:
            levels.append(Levelled(moved, draw(st.sampled_from("ABC"))))
        id = f"c-{number}"
        found[id] = Case(
            id,
            draw(st.sampled_from(("svc", "gone"))),
            at,
            draw(st.sampled_from(("partner", "user"))),
            tuple(levels),
            started_at=then(draw(later)),
            workaround_at=then(draw(later)),
            fixed_at=then(draw(later)),
            impossible_since=then(draw(later)),
            cause=draw(st.sampled_from(list(Cause))),
            withdrawn=draw(st.booleans()) and draw(st.booleans()),
        )
    return found


@settings(deadline=None, max_examples=150)
@given(some_cases(), some_cases(), st.lists(instants, min_size=1, max_size=6), st.booleans())
def test_what_is_kept_changes_nothing(
    first: dict[str, Case], second: dict[str, Case], at: list[datetime], two_policies: bool
) -> None:
    policies = ((june(1), Policy(business=BusinessHours(start_minute=9 * 60))), (june(3), Policy()))
    exporter = Exporter(policies=PolicyTimeline(policies if two_policies else policies[1:]))
    deadlines = [
        clock.deadline for each in second.values() for clock in SupportRules(exporter.policies, CALENDARS).of(each)
    ]
    moments = [
        *at,
        *(each for each in deadlines if each),
        *(each + timedelta(microseconds=1) for each in deadlines if each),
    ]
    for cases in (first, second, {**first, **second}):
        for moment in moments:
            assert exporter.scrape(cases, moment) == model(exporter, cases, moment)
