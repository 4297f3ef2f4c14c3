"""The account's rules in cases small enough to work out by hand; the working stands beside each.

Unless it says otherwise, a case is 10 June 2026 (a Wednesday) from 08:00 to 10:00 UTC, which is 7200 s in daylight in
Oslo and outside maintenance, and one endpoint `api` probed every 30 s, whose results therefore hold for 60 s at most.
Every case is put to the product and to the model.
"""

from datetime import UTC, datetime

import brute_force
import pytest

from scenarios import CONTRACT, Scenario


@pytest.fixture(params=["product", "model"])
def ask(request):
    def figures(results, begin="08:00", end="10:00", endpoints=("api",), services=None, every=30, **policy):
        services = services or {"svc": endpoints}
        scenario = Scenario(
            services={name: dict.fromkeys(endpoints, every) for name, endpoints in services.items()},
            results=sorted(results),
            start=at(begin),
            end=at(end),
            policy=CONTRACT | policy,
        )
        if request.param == "product":
            return scenario.replayed()["services"]["svc"]
        return brute_force.account(scenario.policy, scenario.services, scenario.results, scenario.start, scenario.end)[
            "services"
        ]["svc"]

    return figures


def at(text):
    """Seconds since the epoch of `HH:MM[:SS]` on 10 June 2026 or of a full date and time, in UTC."""
    return int(datetime.fromisoformat(text if "T" in text else f"2026-06-10T{text}").replace(tzinfo=UTC).timestamp())


def probes(outcome, begin, end, endpoint="api", every=30, service="svc"):
    """Results of one outcome from `begin` on, `end` not included."""
    return [(second, service, endpoint, outcome) for second in range(at(begin), at(end), every)]


def up(begin, end, *where, **how):
    return probes("success", begin, end, *where, **how)


def down(begin, end, *where, **how):
    return probes("failure", begin, end, *where, **how)


def blind(begin, end, *where, **how):
    return probes("unobserved", begin, end, *where, **how)


def outage(begin, end, endpoint="api", first="08:00", last="10:00", every=30):
    """An endpoint that responds from `first` to `last`, except from `begin` to `end`."""
    return [
        *up(first, begin, endpoint, every),
        *down(begin, end, endpoint, every),
        *up(end, last, endpoint, every),
    ]


def spans(figures):
    """The log's entries as `(start, end, duration)`, times without their date."""
    return [
        (event["start"][11:-1], event["end"] and event["end"][11:-1], event["duration_seconds"])
        for event in figures["downtime"]
    ]


# -- ten minutes ------------------------------------------------------------------------------------------------------


@pytest.mark.contract("ten-minutes")
def test_ten_minutes_to_the_second_are_downtime_from_the_first_failure(ask):
    figures = ask(outage("09:00", "09:10"))
    assert figures == {
        "agreed_seconds": 7200,
        "maintenance_seconds": 0,
        "unobserved_seconds": 0,
        "downtime_seconds": {"unplanned": 600, "planned": 0, "excluded": 0},
        "failing_seconds": 600,
        "availability": pytest.approx(11 / 12, abs=1e-9),  # 1 - 600 / 7200
        "availability_bounds": {
            "unobserved_as_up": pytest.approx(11 / 12, abs=1e-9),
            "unobserved_as_down": pytest.approx(11 / 12, abs=1e-9),
        },
        "error_budget_seconds": pytest.approx(36, abs=1e-9),  # 0.005 * 7200
        "error_budget_remaining_seconds": pytest.approx(-564, abs=1e-9),  # 36 - 600
        "downtime": [
            {
                "start": "2026-06-10T09:00:00Z",
                "end": "2026-06-10T09:10:00Z",
                "ongoing": False,
                "endpoints": ["api"],
                "duration_seconds": 600,
                "unplanned_seconds": 600,
                "planned_seconds": 0,
                "excluded_seconds": 0,
                "unobserved_seconds": 0,
            }
        ],
    }


@pytest.mark.contract("ten-minutes")
def test_a_second_less_than_ten_minutes_is_failing_time_and_no_downtime(ask):
    figures = ask(outage("09:00", "09:09:59"))  # 10 * 60 - 1 = 599
    assert figures["downtime"] == []
    assert figures["failing_seconds"] == 599
    assert figures["availability"] == 1


