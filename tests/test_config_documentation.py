"""docs/configuration.md names every key and the true defaults, and its examples are valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from configurations import faults_of
from sesam_slo.config import format_duration
from sesam_slo.config.models import File, Section
from sesam_slo.core.model import AlertTimings

DOCUMENT = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
SERVICES = EXAMPLES[0]


def _sections(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)


def _keys(section: type[Section]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield field.alias or name
        for inner in _sections(field.annotation):
            yield from _keys(inner)


@pytest.mark.parametrize("key", sorted(set(_keys(File))))
def test_every_key_is_documented(key: str):
    assert re.search(rf"[`.]{key}[`.\[]", DOCUMENT)


@pytest.mark.parametrize("key", AlertTimings.__dataclass_fields__)
def test_the_documented_default_of_an_alert_timing_is_the_real_one(key: str):
    [row] = [row for row in DOCUMENT.splitlines() if row.startswith("| `") and f"`{key}`" in row.split("|")[1]]
    keys, defaults = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3])
    default = getattr(AlertTimings(), key)
    if isinstance(default, timedelta):
        default = format_duration(default)
    assert defaults[keys.index(key)] == ("off" if default is None else str(default))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(tmp_path: Path, example: str):
    whole = example if "services:\n" in example else example + SERVICES
    assert faults_of(tmp_path, whole, syntax_only=True) == ()
