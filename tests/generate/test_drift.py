"""What is committed is what `generate` writes from the shipped configuration."""

import re
from pathlib import Path

import pytest

from sesam_slo.config import load
from sesam_slo.core.names import METRICS, Alert
from sesam_slo.generate import artifacts

ROOT = Path(__file__).parents[2]
ALERTS = sorted(value for name, value in vars(Alert).items() if name.isupper())


@pytest.fixture(scope="module")
def committed_year():
    """The first year whose holidays were written. `generate --check` compares with the present one instead."""
    (year,) = re.findall(r"holidays of (\d{4}) to", (ROOT / "alertmanager/alertmanager.yml").read_text())
    return int(year)


def test_nothing_has_drifted(committed_year):
    files = artifacts(load(ROOT / "exporter/sesam-slo.yml", syntax_only=True), committed_year)
    drifted = [path for path, text in files.items() if (ROOT / path).read_text() != text]
    assert drifted == [], "run: make generate"


def test_no_rule_file_is_left_over(committed_year):
    files = artifacts(load(ROOT / "exporter/sesam-slo.yml", syntax_only=True), committed_year)
    left_over = [path for path in (ROOT / "prometheus/rules").iterdir() if f"prometheus/rules/{path.name}" not in files]
    assert left_over == []


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_runbook(alert):
    page = (ROOT / f"docs/runbooks/{alert}.md").read_text()
    assert page.startswith(f"# {alert}\n")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == ["What it means", "Check first", "Silence it honestly"]


def test_every_runbook_belongs_to_an_alert():
    assert sorted(path.stem for path in (ROOT / "docs/runbooks").glob("*.md") if path.name != "README.md") == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_every_metric_a_runbook_names_exists(alert):
    page = (ROOT / f"docs/runbooks/{alert}.md").read_text()
    assert set(re.findall(r"\bsesam_slo_\w+", page)) <= METRICS.keys()
