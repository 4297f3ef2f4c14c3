"""A probe engine, servers that end with the test, and a certificate authority."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import Probe, Serve, observe
from hostile import Authority, Behaviour, Server

from sesam_slo.core.model import Request
from sesam_slo.probe import Observation, ProbeEngine


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def engine(authority: Authority) -> Iterator[ProbeEngine]:
    with ProbeEngine(ca_file=str(authority.ca_file)) as engine:
        yield engine


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(behaviour, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def probe(engine: ProbeEngine) -> Probe:
    """Probes once: `probe(url, timeout_seconds=..., **fields of Request)`."""

    def once(url: str, timeout_seconds: float = 5.0, **fields: Any) -> Observation:
        return observe(engine, Request(url, **fields), timeout_seconds)

    return once


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("s3cret-token-of-ours\n")
    return path
