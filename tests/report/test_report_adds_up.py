"""Whatever is in a ledger: days sum to the month, events to their classes, months to the quarter, services to the total."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from report_books import written

from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Correction, Membership, PolicyRecord, Recorded
from sesam_slo.core.intervals import Interval, clip, total
from sesam_slo.core.model import Cause, Outcome, RecurringWindow, Result
from sesam_slo.core.outage import Rules
from sesam_slo.core.policy_document import policy_document
from sesam_slo.core.service import advance, begin, observe
from sesam_slo.report import Month, MonthReport, month_report
from sesam_slo.report.figures import Figures
from strategies import scenario

ZERO = timedelta()
TIMES = ("agreed", "maintenance", "unobserved", "unplanned", "planned", "excluded", "bridged", "failing")


def random_book(rng: random.Random, *, what_if: bool = False) -> tuple[Book, Month]:
    """What a ledger holds after results that crowd the edges, a change of policy, a break in an account, and corrections."""
    drawn = scenario(rng)
    if rng.randrange(3) == 0:
        drawn = _moved_to_the_end_of_a_month(drawn)
    config = drawn.config()
    maintenance = Book.of(Recorded(), config).maintenance
    first = min([drawn.start, *(at for at, *_ in drawn.results)])
    last = max([drawn.end, *(at for at, *_ in drawn.results)])
    started, horizon = _instant(first - rng.choice([0, 60, 86_400 * 70])), _instant(last)
    said, points, memberships = Changes(), {}, []
    for service in config.services:
        state = begin(service.name, [each.name for each in service.endpoints], started)
        rules = {each.name: Rules.of(each, config.policy) for each in service.endpoints}
        for at, name, endpoint, outcome in drawn.results:
            if name == service.name:
                taken = observe(state, endpoint, Result(_instant(at), Outcome(outcome)), rules[endpoint])
                state, said = taken.state, said.then(taken.changes)
        moved = advance(state, dict.fromkeys(rules, horizon), maintenance)
        said = said.then(moved.changes)
        points[service.name] = checkpoint(moved.state, horizon)
        memberships += _memberships(rng, service.name, started, horizon)
    recorded = Recorded(
        policies=_policies(rng, config, started, horizon),
        memberships=tuple(memberships),
        windows=config.policy.announced,
        runs=said.runs,
        silences=said.silences,
        events=said.events,
        checkpoints=points,
        corrections=tuple(_corrections(rng, said, horizon)),
    )
    changed = replace(
        config, policy=replace(config.policy, downtime_after=config.policy.downtime_after / 2, recurring=())
    )
    local = _instant(rng.choice([first, last])).astimezone(config.policy.timezone)
    return Book.of(recorded, changed if what_if else config, what_if=what_if), Month(local.year, local.month)


def _moved_to_the_end_of_a_month(drawn):
    zone = drawn.config().policy.timezone
    local = _instant(drawn.start).astimezone(zone)
    by = int(Month(local.year, local.month).interval(zone).end.timestamp()) - drawn.start - 1_800
    return replace(
        drawn,
        results=[(at + by, *rest) for at, *rest in drawn.results],
        start=drawn.start + by,
        end=drawn.end + by,
        policy=drawn.policy
        | {
            "announced": [
                each | {key: each[key] + by for key in ("start", "end", "announced_at")}
                for each in drawn.policy["announced"]
            ]
        },
    )


def _memberships(rng, name, started, horizon):
    if rng.randrange(4):
        return [Membership(name, "", started)]
    out, again = sorted(started + rng.random() * (horizon - started) for _ in range(2))
    return [Membership(name, "", started, out), Membership(name, "", again)]


def _policies(rng, config, started, horizon):
    if rng.randrange(2):
        return ()
    later = replace(
        config.policy,
        objective_ratio=rng.choice([0.9, 0.999]),
        downtime_after=rng.choice([1, 2]) * config.policy.downtime_after,
        recurring=rng.choice([(), (RecurringWindow("all day", 0, 1440),), config.policy.recurring]),
    )
    at = started + rng.random() * (horizon - started)
    return (PolicyRecord(started, policy_document(config.policy)), PolicyRecord(at, policy_document(later)))


def _corrections(rng, said, horizon):
    for event in said.events:
        end = event.end or horizon
        middle = event.start + rng.random() * (end - event.start)
        changes = [
            {},
            {"cause": rng.choice(list(Cause)).value, "solution": "restarted"},
            {"exclusions": [{"start": written(event.start), "end": written(middle), "reason": "storage"}]},
            {"withdrawn": True},
            {"start": written(event.start - timedelta(seconds=rng.choice([1, 7_200]))), "end": written(middle)},
        ]
        change = rng.choice(changes)
        if change:
            yield Correction(event.id, horizon, "kari", "", change)


def _instant(second):
    return datetime.fromtimestamp(second, UTC)


def report_of(rng: random.Random, **how: bool) -> tuple[Book, MonthReport]:
    book, month = random_book(rng, **how)
    return book, month_report(book, month, {})


books = st.randoms(use_true_random=False)


def test_nothing_is_left_out_of_what_is_drawn() -> None:
    """The properties below say something only where ledgers hold downtime of every kind, on both sides of a month's end."""
    found = [report_of(random.Random(seed))[1] for seed in range(120)]
    for name in ("unplanned", "planned", "excluded", "unobserved", "bridged", "maintenance"):
        assert sum(1 for report in found if getattr(report.figures, name)) > 5, name
    assert sum(1 for report in found if report.policy_changes) > 5
    assert sum(1 for report in found if any(each.not_counted for each in report.services)) > 3
    assert sum(1 for report in found if any(each.window.start > report.interval.start for each in report.services)) > 5


