"""What a month's report says, case by case; by the clock in Oslo."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from report_books import OSLO, Ledger, example, local

from sesam_slo.core.model import Policy, RecurringWindow
from sesam_slo.report import Month, MonthReport, month_report
from sesam_slo.report.figures import Figures
from sesam_slo.report.sentences import introduction, notices, verdict
from sesam_slo.report.wording import local as shown

HOUR, MINUTE, ZERO = timedelta(hours=1), timedelta(minutes=1), timedelta()


def report(ledger: Ledger, month: str, policy: Policy | None = None, **how) -> MonthReport:
    return month_report(ledger.book(policy, **how), Month.parse(month), {})


def one_service(since: str = "2026-01-01 00:00", until: str = "2026-12-01 00:00") -> Ledger:
    return Ledger(since, until).service("svc")


class TestTheMonthByTheClockOnTheWall:
    @pytest.mark.parametrize(
        ("month", "hours", "maintenance_hours"),
        [("2026-02", 672, 84), ("2026-03", 743, 92), ("2026-10", 745, 94), ("2028-02", 696, 87)],
    )
    def test_it_has_as_many_hours_as_the_clock_gives_it(self, month: str, hours: int, maintenance_hours: int) -> None:
        found = report(one_service(until="2029-01-01 00:00"), month)
        assert found.interval.duration == hours * HOUR
        assert found.figures.maintenance == maintenance_hours * HOUR
        assert found.figures.agreed == (hours - maintenance_hours) * HOUR
        assert introduction(found).split("(")[1].startswith(f"{hours} hours), 1 service, objective 99.5 %.")

    def test_the_night_that_repeats_an_hour_is_a_day_of_25(self) -> None:
        (service,) = report(one_service(), "2026-10").services
        assert [day.interval.duration / HOUR for day in service.days] == [24] * 24 + [25] + [24] * 6
        assert service.days[24].parts["maintenance"] == 4 * HOUR

    def test_an_instant_in_the_repeated_hour_says_which_of_the_two(self) -> None:
        first = local("2026-10-25 02:30")
        assert (shown(first, OSLO), shown(first + HOUR, OSLO), shown(first + 2 * HOUR, OSLO)) == (
            "25 Oct 2026 02:30:00 CEST",
            "25 Oct 2026 02:30:00 CET",
            "25 Oct 2026 03:30:00",
        )

    @pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", "0001-01", "9999-12", ""])
    def test_what_is_no_month_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected a month, such as 2026-11"):
            Month.parse(text)


class TestWhatIsKnown:
    def test_an_account_that_begins_within_the_month_is_cut_there(self) -> None:
        found = report(one_service(since="2026-11-16 12:00"), "2026-11")
        (service,) = found.services
        assert service.window == (local("2026-11-16 12:00"), local("2026-12-01 00:00"))
        assert service.figures.agreed + service.figures.maintenance == 14 * 24 * HOUR + 12 * HOUR
        assert service.figures.error_budget_seconds == Fraction(service.figures.agreed // MINUTE * 60, 200)
        assert service.days[14].known == ()
        assert sum(service.days[15].parts.values(), ZERO) == 12 * HOUR
        assert [each.figures is None for each in service.trend] == [True] * 11 + [False]

    def test_a_month_that_is_not_over_has_the_budget_of_all_of_it_and_says_that_it_is_provisional(self) -> None:
        found = report(one_service(until="2026-11-11 00:00"), "2026-11")
        assert found.open
        assert found.figures.agreed == 10 * 21 * HOUR
        assert found.figures.error_budget_seconds == 30 * 21 * 3600 / Fraction(200)
        assert list(notices(found)) == [
            "Provisional: known up to 11 Nov 2026 00:00:00; what follows is not in these figures."
        ]

    def test_a_service_of_which_nothing_is_known_any_more_is_there_without_a_figure(self) -> None:
        found = report(one_service(until="2026-10-20 00:00"), "2026-11")
        assert found.open
        assert (found.figures.availability, found.figures.met) == (None, None)
        assert found.figures.error_budget_seconds == 30 * 21 * 3600 / Fraction(200)

    def test_a_service_that_was_taken_out_ends_and_is_not_provisional(self) -> None:
        ledger = one_service().service("old", until="2026-11-10 00:00", ended=True)
        found = report(ledger, "2026-11")
        assert [(each.name, each.open) for each in found.services] == [("old", False), ("svc", False)]
        assert found.services[0].figures.agreed == 9 * 21 * HOUR
        assert [each.name for each in report(ledger, "2026-12").services] == ["svc"]

    def test_a_month_before_every_account_has_no_services(self) -> None:
        assert report(one_service(), "2025-12").services == ()

    def test_without_any_observation_there_is_no_figure_and_both_bounds(self) -> None:
        ledger = one_service()
        ledger.silent("svc", "2026-11-01 00:00", "2026-12-01 00:00")
        found = report(ledger, "2026-11")
        assert found.figures.availability is None
        assert (found.figures.unobserved_as_up, found.figures.unobserved_as_down) == (1, 0)
        assert verdict(found, found.figures) == (
            "No agreed time was observed: there is no figure to hold against 99.5 %."
        )

    def test_a_month_that_is_all_maintenance_has_no_figure_at_all(self) -> None:
        always = Policy(recurring=(RecurringWindow("always", 0, 1440),))
        figures = report(one_service(), "2026-11", always).figures
        assert (figures.agreed, figures.availability, figures.unobserved_as_up, figures.objective) == (
            ZERO,
            *[None] * 3,
        )
        assert figures.error_budget_used is None


class TestTheEvents:
    def test_each_has_its_words_its_seconds_and_the_windows_that_deducted(self) -> None:
        (service, *_) = report(example(), "2026-10").services
        disk, work, night = service.events
        assert (disk.account.unplanned, disk.account.planned, disk.windows) == (
            timedelta(hours=1, minutes=27, seconds=31.25),
            ZERO,
            (),
        )
        assert disk.entry is not None
        assert disk.entry.solution.startswith("Volume enlarged")
        assert (work.account.unplanned, work.account.planned) == (26 * MINUTE + timedelta(seconds=10), 20 * MINUTE)
        assert [each.name for each in work.windows] == ["database upgrade"]
        assert (night.account.unplanned, night.account.planned) == (ZERO, 30 * MINUTE)
        assert [each.name for each in night.windows] == ["nightly"]

    def test_one_that_began_the_month_before_keeps_its_true_begin_and_counts_its_seconds_here(self) -> None:
        ledger = one_service()
        ledger.down("svc", "2026-10-31 23:00", "2026-11-01 04:00")
        (october,), (november,) = (report(ledger, month).services[0].events for month in ("2026-10", "2026-11"))
        assert october.account.downtime.start == november.account.downtime.start == local("2026-10-31 23:00")
        assert (october.account.unplanned, november.account.unplanned) == (HOUR, HOUR)
        assert (october.account.planned, november.account.planned) == (ZERO, 3 * HOUR)

    def test_one_that_goes_on_has_no_end_and_counts_up_to_what_is_known(self) -> None:
        ledger = one_service(until="2026-11-11 12:00")
        ledger.down_since("svc", "2026-11-11 11:00")
        (event,) = report(ledger, "2026-11").services[0].events
        assert event.account.downtime.ongoing
        assert event.account.unplanned == HOUR

    def test_a_cause_that_excludes_moves_its_seconds(self) -> None:
        service = report(example(), "2026-10").services[1]
        assert (service.figures.unplanned, service.figures.excluded) == (
            ZERO,
            timedelta(hours=2, minutes=30, seconds=6),
        )

    def test_what_a_person_withdrew_is_named_and_counts_nothing(self) -> None:
        service = report(example(), "2026-10").services[1]
        assert [(each.withdrawn, each.details) for each in service.not_counted] == [
            (True, "load test of ours, agreed by mail")
        ]

    def test_bounds_that_make_it_shorter_than_downtime_are_named_and_count_nothing(self) -> None:
        ledger = one_service()
        id = ledger.down("svc", "2026-11-03 10:00", "2026-11-03 10:20")
        ledger.said(id, end="2026-11-03T09:09:59Z")
        (service,) = report(ledger, "2026-11").services
        assert (service.events, [each.id for each in service.not_counted]) == ((), [id])


class TestAvailabilityAgainstTheObjective:
    @staticmethod
    def month_with(down: timedelta) -> Figures:
        agreed = 1000 * HOUR
        return Figures(
            agreed=agreed, unplanned=down, promised=Fraction(995 * 3600), error_budget_seconds=Fraction(18000)
        )

    def test_it_is_met_to_the_microsecond_and_missed_by_one(self) -> None:
        moment = timedelta(microseconds=1)
        assert self.month_with(5 * HOUR).met is True
        assert self.month_with(5 * HOUR + moment).met is False

    def test_the_total_is_of_the_sums(self) -> None:
        found = report(example(), "2026-10")
        unplanned = sum((each.figures.unplanned for each in found.services), ZERO)
        observed = sum((each.figures.observed for each in found.services), ZERO)
        assert found.figures.availability is not None
        assert float(found.figures.availability) == pytest.approx(1 - unplanned / observed, abs=1e-15)

    def test_the_bounds_decide_whether_the_verdict_stands(self) -> None:
        ledger = one_service()
        ledger.down("svc", "2026-11-03 10:00", "2026-11-03 13:00")
        ledger.silent("svc", "2026-11-05 10:00", "2026-11-05 13:00")
        found = report(ledger, "2026-11")
        assert verdict(found, found.figures) == (
            "Availability 99.521 % meets the objective of 99.5 %. Were all unobserved time up it would be 99.523 %, "
            "were all of it down 99.047 %: the verdict depends on it."
        )


class TestAPolicyThatChanged:
    def changed(self, after: Policy) -> MonthReport:
        ledger = one_service().policy("2026-01-01 00:00", Policy()).policy("2026-11-11 12:00", after)
        return report(ledger, "2026-11", after)

    def test_is_told_with_what_changed_and_when(self) -> None:
        found = self.changed(
            Policy(
                objective_ratio=0.999,
                downtime_after=timedelta(minutes=5),
                recurring=(RecurringWindow("weekly", 60, 180, frozenset({6}), frozenset({"svc"})),),
            )
        )
        assert list(notices(found)) == [
            "The policy changed on 11 Nov 2026 12:00:00: objective from 99.5 % to 99.9 %; downtime_after from 10m to 5m; "
            "maintenance.recurring from nightly 00:00-03:00 to weekly sun 01:00-03:00 (svc). "
            "Time before is judged by the policy before, time after by the one after."
        ]
        assert "objective 99.5 %, then 99.9 %." in introduction(found)

    def test_in_another_month_is_not_told(self) -> None:
        ledger = one_service().policy("2026-01-01 00:00", Policy())
        ledger.policy("2026-11-11 12:00", Policy(objective_ratio=0.999))
        assert report(ledger, "2026-10").policy_changes == ()
        assert report(ledger, "2026-10").objectives == (0.995,)

    def test_has_each_second_held_against_the_objective_of_its_time(self) -> None:
        found = self.changed(Policy(objective_ratio=0.9))
        before, after = 10 * 21 + 9, 19 * 21 + 12
        assert found.figures.objective == (Fraction(before) * 995 / 1000 + Fraction(after) * 9 / 10) / (before + after)
        assert verdict(found, found.figures) == (
            "Availability 100.000 % meets the objective of 93.302381 % (it changed; by agreed time)."
        )

    def test_to_another_zone_has_the_month_by_the_clock_at_its_end(self) -> None:
        found = self.changed(Policy(timezone=ZoneInfo("UTC")))
        assert found.zone.key == "UTC"
        assert found.interval.duration == 720 * HOUR


class TestTheMonthsBefore:
    def test_the_trend_is_the_last_twelve_the_month_itself_last(self) -> None:
        (service, *_) = report(example(), "2026-10").services
        assert [str(each.month) for each in service.trend][::11] == ["2025-11", "2026-10"]
        april = service.trend[5].figures
        assert april is not None
        assert (april.unplanned, april.met) == (260 * MINUTE, False)

    def test_the_quarter_has_its_months_to_come_with_their_budget_alone(self) -> None:
        ledger = one_service()
        ledger.down("svc", "2026-12-01 10:00", "2026-12-01 12:00")
        (service,) = report(ledger, "2026-11").services
        october, november, december = (each.figures for each in service.quarter)
        assert october is not None
        assert november is not None
        assert december is not None
        assert (october.agreed, november.agreed, december.agreed) == (651 * HOUR, 630 * HOUR, ZERO)
        assert (december.begun, december.unplanned, december.error_budget_seconds) == (False, ZERO, 651 * 18)


class TestWhatIf:
    def test_shorter_failures_become_events_that_no_log_knows(self) -> None:
        ledger = one_service()
        ledger.down("svc", "2026-11-03 10:00", "2026-11-03 10:07", "reset")
        assert report(ledger, "2026-11").services[0].events == ()
        found = report(ledger, "2026-11", Policy(downtime_after=5 * MINUTE), what_if=True)
        (event,) = found.services[0].events
        assert found.what_if
        assert (event.entry, event.account.unplanned, event.account.downtime.reasons) == (None, 7 * MINUTE, ("reset",))
