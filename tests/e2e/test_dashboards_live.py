"""Every query of every dashboard against a real Prometheus that has a lively month behind it and watches an outage.

The month was written by `sesam-slo backfill` from a ledger; the outage is scraped. What is asked of a time range is asked of
the past alone; where that has nothing, of the present alone, and the reason stands here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from grafana_board import ALL, Board, Question
from lively_month import DAY, LivelyMonth, Story
from lively_prometheus import LivelyPrometheus
from waiting import until

from sesam_slo.core.names import WINDOWS
from sesam_slo.generate.dashboards.days import Day

DASHBOARDS = ["exporter", "log", "slo", "support", "wall"]
DOWN, CALM = "datahub-prod", "umbrella-test"

# What is empty of a service that had no downtime, and why. Of the others nothing is.
EMPTY_OF_THE_CALM = {
    "log: Downtime log": "it has no entry",
    "log: Still to be explained": "nothing to explain",
    "slo: annotation Downtime": "no downtime to mark",
}
# What is empty of the whole, and why.
EMPTY_OF_ALL = {"wall": ["wall: Services, worst first"]}  # one of its queries counts what has no tile: none beyond 24
# What has no past after a backfill, and why: the ledger does not hold it.
ONLY_THE_PRESENT = {
    "exporter: Changes that wait to be written": "the exporter's own state",
    "exporter: Duration of a scrape": "there was none",
    "exporter: Failed and unobserved probes, by reason": "recorded from counters of probes, which the ledger does not keep",
    "exporter: Failed writes, lost changes, unexpected errors": "the exporter's own state",
    "exporter: Memory": "the exporter's own state",
    "exporter: Probes by result": "counters of probes",
    "exporter: Probes in flight": "the exporter's own state",
    "exporter: Probes start late by at most": "the exporter's own state",
    "exporter: Processor": "the exporter's own state",
    "exporter: Samples of a scrape": "there was none",
    "slo: Burn rates": "recorded once the rules are loaded",
    "slo: Failed and unobserved probes, by reason": "recorded from counters of probes, which the ledger does not keep",
    "slo: HTTP status codes, by endpoint": "what each probe met is not kept",
    "slo: Probe phases, api": "what each probe met is not kept",
    "slo: Probe phases, ui": "what each probe met is not kept",
    "support: Open cases over time": "cases have no series in the past",
}
# Without an exporter nothing is known, and only these say anything: that it is so.
TOLD_WITHOUT_EXPORTER = {
    "exporter: Exporter",
    "exporter: Version",
    "exporter: Duration of a scrape",  # that of the scrapes that failed
    "exporter: Samples of a scrape",
}


@pytest.fixture(scope="module")
def lively(watching):
    with watching(LivelyMonth(_now())) as running:
        yield running


def _now() -> float:
    return datetime.now(UTC).timestamp()


def boards(running: LivelyPrometheus) -> dict[str, Board]:
    return {path.stem: Board(path) for path in running.dashboards}


def asked(running: LivelyPrometheus, name: str, **chosen: str) -> dict[str, list[Question]]:
    """What the dashboard asks when it is opened with these choices, by what it was answered with.

    `series`, but for those of a time range that has none in the past: they are `present` where there is one now.
    """
    board, url = boards(running)[name], running.prometheus.url
    now = _now()
    opened = board.choices(url, now)
    answers: dict[str, list[Question]] = {"series": [], "present": [], "nothing": []}
    for question in board.questions(url, now, opened | {key: value for key, value in chosen.items() if key in opened}):
        question.ask(url)  # as it is: it must not err
        if question.instant:
            found = "series" if question.ask(url) else "nothing"
        elif replace(question, end=running.month.now).ask(url):
            found = "series"
        else:
            found = "present" if replace(question, instant=True, end=now).ask(url) else "nothing"
        answers[found].append(question)
    return answers


def panels(questions: list[Question]) -> list[str]:
    return sorted({each.name.rsplit(": ", 1)[0] for each in questions})


def empty(answers: dict[str, list[Question]]) -> list[str]:
    """The panels that got nothing for one of their queries."""
    return panels(answers["nothing"])


def without_past(name: str) -> list[str]:
    return sorted(panel for panel in ONLY_THE_PRESENT if panel.startswith(f"{name}: "))


def test_these_are_all_dashboards(lively):
    committed = (Path(__file__).parents[2] / "grafana/dashboards").glob("*.json")
    assert sorted(boards(lively)) == sorted(path.stem for path in committed) == DASHBOARDS


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_has_data_of_the_lively_month(lively, name):
    answers = asked(lively, name, service=DOWN)
    assert len(answers["series"]) >= 5
    assert empty(answers) == EMPTY_OF_ALL.get(name, [])
    assert panels(answers["present"]) == without_past(name)


@pytest.mark.parametrize("name", ["exporter", "log", "support"])
def test_every_panel_has_data_of_all_services(lively, name):
    assert empty(asked(lively, name, service=ALL)) == []


@pytest.mark.parametrize("window", WINDOWS)
def test_every_window_has_data(lively, window):
    assert empty(asked(lively, "slo", service=DOWN, window=window)) == []


@pytest.mark.parametrize("name", ["exporter", "log", "slo"])
def test_a_calm_service_is_empty_only_for_a_reason(lively, name):
    expected = sorted(panel for panel in EMPTY_OF_THE_CALM if panel.startswith(f"{name}: "))
    assert empty(asked(lively, name, service=CALM)) == expected


def test_what_is_chosen_is_what_is_shown(lively):
    """One service and one cause in the log, one endpoint for each panel of phases."""
    answers = asked(lively, "log", service=DOWN, cause="sesam")
    (began, _) = [each for each in answers["series"] if each.panel == "Downtime log"]
    rows = began.ask(lively.prometheus.url)
    assert {(row["metric"]["service"], row["metric"]["cause"]) for row in rows} == {(DOWN, "sesam")}
    phases = [each for each in asked(lively, "slo", service=DOWN)["present"] if each.panel.startswith("Probe phases")]
    assert [each.panel for each in phases] == ["Probe phases, api", "Probe phases, ui"]


def test_the_burn_down_ends_where_the_month_does(lively):
    """The line of even spending starts at the month's whole budget and is used up at its end, days from now."""
    spent = [
        each for each in asked(lively, "slo", service=DOWN)["series"] if each.panel == "Error budget of this month"
    ]
    left, evenly = (question.ask(lively.prometheus.url)[0]["values"] for question in spent)
    whole = float(lively.ask(f'max(sesam_slo_error_budget_seconds{{service="{DOWN}",window="month"}})')[0]["value"][1])
    assert float(evenly[0][1]) == pytest.approx(whole, rel=0.01)
    assert float(evenly[-1][1]) == pytest.approx(0, abs=0.01 * whole)
    assert evenly[-1][0] > left[-1][0] - 600
    assert float(left[-1][1]) < whole


