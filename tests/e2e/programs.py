"""The real programs, each a process of its own on loopback with a log file: exporter, Prometheus, Alertmanager."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
from waiting import until

_READY_WITHIN_SECONDS = 60.0
_STOP_WITHIN_SECONDS = 15.0
_ASK_WITHIN_SECONDS = 10.0
_ANY_PORT = "127.0.0.1:0"


class MissingProgramError(LookupError):
    """A program that the end-to-end stack needs is not installed."""


def find(*names: str) -> str:
    """The first of `names` that is on the path: Debian calls some of them otherwise than their makers do."""
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        raise MissingProgramError(
            f"{' or '.join(names)} is not on the PATH: `make test` and `make demo` bring it, or: apt-get install "
            "prometheus prometheus-alertmanager chromium"
        )
    return found


class Program:
    """A process, ready once constructed; it chose its own free port and told it in its output.

    says: finds its address, `host:port`, in that output.
    """

    def __init__(self, name: str, command: list[str], *, log: Path, says: str, ready: str = "/-/ready") -> None:
        self.name, self.log = name, log
        self._command, self._says, self._ready = command, re.compile(says), ready
        self.address = ""
        self._start()

    def _start(self) -> None:
        told = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self.address = until(
                lambda: self._address(told), within=_READY_WITHIN_SECONDS, what=f"the address of {self.name}"
            )
            until(self._answers, within=_READY_WITHIN_SECONDS, what=f"{self.name} ready at {self.url}")
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def get(self, path: str, **parameters: str) -> requests.Response:
        answer = requests.get(f"{self.url}{path}", params=parameters, timeout=_ASK_WITHIN_SECONDS)
        answer.raise_for_status()
        return answer

    def post(self, path: str, document: Any = None) -> None:
        answer = requests.post(f"{self.url}{path}", json=document, timeout=_ASK_WITHIN_SECONDS)
        if not answer.ok:
            raise RuntimeError(f"{self.name} refused POST {path}: {answer.status_code} {answer.text.strip()}")

    def kill(self) -> None:
        """SIGKILL, as from the kernel: the program has no say in it."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        self._start()

    def stop(self) -> None:
        """Asks it to end, and sees to it that it did."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _address(self, told: int) -> str | None:
        with self.log.open("rb") as log:
            log.seek(told)
            output = log.read().decode(errors="replace")
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with status {self._process.returncode}:\n{output}")
        found = self._says.search(output)
        return found[1] if found else None

    def _answers(self) -> bool:
        try:
            return requests.get(self.url + self._ready, timeout=_ASK_WITHIN_SECONDS).ok
        except requests.ConnectionError:
            return False


def exporter(configuration: Path, log: Path) -> Program:
    return Program(
        "sesam-slo",
        [sys.executable, "-m", "sesam_slo.cli", "--config", str(configuration), "run"],
        log=log,
        says=r"sesam-slo: page http://(\S+)/ ",
    )


def prometheus(configuration: Path, storage: Path, log: Path, *further: str) -> Program:
    """`further`: options of its own command line."""
    return Program(
        "Prometheus",
        [
            find("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={storage}",
            f"--web.listen-address={_ANY_PORT}",
            *further,
        ],
        log=log,
        says=r'msg="Listening on" address=(\S+)',
    )


def alertmanager(configuration: Path, storage: Path, log: Path) -> Program:
    return Program(
        "Alertmanager",
        [
            find("prometheus-alertmanager", "alertmanager"),
            f"--config.file={configuration}",
            f"--storage.path={storage}",
            f"--web.listen-address={_ANY_PORT}",
            "--cluster.listen-address=",  # alone: it gossips with nobody
        ],
        log=log,
        says=r'msg="Listening on" address=(\S+)',
    )
