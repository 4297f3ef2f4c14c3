"""Every query of the wall against the running product, and what it says as the state of a service changes."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from stack import TELLING_SECONDS, Durations, Window
from waiting import until

from sesam_slo.core.names import LOG_ENTRY_INFO
from sesam_slo.generate.dashboards.service_state import State

WELL, UNWELL = "datahub-prod", "acme-prod"
ANSWER, TILES, DOWN_FOR = "Is everything answering?", "Services, worst first", "Down for (longest two)"
LOG = "Downtime log: first what lacks a cause, then the latest"
DAY_SECONDS = 86_400


class Wall:
    """The generated wall, asked as Grafana asks: its queries in one instant, or over the last two days."""

    def __init__(self, stack):
        self.stack = stack
        document = json.loads((stack.folder / "generated/grafana/dashboards/wall.json").read_text())
        self.panels = {panel["title"]: panel["targets"] for panel in document["panels"]}

    def series(self, title):
        """All that the panel is given: (labels, value now or values over time)."""
        return [found for target in self.panels[title] for found in self._ask(target)]

    def empty(self):
        """The queries that return nothing, by the title of their panel."""
        return sorted(
            f"{title}: {target['refId']}"
            for title, targets in self.panels.items()
            for target in targets
            if not self._ask(target)
        )

    def states(self):
        return {labels["service"]: State(value) for labels, value in self._ask(self.panels[TILES][0])}

    def headline(self):
        ((labels, _),) = self.series(ANSWER)
        return labels["says"]

    def lines(self, title):
        return [labels["says"] for labels, _ in self.series(title)]

    def await_states(self, well, unwell):
        wanted = {WELL: well, UNWELL: unwell}
        until(lambda: self.states() == wanted, within=TELLING_SECONDS, what=f"{wanted} on the wall")

    def _ask(self, target):
        now = int(time.time())
        expression = target["expr"].replace("${__to:date:seconds}", str(now))
        if target["instant"]:
            return self.stack.ask(expression)
        end = now // DAY_SECONDS * DAY_SECONDS
        period = {"start": str(end - DAY_SECONDS), "end": str(end), "step": str(DAY_SECONDS)}
        answer = self.stack.prometheus.get("/api/v1/query_range", query=expression, **period).json()
        return [
            (series["metric"], [float(value) for _, value in series["values"]]) for series in answer["data"]["result"]
        ]


@pytest.fixture(scope="module")
def stack(running):
    with running([WELL, UNWELL], Durations(downtime_after=5, blind_after=5)) as stack:
        yield stack


def test_the_wall_follows_what_happens(stack):
    """One course of events, each stage of it the ground of the next."""
    wall = Wall(stack)

    wall.await_states(State.OK, State.OK)
    assert wall.headline() == "ALL 2 RESPONDING"
    assert wall.empty() == [f"{TILES}: B"], "there is a place for each service; all else has data"
    assert wall.lines(LOG) == ["no entry in 90 days"]
    assert [value for _, value in wall.series("Monitoring")] == [1]

    stack.simulator.fail(UNWELL)
    wall.await_states(State.OK, State.FAILING)
    wall.await_states(State.OK, State.DOWN)
    assert wall.headline() == "1 DOWN"
    ((labels, age),) = wall.series(DOWN_FOR)
    assert labels["service"] == UNWELL
    assert age >= 5

    stack.simulator.recover(UNWELL)
    wall.await_states(State.OK, State.OK)
    ended = f'{LOG_ENTRY_INFO.name}{{service="{UNWELL}",state="ended"}}'
    until(lambda: stack.ask(ended), within=TELLING_SECONDS, what="the ended downtime in the log")
    assert wall.empty() == [f"{TILES}: B"]
    assert [(labels["service"], value) for labels, value in wall.series(DOWN_FOR)] == [("no service", 0)]
    assert [line for line in wall.lines(LOG) if not re.fullmatch(rf"{UNWELL} · api,ui · 0 min · cause\?", line)] == []

    now = datetime.now(UTC)
    stack.maintain([Window(UNWELL, now - timedelta(minutes=1), now + timedelta(hours=1))])
    wall.await_states(State.OK, State.MAINTENANCE)
    (labels, until_milliseconds), *_ = wall.series("Maintenance, now and next")
    assert labels["what"] == f"NOW: maintenance of {UNWELL}"
    assert until_milliseconds == pytest.approx((now + timedelta(hours=1)).timestamp() * 1000, abs=1000)

    stack.exporter.kill()
    wall.await_states(State.NOT_SEEN, State.NOT_SEEN)
    assert wall.headline() == "NOT SEEING ANYTHING"
    assert [value for _, value in wall.series("Monitoring")] == [4]


def test_an_exporter_that_nobody_ever_saw_is_not_seen(stack):
    """The headline of a Prometheus that knows of no service, by asking for a time before there was one."""
    wall = Wall(stack)
    (target,) = wall.panels[ANSWER]
    before = str(time.time() - 7 * 86400)
    answer = stack.prometheus.get("/api/v1/query", query=target["expr"], time=before).json()["data"]["result"]
    assert [series["metric"] for series in answer] == [{"says": "NOT SEEING ANYTHING"}]
