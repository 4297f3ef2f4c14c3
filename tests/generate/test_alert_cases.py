"""Every alert fires when it must, with these words, and is silent when it must be; judged by promtool."""

from datetime import timedelta

import pytest
import yaml
from alert_cases import CASES as STATE_CASES
from alert_cases import LOCAL_TIME
from support_alert_cases import CASES as SUPPORT_CASES

from sesam_slo.core.names import Alert

CASES = [*STATE_CASES, *SUPPORT_CASES]
RUNBOOKS = "https://github.com/sesam-community/sesam-slo/blob/main/docs/runbooks"
ALERTS = {value for name, value in vars(Alert).items() if name.isupper()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.says}")
def test_alert(case, configuration, written, run_tool):
    timings = {name: value if name == "case_due_at" else timedelta(seconds=value) for name, value in case.timings}
    folder = written(configuration(**timings))
    (folder / "case.yml").write_text(yaml.safe_dump(rule_test(case)))
    run_tool("promtool", "test", "rules", str(folder / "case.yml"))


def rule_test(case):
    return {
        "rule_files": ["prometheus/rules/sesam-slo.yml"],
        "evaluation_interval": case.step,
        "tests": [
            {
                "interval": case.step,
                "input_series": [
                    {"series": name, "values": values} for name, values in {**LOCAL_TIME, **case.series}.items()
                ],
                "alert_rule_test": [
                    {"eval_time": case.at, "alertname": case.alert, "exp_alerts": expected(case.alert, case.fires)}
                ],
            }
        ],
    }


def expected(alert, notice):
    if notice is None:
        return []
    annotations = {
        "summary": notice.summary,
        "description": notice.description,
        "runbook_url": f"{RUNBOOKS}/{alert}.md",
    }
    return [{"exp_labels": {"severity": notice.severity, **notice.labels}, "exp_annotations": annotations}]


def test_every_alert_has_a_case_that_fires():
    assert {case.alert for case in CASES if case.fires is not None} == ALERTS


def test_every_alert_but_the_watchdog_has_a_case_that_stays_silent():
    assert {case.alert for case in CASES if case.fires is None} == ALERTS - {Alert.WATCHDOG}
