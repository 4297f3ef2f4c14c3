"""`sesam-slo case`: support cases and their clocks (DESIGN 2, "Support clocks", and 5).

What reads or writes the ledger is imported when it is asked for: `case deadlines` only computes, and at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from ..config import ConfigError, load_support
from ..core.business_time import BusinessCalendars
from ..core.deadlines import deadline
from ..core.instants import written
from ..core.model import Policy
from ..core.support import Clock
from .errors import CommandError
from .instants import instant
from .output import add_format, as_csv, as_json, as_table

HELP = "Support cases: reports them, records what was done, lists them, computes their deadlines."

_YEARS = range(1971, 3000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    compute = _action(actions, "deadlines", _deadlines, "by when a case so reported is due; only computes")
    compute.add_argument("--level", required=True, metavar="L", help="the level, such as A")
    compute.add_argument("--customer-class", required=True, metavar="C", help="the customer's class, such as partner")
    compute.add_argument("--reported-at", required=True, type=instant, metavar="T", help="when it was reported")
    add_format(compute)


def run(options: argparse.Namespace) -> int:
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def _action(actions: Any, name: str, act: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="the configuration")
    parser.set_defaults(act=act)
    return parser


def _deadlines(options: argparse.Namespace) -> int:
    policy = _policy(options.config)
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
        print(as_csv([{**document, "fix_note": targets.fix.note}]))
    else:
        print(
            as_table(
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
        )
    return 0


def _policy(path: Path) -> Policy:
    """The contract's where no file is named and none lies here: nothing else of a file is needed."""
    if path == Path("sesam-slo.yml") and "SESAM_SLO_CONFIG" not in os.environ and not path.exists():
        return Policy()
    try:
        return load_support(path)
    except ConfigError as error:
        raise CommandError(str(error), status=2) from None


def _local(at: datetime | None, policy: Policy) -> str:
    return "" if at is None else f"{at.astimezone(policy.timezone):%a %Y-%m-%d %H:%M %Z}"
