"""Where an alert leads, when it fires: the exporter's page, a dashboard at its service and time, the runbook."""

from dataclasses import replace

import pytest
import yaml
from alert_cases import AGREED, EVENT, FAILING_SINCE, RELOADED, REMAINING, UP, log_entry, log_start
from test_alert_cases import ALERTS, RUNBOOKS

from sesam_slo.core.model import Web
from sesam_slo.core.names import Alert, Dashboard
from sesam_slo.generate import artifacts

PAGE, GRAFANA = "https://slo.example/sesam", "https://grafana.example"
SERVICE = "var-service=datahub-prod"


@pytest.fixture(scope="module")
def reachable(configuration):
    return replace(configuration(), web=Web(external_url=PAGE), grafana_url=GRAFANA)


@pytest.mark.parametrize(
    ("alert", "at", "series", "page", "dashboard"),
    [
        (Alert.DOWNTIME, "10m40s", {AGREED: "0x41 1x40", **EVENT}, "/log/e-17",
         f"/d/sesam-slo-slo?{SERVICE}&from=-3570000&to=now"),
        (Alert.DOWNTIME, "10m40s", {AGREED: "0x41 1x40"}, "", f"/d/sesam-slo-slo?{SERVICE}&from=now-6h&to=now"),
        (Alert.NOT_RESPONDING, "73m10s", {FAILING_SINCE: "_x160 4200x180"}, "/",
         f"/d/sesam-slo-slo?{SERVICE}&from=600000&to=now"),
        (Alert.DOWNTIME_UNEXPLAINED, "2m", {log_entry("overdue"): "1x20", log_start(): "30x20"}, "/",
         f"/d/sesam-slo-log?{SERVICE}&from=now-90d&to=now"),
        (Alert.BUDGET_EXHAUSTED, "2m", {REMAINING: "-90x20"}, "/", f"/d/sesam-slo-slo?{SERVICE}&from=now/M&to=now/M"),
        (Alert.EXPORTER_DOWN, "3m", {UP: "0x40"}, "/", "/d/sesam-slo-exporter?from=now-6h&to=now"),
        (Alert.CONFIG_RELOAD_FAILED, "2m", {RELOADED: "0x20"}, "/", "/d/sesam-slo-exporter?from=now-6h&to=now"),
    ],
)  # fmt: skip
def test_an_alert_leads_on(alert, at, series, page, dashboard, reachable, written, run_tool):
    folder = written(reachable)
    (rule,) = [rule for rule in alerting_rules(reachable) if rule["alert"] == alert]
    # of this alert only where it leads: its words are the cases' matter
    file = {"groups": [{"name": "links", "rules": [*recorded(reachable), {**rule, "annotations": links(rule)}]}]}
    (folder / "links.yml").write_text(yaml.safe_dump(file))
    annotations = {
        "log_url": PAGE + page, "dashboard_url": f"{GRAFANA}{dashboard}", "runbook_url": f"{RUNBOOKS}/{alert}.md"
    }  # fmt: skip
    about = {"job": "sesam-slo"} if Dashboard.EXPORTER in dashboard else {"service": "datahub-prod"}
    fires = [{"exp_labels": {**rule["labels"], **about}, "exp_annotations": annotations}]
    (folder / "case.yml").write_text(yaml.safe_dump({
        "rule_files": ["links.yml"],
        "evaluation_interval": "15s",
        "tests": [{
            "interval": "15s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": fires}],
        }],
    }))  # fmt: skip
    run_tool("promtool", "test", "rules", str(folder / "case.yml"))


def test_every_alert_leads_to_the_page_to_a_dashboard_and_to_its_runbook(reachable):
    known = {value for name, value in vars(Dashboard).items() if name.isupper()}
    for rule in alerting_rules(reachable):
        assert rule["annotations"]["log_url"].startswith(PAGE)
        address, _, query = rule["annotations"]["dashboard_url"].partition("?")
        assert address.removeprefix(f"{GRAFANA}/d/") in known
        assert ("var-service" in query) == ("service" in rule["annotations"]["summary"]), rule["alert"]
        assert rule["annotations"]["runbook_url"] == f"{RUNBOOKS}/{rule['alert']}.md"
    assert {rule["alert"] for rule in alerting_rules(reachable)} == ALERTS - {Alert.EARLY_WARNING}


def test_what_nobody_said_where_to_reach_is_no_link(configuration):
    for rule in alerting_rules(configuration()):
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}


def test_no_label_of_an_alert_comes_from_a_template(reachable):
    """An alert is its labels: one that changed while an event goes on would page again, and resolve what went before."""
    assert {tuple(rule["labels"]) for rule in alerting_rules(reachable)} == {("severity",)}


def rules(config):
    return [
        rule
        for group in yaml.safe_load(artifacts(config, 2026)["prometheus/rules/sesam-slo.yml"])["groups"]
        for rule in group["rules"]
    ]


def alerting_rules(config):
    return [rule for rule in rules(config) if "alert" in rule]


def recorded(config):
    return [rule for rule in rules(config) if "record" in rule]


def links(rule):
    return {name: text for name, text in rule["annotations"].items() if name.endswith("_url")}
