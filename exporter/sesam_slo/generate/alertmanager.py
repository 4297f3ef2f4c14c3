"""`alertmanager/alertmanager.yml`: who is told of an alert, when, and what is left unsaid.

Pages go out at any hour. What is inhibited or outside its hours when it resolves is never told to be over, so only
tickets are, with one exception that resolves together with what inhibits it: the blindness of a dead exporter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sesam_slo.core.model import AlertTimings, Policy
from sesam_slo.core.names import TEST_LABEL, TEST_RUN_LABEL, WEBHOOK_PATH, Alert
from sesam_slo.generate.alerts import Severity
from sesam_slo.generate.calendar import business_hours, days_off, years_from
from sesam_slo.generate.document import yaml_document
from sesam_slo.generate.promql import duration
from sesam_slo.generate.receivers import PAGE, RECEIVERS, TICKET, WATCHDOG, Receivers

_SECRETS = "secrets"  # where receivers.yml says that its files are

_BUSINESS_HOURS, _HOLIDAYS = "business-hours", "holidays"


@dataclass(frozen=True, slots=True)
class AlertmanagerFiles:
    """Where Alertmanager finds the files that its configuration names: paths, those not absolute from its folder on."""

    templates: str = "templates/*.tmpl"
    secrets: str = _SECRETS  # a folder; Alertmanager reads a file in it when it uses it


BESIDE_IT = AlertmanagerFiles()


def alertmanager_configuration(
    policy: Policy,
    first_year: int,
    *,
    webhooks: Mapping[str, str],
    receivers: Receivers,
    files: AlertmanagerFiles = BESIDE_IT,
) -> str:
    """The file's text. `webhooks`: by receiver, a URL that takes its notices, with the exporter's write token."""
    values = {
        "templates": [files.templates],
        "route": _route(policy.alerts),
        "inhibit_rules": _inhibitions(),
        "time_intervals": [
            {"name": _BUSINESS_HOURS, "time_intervals": business_hours(policy.business, policy.timezone)},
            {"name": _HOLIDAYS, "time_intervals": days_off(policy.business, policy.timezone, first_year)},
        ],
        "receivers": [_receiver(name, webhooks.get(name), receivers.get(name, {}), files) for name in RECEIVERS],
    }
    years = years_from(first_year)
    about = (
        f"Alertmanager configuration with the holidays of {years[0]} to {years[-1]}. Receivers of your own: see "
        "README.md here. Check it with: amtool check-config FILE"
    )
    return yaml_document(values, about=about)


def _route(timings: AlertTimings) -> dict[str, Any]:
    """What has no severity that is known here is a ticket at any hour rather than lost."""
    watchdog = {
        "receiver": WATCHDOG,
        "matchers": [f'alertname="{Alert.WATCHDOG}"'],
        "group_wait": "0s",
        # told at every group_interval: a notice repeats at the first one after repeat_interval
        "repeat_interval": duration(timings.group_interval / 2),
    }
    page = {"receiver": PAGE, "matchers": [f'severity="{Severity.PAGE}"']}
    ticket = {
        "receiver": TICKET,
        "matchers": [f'severity="{Severity.TICKET}"'],
        "active_time_intervals": [_BUSINESS_HOURS],
        "mute_time_intervals": [_HOLIDAYS],
    }
    return {
        "receiver": TICKET,
        "group_by": ["service", "alertname", "case", TEST_RUN_LABEL],
        "group_wait": duration(timings.group_wait),
        "group_interval": duration(timings.group_interval),
        "repeat_interval": duration(timings.repeat_interval),
        "routes": [watchdog, page, ticket],
    }


def _inhibitions() -> list[dict[str, Any]]:
    """No page for downtime is ever a target: a dead exporter leaves it firing (`promql.held`), told and not repeated.

    An early warning is none either. Its rule ends it when downtime begins, and that must be told.
    """
    of_downtime = (Alert.NOT_RESPONDING, Alert.FLAPPING, Alert.BUDGET_BURN_FAST, Alert.BUDGET_BURN_SLOW)
    of_dead_exporter = (Alert.PROBES_BLIND, Alert.NOT_RESPONDING, Alert.FLAPPING, Alert.PROBE_CREDENTIALS)
    return [
        {
            "source_matchers": [_one_of((Alert.DOWNTIME, Alert.MAINTENANCE_OVERRUN)), f'{TEST_LABEL}!="true"'],
            "target_matchers": [_one_of(of_downtime)],
            "equal": ["service"],
        },
        {
            "source_matchers": [_one_of((Alert.EXPORTER_DOWN,))],
            "target_matchers": [_one_of(of_dead_exporter)],
        },
    ]


def _one_of(alerts: tuple[str, ...]) -> str:
    return f'alertname=~"{"|".join(alerts)}"'


def _receiver(name: str, webhook: str | None, further: Mapping[str, Any], files: AlertmanagerFiles) -> dict[str, Any]:
    """One without integrations is valid: its alerts stand in Alertmanager and nobody is told."""
    receiver: dict[str, Any] = {"name": name, **_moved(further, files.secrets)}
    if webhook is not None and not any(map(_is_exporters, receiver.get("webhook_configs", []))):
        own = {
            "url": webhook,
            "send_resolved": True,
            "http_config": {"authorization": {"credentials_file": f"{files.secrets}/write_token"}},
        }
        receiver["webhook_configs"] = [own, *receiver.get("webhook_configs", [])]
    return receiver


def _is_exporters(webhook: Any) -> bool:
    """A site's own way to the exporter, through TLS for instance, takes the place of the generated one."""
    return isinstance(webhook, Mapping) and str(webhook.get("url", "")).endswith(WEBHOOK_PATH)


def _moved(value: Any, secrets: str) -> Any:
    """With every file of the folder `secrets` in the folder that Alertmanager has them in."""
    if isinstance(value, Mapping):
        return {key: _moved(each, secrets) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, secrets) for each in value]
    below = isinstance(value, str) and value.startswith(f"{_SECRETS}/")
    return f"{secrets}{value.removeprefix(_SECRETS)}" if below else value
