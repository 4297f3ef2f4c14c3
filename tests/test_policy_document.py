"""The policy's history in the ledger: a policy comes back from its document as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_slo.config import policy_document, policy_from_document
from sesam_slo.core.model import AlertTimings, AnnouncedWindow, BusinessHours, Policy, RecurringWindow
from sesam_slo.core.points import DowntimeBand, OverrunBand, PointsTable, ReductionBand
from sesam_slo.core.support import Level, Promise, Support, Target, Targets

AT = datetime(2026, 1, 1, tzinfo=UTC)

durations = st.integers(0, 3650 * 86_400_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


def minutes_of(number: int) -> timedelta:
    return timedelta(minutes=number)


windows = st.builds(
    RecurringWindow,
    st.text(min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.none() | st.frozensets(st.text(min_size=1), min_size=1),
)
minutes = st.integers(0, 10_000).map(minutes_of)
business_hours = st.builds(
    BusinessHours,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.sampled_from(["NO", "SE"]),
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 28)), max_size=3).map(tuple),
    st.lists(st.dates(), max_size=3).map(tuple),
    minutes,
)
targets = st.one_of(
    st.sampled_from([each for each in Promise if each is not Promise.WITHIN]).map(Target),
    st.builds(Target, st.just(Promise.WITHIN), st.integers(1, 1000), st.integers(0, 9999 * 60 + 59).map(minutes_of)),
)
supports = st.builds(
    Support,
    st.lists(st.text(min_size=1), min_size=1).map(tuple),
    st.lists(
        st.builds(
            Level,
            st.text(min_size=1),
            st.text(),
            st.dictionaries(st.text(), st.builds(Targets, targets, targets, targets)).map(lambda d: tuple(d.items())),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    st.none()
    | st.builds(
        PointsTable,
        st.lists(st.builds(DowntimeBand, minutes, st.none() | minutes, st.integers(1, 99)), max_size=3).map(tuple),
        st.dictionaries(
            st.text(), st.lists(st.builds(OverrunBand, st.none() | st.integers(2, 9), st.integers(1, 9))).map(tuple)
        ).map(lambda d: tuple(d.items())),
        st.lists(st.builds(ReductionBand, st.integers(1, 9), st.none() | st.integers(1, 9), st.integers(1, 99))).map(
            tuple
        ),
    ),
)
policies = st.builds(
    Policy,
    objective_ratio=st.floats(0, 1, exclude_min=True, exclude_max=True),
    timezone=st.sampled_from(["Europe/Oslo", "UTC", "Etc/GMT-1"]).map(ZoneInfo),
    downtime_after=durations,
    bridge_at_most=durations,
    notice=durations,
    recurring=st.lists(windows, max_size=4).map(tuple),
    business=business_hours,
    support=supports,
)


@pytest.mark.contract("availability", "ten-minutes", "nightly-maintenance", "notice", "levels")
def test_the_contract_as_a_document():
    assert policy_document(Policy()) == {
        "objective_ratio": 0.995,
        "timezone": "Europe/Oslo",
        "downtime_after_seconds": 600,
        "bridge_at_most_seconds": 600,
        "notice_seconds": 172800,
        "recurring": [
            {"name": "nightly", "start_minute": 0, "end_minute": 180, "days": [0, 1, 2, 3, 4, 5, 6], "services": None}
        ],
        "support": {
            "business_hours": {"days": [0, 1, 2, 3, 4], "start_minute": 480, "end_minute": 960, "day_minutes": 480},
            "holidays": {"country": "NO", "every_year": ["12-24", "12-31"], "once": []},
            "classes": ["partner", "user"],
            "levels": [
                {
                    "name": "A",
                    "title": "critical",
                    "targets": {
                        "partner": {"reaction": "8h", "workaround": "3d", "fix": "10d"},
                        "user": {"reaction": "none", "workaround": "none", "fix": "10d"},
                    },
                },
                {
                    "name": "B",
                    "title": "no operation stoppage",
                    "targets": {
                        "partner": {"reaction": "2d", "workaround": "10d", "fix": "next release"},
                        "user": {"reaction": "none", "workaround": "10d", "fix": "next release"},
                    },
                },
                {
                    "name": "C",
                    "title": "problem or question",
                    "targets": {
                        "partner": {"reaction": "none", "workaround": "none", "fix": "next release as a goal"},
                        "user": {"reaction": "none", "workaround": "none", "fix": "next release as a goal"},
                    },
                },
            ],
            "points": None,
        },
    }


@settings(deadline=None)
@given(policies)
def test_a_policy_comes_back_from_its_document_exactly_also_by_way_of_json(policy: Policy):
    assert policy_from_document(json.loads(json.dumps(policy_document(policy)))) == policy


def test_what_does_not_judge_time_is_not_in_it():
    more = replace(
        Policy(),
        announced=(AnnouncedWindow("upgrade", AT, AT + timedelta(hours=1), AT),),
        alerts=AlertTimings(early_page=timedelta(minutes=5)),
        support=Support(opens_cases=True, opens_for="user"),
    )
    assert policy_document(more) == policy_document(Policy())


def test_equal_policies_give_the_same_text():
    names = [f"service-{number}" for number in range(20)]
    one, other = (
        Policy(recurring=(RecurringWindow("nightly", 0, 180, services=frozenset(order)),))
        for order in (names, names[::-1])
    )
    assert json.dumps(policy_document(one)) == json.dumps(policy_document(other))


@pytest.mark.parametrize("document", [{}, {"objective_ratio": 1}, policy_document(Policy()) | {"recurring": 5}])
def test_another_document_is_refused(document: dict):
    with pytest.raises(ValueError, match=r"^not a policy document: "):
        policy_from_document(document)


def test_a_document_from_before_support_was_kept_has_the_contracts():
    document = {name: value for name, value in policy_document(Policy()).items() if name != "support"}
    assert policy_from_document(document) == Policy()
