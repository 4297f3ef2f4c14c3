"""Processor time of one HTTPS probe: this engine beside Debian's prometheus-blackbox-exporter, in one run.

    python benchmarks/probe_cpu.py [--probes 3000] [--rate 0]

Both probe the same local nginx (its own process, not counted) over a fresh connection with a full TLS handshake, 10 at a
time as fast as it goes, or at a pace (`--rate 67` is that of 2,000 endpoints at 30 s). Two targets: one self-signed RSA-2048
certificate, and a chain of the lengths of Let's Encrypt's, an RSA-2048 leaf and intermediate under an RSA-4096 root; either
root is trusted beside some 140 public ones. Rounds alternate, so that a change of the machine's speed meets both. Counted is
user and system time of the probing process alone, from /proc.
Needs nginx and prometheus-blackbox-exporter on the PATH. The goal is a ratio of 0.6 or less.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sesam_slo.core.model import Outcome, Request
from sesam_slo.probe import ProbeEngine

ROUNDS = 10
ENDPOINTS = 300
CONCURRENCY = 10
GOAL = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probes", type=int, default=3000, help="probes of each side")
    parser.add_argument("--rate", type=float, default=0, help="probes started in a second; 0: as many as possible")
    parser.add_argument("--as-prober", nargs=2, metavar=("URL", "CA_FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_prober:
        serve_probes(*arguments.as_prober, arguments.rate)
        return
    for target, write in (("self-signed", write_self_signed), ("chain of three", write_certificates)):
        print(f"{target}:")
        compare(write, arguments.probes // ROUNDS, arguments.rate)


def compare(write: Callable[[Path], Path], each: int, rate: float) -> None:
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        folder = Path(directory)
        ca_file = write(folder)
        url = f"https://localhost:{stack.enter_context(nginx(folder))}/"
        blackbox = stack.enter_context(Blackbox(folder, ca_file, url, rate))
        ours = stack.enter_context(Ours(url, ca_file, rate))
        for side in (blackbox, ours):
            side.probe(each // 2)  # warm-up: trust store parsed, caches filled
        spent: dict[str, list[float]] = {blackbox.name: [], ours.name: []}
        for _ in range(ROUNDS):
            for side in (blackbox, ours):
                before = cpu_seconds(side.pid)
                side.probe(each)
                spent[side.name].append((cpu_seconds(side.pid) - before) / each)
        report(spent, ours.name, blackbox.name)


def report(spent: dict[str, list[float]], ours: str, theirs: str) -> None:
    for name, seconds in spent.items():
        print(f"{name:28} {statistics.mean(seconds) * 1e3:6.3f} ms processor time per probe")
    ratio = sum(spent[ours]) / sum(spent[theirs])
    pairs = sorted(a / b for a, b in zip(spent[ours], spent[theirs], strict=True))
    verdict = "met" if ratio <= GOAL else "missed"
    print(f"ratio {ratio:.2f} (rounds {pairs[0]:.2f} to {pairs[-1]:.2f}); goal {GOAL} or less: {verdict}")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its threads and the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Blackbox:
    """blackbox_exporter as Prometheus uses it: one probe for each request."""

    name = "prometheus-blackbox-exporter"

    def __init__(self, folder: Path, ca_file: Path, url: str, rate: float) -> None:
        self._rate = rate
        config = folder / "blackbox.yml"
        config.write_text("modules: {http: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}}\n")
        self._port = free_port()
        self._path = f"/probe?module=http&target={url}"
        self._process = subprocess.Popen(
            [required(self.name), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{self._port}"],
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SSL_CERT_FILE": str(ca_file)},  # parsed once: its cheapest way to trust the test's root
        )
        self.pid = self._process.pid

    def __enter__(self) -> Blackbox:
        wait_for_port(self._port)
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._process)

    def probe(self, count: int) -> None:
        local = threading.local()
        begin = time.monotonic()

        def one(number: int) -> None:
            if self._rate:
                time.sleep(max(0.0, begin + number / self._rate - time.monotonic()))
            if not hasattr(local, "connection"):
                local.connection = http.client.HTTPConnection("127.0.0.1", self._port)
            local.connection.request("GET", self._path)
            if b"\nprobe_success 1\n" not in local.connection.getresponse().read():
                raise SystemExit(f"{self.name}: a probe did not succeed")

        with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(one, range(count)))


class Ours:
    """Our engine in a process of its own, told over a pipe how many probes to do."""

    name = "sesam-slo"

    def __init__(self, url: str, ca_file: Path, rate: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--rate", str(rate), "--as-prober", url, str(ca_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Ours:
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._process)

    def probe(self, count: int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline().strip() != str(count):
            raise SystemExit("sesam-slo: a probe did not succeed")


def serve_probes(url: str, ca_file: str, rate: float) -> None:
    """The process of `Ours`: reads a number, does that many probes, says how many succeeded."""
    request = Request(url, preferred_ip_protocol="ip4")
    with ProbeEngine(ca_file=ca_file) as engine:
        for line in sys.stdin:
            count, started, succeeded, ended = int(line), 0, 0, 0
            begin = time.monotonic()
            while ended < count:
                due = count if not rate else min(count, int((time.monotonic() - begin) * rate) + 1)
                while started < due and engine.in_flight < CONCURRENCY:
                    # Some 300 endpoints in turn: with 3,000 probes each is probed as often as in five minutes at 30 s.
                    engine.start(started % ENDPOINTS, request, timedelta(seconds=5))
                    started += 1
                wait = begin + started / rate - time.monotonic() if rate and started < count else 1.0
                for observation in engine.poll(max(0.0, wait)):
                    ended += 1
                    succeeded += observation.outcome is Outcome.SUCCESS
            print(succeeded, flush=True)


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[int]:
    """A TLS server with one small answer; yields its port."""
    port = free_port()
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
        "events { worker_connections 4096; }"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {temporary}"
        f"server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {folder}/chain.pem;"
        f"ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.2 TLSv1.3;"
        'location / { default_type application/json; return 200 \'{"status": "ok"}\'; } } }\n'
    )
    process = subprocess.Popen(
        [required("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(port)
        yield port
    finally:
        stop(process)


def write_self_signed(folder: Path) -> Path:
    """One certificate for localhost that signs itself, as an installation of one's own often has; returns the trust store."""
    key = rsa.generate_private_key(65537, 2048)
    own = certificate("localhost", key, "localhost", key, ca=True)
    return write_served(folder, key, [own], own)


def write_certificates(folder: Path) -> Path:
    """A root, an intermediate and a leaf for localhost; returns the trust store."""
    root, intermediate, leaf = (rsa.generate_private_key(65537, bits) for bits in (4096, 2048, 2048))
    root_certificate = certificate("benchmark root", root, "benchmark root", root, ca=True)
    chain = [
        certificate("localhost", leaf, "benchmark intermediate", intermediate, ca=False),
        certificate("benchmark intermediate", intermediate, "benchmark root", root, ca=True),
    ]
    return write_served(folder, leaf, chain, root_certificate)


def write_served(folder: Path, key: rsa.RSAPrivateKey, chain: list[x509.Certificate], root: x509.Certificate) -> Path:
    """What nginx serves, and the system's trust store with the root added, whose path is returned."""
    pem = serialization.Encoding.PEM
    (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(pem) for each in chain))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(Path(certifi.where()).read_bytes() + root.public_bytes(pem))
    return ca_file


def certificate(
    subject: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (subject, issuer)]
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def required(program: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise SystemExit(f"{program} is not installed: this benchmark needs it")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for_port(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


def stop(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)


if __name__ == "__main__":
    main()
