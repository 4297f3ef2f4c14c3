"""Completion as a person has it: a line is typed into a real shell, TAB is pressed, and what the shell shows is read.

bash is on every machine that this is developed on; zsh and fish are asked where they are installed.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sesam_slo.cli.completion import SHELLS

INSTALLED = [shell for shell in SHELLS if shell == "bash" or shutil.which(shell)]
SHOWN_WITHIN_SECONDS = 30
CONFIG = "services:\n- {{name: {name}, endpoints: [{{name: api, kind: api, url: 'http://127.0.0.1:9/'}}]}}\n"

# by shell: how it is started without anybody's settings, and how it takes in the script
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
SOURCE = {
    "bash": "source ./completion.bash",
    "zsh": "autoload -U compinit; compinit -u -D; source ./completion.zsh; compdef _shtab_sesam_slo sesam-slo",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shells work: the scripts, two configurations, and a `bin` with the command."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "sesam-slo.yml").write_text(CONFIG.format(name="datahub-prod"))
    (folder / "other.yml").write_text(CONFIG.format(name="ferd-test"))
    (folder / "bin").mkdir()
    command = folder / "bin/sesam-slo"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m sesam_slo.cli "$@"\n')
    command.chmod(0o755)
    for shell in SHELLS:
        (folder / f"completion.{shell}").write_text(sesam_slo(folder, "completion", shell).stdout)
    return folder


def sesam_slo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./bin/sesam-slo", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


class Typed:
    """A shell on a terminal of its own."""

    def __init__(self, terminal: int) -> None:
        self._terminal, self.shown = terminal, ""

    def type(self, keys: str) -> None:
        self.shown = ""
        os.write(self._terminal, keys.encode())

    def shows(self, *words: str) -> bool:
        """Whether all of them come to the screen, each as a word."""
        until = time.monotonic() + SHOWN_WITHIN_SECONDS
        while not all(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", self.shown) for word in words):
            if time.monotonic() > until:
                return False
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.shown += os.read(self._terminal, 65536).decode(errors="replace")
        return True


@contextmanager
def shell_in(folder: Path, shell: str) -> Iterator[Typed]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        environment = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb", "PS1": "$ ",
            "COLUMNS": "200", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        os.execvpe(shell, START[shell], environment)
    try:
        typed = Typed(terminal)
        typed.type(f"{SOURCE[shell]}; echo rea''dy\n")
        assert typed.shows("ready"), typed.shown
        yield typed
    finally:
        with suppress(OSError):
            os.write(terminal, b"\x15exit\n")
        os.close(terminal)
        os.waitpid(pid, 0)


ASKED = [
    ("sesam-slo maint", ["maintenance"]),
    ("sesam-slo log ", ["list", "show", "annotate", "add", "export", "verify"]),
    ("sesam-slo replay --format ", ["table", "json", "csv"]),
    ("sesam-slo log list --serv", ["--service"]),
    ("sesam-slo log list --service ", ["datahub-prod"]),
    ("sesam-slo --config other.yml log list --service ", ["ferd-test"]),
    ("sesam-slo probe ", ["datahub-prod"]),
    ("sesam-slo check-config --config oth", ["other.yml"]),
]


@pytest.mark.parametrize("shell", [shell for shell in INSTALLED if shell in START])
@pytest.mark.parametrize(("line", "words"), ASKED, ids=[line for line, _ in ASKED])
def test_tab_completes(shell: str, line: str, words: list[str], folder: Path) -> None:
    with shell_in(folder, shell) as typed:
        typed.type(f"{line}\t\t")
        assert typed.shows(*words), typed.shown


@pytest.mark.parametrize("shell", [shell for shell in INSTALLED if shell == "fish"])
@pytest.mark.parametrize(("line", "words"), ASKED, ids=[line for line, _ in ASKED])
def test_fish_offers(shell: str, line: str, words: list[str], folder: Path) -> None:
    done = subprocess.run(
        [shell, "--no-config", "-c", f"source ./completion.fish; complete --do-complete '{line}'"],
        cwd=folder,
        env={"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert set(words) <= {offered.partition("\t")[0] for offered in done.stdout.splitlines()}


def test_names_are_read_from_the_file_and_none_that_a_shell_would_expand(folder: Path, tmp_path: Path) -> None:
    names = ["datahub-prod", "$(touch owned)", "`id`", "-x", "a b", 7]
    (tmp_path / "evil.yml").write_text("services:\n" + "".join(f"- name: {name!r}\n" for name in names))
    done = sesam_slo(folder, "completion", "--services", "--config", str(tmp_path / "evil.yml"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "datahub-prod\n", "")


@pytest.mark.parametrize("text", [None, "services: [", "services: 7", "- x", ""])
def test_of_a_file_that_cannot_be_read_nothing_is_offered_and_nothing_said(
    text: str | None, folder: Path, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "bad.yml").write_text(text)
    done = sesam_slo(folder, "completion", "--services", "--config", str(tmp_path / "bad.yml"))
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_names_cost_no_validation() -> None:
    code = "from sesam_slo.cli import main; import sys; main(['completion', '--services']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert not {"pydantic", "rich", "shtab", "sesam_slo.config"} & set(loaded.split())


def test_a_shell_has_to_be_named(folder: Path) -> None:
    done = sesam_slo(folder, "completion")
    assert (done.returncode, done.stderr) == (2, "which shell? expected one of bash, zsh, fish\n")
    done = sesam_slo(folder, "completion", "ksh")
    assert done.returncode == 2
    assert "invalid choice: 'ksh'" in done.stderr