# -- endpoints of one service ---------------------------------------------------------------------------------------


@pytest.mark.contract("api-or-ui")
def test_overlapping_downtime_of_two_endpoints_is_counted_once(ask):
    # api 09:00-09:12 is 720 s, ui 09:05-09:16 is 660 s; together 09:00-09:16 = 960 s, not 1380
    figures = ask([*outage("09:00", "09:12"), *outage("09:05", "09:16", "ui")], endpoints=("api", "ui"))
    assert spans(figures) == [("09:00:00", "09:16:00", 960)]
    assert figures["downtime"][0]["endpoints"] == ["api", "ui"]
    assert figures["downtime_seconds"]["unplanned"] == 960


@pytest.mark.contract("api-or-ui")
def test_downtimes_that_touch_are_one_event(ask):
    # api 09:00-09:10, ui 09:10-09:22: 600 + 720 = 1320 s without a second between
    figures = ask([*outage("09:00", "09:10"), *outage("09:10", "09:22", "ui")], endpoints=("api", "ui"))
    assert spans(figures) == [("09:00:00", "09:22:00", 1320)]


@pytest.mark.contract("log")
def test_downtimes_a_second_apart_are_two_events(ask):
    # api 09:00-09:10, ui 09:10:01-09:22:01: 600 s and 720 s
    figures = ask([*outage("09:00", "09:10"), *outage("09:10:01", "09:22:01", "ui")], endpoints=("api", "ui"))
    assert spans(figures) == [("09:00:00", "09:10:00", 600), ("09:10:01", "09:22:01", 720)]


def test_a_short_run_beside_a_downtime_lengthens_failing_time_but_not_the_event(ask):
    # api 09:00-09:12 is downtime; ui 09:08-09:15 is 420 s and is not; failing 09:00-09:15 = 900 s
    figures = ask([*outage("09:00", "09:12"), *outage("09:08", "09:15", "ui")], endpoints=("api", "ui"))
    assert spans(figures) == [("09:00:00", "09:12:00", 720)]
    assert figures["downtime"][0]["endpoints"] == ["api"]
    assert figures["failing_seconds"] == 900


@pytest.mark.contract("api-or-ui")
def test_two_short_runs_that_overlap_for_ten_minutes_together_are_no_downtime(ask):
    # api 09:00-09:06 and ui 09:05-09:11, 360 s each: the ten minutes are one endpoint's; failing 09:00-09:11 = 660 s
    figures = ask([*outage("09:00", "09:06"), *outage("09:05", "09:11", "ui")], endpoints=("api", "ui"))
    assert figures["downtime"] == []
    assert figures["failing_seconds"] == 660


@pytest.mark.contract("api-or-ui")
def test_another_services_outage_is_not_this_ones(ask):
    others = [(second, "other", endpoint, outcome) for second, _, endpoint, outcome in outage("09:00", "09:30")]
    figures = ask([*up("08:00", "10:00"), *others], services={"svc": ["api"], "other": ["api"]})
    assert figures["downtime"] == []
    assert figures["failing_seconds"] == 0


# -- nightly maintenance --------------------------------------------------------------------------------------------


@pytest.mark.contract("nightly-maintenance")
@pytest.mark.parametrize(
    ("begin", "end", "maintenance", "agreed"),
    [
        # summer, Oslo is UTC+2: 00:00-03:00 is 22:00-01:00 UTC = 10800 s of 5 h = 18000 s
        pytest.param("2026-06-10T21:00", "2026-06-11T02:00", 10800, 7200, id="an ordinary night, three hours"),
        # UTC+1 at midnight, +2 at three: 23:00-01:00 UTC = 7200 s of 18000 s
        pytest.param("2026-03-28T22:00", "2026-03-29T03:00", 7200, 10800, id="summer time begins, two hours"),
        # UTC+2 at midnight, +1 at three: 22:00-02:00 UTC = 14400 s of 6 h = 21600 s
        pytest.param("2026-10-24T21:00", "2026-10-25T03:00", 14400, 7200, id="summer time ends, four hours"),
    ],
)
def test_the_night_is_as_long_as_the_clock_on_the_wall_makes_it(ask, begin, end, maintenance, agreed):
    figures = ask(up(begin, end), begin, end)
    assert (figures["maintenance_seconds"], figures["agreed_seconds"]) == (maintenance, agreed)
    assert figures["unobserved_seconds"] == 0


