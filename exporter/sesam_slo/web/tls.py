"""The server's side of TLS, with certificates that may be renewed while it runs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from .config_file import TlsServer, WebConfigError

log = logging.getLogger("sesam_slo.web")

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_Stamp = tuple[tuple[int, int, int], ...]


def server_context(tls: TlsServer, config_file: Path) -> ssl.SSLContext:
    """A context that serves the certificate of `tls` and takes up a renewed one at the next handshake.

    A renewed pair that does not load leaves the one before in use. Raises WebConfigError, in the words of `config_file`.
    """
    renewal = _Renewal(tls, config_file)
    context = renewal.context
    context.sni_callback = renewal.on_handshake
    return context


class _Renewal:
    def __init__(self, tls: TlsServer, config_file: Path) -> None:
        self._tls, self._config_file = tls, config_file
        self._stamp = _stamp(tls)
        self.context = _load(tls, config_file)

    def on_handshake(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _first: ssl.SSLContext
    ) -> None:
        """Called by OpenSSL in every handshake, whether or not the client names a server."""
        stamp = _stamp(self._tls)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self.context = _load(self._tls, self._config_file)
                log.info("the renewed certificate is in use")
            except WebConfigError as error:
                log.error("the certificate before stays in use: %s", error)
        connection.context = self.context


def _stamp(tls: TlsServer) -> _Stamp:
    """What changes when a file does; empty while one is missing, as it is for a moment when it is replaced."""
    try:
        found = [path.stat() for path in (tls.cert_file, tls.key_file)]
    except OSError:
        return ()
    return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)


def _load(tls: TlsServer, config_file: Path) -> ssl.SSLContext:
    def fault(key: str, problem: str) -> WebConfigError:
        return WebConfigError(f"{config_file}: tls_server_config.{key}: {problem}")

    for key, path in (("cert_file", tls.cert_file), ("key_file", tls.key_file), ("client_ca_file", tls.client_ca_file)):
        try:
            if path is not None:
                path.open("rb").close()
        except OSError as error:
            raise fault(key, f"cannot be read: {error.strerror}; expected a PEM file") from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = _VERSIONS[tls.min_version]
    try:
        # A password is given, empty, because OpenSSL would ask for that of an encrypted key at the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (ssl.SSLError, ValueError) as error:
        mismatch = getattr(error, "reason", None) == "KEY_VALUES_MISMATCH"
        problem = "not the certificate of key_file" if mismatch else "cannot be used with key_file"
        raise fault("cert_file", f"{problem}; expected a certificate and its key in PEM, not encrypted") from None
    if tls.client_ca_file is not None:
        try:
            context.load_verify_locations(tls.client_ca_file)
        except (ssl.SSLError, ValueError):
            raise fault("client_ca_file", "holds no certificate; expected a PEM file of them") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context
