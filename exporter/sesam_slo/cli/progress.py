"""Progress of long runs, for people: on stderr, and only where that is a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

Shown = Callable[[float], None]
"""Takes how much is done so far, in the unit of the total."""

WORTH_SHOWING_BYTES = 1024 * 1024  # less is read in no time
_REFRESHES_PER_SECOND = 5


@contextmanager
def reading(paths: Iterable[Path], what: str) -> Iterator[Callable[[Path], IO[bytes]]]:
    """Shows how much of `paths` has been read, with the rate and the time left, while they are read one after another.

    Gives what opens them. Whoever reads is not slowed down: the bar asks the system now and then where the open file stands.
    """
    total = sum(_size(path) for path in paths)
    if total < WORTH_SHOWING_BYTES or not sys.stderr.isatty():
        yield _open
        return
    reader = _Reader()
    try:
        with _bar(what, total, of_bytes=True, done=reader.position):
            yield reader.open
    finally:
        reader.close()


@contextmanager
def steps(total: float, what: str) -> Iterator[Shown]:
    """Shows how far something is that says so itself: call what this gives with how much of `total` is done."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    done = [0.0]
    with _bar(what, total, of_bytes=False, done=lambda: done[0]):
        yield lambda now: done.__setitem__(0, now)


class _Reader:
    """Opens files one after another and knows how many bytes of all of them have been read."""

    def __init__(self) -> None:
        self._before, self._descriptor = 0, -1

    def open(self, path: Path) -> IO[bytes]:
        file = _open(path)
        self.close()
        # Of its own, so that it cannot come to mean another file when the reader closes its; the position is shared.
        self._descriptor = os.dup(file.fileno())
        return file

    def position(self) -> int:
        descriptor = self._descriptor
        if descriptor < 0:
            return self._before
        try:
            return self._before + os.lseek(descriptor, 0, os.SEEK_CUR)
        except OSError:  # a pipe, or closed this very moment
            return self._before

    def close(self) -> None:
        self._before, descriptor, self._descriptor = self.position(), self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # whoever opens it will say so
        return 0


@contextmanager
def _bar(what: str, total: float, *, of_bytes: bool, done: Callable[[], float]) -> Iterator[None]:
    """`done` is asked by the thread that draws; when all is over the bar is gone, and results have the screen."""
    from rich import progress  # noqa: PLC0415 - a twentieth of a second that only a terminal is worth
    from rich.console import Console  # noqa: PLC0415

    class Polled(progress.Progress):
        def get_renderables(self) -> Iterable[Any]:
            for task in self.task_ids:
                self.update(task, completed=done())
            return super().get_renderables()

    amount = (
        (progress.DownloadColumn(), progress.TransferSpeedColumn()) if of_bytes else (progress.TaskProgressColumn(),)
    )
    bar = Polled(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        *amount,
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        refresh_per_second=_REFRESHES_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        bar.add_task(what, total=total)
        yield
