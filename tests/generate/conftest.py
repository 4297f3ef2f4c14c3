import subprocess
from datetime import timedelta

import pytest

from sesam_slo.core.model import AlertTimings, Config, Endpoint, Kind, Policy, Request, Service
from sesam_slo.generate import artifacts

YEAR = 2026


@pytest.fixture(scope="session")
def configuration():
    """A configuration of one service; `configuration(early_page=…)` changes timings, `policy` the rest of the policy."""

    def build(*, interval=timedelta(seconds=30), policy=None, **timings):
        endpoints = tuple(
            Endpoint(
                kind.value, kind, Request("https://sesam.example/"), interval, min(interval, timedelta(seconds=10))
            )
            for kind in Kind
        )
        policy = Policy(alerts=AlertTimings(**timings), **(policy or {}))
        return Config(policy, (Service("datahub-prod", endpoints),))

    return build


@pytest.fixture(scope="session")
def quick_timings():
    """Timings as an end-to-end test has them: everything within seconds."""
    seconds = {name: timedelta(seconds=value) for name, value in QUICK_SECONDS.items()}
    return {**seconds, "flapping_within": timedelta(seconds=30)}


QUICK_SECONDS = {
    "lookback": 5,
    "scrape_interval": 1,
    "evaluation_interval": 1,
    "group_wait": 0.1,
    "group_interval": 1,
    "repeat_interval": 60,
    "early_page": 2,
    "not_responding_after": 1.5,
    "overrun_after": 2,
    "blind_after": 5,
    "exporter_down_after": 3,
    "ledger_failing_after": 2,
    "certificate_expires_within": 60,
    "credentials_failing_after": 4,
}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Writes what is generated into a folder of its own and returns the folder."""

    def write(config, deployment=None):
        folder = tmp_path_factory.mktemp("generated")
        for path, text in artifacts(config, YEAR, deployment).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return write


@pytest.fixture(scope="session")
def run_tool():
    """Runs one of Prometheus' own tools and returns what it wrote; fails with all of it unless it exits 0."""

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command[0]} {command[1]}:\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
