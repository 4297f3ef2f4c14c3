"""Body checks that could take long, in a process of their own.

Python cannot interrupt a regular expression in a thread, and one that backtracks holds every other thread up too: a pattern
like `(a+)+$` before a body of 30 letters would stop all probing. In a process of its own a search has an allowance of
processor time, after which it is given up. As a module this file is that process (`python -m sesam_slo.probe.checker`); it
ends when its input does, so it never outlives us.
"""

from __future__ import annotations

import contextlib
import json
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, BinaryIO

from .body import mismatch

ALLOWANCE_SECONDS = 0.25
"""Processor time of one check; the JSON and the search of 10 MiB take some 0.1 s."""
PROCESSES = 2
INLINE_BYTES = 64 * 1024
"""JSON up to this size is compared in the loop: under 1 ms."""

_LENGTHS = struct.Struct("!II")


@dataclass(frozen=True, slots=True)
class Job:
    token: Hashable
    body: bytes
    charset: str
    expected_json: tuple[tuple[str, Any], ...]
    pattern: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """`mismatch` None: as expected; `fault` says why it could not be told."""

    token: Hashable
    mismatch: str | None = None
    fault: str | None = None


class BodyChecker:
    """Sends bodies to the processes and calls `wake` (from a thread) when a verdict can be fetched."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._checked: deque[Checked] = deque()
        self._started = False

    def start(self) -> None:
        """Starts the processes, so that the first body need not wait for them. Repeating it does nothing."""
        if not self._started:
            self._started = True
            for _ in range(PROCESSES):
                threading.Thread(target=self._serve, name="sesam-slo-body-checker", daemon=True).start()

    def ask(self, job: Job) -> None:
        self.start()
        self._jobs.put(job)

    def results(self) -> list[Checked]:
        return [self._checked.popleft() for _ in range(len(self._checked))]

    def close(self) -> None:
        if self._started:
            for _ in range(PROCESSES):
                self._jobs.put(None)

    def _serve(self) -> None:
        process = _spawn()
        while (job := self._jobs.get()) is not None:
            try:
                if process is None:
                    process = _spawn()
                checked = _exchange(process, job)
            except (OSError, ValueError, EOFError, struct.error):
                # Killed (out of memory?) or never started: this answer cannot be judged, the next gets a new process.
                checked = Checked(job.token, fault="the process that checks bodies has ended")
                _end(process)
                process = None
            self._checked.append(checked)
            self._wake()
        _end(process)


def _spawn() -> subprocess.Popen[bytes] | None:
    command = [sys.executable, "-m", __name__]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    except OSError:
        return None


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.kill()
        with contextlib.suppress(OSError):
            process.communicate()


def _exchange(process: subprocess.Popen[bytes] | None, job: Job) -> Checked:
    if process is None or process.stdin is None or process.stdout is None:
        raise OSError("no process")
    expectation = json.dumps([job.charset, job.expected_json, job.pattern]).encode()
    process.stdin.write(_LENGTHS.pack(len(expectation), len(job.body)) + expectation)
    process.stdin.write(job.body)
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise EOFError
    return Checked(job.token, **json.loads(answer))


class _TookTooLong(Exception):
    pass


def _give_up(_signal: int, _frame: object) -> None:
    raise _TookTooLong


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers checks until there are no more. Runs in the main thread: signals interrupt a search only there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is our parent's to handle
    signal.signal(signal.SIGVTALRM, _give_up)
    while len(head := requests.read(_LENGTHS.size)) == _LENGTHS.size:
        expectation_length, body_length = _LENGTHS.unpack(head)
        charset, expected_json, pattern = json.loads(requests.read(expectation_length))
        body = requests.read(body_length)
        try:
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, ALLOWANCE_SECONDS)
                answer = {"mismatch": mismatch(body, charset, expected_json, pattern)}
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except _TookTooLong:
            answer = {"fault": f"body_regex: not searched to its end within {ALLOWANCE_SECONDS:g} s of processor time"}
        except Exception as error:  # the edge of this process: an answer that does not come stops its asker
            answer = {"fault": f"the body could not be checked ({type(error).__name__})"}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
