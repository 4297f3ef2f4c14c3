"""Fields of local time: what they show, what they mean, in the hours that the clock skips and shows twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sesam_slo.core.entry import Entry, Exclusion
from sesam_slo.web.pages.entry_form import shown, wanted
from sesam_slo.web.pages.forms import Faults, Form, FormError, form_from, instant, occurrence, wall
from sesam_slo.web.pages.wording import business, length, listed

OSLO = ZoneInfo("Europe/Oslo")
TWICE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 for the first time


def asked(text: str, which: str = "") -> tuple[datetime | None, str | None]:
    faults = Faults()
    form = Form((("start", text), ("start_occurrence", which)))
    return instant(form, "start", OSLO, faults), faults.get("start")


@pytest.mark.parametrize(
    ("text", "which", "at"),
    [
        ("2026-12-05T20:00", "", datetime(2026, 12, 5, 19, tzinfo=UTC)),
        ("2026-07-05T20:00:30.25", "", datetime(2026, 7, 5, 18, 0, 30, 250_000, tzinfo=UTC)),
        ("2026-12-05T20:00+01:00", "", datetime(2026, 12, 5, 19, tzinfo=UTC)),
        ("2026-10-25T02:30", "first", TWICE),
        ("2026-10-25T02:30", "second", TWICE + timedelta(hours=1)),
        ("2026-10-25T03:00", "", datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("2026-03-29T03:00", "", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_one_instant(text: str, which: str, at: datetime) -> None:
    assert asked(text, which) == (at, None)


@pytest.mark.parametrize(
    ("text", "which", "fault"),
    [
        ("2026-10-25T02:30", "", "The clock shows this time twice on that night. Choose which of the two."),
        ("2026-10-25T02:30", "third", "The clock shows this time twice on that night. Choose which of the two."),
        ("2026-03-29T02:30", "", "The clock skips this time on that night. Expected a time that there is."),
        ("tomorrow", "", "Not a date and a time. Expected one such as 2026-12-05T20:00."),
        ("0001-01-01T00:00", "", "Expected a year from 1971 to 2999."),
        ("9999-12-31T23:59:59-14:00", "", "Expected a year from 1971 to 2999."),
    ],
)
def test_what_is_no_instant_says_why(text: str, which: str, fault: str) -> None:
    assert asked(text, which) == (None, fault)


@pytest.mark.parametrize("at", [TWICE, TWICE + timedelta(hours=1), TWICE + timedelta(days=30, milliseconds=818)])
def test_what_a_field_shows_is_read_back_as_the_same(at: datetime) -> None:
    assert asked(wall(at, OSLO), occurrence(at, OSLO)) == (at, None)


ENTRY = Entry(
    "id",
    "svc",
    TWICE + timedelta(microseconds=123_456),
    TWICE + timedelta(hours=2),
    ("api",),
    symptom=" timeout\t",
    exclusions=(Exclusion(TWICE, TWICE + timedelta(microseconds=60_000_001), "theirs\nnot ours"),),
)


def sent(**changed: str) -> Form:
    """The form as the page shows it and a browser sends it back, with some fields changed."""
    fields = {name: value for name, value in shown(ENTRY, OSLO).items() if isinstance(value, str)}
    for number, row in enumerate(shown(ENTRY, OSLO)["exclusions"]):
        fields |= {f"exclusion_{number}_{name}": value for name, value in row.items()}
    return Form(tuple({**fields, **changed}.items()))


def test_a_form_that_is_sent_back_as_it_was_changes_nothing_not_even_a_microsecond() -> None:
    faults = Faults()
    assert (wanted(sent(), ENTRY, OSLO, faults), bool(faults)) == ({}, False)


def test_only_what_was_changed_is_wanted() -> None:
    faults = Faults()
    form = sent(solution="restarted", start="2026-10-25T02:20:00", exclusion_0_reason="")
    assert wanted(form, ENTRY, OSLO, faults) == {
        "solution": "restarted",
        "start": TWICE - timedelta(minutes=10),
        "exclusions": (Exclusion(TWICE, TWICE + timedelta(minutes=1), ""),),
    }
    assert faults.found == {"exclusion_0_reason": "Expected why it does not count."}


def test_a_reported_instant_can_be_taken_back_and_a_bound_cannot() -> None:
    faults = Faults()
    reported = Entry("id", "svc", TWICE, TWICE + timedelta(hours=2), (), reported_at=TWICE + timedelta(hours=1))
    form = Form((("cause", "unknown"), ("reported_at", ""), ("start", ""), ("end", wall(reported.end, OSLO))))
    assert wanted(form, reported, OSLO, faults)["reported_at"] is None
    assert set(faults.found) == {"start"}


def test_lines_of_a_form_are_single_characters_and_bytes_that_are_no_text_are_replaced() -> None:
    assert form_from("a=1%0D%0A2%0D3&b=%FF&a=x").fields == (("a", "1\n2\n3"), ("b", "�"), ("a", "x"))
    with pytest.raises(FormError, match="more than 500 fields"):
        form_from("&".join(["a=1"] * 501))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (65, "1 min 5 s"),
        (3600, "1 h"),
        (-9840, "−2 h 44 min"),
        (172_800, "48 h"),
        (259_200, "3 d"),
        (262_900, "3 d 1 h"),
    ],
)
def test_lengths_read_as_people_say_them(seconds: float, text: str) -> None:
    assert length(seconds).replace("\u00a0", " ") == text


def test_business_time_is_hours_since_a_day_of_it_is_shorter() -> None:
    said = [business(timedelta(hours=hours)).replace("\u00a0", " ") for hours in (0.75, 8, 80.5, -1)]
    assert said == ["45 min", "8 h", "80 h 30 min", "−1 h"]


def test_many_names_are_counted() -> None:
    said = [listed(names) for names in ("a", "ab", "abc", "abcdefgh")]
    assert said == ["a", "a and b", "a, b and c", "a, b, c, d, e and 3 more"]
