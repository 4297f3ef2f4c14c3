"""History read in equals the replay of the same results, however it is cut into pieces and however often it is interrupted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sesam_slo.core.book import Book
from sesam_slo.core.history import Changes, Event, Import, Membership, Recorded, Run, Silence
from sesam_slo.core.importing import begin_import, is_complete, resume_import, take
from sesam_slo.core.intervals import Interval
from sesam_slo.core.model import Config, Endpoint, Kind, Outcome, Policy, RecurringWindow, Request, Result, Service
from sesam_slo.core.outage import OutOfOrderError, Rules
from sesam_slo.replay import replay

START = datetime(2025, 6, 10, 20, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = Policy(
    downtime_after=20 * SECOND,
    bridge_at_most=10 * SECOND,
    recurring=(RecurringWindow("evening", 22 * 60 + 2, 22 * 60 + 4),),  # 20:02-20:04 UTC
)
ENDPOINTS = tuple(
    Endpoint(name, Kind.API, Request("http://127.0.0.1:9/"), 2 * SECOND, SECOND) for name in ("api", "ui")
)
CONFIG = Config(POLICY, (Service("svc", ENDPOINTS),))
RULES = {endpoint.name: Rules.of(endpoint, POLICY) for endpoint in ENDPOINTS}
SEARCH = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink a history takes minutes
SUCCESS, FAILURE = Outcome.SUCCESS, Outcome.FAILURE


def at(second: float) -> datetime:
    return START + second * SECOND


def results(*pieces: tuple[int, int, Outcome]) -> list[Result]:
    """A result every two seconds of each piece `(from, to, outcome)`."""
    return [Result(at(second), outcome) for start, end, outcome in pieces for second in range(start, end, 2)]


def imported(
    histories: dict[str, list[Result]], end: datetime, joins: datetime, cuts: list[datetime] | None = None
) -> Changes:
    """All that an import finds, which is interrupted and read back from its record at each of `cuts`."""
    since = {endpoint: history[0].at for endpoint, history in histories.items()}
    importing, found = begin_import("svc", "there", since, end, joins), Changes()
    for until in [*(each for each in cuts or () if importing.start < each < end), end]:
        record = importing.record
        importing = resume_import(replace(record, document=json.loads(json.dumps(record.document))))
        piece = {
            endpoint: [each for each in history if importing.done_until <= each.at < until]
            for endpoint, history in histories.items()
        }
        importing, changes = take(importing, piece, until, RULES, POLICY)
        assert all(event.end is not None for event in changes.events)
        found = found.then(changes)
    assert is_complete(importing.record)
    return found


class TestFacts:
    def test_an_outage_is_found_as_it_would_have_been_seen(self) -> None:
        history = results((0, 10, SUCCESS), (10, 40, FAILURE), (40, 60, SUCCESS))
        found = imported({"api": history}, at(60), at(60))
        assert found.runs == (Run("svc", "api", at(10), at(40), POLICY.downtime_after, ""),)
        (event,) = found.events
        assert event == Event("svc-20250610T200010.000Z", "svc", at(10), at(40), at(30), ("api",))

    def test_the_account_begins_at_the_first_sample_and_joins_the_present_one(self) -> None:
        histories = {"api": results((0, 60, SUCCESS)), "ui": results((30, 60, SUCCESS))}
        found = imported(histories, at(60), at(100))
        assert found.memberships == (
            Membership("svc", "", at(0), at(100)),
            Membership("svc", "api", at(0), at(100)),
            Membership("svc", "ui", at(30), at(100)),
        )

    def test_from_the_last_sample_to_the_present_account_nothing_was_observed(self) -> None:
        found = imported({"api": results((0, 60, SUCCESS))}, at(60), at(100))
        assert found.silences == (Silence("svc", "api", at(62), at(100)),)

    def test_an_outage_that_is_open_at_the_end_ends_where_it_was_last_seen(self) -> None:
        found = imported({"api": results((0, 10, SUCCESS), (10, 60, FAILURE))}, at(60), at(100))
        assert [(run.start, run.end) for run in found.runs] == [(at(10), at(62))]
        assert [(event.start, event.end) for event in found.events] == [(at(10), at(62))]

    def test_an_event_that_is_open_stands_in_the_record_until_it_has_ended(self) -> None:
        history = results((0, 10, SUCCESS), (10, 100, FAILURE), (100, 120, SUCCESS))
        importing = begin_import("svc", "there", {"api": at(0)}, at(120), at(120))
        importing, changes = take(importing, {"api": history[:30]}, at(60), RULES, POLICY)
        assert (changes.events, changes.runs, changes.memberships) == ((), (), ())
        assert changes.imports == (importing.record,)
        assert len(importing.record.document["state"]["events"]) == 1
        importing, changes = take(importing, {"api": history[30:]}, at(120), RULES, POLICY)
        assert [(event.start, event.end, event.confirmed_at) for event in changes.events] == [(at(10), at(100), at(30))]

    def test_the_record_says_how_far_the_import_is(self) -> None:
        importing = begin_import("svc", "there", {"api": at(0), "ui": at(4)}, at(90), at(120))
        assert resume_import(importing.record) == importing
        assert not is_complete(importing.record)
        importing, _ = take(importing, {}, at(50), RULES, POLICY)
        assert replace(importing.record, document={}) == Import("svc", "there", at(0), at(90), at(50), {})
        importing, _ = take(importing, {}, at(90), RULES, POLICY)
        assert is_complete(importing.record)

    @pytest.mark.parametrize("document", [{}, {"since": {"api": "x"}, "joins": "", "state": {}}, {"since": []}])
    def test_a_record_of_somebody_elses_is_refused(self, document: dict) -> None:
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            resume_import(Import("svc", "there", at(0), at(1), at(0), document))

    def test_two_results_of_an_endpoint_at_one_instant_are_refused(self) -> None:
        with pytest.raises(OutOfOrderError):
            imported({"api": [Result(at(0), SUCCESS), Result(at(0), FAILURE)]}, at(60), at(60))


@st.composite
def history(draw: st.DrawFn) -> list[Result]:
    second, found = draw(st.integers(0, 200)), []
    for _ in range(draw(st.integers(1, 10))):
        outcome = draw(st.sampled_from((SUCCESS, FAILURE, FAILURE)))
        for _ in range(draw(st.integers(1, 16))):
            found.append(Result(at(second), outcome))
            second += draw(st.sampled_from([1, 2, 2, 2, 2, 3, 4, 5, 13, 14, 15, 30]))
    return found


@given(
    api=history(),
    ui=history(),
    cuts=st.lists(st.integers(1, 1200), max_size=8, unique=True).map(sorted),
    gap=st.integers(0, 40),
    window=st.tuples(st.integers(0, 900), st.integers(1, 900)),
)
@settings(max_examples=300, deadline=None, phases=SEARCH)
def test_the_imported_account_equals_the_replayed_one(api, ui, cuts, gap, window) -> None:
    histories = {"api": api, "ui": ui}
    end = max(api[-1].at, ui[-1].at) + SECOND
    joins = end + gap * SECOND
    whole = imported(histories, end, joins)
    pieces = imported(histories, end, joins, [at(second) for second in cuts])
    for kind in ("runs", "silences", "events", "memberships"):
        assert sorted(getattr(pieces, kind), key=repr) == sorted(getattr(whole, kind), key=repr)

    both = max(api[0].at, ui[0].at)  # before that one of them has no account yet, to replay it is unobserved
    start = min(both + window[0] * SECOND, joins)
    asked = Interval(start, min(start + window[1] * SECOND, joins))
    recorded = Recorded(
        memberships=(*pieces.memberships, Membership("svc", "", joins), Membership("svc", "api", joins)),
        runs=pieces.runs,
        silences=pieces.silences,
        events=pieces.events,
    )
    account = Book.of(recorded, CONFIG).account("svc", asked)
    trace = [("svc", endpoint, each) for endpoint, found in histories.items() for each in found]
    trace += [("svc", endpoint, Result(joins, Outcome.UNOBSERVED)) for endpoint in histories]  # replay knows as far
    replayed = replay(CONFIG, trace, asked.start, asked.end)["services"]["svc"]
    assert account.agreed.total_seconds() == replayed["agreed_seconds"]
    assert account.unobserved.total_seconds() == replayed["unobserved_seconds"]
    assert account.failing.total_seconds() == replayed["failing_seconds"]
    assert account.availability == replayed["availability"]
    assert {name: getattr(account, name).total_seconds() for name in ("unplanned", "planned", "excluded")} == replayed[
        "downtime_seconds"
    ]
    assert [
        (event.downtime.start.isoformat(), event.duration.total_seconds(), list(event.downtime.endpoints))
        for event in account.events
    ] == [
        (event["start"].replace("Z", "+00:00"), event["duration_seconds"], event["endpoints"])
        for event in replayed["downtime"]
    ]
