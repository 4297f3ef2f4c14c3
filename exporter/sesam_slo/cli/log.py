"""`sesam-slo log`: the downtime log, read, corrected and proved."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core.book import Book
from ..core.correcting import CorrectionError, add, annotate, find
from ..core.entry import Exclusion, Log
from ..core.history import Changes, Correction, Head
from ..core.instants import of_micros, written
from ..core.model import Cause, Config
from ..ledger import Ledger, LedgerError, Revision
from .arguments import add_action
from .errors import CommandError, load_config
from .evidence import documents, evidence_of, shown
from .instants import instant
from .ledgers import amend_configured, check_services, opened, read_book, this_person
from .output import add_format, as_csv, as_json, print_csv, print_table

HELP = "The downtime log: lists, shows, annotates, adds, exports, verifies."

_TEXTS = {
    "details": "what the cause was, in words",
    "symptom": "what was seen; without it, the probes' reasons",
    "solution": "what brought the service back",
    "reported_by": "who reported it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    listing = add_action(actions, "list", _list, "the entries, the oldest first")
    _selection(listing)
    add_format(listing)

    show = add_action(actions, "show", _show, "one entry with everything that was ever written of it")
    _id(show)
    show.add_argument("--format", choices=("table", "json"), default="table")

    change = add_action(actions, "annotate", _annotate, "changes an entry: another revision, nothing is overwritten")
    _id(change)
    _fields(change)
    change.add_argument("--start", type=instant, metavar="T", help="the true start")
    change.add_argument("--end", type=instant, metavar="T", help="the true end")
    change.add_argument("--include-all", action="store_true", help="takes back every --exclude")
    void = change.add_mutually_exclusive_group()
    void.add_argument("--withdraw", action="store_true", help="it was no downtime; stays in the log, counts nothing")
    void.add_argument("--reinstate", action="store_true", help="takes back --withdraw")

    more = add_action(actions, "add", _add, "adds downtime that the probes could not see")
    more.add_argument("service", metavar="SERVICE")
    more.add_argument("--start", type=instant, metavar="T", required=True)
    more.add_argument("--end", type=instant, metavar="T", required=True)
    more.add_argument("--endpoint", action="append", default=[], metavar="E", help="may be repeated")
    _fields(more)

    export = add_action(actions, "export", _export, "all fields of the entries, for others to read")
    _selection(export)
    export.add_argument("--format", choices=("csv", "json"), default="csv")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: stdout")

    verify = add_action(actions, "verify", _verify, "whether any revision was altered, removed or slipped in")
    verify.add_argument(
        "--expect",
        type=_head,
        metavar="NUMBER:HASH",
        help="a head that was noted earlier, by verify or a frozen report",
    )
    verify.add_argument("--format", choices=("table", "json"), default="table")


def run(options: argparse.Namespace) -> int:
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="an entry's id, or the beginning of only one")


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", metavar="S", help="only this one")
    parser.add_argument("--from", dest="since", type=instant, metavar="T", help="entries that end after T")
    parser.add_argument("--to", dest="until", type=instant, metavar="T", help="entries that start before T")


def _fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cause", choices=[each.value for each in Cause], help="who it is due to; the last two exclude it"
    )
    for name, text in _TEXTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT", help=text)
    parser.add_argument("--reported-at", type=instant, metavar="T", help="when it was reported")
    parser.add_argument(
        "--exclude",
        nargs=3,
        action="append",
        metavar=("FROM", "TO", "REASON"),
        help="a part that does not count, and why; may be repeated",
    )
    parser.add_argument("--author", default=this_person(), metavar="NAME", help="who says so (default: you)")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why it is changed; kept with the revision")


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected NUMBER:HASH, as `log verify` prints it")
    return Head(int(number), digest)


# -- reading --------------------------------------------------------------------------------------------------------------


def _list(options: argparse.Namespace) -> int:
    entries = _selected(options)
    if options.format == "json":
        print(as_json(entries))
        return 0
    if options.format == "csv":
        print_csv([_flat(each) for each in entries])
    elif entries:
        print_table([_row(each) for each in entries])
    else:
        print("no downtime")
    return 0


def _export(options: argparse.Namespace) -> int:
    entries = _selected(options)
    text = as_json(entries) if options.format == "json" else as_csv([_flat(each) for each in entries])
    text += "\n" if text else ""
    if options.out is None:
        print(text, end="")
        return 0
    try:
        options.out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{options.out}: cannot be written: {error.strerror}") from None
    return 0


def _selected(options: argparse.Namespace) -> list[dict[str, Any]]:
    config = load_config(options.config, syntax_only=True)
    asked = None if options.service is None else (options.service,)
    with opened(config) as ledger:
        check_services(ledger, asked or ())
        _, book = read_book(ledger, config, options.since, asked)
    names = book.services if options.service is None else (options.service,)
    found = [
        document
        for name in names
        for entry, document in zip(book.entries(name), book.documents(name), strict=True)
        if (options.since is None or entry.end is None or entry.end > options.since)
        and (options.until is None or entry.start < options.until)
    ]
    return sorted(found, key=lambda each: (each["start"], each["id"]))


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields that fit a line."""
    return {
        "id": entry["id"],
        "start": entry["start"],
        "end": entry["end"] or "ongoing",
        "duration": entry["duration_seconds"],
        "unplanned": entry["unplanned_seconds"],
        "planned": entry["planned_seconds"],
        "excluded": entry["excluded_seconds"],
        "endpoints": ",".join(entry["endpoints"]),
        "cause": "withdrawn" if entry["withdrawn"] else entry["cause"],
        "reported_at": entry["reported_at"] or "",
        "symptom": entry["symptom"],
        "solution": entry["solution"],
    }


