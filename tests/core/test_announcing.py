"""Windows announced by command: what each change adds is an announcement of its own, and what may not be asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam_slo.core.announced import State, documents, whole_windows
from sesam_slo.core.announcing import (
    KEEP,
    AnnouncingError,
    Known,
    Outcome,
    Proof,
    announce,
    cancel,
    change,
    decided,
    taken_up,
)
from sesam_slo.core.history import PolicyRecord, Recorded
from sesam_slo.core.intervals import Interval
from sesam_slo.core.maintenance import Maintenance
from sesam_slo.core.model import AnnouncedWindow, Config, Origin, Policy, RecurringWindow, Service
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.policy_document import policy_document
from sesam_slo.core.roster import with_windows

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
START = NOW + 100 * HOUR  # 5 December, 14:00 in Oslo
ANNA = Proof("anna")


class Ledger:
    """What is on record after each step; the steps are those of the commands."""

    def __init__(self, policy: Policy | None = None, file: tuple[AnnouncedWindow, ...] = ()) -> None:
        self.policy = policy or Policy(recurring=())
        self.windows: tuple[AnnouncedWindow, ...] = file
        self.file = file

    @property
    def known(self) -> Known:
        return Known(
            self.windows, self.file, PolicyTimeline.always(self.policy), frozenset({"a", "b"}), ZoneInfo("Europe/Oslo")
        )

    def take(self, outcome: Outcome) -> Outcome:
        self.windows = with_windows(self.windows, outcome.record)
        return outcome

    def announce(
        self,
        at: datetime = NOW,
        *,
        name: str = "upgrade",
        start: datetime = START,
        end: datetime = START + 2 * HOUR,
        services: frozenset[str] | None = None,
        proof: Proof = ANNA,
    ) -> Outcome:
        return self.take(announce(self.known, name, start, end, services, proof, at))

    def change(self, at: datetime, *, proof: Proof = ANNA, name: str = "upgrade", **wanted: Any) -> Outcome:
        return self.take(change(self.known, name, proof, at, **wanted))

    def cancel(self, at: datetime, name: str = "upgrade") -> Outcome:
        return self.take(cancel(self.known, name, ANNA, at))

    def counting(self, service: str = "a") -> list[tuple[float, float]]:
        """The maintenance that counts, in hours from START."""
        maintenance = Maintenance(PolicyTimeline.always(self.policy), self.windows)
        always = Interval(NOW - 100 * DAY, NOW + 100 * DAY)
        return [((a - START) / HOUR, (b - START) / HOUR) for a, b in maintenance.intervals(service, always)]


def refused(step: Any, *arguments: Any, **wanted: Any) -> str:
    with pytest.raises(AnnouncingError) as caught:
        step(*arguments, **wanted)
    return str(caught.value)


@pytest.mark.contract("notice")
class TestNotice:
    @pytest.mark.parametrize(
        ("at", "counted"), [(START - 48 * HOUR, [(0, 2)]), (START - 48 * HOUR + timedelta(microseconds=1), [])]
    )
    def test_the_48_hours_run_from_the_command_to_the_start_exactly(self, at: datetime, counted: list) -> None:
        ledger = Ledger()
        outcome = ledger.announce(at)
        assert ledger.counting() == counted
        assert [piece.counts for piece in outcome.pieces] == [bool(counted)]

    def test_short_notice_is_said_at_once_with_the_hours_it_has_and_needs(self) -> None:
        assert Ledger().announce(START - 48 * HOUR + SECOND).warnings == (
            "upgrade: 2026-12-05T14:00:00+01:00 to 2026-12-05T16:00:00+01:00, all services: short notice, deducts nothing: "
            "announced 47h59m59s before its start, 48h needed",
        )

    def test_what_is_announced_in_time_warns_of_nothing(self) -> None:
        outcome = Ledger().announce()
        assert outcome.warnings == ()
        assert [piece.sentence(outcome.zone) for piece in outcome.pieces] == [
            "2026-12-05T14:00:00+01:00 to 2026-12-05T16:00:00+01:00, all services: counts: announced 100h before its start, "
            "48h needed"
        ]

    def test_a_claim_older_than_its_record_counts_and_is_told_to_be_back_dated(self) -> None:
        ledger = Ledger()
        outcome = ledger.announce(START - HOUR, proof=replace(ANNA, announced_at=START - 50 * HOUR))
        assert ledger.counting() == [(0, 2)]
        assert outcome.warnings == (
            "upgrade: 2026-12-05T14:00:00+01:00 to 2026-12-05T16:00:00+01:00, all services: counts: announced 50h before its "
            "start, 48h needed; back-dated: recorded 49h after the announcement that is claimed",
        )

    def test_five_minutes_to_type_it_in_are_not_back_dating(self) -> None:
        at = START - 50 * HOUR
        assert Ledger().announce(at, proof=replace(ANNA, announced_at=at - timedelta(minutes=5))).warnings == ()

    def test_the_notice_is_the_policys_at_the_announcement(self) -> None:
        outcome = Ledger(Policy(recurring=(), notice=timedelta())).announce(NOW, start=NOW)
        assert outcome.warnings == ()

    def test_the_proof_stays_with_the_piece_that_it_proves(self) -> None:
        ledger = Ledger()
        ledger.announce(proof=Proof("anna", NOW - DAY, "email", "OPS-1"))
        outcome = ledger.change(
            START - 49 * HOUR, end=START + 3 * HOUR, proof=Proof("bob", START - 60 * HOUR, "phone", "OPS-2")
        )
        assert [
            (each.window.author, each.window.announced_at, each.window.channel, each.window.ticket)
            for each in outcome.pieces
        ] == [("anna", NOW - DAY, "email", "OPS-1"), ("bob", START - 60 * HOUR, "phone", "OPS-2")]
        assert ledger.counting() == [(0, 3)]


@pytest.mark.contract("notice")
class TestChange:
    def test_time_added_at_an_end_is_announced_then_and_judged_by_itself(self) -> None:
        ledger = Ledger()
        ledger.announce()
        outcome = ledger.change(START - 47 * HOUR, end=START + 3 * HOUR)  # 49 hours before 16:00
        assert ledger.counting() == [(0, 3)]
        assert [piece.counts for piece in outcome.pieces] == [True, True]
        outcome = ledger.change(START - 46 * HOUR, start=START - HOUR)
        assert ledger.counting() == [(0, 3)]
        assert [piece.counts for piece in outcome.pieces] == [False, True, True]
        assert outcome.warnings == (
            "upgrade: 2026-12-05T13:00:00+01:00 to 2026-12-05T14:00:00+01:00, all services: short notice, deducts nothing: "
            "announced 45h before its start, 48h needed",
        )

    def test_a_service_that_is_added_is_told_then_the_others_stay(self) -> None:
        ledger = Ledger()
        ledger.announce(services=frozenset({"a"}))
        outcome = ledger.change(START - HOUR, services=frozenset({"a", "b"}))
        assert (ledger.counting("a"), ledger.counting("b")) == ([(0, 2)], [])
        assert [(piece.window.services, piece.counts) for piece in outcome.pieces] == [
            (frozenset({"a"}), True),
            (frozenset({"b"}), False),
        ]

    def test_a_window_moved_while_it_goes_on_keeps_what_has_passed(self) -> None:
        ledger = Ledger()
        ledger.announce()
        ledger.change(START + HOUR, start=START + 50 * HOUR, end=START + 52 * HOUR)
        assert ledger.counting() == [(0, 1), (50, 52)]

    def test_cancelled_under_way_it_keeps_what_has_passed(self) -> None:
        ledger = Ledger()
        ledger.announce()
        outcome = ledger.cancel(START + HOUR)
        assert ledger.counting() == [(0, 1)]
        assert (outcome.pieces, outcome.extent) == ((), None)
        assert [piece.state(START + HOUR) for piece in outcome.withdrawn] == [State.WITHDRAWN]

    def test_a_name_is_free_again_once_its_window_is_over_or_cancelled(self) -> None:
        ledger = Ledger()
        ledger.announce()
        ledger.cancel(NOW + HOUR)
        ledger.announce(NOW + 2 * HOUR)
        assert refused(ledger.announce, START) == (
            "upgrade: is announced already, 2026-12-05T14:00:00+01:00 to 2026-12-05T16:00:00+01:00; expected `change`, or "
            "another name"
        )
        ledger.announce(START + 2 * HOUR, start=START + 2 * HOUR, end=START + 4 * HOUR, services=frozenset({"b"}))
        outcome = ledger.change(START + 3 * HOUR, end=START + 5 * HOUR)
        assert {piece.window.services for piece in outcome.pieces} == {frozenset({"b"})}
        assert ledger.counting() == [(0, 2)]

    def test_windows_of_the_file_and_of_the_commands_live_side_by_side(self) -> None:
        in_file = AnnouncedWindow("in file", START - HOUR, START + HOUR, NOW, recorded_at=NOW)
        ledger = Ledger(file=(in_file,))
        ledger.announce()
        assert ledger.counting() == [(-1, 2)]
        ledger.cancel(NOW + HOUR)
        assert ledger.counting() == [(-1, 1)]
        assert in_file in ledger.windows


class TestRefusals:
    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ({"end": START}, "upgrade: ends 2026-12-05T14:00:00+01:00, not after its start, 2026-12-05T14:00:00+01:00"),
            ({"start": NOW - 2 * HOUR, "end": NOW}, "upgrade: is over already, it ends 2026-12-01T10:00:00+01:00; expected an "
             "end that is still ahead"),
            ({"end": START + 31 * DAY + SECOND}, "upgrade: lasts 31.0 days; expected at most 31"),
            ({"proof": Proof("anna", NOW + SECOND)}, "upgrade: announced 2026-12-01T10:00:01+01:00, which is still ahead; "
             "expected when customers were told"),
            ({"services": frozenset({"a", "c"})}, "upgrade: no such service: c; expected one of a, b"),
            ({"services": frozenset()}, "upgrade: concerns no service; expected at least one, or all"),
            ({"name": ""}, "name: empty; expected one line of text"),
            ({"name": "two\nlines"}, "name: has a control character, or a space at an end; expected one line of text"),
            ({"name": "n" * 201}, "name: has 201 characters; expected at most 200"),
            ({"proof": Proof("")}, "author: empty; expected one line of text"),
            ({"proof": Proof("anna", ticket="\x1b[2J")}, "ticket: has a control character, or a space at an end; expected one "
             "line of text"),
        ],
    )  # fmt: skip
    def test_a_window_that_cannot_be_is_not_announced(self, wanted: dict[str, Any], message: str) -> None:
        ledger = Ledger()
        assert refused(ledger.announce, **wanted) == message
        assert ledger.windows == ()

    def test_a_name_of_the_file_is_taken_whether_it_is_recorded_or_not(self) -> None:
        in_file = AnnouncedWindow("upgrade", START - HOUR, START + HOUR, NOW)
        recorded, waiting = Ledger(file=(in_file,)), Ledger()
        waiting.file = (in_file,)
        for ledger in (recorded, waiting):
            assert refused(ledger.announce) == (
                "upgrade: stands in the configuration file, 2026-12-05T13:00:00+01:00 to 2026-12-05T15:00:00+01:00; expected "
                "another name, or the change there"
            )
            assert refused(ledger.cancel, NOW) == (
                "upgrade: stands in the configuration file; expected the change there, and a reload"
            )

    def test_what_became_of_a_window_is_said(self) -> None:
        ledger = Ledger()
        assert refused(ledger.cancel, NOW) == "upgrade: no window of that name is announced"
        ledger.announce(name="other")
        assert refused(ledger.cancel, NOW) == "upgrade: no window of that name is announced; expected one of other"
        ledger.cancel(NOW + HOUR, "other")
        assert refused(ledger.change, NOW + HOUR, name="other", end=START) == (
            "other: was cancelled 2026-12-01T11:00:00+01:00"
        )
        ledger.announce()
        assert refused(ledger.cancel, START + 2 * HOUR) == (
            "upgrade: is over since 2026-12-05T16:00:00+01:00: what has passed stays"
        )

    def test_a_change_that_changes_nothing_says_so(self) -> None:
        ledger = Ledger()
        ledger.announce()
        assert refused(ledger.change, NOW + HOUR, end=START + 2 * HOUR, services=None) == (
            "upgrade: is 2026-12-05T14:00:00+01:00 to 2026-12-05T16:00:00+01:00, all services, already; expected another "
            "start, end or service"
        )

    def test_what_has_passed_cannot_come_to_count_by_a_later_start(self) -> None:
        ledger = Ledger()
        ledger.announce(START - 48 * HOUR + SECOND)
        assert refused(ledger.change, START + HOUR, start=START + SECOND) == (
            "upgrade: has begun, 2026-12-05T14:00:00+01:00: what has passed stays; expected a start from now on, or the one it "
            "has: 2026-12-05T14:00:01+01:00"
        )

    def test_added_time_does_not_pass_for_what_was_announced_without_it(self) -> None:
        ledger = Ledger()
        ledger.announce()
        proof = Proof("anna", NOW)
        assert refused(ledger.change, START - HOUR, end=START + 3 * HOUR, proof=proof) == (
            "upgrade: what was announced 2026-12-01T10:00:00+01:00 is on record without this change; expected when the change "
            "was announced"
        )

    def test_an_announcement_that_was_taken_back_does_not_come_to_life_again(self) -> None:
        ledger = Ledger()
        ledger.announce()
        ledger.cancel(NOW + HOUR)
        assert refused(ledger.announce, NOW + 2 * HOUR, proof=Proof("anna", NOW)) == (
            "upgrade: the announcement of 2026-12-01T10:00:00+01:00 was taken back 2026-12-01T11:00:00+01:00; expected when it "
            "was announced again"
        )


class TestRecord:
    def test_a_decision_is_taken_again_on_what_others_wrote_in_between(self) -> None:
        config = Config(Policy(recurring=()), (Service("a", ()),))
        first = announce(Ledger().known, "other", START, START + HOUR, None, ANNA, NOW)
        found = [Recorded(), Recorded(windows=first.record)]
        asked = []
        outcome = decided(
            lambda known: announce(known, "upgrade", START, START + HOUR, None, ANNA, NOW + len(known.windows) * HOUR),
            config,
            lambda decide: asked.extend(decide(each) for each in found),
        )
        assert [changes.windows[0].recorded_at for changes in asked] == [NOW, NOW + HOUR]
        assert outcome.record == asked[-1].windows

    def test_notice_is_judged_by_the_policy_in_force_not_by_a_file_that_is_not_loaded_yet(self) -> None:
        config = Config(Policy(notice=timedelta()), ())
        in_force = PolicyRecord(NOW - DAY, policy_document(Policy()))
        known = Known.of(Recorded(policies=(in_force,)), config)
        outcome = announce(known, "upgrade", NOW + HOUR, NOW + 2 * HOUR, None, ANNA, NOW)
        assert [piece.counts for piece in outcome.pieces] == [False]

    def test_a_list_shows_what_the_exporter_has_yet_to_load_as_not_recorded(self) -> None:
        window = AnnouncedWindow("in file", START, START + HOUR, NOW - DAY)
        config = Config(Policy(recurring=(RecurringWindow("nightly", 0, 60),), announced=(window,)), ())
        maintenance, waiting = taken_up(Recorded(), config, NOW)
        assert waiting == ("in file",)
        (document,) = documents(maintenance, NOW, None, None, also_recurring=False)
        assert (document["recorded_at"], document["counts"], document["state"]) == (None, True, "ahead")
        listed = documents(maintenance, NOW, NOW, NOW + 5 * DAY, also_recurring=True)
        assert [each["name"] for each in listed] == ["nightly"] * 4 + ["in file", "nightly"]


# -- every sequence, second by second ---------------------------------------------------------------------------------------

NOTICE = 10
SECONDS = range(60)


@dataclass
class Told:
    """One announcement in the model: when, and the seconds of each service it still stands for."""

    at: int
    cells: set[tuple[int, str]]

    @property
    def counts(self) -> bool:
        return bool(self.cells) and self.at + NOTICE <= min(second for second, _ in self.cells)


@dataclass
class SecondBySecond:
    """The rules for one name, without pieces: which seconds of which service were announced when."""

    told: list[Told] = field(default_factory=list)
    passed: set[tuple[int, str]] = field(default_factory=set)  # counted, whatever comes

    def announce(self, at: int, cells: set[tuple[int, str]]) -> None:
        self._settle(at)
        self.told.append(Told(at, cells))

    def change(self, at: int, cells: set[tuple[int, str]]) -> None:
        self._settle(at)
        known = set().union(*(each.cells for each in self.told))
        for each in self.told:
            self._keep(each, each.cells & cells, at)
        kept = {second for second, _ in known & cells}
        added = cells - known
        # What is added before and after is a piece each; a service that is added is one, and so is what lies elsewhere.
        before = {cell for cell in added if kept and cell[0] < min(kept) and cell[1] in {each[1] for each in known}}
        after = {cell for cell in added if kept and cell[0] > max(kept) and cell[1] in {each[1] for each in known}}
        self.told += [Told(at, part) for part in (before, after, added - before - after) if part]

    def cancel(self, at: int) -> None:
        for each in self.told:
            self._keep(each, set(), at)
        self.told = []

    def counting(self) -> set[tuple[int, str]]:
        return self.passed | set().union(*(each.cells for each in self.told if each.counts))

    def _keep(self, told: Told, cells: set[tuple[int, str]], at: int) -> None:
        if told.counts:
            self.passed |= {cell for cell in told.cells - cells if cell[0] < at}
            if cells != told.cells:
                self.passed |= {cell for cell in told.cells if cell[0] < at}
        told.cells = cells

    def _settle(self, at: int) -> None:
        """A window that is over is nobody's any more."""
        if all(second < at for each in self.told for second, _ in each.cells):
            self.cancel(at)


