"""Secrets that a request needs, read from their files at the moment they are needed.

They are read for every probe: that costs microseconds beside a handshake, and a secret that was rotated is never used again.
"""

from __future__ import annotations

import base64
import os
import stat

from ..core.model import Request

MAX_BYTES = 64 * 1024


class CredentialsUnreadable(Exception):
    """A file of credentials that cannot be used; the text names the file, never what is in it."""


def authorization_header(request: Request) -> str | None:
    """The value of the `Authorization` header, None where none is configured.

    Raises:
        CredentialsUnreadable: no such file, no permission, empty, or not fit for one line of a header.
    """
    if request.authorization is not None:
        return f"{request.authorization.type} {_read(request.authorization.credentials_file)}"
    if request.basic_auth is not None:
        pair = f"{request.basic_auth.username}:{_read(request.basic_auth.password_file, ascii_only=False)}"
        return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    return None


def basic_password(authorization: str) -> str:
    """The password in the value of a `Basic` authorization header."""
    return base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")[2]


def read_file(path: str) -> bytes:
    """A small regular file; never waits on a FIFO or a device.

    Raises:
        CredentialsUnreadable: it cannot be read, or is larger than 1 MiB.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise CredentialsUnreadable(f"{path}: not a regular file")
            content = file.read(1024 * 1024 + 1)
    except (OSError, ValueError) as error:
        raise CredentialsUnreadable(f"{path}: {getattr(error, 'strerror', None) or 'cannot be opened'}") from None
    if len(content) > 1024 * 1024:
        raise CredentialsUnreadable(f"{path}: larger than 1 MiB")
    return content


def _read(path: str, *, ascii_only: bool = True) -> str:
    content = read_file(path)
    if len(content) > MAX_BYTES:
        raise CredentialsUnreadable(f"{path}: larger than 64 KiB")
    try:
        text = content.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        raise CredentialsUnreadable(f"{path}: not text in UTF-8") from None
    if not text:
        raise CredentialsUnreadable(f"{path}: empty")
    # A line break would let the file's author write headers of his own; isprintable() refuses every control character.
    if not text.isprintable() or (ascii_only and not text.isascii()):
        raise CredentialsUnreadable(f"{path}: holds characters that a header may not (a line break?)")
    return text