def _flat(entry: dict[str, Any]) -> dict[str, Any]:
    """All fields, each in one cell."""
    return {
        **entry,
        "endpoints": ",".join(entry["endpoints"]),
        "reasons": ",".join(entry["reasons"]),
        "deducted_by": "; ".join(f"{each['name']} {each['start']}/{each['end']}" for each in entry["deducted_by"]),
        "exclusions": "; ".join(f"{each['start']}/{each['end']} {each['reason']}" for each in entry["exclusions"]),
    }


def _show(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    with opened(config) as ledger:
        log = ledger.log_entry(options.id)
        entry = _found(log, options.id)
        _, book = read_book(ledger, config, services=(entry.service,))
        document = next(each for each in book.documents(entry.service) if each["id"] == entry.id)
        history = ledger.revisions(entry.id)
        evidence = evidence_of(ledger, log, entry)
    if options.format == "json":
        print(as_json({**document, "history": [each.document() for each in history], "evidence": documents(evidence)}))
        return 0
    print_table([{"": name, entry.id: _cell(value)} for name, value in document.items() if name != "id"])
    print("\nhistory")
    print_table([{**each.document(), "change": _words(each)} for each in history])
    if evidence:
        print(f"\nevidence\n{shown(evidence)}")
    return 0


def _found(log: Log, id: str) -> Any:
    try:
        return find(log, id)
    except CorrectionError as error:
        raise CommandError(str(error)) from None


def _words(revision: Revision) -> str:
    if revision.kind == "events":
        return (
            "merged into " + revision.change["merged_into"] if revision.change["merged_into"] else _detected(revision)
        )
    return ", ".join(f"{name}: {_cell(value)}" for name, value in revision.change.items() if name != "event")


def _detected(revision: Revision) -> str:
    end = revision.change["end_us"]
    return "goes on" if end is None else f"ended {written(of_micros(end))}"


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


# -- changing -------------------------------------------------------------------------------------------------------------


def _annotate(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    wanted = _wanted(options)
    if options.start is not None:
        wanted["start"] = options.start
    if options.end is not None:
        wanted["end"] = options.end
    if options.withdraw or options.reinstate:
        wanted["withdrawn"] = bool(options.withdraw)
    more = _exclusions(options)
    if not (wanted or more or options.include_all):
        raise CommandError("nothing to change: expected --cause, --solution, --end or another field", status=2)

    def decide(log: Log) -> Correction:
        if more or options.include_all:
            kept = () if options.include_all else find(log, options.id).exclusions
            wanted["exclusions"] = (*kept, *more)
        return annotate(log, options.id, wanted, author=options.author, reason=options.reason, now=datetime.now(UTC))

    return _record(config, lambda ledger: ledger.log_entry(options.id), decide, options)


def _add(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    with opened(config) as ledger:
        check_services(ledger, (options.service,), "service")
        _, book = read_book(ledger, config, services=(options.service,))
    if options.start < book.since(options.service):
        since = written(book.since(options.service))
        raise CommandError(
            f"--start {written(options.start)} lies before the account of {options.service} began, {since}"
        )
    endpoints = {
        each.name for service in config.services if service.name == options.service for each in service.endpoints
    }
    if unknown := sorted(set(options.endpoint) - endpoints):
        raise CommandError(
            f"--endpoint {unknown[0]}: not of {options.service}; known: {', '.join(sorted(endpoints))}", status=2
        )
    wanted = {**_wanted(options), "start": options.start, "end": options.end, "exclusions": _exclusions(options)}

    def decide(log: Log) -> Correction:
        return add(
            log,
            options.service,
            options.endpoint,
            wanted,
            author=options.author,
            reason=options.reason,
            now=datetime.now(UTC),
        )

    return _record(config, lambda ledger: ledger.log(options.service), decide, options)


def _record(
    config: Config, read: Callable[[Ledger], Log], decide: Callable[[Log], Correction], options: argparse.Namespace
) -> int:
    try:
        changes = amend_configured(
            config,
            lambda log: Changes(corrections=(decide(log),)),
            author=options.author,
            reason=options.reason,
            read=read,
        )
    except CorrectionError as error:
        raise CommandError(str(error)) from None
    (correction,) = changes.corrections
    with opened(config) as ledger:
        service = find(ledger.log_entry(correction.event), correction.event).service
        _, book = read_book(ledger, config, services=(service,))
    _warn(book, correction)
    print(correction.event)
    return 0


def _warn(book: Book, correction: Correction) -> None:
    """What the person may not expect of their own change."""
    entry = book.entry(correction.event)
    if entry is not None and not entry.withdrawn and not entry.counts(book.policies):
        least = book.policies.at(entry.start).downtime_after
        print(
            f"{entry.id}: is shorter than downtime_after ({int(least.total_seconds())} s): kept in the log, counts nothing",
            file=sys.stderr,
        )


def _wanted(options: argparse.Namespace) -> dict[str, Any]:
    names = ("cause", "reported_at", *_TEXTS)
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _exclusions(options: argparse.Namespace) -> tuple[Exclusion, ...]:
    found = []
    for start, end, reason in options.exclude or ():
        try:
            found.append(Exclusion(instant(start), instant(end), reason))
        except argparse.ArgumentTypeError as error:
            raise CommandError(f"--exclude {error}", status=2) from None
    return tuple(found)


# -- proving --------------------------------------------------------------------------------------------------------------


def _verify(options: argparse.Namespace) -> int:
    with opened(load_config(options.config, syntax_only=True)) as ledger:
        try:
            verdict = ledger.verify(options.expect)
        except LedgerError as error:
            raise CommandError(str(error)) from None
    head = f"{verdict.head.number}:{verdict.head.hash}"
    if options.format == "json":
        document = {"revisions": verdict.revisions, "head": head, "fault": verdict.fault, "revision": verdict.number}
        print(as_json({"whole": verdict.fault is None, **document}))
    elif verdict.fault is None:
        print(f"{verdict.revisions} revisions, none altered, removed or slipped in\nhead {head}")
    if verdict.fault is not None:
        raise CommandError(f"log: {verdict.fault}")
    return 0