@pytest.mark.contract("nightly-maintenance")
@pytest.mark.parametrize(
    ("begin", "end", "unplanned", "planned"),
    [
        # 22:30-23:00 is 1800 s before, 23:00-01:00 is 7200 s inside, 01:00-01:30 is 1800 s after
        pytest.param("2026-03-28T22:30", "2026-03-29T01:30", 3600, 7200, id="29 March"),
        # 21:30-22:00 is 1800 s before, 22:00-02:00 is 14400 s inside, 02:00-02:30 is 1800 s after
        pytest.param("2026-10-24T21:30", "2026-10-25T02:30", 3600, 14400, id="25 October"),
        # 00:20-01:40 UTC is 02:20-02:40 by the clock: a repeated hour later
        pytest.param("2026-10-25T00:20", "2026-10-25T01:40", 0, 4800, id="25 October, through the repeated hour"),
        # winter, Oslo is UTC+1: 23:00-02:00 UTC is inside, in two calendar years, be they Oslo's or UTC's
        pytest.param("2026-12-31T22:30", "2027-01-01T02:30", 3600, 10800, id="the end of a year"),
        pytest.param("2028-02-28T22:30", "2028-02-29T02:30", 3600, 10800, id="into a leap day"),
        pytest.param("2028-02-29T22:30", "2028-03-01T02:30", 3600, 10800, id="out of a leap day"),
    ],
)
def test_an_event_through_a_night_that_is_unlike_others_is_planned_while_the_clock_says_so(
    ask, begin, end, unplanned, planned
):
    first, last = (datetime.fromtimestamp(at(text) + by, UTC) for text, by in ((begin, -1800), (end, 1800)))
    first, last = f"{first:%Y-%m-%dT%H:%M}", f"{last:%Y-%m-%dT%H:%M}"
    figures = ask(outage(begin, end, first=first, last=last), first, last)
    assert figures["downtime_seconds"] == {"unplanned": unplanned, "planned": planned, "excluded": 0}
    assert [event["duration_seconds"] for event in figures["downtime"]] == [unplanned + planned]


NIGHT = {"first": "21:00", "last": "2026-06-11T02:00"}  # 18000 s, of which 22:00-01:00 UTC is maintenance: 7200 agreed


@pytest.mark.contract("nightly-maintenance")
@pytest.mark.parametrize(
    ("begin", "end", "unplanned", "planned", "failing"),
    [
        # 21:50-22:00 is 600 s before, 22:00-01:00 is 10800 s inside, 01:00-01:10 is 600 s after
        pytest.param("21:50", "2026-06-11T01:10", 1200, 10800, 1200, id="begins before and outlasts it"),
        pytest.param("23:00", "23:30", 0, 1800, 0, id="all of it inside"),
        # 00:40-01:00 is 1200 s inside, 01:00-01:15 is 900 s after
        pytest.param("2026-06-11T00:40", "2026-06-11T01:15", 900, 1200, 900, id="begins inside and overruns"),
        # 21:57-22:09 is 12 min, long enough; 22:00-22:09 = 540 s are planned, and the 180 s before count
        pytest.param("21:57", "22:09", 180, 540, 180, id="judged on its whole length before anything is deducted"),
        # 21:57-22:06:59 is 599 s: no downtime on either side
        pytest.param("21:57", "22:06:59", 0, 0, 180, id="too short, half of it in maintenance"),
    ],
)
def test_maintenance_makes_its_part_of_an_event_planned(ask, begin, end, unplanned, planned, failing):
    figures = ask(outage(begin, end, **NIGHT), NIGHT["first"], NIGHT["last"])
    assert figures["downtime_seconds"] == {"unplanned": unplanned, "planned": planned, "excluded": 0}
    assert figures["failing_seconds"] == failing
    assert figures["availability"] == pytest.approx(1 - unplanned / 7200, abs=1e-9)
    assert [(event["unplanned_seconds"], event["planned_seconds"]) for event in figures["downtime"]] == (
        [(unplanned, planned)] if planned else []
    )


