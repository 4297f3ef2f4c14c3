"""The command line with a pseudo-terminal as its stderr or its stdout."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

_TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "100"}


def on_a_terminal(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Runs `sesam-slo`; its exit status, its stdout, and what came to the terminal that is its stderr."""
    return _run(folder, arguments, "stderr", {"TERM": "xterm", "COLUMNS": "100"})


def shown_on_a_terminal(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Runs `sesam-slo`; its exit status, and what came to the terminal that is its stdout, a line feed ending each line."""
    status, _, shown = _run(folder, arguments, "stdout", _TERMINAL | environment)
    return status, shown.replace("\r\n", "\n")


def _run(folder: Path, arguments: tuple[str, ...], what: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:
            return  # the other side is closed

    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    other = "stdout" if what == "stderr" else "stderr"
    with subprocess.Popen(
        [sys.executable, "-m", "sesam_slo.cli", *arguments],
        cwd=folder,
        env={**inherited, **environment},
        text=True,
        **{what: theirs, other: subprocess.PIPE},
    ) as process:
        os.close(theirs)
        reader = threading.Thread(target=read)
        reader.start()
        piped = process.communicate(timeout=60)
        reader.join(60)
    os.close(ours)
    return process.returncode, piped[0] or piped[1] or "", b"".join(shown).decode()
