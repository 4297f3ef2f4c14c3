"""Servers that misbehave, each in one way: real sockets on loopback, port 0, a thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Connection:
    """One accepted connection, as a behaviour sees it. `stopping` is set when the test is over."""

    socket: socket.socket
    stopping: threading.Event
    requests: list[bytes] = field(default_factory=list)

    def read_request(self) -> bytes:
        """The request's head and what came with it; remembered in `requests`."""
        request = b""
        while b"\r\n\r\n" not in request:
            piece = self.socket.recv(65536)
            if not piece:
                break
            request += piece
        self.requests.append(request)
        return request

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def send_forever(self, content: bytes) -> None:
        while not self.stopping.is_set():
            self.socket.sendall(content)

    def drip(self, content: bytes, every_seconds: float = 0.05) -> None:
        """One byte at a time."""
        for byte in content:
            if self.stopping.wait(every_seconds):
                return
            self.socket.sendall(bytes([byte]))

    def hang(self) -> None:
        self.stopping.wait()

    def reset(self) -> None:
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Connection], None]


class Server:
    """Listens on loopback and lets `behaviour` answer every connection."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._listener = socket.create_server((address, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._address = address
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self.requests: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"{'https' if self._tls else 'http'}://{host or self._address}:{self.port}{path}"

    def close(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(accepted)
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        try:
            stream = self._tls.wrap_socket(accepted, server_side=True) if self._tls else accepted
            self._open.add(stream)
            self._behaviour(Connection(stream, self._stopping, self.requests))
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_WR)  # so that what was sent is not lost to a reset
                stream.settimeout(0.2)
                while stream.recv(65536):
                    pass
            stream.close()
        except (OSError, ValueError):
            pass
        finally:
            accepted.close()
            self._open.discard(accepted)


def answers(content: bytes) -> Behaviour:
    """Reads the request, sends `content`, closes."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(content)

    return behave


def after(content: bytes, then: Callable[[Connection], None]) -> Behaviour:
    """Reads the request, sends `content`, then does `then`."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(content)
        then(connection)

    return behave


def status(code: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Status", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def gzip_bomb(megabytes: int) -> bytes:
    """An answer of a few KiB on the wire for each of `megabytes` in the body."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: with gzip's head
    packed = b"".join(packer.compress(b"\0" * (1024 * 1024)) for _ in range(megabytes)) + packer.flush()
    return status(200, packed, "Content-Encoding: gzip")


@contextlib.contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(behaviour, tls)
    try:
        yield server
    finally:
        server.close()


class Authority:
    """A certificate authority of the test's own; `ca_file` trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._issue("test root", self._key, None, None, ca=True)
        self.ca_file = folder / "root.pem"
        self.ca_file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, host: str = "127.0.0.1", *, days_left: float = 30.0) -> ssl.SSLContext:
        """A server's context with a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days_left)
        certificate = self._issue(host, key, host, ends, ca=False)
        file = self._folder / f"{host}{days_left}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _issue(
        self, subject: str, key: ec.EllipticCurvePrivateKey, host: str | None, ends: datetime | None, *, ca: bool
    ) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test root")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(root)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(ends or now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if host is not None:
            try:
                alternative: x509.GeneralName = x509.IPAddress(ip_address(host))
            except ValueError:
                alternative = x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        return builder.sign(self._key, hashes.SHA256())
