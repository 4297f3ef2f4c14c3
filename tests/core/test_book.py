"""The accounts of a ledger that is read: from when to when a service has one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Membership, Recorded
from sesam_slo.core.intervals import Interval
from sesam_slo.core.model import Config, Policy
from sesam_slo.core.outage import EndpointState
from sesam_slo.core.service import ServiceState

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_service_that_was_put_back_has_no_account_of_the_time_between_also_before_its_first_result() -> None:
    back = NOON + 5 * HOUR
    state = ServiceState("svc", {"api": EndpointState("svc", "api", back)}, back, back)
    recorded = Recorded(
        memberships=(Membership("svc", "", NOON, NOON + HOUR), Membership("svc", "", back)),
        checkpoints={"svc": checkpoint(state, back)},
    )
    book = Book.of(recorded, Config(Policy(), ()))
    assert book.spans("svc") == (Interval(NOON, NOON + HOUR), Interval(back, back))
    assert (book.horizon("svc"), book.ended("svc")) == (back, False)
    between = book.account("svc", Interval(NOON + HOUR, back))
    assert (between.agreed, between.error_budget_seconds) == (timedelta(), 0)
    evening = book.account("svc", Interval(back, back + HOUR))
    assert evening.error_budget_seconds == pytest.approx(0.005 * 3600)