def test_failing_time_is_split_into_downtime_and_the_rest(lively):
    """Against the model: what grew since the start of the range, and what of it lasted ten minutes."""
    story = lively.month.stories[0]
    parts = [
        each
        for each in asked(lively, "slo", service=DOWN)["series"]
        if each.panel == "Failing time since the range began"
    ]
    downtime, other = (float(question.ask(lively.prometheus.url)[0]["values"][-1][1]) for question in parts)
    start, end = parts[0].start, parts[0].end // parts[0].step * parts[0].step
    assert downtime + other == pytest.approx(story.failing.within(start, end), abs=300)
    assert downtime == pytest.approx(story.unplanned(start, end, end) + story.excluded(start, end, end), abs=300)


def test_the_wall_has_a_month_of_days(lively):
    """Against the model. What lasted into the last hour of a day may show on the next one, too: hours are kept."""
    (asks,) = [each for each in asked(lively, "wall")["series"] if each.panel.startswith("The last 30 days")]
    rows = {row["metric"]["service"]: row["values"] for row in asks.ask(lively.prometheus.url)}
    assert set(rows) == set(lively.month.services)
    shown = set()
    for story in lively.month.stories:
        assert len(rows[story.name]) == 31
        for at, value in rows[story.name]:
            day, hour_more = (_day(story, start, at + DAY) for start in (at, at - 3600))
            assert Day(int(float(value))) in {day, hour_more}, (story.name, datetime.fromtimestamp(at, UTC))
            shown.add(day)
    assert shown == {Day.OK, Day.DOWN, Day.EXCLUDED}


def _day(story: Story, start: float, end: float) -> Day:
    now = _now()
    if story.unplanned(start, end, now):
        return Day.DOWN
    return Day.EXCLUDED if story.excluded(start, end, now) else Day.OK


def test_what_lacks_a_cause_is_found(lively):
    answers = asked(lively, "log", service=ALL)
    (number,) = [each.ask(lively.prometheus.url) for each in answers["series"] if each.panel == "Without a cause"]
    unexplained = [run for story in lively.month.stories for run in story.events if run.explained_after is None]
    ended = [run for run in unexplained if run.end < _now()]
    assert [float(series["value"][1]) for series in number] == [len(ended)]
    assert len(ended) >= 2


def test_without_an_exporter_no_panel_pretends(watching):
    """No dashboard but the wall, whose own test says what it shows then, has a figure of a service."""
    with watching(LivelyMonth(_now()), history=None, exporters=0) as running:
        until(lambda: running.ask("up == 0"), within=60, what="a scrape that failed")
        for name in DASHBOARDS:
            answers = asked(running, name)
            told = panels(answers["series"] + answers["present"])
            assert name == "wall" or set(told) <= TOLD_WITHOUT_EXPORTER, name


def test_two_exporters_of_one_ledger_are_no_fault(watching):
    """Each tells the same of the same services: no query joins one's series to the other's."""
    with watching(LivelyMonth(_now()), history=None, exporters=2) as running:
        until(lambda: len(running.ask("up == 1")) == 2, within=60, what="two exporters that answer")
        for name in DASHBOARDS:
            assert asked(running, name, service=DOWN)["series"] != []
