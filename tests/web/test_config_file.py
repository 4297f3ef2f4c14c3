"""The web configuration file: what it says, and what is said of its faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority

from sesam_slo.web import WebConfig, WebConfigError, read_web_config, server_context
from sesam_slo.web.config_file import TlsServer

HASH = "$2y$10$" + "a" * 53
TLS = "tls_server_config: {cert_file: a.crt, key_file: a.key%s}\n"
USERS = "expected bcrypt hashes by the users' names"
KEYS = "expected the keys cert_file, key_file, min_version, client_ca_file, client_auth_type"


def read(folder: Path, text: str | bytes) -> WebConfig:
    path = folder / "web.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_web_config(path)


def refusal(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(WebConfigError) as raised:
        read(folder, text)
    return [line.removeprefix(f"{folder}/web.yml: ") for line in str(raised.value).splitlines()]


def test_everything_that_it_may_say(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"""\
tls_server_config:
  cert_file: server.crt
  key_file: /etc/keys/server.key
  min_version: TLS13
  client_ca_file: clients.crt
  client_auth_type: RequireAndVerifyClientCert
basic_auth_users:
  prometheus: {HASH}
  "007": {HASH}
""",
    )
    assert found == WebConfig(
        TlsServer(tmp_path / "server.crt", Path("/etc/keys/server.key"), "TLS13", tmp_path / "clients.crt"),
        {"prometheus": HASH, "007": HASH},
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}\n"])
def test_an_empty_file_is_plain_http_for_everybody(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == WebConfig()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[]", ["not a mapping; expected the keys tls_server_config, basic_auth_users"]),
        ("a: [", ["not YAML at line 1; expected a web configuration file"]),
        ("a: 2026-99-99", ["not YAML; expected a web configuration file"]),
        (b"\xff", ["not YAML; expected a web configuration file"]),
        ("[" * 5000, ["not YAML; expected a web configuration file"]),
        (b"#" * (1024 * 1024 + 1), ["larger than 1024 KiB; expected a web configuration file"]),
        (f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n",
         ["the same key twice at line 3; expected a web configuration file"]),
        ("http_server_config: {}", ["http_server_config: unknown key; expected tls_server_config or basic_auth_users"]),
        ("basic_auth_users: [a]", [f"basic_auth_users: not a mapping; {USERS}"]),
        ("basic_auth_users: {}", [f"basic_auth_users: names nobody; {USERS}"]),
        ("basic_auth_users: {a: hunter2}",
         ["basic_auth_users.a: not a bcrypt hash; expected one such as $2y$10$..., never the password itself"]),
        (f"basic_auth_users: {{'a:hunter2': {HASH}}}",
         ["basic_auth_users.a:hunter2: not a user's name; expected text without a colon (numbers in quotes)"]),
        (f"basic_auth_users: {{7: {HASH}}}",
         ["basic_auth_users.7: not a user's name; expected text without a colon (numbers in quotes)"]),
        ("tls_server_config: on", [f"tls_server_config: not a mapping; {KEYS}"]),
        ("tls_server_config: {}", [
            "tls_server_config.cert_file: missing; expected the path of a PEM file",
            "tls_server_config.key_file: missing; expected the path of a PEM file",
        ]),
        ("tls_server_config: {cert_file: 7, key_file: ''}", [
            "tls_server_config.cert_file: not a path; expected the path of a PEM file",
            "tls_server_config.key_file: not a path; expected the path of a PEM file",
        ]),
        (TLS % ", cipher_suites: []", [f"tls_server_config.cipher_suites: unknown key; {KEYS}"]),
        (TLS % ", min_version: TLS10",
         ["tls_server_config.min_version: not a version that is served; expected TLS12 or TLS13"]),
        (TLS % ", client_auth_type: RequestClientCert",
         ["tls_server_config.client_auth_type: not a policy that is known here; "
          "expected NoClientCert or RequireAndVerifyClientCert"]),
        (TLS % ", client_auth_type: RequireAndVerifyClientCert",
         ["tls_server_config.client_ca_file: missing; expected the path of a PEM file, as client_auth_type is "
          "RequireAndVerifyClientCert"]),
        (TLS % ", client_ca_file: ca.crt",
         ["tls_server_config.client_auth_type: asks for no certificate; expected RequireAndVerifyClientCert beside "
          "client_ca_file"]),
        (TLS % ", min_version: [TLS12]",
         ["tls_server_config.min_version: not a version that is served; expected TLS12 or TLS13"]),
        ('? "a key\\nof two lines"\n: 1\nb: 2\n', [
            "a key: unknown key; expected tls_server_config or basic_auth_users",
            "b: unknown key; expected tls_server_config or basic_auth_users",
        ]),
        ("? [a]\n: 1\n", ["not YAML at line 1; expected a web configuration file"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_key_and_what_is_expected(
    tmp_path: Path, text: str | bytes, faults: list[str]
) -> None:
    assert refusal(tmp_path, text) == faults


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WebConfigError) as raised:
        read_web_config(tmp_path / "no.yml")
    assert str(raised.value) == (
        f"{tmp_path}/no.yml: cannot be read: No such file or directory; expected a web configuration file"
    )


class TestCertificates:
    @pytest.fixture
    def tls(self, tmp_path: Path) -> TlsServer:
        authority = Authority("test")
        authority.issue(tmp_path / "a.crt", tmp_path / "a.key")
        authority.issue(tmp_path / "b.crt", tmp_path / "b.key")
        authority.issue(tmp_path / "sealed.crt", tmp_path / "sealed.key", b"password")
        (tmp_path / "text").write_text("no PEM\n")
        return TlsServer(tmp_path / "a.crt", tmp_path / "a.key")

    @pytest.mark.parametrize(
        ("cert", "key", "ca", "fault"),
        [
            ("no.crt", "a.key", None, "cert_file: cannot be read: No such file or directory; expected a PEM file"),
            ("a.crt", ".", None, "key_file: cannot be read: Is a directory; expected a PEM file"),
            ("a.crt", "a.key", "no.crt",
             "client_ca_file: cannot be read: No such file or directory; expected a PEM file"),
            ("a.crt", "b.key", None, "cert_file: not the certificate of key_file; expected a certificate and its key in "
             "PEM, not encrypted"),
            ("text", "a.key", None, "cert_file: cannot be used with key_file; expected a certificate and its key in PEM, "
             "not encrypted"),
            ("sealed.crt", "sealed.key", None, "cert_file: cannot be used with key_file; expected a certificate and its "
             "key in PEM, not encrypted"),
            ("a.crt", "a.key", "text", "client_ca_file: holds no certificate; expected a PEM file of them"),
        ],
    )  # fmt: skip
    def test_a_pair_that_cannot_be_used(
        self, tls: TlsServer, tmp_path: Path, cert: str, key: str, ca: str | None, fault: str
    ) -> None:
        bad = TlsServer(tmp_path / cert, tmp_path / key, client_ca_file=tmp_path / ca if ca else None)
        with pytest.raises(WebConfigError) as raised:
            server_context(bad, Path("web.yml"))
        assert str(raised.value) == f"web.yml: tls_server_config.{fault}"