SPANS = st.tuples(st.integers(0, 58), st.integers(1, 30)).map(lambda each: (each[0], min(sum(each), 60)))
SERVICES = st.sampled_from([frozenset({"a"}), frozenset({"b"}), frozenset({"a", "b"}), None])
STEPS = st.one_of(
    st.tuples(st.just("announce"), SPANS, SERVICES),
    st.tuples(st.just("bounds"), SPANS, st.none()),
    st.tuples(st.just("services"), st.none(), SERVICES),
    st.tuples(st.just("cancel"), st.none(), st.none()),
)


def cells_of(span: tuple[int, int], services: frozenset[str] | None) -> set[tuple[int, str]]:
    return {(second, service) for second in range(*span) for service in services or ("a", "b", "c")}


def counted_seconds(ledger: Ledger) -> set[tuple[int, str]]:
    maintenance = Maintenance(PolicyTimeline.always(ledger.policy), ledger.windows)
    return {
        (second, service)
        for service in ("a", "b", "c")
        for a, b in maintenance.intervals(service, Interval(NOW, NOW + 60 * SECOND))
        for second in range((a - NOW) // SECOND, (b - NOW) // SECOND)
    }


@pytest.mark.contract("notice")
@given(st.lists(st.tuples(st.integers(1, 12), STEPS), max_size=9))
def test_whatever_is_done_each_second_is_judged_by_its_own_announcement(steps: list[tuple[int, Any]]) -> None:
    ledger = Ledger(Policy(recurring=(), notice=NOTICE * SECOND))
    model = SecondBySecond()
    present: tuple[tuple[int, int], frozenset[str] | None] | None = None
    at = -20
    for pause, (what, span, services) in steps:
        at += pause
        now, passed = NOW + at * SECOND, {cell for cell in counted_seconds(ledger) if cell[0] < at}
        if present is not None and present[0][1] <= at:
            present = None
        try:
            if what == "announce":
                ledger.announce(now, start=NOW + span[0] * SECOND, end=NOW + span[1] * SECOND, services=services)
                assert present is None
                model.announce(at, cells_of(span, services))
                present = span, services
            elif what == "cancel":
                ledger.cancel(now)
                assert present is not None
                model.cancel(at)
                present = None
            else:
                wanted = {} if span is None else {"start": NOW + span[0] * SECOND, "end": NOW + span[1] * SECOND}
                ledger.change(now, **wanted, services=KEEP if what == "bounds" else services)
                assert present is not None
                present = (span or present[0], services if what == "services" else present[1])
                model.change(at, cells_of(*present))
        except AnnouncingError:
            pass  # which ones and why: the tests above
        assert {cell for cell in counted_seconds(ledger) if cell[0] < at} == passed  # nothing is rewritten
    assert counted_seconds(ledger) == model.counting()
    # Each window is one: the windows of one name follow each other.
    found = whole_windows(ledger.windows)
    assert sum(map(len, found)) == len(ledger.windows)
    begins = [min(each.recorded_at for each in window if each.recorded_at) for window in found]
    assert all(a < b for a, b in pairwise(begins))


@pytest.mark.contract("notice")
@given(st.lists(st.tuples(SPANS, st.integers(-40, 0)), min_size=1, max_size=5))
def test_windows_that_overlap_touch_and_nest_count_where_one_of_them_does(
    windows: list[tuple[tuple[int, int], int]],
) -> None:
    ledger = Ledger(Policy(recurring=(), notice=NOTICE * SECOND))
    for number, ((start, end), at) in enumerate(windows):
        ledger.announce(NOW + at * SECOND, name=f"window {number}", start=NOW + start * SECOND, end=NOW + end * SECOND)
    maintenance = Maintenance(PolicyTimeline.always(ledger.policy), ledger.windows)
    for second in SECONDS:
        moment = Interval(NOW + second * SECOND, NOW + (second + 1) * SECOND)
        expected = any(start <= second < end and at + NOTICE <= start for (start, end), at in windows)
        assert bool(maintenance.intervals("a", moment)) is expected


def test_a_window_across_midnight_and_a_clock_change_is_as_long_as_its_instants_are_apart() -> None:
    start = datetime.fromisoformat("2026-10-24T23:30:00+02:00").astimezone(UTC)
    end = datetime.fromisoformat("2026-10-25T03:30:00+01:00").astimezone(UTC)
    ledger = Ledger()
    outcome = ledger.announce(start - 48 * HOUR, start=start, end=end)
    maintenance = Maintenance(PolicyTimeline.always(ledger.policy), ledger.windows)
    assert maintenance.total("a", Interval(start - DAY, end + DAY)) == 5 * HOUR
    assert outcome.pieces[0].extent(outcome.zone) == (
        "2026-10-24T23:30:00+02:00 to 2026-10-25T03:30:00+01:00, all services"
    )
    assert {each.origin for each in ledger.windows} == {Origin.COMMAND}
