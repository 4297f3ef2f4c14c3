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

AT = datetime(2026, 1, 1, tzinfo=UTC)

durations = st.integers(0, 3650 * 86_400_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
windows = st.builds(
    RecurringWindow,
    st.text(min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.none() | st.frozensets(st.text(min_size=1), min_size=1),
)
policies = st.builds(
    Policy,
    objective_ratio=st.floats(0, 1, exclude_min=True, exclude_max=True),
    timezone=st.sampled_from(["Europe/Oslo", "UTC", "Etc/GMT-1"]).map(ZoneInfo),
    downtime_after=durations,
    bridge_at_most=durations,
    notice=durations,
    recurring=st.lists(windows, max_size=4).map(tuple),
)


@pytest.mark.contract("availability", "ten-minutes", "nightly-maintenance", "notice")
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
        business=BusinessHours(start_minute=0),
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