# -- other windows --------------------------------------------------------------------------------------------------


def recurring(start_minute, end_minute, days=(0, 1, 2, 3, 4, 5, 6), services=None):
    return [{"start_minute": start_minute, "end_minute": end_minute, "days": list(days), "services": services}]


@pytest.mark.parametrize(
    ("days", "begin", "end", "maintenance"),
    [
        # 22:00-02:00 in Oslo is 20:00-00:00 UTC; 12 June 2026 is a Friday (4)
        pytest.param([4], "2026-06-12T19:00", "2026-06-13T01:00", 14400, id="Friday's night: 4 hours"),
        pytest.param(
            [4], "2026-06-12T22:30", "2026-06-13T01:00", 5400, id="after midnight it is still Friday's: 1.5 h"
        ),
        pytest.param([5], "2026-06-12T19:00", "2026-06-13T01:00", 0, id="Saturday's begins on Saturday"),
        pytest.param([4, 5], "2026-06-12T19:00", "2026-06-14T01:00", 28800, id="both: 8 hours"),
    ],
)
def test_days_name_the_day_on_which_a_window_starts(ask, days, begin, end, maintenance):
    figures = ask(up(begin, end), begin, end, recurring=recurring(22 * 60, 2 * 60, days))
    assert figures["maintenance_seconds"] == maintenance


@pytest.mark.parametrize(
    ("window", "begin", "end", "maintenance"),
    [
        # 25 October, 03:00 becomes 02:00 at 01:00 UTC: 02:30 is 00:30 and 01:30 UTC, 02:45 is 00:45 and 01:45 UTC
        pytest.param((150, 165), "2026-10-25T00:00", "2026-10-25T03:00", 4500, id="repeated hour: 00:30-01:45 UTC"),
        pytest.param((60, 150), "2026-10-24T22:00", "2026-10-25T03:00", 9000, id="ends in it: 23:00-01:30 UTC"),
        pytest.param((150, 240), "2026-10-25T00:00", "2026-10-25T04:00", 9000, id="starts in it: 00:30-03:00 UTC"),
        # 02:00 itself is read twice, at 00:00 and 01:00 UTC; 03:00 once, at 02:00 UTC
        pytest.param((60, 120), "2026-10-24T22:00", "2026-10-25T03:00", 7200, id="ends at two: 23:00-01:00 UTC"),
        pytest.param((120, 180), "2026-10-24T22:00", "2026-10-25T03:00", 7200, id="two to three: 00:00-02:00 UTC"),
        # 29 March, 02:00 becomes 03:00 at 01:00 UTC: 02:00-03:00 is skipped
        pytest.param((135, 165), "2026-03-29T00:00", "2026-03-29T03:00", 0, id="skipped hour: nothing"),
        pytest.param((60, 150), "2026-03-29T00:00", "2026-03-29T03:00", 3600, id="ends in it: 00:00-01:00 UTC"),
        pytest.param((150, 240), "2026-03-29T00:00", "2026-03-29T03:00", 3600, id="starts in it: 01:00-02:00 UTC"),
        # 10 June: 23:00-24:00 in Oslo is 21:00-22:00 UTC; 00:00-24:00 is all there is
        pytest.param((1380, 1440), "20:00", "23:00", 3600, id="24:00 is the end of the day"),
        pytest.param((1380, 0), "20:00", "23:00", 3600, id="00:00 as an end is the next day's"),
        pytest.param((0, 1440), "20:00", "23:00", 10800, id="the whole day"),
    ],
)
def test_windows_are_read_off_the_clock_on_the_wall(ask, window, begin, end, maintenance):
    figures = ask(up(begin, end), begin, end, recurring=recurring(*window))
    assert figures["maintenance_seconds"] == maintenance


def announced(announced_at, services=None):
    """Half past eight to nine: 1800 s."""
    window = {"start": at("08:30"), "end": at("09:00"), "announced_at": at(announced_at), "services": services}
    return [window]


