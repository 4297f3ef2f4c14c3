"""All dashboards as files: what holds for each of them; the wall has tests of its own beside."""

import itertools
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from sesam_slo.config import load
from sesam_slo.core.model import AlertTimings, BusinessHours, Cause, Policy, Reason, Web
from sesam_slo.core.names import METRICS, WINDOWS
from sesam_slo.generate import artifacts
from sesam_slo.generate.dashboards import dashboards
from sesam_slo.generate.dashboards.palette import BRIGHT_GREEN, GREEN

ROOT = Path(__file__).parents[2]
NAMES = ["wall", "slo", "log", "support", "exporter"]
DRILLDOWNS = NAMES[1:]
PANEL_TYPES = {"stat", "table", "state-timeline", "timeseries", "bargauge", "row", "text"}
UNITS = {"s", "none", "short", "bytes", "percentunit", "clocks", "dtdurations"}
UNIT_PREFIXES = ("suffix:", "time:")
WORD = re.compile(r'(?<![\w:"$.])([a-z_]\w*:[\w:]+|(?:sesam_slo|process|scrape)_\w+|up)\b(?:{([^}]*)})?')
LABEL_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
OF_THE_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}  # prometheus-client's
OF_A_HISTOGRAM = {
    f"{name}_{part}" for name, metric in METRICS.items() if metric.type == "histogram" for part in ("bucket", "count")
}


@pytest.fixture(scope="module")
def config():
    return load(ROOT / "exporter/sesam-slo.yml", syntax_only=True)


def documents(config):
    return {Path(path).stem: json.loads(text) for path, text in dashboards(config).items()}


@pytest.fixture(scope="module")
def boards(config):
    return documents(config)


@pytest.fixture(params=NAMES)
def board(request, boards):
    return boards[request.param]


@pytest.fixture
def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


@pytest.fixture(scope="module")
def recorded(config):
    rules = yaml.safe_load(artifacts(config, 2026)["prometheus/rules/sesam-slo.yml"])
    return {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}


def queries(board):
    yield from (target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))
    yield from (each["expr"] for each in board["annotations"]["list"])


def panel_of(document, title):
    (found,) = [panel for panel in document["panels"] if panel["title"] == title]
    return found


