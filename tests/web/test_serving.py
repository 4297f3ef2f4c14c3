"""The running exporter with a web configuration file: real handshakes, real refusals, the webhook down to the ledger."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt
import pytest
import requests
from certificates import Authority

CONFIG = """\
policy: {downtime_after: 2s, maintenance: {recurring: []}}
probe: {interval: 1s, timeout: 500ms}
services:
  - name: svc
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]
web: {listen: "127.0.0.1:0", config_file: web.yml, write_token_file: token}
"""
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
MUTUAL = TLS.replace("}", ", client_ca_file: clients.crt, client_auth_type: RequireAndVerifyClientCert}")
PASSWORD = "s3cret password"
TOKEN = "s3cret token"
USERS = f"basic_auth_users:\n  prometheus: {bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n"
GOOD = ("prometheus", PASSWORD)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    found = Authority("servers")
    found.write(tmp_path / "ca.crt")
    found.issue(tmp_path / "server.crt", tmp_path / "server.key")
    return found


@pytest.fixture
def folder(tmp_path: Path, authority: Authority) -> Path:
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return tmp_path


@contextmanager
def exporter(folder: Path, web: str, **environment: str) -> Iterator[str]:
    """A running exporter; its URL, as it says it."""
    (folder / "web.yml").write_text(web)
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sesam_slo.cli", "--config", str(folder / "sesam-slo.yml"), "run"],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        assert said[:2] == ["sesam-slo:", "page"], (folder / "log").read_text()
        assert said[3:] == ["metrics", f"{said[2]}metrics"]
        yield said[2].rstrip("/")
    finally:
        process.terminate()
        process.wait(20)


def eventually(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def serial(url: str, folder: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> int:
    """The serial number of the certificate in a new handshake; raises ssl.SSLError where there is none."""
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.maximum_version = version
    host, port = url.rpartition("/")[2].split(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        certificate = connection.getpeercert()
        assert certificate is not None
        return int(str(certificate["serialNumber"]), 16)


def test_tls_and_basic_authentication_together(folder: Path) -> None:
    with exporter(folder, TLS + USERS) as url:
        assert url.startswith("https://127.0.0.1:")
        ca = str(folder / "ca.crt")
        assert requests.get(f"{url}/metrics", auth=GOOD, verify=ca, timeout=10).status_code == 200
        for auth in (None, ("prometheus", "wrong"), ("nobody", PASSWORD)):
            answer = requests.get(f"{url}/metrics", auth=auth, verify=ca, timeout=10)
            assert (answer.status_code, answer.text) == (401, "Basic authentication is needed.\n")
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{url}/metrics", timeout=10)  # an authority that nobody knows
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"{url.replace('https', 'http')}/metrics", timeout=10)
    log = (folder / "log").read_text()
    assert PASSWORD not in log
    assert "$2b$" not in log
    assert "Traceback" not in log


def test_a_renewed_certificate_is_served_without_a_restart_and_a_broken_one_is_not(
    folder: Path, authority: Authority
) -> None:
    with exporter(folder, TLS) as url:
        first = serial(url, folder)
        renewed = authority.issue(folder / "server.crt", folder / "server.key")
        assert renewed != first
        assert serial(url, folder) == renewed
        (folder / "server.crt").write_text("half a file")
        assert serial(url, folder) == renewed
        (folder / "server.key").unlink()
        assert serial(url, folder) == renewed
        renewed = authority.issue(folder / "server.crt", folder / "server.key")
        assert serial(url, folder) == renewed


def test_the_oldest_version_that_is_served_is_as_configured(folder: Path) -> None:
    with exporter(folder, TLS) as url:
        assert serial(url, folder, ssl.TLSVersion.TLSv1_2)
    with exporter(folder, TLS.replace("}", ", min_version: TLS13}")) as url:
        assert serial(url, folder)
        with pytest.raises(ssl.SSLError):
            serial(url, folder, ssl.TLSVersion.TLSv1_2)


def test_a_client_needs_a_certificate_where_that_is_configured(folder: Path, authority: Authority) -> None:
    clients, others = Authority("clients"), Authority("others")
    clients.write(folder / "clients.crt")
    clients.issue(folder / "good.crt", folder / "good.key")
    others.issue(folder / "bad.crt", folder / "bad.key")
    with exporter(folder, MUTUAL) as url:

        def get(name: str | None) -> int:
            pair = (str(folder / f"{name}.crt"), str(folder / f"{name}.key")) if name else None
            answer = requests.get(f"{url}/-/healthy", cert=pair, verify=str(folder / "ca.crt"), timeout=10)
            return answer.status_code

        for _ in range(2):  # with the first certificate, and with a renewed one
            assert get("good") == 200
            for name in (None, "bad"):
                with pytest.raises(requests.exceptions.ConnectionError):
                    get(name)
            authority.issue(folder / "server.crt", folder / "server.key")


@pytest.mark.parametrize(
    ("web", "message"),
    [
        (
            "basic_auth_user: {}\n",
            "web.yml: basic_auth_user: unknown key; expected tls_server_config or basic_auth_users",
        ),
        (
            TLS.replace("server.key", "no.key"),
            "web.yml: tls_server_config.key_file: cannot be read: No such file or directory; expected a PEM file",
        ),
    ],
)
def test_a_fault_of_the_file_ends_the_start_with_status_2(folder: Path, web: str, message: str) -> None:
    (folder / "web.yml").write_text(web)
    done = subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", "run"],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{folder}/{message}\n")
    assert not list(folder.glob("*.db*"))


def test_a_page_that_went_out_is_in_the_log_also_after_a_restart(folder: Path) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def entries(url: str) -> list[dict[str, object]]:
        (service,) = requests.get(f"{url}/api/v1/status", auth=GOOD, timeout=10).json()["services"]
        return list(service["downtime"])

    with exporter(folder, USERS) as url:
        assert url.startswith("http://127.0.0.1:")
        eventually(lambda: entries(url) != [], "a downtime")
        (entry,) = entries(url)
        assert entry["reported_at"] is None
        notice = {
            "version": "4",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "SesamDowntime", "service": "svc"},
                    "startsAt": entry["start"],
                }
            ],
        }
        webhook = f"{url}/api/v1/alertmanager"
        assert requests.post(webhook, json=notice, timeout=10).status_code == 401
        assert requests.post(webhook, json=notice, auth=GOOD, timeout=10).status_code == 401
        answer = requests.post(webhook, json=notice, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()) == (200, {"reported": [entry["id"]]})
        eventually(lambda: entries(url)[0]["reported_at"] is not None, "the report")
        reported = entries(url)[0]["reported_at"]
    with exporter(folder, USERS) as url:
        eventually(lambda: entries(url) != [], "the log")
        (entry,) = entries(url)
        assert (entry["reported_at"], entry["reported_by"]) == (reported, "alertmanager")
    assert TOKEN not in (folder / "log").read_text()


def test_head_is_answered_as_get_is_and_without_a_body(folder: Path) -> None:
    with exporter(folder, "") as url:
        for path in ("/-/healthy", "/-/ready", "/metrics", "/", "/api/v1/log"):
            got, head = (requests.request(method, url + path, timeout=10) for method in ("GET", "HEAD"))
            assert (head.status_code, head.content) == (200, b""), path
            assert head.headers["content-type"] == got.headers["content-type"]
        assert requests.head(f"{url}/-/reload", timeout=10).status_code == 405


def test_the_description_of_every_write_says_what_it_needs_and_how_it_is_refused(folder: Path) -> None:
    with exporter(folder, "") as url:
        paths = requests.get(f"{url}/openapi.json", timeout=10).json()["paths"]
        writes = [(method, path) for path in paths for method in paths[path] if method != "get"]
        assert len(writes) >= 9
        for method, path in writes:
            said = paths[path][method]
            assert said["security"] == [{"HTTPBearer": []}], path
            assert {"401", "403", "429", "503"} <= said["responses"].keys(), path
            assert requests.request(method, url + path, json={}, timeout=10).status_code == 401, path
        reads = [paths[path]["get"] for path in paths if "get" in paths[path]]
        assert not any("security" in each for each in reads)


@pytest.mark.parametrize(
    ("environment", "slowed"), [({}, True), ({"FORWARDED_ALLOW_IPS": "127.0.0.1"}, False)], ids=["anybody", "a proxy"]
)
def test_who_guesses_cannot_claim_another_address_unless_a_proxy_is_believed(
    folder: Path, environment: dict[str, str], slowed: bool
) -> None:
    with exporter(folder, "", **environment) as url:
        statuses = [
            requests.patch(
                f"{url}/api/v1/log/x",
                headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"192.0.2.{number}"},
                timeout=5,
            ).status_code
            for number in range(15)
        ]
    assert statuses == [401] * 10 + [429 if slowed else 401] * 5


def test_head_is_answered_without_a_body(folder: Path) -> None:
    with exporter(folder, "") as url:
        address = urlsplit(url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(b"HEAD /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 22" in head.lower()
    assert body == b""