def test_a_window_on_one_weekday_comes_on_a_leap_day_too(ask):
    # 29 February 2028 is a Tuesday (1): its night is 28 February 23:00 to 29 February 02:00 UTC
    begin, end = "2028-02-28T22:00", "2028-02-29T03:00"
    figures = ask(
        outage("2028-02-29T01:30", "2028-02-29T02:30", first=begin, last=end),
        begin,
        end,
        recurring=recurring(0, 180, [1]),
    )
    assert figures["maintenance_seconds"] == 10800
    assert figures["downtime_seconds"] == {"unplanned": 1800, "planned": 1800, "excluded": 0}


@pytest.mark.contract("notice")
def test_a_window_announced_48_hours_ahead_to_the_second_counts(ask):
    # 10 June 08:30 less 48 h is 8 June 08:30; 7200 - 1800 = 5400 agreed
    figures = ask(up("08:00", "10:00"), announced=announced("2026-06-08T08:30"))
    assert (figures["maintenance_seconds"], figures["agreed_seconds"]) == (1800, 5400)
    assert figures["error_budget_seconds"] == pytest.approx(27, abs=1e-9)  # 0.005 * 5400


@pytest.mark.contract("notice")
def test_a_window_announced_a_second_later_deducts_nothing(ask):
    figures = ask(outage("08:30", "08:50"), announced=announced("2026-06-08T08:30:01"))
    assert figures["maintenance_seconds"] == 0
    assert figures["downtime_seconds"] == {"unplanned": 1200, "planned": 0, "excluded": 0}


@pytest.mark.contract("notice")
@pytest.mark.parametrize(("named", "maintenance"), [("other", 0), ("svc", 1800)])
def test_a_window_is_maintenance_of_the_services_that_it_names(ask, named, maintenance):
    figures = ask(
        up("08:00", "10:00"),
        services={"svc": ["api"], "other": ["api"]},
        announced=announced("2026-06-01T08:30", [named]),
    )
    assert figures["maintenance_seconds"] == maintenance


def windows(*bounds):
    """Announced windows of all services, a month ahead."""
    month_ahead = at("2026-05-10T08:00")
    return [
        {"start": at(start), "end": at(end), "announced_at": month_ahead, "services": None} for start, end in bounds
    ]


@pytest.mark.parametrize(
    ("bounds", "begin", "end", "maintenance"),
    [
        pytest.param([("08:30", "08:45"), ("08:45", "09:00")], "08:00", "10:00", 1800, id="touch: 08:30-09:00"),
        pytest.param([("08:30", "09:30"), ("08:45", "09:00")], "08:00", "10:00", 3600, id="nest: 08:30-09:30"),
        pytest.param([("08:45", "09:15"), ("08:30", "09:00")], "08:00", "10:00", 2700, id="overlap: 08:30-09:15"),
        pytest.param([("08:30", "09:00")] * 2, "08:00", "10:00", 1800, id="twice the same"),
        # 21:00-00:30 UTC is 23:00-02:30 in Oslo; the night is 22:00-01:00 UTC: together 21:00-01:00
        pytest.param([("21:00", "2026-06-11T00:30")], "20:00", "2026-06-11T02:00", 14400, id="across midnight"),
        # 01:00-01:30 UTC begins where the night ends: 22:00-01:30
        pytest.param([("2026-06-11T01:00", "2026-06-11T01:30")], "20:00", "2026-06-11T02:00", 12600, id="touches it"),
        # 23:00-00:00 UTC lies in the night
        pytest.param([("23:00", "2026-06-11T00:00")], "20:00", "2026-06-11T02:00", 10800, id="nests in the night"),
    ],
)
def test_windows_that_touch_nest_or_overlap_are_one_time(ask, bounds, begin, end, maintenance):
    figures = ask(up(begin, end), begin, end, announced=windows(*bounds))
    assert figures["maintenance_seconds"] == maintenance


@pytest.mark.parametrize(
    ("bounds", "unplanned", "planned"),
    [
        # down 08:40-09:20: ten minutes in the first, twenty between, ten in the second
        pytest.param([("08:30", "08:50"), ("09:10", "09:30")], 1200, 1200, id="apart"),
        pytest.param([("08:30", "09:00"), ("09:00", "09:30")], 0, 2400, id="that touch"),
        pytest.param([("08:30", "09:05"), ("08:55", "09:30")], 0, 2400, id="that overlap"),
    ],
)
def test_an_event_that_begins_in_one_window_and_ends_in_another_counts_in_between(ask, bounds, unplanned, planned):
    figures = ask(outage("08:40", "09:20"), announced=windows(*bounds))
    assert figures["downtime_seconds"] == {"unplanned": unplanned, "planned": planned, "excluded": 0}
    assert spans(figures) == [("08:40:00", "09:20:00", 2400)]


