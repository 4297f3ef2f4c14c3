"""Real faults of a ledger's disk, each a context manager that ends with the fault mended."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def file_moved_away(path: Path) -> Iterator[None]:
    away = path.with_name("away")
    os.rename(path, away)
    yield
    os.rename(away, path)


@contextmanager
def directory_moved_away(path: Path) -> Iterator[None]:
    away = path.parent.with_name("away")
    os.rename(path.parent, away)
    yield
    os.rename(away, path.parent)


@contextmanager
def directory_removed(path: Path) -> Iterator[None]:
    """Mended by a copy of it from before."""
    away = path.parent.with_name("copy")
    shutil.copytree(path.parent, away)
    shutil.rmtree(path.parent)
    yield
    os.rename(away, path.parent)


@contextmanager
def emptied(path: Path) -> Iterator[None]:
    """An empty file in its place."""
    away = path.with_name("away")
    os.rename(path, away)
    path.touch()
    yield
    os.rename(away, path)


@contextmanager
def disk_full(_path: Path) -> Iterator[None]:
    """This process can write nothing into a file beyond its first byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Only for who obeys permissions (see `obey_permissions`) and opens the file anew."""
    path.chmod(0o400)
    path.parent.chmod(0o500)
    yield
    path.parent.chmod(0o700)
    path.chmod(0o600)


def obey_permissions() -> None:
    """Takes from the calling thread root's right to pass over them."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, sets) == 0
    for each in (0, 1):
        sets[each] &= ~(1 << 1 | 1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, sets) == 0
