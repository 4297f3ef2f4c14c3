"""The calendar that customers subscribe to: what is in it, and that a program can follow a window through its changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from sesam_slo.core.announcing import Known, Proof, announce, cancel, change
from sesam_slo.core.maintenance import Maintenance
from sesam_slo.core.model import AnnouncedWindow, Origin, Policy, RecurringWindow
from sesam_slo.core.policy import PolicyTimeline
from sesam_slo.core.roster import with_windows
from sesam_slo.web.ical import calendar

OSLO = ZoneInfo("Europe/Oslo")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
START = NOW + 100 * HOUR
WINDOW = AnnouncedWindow("upgrade", START, START + 2 * HOUR, NOW, recorded_at=NOW, origin=Origin.COMMAND)
SERVICES = frozenset({"a", "b"})


def maintenance(*windows: AnnouncedWindow, recurring: tuple[RecurringWindow, ...] = ()) -> Maintenance:
    return Maintenance(PolicyTimeline.always(Policy(recurring=recurring)), windows)


def events(found: Maintenance, at: datetime = NOW, **asked: Any) -> list[dict[str, Any]]:
    """Each event's properties as a calendar program reads them."""
    feed = Calendar.from_ical(calendar(found, at, OSLO, **asked))
    return [
        {
            name.lower(): [str(each) for each in value.cats] if name == "CATEGORIES" else getattr(value, "dt", value)
            for name, value in event.items()
        }
        for event in feed.walk("VEVENT")
    ]


class Life:
    """One window through its commands; `seen` is its event at each instant."""

    def __init__(self) -> None:
        self.windows: tuple[AnnouncedWindow, ...] = ()

    def known(self) -> Known:
        return Known(self.windows, (), PolicyTimeline.always(Policy(recurring=())), SERVICES, OSLO)

    def announce(self, at: datetime, **wanted: Any) -> None:
        outcome = announce(self.known(), "upgrade", START, START + 2 * HOUR, wanted.get("services"), Proof("anna"), at)
        self.windows = with_windows(self.windows, outcome.record)

    def change(self, at: datetime, **wanted: Any) -> None:
        self.windows = with_windows(self.windows, change(self.known(), "upgrade", Proof("bob"), at, **wanted).record)

    def cancel(self, at: datetime) -> None:
        self.windows = with_windows(self.windows, cancel(self.known(), "upgrade", Proof("bob"), at).record)

    def seen(self, at: datetime, **asked: Any) -> list[dict[str, Any]]:
        return events(maintenance(*self.windows), at, **asked)


def test_a_window_is_one_event_in_utc_that_does_not_block_anybodys_time() -> None:
    window = replace(WINDOW, services=frozenset({"b", "a"}), channel="email", ticket="OPS-1", author="anna")
    assert calendar(maintenance(window), NOW + HOUR, OSLO).decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//sesam-slo//maintenance//EN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Planned maintenance",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "BEGIN:VEVENT",
        "SUMMARY:Maintenance: upgrade",
        "DTSTART:20261205T130000Z",
        "DTEND:20261205T150000Z",
        "DTSTAMP:20261201T090000Z",
        "UID:4947068f8b92cdfb76c39409fedb59b0@sesam-slo",
        "SEQUENCE:0",
        "CATEGORIES:maintenance,announced",
        "CREATED:20261201T090000Z",
        "DESCRIPTION:Planned maintenance of a\\, b.\\nAnnounced 2026-12-01T10:00:00+0",
        " 1:00\\, by email\\, OPS-1.",
        "LAST-MODIFIED:20261201T090000Z",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_the_same_record_gives_the_same_bytes() -> None:
    found = maintenance(WINDOW, recurring=Policy().recurring)
    assert calendar(found, NOW, OSLO) == calendar(found, NOW + timedelta(minutes=5), OSLO)


def test_short_notice_is_said_not_to_deduct() -> None:
    short = replace(WINDOW, announced_at=START - 47 * HOUR, recorded_at=START - 47 * HOUR)
    (event,) = events(maintenance(short), START - 40 * HOUR)
    assert event["description"] == (
        "Planned maintenance of all services.\nAnnounced 2026-12-03T15:00:00+01:00.\n"
        "Announced less than 48h ahead: not deducted, downtime in it counts against the agreed availability."
    )
    assert event["categories"] == ["maintenance", "announced", "short notice"]


def test_of_a_window_with_added_time_each_piece_is_told() -> None:
    life = Life()
    life.announce(NOW)
    life.change(START - HOUR, end=START + 3 * HOUR)
    (event,) = life.seen(START)
    assert (event["dtstart"], event["dtend"]) == (START, START + 3 * HOUR)
    assert event["description"].split("\n") == [
        "Planned maintenance of all services.",
        "2026-12-05T14:00:00+01:00 to 2026-12-05T16:00:00+01:00, all services: announced 2026-12-01T10:00:00+01:00.",
        "2026-12-05T16:00:00+01:00 to 2026-12-05T17:00:00+01:00, all services: announced 2026-12-05T13:00:00+01:00.",
        "Announced less than 48h ahead: not deducted, downtime in it counts against the agreed availability.",
    ]


