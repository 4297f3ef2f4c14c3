"""A validated file as the core's values: defaults filled in, endpoints given what they inherit, paths resolved."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from ..core import model
from . import models
from .rules import DEFAULT_INTERVAL
from .support_build import built_support

DEFAULT_TIMEOUT = timedelta(seconds=10)


def build(file: models.File, folder: Path) -> model.Config:
    """`folder` is the configuration file's own: relative paths of the files it names start there."""
    interval, timeout = _timing(file.probe)
    return model.Config(
        policy=_policy(file.policy),
        services=tuple(_service(service, file.probe, folder) for service in file.services),
        control_targets=tuple(file.control_targets),
        control_interval=interval,
        control_timeout=timeout,
        ledger=file.ledger,
        evidence_keep=file.evidence.keep,
        web=_web(file.web, folder),
        prometheus_url=file.prometheus.url if file.prometheus else None,
        alertmanager_url=file.alertmanager.url if file.alertmanager else None,
        grafana_url=file.grafana.url if file.grafana else None,
    )


def _policy(policy: models.PolicySection) -> model.Policy:
    recurring, announced = policy.maintenance.recurring, policy.maintenance.announced
    return model.Policy(
        objective_ratio=policy.objective,
        timezone=policy.timezone,
        downtime_after=policy.downtime_after,
        bridge_at_most=policy.bridge_at_most,
        notice=policy.maintenance.notice,
        recurring=model.Policy().recurring if recurring is None else tuple(map(_recurring, recurring)),
        announced=tuple(map(_announced, announced)),
        business=_business(policy.support),
        support=built_support(policy.support),
        alerts=model.AlertTimings(**dict(policy.alerts)),
    )


def _recurring(window: models.RecurringWindow) -> model.RecurringWindow:
    return model.RecurringWindow(
        window.name, window.start, window.end, frozenset(window.days), _services(window.services)
    )


def _announced(window: models.AnnouncedWindow) -> model.AnnouncedWindow:
    return model.AnnouncedWindow(window.name, window.start, window.end, window.announced_at, _services(window.services))


def _services(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _business(support: models.Support) -> model.BusinessHours:
    hours, extra = support.business_hours, support.holidays.extra
    return model.BusinessHours(
        days=frozenset(hours.days),
        start_minute=hours.start,
        end_minute=hours.end,
        country=support.holidays.country,
        extra_holidays=tuple(holiday for holiday in extra if not isinstance(holiday, date)),
        extra_dates=tuple(holiday for holiday in extra if isinstance(holiday, date)),
        day=hours.day,
    )


def _service(service: models.Service, probe: models.Exchange, folder: Path) -> model.Service:
    return model.Service(
        name=service.name,
        endpoints=tuple(_endpoint(endpoint, probe, folder) for endpoint in service.endpoints),
        labels=tuple(service.labels.items()),
    )


def _endpoint(endpoint: models.Endpoint, probe: models.Exchange, folder: Path) -> model.Endpoint:
    exchange = _inherited(endpoint, probe)
    interval, timeout = _timing(exchange)
    tls, expect = exchange.tls_config, exchange.expect
    request = model.Request(
        url=endpoint.url,
        method=exchange.method,
        headers=tuple(exchange.headers.items()),
        body=exchange.body,
        authorization=_authorization(exchange.authorization, folder),
        basic_auth=_basic_auth(exchange.basic_auth, folder),
        tls=model.TlsConfig(
            ca_file=tls.ca_file and _path(folder, tls.ca_file),
            cert_file=tls.cert_file and _path(folder, tls.cert_file),
            key_file=tls.key_file and _path(folder, tls.key_file),
            server_name=tls.server_name,
            insecure_skip_verify=tls.insecure_skip_verify,
        ),
        expect=model.Expectation(
            status=tuple(expect.status),
            json=tuple(expect.json_values.items()),
            body_regex=expect.body_regex,
            max_redirects=expect.max_redirects,
        ),
        preferred_ip_protocol=exchange.preferred_ip_protocol,
        proxy_url=exchange.proxy_url,
    )
    return model.Endpoint(endpoint.name, endpoint.kind, request, interval, timeout)


def _authorization(written: models.Authorization | None, folder: Path) -> model.Authorization | None:
    return None if written is None else model.Authorization(written.type, _path(folder, written.credentials_file))


def _basic_auth(written: models.BasicAuth | None, folder: Path) -> model.BasicAuth | None:
    return None if written is None else model.BasicAuth(written.username, _path(folder, written.password_file))


# Given whole: pydantic would copy them deeply for each of thousands of endpoints, and nobody changes them.
_DEFAULTS = dict(models.Exchange())


def _inherited(endpoint: models.Endpoint, probe: models.Exchange) -> models.Exchange:
    """The endpoint's own keys before the probe section's, each as a whole; its one way to log in replaces the other's."""
    given = {key: getattr(probe, key) for key in probe.model_fields_set}
    own = {key: getattr(endpoint, key) for key in endpoint.model_fields_set if key in models.Exchange.model_fields}
    if own.keys() & {"authorization", "basic_auth"}:
        given = {key: value for key, value in given.items() if key not in ("authorization", "basic_auth")}
    return models.Exchange.model_construct(**(_DEFAULTS | given | own))


def _timing(exchange: models.Exchange) -> tuple[timedelta, timedelta]:
    """Interval and timeout; a timeout that is not written gives way to a shorter interval."""
    interval = exchange.interval or DEFAULT_INTERVAL
    return interval, exchange.timeout or min(DEFAULT_TIMEOUT, interval)


def _web(web: models.WebSection, folder: Path) -> model.Web:
    host, port = web.listen
    return model.Web(
        host=host,
        port=port,
        config_file=web.config_file and _path(folder, web.config_file),
        write_token_file=web.write_token_file and _path(folder, web.write_token_file),
        read_token_file=web.read_token_file and _path(folder, web.read_token_file),
        external_url=web.external_url,
    )


def _path(folder: Path, written: str) -> str:
    return str(folder / written)