def properties(panel, field):
    return {
        each["id"]: each["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == field
        for each in override["properties"]
    }


def step_values(thresholds):
    return [step["value"] for step in thresholds["steps"]]


def test_each_has_the_uid_that_links_and_bookmarks_know(boards):
    assert {name: document["uid"] for name, document in boards.items()} == {name: f"sesam-slo-{name}" for name in NAMES}
    assert len({document["title"] for document in boards.values()}) == len(NAMES)


def test_they_are_provisioned_together_with_the_data_source():
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/sesam-slo.yml").read_text())["providers"][0]
    mounts = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_each_links_to_the_others_with_its_time_and_its_variables(board):
    (link,) = board["links"]
    assert (link["type"], link["tags"]) == ("dashboards", board["tags"])
    assert link["keepTime"]
    assert link["includeVars"]


def test_a_service_is_carried_from_each_to_each(boards):
    """Under one name; the wall shows all of them."""
    assert {name for name in NAMES if "service" in _variables(boards[name])} == set(DRILLDOWNS)


def test_a_service_in_a_table_leads_to_its_slo_dashboard(boards):
    for name in ("log", "support"):
        links = [
            each
            for panel in boards[name]["panels"]
            if panel["type"] == "table"
            for each in properties(panel, "service").get("links", ())
        ]
        assert links, name
        assert {each["url"] for each in links} == {"/d/sesam-slo-slo?var-service=${__value.raw}&${__url_time_range}"}


def test_the_windows_to_choose_from_are_those_of_the_account(boards):
    offered = {
        name: [each["value"] for each in _variables(boards[name])["window"]["options"]] for name in ("slo", "support")
    }
    assert offered["slo"][0] == "month"
    assert set(offered["slo"]) == set(WINDOWS)
    assert offered["support"] == ["month", "previous_month"]


def test_the_causes_to_choose_from_are_all_there_are(boards):
    assert [each["value"] for each in _variables(boards["log"])["cause"]["options"]] == ["$__all", *Cause]


def test_every_variable_has_a_choice_and_all_of_them_is_short(board):
    for variable in board["templating"]["list"]:
        assert variable["name"] == variable["label"]
        assert variable["multi"] == variable["includeAll"]
        assert variable.get("allValue") == (".*" if variable["multi"] else None)
        assert variable["current"] or variable["type"] == "query"


def test_every_panel_is_of_a_type_that_grafana_still_has(board):
    assert {panel["type"] for panel in board["panels"]} <= PANEL_TYPES


def test_every_panel_has_its_own_id_and_says_what_it_shows(board, panels):
    ids = [panel["id"] for panel in board["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    assert [panel["title"] for panel in panels if not panel["title"] or len(panel["description"]) < 30] == []
    assert len({panel["title"] for panel in board["panels"]}) == len(ids)


def test_every_panel_says_what_it_means_to_be_empty(panels):
    silent = [
        panel["title"]
        for panel in panels
        if not panel["fieldConfig"]["defaults"].get("noValue") and panel["options"].get("textMode") != "name"
    ]
    assert silent == []


def test_every_query_names_its_data_source_and_itself(panels):
    source = {"type": "prometheus", "uid": "sesam-slo-prometheus"}
    for panel in panels:
        refs = [target["refId"] for target in panel["targets"]]
        assert panel["datasource"] == source
        assert refs == list("ABCDEF"[: len(refs)])
        assert [target["datasource"] for target in panel["targets"]] == [source] * len(refs)
        assert all(target["instant"] != target["range"] for target in panel["targets"])


def test_nothing_overlaps_and_rows_are_full(board):
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["w"])
        for y in range(place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert set(cells) == set(itertools.product(range(24), range(max(y for _, y in cells) + 1)))


def test_every_unit_is_one_that_grafana_knows(panels):
    units = {
        unit
        for panel in panels
        for unit in (
            panel["fieldConfig"]["defaults"].get("unit"),
            *(
                each["value"]
                for override in panel["fieldConfig"].get("overrides", ())
                for each in override["properties"]
                if each["id"] == "unit"
            ),
        )
        if unit
    }
    assert {unit for unit in units if not unit.startswith(UNIT_PREFIXES)} <= UNITS


def test_every_figure_over_time_has_a_unit_and_a_table_of_its_series(boards):
    for name in DRILLDOWNS:
        for panel in boards[name]["panels"]:
            if panel["type"] == "timeseries":
                assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
                assert panel["options"]["legend"]["displayMode"] == "table", panel["title"]
                assert panel["options"]["legend"]["calcs"], panel["title"]


def test_every_series_read_exists(board, recorded):
    known = METRICS.keys() | OF_A_HISTOGRAM | OF_PROMETHEUS | OF_THE_PROCESS | recorded
    by_name = {found for query in queries(board) for found in re.findall(r'__name__=~"([^"]+)"', query)}
    read = {name for query in queries(board) for name, _ in WORD.findall(re.sub(r'"[^"]*"|\$\{[^}]*\}', '""', query))}
    assert read - known == set()
    assert [pattern for pattern in by_name if not any(re.fullmatch(pattern, name) for name in recorded)] == []


def test_the_burn_rates_are_read_of_every_window_that_is_recorded(boards, recorded):
    (pattern,) = {found for query in queries(boards["slo"]) for found in re.findall(r'__name__=~"([^"]+)"', query)}
    burn = {name for name in recorded if "failing_seconds:rate" in name}
    assert {name for name in recorded if re.fullmatch(pattern, name)} == burn
    assert len(burn) == 7


def test_every_label_matched_exists_on_its_metric(board):
    matched = {
        (name, label)
        for query in queries(board)
        for name, matchers in re.findall(r"\b(sesam_slo_\w+){([^}]*)}", query)
        for label in LABEL_MATCHER.findall(matchers)
        if name in METRICS
    }
    assert [(name, label) for name, label in matched if label not in METRICS[name].labels] == []


def test_every_query_of_services_asks_for_the_chosen_ones(boards):
    """Whatever has a label `service` is read of the chosen ones only."""
    several = 'service=~"$service"'
    for name, matcher in {"slo": 'service="$service"', "log": several, "support": several}.items():
        for query in queries(boards[name]):
            for metric, matchers in WORD.findall(query):
                if "service" in METRICS[metric].labels if metric in METRICS else metric.startswith("service"):
                    assert matcher in matchers, (name, metric, query)


@pytest.mark.parametrize("name", DRILLDOWNS)
def test_nothing_is_green_for_want_of_data(boards, name):
    """What a figure is coloured below all its thresholds, and without a value."""
    for panel in boards[name]["panels"]:
        if panel["type"] != "stat":
            continue
        defaults = panel["fieldConfig"]["defaults"]
        without = [each["options"]["result"] for each in defaults.get("mappings", ()) if each["type"] == "special"]
        assert all(each["color"] not in (GREEN, BRIGHT_GREEN) for each in without), panel["title"]
        if panel["options"]["textMode"] != "name":
            assert without, panel["title"]
            assert {each["text"] for each in without} <= {"NOT SEEN", "NOT SCRAPED"}, panel["title"]


def test_a_tables_colour_never_stands_alone(boards):
    """Where a cell is coloured by words, each has its own word; else the figure is the sign."""
    for name in DRILLDOWNS:
        for panel in boards[name]["panels"]:
            for override in panel.get("fieldConfig", {}).get("overrides", ()):
                for each in override["properties"]:
                    if each["id"] == "mappings":
                        words = [
                            shown["text"] for mapping in each["value"] if mapping["type"] == "value"
                            for shown in mapping["options"].values()
                        ]  # fmt: skip
                        assert all(words), panel["title"]
                        assert len(words) == len(set(words)), panel["title"]


@pytest.mark.parametrize(("objective", "budget"), [(0.995, "0.005"), (0.999, "0.001"), (0.9, "0.1")])
def test_thresholds_follow_the_objective(objective, budget, configuration):
    document = documents(configuration(policy={"objective_ratio": objective}))["slo"]
    availability = panel_of(document, "Availability, ${window:text}")
    assert step_values(availability["fieldConfig"]["defaults"]["thresholds"]) == [None, objective, (1 + objective) / 2]
    assert availability["targets"][0]["legendFormat"] == f"objective {100 * objective:g} %"
    over_time = panel_of(document, "Availability over time, ${window:text}")
    assert step_values(over_time["fieldConfig"]["defaults"]["thresholds"]) == [None, objective]
    assert step_values(panel_of(document, "Its bounds")["fieldConfig"]["defaults"]["thresholds"]) == [None, objective]
    burn = panel_of(document, "Burn rates")
    assert burn["targets"][0]["expr"].endswith(f" / {budget}")
    assert step_values(burn["fieldConfig"]["defaults"]["thresholds"]) == [None, 1, 3, 6, 14.4]


def test_every_reason_has_a_colour_of_its_own(boards):
    for name in ("slo", "exporter"):
        panel = panel_of(boards[name], "Failed and unobserved probes, by reason")
        colours = [properties(panel, reason)["color"]["fixedColor"] for reason in [*Reason, "none"]]
        assert len(colours) == len(set(colours))


def test_thresholds_follow_the_timings(configuration):
    document = documents(
        configuration(certificate_expires_within=timedelta(days=30), ledger_failing_after=timedelta(minutes=7))
    )
    certificates = panel_of(document["slo"], "Certificates expire in")
    assert step_values(certificates["fieldConfig"]["defaults"]["thresholds"]) == [None, 0, 30]
    written = properties(panel_of(document["exporter"], "Ledger"), "last write ago")
    assert step_values(written["thresholds"]) == [None, 7 * 60]


def test_a_business_day_is_the_policys(configuration):
    long_day = BusinessHours(start_minute=7 * 60, end_minute=17 * 60)
    document = documents(configuration(policy={"business": long_day}))["support"]
    clocks = panel_of(document, "Clocks that run, least time left first")
    assert step_values(properties(clocks, "time left")["thresholds"]) == [None, 0, 10]
    assert "a business day has 10 hours" in clocks["description"]


def test_short_runs_are_those_the_policy_calls_so(configuration):
    document = documents(configuration(policy={"downtime_after": timedelta(minutes=15)}))["slo"]
    assert "shorter than 15m" in panel_of(document, "Failing time since the range began")["description"]


def test_the_log_leads_to_the_page_of_an_entry_where_there_is_one(config):
    without = panel_of(documents(config)["log"], "Downtime log")
    assert "links" not in properties(without, "entry")
    with_page = replace(config, web=Web(external_url="https://slo.example"))
    for title in ("Downtime log", "Still to be explained"):
        (link,) = properties(panel_of(documents(with_page)["log"], title), "entry")["links"]
        assert link["url"] == "https://slo.example/log/${__value.raw}"


def test_maintenance_is_marked_on_every_graph_of_a_service(boards):
    marks = {each["name"]: each for each in boards["slo"]["annotations"]["list"]}
    assert marks["Maintenance"]["enable"]
    assert "sesam_slo_maintenance_active" in marks["Maintenance"]["expr"]


def test_the_policys_time_zone_is_that_of_every_dashboard(boards):
    assert {document["timezone"] for document in boards.values()} == {Policy().timezone.key}
    assert AlertTimings().scrape_interval == timedelta(seconds=15), "the data source's timeInterval says the same"


def _variables(document):
    return {each["name"]: each for each in document["templating"]["list"]}
