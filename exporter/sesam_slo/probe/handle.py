"""libcurl's easy handles, set up for a request. Each transfer opens its own connection and does a full TLS handshake.

Redirects are not libcurl's to follow, so that scheme, count, credentials and the one deadline are ours to decide. An
endpoint's handle is kept for its next probe: to set one up anew would cost a tenth of a probe.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any
from urllib.parse import urlsplit

import pycurl

from .. import __version__
from ..core.model import Request
from .credentials import read_file
from .target import Target, is_address

_SUPPRESS_CONNECT_HEADERS = 265  # CURLOPT_SUPPRESS_CONNECT_HEADERS has no name in pycurl
# The default offers a post-quantum key share first: 5 % of a probe's time, and a hello of two packets, which some
# middleboxes drop.
_GROUPS = "X25519:P-256:P-384:P-521"
_KEPT_AT_MOST = 4096

OnData = Callable[[bytes], int | None]


class UnfitRequest(Exception):
    """A request that cannot be sent as it is configured; the text is for people."""


class Handle:
    """An easy handle for one request to one target.

    `own_origin`: the target has the configured origin; credentials, configured headers, the client's certificate and
    `server_name` go nowhere else. `ca_file` is the system's trust store.
    """

    __slots__ = ("_certificates", "_headers", "_resolve", "curl", "method", "own_origin", "request", "target")

    def __init__(self, request: Request, target: Target, method: str, ca_file: str, *, own_origin: bool) -> None:
        self.curl: Any = pycurl.Curl()
        self.request = request
        self.target = target
        self.method = method
        self.own_origin = own_origin
        self._headers: list[str] | None = None
        self._resolve: str | None = None
        self._certificates: bool | None = None
        setopt = self.curl.setopt
        setopt(pycurl.NOSIGNAL, 1)
        setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)  # one request a connection: HTTP/2 has nothing to win
        setopt(pycurl.FRESH_CONNECT, 1)
        setopt(pycurl.FORBID_REUSE, 1)
        setopt(pycurl.ACCEPT_ENCODING, "gzip, deflate, br")
        self._set_route()
        self._set_method()
        if self._uses_tls:
            self._set_tls(ca_file)

    def prepare(
        self,
        *,
        addresses: tuple[str, ...],
        remaining_seconds: float,
        authorization: str | None,
        read_certificates: bool,
        on_header: OnData,
        on_body: OnData,
    ) -> None:
        """Sets what differs from transfer to transfer.

        `authorization` is the value of that header; `read_certificates`: keep what the server sends for INFO_CERTINFO.

        Raises:
            UnfitRequest: the request cannot be sent as configured.
            CredentialsUnreadable: a file it names cannot be read.
        """
        setopt = self.curl.setopt
        setopt(pycurl.HEADERFUNCTION, on_header)
        setopt(pycurl.WRITEFUNCTION, on_body)
        # Of the whole transfer; it also has libcurl give each of several addresses its share of the time.
        setopt(pycurl.TIMEOUT_MS, max(1, int(remaining_seconds * 1000)))
        headers = self._header_lines(authorization)
        if headers != self._headers:
            setopt(pycurl.HTTPHEADER, headers)
            self._headers = headers
        host, port = proxy_authority(self.request) or (self.target.host, self.target.port)
        if not is_address(host):
            listed = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
            # "+": the entry may expire, so names that only a redirect led to do not stay in libcurl's cache for ever. It
            # is never old when it is used: every transfer brings the answer to its own look-up.
            resolve = f"+{host}:{port}:{listed}"
            if resolve != self._resolve:
                setopt(pycurl.RESOLVE, [resolve])
                self._resolve = resolve
        if self._uses_tls:
            if read_certificates != self._certificates:
                setopt(pycurl.OPT_CERTINFO, int(read_certificates))
                self._certificates = read_certificates
            if self.request.tls.ca_file is not None:
                # As a blob, so that it does not displace the one parsed trust store that libcurl keeps.
                setopt(pycurl.CAINFO_BLOB, read_file(self.request.tls.ca_file))

    def close(self) -> None:
        self.curl.close()

    @property
    def _uses_tls(self) -> bool:
        return self.target.scheme == "https" or (self.request.proxy_url or "").startswith("https")

    def _set_route(self) -> None:
        setopt, target, request = self.curl.setopt, self.target, self.request
        server_name = request.tls.server_name if self.own_origin and target.scheme == "https" else None
        if server_name and server_name != target.host:
            # libcurl takes the name for TLS from the URL, so the URL gets that name and the connection the real one.
            setopt(pycurl.URL, Target(target.scheme, server_name, target.port, target.path).url)
            real_host = f"[{target.host}]" if ":" in target.host else target.host
            setopt(pycurl.CONNECT_TO, [f"{server_name}:{target.port}:{real_host}:{target.port}"])
        else:
            setopt(pycurl.URL, target.url)
        setopt(pycurl.PATH_AS_IS, 1)
        setopt(pycurl.DNS_CACHE_TIMEOUT, 60)
        # Set, if to nothing: the environment's http_proxy and no_proxy must not decide what is measured.
        setopt(pycurl.PROXY, request.proxy_url or "")
        setopt(pycurl.NOPROXY, "")
        setopt(_SUPPRESS_CONNECT_HEADERS, 1)

    def _set_method(self) -> None:
        setopt, request, method = self.curl.setopt, self.request, self.method
        if method == "HEAD":
            setopt(pycurl.NOBODY, 1)
        elif self._sends_body and request.body is not None:
            setopt(pycurl.POSTFIELDS, request.body.encode())
        if method not in ("GET", "HEAD") or self._sends_body:
            setopt(pycurl.CUSTOMREQUEST, method)

    @property
    def _sends_body(self) -> bool:
        return self.request.body is not None and self.method == self.request.method != "HEAD"

    def _set_tls(self, ca_file: str) -> None:
        setopt, tls = self.curl.setopt, self.request.tls
        setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        setopt(pycurl.SSL_EC_CURVES, _GROUPS)
        # libcurl keeps a parsed trust store for the multi handle, and only for a file without a directory beside it.
        self.curl.unsetopt(pycurl.CAPATH)
        setopt(pycurl.CAINFO, ca_file)
        if tls.insecure_skip_verify:
            setopt(pycurl.SSL_VERIFYPEER, 0)
            setopt(pycurl.SSL_VERIFYHOST, 0)
        if self.own_origin and tls.cert_file is not None:
            setopt(pycurl.SSLCERT, tls.cert_file)
            setopt(pycurl.SSLKEY, tls.key_file or tls.cert_file)

    def _header_lines(self, authorization: str | None) -> list[str]:
        configured = self.request.headers if self.own_origin else ()
        headers = [_header_line(name, value) for name, value in configured]
        names = {name.lower() for name, _ in configured}
        if self.own_origin and self.request.tls.server_name and "host" not in names:
            headers.append(f"Host: {self.target.authority}")
        if "user-agent" not in names:
            headers.append(f"User-Agent: sesam-slo/{__version__}")
        if authorization is not None and self.own_origin and "authorization" not in names:
            headers.append(_header_line("Authorization", authorization))
        if self._sends_body:
            headers.append("Expect:")  # no round trip to ask whether the body may come
            if "content-type" not in names:
                headers.append("Content-Type:")  # libcurl would claim that it is a form
        return headers


class Handles:
    """The handles that wait for their endpoint's next probe."""

    def __init__(self, ca_file: str) -> None:
        self._ca_file = ca_file
        self._kept: dict[Hashable, Handle] = {}

    def take(self, key: Hashable, request: Request, target: Target, method: str, *, own_origin: bool) -> Handle:
        """The handle that was kept for just this, else a new one."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            if kept.request is request and kept.target == target and kept.method == method:
                return kept
            kept.close()
        return Handle(request, target, method, self._ca_file, own_origin=own_origin)

    def give_back(self, key: Hashable, handle: Handle, *, keep: bool) -> None:
        if keep and len(self._kept) < _KEPT_AT_MOST:
            self._kept[key] = handle
        else:
            handle.close()

    def forget(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            kept.close()

    def close(self) -> None:
        for handle in self._kept.values():
            handle.close()
        self._kept.clear()


def proxy_authority(request: Request) -> tuple[str, int] | None:
    """Host and port of the proxy, None where there is none. Raises UnfitRequest where it cannot be read."""
    if request.proxy_url is None:
        return None
    try:
        parts = urlsplit(request.proxy_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UnfitRequest("proxy_url: no host in it")
    return host, port or {"http": 80, "https": 443}.get(parts.scheme, 1080)


def _header_line(name: str, value: str) -> str:
    if not (name + value).isprintable() or ":" in name:
        raise UnfitRequest(f"header {name[:40]!r}: holds characters that a header may not")
    return f"{name}: {value}" if value else f"{name};"  # ";" is libcurl's way to send an empty one
