"""Whatever is in a ledger: days sum to the month, events to their classes, months to the quarter, services to the total."""

from __future__ import annotations

import random
from datetime import timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from random_books import random_book
from sesam_slo.core.book import Book
from sesam_slo.core.intervals import Interval, clip, total
from sesam_slo.report import MonthReport, month_report
from sesam_slo.report.figures import Figures

ZERO = timedelta()
TIMES = ("agreed", "maintenance", "unobserved", "unplanned", "planned", "excluded", "bridged", "failing")


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
