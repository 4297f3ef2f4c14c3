"""What the wall says in the states it is for: its own queries, asked of a real Prometheus in which they are played."""

import json
import re
import time

import pytest
from waiting import until
from wall_scenes import SCENES, shown

from sesam_slo.generate.dashboards.days import Day
from sesam_slo.generate.dashboards.service_state import STATE, State

ANSWER, TILES, DOWN_FOR, STRIP, MONITORING = (
    "Is everything answering?", "Services, worst first", "Down for (longest two)",
    "The last 30 days of the services with least budget left", "Monitoring",
)  # fmt: skip
BUDGET, MONTH = "Downtime budget left, worst", "This month, worst (objective 99.5 %)"
LOG = "Downtime log: first what lacks a cause, then the latest"
CASES = "Support cases by nearest deadline (business time)"
BUDGETS = "This month by service: availability, downtime budget left"
MAINTENANCE = "Maintenance, now and next"
DAY = 86_400
WITHIN_SECONDS = 60.0


class Wall:
    """The wall of a running scene: what each panel is given, with its names as Grafana makes them of the legend."""

    def __init__(self, scene):
        self.prometheus = scene.prometheus
        document = json.loads((scene.dashboards / "wall.json").read_text())
        self.panels = {panel["title"]: panel["targets"] for panel in document["panels"]}

    def ask(self, title):
        """(name, value now, or values over time) in the order of the answer, target by target."""
        found = []
        for target in self.panels[title]:
            now = int(time.time())
            query = {"query": target["expr"].replace("${__to:date:seconds}", str(now))}
            end = now // DAY * DAY
            period = {"start": str(end - 29 * DAY), "end": str(end), "step": str(DAY)} if target["range"] else {}
            answer = self.prometheus.get(
                f"/api/v1/query{'_range' if target['range'] else ''}", **query, **period
            ).json()
            found += [(_named(target, series["metric"]), _values(series)) for series in answer["data"]["result"]]
        return found

    def names(self, title):
        return [name for name, _ in self.ask(title)]

    def recorded(self):
        """How many states there were when this second began: the strip asks for whole seconds."""
        at = str(int(time.time()))
        answer = self.prometheus.get("/api/v1/query", query=f"count({STATE})", time=at).json()["data"]["result"]
        return int(answer[0]["value"][1]) if answer else 0

    def tiles(self):
        """In the order in which Grafana sorts them: worst first, then by name; the tile of the others last."""
        found = sorted(self.ask(TILES), key=lambda tile: (tile[0].startswith("and "), -tile[1], tile[0]))
        return [(name, State(value)) for name, value in found]


def _named(target, labels):
    if not target["legendFormat"]:
        return labels.get("service", "")
    return re.sub(r"{{(\w+)}}", lambda label: labels.get(label[1], ""), target["legendFormat"])


def _values(series):
    return [float(value) for _, value in series["values"]] if "values" in series else float(series["value"][1])


@pytest.fixture
def playing(tmp_path):
    """Shows a scene and waits until the rules have recorded the states of all of it."""
    running = []

    def play(name):
        scene = SCENES[name]()
        context = shown(scene, tmp_path)
        running.append(context)
        wall = Wall(context.__enter__())
        until(lambda: wall.recorded() == len(scene.services), within=WITHIN_SECONDS, what="the recorded states")
        return wall

    yield play
    for context in running:
        context.__exit__(None, None, None)


def test_all_well(playing):
    wall = playing("ok")
    assert wall.names(ANSWER) == ["ALL 16 RESPONDING"]
    assert {state for _, state in wall.tiles()} == {State.OK}
    assert len(wall.tiles()) == 16
    assert wall.ask(DOWN_FOR) == [("no service", 0)]
    assert wall.ask(MONITORING) == [("now", 1)]
    assert wall.names(MONTH) == ["acme-prod"]
    assert wall.names(MAINTENANCE) == ["next: 16 services"]
    assert wall.names(BUDGETS)[0] == "acme-prod · 99.91 % · at least 99.78 %"
    assert wall.names(LOG)[0] == "acme-prod · api · 32 min · SESAM"
    assert wall.names(CASES) == ["B · fjord-test · SUP-118 · workaround · 48 h 0 min left"]
    days = dict(wall.ask(STRIP))
    assert Day.DOWN in days["acme-prod"]
    assert Day.EXCLUDED in days["bane-dev"]
    assert Day.DOWN not in days["bane-dev"], "a person said that it was the customer's"
    assert Day.NOT_SEEN in days["datahub-prod"]


