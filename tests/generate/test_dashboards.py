"""The dashboards as files: what Grafana 11 to 13 take, what a screen holds, and metrics and labels that exist."""

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sesam_slo.config import load
from sesam_slo.core.names import HOURLY_DOWNTIME_SECONDS, HOURLY_SEEN, METRICS, PREFIX
from sesam_slo.generate import artifacts
from sesam_slo.generate.dashboards import dashboards
from sesam_slo.generate.dashboards.palette import STATES
from sesam_slo.generate.dashboards.sentence import ALL_RESPONDING, NOTHING_SEEN
from sesam_slo.generate.dashboards.service_state import STATE, State

ROOT = Path(__file__).parents[2]
WALL = "grafana/dashboards/wall.json"
PANEL_TYPES = {"stat", "table", "state-timeline", "timeseries", "gauge", "bargauge", "text", "barchart"}
ROW_PIXELS, GAP_PIXELS, EDGE_PIXELS = 30, 8, 16  # Grafana's grid
SELECTOR = re.compile(rf"(?<![:\w])({PREFIX}\w+)(?:{{([^}}]*)}})?")
RECORDED = re.compile(rf"\bservice:{PREFIX}\w+:\w+")
LABEL_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
GROUPING = re.compile(r"\b(?:by|on|group_left) \(([^)]*)\)")
JOINED_LABELS = {
    "job",
    "instance",
    "minutes",
    "lasted",
    "left",
    "availability",
    "bound",
    "note",
    "rest",
    "alike",
}  # of the scrape, and made by a query


@pytest.fixture(scope="module")
def config():
    return load(ROOT / "exporter/sesam-slo.yml", syntax_only=True)


@pytest.fixture(scope="module")
def texts(config):
    return dashboards(config)


@pytest.fixture(scope="module")
def wall(texts):
    return json.loads(texts[WALL])


@pytest.fixture(scope="module")
def queries(wall):
    return [target["expr"] for panel in wall["panels"] for target in panel["targets"]]


def test_the_committed_files_are_what_the_shipped_configuration_gives(texts):
    committed = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "grafana/dashboards").iterdir()}
    assert committed == texts


def test_generate_writes_them(config, texts):
    assert texts.items() <= artifacts(config, 2026).items()


def test_the_same_configuration_gives_the_same_text(config, texts):
    assert dashboards(config) == texts
    assert all(text.endswith("}\n") for text in texts.values())


def test_the_wall_is_found_where_it_was_and_keeps_the_policys_time(wall):
    assert wall["uid"] == "sesam-slo-wall"
    assert wall["timezone"] == "Europe/Oslo"
    assert wall["refresh"] == "15s"
    assert wall["schemaVersion"] == 41
    assert "id" not in wall


def test_every_panel_is_of_a_type_that_grafana_still_has(wall):
    assert {panel["type"] for panel in wall["panels"]} <= PANEL_TYPES