@given(books)
@settings(max_examples=200, deadline=None)
def test_the_month_is_its_window_and_its_days_and_its_events(rng: random.Random) -> None:
    _holds(*report_of(rng))


@given(books)
@settings(max_examples=60, deadline=None)
def test_a_what_if_adds_up_as_well(rng: random.Random) -> None:
    _holds(*report_of(rng, what_if=True))


def _holds(book: Book, report: MonthReport) -> None:
    for service in report.services:
        figures = service.figures
        known = clip(book.spans(service.name), report.interval)
        assert figures.agreed + figures.maintenance == total(known)
        days = [day.parts for day in service.days]
        assert all(part >= ZERO for parts in days for part in parts.values())
        for day, parts in zip(service.days, days, strict=True):
            assert sum(parts.values(), ZERO) == total(day.known)
            drawn = {name: total(pieces) for name, pieces in day.pieces.items()}
            assert {name: drawn[name] for name in ("maintenance", "unplanned", "excluded", "unobserved")} == {
                name: parts[name] for name in ("maintenance", "unplanned", "excluded", "unobserved")
            }
        for name in ("maintenance", "unplanned", "excluded", "unobserved"):
            assert sum((parts[name] for parts in days), ZERO) == getattr(figures, name)
        assert sum((total(day.pieces["planned"]) for day in service.days), ZERO) == figures.planned
        assert sum((parts["up"] for parts in days), ZERO) == figures.observed - figures.unplanned - figures.excluded
        for name in ("unplanned", "planned", "excluded"):
            assert sum((getattr(event.account, name) for event in service.events), ZERO) == getattr(figures, name)
        assert service.trend[-1].figures == figures
        _is_the_account(figures, book.account(service.name, report.interval))


def _is_the_account(figures: Figures, account) -> None:
    for name in TIMES:
        assert getattr(figures, name) == getattr(account, name), name
    for name in ("availability", "unobserved_as_up", "unobserved_as_down"):
        mine, its = getattr(figures, name), getattr(account, name)
        assert (mine is None) == (its is None)
        assert mine is None or abs(float(mine) - its) < 1e-12
    assert abs(float(figures.error_budget_seconds) - account.error_budget_seconds) < 1e-5


@given(books)
@settings(max_examples=100, deadline=None)
def test_months_sum_to_the_quarter_and_services_to_the_total(rng: random.Random) -> None:
    book, report = report_of(rng)
    first, _, last = report.month.quarter
    whole = Interval(first.interval(report.zone).start, last.interval(report.zone).end)
    to_date = Interval(whole.start, report.interval.end)
    for service in report.services:
        together = sum((each.figures for each in service.quarter if each.figures), Figures())
        _is_the_account(together, book.account(service.name, to_date, whole))
    for name in TIMES:
        assert getattr(report.figures, name) == sum((getattr(each.figures, name) for each in report.services), ZERO)
    assert report.figures.error_budget_seconds == sum(
        (each.figures.error_budget_seconds for each in report.services), Fraction()
    )
