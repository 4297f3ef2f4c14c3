"""SESAM as the exporter meets it: one server, any number of installations, faults by command.

Below `/NAME` stands the installation NAME: `/NAME/api/ping` is its API, `/NAME/portal/api` its portal. Both exist from
their first request on and are well until told otherwise.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler
from typing import Any

from local_server import LocalServer

_SILENT_AT_MOST_SECONDS = 30.0


class Fault(Enum):
    UNAVAILABLE = auto()  # 503 from API and portal
    UNWELL = auto()  # the API answers 503, the portal 200 with "not ok" in its JSON
    SILENT = auto()  # takes the request and never answers
    UNAUTHORIZED = auto()  # 401 from API and portal
    RESET = auto()  # takes the request and resets the connection


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for an installation: when it came in, and how it fared."""

    at: datetime
    fault: Fault | None


class SesamSimulator(LocalServer):
    """`fail` and `recover` take effect with the next request; `asked` is the truth that the exporter is held against."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}
        self._asked: defaultdict[str, list[Asked]] = defaultdict(list)
        self._closing = threading.Event()
        super().__init__(type("_BoundHandler", (_Handler,), {"simulator": self}))

    def endpoints(self, installation: str) -> list[dict[str, Any]]:
        """Its endpoints in the notation of sesam-slo.yml."""
        base = f"{self.url}/{installation}"
        well = {"status": [200], "json": {"status.health_status.status": "ok"}}
        return [
            {"name": "api", "kind": "api", "url": f"{base}/api/ping"},
            {"name": "ui", "kind": "ui", "url": f"{base}/portal/api", "expect": well},
        ]

    def fail(self, installation: str, fault: Fault = Fault.UNAVAILABLE) -> datetime:
        """Returns the instant from which its requests fail."""
        with self._lock:
            self._faults[installation] = fault
            return datetime.now(UTC)

    def recover(self, installation: str) -> datetime:
        """Returns the instant from which its requests are answered again."""
        with self._lock:
            del self._faults[installation]
            return datetime.now(UTC)

    def asked(self, installation: str) -> tuple[Asked, ...]:
        with self._lock:
            return tuple(self._asked[installation])

    def first_failure(self, installation: str) -> datetime:
        """When the first request came in that failed."""
        return next(asked.at for asked in self.asked(installation) if asked.fault is not None)

    def first_success_after(self, installation: str) -> datetime:
        """When the first request came in that was answered after one that failed."""
        began = self.first_failure(installation)
        return next(asked.at for asked in self.asked(installation) if asked.fault is None and asked.at > began)

    def close(self) -> None:
        self._closing.set()
        super().close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Called by the handler, in a thread of the request's own."""
        installation, _, path = request.path.removeprefix("/").partition("/")
        with self._lock:
            fault = self._faults.get(installation)
            self._asked[installation].append(Asked(datetime.now(UTC), fault))
        portal = path.startswith("portal")
        if fault is Fault.SILENT:
            self._closing.wait(_SILENT_AT_MOST_SECONDS)
        elif fault is Fault.RESET:
            # closed with nothing lingering, TCP says RST instead of FIN
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()
        elif fault is Fault.UNAUTHORIZED:
            _respond(request, 401, {"response": "who are you?"})
        elif portal:
            well = "not ok" if fault is Fault.UNWELL else "ok"
            _respond(
                request, 503 if fault is Fault.UNAVAILABLE else 200, {"status": {"health_status": {"status": well}}}
            )
        else:
            _respond(request, 200 if fault is None else 503, {"response": "pong" if fault is None else "unavailable"})


def _respond(request: BaseHTTPRequestHandler, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


class _Handler(BaseHTTPRequestHandler):
    simulator: SesamSimulator

    def do_GET(self) -> None:
        self.close_connection = True
        self.simulator.answer(self)

    def log_message(self, *_: object) -> None:
        """The programs under test have their own logs."""
