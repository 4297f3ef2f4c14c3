"""`sesam-slo case`: support cases and their clocks.

What reads or writes the ledger is imported when it is asked for: `case deadlines` only computes, and at once.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..config import ConfigError, load_support
from ..core.business_time import BusinessCalendars
from ..core.deadlines import deadline
from ..core.instants import written
from ..core.model import Cause, Policy
from ..core.support import Clock
from .arguments import add_action
from .errors import CommandError
from .instants import instant
from .output import add_format, as_json, print_csv, print_table

HELP = "Support cases: reports them, records what was done, lists them, computes their deadlines."

_YEARS = range(1971, 3000)
_FIELDS = {
    "title": "what it is, in a line",
    "details": "what was reported, in words",
    "reference": "its number in the service desk",
    "reported_by": "who reported it",
    "event": "the downtime that it belongs to: an id of the downtime log",
}
_INSTANTS = {
    "reported_at": "when it was reported",
    "started_at": "when work on its cause started",
    "workaround_at": "when a workaround was delivered",
    "fixed_at": "when it was fixed",
    "supplier_told_at": "when the operating environment's supplier was told of it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    report = add_action(actions, "report", _book("report"), "opens a case; prints its id")
    report.add_argument("service", metavar="SERVICE")
    report.add_argument("--level", required=True, metavar="L", help="how grave it is, such as A")
    report.add_argument("--customer-class", required=True, metavar="C", help="the customer's class, such as partner")
    report.add_argument("--reported-at", type=instant, metavar="T", help="when it was reported (default: now)")
    _texts(report)
    _author(report)

    start = add_action(actions, "start", _book("start"), "work on the cause has started: stops the reaction's clock")
    _id(start)
    _at(start)
    _author(start)

    workaround = add_action(
        actions, "workaround", _book("workaround"), "a workaround was delivered, or there can be none"
    )
    _id(workaround)
    _at(workaround)
    workaround.add_argument(
        "--impossible", action="store_true", help="there can be none: the fix's deadline takes its place"
    )
    _author(workaround)

    resolve = add_action(actions, "resolve", _book("resolve"), "the case is fixed")
    _id(resolve)
    _at(resolve)
    _cause(resolve)
    _author(resolve)

    relevel = add_action(
        actions, "relevel", _book("relevel"), "gives another level; the one before stays in its history"
    )
    _id(relevel)
    relevel.add_argument("level", metavar="LEVEL")
    _author(relevel)

    annotate = add_action(actions, "annotate", _book("annotate"), "corrects what a case says; nothing is overwritten")
    _id(annotate)
    annotate.add_argument("--customer-class", metavar="C", help="the customer's class")
    _texts(annotate)
    for name, text in _INSTANTS.items():
        annotate.add_argument(
            f"--{name.replace('_', '-')}", type=_instant_or_none, metavar="T", help=f"{text}, or none"
        )
    annotate.add_argument("--workaround-possible", action="store_true", help="takes back `workaround --impossible`")
    void = annotate.add_mutually_exclusive_group()
    void.add_argument("--withdraw", action="store_true", help="it was no error; has no targets then")
    void.add_argument("--reinstate", action="store_true", help="takes back --withdraw")
    _author(annotate)

    listing = add_action(actions, "list", _book("list_cases"), "the cases with their deadlines, the oldest first")
    listing.add_argument("--service", metavar="S", help="only of this one")
    listing.add_argument("--level", metavar="L", help="only of this level")
    listing.add_argument("--open", action="store_true", help="only those that are neither fixed nor withdrawn")
    listing.add_argument("--from", dest="since", type=instant, metavar="T", help="only reported at T or later")
    listing.add_argument("--to", dest="until", type=instant, metavar="T", help="only reported before T")
    add_format(listing)

    show = add_action(
        actions, "show", _book("show"), "one case with its clocks and everything that was ever written of it"
    )
    _id(show)
    show.add_argument("--format", choices=("table", "json"), default="table")

    _add_deadlines(actions)


def _add_deadlines(actions: Any) -> None:
    compute = add_action(actions, "deadlines", _deadlines, "by when a case so reported is due; only computes")
    compute.add_argument("--level", required=True, metavar="L", help="the level, such as A")
    compute.add_argument("--customer-class", required=True, metavar="C", help="the customer's class, such as partner")
    compute.add_argument("--reported-at", required=True, type=instant, metavar="T", help="when it was reported")
    add_format(compute)


def run(options: argparse.Namespace) -> int:
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def _book(name: str) -> Callable[[argparse.Namespace], int]:
    """What needs the ledger, imported when it is asked for."""

    def act(options: argparse.Namespace) -> int:
        from . import case_book  # noqa: PLC0415

        status: int = getattr(case_book, name)(options)
        return status

    return act


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a case's id or reference, or the beginning of only one id")


def _at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", type=instant, metavar="T", help="when (default: now)")


def _cause(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cause", choices=[each.value for each in Cause], help="who it is due to; the last two have no targets"
    )


def _texts(parser: argparse.ArgumentParser) -> None:
    for name, text in _FIELDS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT", help=text)
    _cause(parser)


def _author(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--author", metavar="NAME", help="who says so (default: you)")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why it is changed; kept with the revision")


def _instant_or_none(text: str) -> datetime | str:
    return text if text == "none" else instant(text)


def _deadlines(options: argparse.Namespace) -> int:
    gc.disable()  # what is imported from here on stays, and the process ends in a moment: a tenth of its time
    policy = _policy(options)
    support, reported_at = policy.support, options.reported_at
    for option, given, known in (
        ("--level", options.level, support.level_names),
        ("--customer-class", options.customer_class, support.classes),
    ):
        if given not in known:
            raise CommandError(f"{option} {given}: expected one of {', '.join(known)}", status=2)
    if reported_at.year not in _YEARS:
        raise CommandError(f"--reported-at {written(reported_at)}: expected a year from 1971 to 2999", status=2)
    targets = support.targets(options.level, options.customer_class)
    from ..public_holidays import is_holiday  # noqa: PLC0415 - not before the options are in order

    calendar = BusinessCalendars(is_holiday).of(policy)
    due = {clock.value: deadline(targets.of(clock), reported_at, calendar) for clock in Clock}
    document = {name: None if at is None else written(at) for name, at in due.items()}
    if options.format == "json":
        print(as_json({**document, "fix_note": targets.fix.note}))
    elif options.format == "csv":
        print_csv([{**document, "fix_note": targets.fix.note}])
    else:
        print_table(
            [
                {
                    "clock": clock.value,
                    "target": str(targets.of(clock)),
                    "deadline": document[clock.value],
                    "local time": _local(due[clock.value], policy),
                }
                for clock in Clock
            ]
        )
    return 0


def _policy(options: argparse.Namespace) -> Policy:
    """The contract's where no file is named and none lies here: nothing else of a file is needed."""
    if not options.config_named and not options.config.exists():
        return Policy()
    try:
        return load_support(options.config)
    except ConfigError as error:
        raise CommandError(str(error), status=2) from None


def _local(at: datetime | None, policy: Policy) -> str:
    return "" if at is None else f"{at.astimezone(policy.timezone):%a %Y-%m-%d %H:%M %Z}"
