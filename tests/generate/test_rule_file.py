"""The rule file as a whole: valid for Prometheus, made of known metrics, and of ranges that can hold samples."""

import re
from datetime import timedelta

import pytest
import yaml

from sesam_slo.core.model import AlertTimings
from sesam_slo.core.names import METRICS, PREFIX, Alert
from sesam_slo.generate import Deployment, artifacts
from sesam_slo.generate.burn_rates import BURN_RATES, budget_ratio
from sesam_slo.generate.dashboards import dashboards
from sesam_slo.generate.document import MARK

RULES = "prometheus/rules/sesam-slo.yml"
SELECTOR = re.compile(rf"\b({PREFIX}\w+)(?:{{([^}}]*)}})?")
LABEL_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*(?:"[^"]*"|\\"[^"]*\\"|%q)')
RANGE = re.compile(r"\[([0-9a-z]+)\]")
SCRAPE_LABELS = {"job", "instance"}
SEVERITIES = {
    "page": {
        Alert.DOWNTIME, Alert.MAINTENANCE_OVERRUN, Alert.PROBES_BLIND, Alert.EXPORTER_DOWN, Alert.LEDGER_WRITE_FAILING,
        Alert.EARLY_WARNING, Alert.REACTION_DUE,
    },
    "ticket": {
        Alert.NOT_RESPONDING, Alert.BUDGET_BURN_FAST, Alert.BUDGET_BURN_SLOW, Alert.BUDGET_EXHAUSTED, Alert.FLAPPING,
        Alert.SHORT_NOTICE, Alert.CERTIFICATE_EXPIRING, Alert.PROBE_CREDENTIALS, Alert.DOWNTIME_UNEXPLAINED,
        Alert.CONFIG_RELOAD_FAILED, Alert.REACTION_DUE, Alert.REACTION_BREACHED, Alert.CORRECTION_DUE,
        Alert.CORRECTION_BREACHED,
    },
    "info": {Alert.WATCHDOG},
}  # fmt: skip


@pytest.fixture(scope="module", params=["as the contract has them", "early pages", "within seconds"])
def config(request, configuration, quick_timings):
    timings = {
        "as the contract has them": {},
        "early pages": {"early_page": timedelta(minutes=5)},
        "within seconds": quick_timings,
    }
    return configuration(**timings[request.param])


