"""A real exporter with a month behind it, for the tests of its pages: every state, a log, maintenance of every kind.

The month is written into the ledger before the exporter starts, as another exporter would have left it; from then on it probes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from programs import Program, exporter
from sesam_simulator import Fault, SesamSimulator

from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import CaseChange, Changes, Correction, Event, Evidence, Membership, Report, Run
from sesam_slo.core.instants import written
from sesam_slo.core.model import AnnouncedWindow, Origin
from sesam_slo.core.outage import EndpointState, OpenRun
from sesam_slo.core.service import ServiceState
from sesam_slo.ledger import open_ledger

TOKEN, READ_TOKEN = "write-s3cret", "read-s3cret"
DOWN, FAILING, UNSEEN, IN_MAINTENANCE = "datahub-prod", "fjord-prod", "skog-prod", "helse-test"
WELL = ("acme-prod", "bane-dev", "nordkraft-prod")
SERVICES = (DOWN, FAILING, UNSEEN, IN_MAINTENANCE, *WELL)
AFTER = timedelta(minutes=10)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Past:
    """What stands in the ledger before the exporter starts. `now` is when that is."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    changes: Changes = field(default_factory=Changes)
    states: dict[str, ServiceState] = field(default_factory=dict)

    def add(self, **facts: Any) -> None:
        self.changes = self.changes.then(Changes(**facts))

    def services(self, names: tuple[str, ...]) -> None:
        for name in names:
            endpoints = {each: EndpointState(name, each, self.now, self.now) for each in ("api", "ui")}
            self.states[name] = ServiceState(name, endpoints, self.now, self.now)
            since = self.now - 45 * DAY
            self.add(memberships=tuple(Membership(name, each, since) for each in ("", "api", "ui")))

    def down(self, service: str, ago: timedelta, length: timedelta, reason: str = "timeout", body: str = "") -> str:
        """A downtime that is over; returns its id."""
        start = self.now - ago
        id = f"{service}-{start:%Y%m%dT%H%M%S}.000Z"
        end = start + length
        self.add(runs=(Run(service, "api", start, end, AFTER, reason),))
        self.add(events=(Event(id, service, start, end, start + AFTER, ("api",), (reason,)),))
        self._evidence(service, start, reason, body)
        return id

    def failing_since(self, service: str, ago: timedelta, reason: str = "http_status") -> str:
        """A failing run that goes on; from ten minutes on a downtime, whose id is returned."""
        start, state = self.now - ago, self.states[service]
        endpoint = replace(state.endpoints["api"], run=OpenRun(start, AFTER, AFTER, reason))
        state = replace(state, endpoints={**state.endpoints, "api": endpoint})
        id = f"{service}-{start:%Y%m%dT%H%M%S}.000Z"
        if ago >= AFTER:
            event = Event(id, service, start, None, start + AFTER, ("api",), (reason,))
            state = replace(state, events=(event,))
            self.add(events=(event,))
        self.states[service] = state
        self._evidence(service, start, reason, "Service Unavailable")
        return id

    def _evidence(self, service: str, at: datetime, reason: str, body: str) -> None:
        seen = {
            "reason": reason,
            "detail": "the server answered 503, expected 200-299",
            "duration_seconds": 0.213,
            "phase": "transfer",
            "phase_seconds": {"resolve": 0.004, "connect": 0.021, "tls": 0.05, "wait": 0.13, "transfer": 0.008},
            "status": 503,
            "address": "192.0.2.17:443",
            "redirects": 0,
            "tls_not_after": None,
            "body_bytes": len(body),
            "body_sha256": "0" * 64,
            "body": body,
        }
        self.add(evidence=(Evidence(service, "api", at, "first", at, seen),))

    def said(self, id: str, author: str = "kari", reason: str = "", **change: Any) -> None:
        at = self.now - HOUR
        self.add(corrections=(Correction(id, at, author, reason, change),))

    def case(self, number: int, ago: timedelta, level: str, customer_class: str = "partner", **said: Any) -> str:
        """A support case that was reported so long ago; returns its id."""
        at = self.now - ago
        id = f"{DOWN}-case-{at:%Y%m%d}-{number}"
        first = {"service": DOWN, "level": level, "customer_class": customer_class, "reported_at": written(at), **said}
        self.add(cases=(CaseChange(id, at, "ola", "", first),))
        return id

    def announced(
        self, name: str, ahead: timedelta, length: timedelta, notice: timedelta, *services: str, **proof: str
    ) -> None:
        start = self.now + ahead
        told = start - notice
        window = AnnouncedWindow(
            name,
            start,
            start + length,
            told,
            frozenset(services) or None,
            recorded_at=max(told, self.now - 3 * DAY) if proof.pop("late", "") else told,
            origin=Origin.COMMAND,
            **proof,
        )
        self.add(windows=(window,))

    def write(self, ledger: str) -> None:
        opened = open_ledger(ledger)
        try:
            opened.write(self.changes)
            opened.write(
                Changes(checkpoints=tuple(checkpoint(state, state.accounted_until) for state in self.states.values()))
            )
        finally:
            opened.close()


