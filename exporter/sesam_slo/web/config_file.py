"""The web configuration file: TLS and basic auth of the exporter's own pages, in the notation of Prometheus' exporters.

    tls_server_config:
      cert_file: server.crt
      key_file: server.key
      min_version: TLS12                              # or TLS13
      client_ca_file: clients.crt
      client_auth_type: RequireAndVerifyClientCert    # or NoClientCert
    basic_auth_users:
      prometheus: $2y$10$...                          # bcrypt, as `htpasswd -nBC 10 "" | tr -d ':'` writes it

Relative paths start at the file's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_SECTIONS = ("tls_server_config", "basic_auth_users")
_TLS_KEYS = ("cert_file", "key_file", "min_version", "client_ca_file", "client_auth_type")
_VERSIONS = ("TLS12", "TLS13")
_NO_CLIENT, _VERIFY_CLIENT = "NoClientCert", "RequireAndVerifyClientCert"
_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_MAX_BYTES = 1024 * 1024


class WebConfigError(Exception):
    """What is wrong with the file, a line for each fault: `FILE: KEY: what is wrong; expected ...`. Quotes no value of it."""


@dataclass(frozen=True, slots=True)
class TlsServer:
    """PEM files of the server; with `client_ca_file`, only clients with a certificate of it are let in."""

    cert_file: Path
    key_file: Path
    min_version: str = "TLS12"
    client_ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class WebConfig:
    """The whole file; `users` are bcrypt hashes by name. Neither section written: plain HTTP, open to everybody."""

    tls: TlsServer | None = None
    users: Mapping[str, str] = field(default_factory=dict)


def read_web_config(path: Path) -> WebConfig:
    """Raises WebConfigError with every fault."""
    sections = _read(path)
    faults = list(_faults(sections))
    if faults:
        raise WebConfigError("\n".join(f"{path}: {fault}" for fault in faults))
    tls = sections.get("tls_server_config")
    return WebConfig(tls and _tls_server(tls, path.parent), sections.get("basic_auth_users") or {})


def _read(path: Path) -> dict[Any, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise WebConfigError(f"{path}: cannot be read: {error.strerror}; expected a web configuration file") from None
    if len(content) > _MAX_BYTES:
        raise WebConfigError(f"{path}: larger than {_MAX_BYTES // 1024} KiB; expected a web configuration file")
    try:
        sections = yaml.load(content.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, an impossible date
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = "the same key twice" if isinstance(error, _DuplicateKeyError) else "not YAML"
        raise WebConfigError(f"{path}: {problem}{where}; expected a web configuration file") from None
    if sections is None:
        return {}
    if not isinstance(sections, dict):
        raise WebConfigError(f"{path}: not a mapping; expected the keys {', '.join(_SECTIONS)}")
    return sections


class _DuplicateKeyError(yaml.MarkedYAMLError):
    pass


class _Loader(yaml.SafeLoader):
    """Refuses a key written twice: of two passwords of one user nobody could tell which counts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise _DuplicateKeyError(problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _faults(sections: Mapping[Any, Any]) -> Iterator[str]:
    for name, section in sections.items():
        if name not in _SECTIONS:
            yield f"{_shown(name)}: unknown key; expected {' or '.join(_SECTIONS)}"
        elif not isinstance(section, dict):
            yield f"{name}: not a mapping; expected {_expected(name)}"
        elif name == "tls_server_config":
            yield from _tls_faults(section)
        else:
            yield from _user_faults(section)


def _tls_faults(section: Mapping[Any, Any]) -> Iterator[str]:
    where = "tls_server_config"
    for key in section:
        if key not in _TLS_KEYS:
            yield f"{where}.{_shown(key)}: unknown key; expected {_expected(where)}"
    for key in ("cert_file", "key_file", "client_ca_file"):
        if key in section and not (isinstance(section[key], str) and section[key]):
            yield f"{where}.{key}: not a path; expected the path of a PEM file"
        elif key not in section and key != "client_ca_file":
            yield f"{where}.{key}: missing; expected the path of a PEM file"
    if section.get("min_version", _VERSIONS[0]) not in _VERSIONS:
        yield f"{where}.min_version: not a version that is served; expected {' or '.join(_VERSIONS)}"
    policy = section.get("client_auth_type", _NO_CLIENT)
    if policy not in (_NO_CLIENT, _VERIFY_CLIENT):
        yield f"{where}.client_auth_type: not a policy that is known here; expected {_NO_CLIENT} or {_VERIFY_CLIENT}"
    elif policy == _VERIFY_CLIENT and "client_ca_file" not in section:
        yield f"{where}.client_ca_file: missing; expected the path of a PEM file, as client_auth_type is {_VERIFY_CLIENT}"
    elif policy == _NO_CLIENT and "client_ca_file" in section:
        yield f"{where}.client_auth_type: asks for no certificate; expected {_VERIFY_CLIENT} beside client_ca_file"


def _user_faults(section: Mapping[Any, Any]) -> Iterator[str]:
    where = "basic_auth_users"
    if not section:
        yield f"{where}: names nobody; expected {_expected(where)}"
    for name, hashed in section.items():
        if not isinstance(name, str) or not name or ":" in name or not name.isprintable():
            yield f"{where}.{_shown(name)}: not a user's name; expected text without a colon (numbers in quotes)"
        elif not isinstance(hashed, str) or not _BCRYPT.fullmatch(hashed):
            yield f"{where}.{name}: not a bcrypt hash; expected one such as $2y$10$..., never the password itself"


def _expected(section: str) -> str:
    return f"the keys {', '.join(_TLS_KEYS)}" if section == "tls_server_config" else "bcrypt hashes by the users' names"


def _shown(key: object) -> str:
    """A key in one short line: what was written in the wrong place may be anything."""
    text = str(key)
    return text if len(text) <= 40 and text.isprintable() and text else "a key"


def _tls_server(section: Mapping[str, str], folder: Path) -> TlsServer:
    ca = section.get("client_ca_file")
    return TlsServer(
        folder / section["cert_file"],
        folder / section["key_file"],
        section.get("min_version", _VERSIONS[0]),
        folder / ca if ca is not None else None,
    )