@pytest.fixture(scope="module")
def rules(config):
    groups = yaml.safe_load(artifacts(config, 2026)[RULES])["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_prometheus_takes_the_rules_and_the_configuration(config, written, run_tool):
    folder = written(config)
    run_tool("promtool", "check", "rules", str(folder / RULES))
    run_tool("promtool", "check", "config", str(folder / "prometheus/prometheus.yml"))


def test_every_metric_read_exists(rules):
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for text in texts(rules):
        without_recorded = re.sub("|".join(re.escape(name) for name in recorded), "", text)
        assert {name for name, _ in SELECTOR.findall(without_recorded)} <= METRICS.keys()


def test_every_label_matched_exists_on_its_metric(rules):
    matched = [
        (name, label)
        for text in texts(rules)
        for name, matchers in SELECTOR.findall(text)
        for label in LABEL_MATCHER.findall(matchers)
    ]
    assert len(matched) > 10
    assert [(name, label) for name, label in matched if label not in {*METRICS[name].labels, *SCRAPE_LABELS}] == []


def test_every_recorded_series_is_read(rules, config):
    everything = "\n".join([*texts(rules), *dashboards(config).values()])
    assert [rule["record"] for rule in rules if "record" in rule and rule["record"] not in everything] == []


def test_every_aggregation_is_by_service_or_about_the_exporter(rules):
    by = {labels for rule in rules for labels in re.findall(r"\bby \(([^)]*)\)", rule["expr"])}
    assert {labels.split(", ")[0] for labels in by} == {"service", "job"}


def test_no_range_is_shorter_than_two_scrapes(rules, config):
    ranges = [length for text in texts(rules) for length in RANGE.findall(text)]
    assert ranges
    assert min(map(seconds, ranges)) >= 2 * config.policy.alerts.scrape_interval.total_seconds()


def test_ranges_stretch_where_scrapes_are_rare(configuration):
    """A lookback of a minute holds no two samples that are a minute apart."""
    config = configuration(lookback=timedelta(minutes=1), scrape_interval=timedelta(minutes=1))
    assert 'last_over_time(sesam_slo_unplanned_downtime_active{began="agreed"}[2m])' in artifacts(config, 2026)[RULES]


def test_blindness_waits_for_what_slow_probes_have_said(configuration):
    text = artifacts(configuration(interval=timedelta(minutes=4)), 2026)[RULES]
    assert "No probe of {{ $labels.service }} has ended in success or failure for 8m" in text


def test_every_alert_says_what_it_is(rules, config):
    expected = {(name, severity) for severity, names in SEVERITIES.items() for name in names}
    if config.policy.alerts.early_page is None:
        expected.remove((Alert.EARLY_WARNING, "page"))
    alerts = [rule for rule in rules if "alert" in rule]
    assert sorted((rule["alert"], rule["labels"]["severity"]) for rule in alerts) == sorted(expected)
    for rule in alerts:
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{rule['alert']}.md")


def test_downtime_has_no_wait_of_its_own_and_looks_back(configuration):
    (rule,) = [rule for rule in all_rules(configuration()) if rule.get("alert") == Alert.DOWNTIME]
    assert "for" not in rule
    assert rule["expr"].startswith(
        'max by (service) (last_over_time(sesam_slo_unplanned_downtime_active{began="agreed"}[5m])) == 1\n'
    )


def test_runbooks_may_be_kept_elsewhere(configuration):
    text = artifacts(configuration(), 2026, Deployment(runbook_base="https://wiki.example/slo"))[RULES]
    assert "runbook_url: https://wiki.example/slo/SesamDowntime.md" in text
    assert "github.com" not in text


def test_burn_rates_are_those_of_the_sre_workbook():
    windows = [(burn.alert, str(burn.factor), str(burn.long), str(burn.short)) for burn in BURN_RATES]
    assert windows == [
        (Alert.BUDGET_BURN_FAST, "14.4", "1:00:00", "0:05:00"),
        (Alert.BUDGET_BURN_FAST, "6", "6:00:00", "0:30:00"),
        (Alert.BUDGET_BURN_SLOW, "3", "1 day, 0:00:00", "2:00:00"),
        (Alert.BUDGET_BURN_SLOW, "1", "3 days, 0:00:00", "6:00:00"),
    ]


@pytest.mark.parametrize(
    ("objective", "budget"), [(0.995, "0.005"), (0.999, "0.001"), (0.9, "0.1"), (1.0, "0"), (0.99999, "0.00001")]
)
def test_the_budget_is_written_without_the_noise_of_binary_fractions(objective, budget, configuration):
    assert format(budget_ratio(objective), "f") == budget
    expressions = [rule["expr"] for rule in all_rules(configuration(policy={"objective_ratio": objective}))]
    assert sum(f"14.4 * {budget} " in expression for expression in expressions) == 1


def test_every_timing_of_the_policy_is_used(configuration):
    """A timing that changes nothing would be a setting that lies."""
    before = artifacts(configuration(), 2026)
    changed = {
        name: timedelta(minutes=7) if value is None else value / 2 if isinstance(value, float) else 3 * value
        for name, value in ((name, getattr(AlertTimings(), name)) for name in AlertTimings.__dataclass_fields__)
    }
    idle = [name for name, value in changed.items() if artifacts(configuration(**{name: value}), 2026) == before]
    assert idle == []


def test_the_same_policy_gives_the_same_text(configuration):
    texts = artifacts(configuration(), 2026)
    assert texts == artifacts(configuration(), 2026)
    assert all(
        MARK in text.splitlines()[0] for path, text in texts.items() if not path.endswith(".json")
    )  # JSON has no comments


def all_rules(config):
    return [rule for group in yaml.safe_load(artifacts(config, 2026)[RULES])["groups"] for rule in group["rules"]]


def texts(rules):
    """Every expression, and every text with the queries of its templates."""
    return [text for rule in rules for text in (rule["expr"], *rule.get("annotations", {}).values())]


def seconds(length):
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(int(amount) * units[unit] for amount, unit in re.findall(r"(\d+)(ms|d|h|m|s)", length))
