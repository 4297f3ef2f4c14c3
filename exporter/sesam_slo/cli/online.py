"""Asks a running Prometheus and Alertmanager whether they have loaded what `generate` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import requests
import yaml

from ..config import parse_duration
from ..core.model import Config
from ..core.names import SCRAPE_JOB
from ..generate import artifacts

_TIMEOUT_SECONDS = 10


def prometheus_faults(url: str, config: Config) -> list[str]:
    """What keeps this Prometheus from alerting as generated, a line each."""
    return _faults(url, config, _of_prometheus)


def alertmanager_faults(url: str, config: Config) -> list[str]:
    """What keeps this Alertmanager from routing as generated, a line each; its receivers are the site's own."""
    return _faults(url, config, _of_alertmanager)


def _faults(url: str, config: Config, ask: Callable[[str, Config], Iterator[str]]) -> list[str]:
    try:
        return [f"{url}: {fault}" for fault in ask(url.rstrip("/"), config)]
    except (requests.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        if isinstance(error, requests.RequestException) and not isinstance(error, requests.JSONDecodeError):
            return [f"{url}: no request can be made of this address: {type(error).__name__}"]
        return [f"{url}: answers something else than expected; is this the right address?"]
    except requests.HTTPError as error:
        return [f"{url}: answers with status {error.response.status_code}; is this the right address?"]
    except requests.RequestException as error:
        return [f"{url}: does not answer: {type(error).__name__}"]


def _get(url: str, **parameters: str) -> Any:
    answer = requests.get(url, params=parameters, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()


def _generated(config: Config, name: str) -> Any:
    return yaml.safe_load(artifacts(config, datetime.now(UTC).astimezone(config.policy.timezone).year)[name])


def _of_prometheus(url: str, config: Config) -> Iterator[str]:
    loaded = {
        _identity(rule): rule for group in _get(f"{url}/api/v1/rules")["data"]["groups"] for rule in group["rules"]
    }
    for group in _generated(config, "prometheus/rules/sesam-slo.yml")["groups"]:
        for rule in group["rules"]:
            service, name, labels = loaded.get(_identity(rule)), rule.get("alert") or rule["record"], _identity(rule)[1]
            if service is None:
                yield f"rule {name} {dict(labels)}: not loaded; expected as in prometheus/rules/sesam-slo.yml"
                continue
            # Prometheus shows an expression in its own spelling: it is asked to spell ours.
            ours = _get(f"{url}/api/v1/format_query", query=rule["expr"])["data"]
            if _squeezed(service["query"]) != _squeezed(ours):
                yield f"rule {name}: loaded with another expression: {service['query']}"
            if parse_duration(rule.get("for", "0s")).total_seconds() != service.get("duration", 0):
                yield f"rule {name}: loaded with `for` {service.get('duration')} s; expected {rule.get('for', '0s')}"
            if service.get("health") == "err":
                yield f"rule {name}: does not evaluate: {service.get('lastError', '')}"
    targets = _get(f"{url}/api/v1/targets", state="active")["data"]["activeTargets"]
    ours_of_targets = [target for target in targets if target["labels"].get("job") == SCRAPE_JOB]
    if not ours_of_targets:
        yield f"no target of job {SCRAPE_JOB}; expected the scrape configuration of prometheus/prometheus.yml"
    for target in ours_of_targets:
        if target["health"] != "up":
            yield f"target {target['scrapeUrl']} is {target['health']}: {target.get('lastError', '')}"


def _identity(rule: dict[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A rule's name and labels, of a rule file's and of an answer's alike."""
    name = rule.get("alert") or rule.get("record") or rule["name"]
    return name, tuple(sorted((rule.get("labels") or {}).items()))


def _squeezed(expression: str) -> str:
    return "".join(expression.split())


def _of_alertmanager(url: str, config: Config) -> Iterator[str]:
    loaded = yaml.safe_load(_get(f"{url}/api/v2/status")["config"]["original"])
    ours = _generated(config, "alertmanager/alertmanager.yml")
    for key in ("route", "inhibit_rules", "time_intervals"):
        if key in ours and (where := _missing(ours[key], loaded.get(key), key)) is not None:
            yield f"{where}: loaded otherwise; expected as in alertmanager/alertmanager.yml"


def _missing(ours: Any, theirs: Any, where: str) -> str | None:
    """Where `theirs`, which may say more, does not say what `ours` does."""
    if isinstance(ours, dict):
        if not isinstance(theirs, dict):
            return where
        found = (_missing(value, theirs.get(key), f"{where}.{key}") for key, value in ours.items())
    elif isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            return where
        found = (_missing(*pair, f"{where}[{number}]") for number, pair in enumerate(zip(ours, theirs, strict=True)))
    else:
        return None if _squeezed(str(ours)) == _squeezed(str(theirs)) else where
    return next((each for each in found if each is not None), None)