def test_an_event_that_begins_in_an_announced_window_and_ends_in_the_night_counts_in_between(ask):
    # announced 20:30-21:00; down 20:50-22:30 UTC: 600 s in it, 21:00-22:00 is 3600 s, 22:00-22:30 is 1800 s of the night
    figures = ask(
        outage("20:50", "22:30", first="20:00", last="23:00"), "20:00", "23:00", announced=windows(("20:30", "21:00"))
    )
    assert figures["downtime_seconds"] == {"unplanned": 3600, "planned": 2400, "excluded": 0}


def test_windows_that_overlap_are_deducted_once(ask):
    # 08:30-09:00 announced, 10:45-11:15 in Oslo is 08:45-09:15 UTC: together 08:30-09:15 = 2700 s, not 3600
    figures = ask(
        up("08:00", "10:00"), announced=announced("2026-06-01T08:30"), recurring=recurring(10 * 60 + 45, 11 * 60 + 15)
    )
    assert figures["maintenance_seconds"] == 2700


# -- silence --------------------------------------------------------------------------------------------------------


@pytest.mark.contract("monitored")
def test_a_silence_of_ten_minutes_to_the_second_is_bridged(ask):
    # the failure of 09:04:30 holds until 09:05:30; the next is at 09:15:30, 600 s later; the run is 09:00-09:20
    results = [*up("08:00", "09:00"), *down("09:00", "09:05"), *down("09:15:30", "09:20"), *up("09:20", "10:00")]
    figures = ask(results)
    assert spans(figures) == [("09:00:00", "09:20:00", 1200)]
    assert figures["downtime"][0]["unobserved_seconds"] == 600
    assert figures["unobserved_seconds"] == 0  # what is downtime is not unobserved
    assert figures["failing_seconds"] == 1200
    assert figures["availability"] == pytest.approx(5 / 6, abs=1e-9)  # 1 - 1200 / 7200
    assert figures["availability_bounds"] == {
        "unobserved_as_up": pytest.approx(11 / 12, abs=1e-9),  # 1 - (1200 - 600) / 7200
        "unobserved_as_down": pytest.approx(5 / 6, abs=1e-9),  # 1 - (1200 + 0) / 7200
    }


@pytest.mark.contract("monitored")
def test_a_silence_of_a_second_more_ends_the_run_where_its_last_failure_stopped_holding(ask):
    # runs 09:00-09:05:30 (330 s) and 09:15:31-09:20:01 (270 s), neither long enough; 601 s unobserved between
    results = [
        *up("08:00", "09:00"),
        *down("09:00", "09:05"),
        *down("09:15:31", "09:20:01"),
        *up("09:20:01", "10:00"),
    ]
    figures = ask(results)
    assert figures["downtime"] == []
    assert figures["failing_seconds"] == 600
    assert figures["unobserved_seconds"] == 601
    assert figures["availability"] == 1
    assert figures["availability_bounds"]["unobserved_as_up"] == 1
    assert figures["availability_bounds"]["unobserved_as_down"] == pytest.approx(1 - 601 / 7200, abs=1e-9)


@pytest.mark.contract("monitored")
def test_a_success_after_silence_ends_the_run_where_its_last_failure_stopped_holding(ask):
    # the failure of 09:09:30 holds until 09:10:30, the success is at 09:12: 630 s of downtime, 90 s unobserved
    figures = ask([*up("08:00", "09:00"), *down("09:00", "09:10"), *up("09:12", "10:00")])
    assert spans(figures) == [("09:00:00", "09:10:30", 630)]
    assert figures["unobserved_seconds"] == 90
    assert figures["availability"] == pytest.approx(1 - 630 / 7110, abs=1e-9)  # 7200 - 90 observed


