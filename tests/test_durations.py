"""Durations: what people may write, and that what is shown can be written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_slo.config import format_duration, parse_duration

EXPECTED = "expected a duration such as 500ms, 30s, 10m, 48h, 2d or 1h30m"


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", timedelta(0)),
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("48h", timedelta(hours=48)),
        ("2d", timedelta(days=2)),
        ("1h30m", timedelta(minutes=90)),
        ("1d2h3m4s5ms", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", f'not a duration: ""; {EXPECTED}'),
        ("30", "has no unit: 30; expected a duration with its unit, such as 30s or 30m"),
        ("1.5h", f'not a duration: "1.5h"; {EXPECTED}'),
        ("30 s", f'not a duration: "30 s"; {EXPECTED}'),
        ("-5m", f'not a duration: "-5m"; {EXPECTED}'),
        ("30m1h", f'not a duration: "30m1h"; {EXPECTED}'),
        ("1h1h", f'not a duration: "1h1h"; {EXPECTED}'),
        ("2w", f'not a duration: "2w"; {EXPECTED}'),
        ("٣s", f'not a duration: "٣s"; {EXPECTED}'),
        ("30s\n", f'not a duration: "30s\\n"; {EXPECTED}'),
        ("3651d", "too long: 3651d; expected at most 3650d"),
        ("999999999999d", "too long: 999999999999d; expected at most 3650d"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_is_expected(text: str, fault: str):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is asserted
        parse_duration(text)
    assert str(refused.value) == fault


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=48), "2d"),
        (timedelta(minutes=10), "10m"),
        (timedelta(milliseconds=1500), "1s500ms"),
        (timedelta(microseconds=500), "0.5ms"),
        (timedelta(seconds=-30), "-30s"),
    ],
)
def test_a_duration_is_shown_in_its_shortest_form(duration: timedelta, text: str):
    assert format_duration(duration) == text


@settings(deadline=None)
@given(st.integers(0, 3650 * 86_400_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds)))
def test_what_is_shown_is_read_back_as_the_same(duration: timedelta):
    assert parse_duration(format_duration(duration)) == duration
