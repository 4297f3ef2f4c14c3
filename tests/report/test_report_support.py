"""The section on reaction and correction: which promises were kept, by how far others were not, and what points come of it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from report_books import HOSTILE, Ledger, Made, local, made, written

from sesam_slo.config import load
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.case import cases
from sesam_slo.core.deadlines import SupportRules
from sesam_slo.core.history import CaseChange
from sesam_slo.core.model import Policy
from sesam_slo.core.support import Support
from sesam_slo.public_holidays import is_holiday
from sesam_slo.report import Desk, Month, as_first_reported, month_report, report_document
from sesam_slo.report.freeze import freezing
from sesam_slo.report.sentences import points_limits, support_summary
from sesam_slo.report.support import SupportMonth

HOUR = timedelta(hours=1)
OLDER = "docs/examples/older-agreement.yml"


class Cases:
    """Support cases by hand, in words of the clock in Oslo."""

    def __init__(self) -> None:
        self.changes: list[CaseChange] = []

    def report(self, id: str, at: str, level: str = "A", customer_class: str = "partner", **more: Any) -> Cases:
        about = {"service": "datahub-prod", "reported_at": written(local(at)), **more}
        return self.change(id, at, customer_class=customer_class, level=level, **about)

    def change(self, id: str, at: str, **change: Any) -> Cases:
        said = {name: written(local(value)) if name.endswith("_at") and value[4:5] == "-" and "T" not in value else value
                for name, value in change.items()}  # fmt: skip
        self.changes.append(CaseChange(id, local(at), "kari", "", said))
        return self


def with_support(
    known: Cases, month: str = "2026-10", at: str = "2026-11-23 09:00", policy: Policy | None = None,
    ledger: Ledger | None = None,
) -> Made:  # fmt: skip
    ledger = ledger or Ledger("2025-11-12 09:00", "2026-11-23 08:00").service("datahub-prod").service("datahub-test")
    plain, book = made(ledger, month, policy), ledger.book(policy)
    desk = Desk(cases(known.changes), SupportRules(book.policies, BusinessCalendars(is_holiday)), local(at))
    report = month_report(book, Month.parse(month), {}, None, desk)
    return replace(plain, report=report, document=report_document(report, plain.provenance))


def support(known: Cases, **how: Any) -> SupportMonth:
    found = with_support(known, **how).report.support
    assert found is not None
    return found


def counted(found: SupportMonth) -> dict[str, tuple[int, int, int]]:
    """Met, missed and running of what is not all zero, such as `A reaction`."""
    rows = {f"{each.level} {each.promise}": (each.met, each.missed, each.running) for each in found.kept}
    return {name: counts for name, counts in rows.items() if any(counts)}


@pytest.mark.contract("reaction-time", "correction-time")
def test_what_is_started_and_corrected_in_time_is_met() -> None:
    # Monday 5 October 10:00: reaction by Tuesday 10:00, workaround by Thursday 10:00.
    known = Cases().report("c1", "2026-10-05 10:00")
    known.change("c1", "2026-10-06 09:00", started_at="2026-10-06 09:00")
    known.change("c1", "2026-10-08 10:00", workaround_at="2026-10-08 10:00")
    found = support(known)
    assert counted(found) == {"A reaction": (1, 0, 0), "A correction": (1, 0, 0)}
    assert (found.reported, found.open, found.breaches) == (1, 1, ())


@pytest.mark.contract("reaction-time", "correction-time")
def test_what_is_late_is_missed_with_how_far_in_business_time() -> None:
    # Friday 9 October 15:00: reaction by Monday 15:00, two hours late; workaround by Wednesday 15:00, on Thursday 08:30.
    known = Cases().report("c1", "2026-10-09 15:00", title="no data", reference="INC-7")
    known.change("c1", "2026-10-13 09:00", started_at="2026-10-13 09:00")
    known.change("c1", "2026-10-15 08:30", workaround_at="2026-10-15 08:30")
    found = support(known)
    assert counted(found) == {"A reaction": (0, 1, 0), "A correction": (0, 1, 0)}
    assert [(each.promise.value, each.target, each.over) for each in found.breaches] == [
        ("reaction", 8 * HOUR, 2 * HOUR),
        ("correction", 24 * HOUR, 1.5 * HOUR),
    ]


def test_a_target_belongs_to_the_month_in_which_it_was_decided() -> None:
    # Friday 30 October 14:00: reaction by Monday 2 November 14:00; nobody started until Tuesday 14:00.
    known = Cases().report("c1", "2026-10-30 14:00")
    known.change("c1", "2026-11-03 14:00", started_at="2026-11-03 14:00", fixed_at="2026-11-03 14:00")
    october, november = support(known), support(known, month="2026-11")
    assert counted(october) == {"A reaction": (0, 0, 1), "A correction": (0, 0, 1)}
    assert counted(november) == {"A reaction": (0, 1, 0), "A correction": (1, 0, 0)}
    assert [(october.reported, october.open), (november.reported, november.open)] == [(1, 1), (0, 0)]
    assert [each.over for each in november.breaches] == [8 * HOUR]


def test_what_is_not_made_good_goes_on_growing_until_the_report_is_made() -> None:
    known = Cases().report("c1", "2026-10-05 10:00")
    first, later = (support(known, at=at).breaches[0] for at in ("2026-10-06 12:00", "2026-10-07 12:00"))
    assert (first.stopped_at, first.over, later.over) == (None, 2 * HOUR, 10 * HOUR)


def test_a_new_level_does_not_undo_what_was_missed_at_the_former() -> None:
    known = Cases().report("c1", "2026-10-05 10:00").change("c1", "2026-10-07 10:00", level="C")
    found = support(known)
    assert counted(found) == {"A reaction": (0, 1, 0)}
    assert [(each.level, each.over) for each in found.breaches] == [("A", 8 * HOUR)]


@pytest.mark.contract("no-requirements")
def test_the_environments_error_has_no_targets_and_misses_the_word_to_its_supplier() -> None:
    known = Cases().report("c1", "2026-10-05 10:00", title="storage", cause="operating_environment")
    known.report("c2", "2026-10-05 10:00", cause="operating_environment", supplier_told_at="2026-10-05 11:00")
    known.report("c3", "2026-10-05 10:00", cause="customer")
    shown = with_support(known)
    assert counted(support(known)) == {}
    assert "c1: storage (datahub-prod): the error is the operating environment's. Not recorded: when" in " ".join(
        shown.markdown.replace("\\", "").split()
    )
    assert "Its supplier was told on 5 Oct 2026 11:00:00." in shown.markdown
    assert [each["supplier_missing"] for each in shown.document["support"]["exempt"]] == [True, False, False]


def test_a_month_without_cases_says_so() -> None:
    shown = with_support(Cases())
    assert shown.report.support is not None
    assert support_summary(shown.report, shown.report.support) == "No case was reported, open or due in this month."
    assert shown.document["support"]["points"] is None


def test_only_the_cases_of_the_reported_services_are_told() -> None:
    known = Cases().report("c1", "2026-10-05 10:00", service="elsewhere")
    assert support(known).quiet


class TestPoints:
    """By the older agreement: the higher of the two sums counts."""

    @pytest.fixture
    def policy(self, request: pytest.FixtureRequest) -> Policy:
        return load(request.config.rootpath / OLDER, syntax_only=True).policy

    def ledger(self, *outages: tuple[str, str]) -> Ledger:
        found = Ledger("2025-11-12 09:00", "2026-11-23 08:00").service("datahub-prod").service("datahub-test")
        for start, end in outages:
            found.down("datahub-prod", start, end)
        return found

    def test_the_downtime_of_a_service_costs_points_from_an_hour_on(self, policy: Policy) -> None:
        ledger = self.ledger(("2026-10-06 09:00", "2026-10-06 12:00"), ("2026-10-07 09:00", "2026-10-07 10:30"))
        found = support(Cases(), policy=policy, ledger=ledger)  # four hours and a half
        assert {name: (each.downtime, each.counted, each.reduction_percent) for name, each in found.points.items()} == {
            "datahub-prod": (12, 12, 5),
            "datahub-test": (0, 0, 0),
        }

    def test_each_missed_target_costs_points_by_how_many_times_its_time_it_took(self, policy: Policy) -> None:
        # Enterprise, level A: reaction 1 h, workaround by the close of the next business day.
        known = Cases().report("c1", "2026-10-05 10:00", "A", "enterprise")
        known.change("c1", "2026-10-05 15:00", started_at="2026-10-05 15:00")  # 5 h, up to eight times: 8
        known.change("c1", "2026-10-06 15:00", workaround_at="2026-10-06 15:00")
        known.report("c2", "2026-10-05 10:00", "B", "enterprise")  # reaction 4 h
        known.change("c2", "2026-10-06 09:00", started_at="2026-10-06 09:00", fixed_at="2026-10-06 10:00")  # 7 h: 2
        found = support(known, policy=policy, ledger=self.ledger(("2026-10-06 09:00", "2026-10-06 10:30")))
        points = found.points["datahub-prod"]
        assert (points.downtime, points.overrun, points.counted, points.reduction_percent) == (4, 10, 10, 0)

    def test_both_limits_are_told(self, policy: Policy) -> None:
        shown = with_support(Cases(), policy=policy, month="2026-09")
        assert shown.report.support is not None
        assert points_limits(shown.report, shown.report.support) == (
            "Points begin at 1:00:00 of unplanned downtime of a service in a month; its objective allows 3:09:00. "
            "Only the higher of the two sums counts."
        )
        assert "Points begin at" in shown.markdown
        assert "Points begin at" in shown.html

    def test_the_contract_has_none(self) -> None:
        assert Support().points is None
        assert "Fee reduction" not in with_support(Cases()).html


class TestFormats:
    def known(self) -> Cases:
        known = Cases().report("c1", "2026-10-09 15:00", title=HOSTILE, reference=HOSTILE)
        known.report("c2", "2026-10-09 15:00", title=HOSTILE, cause="operating_environment")
        return known

    def test_what_people_wrote_is_words_everywhere(self) -> None:
        shown = with_support(self.known())
        assert "<b>" not in shown.html
        assert "&lt;b&gt;" in shown.html
        assert "\u202e" not in shown.html + shown.markdown + shown.csv
        assert "[x](http" not in shown.markdown
        rows = list(csv.DictReader(io.StringIO(shown.csv)))
        (breach, *_) = [row for row in rows if row["row"] == "breach"]
        assert breach["details"].startswith("'=1+1")
        assert breach["reference"].startswith("'=1+1")

    def test_csv_and_json_say_the_same(self) -> None:
        shown = with_support(self.known(), at="2026-10-13 11:00")
        document = json.loads(json.dumps(shown.document))["support"]
        rows = list(csv.DictReader(io.StringIO(shown.csv)))
        targets = [row for row in rows if row["row"] == "support"]
        assert [(row["level"], row["target"], row["met"], row["missed"], row["running"]) for row in targets] == [
            (each["level"], each["target"], *(str(each[name]) for name in ("met", "missed", "running")))
            for each in document["targets"]
        ]
        (breach,) = document["breaches"]
        assert (breach["deadline"], breach["used_seconds"], breach["over_seconds"]) == (
            "2026-10-12T13:00:00Z",
            43200,
            14400,
        )
        assert [row["over_seconds"] for row in rows if row["row"] == "breach"] == ["14400"]

    def test_a_correction_of_a_case_shows_beside_what_was_first_reported(self) -> None:
        known = self.known()
        first = with_support(known)
        frozen = freezing(first.report, first.document, local("2026-11-02 09:00"), "kari")
        known.change("c1", "2026-11-03 09:00", cause="customer")
        now = with_support(known)
        differences = as_first_reported(frozen, now.document).differences
        assert [(each.name, each.before, each.after) for each in differences] == [
            ("level A, reaction, missed", 1, 0),
            ("level A, correction, missed", 1, 0),
        ]
