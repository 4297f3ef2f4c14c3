"""What commands declare alike: `--config`, actions such as `log list`, values that are checked as they are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

_Value = TypeVar("_Value")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Left out, it leaves no trace: what was said before the command's name stays."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="the configuration (else $SESAM_SLO_CONFIG, else ./sesam-slo.yml)",
    )


def add_action(actions: Any, name: str, act: Callable[..., Any], text: str) -> argparse.ArgumentParser:
    """An action of a command, whose `run` finds `act` among its options."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    add_config(parser)
    parser.set_defaults(act=act)
    return parser


def checked(read: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """For argparse, which would otherwise show what was written: it may hold a password."""

    def checked(text: str) -> _Value:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked
