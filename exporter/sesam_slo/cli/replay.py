"""`sesam-slo replay`: the account of recorded results."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from ..replay import Replay, difference
from ..trace import Both, Fed, TraceError, feed
from .errors import CommandError, load_config
from .instants import instant
from .output import add_format, as_json, print_csv, print_table
from .progress import reading

HELP = "Computes the account of recorded results: downtime, availability, error budget."

_ACCOUNTS = {"as_configured": "as_configured", "as_set": "services", "difference": "difference"}
"""The accounts that `--set` compares, by the names that rows give them: where they stand in the report."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "traces",
        nargs="+",
        type=Path,
        metavar="TRACE",
        help="CSV (timestamp,service,endpoint,result,reason) or JSON Lines with the same keys, plain or .gz",
    )
    parser.add_argument("--from", dest="start", type=instant, metavar="T", help="default: the first timestamp")
    parser.add_argument("--to", dest="end", type=instant, metavar="T", help="default: the last timestamp")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what if the configuration said so: a key as in the file and its value in YAML, such as "
        "policy.downtime_after=5m; may be repeated; shows how the figures differ from the file's",
    )
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    as_configured = Replay(config)
    if not options.overrides:
        report = as_configured.report(*_fed(as_configured, options))
        _print(report, _rows(report["services"]), options.format)
        return 0
    changed = load_config(options.config, syntax_only=True, overrides=options.overrides)
    as_set = Replay(changed)
    if as_set.tracks.keys() != as_configured.tracks.keys():
        raise CommandError("--set: other services or endpoints than the file's; expected settings of them", status=2)
    start, end = _fed(Both(as_configured, as_set), options)
    report = as_set.report(start, end)
    before = as_configured.report(start, end)["services"]
    report["set"] = options.overrides
    report["as_configured"] = before
    report["difference"] = {name: difference(each, before[name]) for name, each in report["services"].items()}
    _print(report, _compared(report), options.format)
    return 0


def _fed(replay: Fed, options: argparse.Namespace) -> tuple[datetime, datetime]:
    """Feeds the traces; gives from when to when the account is asked for."""
    try:
        with reading(options.traces, "reading") as open_file:
            extent = feed(replay, options.traces, open_file)
    except TraceError as error:
        raise CommandError(str(error)) from None
    start, end = options.start or extent.first, options.end or extent.last
    if start is None or end is None:
        raise CommandError(
            "no results in the trace: nothing says from when to when; expected --from and --to", status=2
        )
    if end < start:
        raise CommandError(f"--to {end.isoformat()} lies before --from {start.isoformat()}", status=2)
    return start, end


def _rows(services: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"service": name, **_figures(service)} for name, service in services.items()]


def _compared(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Three rows of each service: under the file's policy, as set, the difference."""
    accounts = {name: report[key] for name, key in _ACCOUNTS.items()}
    return [
        {"service": service, "account": account, **_figures(services[service])}
        for service in report["services"]
        for account, services in accounts.items()
    ]


def _figures(service: dict[str, Any]) -> dict[str, Any]:
    return {
        "availability": service["availability"],
        **service["availability_bounds"],
        "agreed_seconds": service["agreed_seconds"],
        "maintenance_seconds": service["maintenance_seconds"],
        "unobserved_seconds": service["unobserved_seconds"],
        **{f"{each}_seconds": seconds for each, seconds in service["downtime_seconds"].items()},
        "failing_seconds": service["failing_seconds"],
        "error_budget_seconds": service["error_budget_seconds"],
        "error_budget_remaining_seconds": service["error_budget_remaining_seconds"],
        "events": len(service["downtime"]) if "downtime" in service else service["events"],
    }


def _print(report: dict[str, Any], rows: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print(as_json(report))
    elif form == "csv":
        print_csv(rows)
    else:
        print(f"from {report['from']} to {report['to']}\n")
        if "set" in report:
            print("".join(f"set {each}\n" for each in report["set"]))
        print_table(_turned(rows))
        events = _events(report)
        print()
        if events:
            print_table(events)
        else:
            print("no downtime")


def _turned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line per figure, a column per row."""
    columns = {" ".join(row[key] for key in ("service", "account") if key in row): row for row in rows}
    figures = [figure for figure in rows[0] if figure not in ("service", "account")]
    return [{"": figure, **{column: row[figure] for column, row in columns.items()}} for figure in figures]


def _events(report: dict[str, Any]) -> list[dict[str, Any]]:
    accounts = ("as_configured", "as_set") if "set" in report else ("as_set",)
    return [
        {
            "service": name,
            **({"account": account} if "set" in report else {}),
            "start": event["start"],
            "end": event["end"] or "ongoing",
            "endpoints": ",".join(event["endpoints"]),
            **{key: event[f"{key}_seconds"] for key in ("duration", "unplanned", "planned", "excluded", "unobserved")},
        }
        for name in report["services"]
        for account in accounts
        for event in report[_ACCOUNTS[account]][name]["downtime"]
    ]
