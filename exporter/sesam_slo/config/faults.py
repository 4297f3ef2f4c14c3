"""What is wrong with a configuration, as people read it: `FILE:LINE: dotted.key: what is wrong; what is expected`."""

from __future__ import annotations

import re
from dataclasses import dataclass

Location = tuple[str | int, ...]
"""Keys and list indices from the top of the file to a value."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_USERINFO = re.compile(r"//[^/@\s]*@")
_TOKEN = re.compile(r"\beyJ[\w.-]+|\b(Bearer|Basic)\s+\S+")
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `line` counts from 1, None where no line is to blame; `key` is "" where no key is."""

    file: str
    line: int | None
    key: str
    problem: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class ConfigError(Exception):
    """The configuration cannot be used; `faults` are all that was found, in the order of their lines."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def dotted(location: Location) -> str:
    """`services[2].endpoints[0].timeout`; keys that are not plain words are quoted: `expect.json["status.code"]`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part) and len(part) <= _LONGEST_SHOWN:
            text += f".{part}" if text else part
        else:
            text += f"[{shown(part)}]"
    return text


def shown(text: str) -> str:
    """What somebody wrote, quoted for a message: in one line, not too long, without what may be a credential."""
    text = _TOKEN.sub("…", _USERINFO.sub("//…@", text))
    if len(text) > _LONGEST_SHOWN:
        text = text[: _LONGEST_SHOWN - 1] + "…"
    quoted = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return f'"{quoted}"'
