"""`sesam-slo import`: the history that another program recorded, read into the ledger, before the account of a service began."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

from ..config import format_duration, parse_duration
from ..config.values import NAME as NAME_OF_ENDPOINT
from ..config.values import base_url
from ..core.history import Import, Recorded
from ..core.importing import Importing, begin_import, is_complete, resume_import, take
from ..core.model import Config, Policy, Result, Service
from ..core.outage import Rules
from ..ledger import Ledger, LedgerError, open_ledger
from ..prometheus_history import HistoryError, PrometheusHistory, is_selector
from .arguments import add_config, checked
from .errors import CommandError, load_config
from .instants import instant
from .progress import steps

HELP = "Reads recorded history into the ledger: the time before the account of a service began."
_PROMETHEUS = (
    "Reads probe_success-like history (1 success, 0 failure) of a Prometheus into the ledger. Give all the endpoints of a "
    "service at once, each with its query: downtime is their union. What the exporter saw itself is left alone: the imported "
    "time ends where the account of the service begins, and becomes part of it. What was interrupted goes on where it stood "
    "when the same command is given again; what was imported is not imported twice. An exporter that runs meanwhile takes "
    "the history up at its next start."
)
_SHORTEST_CHUNK = timedelta(minutes=1)
_LONGEST_TOKEN = 64 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sources = parser.add_subparsers(title="sources", metavar="SOURCE", required=True)
    command = sources.add_parser("prometheus", help="a Prometheus, over its HTTP API", description=_PROMETHEUS)
    add_config(command)
    command.add_argument(
        "--url",
        type=checked(base_url),
        metavar="URL",
        help="its address, without credentials (default: prometheus.url of the configuration)",
    )
    command.add_argument("--service", required=True, metavar="SERVICE", help="whose history it is")
    command.add_argument(
        "--query",
        dest="queries",
        required=True,
        action="append",
        metavar="[ENDPOINT=]SELECTOR",
        help="the series of an endpoint, such as api='probe_success{instance=\"https://example.org/\"}'; repeated for each",
    )
    command.add_argument("--endpoint", metavar="ENDPOINT", help="whose series a --query without a name is")
    command.add_argument("--from", dest="start", type=instant, metavar="T", help="default: the first sample")
    command.add_argument("--to", dest="end", type=instant, metavar="T", help="default: where the account begins")
    command.add_argument(
        "--interval",
        type=checked(parse_duration),
        metavar="DURATION",
        help="how often the history was scraped, since a result holds for twice that (default: the endpoint's interval)",
    )
    command.add_argument(
        "--step-chunk",
        type=checked(parse_duration),
        default=timedelta(days=1),
        metavar="DURATION",
        help="how much is asked for, and written, at once (default: 1d)",
    )
    command.add_argument("--bearer-token-file", type=Path, metavar="FILE", help="holds the token that may query")


def run(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    service = _service(config, options.service)
    queries = _queries(service, options.queries, options.endpoint)
    rules = _rules(service, queries, config.policy, options.interval)
    if options.step_chunk < _SHORTEST_CHUNK:
        raise CommandError(f"--step-chunk: expected at least {format_duration(_SHORTEST_CHUNK)}", status=2)
    url = options.url or config.prometheus_url
    if url is None:
        raise CommandError("no Prometheus to ask; expected --url, or prometheus.url in the configuration", status=2)
    asked = _Asked(
        service.name,
        f"{url} {' '.join(f'{endpoint}={query}' for endpoint, query in sorted(queries.items()))}"
        + (f" from {options.start.isoformat()}" if options.start else ""),
        queries,
        options.start,
        options.end,
    )
    history = PrometheusHistory(url, _token(options.bearer_token_file))
    try:
        ledger = open_ledger(config.ledger, create=False)
        try:
            return _import(ledger, history, asked, rules, config.policy, options.step_chunk)
        finally:
            ledger.close()
    except LedgerError as error:
        raise CommandError(str(error)) from None
    except HistoryError as error:
        raise CommandError(str(error)) from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command is to import; `source` names it in the ledger."""

    service: str
    source: str
    queries: dict[str, str]
    start: datetime | None
    end: datetime | None


def _import(
    ledger: Ledger,
    history: PrometheusHistory,
    asked: _Asked,
    rules: dict[str, Rules],
    policy: Policy,
    chunk: timedelta,
) -> int:
    recorded = ledger.read(since=datetime.now(UTC))
    known = next(
        (each for each in recorded.imports if (each.service, each.source) == (asked.service, asked.source)), None
    )
    if known is not None and is_complete(known):
        print(f"{asked.service}: imported already, from {known.start.isoformat()} to {known.end.isoformat()}")
        return 0
    importing = _new(recorded, history, asked) if known is None else _resumed(known, asked)
    begun, end = importing.done_until, importing.end
    samples = events = 0
    with steps((end - begun).total_seconds(), "importing") as show:
        while True:
            until = min(importing.done_until + chunk, end)
            try:
                results = {
                    endpoint: history.results(query, importing.done_until, until)
                    for endpoint, query in asked.queries.items()
                }
            except HistoryError as error:
                if importing.done_until == importing.start:
                    raise
                at = importing.done_until.isoformat()
                raise CommandError(f"{error}; imported up to {at}, from where the same command goes on") from None
            if importing.done_until == importing.start:
                _check_spacing(results, rules)
            importing, changes = take(importing, results, until, rules, policy)
            ledger.write(changes, reason=f"import from {asked.source}")
            samples += sum(map(len, results.values()))
            events += len(changes.events)
            show((until - begun).total_seconds())
            if until >= end:
                break
    print(
        f"{asked.service}: imported {samples} samples of {', '.join(sorted(asked.queries))} "
        f"from {begun.isoformat()} to {end.isoformat()}, with {events} downtime events; "
        f"its account begins at {importing.start.isoformat()}"
    )
    print("an exporter that is running takes this up at its next start", file=sys.stderr)
    return 0