def test_one_is_down_one_fails_one_is_in_maintenance(playing):
    wall = playing("down")
    assert wall.names(ANSWER) == ["1 DOWN · 1 FAILING"]
    assert wall.tiles()[:4] == [
        ("acme-prod", State.DOWN), ("fjord-prod", State.FAILING), ("helse-test", State.MAINTENANCE), ("acme-dev", State.OK),
    ]  # fmt: skip
    ((name, age),) = wall.ask(DOWN_FOR)
    assert (name, age // 60) == ("acme-prod", 23)
    assert wall.names(MAINTENANCE) == ["NOW: database upgrade", "next: 16 services"]
    assert [line.split(" · ", 2)[2] for line in wall.names(LOG)[:4]] == [
        "ONGOING, 23 min · cause?", "2 h 5 min · cause?", "15 min · SESAM, solution?", "32 min · SESAM",
    ]  # fmt: skip
    assert [line.rsplit(" · ", 1)[1] for line in wall.names(CASES)] == [
        "OVERDUE by 5 h 0 min", "SOON, 1 h 10 min left", "48 h 0 min left",
    ]  # fmt: skip
    assert dict(wall.ask(STRIP))["acme-prod"][-1] == Day.DOWN, "today, before an hour of it is recorded"


def test_the_others_than_the_worst_are_counted(playing):
    wall = playing("forty-worst")
    assert wall.names(ANSWER) == ["26 DOWN · 5 FAILING"]
    tiles = wall.tiles()
    assert len(tiles) == 41  # Grafana keeps the first 23 and the last
    assert {state for _, state in tiles[:23]} == {State.DOWN}
    assert tiles[-1] == ("and 17 more, of which 3", State.DOWN)


def test_a_budget_that_is_used_up_says_by_how_much(playing):
    wall = playing("budget-gone")
    assert wall.names(ANSWER) == ["ALL 16 RESPONDING"]
    assert wall.ask(BUDGET) == [("acme-prod, USED UP, over by", 4860)]
    assert wall.names(LOG)[0] == "acme-prod · api · 4 h 30 min · cause?"
    assert wall.names(CASES) == ["no clock is running"]


@pytest.mark.parametrize(("scene", "why"), [("blind", 2), ("gone", 4)])
def test_what_is_not_seen_is_never_green(playing, scene, why):
    wall = playing(scene)
    assert wall.names(ANSWER) == ["NOT SEEING ANYTHING"]
    assert {state for _, state in wall.tiles()} == {State.NOT_SEEN}
    assert len(wall.tiles()) == 16
    assert wall.ask(DOWN_FOR) == [("whether anything is down", -1)]
    assert wall.ask(MONITORING) == [("now", why)]
    figures = {"blind": ["acme-prod, as last seen"], "gone": []}[scene]
    assert wall.names(MONTH) == wall.names(BUDGET) == figures
    assert all("NOT SEEN" in name or "as last seen" in name for name in wall.names(BUDGETS))


def test_a_prometheus_that_never_saw_an_exporter(playing):
    wall = playing("never")
    assert wall.names(ANSWER) == ["NOT SEEING ANYTHING"]
    assert wall.tiles() == []  # the panel says NOT SEEN
    assert wall.ask(MONITORING) == [("now", 5)]
    assert wall.names(LOG) == wall.names(CASES) == wall.names(BUDGETS) == ["NOT SEEN"]
    assert [(name, set(values)) for name, values in wall.ask(STRIP)] == [("no service is known", {Day.NOT_SEEN})]


def test_services_without_history(playing):
    wall = playing("new")
    assert wall.names(ANSWER) == ["ALL 8 RESPONDING"]
    assert wall.names(MONTH) == wall.names(BUDGET) == []  # the panels say NOT SEEN
    assert wall.names(BUDGETS) == ["no figure yet"]
    assert wall.names(LOG) == ["no entry in 90 days"]
    assert {value for _, values in wall.ask(STRIP) for value in values} == {Day.NO_RECORD}


def test_all_in_maintenance(playing):
    wall = playing("maintenance")
    assert wall.names(ANSWER) == ["16 IN MAINTENANCE"]
    assert {state for _, state in wall.tiles()} == {State.MAINTENANCE}
