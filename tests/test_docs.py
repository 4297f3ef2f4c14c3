"""The documents name what the product has, all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sesam_slo.core.names import METRICS, Alert

DOCS = Path(__file__).parent.parent / "docs"
ALERTS = sorted(name for key, name in vars(Alert).items() if key.isupper())


def test_every_metric_is_described_with_its_labels() -> None:
    rows = re.findall(
        r"^\| `(sesam_slo_\w+)` \| (\w+) \| (.*?) \|", (DOCS / "metrics.md").read_text("utf-8"), re.MULTILINE
    )
    assert {(name, kind, labels) for name, kind, labels in rows} == {
        (metric.name, metric.type, ", ".join(f"`{label}`" for label in metric.labels) or "-")
        for metric in METRICS.values()
    }


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_runbook(alert: str) -> None:
    text = (DOCS / "runbooks" / f"{alert}.md").read_text("utf-8")
    assert text.startswith(f"# {alert}\n")


def test_links_between_documents_lead_somewhere() -> None:
    root = DOCS.parent
    for document in (*root.glob("*.md"), *DOCS.rglob("*.md"), *root.glob("*/README.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.relative_to(root)}: {target}"
