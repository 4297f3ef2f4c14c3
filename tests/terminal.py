"""The command line with a pseudo-terminal as its stderr."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path


def on_a_terminal(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Runs `sesam-slo`; its exit status, its stdout, and what came to the terminal."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:
            return  # the other side is closed

    with subprocess.Popen(
        [sys.executable, "-m", "sesam_slo.cli", *arguments],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        reader = threading.Thread(target=read)
        reader.start()
        stdout, _ = process.communicate(timeout=60)
        reader.join(60)
    os.close(ours)
    return process.returncode, stdout, b"".join(shown).decode()
