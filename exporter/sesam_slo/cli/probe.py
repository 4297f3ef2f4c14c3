"""`sesam-slo probe`: one probe now, shown to a person; it writes nothing."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from typing import Any

from ..core.instants import written
from ..core.model import Config, Endpoint, Outcome, Phase
from ..probe import Observation, ProbeEngine
from .errors import CommandError, load_config
from .output import add_format, as_json, print_csv, print_record

HELP = "Probes endpoints once and shows phases, verdict, reason and evidence; writes nothing."

_GRACE_SECONDS = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", nargs="?", metavar="SERVICE", help="only this service")
    parser.add_argument("endpoint", nargs="?", metavar="ENDPOINT", help="only this endpoint of it")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    """0 when every probe succeeded, else 1."""
    config = load_config(options.config)
    endpoints = _chosen(config, options.service, options.endpoint)
    observations = _probe(endpoints)
    rows = [_row(key, endpoint, observations[key]) for key, endpoint in endpoints.items()]
    if options.format == "json":
        print(as_json(rows))
    elif options.format == "csv":
        print_csv(rows)
    else:
        for number, row in enumerate(rows):
            if number:
                print()
            print_record(f"{row['service']}/{row['endpoint']}", _facts(row))
    return 0 if all(row["result"] == Outcome.SUCCESS for row in rows) else 1


def _chosen(config: Config, service: str | None, endpoint: str | None) -> dict[tuple[str, str], Endpoint]:
    chosen = {
        (each.name, one.name): one
        for each in config.services
        for one in each.endpoints
        if service in (None, each.name) and endpoint in (None, one.name)
    }
    if not chosen:
        known = ", ".join(f"{each.name}/{one.name}" for each in config.services for one in each.endpoints)
        asked = "/".join(name for name in (service, endpoint) if name)
        raise CommandError(f"{asked}: no such endpoint in the configuration; expected one of {known}", status=2)
    return chosen


def _probe(endpoints: dict[tuple[str, str], Endpoint]) -> dict[Any, Observation]:
    observations: dict[Any, Observation] = {}
    with ProbeEngine(now=lambda: datetime.now(UTC)) as engine:
        for key, endpoint in endpoints.items():
            engine.start(key, endpoint.request, endpoint.timeout)
        patience = max(endpoint.timeout.total_seconds() for endpoint in endpoints.values()) + _GRACE_SECONDS
        deadline = time.monotonic() + patience
        while len(observations) < len(endpoints) and time.monotonic() < deadline:
            for observation in engine.poll(deadline - time.monotonic()):
                observations[observation.key] = observation
    return observations


def _row(key: tuple[str, str], endpoint: Endpoint, seen: Observation) -> dict[str, Any]:
    return {
        "service": key[0],
        "endpoint": key[1],
        "url": endpoint.request.url,
        "started_at": written(seen.started_at),
        "result": seen.outcome.value,
        "reason": seen.reason.value if seen.reason else None,
        "detail": seen.detail,
        "duration_seconds": round(seen.duration_seconds, 6),
        **{f"{phase}_seconds": round(dict(seen.phases).get(phase, 0.0), 6) for phase in Phase},
        "status": seen.status,
        "address": seen.address,
        "redirects": seen.redirects,
        "tls_not_after": written(seen.tls_not_after) if seen.tls_not_after else None,
        "body_bytes": seen.body_bytes,
        "body_sha256": seen.body_sha256,
        "body": seen.body_prefix.decode("utf-8", "replace"),
    }


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    verdict = row["result"] + (f" ({row['reason']})" if row["reason"] else "")
    phases = ", ".join(f"{phase} {row[f'{phase}_seconds'] * 1000:.1f} ms" for phase in Phase)
    facts = {
        "verdict": verdict,
        "detail": row["detail"],
        "url": row["url"],
        "took": f"{row['duration_seconds'] * 1000:.1f} ms: {phases}",
        **{name: row[name] for name in ("status", "address", "redirects") if row[name] is not None},
        **({"certificate until": row["tls_not_after"]} if row["tls_not_after"] else {}),
        "body": f"{row['body_bytes']} bytes, sha256 {row['body_sha256']}",
        "begins": row["body"][:200] or "-",
    }
    return {name: value for name, value in facts.items() if value is not None}
