"""The files of this repository as they are committed, loaded and run by the programs they are for.

Nothing is changed but where the programs listen and store. The exporter and Alertmanager that `prometheus.yml` names are
those of docker-compose.yml; here nobody answers to these names.
"""

from datetime import UTC, datetime
from pathlib import Path

import programs
import pytest
import yaml
from waiting import until

from sesam_slo.core.names import SCRAPE_JOB, Alert

REPOSITORY = Path(__file__).parents[2]
PROMETHEUS = REPOSITORY / "prometheus/prometheus.yml"
RULES = REPOSITORY / "prometheus/rules/sesam-slo.yml"
ALERTMANAGER = REPOSITORY / "alertmanager/alertmanager.yml"

EVALUATED_WITHIN_SECONDS = 60.0  # a group's first evaluation comes some time within its interval, 15 s


@pytest.fixture(scope="module")
def prometheus(loaded):
    return loaded(programs.prometheus, PROMETHEUS)


@pytest.fixture(scope="module")
def alertmanager(loaded):
    return loaded(programs.alertmanager, ALERTMANAGER)


def test_prometheus_runs_the_committed_configuration_unchanged(prometheus):
    running = yaml.safe_load(prometheus.get("/api/v1/status/config").json()["data"]["yaml"])
    committed = yaml.safe_load(PROMETHEUS.read_text())
    assert running["global"].items() >= committed["global"].items()
    assert [each["job_name"] for each in running["scrape_configs"]] == [
        each["job_name"] for each in committed["scrape_configs"]
    ]


def test_prometheus_evaluates_every_committed_rule_without_error(prometheus):
    groups = yaml.safe_load(RULES.read_text())["groups"]
    committed = [rule for group in groups for rule in group["rules"]]
    rare = {rule["record"]: rule["expr"] for group in groups if "interval" in group for rule in group["rules"]}
    until(
        lambda: all(rule["health"] != "unknown" for rule in rules(prometheus) if rule["name"] not in rare),
        within=EVALUATED_WITHIN_SECONDS,
        what="the first evaluation of every rule that is evaluated more than once an hour",
    )
    evaluated = rules(prometheus)
    faults = {rule["name"]: rule.get("lastError") for rule in evaluated if rule["health"] not in ("ok", "unknown")}
    assert faults == {}
    assert len(rare) == 2
    for expression in rare.values():
        assert prometheus.get("/api/v1/query", query=expression).json()["status"] == "success"
    assert sorted(rule["name"] for rule in evaluated) == sorted(
        rule.get("alert") or rule["record"] for rule in committed
    )


def test_the_dead_exporter_is_on_its_way_to_a_page(prometheus):
    targets = until(
        lambda: prometheus.get("/api/v1/targets").json()["data"]["activeTargets"],
        within=EVALUATED_WITHIN_SECONDS,
        what="the targets of the committed configuration",
    )
    assert [target["labels"]["job"] for target in targets] == [SCRAPE_JOB]
    until(
        lambda: state(prometheus, Alert.EXPORTER_DOWN) in ("pending", "firing"),
        within=EVALUATED_WITHIN_SECONDS,
        what=f"{Alert.EXPORTER_DOWN} pending",
    )


def test_the_watchdog_fires(prometheus):
    until(
        lambda: state(prometheus, Alert.WATCHDOG) == "firing",
        within=EVALUATED_WITHIN_SECONDS,
        what=f"{Alert.WATCHDOG} firing",
    )


def test_alertmanager_runs_the_committed_configuration_unchanged(alertmanager):
    running = yaml.safe_load(alertmanager.get("/api/v2/status").json()["config"]["original"])
    committed = yaml.safe_load(ALERTMANAGER.read_text())
    assert running["route"]["group_by"] == committed["route"]["group_by"]
    assert [each["receiver"] for each in running["route"]["routes"]] == [
        each["receiver"] for each in committed["route"]["routes"]
    ]
    assert [each["name"] for each in running["receivers"]] == [each["name"] for each in committed["receivers"]]


@pytest.mark.parametrize(
    ("alert", "severity", "receiver"),
    [
        (Alert.DOWNTIME, "page", "page"),
        (Alert.NOT_RESPONDING, "ticket", "ticket"),
        (Alert.WATCHDOG, "info", "watchdog"),
    ],
)
def test_the_committed_routes_tell_whom_an_alert_concerns(alertmanager, alert, severity, receiver):
    labels = {"alertname": alert, "severity": severity, "service": f"routed-{receiver}"}
    alertmanager.post("/api/v2/alerts", [{"labels": labels, "startsAt": datetime.now(UTC).isoformat()}])
    routed = until(
        lambda: alertmanager.get("/api/v2/alerts", filter=f'service="routed-{receiver}"').json(),
        within=EVALUATED_WITHIN_SECONDS,
        what=f"{alert} in Alertmanager",
    )
    assert [[each["name"] for each in known["receivers"]] for known in routed] == [[receiver]]


def rules(prometheus: programs.Program) -> list[dict]:
    groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def state(prometheus: programs.Program, alert: str) -> str:
    return next(rule["state"] for rule in rules(prometheus) if rule["name"] == alert)
