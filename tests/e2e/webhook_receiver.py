"""Whoever is told: a server that takes Alertmanager's webhooks and remembers every notice, in the order of arrival."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

from local_server import LocalServer

Status = Literal["firing", "resolved"]

PAGE, TICKET, WATCHDOG = "page", "ticket", "watchdog"


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert in one notification. `receiver` is the one that the notification was sent to."""

    at: datetime
    receiver: str
    status: Status
    alert: str
    service: str | None
    severity: str
    summary: str
    description: str
    runbook_url: str
    case: str | None  # a support case


class WebhookReceiver(LocalServer):
    """Each receiver of Alertmanager has its own address here, so that a notice tells where it came in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notices: list[Notice] = []
        super().__init__(type("_BoundHandler", (_Handler,), {"webhooks": self}))

    def addresses(self) -> dict[str, str]:
        return {name: f"{self.url}/{name}" for name in (PAGE, TICKET, WATCHDOG)}

    def notices(
        self,
        receiver: str,
        alert: str | None = None,
        service: str | None = None,
        status: Status | None = None,
    ) -> list[Notice]:
        """Those that came in at `receiver`, in order; what is left out is any."""
        with self._lock:
            return [
                notice
                for notice in self._notices
                if notice.receiver == receiver
                and alert in (None, notice.alert)
                and service in (None, notice.service)
                and status in (None, notice.status)
            ]

    def told(self, receiver: str, service: str | None) -> list[tuple[str, Status]]:
        """Every notice about `service` at `receiver`, as alert and status; None: those that concern no service."""
        return [(each.alert, each.status) for each in self.notices(receiver) if each.service == service]

    def take(self, receiver: str, notification: Mapping[str, Any]) -> None:
        at = datetime.now(UTC)
        with self._lock:
            self._notices.extend(_notice(at, receiver, alert) for alert in notification["alerts"])


def _notice(at: datetime, receiver: str, alert: Mapping[str, Any]) -> Notice:
    labels, annotations = alert["labels"], alert["annotations"]
    return Notice(
        at,
        receiver,
        alert["status"],
        labels["alertname"],
        labels.get("service"),
        labels.get("severity", ""),
        annotations.get("summary", ""),
        annotations.get("description", ""),
        annotations.get("runbook_url", ""),
        labels.get("case"),
    )


class _Handler(BaseHTTPRequestHandler):
    webhooks: WebhookReceiver

    def do_POST(self) -> None:
        notification = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.webhooks.take(self.path.removeprefix("/"), notification)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Everything that matters is kept as notices."""
