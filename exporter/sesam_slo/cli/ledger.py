"""`sesam-slo ledger`: copies of the ledger."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..config.values import ledger_url
from ..ledger import LedgerError
from ..ledger.copying import Copied, backup, copy, restore
from .arguments import add_action, checked
from .errors import CommandError, load_config

HELP = "Copies the ledger: to a file while the exporter runs, back from it, into another database."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    help = "copies the ledger into a new file, as it is at one instant; the exporter goes on meanwhile"
    command = add_action(commands, "backup", _backup, help)
    command.add_argument("file", type=Path, metavar="FILE", help="nothing may stand there yet")

    help = "puts a backup where the configuration expects the ledger; never over one, never under a running exporter"
    command = add_action(commands, "restore", _restore, help)
    command.add_argument("file", type=Path, metavar="FILE", help="what `ledger backup` wrote")

    help = "copies everything into an empty ledger of another kind, or another place"
    command = add_action(commands, "copy", _copy, help)
    command.add_argument(
        "--to", type=checked(ledger_url), required=True, metavar="URL", help="as `ledger` in the configuration"
    )


def run(options: argparse.Namespace) -> int:
    url = load_config(options.config, syntax_only=True).ledger
    try:
        copied, where = options.act(options, url)
    except LedgerError as error:
        raise CommandError(str(error)) from None
    print(f"{where}: ledger {copied.identity}, {copied.rows} rows")
    if copied.fault is not None:
        print(f"warning: copied as it is, with a fault in its history: {copied.fault}", file=sys.stderr)
    return 0


def _backup(options: argparse.Namespace, url: str) -> tuple[Copied, str]:
    return backup(url, options.file), str(options.file)


def _restore(options: argparse.Namespace, url: str) -> tuple[Copied, str]:
    return restore(options.file, url), url


def _copy(options: argparse.Namespace, url: str) -> tuple[Copied, str]:
    return copy(url, options.to), options.to
