"""`sesam-slo replay`: the account of recorded results."""

from __future__ import annotations

import argparse
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..replay import Replay
from ..trace import TraceError, feed
from .errors import CommandError, load_config
from .output import add_format, as_csv, as_json, as_table

NAME = "replay"
HELP = "Computes the account of recorded results: downtime, availability, error budget."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "traces",
        nargs="+",
        type=Path,
        metavar="TRACE",
        help="CSV (timestamp,service,endpoint,result,reason) or JSON Lines with the same keys, plain or .gz",
    )
    parser.add_argument("--from", dest="start", type=_instant, metavar="T", help="default: the first timestamp")
    parser.add_argument("--to", dest="end", type=_instant, metavar="T", help="default: the last timestamp")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    replay = Replay(load_config(options.config, syntax_only=True))
    try:
        extent = feed(replay, options.traces)
    except TraceError as error:
        raise CommandError(str(error)) from None
    start, end = options.start or extent.first, options.end or extent.last
    if start is None or end is None:
        raise CommandError(
            "no results in the trace: nothing says from when to when; expected --from and --to", status=2
        )
    if end < start:
        raise CommandError(f"--to {end.isoformat()} lies before --from {start.isoformat()}", status=2)
    report = replay.report(start, end)
    if options.format == "json":
        print(as_json(report))
    elif options.format == "csv":
        print(as_csv([_row(name, service) for name, service in report["services"].items()]))
    else:
        _print_tables(report)
    return 0


def _instant(text: str) -> datetime:
    try:
        seconds = float(text)
        if math.isfinite(seconds):
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected ISO 8601 with an offset, or epoch seconds")
    return at.astimezone(UTC)


def _row(name: str, service: dict[str, Any]) -> dict[str, Any]:
    return {
        "service": name,
        "availability": service["availability"],
        **service["availability_bounds"],
        "agreed_seconds": service["agreed_seconds"],
        "maintenance_seconds": service["maintenance_seconds"],
        "unobserved_seconds": service["unobserved_seconds"],
        **{f"{each}_seconds": seconds for each, seconds in service["downtime_seconds"].items()},
        "failing_seconds": service["failing_seconds"],
        "error_budget_seconds": service["error_budget_seconds"],
        "error_budget_remaining_seconds": service["error_budget_remaining_seconds"],
        "events": len(service["downtime"]),
    }


def _print_tables(report: dict[str, Any]) -> None:
    print(f"from {report['from']} to {report['to']}\n")
    rows = [_row(name, service) for name, service in report["services"].items()]
    print(
        as_table(
            [{"": figure, **{row["service"]: row[figure] for row in rows}} for figure in rows[0] if figure != "service"]
        )
    )
    events = [
        {
            "service": name,
            "start": event["start"],
            "end": event["end"] or "ongoing",
            "endpoints": ",".join(event["endpoints"]),
            **{key: event[f"{key}_seconds"] for key in ("duration", "unplanned", "planned", "excluded", "unobserved")},
        }
        for name, service in report["services"].items()
        for event in service["downtime"]
    ]
    print("\n" + (as_table(events) if events else "no downtime"))
