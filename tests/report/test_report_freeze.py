"""A month as it was first reported beside the month as it is now."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import metadata

import pytest
from report_books import Ledger, Made, example, made

from sesam_slo.core.history import Frozen
from sesam_slo.core.model import AlertTimings, Policy
from sesam_slo.report import as_first_reported, freezing, versions
from sesam_slo.report.freeze import policy_hash

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
DISK = "datahub-prod-20261006T071231"


def frozen(first: Made) -> Frozen:
    """As a ledger gives it back: through JSON."""
    kept = freezing(first.report, first.document, AT, "Kari")
    return replace(kept, document=json.loads(json.dumps(kept.document)))


def differences(ledger: Ledger, first: Made | None = None) -> list[tuple[str, str, str, object, object]]:
    before = frozen(first or made(example()))
    earlier = as_first_reported(before, made(ledger).document)
    return [(each.service, each.event, each.name, each.before, each.after) for each in earlier.differences]


def test_a_month_is_kept_with_the_hashes_of_policy_and_log_and_the_versions_of_what_decides_dates() -> None:
    kept = frozen(made(example()))
    assert (kept.month, kept.at, kept.author) == ("2026-10", AT, "Kari")
    assert kept.document["provenance"] == {
        "policy_sha256": made(example()).provenance.policy_sha256,
        "log_sha256": "9f2c" * 16,
        "log_revision": 48211,
        "versions": {"sesam-slo": "0.1.0", "tzdata": "2025b", "holidays": "0.109"},
    }


def test_the_versions_are_those_that_are_installed() -> None:
    found = versions("0.1.0")
    assert found["holidays"] == metadata.version("holidays")
    assert found["tzdata"][:2] == "20"


def test_the_hash_is_of_the_policies_in_force_in_the_month_and_of_nothing_else() -> None:
    def hashed(ledger: Ledger, policy: Policy | None = None) -> str:
        return policy_hash(ledger.book(policy).policies, made(example()).report.interval)

    strict = Policy(objective_ratio=0.999)
    before, later = ("2025-11-12 09:00", Policy()), ("2026-11-05 09:00", strict)
    assert hashed(example()) == hashed(example().policy(*before)) == hashed(example().policy(*before).policy(*later))
    assert hashed(example()) == hashed(example(), Policy(alerts=AlertTimings(repeat_interval=timedelta(hours=1))))
    changed = example().policy(*before).policy("2026-10-05 09:00", strict)
    assert len({hashed(example()), hashed(example(), strict), hashed(changed, strict)}) == 3


def test_a_month_that_is_not_over_is_not_kept() -> None:
    first = made(Ledger("2026-10-01 00:00", "2026-10-31 23:59:59").service("svc"))
    with pytest.raises(ValueError, match="expected a month") as refused:
        freezing(first.report, first.document, AT, "Kari")
    assert str(refused.value) == (
        "the ledger knows svc up to 2026-10-31T22:59:59+00:00, the month ends 2026-10-31T23:00:00+00:00; "
        "expected a month that is over and accounted for"
    )


def test_a_month_that_is_over_to_the_second_is_kept() -> None:
    assert frozen(made(Ledger("2026-10-01 00:00", "2026-11-01 00:00").service("svc"))).month == "2026-10"


def test_a_what_if_is_not_kept() -> None:
    first = made(example(), what_if=True)
    with pytest.raises(ValueError, match=r"^what if is not what was; expected no --set$"):
        freezing(first.report, first.document, AT, "Kari")


class TestAsCorrected:
    def test_nothing_differs_while_nothing_was_corrected(self) -> None:
        assert differences(example()) == []

    def test_a_cause_set_later_shows_in_the_event_the_service_and_the_total(self) -> None:
        ledger = example()
        ledger.said(DISK, cause="customer")
        found = differences(ledger)
        assert found[-1][:3] == ("", "", "error budget left")
        assert ("datahub-prod", "", "unplanned downtime", 6821.25, 1570) in found
        assert ("datahub-prod", "", "excluded downtime", 0, 5251.25) in found
        assert ("", "", "unplanned downtime", 7585.25, 2334) in found
        assert [each[2:] for each in found if each[1] == DISK] == [
            ("cause", "sesam", "customer"),
            ("unplanned", 5251.25, 0),
            ("excluded", 0, 5251.25),
        ]
        assert {each[0] for each in found} == {"datahub-prod", ""}

    def test_words_alone_show_too(self) -> None:
        ledger = example()
        ledger.said(DISK, solution="Replaced the disk")
        assert [each[:3] for each in differences(ledger)] == [("datahub-prod", DISK, "solution")]

    def test_an_event_that_was_withdrawn_is_gone(self) -> None:
        ledger = example()
        ledger.said(DISK, withdrawn=True)
        assert [each[2:] for each in differences(ledger) if each[1]] == [
            ("event", "in the log", None),
            ("unplanned", 5251.25, None),
        ]

    def test_an_event_that_was_added_has_come(self) -> None:
        ledger = example()
        ledger.said(
            "by-hand",
            added={"service": "datahub-test", "endpoints": ["ui"]},
            start="2026-10-09T10:00:00Z",
            end="2026-10-09T10:30:00Z",
            cause="sesam",
        )
        assert [each[2:] for each in differences(ledger) if each[1]] == [
            ("event", None, "in the log"),
            ("unplanned", None, 1800),
        ]

    def test_only_what_is_asked_for_is_compared(self) -> None:
        ledger = example()
        ledger.said(DISK, cause="customer")
        now = made(ledger)
        only = {**now.document, "services": {"ferd-prod": now.document["services"]["ferd-prod"]}}
        assert as_first_reported(frozen(made(example())), only).differences == ()

    def test_what_a_former_version_did_not_report_is_not_compared(self) -> None:
        first = frozen(made(example()))
        for service in first.document["services"].values():
            del service["availability_bounds"]
            del service["objective"]
            for event in service["downtime"]:
                del event["reported_by"]
        assert as_first_reported(first, made(example()).document).differences == ()

    def test_json_keeps_all_of_the_first_report(self) -> None:
        first, ledger = frozen(made(example())), example()
        ledger.said(DISK, cause="customer")
        now = made(ledger)
        document = now.against(as_first_reported(first, now.document)).document
        assert document["as_first_reported"]["report"] == first.document
        assert (document["as_first_reported"]["at"], document["as_first_reported"]["author"]) == (
            "2026-11-02T08:00:00Z",
            "Kari",
        )
        assert {"service": "datahub-prod", "event": DISK, "name": "cause", "before": "sesam", "after": "customer"} in (
            document["as_first_reported"]["differences"]
        )

    def test_csv_has_a_row_more_for_each_service_and_the_total(self) -> None:
        first = frozen(made(example()))
        now = made(example())
        rows = [line.split(",")[0] for line in now.against(as_first_reported(first, now.document)).csv.splitlines()]
        assert rows.count("service_first_reported") == rows.count("service") == 3
        assert rows[-2:] == ["total", "total_first_reported"]

    def test_markdown_has_both_side_by_side(self) -> None:
        ledger = example()
        ledger.said(DISK, cause="customer")
        now = made(ledger)
        lines = now.against(as_first_reported(frozen(made(example())), now.document)).markdown.splitlines()
        assert "First reported on 2 Nov 2026 09:00:00 by Kari; corrected since, see below." in lines
        assert "| datahub-prod: availability | 99.707 % | 99.932 % |" in lines