def _new(recorded: Recorded, history: PrometheusHistory, asked: _Asked) -> Importing:
    """Raises CommandError where there is no time to import into, or nothing to import."""
    for each in recorded.imports:
        if each.service == asked.service and not is_complete(each):
            raise CommandError(
                f"{asked.service}: another import was interrupted at {each.done_until.isoformat()}; expected that one to be "
                f"finished first: {each.source}"
            )
    begins = [each.since for each in recorded.memberships if (each.service, each.endpoint) == (asked.service, "")]
    if not begins:
        raise CommandError(
            f"{asked.service}: has no account in the ledger that history could lead up to; expected the exporter to have "
            "been started with this configuration"
        )
    joins = min(begins)
    end = asked.end or joins
    if end > joins:
        raise CommandError(
            f"--to {end.isoformat()}: the account of {asked.service} begins at {joins.isoformat()}, and what the exporter saw "
            "is not imported; expected no later end",
            status=2,
        )
    if asked.start is not None and asked.start >= end:
        raise CommandError(f"--from {asked.start.isoformat()}: not before the end, {end.isoformat()}", status=2)
    since = {}
    for endpoint, query in asked.queries.items():
        first = history.first(query, asked.start, end)
        if first is None:
            after = f" from {asked.start.isoformat()}" if asked.start else ""
            raise CommandError(f"{endpoint}: {query}: no samples{after} before {end.isoformat()}; expected some")
        since[endpoint] = first
    return begin_import(asked.service, asked.source, since, end, joins)


def _resumed(known: Import, asked: _Asked) -> Importing:
    """Goes on where it stood, to another end where one is asked for: so it can end before what cannot be imported."""
    try:
        importing = resume_import(known)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CommandError(f"ledger: holds an import that sesam-slo does not write: {error!r}") from None
    end = asked.end or importing.end
    if not importing.done_until <= end <= importing.joins:
        raise CommandError(
            f"--to {end.isoformat()}: imported up to {importing.done_until.isoformat()} already; expected an end from there to "
            f"{importing.joins.isoformat()}",
            status=2,
        )
    return replace(importing, end=end)


def _check_spacing(results: dict[str, list[Result]], rules: dict[str, Rules]) -> None:
    """Where samples come further apart than a result holds, all time between them would be unobserved."""
    for endpoint, found in results.items():
        if len(found) < 2:
            continue
        apart = timedelta(seconds=round(median((b.at - a.at).total_seconds() for a, b in pairwise(found))))
        interval = rules[endpoint].hold / 2
        if apart > interval * 1.5:
            raise CommandError(
                f"{endpoint}: the samples are {format_duration(apart)} apart, the interval is {format_duration(interval)}; "
                f"expected --interval {format_duration(apart)}"
            )


def _service(config: Config, name: str) -> Service:
    for service in config.services:
        if service.name == name:
            return service
    known = ", ".join(service.name for service in config.services[:10])
    raise CommandError(f"{name}: no such service in the configuration; expected one of {known}", status=2)


def _queries(service: Service, written: list[str], unnamed: str | None) -> dict[str, str]:
    """The query of each endpoint."""
    known = [endpoint.name for endpoint in service.endpoints]
    queries: dict[str, str] = {}
    for text in written:
        before, sign, behind = text.partition("=")
        named = sign and NAME_OF_ENDPOINT.fullmatch(before)
        endpoint, query = (before, behind) if named else (unnamed or known[0], text)
        if not named and unnamed is None and len(known) > 1:
            raise CommandError(
                f"--query {text}: of which endpoint? expected ENDPOINT=SELECTOR, or --endpoint", status=2
            )
        if endpoint not in known:
            raise CommandError(
                f"{service.name}/{endpoint}: no such endpoint in the configuration; expected one of {', '.join(known)}",
                status=2,
            )
        if endpoint in queries:
            raise CommandError(f"--query: a second one of {endpoint}; expected one of each endpoint", status=2)
        if not is_selector(query):
            raise CommandError(
                f"--query {query}: not a plain selector, and of anything else there are no samples; expected one such as "
                'probe_success{instance="https://example.org/"}',
                status=2,
            )
        queries[endpoint] = query.strip()
    return queries


def _rules(service: Service, queries: dict[str, str], policy: Policy, interval: timedelta | None) -> dict[str, Rules]:
    if interval is not None and not timedelta() < interval <= policy.downtime_after / 2:
        raise CommandError(
            f"--interval {format_duration(interval)}: expected more than none and at most half of policy.downtime_after "
            f"({format_duration(policy.downtime_after)})",
            status=2,
        )
    return {
        endpoint.name: Rules.of(replace(endpoint, interval=interval or endpoint.interval), policy)
        for endpoint in service.endpoints
        if endpoint.name in queries
    }


def _token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            token = file.read(_LONGEST_TOKEN).decode("ascii").strip()
    except OSError as error:
        raise CommandError(f"--bearer-token-file {path}: cannot be read: {error.strerror or error}", status=2) from None
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or " " in token:
        raise CommandError(f"--bearer-token-file {path}: holds no token; expected one, in one line", status=2)
    return token
