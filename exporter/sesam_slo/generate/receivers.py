"""A site's own receivers, `alertmanager/receivers.yml`: written by hand, merged into what is generated.

    page:
      pagerduty_configs:
        - routing_key_file: secrets/pagerduty
    watchdog:
      webhook_configs:
        - url_file: secrets/dead_mans_switch

Below each receiver stands Alertmanager's own notation. Keys and passwords stay in files of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

PAGE, TICKET, WATCHDOG = "page", "ticket", "watchdog"
RECEIVERS = (PAGE, TICKET, WATCHDOG)

Receivers = Mapping[str, Mapping[str, list[Any]]]
"""Integrations by receiver: `{"page": {"pagerduty_configs": [...]}}`."""

# fields of Alertmanager's that hold a secret and have a counterpart with `_file`
_SECRETS = frozenset(
    {"api_key", "api_secret", "api_url", "auth_password", "bot_token", "client_secret", "credentials", "password"}
    | {"routing_key", "service_key", "token", "user_key", "webhook_url"}
)


def parse(text: str) -> Receivers:
    """Raises ValueError, a line for each fault, `KEY: what is wrong; what is expected`; it quotes no value."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        raise ValueError(f"not YAML{f' at line {where.line + 1}' if where else ''}") from None
    faults = list(_faults(values if values is not None else {}))
    if faults:
        raise ValueError("\n".join(faults))
    return values or {}


def _faults(values: Any) -> Iterator[str]:
    if not isinstance(values, dict):
        yield "not a mapping; expected receivers with their integrations"
        return
    for name, integrations in values.items():
        if name not in RECEIVERS:
            yield f"{name}: unknown receiver; expected one of {', '.join(RECEIVERS)}"
        elif not isinstance(integrations, dict):
            yield f"{name}: not a mapping; expected integrations such as pagerduty_configs"
        else:
            for kind, items in integrations.items():
                if not str(kind).endswith("_configs") or not isinstance(items, list):
                    yield f"{name}.{kind}: not a list of integrations; expected one such as pagerduty_configs"
                else:
                    yield from _open_secrets(f"{name}.{kind}", items)


def _open_secrets(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _open_secrets(f"{path}[{index}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _SECRETS:
                yield f"{path}.{key}: a secret; expected {key}_file with the path of a file that holds it"
            else:
                yield from _open_secrets(f"{path}.{key}", item)