def test_an_unobserved_result_ends_what_the_failure_before_it_said(ask):
    # at 09:09:59 nothing is known any more: 599 s of failing; the success of 09:10:30 is 31 s later
    early = [*up("08:00", "09:00"), *down("09:00", "09:10"), *blind("09:09:59", "09:10"), *up("09:10:30", "10:00")]
    figures = ask(early)
    assert figures["downtime"] == []
    assert (figures["failing_seconds"], figures["unobserved_seconds"]) == (599, 31)

    # a second later: 600 s of failing, 30 s unobserved
    late = [*up("08:00", "09:00"), *down("09:00", "09:10"), *blind("09:10", "09:10:30"), *up("09:10:30", "10:00")]
    figures = ask(late)
    assert spans(figures) == [("09:00:00", "09:10:00", 600)]
    assert figures["unobserved_seconds"] == 30


def test_a_silence_of_unobserved_results_is_bridged_like_any_other(ask):
    # unobserved from 09:05 to 09:15, 600 s, between failures: the run is 09:00-09:20
    results = [*up("08:00", "09:00"), *down("09:00", "09:05"), *blind("09:05", "09:15"), *down("09:15", "09:20")]
    figures = ask([*results, *up("09:20", "10:00")])
    assert spans(figures) == [("09:00:00", "09:20:00", 1200)]
    assert figures["downtime"][0]["unobserved_seconds"] == 600


@pytest.mark.contract("monitored")
def test_a_result_holds_for_twice_the_interval(ask):
    # the success of 08:59:30 holds until 09:00:30; the next is at 09:30: 1770 s unobserved
    figures = ask([*up("08:00", "09:00"), *up("09:30", "10:00")])
    assert figures["unobserved_seconds"] == 1770
    assert figures["availability"] == 1
    assert figures["availability_bounds"]["unobserved_as_down"] == pytest.approx(1 - 1770 / 7200, abs=1e-9)


@pytest.mark.contract("monitored")
def test_time_is_unobserved_when_any_endpoint_is(ask):
    # ui is first probed at 08:20 (1200 s); api's last success, 09:49:30, holds until 09:50:30 (570 s): 1770 s
    figures = ask([*up("08:00", "09:50"), *up("08:20", "10:00", "ui")], endpoints=("api", "ui"))
    assert figures["unobserved_seconds"] == 1770


def test_an_endpoint_that_was_never_probed_is_unobserved_throughout(ask):
    figures = ask(outage("09:00", "09:20"), endpoints=("api", "ui"))
    assert figures["unobserved_seconds"] == 6000  # 7200 less the 1200 of downtime, which are known
    assert figures["availability"] == 0  # 1 - 1200 / 1200
    assert figures["availability_bounds"] == {
        "unobserved_as_up": pytest.approx(5 / 6, abs=1e-9),  # 1 - 1200 / 7200
        "unobserved_as_down": 0,  # 1 - (1200 + 6000) / 7200
    }


def test_what_one_endpoint_shows_is_no_unobserved_time_of_the_event(ask):
    # api is silent from 09:05:30 to 09:15:30 inside its run 09:00-09:20; ui fails 09:02-09:13:30 (690 s):
    # nobody saw the event from 09:13:30 to 09:15:30, 120 s
    api = [*up("08:00", "09:00"), *down("09:00", "09:05"), *down("09:15:30", "09:20"), *up("09:20", "10:00")]
    figures = ask([*api, *outage("09:02", "09:13:30", "ui")], endpoints=("api", "ui"))
    assert spans(figures) == [("09:00:00", "09:20:00", 1200)]
    assert figures["downtime"][0]["unobserved_seconds"] == 120
    assert figures["availability_bounds"]["unobserved_as_up"] == pytest.approx(0.85, abs=1e-9)  # 1 - 1080 / 7200


@pytest.mark.contract("availability")
def test_where_nothing_was_observed_there_is_no_figure(ask):
    figures = ask(up("12:00", "12:10"))
    assert figures["unobserved_seconds"] == 7200
    assert figures["availability"] is None
    assert figures["availability_bounds"] == {"unobserved_as_up": 1, "unobserved_as_down": 0}


