"""Support cases in the running exporter: opened by downtime, told by a desk, changed by command, there after a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from test_serving import TOKEN, eventually, exporter

CONFIG = """\
policy: {downtime_after: 2s, maintenance: {recurring: []}, support: {open_cases: true, open_cases_for: user}}
probe: {interval: 1s, timeout: 500ms}
services:
  - name: svc
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]
web: {listen: "127.0.0.1:0", config_file: web.yml, write_token_file: token}
"""
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
DESK = {"author": "jira", "reference": "SUP-7", "service": "svc", "level": "B", "customer_class": "partner"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return tmp_path


def case(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "sesam_slo.cli", "case", *arguments]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def cases(url: str, **asked: Any) -> dict[str, dict[str, Any]]:
    found = requests.get(f"{url}/api/v1/cases", params=asked, timeout=10).json()["cases"]
    return {each["id"]: each for each in found}


def test_from_the_downtime_and_from_the_desk_to_the_next_start(folder: Path) -> None:
    with exporter(folder, "") as url:
        eventually(lambda: requests.get(f"{url}/-/ready", timeout=10).status_code == 200, "the first state")
        eventually(lambda: len(cases(url)) == 1, "the case of the downtime")
        (by_itself,) = cases(url).values()
        assert by_itself["id"] == f"{by_itself['event']}-case"
        assert (by_itself["level"], by_itself["customer_class"], by_itself["reported_by"]) == ("A", "user", "sesam-slo")

        told = requests.post(f"{url}/api/v1/cases/webhook", json=DESK, headers=HEADERS, timeout=10)
        assert told.status_code == 201, told.text
        again = requests.post(f"{url}/api/v1/cases/webhook", json=DESK, headers=HEADERS, timeout=10)
        assert (again.status_code, again.json()) == (200, {"id": told.json()["id"], "changed": []})

        assert case(folder, "start", "SUP-7", "--author", "kari") == f"{told.json()['id']}\n"
        eventually(lambda: cases(url)[told.json()["id"]]["state"] == "started", "what the command line wrote")
        event = requests.get(f"{url}/api/v1/cases/SUP-7", timeout=10).json()
        assert [(each["author"], each["kind"]) for each in event["history"]] == [
            ("jira", "changed"),
            ("kari", "changed"),
        ]

    with exporter(folder, "") as url:
        eventually(lambda: requests.get(f"{url}/-/ready", timeout=10).status_code == 200, "the first state")
        assert len(cases(url, open="true")) == 2
        listed = json.loads(case(folder, "list", "--format", "json"))
        assert [each["id"] for each in listed] == list(cases(url)) == [by_itself["id"], told.json()["id"]]
    assert "Traceback" not in (folder / "log").read_text()
