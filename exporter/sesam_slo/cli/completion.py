"""`sesam-slo completion`: what a shell needs to complete our commands, options, files and services.

shtab writes the scripts from the parsers. A script asks nothing of Python at a TAB, except for the names of services,
and those are read from the file without validating it: that takes a tenth of a validated start.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .errors import CommandError

HELP = "Prints the script by which a shell completes sesam-slo's commands: bash, zsh or fish."
SHELLS = ("bash", "zsh", "fish")

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")  # bash expands what it completes from, so it is given nothing else
_SERVICES = {
    **dict.fromkeys(SHELLS, "_sesam_slo_services"),
    "fish": "(_sesam_slo_services)",
    "preamble": {
        "bash": """
_sesam_slo_services() {
  local i given=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == --config ]] || continue
    [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
    given=(--config "${COMP_WORDS[i + 1]}")
  done
  compgen -W "$("${COMP_WORDS[0]}" completion --services "${given[@]}" 2>/dev/null)" -- "$1"
}
""",
        "zsh": """
_sesam_slo_services() {
  local -a line=(${(z)BUFFER}) given names
  local -i i=${line[(I)--config]}
  (( i )) && given=(--config ${(Q)line[i + 1]})
  names=(${(f)"$(${(Q)line[1]} completion --services $given 2>/dev/null)"})
  compadd -a names
}
""",
        "fish": """
function _sesam_slo_services
  set -l line (commandline -opc)
  set -l given
  if set -l i (contains -i -- --config $line)
    set given --config $line[(math $i + 1)]
  end
  $line[1] completion --services $given 2>/dev/null
end
""",
    },
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="whose script it is to be")
    parser.add_argument("--services", action="store_true", help=argparse.SUPPRESS)  # for the scripts
    parser.epilog = (
        'now: eval "$(sesam-slo completion bash)"; for good: sesam-slo completion bash '
        ">~/.local/share/bash-completion/completions/sesam-slo"
    )


def run(options: argparse.Namespace) -> int:
    if options.services:
        print("\n".join(_services(options.config)))
        return 0
    if options.shell is None:
        raise CommandError(f"which shell? expected one of {', '.join(SHELLS)}", status=2)
    print(script(options.shell))
    return 0


def script(shell: str) -> str:
    import shtab  # noqa: PLC0415 - the names of services need neither it nor all commands

    from . import make_parser  # noqa: PLC0415 - that module imports this one

    parser = make_parser([])
    for action in _actions(parser):
        completed = _completed(action)
        if completed is not None:
            action.complete = completed  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell))


def _completed(action: argparse.Action) -> Any:
    """What a value of this argument is completed from: our services, or a path."""
    import shtab  # noqa: PLC0415 - as above

    if action.dest in ("service", "services") and action.nargs != 0:
        return _SERVICES
    if action.metavar == "DIR":
        return shtab.DIRECTORY
    return shtab.FILE if action.metavar in ("FILE", "TRACE") else None


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for each in set(action.choices.values()):
                yield from _actions(each)


def _services(path: Path) -> list[str]:
    """None of a file that cannot be read: whoever presses TAB is told nothing, check-config tells it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
        names = [each["name"] for each in document["services"]]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return []
    return [name for name in names if isinstance(name, str) and _NAME.fullmatch(name)]
