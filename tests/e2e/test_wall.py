"""Every query of the wall against the running product, and what it says as the state of a service changes."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from stack import TELLING_SECONDS, Durations, Window
from waiting import until

from sesam_slo.core.names import LOG_ENTRY_INFO
from sesam_slo.generate.dashboards.service_state import State

WELL, UNWELL = "datahub-prod", "acme-prod"
CELL_SECONDS = 10
INTERVALS = {"$__interval": f"{CELL_SECONDS}s", "$__rate_interval": f"{CELL_SECONDS + 1}s"}  # as Grafana computes them
LOG = "Downtime log, latest"


class Wall:
    """The generated wall, asked as Grafana asks: its queries in one instant, or over the last five minutes."""

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
        return {labels["service"]: State(value) for labels, value in self.series("Services, worst first")}

    def headline(self):
        ((labels, value),) = self.series("Is everything answering?")
        return labels["who"], State(value)

    def strip(self, service):
        return {State(value) for labels, values in self.series("The last 7 days") if labels["service"] == service
                for value in values}  # fmt: skip

    def await_states(self, well, unwell):
        wanted = {WELL: well, UNWELL: unwell}
        until(lambda: self.states() == wanted, within=TELLING_SECONDS, what=f"{wanted} on the wall")

    def _ask(self, target):
        expression = target["expr"]
        for name, value in sorted(INTERVALS.items(), key=lambda each: -len(each[0])):
            expression = expression.replace(name, value)
        if target["instant"]:
            return self.stack.ask(expression)
        end = time.time() // CELL_SECONDS * CELL_SECONDS
        period = {"start": str(end - 300), "end": str(end), "step": str(CELL_SECONDS)}
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
    assert wall.headline() == ("2 of 2 services", State.OK)
    assert wall.empty() == [f"{LOG}: A", f"{LOG}: B"], "there was no downtime yet; all else has data"
    assert [value for _, value in wall.series("Monitoring")] == [1]

    stack.simulator.fail(UNWELL)
    wall.await_states(State.OK, State.FAILING)
    wall.await_states(State.OK, State.DOWN)
    assert wall.headline() == ("1 of 2 services", State.DOWN)
    ((labels, age),) = wall.series("Down for")
    assert labels["service"] == UNWELL
    assert age >= 5

    stack.simulator.recover(UNWELL)
    wall.await_states(State.OK, State.OK)
    ended = f'{LOG_ENTRY_INFO.name}{{service="{UNWELL}",state="ended"}}'
    until(lambda: stack.ask(ended), within=TELLING_SECONDS, what="the ended downtime in the log")
    assert wall.empty() == []
    assert [(labels["service"], value) for labels, value in wall.series("Down for")] == [("no service", 0)]
    assert {labels["service"] for labels, _ in wall.series(LOG)} == {UNWELL}
    assert State.DOWN in wall.strip(UNWELL)
    assert State.DOWN not in wall.strip(WELL)

    now = datetime.now(UTC)
    stack.maintain([Window(UNWELL, now - timedelta(minutes=1), now + timedelta(hours=1))])
    wall.await_states(State.OK, State.MAINTENANCE)
    ((labels, until_milliseconds),) = wall.series("Maintenance")
    assert labels["what"] == f"NOW, maintenance of {UNWELL}, until"
    assert until_milliseconds == pytest.approx((now + timedelta(hours=1)).timestamp() * 1000, abs=1000)

    stack.exporter.kill()
    wall.await_states(State.NOT_SEEN, State.NOT_SEEN)
    assert wall.headline() == ("2 of 2 services", State.NOT_SEEN)
    assert [value for _, value in wall.series("Monitoring")] == [4]
    until(lambda: State.NOT_SEEN in wall.strip(WELL), within=TELLING_SECONDS, what="the silence in the history")


def test_an_exporter_that_nobody_ever_saw_is_not_seen(stack):
    """The headline of a Prometheus that knows of no service, by asking for a time before there was one."""
    wall = Wall(stack)
    (target,) = wall.panels["Is everything answering?"]
    before = str(time.time() - 7 * 86400)
    answer = stack.prometheus.get("/api/v1/query", query=target["expr"], time=before).json()["data"]["result"]
    assert [(series["metric"], series["value"][1]) for series in answer] == [
        ({"who": "no service is known"}, f"{State.NOT_SEEN:d}")
    ]