def lively(past: Past) -> dict[str, str]:
    """A month with some of everything; returns the ids of the entries by what they are."""
    past.services(SERVICES)
    ids = {
        "ongoing": past.failing_since(DOWN, 23 * MINUTE),
        "unexplained": past.down(DOWN, 2 * DAY + 3 * HOUR, 31 * MINUTE, "timeout"),
        "excluded": past.down(WELL[0], 6 * DAY, 2 * HOUR + 5 * MINUTE, "connect_refused", "<h1>Bad gateway</h1>"),
        "explained": past.down(WELL[2], 9 * DAY, 16 * MINUTE, "tls_expired"),
        "overdue": past.down(FAILING, 12 * DAY, 44 * MINUTE, "http_status"),
        "withdrawn": past.down(WELL[1], 15 * DAY, 12 * MINUTE, "dns"),
    }
    past.failing_since(FAILING, 2 * MINUTE, "timeout")
    started = written(past.now - 8 * DAY + HOUR)
    ids |= {
        "new case": past.case(
            1, 20 * MINUTE, "A", title="Nothing comes through", event=ids["ongoing"], reported_by="Acme"
        ),
        "old case": past.case(2, 30 * DAY, "A", title="Pipes stand still", reference="SUP-12"),
        "met case": past.case(3, 8 * DAY, "B", title="Slow in the morning", started_at=started),
        "fixed case": past.case(4, 9 * DAY, "C", "user", title="How is it done?", fixed_at=started),
    }
    past.said(ids["excluded"], cause="customer", details="Their firewall was renewed", solution="They opened port 443")
    past.said(
        ids["explained"], author="ola", cause="sesam", solution="Certificate renewed", symptom="Certificate expired"
    )
    past.said(ids["withdrawn"], reason="our own name server", withdrawn=True)
    past.add(reports=(Report(ids["explained"], past.now - 9 * DAY + 11 * MINUTE, "alertmanager"),))
    past.announced(
        "patch helse", -HOUR, 3 * HOUR, 4 * DAY, IN_MAINTENANCE, channel="email", ticket="OPS-77", author="ola"
    )
    past.announced(
        "database upgrade", 5 * DAY, 2 * HOUR, 6 * DAY, DOWN, WELL[0], channel="email", ticket="OPS-123", author="kari"
    )
    past.announced("urgent fix", 20 * HOUR, HOUR, 21 * HOUR, WELL[1], channel="phone", author="kari")
    past.announced("old work", -10 * DAY, 2 * HOUR, 5 * DAY, author="ola", late="yes", channel="status page")
    return ids


class PageSite:
    """The exporter, running, with its simulated installations. `ids`: of `lively`'s entries."""

    def __init__(self, folder: Path, *, web: dict[str, Any] | None = None, past=lively) -> None:
        self.folder, self.sesam = folder, SesamSimulator()
        self.ledger = f"sqlite:///{folder}/ledger.db"
        (folder / "token").write_text(f"{TOKEN}\n")
        (folder / "read-token").write_text(f"{READ_TOKEN}\n")
        self.configuration = folder / "sesam-slo.yml"
        self.configuration.write_text(yaml.safe_dump(self._document(web or {})))
        for name, fault in ((DOWN, Fault.UNAVAILABLE), (FAILING, Fault.UNAVAILABLE), (UNSEEN, Fault.UNAUTHORIZED)):
            self.sesam.fail(name, fault)
        before = Past()
        self.ids: dict[str, str] = past(before)
        before.write(self.ledger)
        self.now = before.now
        self.exporter: Program = exporter(self.configuration, folder / "exporter.log")

    def _document(self, web: dict[str, Any]) -> dict[str, Any]:
        services = [{"name": name, "endpoints": self.sesam.endpoints(name)} for name in SERVICES]
        (unseen,) = (each for each in services if each["name"] == UNSEEN)
        for endpoint in unseen["endpoints"]:  # its credentials are refused: nothing is known of it
            endpoint["authorization"] = {"credentials_file": "token"}
        return {
            "probe": {"interval": "5s", "timeout": "4s"},
            "services": services,
            "ledger": self.ledger,
            "policy": {"maintenance": {"recurring": [{"name": "nightly", "start": "00:00", "end": "00:01"}]}},
            "web": {"listen": "127.0.0.1:0", "write_token_file": "token", **web},
        }

    @property
    def url(self) -> str:
        return self.exporter.url

    def close(self) -> None:
        self.exporter.stop()
        self.sesam.close()
