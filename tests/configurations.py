"""One valid configuration, and what is said of a broken one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sesam_slo.config import ConfigError, load

EXAMPLE = (Path(__file__).parent / "config" / "example.yml").read_text()
NAMED_FILES = ("jwt", "ca.pem", "password", "web.yml", "token", "read-token")


@dataclass(frozen=True)
class Edit:
    """One field of the example broken; `faults` are all the lines then printed, from the line number on."""

    old: str
    new: str
    faults: tuple[str, ...]

    @property
    def text(self) -> str:
        assert self.old in EXAMPLE
        return EXAMPLE.replace(self.old, self.new, 1)


def edit(name: str, old: str, new: str, *faults: str):
    return pytest.param(Edit(old, new, faults), id=name)


def faults_of(folder: Path, content: str | bytes, *, syntax_only: bool = False) -> tuple[str, ...]:
    """What `load` says of this content, each line from behind `sesam-slo.yml:` on; () for a valid one."""
    for name in NAMED_FILES:
        (folder / name).touch()
    path = folder / "sesam-slo.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        load(path, syntax_only=syntax_only)
    except ConfigError as error:
        told = error
    else:
        return ()
    lines = str(told).split("\n")
    assert len(lines) == len(told.faults) > 0
    assert all(line.startswith(f"{path}:") for line in lines)
    return tuple(line.removeprefix(f"{path}:") for line in lines)
