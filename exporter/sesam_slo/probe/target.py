"""Where a request goes: URLs taken apart, redirects resolved, origins compared. Pure.

Python reads the URL, libcurl connects: were the two to read one text differently, credentials could reach a host that was
never checked. So a URL is rebuilt from parts that have only one reading, and refused where that cannot be done.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

PORTS = {"http": 80, "https": 443}

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=-._~"


class SchemeRefused(ValueError):
    """Another scheme than http or https."""


@dataclass(frozen=True, slots=True)
class Target:
    """One place to send a request to. `host` is ASCII, without brackets; `path` includes the query and starts with `/`."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def __str__(self) -> str:
        """For people: without the query, which may hold a secret."""
        return f"{self.scheme}://{self.authority}{self.path.partition('?')[0]}"


@functools.lru_cache(maxsize=4096)  # the same few thousand, at every probe
def parse_url(url: str) -> Target:
    """Takes a URL apart; user information and fragment are left out.

    Raises:
        SchemeRefused: neither http nor https.
        ValueError: no host, or one that could be read in two ways.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise SchemeRefused(f"scheme {parts.scheme[:20]!r}: expected http or https")
    path = quote(parts.path or "/", safe=_URL_CHARACTERS)
    if parts.query:
        path += "?" + quote(parts.query, safe=_URL_CHARACTERS)
    return Target(parts.scheme, _host(parts.hostname or ""), parts.port or PORTS[parts.scheme], path)


def follow(target: Target, location: bytes) -> Target:
    """Where a `Location` header leads. Raises as `parse_url` does."""
    text = quote(location.strip(), safe=_URL_CHARACTERS)  # whatever a URL may not hold gets a single reading
    return parse_url(text if urlsplit(text).scheme else urljoin(target.url, text))


@functools.lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host(host: str) -> str:
    if ":" in host:
        return str(ipaddress.IPv6Address(host))
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(host):
        raise ValueError("no host that a request could be sent to")
    return host
