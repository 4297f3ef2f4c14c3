"""What is recorded for the dashboards, evaluated by promtool: series only where there is something to tell."""

import pytest
import yaml

from sesam_slo.generate.dashboard_rules import CASES, REASONS, RESULTS

RULES = "prometheus/rules/sesam-slo.yml"


def series(name, values, **labels):
    labelled = {**labels, "job": "sesam-slo", "instance": "exporter:9808"}
    pairs = ",".join(f'{label}="{value}"' for label, value in labelled.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


@pytest.fixture(scope="module")
def evaluated(configuration, written, run_tool):
    """Fails unless the expressions have these samples ten minutes on, by promtool's notation."""
    folder = written(configuration())

    def check(inputs, expected):
        tests = [
            {
                "expr": expression,
                "eval_time": "10m",
                "exp_samples": [{"labels": labels, "value": value} for labels, value in samples],
            }
            for expression, samples in expected.items()
        ]
        case = {"interval": "15s", "input_series": inputs, "promql_expr_test": tests}
        path = folder / "case.yml"
        path.write_text(yaml.safe_dump({"rule_files": [RULES], "evaluation_interval": "15s", "tests": [case]}))
        run_tool("promtool", "test", "rules", str(path))

    return check


def test_only_reasons_and_results_that_occur_are_recorded_per_second(evaluated):
    """A failure at every second scrape of 15 s is one in 30 s; the service that answers has none."""
    probes, failures = "sesam_slo_probes_total", "sesam_slo_probe_failures_total"
    failing, well = "0 0 " + " ".join(f"{count} {count}" for count in range(1, 30)), "0x60"
    endpoint = {"service": "datahub-prod", "endpoint": "api", "kind": "api"}
    evaluated(
        [
            series(probes, failing, result="failure", **endpoint),
            series(probes, "0+1x60", result="success", **endpoint),
            series(probes, well, result="unobserved", **endpoint),
            series(failures, failing, reason="timeout", service="datahub-prod"),
            series(failures, well, reason="dns", service="datahub-prod"),
            series(failures, well, reason="timeout", service="acme-prod"),
        ],
        {
            f"round(300 * {RESULTS})": [('{result="failure", service="datahub-prod"}', 10)],
            f"round(300 * {REASONS})": [('{reason="timeout", service="datahub-prod"}', 10)],
        },
    )


def test_cases_of_all_customer_classes_are_added_up_and_two_exporters_are_not(evaluated):
    name, of = "sesam_slo_case_open", {"service": "datahub-prod"}
    second = series(name, "2x60", level="A", customer_class="partner", **of)
    second["series"] = second["series"].replace("exporter:9808", "other:9808")
    evaluated(
        [
            series(name, "2x60", level="A", customer_class="partner", **of),
            second,
            series(name, "1x60", level="A", customer_class="user", **of),
            series(name, "0x60", level="B", customer_class="user", **of),
        ],
        {CASES: [(f'{CASES}{{level="A", service="datahub-prod"}}', 3)]},
    )