def test_a_window_keeps_its_uid_through_its_changes_and_its_sequence_grows() -> None:
    life, seen = Life(), []
    life.announce(NOW)
    seen += life.seen(NOW)
    life.change(NOW + HOUR, end=START + 3 * HOUR)
    seen += life.seen(NOW + HOUR)
    life.change(NOW + 2 * HOUR, end=START + HOUR)
    seen += life.seen(NOW + 2 * HOUR)
    life.change(NOW + 3 * HOUR, start=START + 50 * HOUR, end=START + 51 * HOUR)
    seen += life.seen(NOW + 3 * HOUR)
    life.cancel(NOW + 4 * HOUR)
    seen += life.seen(NOW + 4 * HOUR)
    assert [(event["sequence"], event["status"]) for event in seen] == [
        (0, "CONFIRMED"),
        (1, "CONFIRMED"),
        (2, "CONFIRMED"),
        (3, "CONFIRMED"),
        (4, "CANCELLED"),
    ]
    assert len({event["uid"] for event in seen}) == 1
    assert [event["dtstamp"] for event in seen] == [NOW + hours * HOUR for hours in range(5)]
    assert (seen[-1]["dtstart"], seen[-1]["dtend"]) == (START + 50 * HOUR, START + 51 * HOUR)


def test_a_name_that_is_used_again_is_another_event() -> None:
    life = Life()
    life.announce(NOW)
    life.cancel(NOW + HOUR)
    life.announce(NOW + 2 * HOUR)
    first, second = sorted(life.seen(NOW + 2 * HOUR), key=lambda event: event["status"])
    assert (first["status"], second["status"]) == ("CANCELLED", "CONFIRMED")
    assert first["uid"] != second["uid"]


@pytest.mark.parametrize(("at", "shown"), [(START, 1), (START + 2 * HOUR - DAY / 86400, 1), (START + 2 * HOUR, 0)])
def test_what_is_under_way_is_shown_what_is_over_is_not(at: datetime, shown: int) -> None:
    assert len(events(maintenance(WINDOW), at)) == shown


def test_what_was_cancelled_under_way_is_no_longer_ahead() -> None:
    life = Life()
    life.announce(NOW)
    life.cancel(START + HOUR)
    assert life.seen(START + HOUR) == []


def test_windows_further_ahead_than_asked_for_are_left_out() -> None:
    assert [len(events(maintenance(WINDOW), days=days)) for days in (4, 5)] == [0, 1]


def test_of_one_service_comes_what_concerns_it() -> None:
    of_a = replace(WINDOW, name="of a", services=frozenset({"a"}))
    nightly = RecurringWindow("nightly of b", 0, 60, services=frozenset({"b"}))
    found = maintenance(WINDOW, of_a, recurring=(nightly,))
    assert {event["summary"] for event in events(found, service="a")} == {
        "Maintenance: upgrade",
        "Maintenance: of a",
    }
    assert {event["summary"] for event in events(found, service="b")} == {
        "Maintenance: upgrade",
        "Maintenance: nightly of b",
    }


def test_a_service_that_is_taken_out_sees_its_window_cancelled() -> None:
    life = Life()
    life.announce(NOW, services=SERVICES)
    before = life.seen(NOW, service="b")
    life.change(NOW + HOUR, services=frozenset({"a"}))
    after = life.seen(NOW + HOUR, service="b")
    assert [(event["status"], event["sequence"]) for event in before + after] == [("CONFIRMED", 0), ("CANCELLED", 1)]
    assert before[0]["uid"] == after[0]["uid"]


def test_recurring_windows_are_single_events_of_90_days_by_the_clock_on_the_wall() -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    found = events(maintenance(recurring=Policy().recurring), at)
    assert len(found) == 91  # one of them is under way
    assert found[-1]["dtstart"] < at + 90 * DAY
    nights = {event["dtstart"].astimezone(OSLO).date().isoformat(): event for event in found}
    lengths = {day: nights[day]["dtend"] - nights[day]["dtstart"] for day in ("2026-10-24", "2026-10-25", "2026-10-26")}
    assert lengths == {"2026-10-24": 3 * HOUR, "2026-10-25": 4 * HOUR, "2026-10-26": 3 * HOUR}
    assert {event["dtstart"].astimezone(OSLO).strftime("%H:%M") for event in found} == {"00:00"}


def test_after_a_change_of_policy_what_was_before_keeps_its_events() -> None:
    early, late = (Policy(recurring=(RecurringWindow("nightly", start, start + 60),)) for start in (0, 120))
    before = Maintenance(PolicyTimeline(((NOW - 9 * DAY, early),)))
    after = Maintenance(PolicyTimeline(((NOW - 9 * DAY, early), (NOW + 10 * DAY, late))))
    one, two = ({event["uid"]: event["dtstamp"] for event in events(found)} for found in (before, after))
    assert set(one.values()) == {NOW - 9 * DAY}
    assert sorted(set(two.values())) == [NOW - 9 * DAY, NOW + 10 * DAY]
    assert len(one.keys() & two.keys()) == 10


@pytest.mark.parametrize(
    "name",
    [
        "a, b; c \\ d",
        "END:VEVENT\nBEGIN:VEVENT\nUID:x",
        "x\r\nATTACH:http://example.org/",
        "æ" * 200,
        '"quoted"',
        "=1+1",
    ],
)
def test_no_name_gets_out_of_its_property(name: str) -> None:
    window = replace(WINDOW, name=name, channel=name, ticket=name)
    body = calendar(maintenance(window), NOW, OSLO)
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert body.count(b"\r\nBEGIN:VEVENT") == 1
    assert b"\r\nATTACH" not in body
    (event,) = events(maintenance(window))
    assert event["summary"].replace("\r\n", "\n") == f"Maintenance: {name}".replace("\r\n", "\n")
