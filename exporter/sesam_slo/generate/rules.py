"""The Prometheus rule file: recorded states, burn rates, and the alerts.

Whether something is downtime, and whether it counts, is for the exporter to decide; the alerts only read what it
says. So `SesamDowntime` has no `for`. What must not page (maintenance, a run that is no downtime yet) is gated in the
expressions and never muted in Alertmanager, where the notice that a page is over would be lost.
"""

from __future__ import annotations

from typing import Any

from sesam_slo.core.model import Config
from sesam_slo.core.past import HOUR
from sesam_slo.generate import alerts, burn_rates, dashboard_rules, history, states, support_alerts
from sesam_slo.generate.alerts import AlertRule
from sesam_slo.generate.dashboards import service_state
from sesam_slo.generate.document import yaml_document
from sesam_slo.generate.links import link_annotations
from sesam_slo.generate.promql import duration


def rule_file(config: Config, *, runbook_base: str) -> str:
    """`prometheus/rules/sesam-slo.yml`; the rules hold for whatever services the exporter has."""
    groups = rule_groups(config, runbook_base=runbook_base)
    return yaml_document({"groups": groups}, about="Prometheus rules. Check them with: promtool check rules FILE")


def rule_groups(config: Config, *, runbook_base: str) -> list[dict[str, Any]]:
    """One group for the states with the alerts that read them: rules of a group are evaluated in turn, groups are not."""
    policy = config.policy
    return [
        {
            "name": "sesam-slo",
            "rules": [
                *states.recording_rules(config),
                *(_alerting_rule(rule, config, runbook_base) for rule in alerts.state_alerts(config)),
            ],
        },
        {
            "name": "sesam-slo-support",
            "rules": [_alerting_rule(rule, config, runbook_base) for rule in support_alerts.support_alerts(policy)],
        },
        {
            "name": "sesam-slo-error-budget",
            "rules": [
                *burn_rates.recording_rules(policy.alerts),
                *(_alerting_rule(rule, config, runbook_base) for rule in alerts.budget_alerts(policy)),
            ],
        },
        {"name": "sesam-slo-dashboards", "rules": dashboard_rules.recording_rules(policy.alerts)},
        {"name": "sesam-slo-wall", "rules": service_state.recording_rules(config)},
        {
            "name": "sesam-slo-history",
            "interval": duration(HOUR),
            "rules": history.recording_rules(policy.alerts),
        },
    ]


def _alerting_rule(rule: AlertRule, config: Config, runbook_base: str) -> dict[str, Any]:
    return {
        "alert": rule.name,
        "expr": rule.expression,
        **({"for": rule.lasting} if rule.lasting is not None else {}),
        "labels": {"severity": rule.severity},
        "annotations": {
            "summary": rule.summary,
            "description": rule.description,
            **link_annotations(rule.links, config, alert=rule.name, runbook_base=runbook_base),
        },
    }
