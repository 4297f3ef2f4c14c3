"""The command line: the composition root, which alone wires the parts together.

Results go to stdout, messages to stderr. Exit status: 0 done, 1 it could not be done, 2 wrong usage or configuration.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from .. import __version__
from .arguments import add_config
from .errors import CommandError
from .output import plain

DONE, FAILED, USAGE = 0, 1, 2


# By name, in the order of the help. Only what is asked for is imported: all of them together take a second.
MODULES = {
    "run": "run",
    "probe": "probe",
    "check-config": "check_config",
    "log": "log",
    "maintenance": "maintenance",
    "case": "case",
    "replay": "replay",
    "report": "report",
    "import": "import_history",
    "backfill": "backfill",
    "ledger": "ledger",
    "generate": "generate",
    "alert": "alert",
    "completion": "completion",
}


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    options = make_parser(given).parse_args(given)
    options.config_named = "config" in options or bool(os.environ.get("SESAM_SLO_CONFIG"))
    if "config" not in options:
        options.config = Path(os.environ.get("SESAM_SLO_CONFIG") or "sesam-slo.yml")
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except CommandError as error:
        print(plain(str(error)), file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our results has had enough; the interpreter must not complain about it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def make_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Knows the commands that are among the arguments, and every command where none is."""
    asked = [name for name in MODULES if name in arguments] or list(MODULES)
    common = argparse.ArgumentParser(add_help=False)
    add_config(common)
    parser = argparse.ArgumentParser(
        prog="sesam-slo",
        description="Measures the service level of SESAM: probes, downtime, an exact account, metrics, rules.",
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"sesam-slo {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in asked:
        module = import_module(f".{MODULES[name]}", __package__)
        command = commands.add_parser(name, help=module.HELP, description=module.HELP, parents=[common])
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