def test_every_panel_has_its_own_id_and_says_what_it_shows(wall):
    ids = [panel["id"] for panel in wall["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    assert [panel["id"] for panel in wall["panels"] if not panel["title"] or len(panel["description"]) < 30] == []


def test_every_query_names_its_data_source_and_itself(wall):
    source = {"type": "prometheus", "uid": "sesam-slo-prometheus"}
    provisioned = (ROOT / "grafana/provisioning/datasources/sesam-slo.yml").read_text()
    assert f"uid: {source['uid']}" in provisioned
    for panel in wall["panels"]:
        refs = [target["refId"] for target in panel["targets"]]
        assert panel["datasource"] == source
        assert refs == list("ABCDEF"[: len(refs)])
        assert [target["datasource"] for target in panel["targets"]] == [source] * len(refs)
        assert all(target["instant"] != target["range"] for target in panel["targets"])


@pytest.fixture(scope="module", params=[1, 8, 9, 40])
def places(request, config):
    """Where the panels are on the wall of so many services."""
    services = tuple(replace(config.services[0], name=f"service-{number}") for number in range(request.param))
    panels = json.loads(dashboards(replace(config, services=services))[WALL])["panels"]
    return [panel["gridPos"] for panel in panels]


def test_nothing_overlaps_and_nothing_is_beside_the_grid(places):
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert set(cells) == set(itertools.product(range(24), range(27)))


def test_a_screen_of_1080_lines_holds_all_of_it(places):
    rows = max(place["y"] + place["h"] for place in places)
    assert rows * (ROW_PIXELS + GAP_PIXELS) - GAP_PIXELS + 2 * EDGE_PIXELS <= 1080


def test_every_metric_read_exists(queries):
    assert {name for query in queries for name, _ in SELECTOR.findall(query)} <= METRICS.keys()


def test_every_recorded_series_read_is_recorded(queries, config):
    rules = yaml.safe_load(artifacts(config, 2026)["prometheus/rules/sesam-slo.yml"])
    recorded = {rule.get("record") for group in rules["groups"] for rule in group["rules"]}
    read = {name for query in queries for name in RECORDED.findall(query)}
    assert read == {STATE, HOURLY_SEEN.name, HOURLY_DOWNTIME_SECONDS.name}
    assert read <= recorded


def test_every_label_matched_exists_on_its_metric(queries):
    matched = {
        (name, label)
        for query in queries
        for name, matchers in SELECTOR.findall(query)
        for label in LABEL_MATCHER.findall(matchers)
    }
    assert len(matched) >= 5
    assert [(name, label) for name, label in matched if label not in METRICS[name].labels] == []


def test_every_label_grouped_by_exists(queries):
    known = {label for metric in METRICS.values() for label in metric.labels} | JOINED_LABELS
    grouped = {
        label for query in queries for labels in GROUPING.findall(query) for label in labels.split(", ") if label
    }
    assert {"service", "id"} <= grouped <= known


def test_no_query_pretends(queries):
    assert [query for query in queries if "vector(" in query] == []


def test_every_state_has_its_word_and_its_colour():
    assert {state: STATES[state][0] for state in State} == {
        State.OK: "OK",
        State.MAINTENANCE: "MAINTENANCE",
        State.FAILING: "FAILING",
        State.NOT_SEEN: "NOT SEEN",
        State.DOWN: "DOWN",
    }
    assert len({colour for _, colour in STATES.values()}) == len(State)


def test_only_a_seen_answer_is_green(wall):
    """Where there is nothing, and below every threshold, no panel with a coloured ground is green."""
    green = STATES[State.OK][1]
    grounds = [panel for panel in wall["panels"] if panel["options"].get("colorMode") == "background_solid"]
    assert len(grounds) == 5
    for panel in grounds:
        defaults = panel["fieldConfig"]["defaults"]
        without_data = [each["options"] for each in defaults["mappings"] if each["type"] == "special"]
        assert [each["result"]["text"] for each in without_data] == ["NOT SEEN"]
        assert without_data[0]["result"]["color"] != green
        assert defaults["color"].get("fixedColor") != green
        assert green not in [step["color"] for step in defaults.get("thresholds", {"steps": []})["steps"]]


def test_the_answer_is_green_for_one_sentence_alone_and_its_worst_word_colours_it(wall):
    (panel,) = [panel for panel in wall["panels"] if panel["title"] == "Is everything answering?"]
    coloured = [
        (re.compile(each["matcher"]["options"].strip("/")), each["properties"][0]["value"]["fixedColor"])
        for each in panel["fieldConfig"]["overrides"]
    ]

    def colour(sentence):
        found = [color for pattern, color in coloured if pattern.search(sentence)]
        return found[-1] if found else panel["fieldConfig"]["defaults"]["color"]["fixedColor"]

    words = {state: color for state, (_, color) in STATES.items()}
    assert {color for pattern, color in coloured if pattern.pattern == ALL_RESPONDING.strip("/")} == {words[State.OK]}
    assert colour("ALL 16 RESPONDING") == colour("RESPONDING") == words[State.OK]
    assert colour("15 RESPONDING · 1 IN MAINTENANCE") == colour("16 IN MAINTENANCE") == words[State.MAINTENANCE]
    assert colour("2 FAILING") == words[State.FAILING]
    assert colour("1 NOT SEEN · 2 FAILING") == colour(NOTHING_SEEN) == colour("anything else") == words[State.NOT_SEEN]
    assert colour("1 DOWN · 3 NOT SEEN") == words[State.DOWN]


def test_links_carry_time_and_service(wall):
    links = {
        link["url"]
        for panel in wall["panels"]
        for settings in [panel["fieldConfig"]["defaults"]]
        for link in settings.get("links", [])
    }
    assert {url.split("?")[0] for url in links} == {
        "/d/sesam-slo-slo", "/d/sesam-slo-log", "/d/sesam-slo-support", "/d/sesam-slo-exporter",
    }  # fmt: skip
    assert [url for url in links if "${__url_time_range}" not in url] == []
    assert [url for url in links if "var-service=" not in url] == ["/d/sesam-slo-exporter?${__url_time_range}"]


def test_the_log_leads_to_the_page_where_people_reach_it(config):
    reached = replace(config, web=replace(config.web, external_url="https://slo.example"))
    (panel,) = [
        panel for panel in json.loads(dashboards(reached)[WALL])["panels"] if panel["title"].startswith("Downtime log")
    ]
    assert [link["url"] for link in panel["fieldConfig"]["defaults"]["links"]][1:] == ["https://slo.example/"]


@pytest.mark.parametrize(
    ("objective", "title", "decimals", "steps"),
    [
        (0.995, "This month, worst (objective 99.5 %)", 2, [0.995, 0.9975]),
        (0.99995, "This month, worst (objective 99.995 %)", 3, [0.99995, 0.999975]),
        (0.9, "This month, worst (objective 90 %)", 2, [0.9, 0.95]),
    ],
)
def test_thresholds_and_decimals_follow_the_objective(objective, title, decimals, steps, configuration):
    document = json.loads(dashboards(configuration(policy={"objective_ratio": objective}))[WALL])
    (panel,) = [panel for panel in document["panels"] if panel["title"] == title]
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["decimals"] == decimals
    assert [step["value"] for step in defaults["thresholds"]["steps"]] == [None, *steps]
    assert panel["targets"][0]["expr"].startswith(f"floor({10 ** (decimals + 2)} * ")


@pytest.mark.parametrize(("objective", "unit"), [(0.995, "clocks"), (0.8, "dtdurations")])
def test_a_budget_of_more_hours_than_two_digits_hold_is_written_in_days(objective, unit, configuration):
    document = json.loads(dashboards(configuration(policy={"objective_ratio": objective}))[WALL])
    (panel,) = [panel for panel in document["panels"] if panel["title"] == "Downtime budget left, worst"]
    assert panel["fieldConfig"]["defaults"]["unit"] == unit