@pytest.mark.contract("availability")
def test_inside_maintenance_there_is_nothing_to_be_available_for(ask):
    # 22:30-23:30 UTC is 00:30-01:30 in Oslo
    figures = ask(up("22:30", "23:30"), "22:30", "23:30")
    assert (figures["agreed_seconds"], figures["maintenance_seconds"]) == (0, 3600)
    assert figures["availability"] is None
    assert figures["availability_bounds"] == {"unobserved_as_up": None, "unobserved_as_down": None}
    assert (figures["error_budget_seconds"], figures["error_budget_remaining_seconds"]) == (0, 0)


# -- a cut-out, and its end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        pytest.param("09:05", "09:15", [("09:00:00", "09:20:00", 600)], id="inside the event: 10 minutes of it"),
        pytest.param("08:00", "09:05", [("09:00:00", "09:20:00", 300)], id="its first 5 minutes, judged by all 20"),
        pytest.param("09:19:59", "10:00", [("09:00:00", "09:20:00", 1)], id="its last second"),
        pytest.param("09:20", "10:00", [], id="from its end on"),
        pytest.param("08:00", "09:00", [], id="up to its start"),
    ],
)
def test_a_cut_out_counts_the_seconds_inside_and_names_the_true_start_and_end(ask, begin, end, expected):
    figures = ask(outage("09:00", "09:20"), begin, end)
    assert spans(figures) == expected
    assert figures["downtime_seconds"]["unplanned"] == sum(duration for _, _, duration in expected)


def test_an_event_that_goes_on_has_no_end_and_counts_up_to_the_end_of_the_window(ask):
    # failing since 09:30, the last result is of 10:00: 1800 s
    figures = ask([*up("08:00", "09:30"), *down("09:30", "10:00:01")])
    assert spans(figures) == [("09:30:00", None, 1800)]
    assert figures["downtime"][0]["ongoing"] is True


@pytest.mark.contract("monitored")
def test_an_event_nobody_sees_any_more_neither_grows_nor_ends(ask):
    # the last result, 09:14:30, holds until 09:15:30: 930 s; 09:15:30-10:00 is 2670 s of silence, more than is bridged
    figures = ask([*up("08:00", "09:00"), *down("09:00", "09:15")])
    assert spans(figures) == [("09:00:00", None, 930)]
    assert figures["unobserved_seconds"] == 2670


@pytest.mark.contract("ten-minutes")
def test_what_is_failing_for_less_than_ten_minutes_at_the_end_is_not_yet_downtime(ask):
    assert ask([*up("08:00", "09:50:01"), *down("09:50:01", "10:00:01")])["downtime"] == []  # 599 s
    assert spans(ask([*up("08:00", "09:50"), *down("09:50", "10:00:01")])) == [("09:50:00", None, 600)]


def test_later_results_decide_what_was_open_at_the_end_of_the_window(ask):
    # at 09:05 it had failed for 300 s; the trace goes on to 09:12: downtime, 300 s of it inside
    figures = ask(outage("09:00", "09:12"), "08:00", "09:05")
    assert spans(figures) == [("09:00:00", "09:12:00", 300)]


@pytest.mark.contract("ten-minutes")
@pytest.mark.parametrize(
    ("ui", "last", "end"),
    [
        # ui began to fail at 09:11, inside api's 09:00-09:12
        pytest.param(down("09:11", "09:14", "ui"), "09:14", None, id="is still failing: it may yet become downtime"),
        pytest.param(outage("09:11", "09:13", "ui"), "10:00", "09:12:00", id="ended short"),
        # the failure of 09:13:30 holds until 09:14:30; bridged at most until 09:24:30
        pytest.param(down("09:11", "09:14", "ui"), "09:24:30", None, id="silent for ten minutes: still bridged"),
        pytest.param(down("09:11", "09:14", "ui"), "09:24:31", "09:12:00", id="silent for a second more"),
        pytest.param(down("09:12", "09:14", "ui"), "09:14", None, id="began where the downtime ended"),
        pytest.param(down("09:12:01", "09:14", "ui"), "09:14", "09:12:00", id="began a second after"),
    ],
)
def test_an_event_goes_on_while_a_run_beside_it_may_still_become_downtime(ask, ui, last, end):
    figures = ask([*outage("09:00", "09:12", last=last), *ui], "08:00", last, endpoints=("api", "ui"))
    assert spans(figures) == [("09:00:00", end, 720)]
    assert figures["downtime"][0]["endpoints"] == ["api"]
