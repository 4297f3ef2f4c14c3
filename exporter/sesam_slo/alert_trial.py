"""A marked alert sent through Alertmanager's real route, to see whom it would tell.

It has the labels of a real one, so that it takes its way, and `test="true"`, by which the generated inhibitions and
the exporter's webhook know it. It ends when it has been seen to go out, and by itself should nobody end it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import yaml
from prometheus_client.parser import text_string_to_metric_families

from .alertmanager_api import OTHER_ANSWER, AlertmanagerApi, UnreachableError
from .core.durations import parse_duration
from .core.instants import written
from .core.names import TEST_LABEL, TEST_RUN_LABEL, WEBHOOK_PATH

_ENDS_BY_ITSELF = timedelta(minutes=5)  # after the longest wait, should this process be killed
_POLL_SECONDS = 0.2
_DEFAULTS = {"group_wait": "30s", "group_interval": "5m"}  # Alertmanager's
_SECRET = "<secret>"  # noqa: S105 - what Alertmanager 0.26 and newer show in the place of a webhook's address
_ATTEMPTS, _FAILURES = "alertmanager_notification_requests", "alertmanager_notification_requests_failed"


@dataclass(frozen=True, slots=True)
class Receiver:
    """`integrations`: of which kind, such as `webhook`, each as often as there are; `own`: so many only tell the exporter."""

    name: str
    integrations: tuple[str, ...]
    own: int

    @property
    def tells_somebody(self) -> bool:
        return len(self.integrations) > self.own

    def __str__(self) -> str:
        others = Counter(self.integrations) - Counter({"webhook": self.own})
        said = [kind if count == 1 else f"{kind} x {count}" for kind, count in sorted(others.items())]
        return f"{self.name} ({', '.join(said + ['the exporter'] * self.own) or 'nobody'})"


class Trial(NamedTuple):
    """What became of the alert. `attempts` and `failures` are of all notices meanwhile, by kind of integration."""

    receivers: tuple[Receiver, ...]
    suppressed: str | None  # by what
    attempts: Counter[str]
    failures: Counter[str]

    def faults(self, wait: timedelta) -> Iterator[str]:
        """Why it told nobody, or not everybody; nothing where all is well."""
        if self.suppressed is not None:
            yield f"told nobody: {self.suppressed}"
            return
        for receiver in self.receivers:
            if not receiver.tells_somebody:
                yield f"receiver {receiver} tells nobody; alertmanager/README.md says how to add whom it tells"
        for kind, count in sorted(_expected(self.receivers).items()):
            if self.attempts[kind] < count:
                yield (
                    f"{kind}: {self.attempts[kind]} notices went out within {wait.total_seconds():g} s; expected {count} "
                    "(those of tickets wait for business hours)"
                )
            if self.failures[kind]:
                yield f"{kind}: {self.failures[kind]} notices failed meanwhile; Alertmanager's log says why"


def send(
    api: AlertmanagerApi,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    *,
    wait: timedelta,
    accepted: Callable[[timedelta], None],
) -> Trial:
    """Sends it, looks for up to `wait` what becomes of it, and ends it.

    accepted: told once it stands in Alertmanager, with the longest time after which its notice goes out.
    Raises UnreachableError.
    """
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%S.%f}Z"  # makes it another alert than that of a test before, which may not have ended yet
    alert = {
        "labels": {**labels, TEST_LABEL: "true", TEST_RUN_LABEL: run},
        "annotations": dict(annotations),
        "startsAt": written(now),
        "endsAt": written(now + wait + _ENDS_BY_ITSELF),
    }
    known, goes_out_after = _receivers(api)
    before = _notices(api)
    api.ask("POST", "alerts", [alert])
    try:
        return _followed(api, run, known, before, wait=wait, goes_out_after=goes_out_after, accepted=accepted)
    finally:
        api.ask("POST", "alerts", [{**alert, "endsAt": written(datetime.now(UTC))}])


def _followed(
    api: AlertmanagerApi,
    run: str,
    known: Mapping[str, Receiver],
    before: tuple[Counter[str], Counter[str]],
    *,
    wait: timedelta,
    goes_out_after: timedelta,
    accepted: Callable[[timedelta], None],
) -> Trial:
    begun = time.monotonic()
    until = begun + wait.total_seconds()
    while (shown := _shown(api, run)) is None:
        if time.monotonic() > until:
            raise UnreachableError(f"took the alert and does not show it within {wait.total_seconds():g} s")
        time.sleep(_POLL_SECONDS)
    accepted(goes_out_after)
    names, suppressed = shown
    receivers = tuple(known.get(name, Receiver(name, (), 0)) for name in names)
    attempts, failures = Counter[str](), Counter[str]()
    # Other notices are counted too: what was counted before this one goes out was another.
    gone_out_from = begun + goes_out_after.total_seconds()
    while suppressed is None and receivers and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        attempts, failures = (now - then for now, then in zip(_notices(api), before, strict=True))
        if attempts >= _expected(receivers) and time.monotonic() > gone_out_from:
            break
    return Trial(receivers, suppressed, attempts, failures)


def _expected(receivers: tuple[Receiver, ...]) -> Counter[str]:
    return Counter(kind for receiver in receivers for kind in receiver.integrations)


def _shown(api: AlertmanagerApi, run: str) -> tuple[list[str], str | None] | None:
    """The names of its receivers, and by what it is suppressed; None while Alertmanager has not judged it."""
    try:
        found = api.json("alerts", filter=f'{TEST_RUN_LABEL}="{run}"')
        if not found or found[0]["status"]["state"] == "unprocessed":
            return None
        return [str(each["name"]) for each in found[0]["receivers"]], _suppression(found[0]["status"])
    except (KeyError, TypeError, AttributeError):
        raise UnreachableError(OTHER_ANSWER) from None


def _suppression(status: Mapping[str, Any]) -> str | None:
    for key, words in (("silencedBy", "silence"), ("inhibitedBy", "inhibited by alert"), ("mutedBy", "muted by")):
        if status.get(key):
            return f"{words} {', '.join(map(str, status[key]))}"
    return None


def _receivers(api: AlertmanagerApi) -> tuple[dict[str, Receiver], timedelta]:
    """Those of the loaded configuration by name, and after how long at most a notice of its routes goes out."""
    try:
        loaded = yaml.safe_load(api.json("status")["config"]["original"])
        receivers = {each["name"]: _receiver(each) for each in loaded["receivers"]}
        return receivers, _goes_out_after(loaded["route"])
    except (KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError):
        raise UnreachableError(OTHER_ANSWER) from None


def _goes_out_after(route: Mapping[str, Any]) -> timedelta:
    """Grouped by test each is a group of its own; otherwise it may be put to one of which somebody was told just now."""
    alone = {TEST_RUN_LABEL, "..."} & set(route.get("group_by") or [])
    keys = ("group_wait",) if alone else ("group_wait", "group_interval")
    routes = _routes({**_DEFAULTS, **route})
    return max(parse_duration(str(each[key])) for each in routes for key in keys if key in each)


def _routes(route: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield route
    for each in route.get("routes") or []:
        yield from _routes(each)


def _receiver(loaded: Mapping[str, Any]) -> Receiver:
    kinds = [
        (key.removesuffix("_configs"), each)
        for key, configs in loaded.items()
        if key.endswith("_configs")
        for each in configs or []
    ]
    own = sum(kind == "webhook" and _is_own(each) for kind, each in kinds)
    return Receiver(loaded["name"], tuple(kind for kind, _ in kinds), own)


def _is_own(webhook: Mapping[str, Any]) -> bool:
    url = str(webhook.get("url", ""))
    if url != _SECRET:
        return url.endswith(WEBHOOK_PATH)
    authorization = (webhook.get("http_config") or {}).get("authorization") or {}
    return str(authorization.get("credentials_file", "")).endswith("write_token")


def _notices(api: AlertmanagerApi) -> tuple[Counter[str], Counter[str]]:
    """Attempts to send and those that failed, by kind of integration, since Alertmanager started."""
    counted = {_ATTEMPTS: Counter[str](), _FAILURES: Counter[str]()}
    try:
        for family in text_string_to_metric_families(api.metrics()):
            if family.name in counted:
                for sample in family.samples:
                    counted[family.name][sample.labels["integration"]] += int(sample.value)
    except (ValueError, KeyError):
        raise UnreachableError(OTHER_ANSWER) from None
    return counted[_ATTEMPTS], counted[_FAILURES]
