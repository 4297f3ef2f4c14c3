"""What is no YAML, or not ours: one clean line each, in bounded time, whatever the bytes."""

# ruff: noqa: E501 - messages stand whole, in one line

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from configurations import EXAMPLE, Edit, edit, faults_of
from sesam_slo.config import ConfigError, load

KEYS = [
    edit(
        "top-level",
        "ledger: sq",
        "lodger: sq",
        "73: lodger: unknown key; did you mean ledger?",
    ),
    edit(
        "nothing-like-it",
        "ledger: sq",
        "zzz: sq",
        "73: zzz: unknown key; expected one of policy, probe, control_targets, services, ledger, evidence, web, prometheus, alertmanager, grafana",
    ),
    edit(
        "in-an-endpoint",
        "        timeout: 5s\n",
        "        timeuot: 5s\n",
        "47: services[0].endpoints[0].timeuot: unknown key; did you mean timeout?",
    ),
    edit(
        "in-alerts",
        "early_page",
        "earlypage",
        "32: policy.alerts.earlypage: unknown key; did you mean early_page?",
    ),
    edit(
        "twice",
        "objective: 99.5",
        "objective: 99.5\n  objective: 99",
        "3: policy.objective: written twice, first in line 2; expected once",
    ),
    edit(
        "number",
        "ledger: sq",
        "1: sq",
        '73: the key "1" is not text to YAML; expected text, if need be in quotes',
    ),
    edit(
        "boolean",
        "ledger: sq",
        "on: sq",
        '73: the key "on" is not text to YAML; expected text, if need be in quotes',
    ),
    edit(
        "list",
        "ledger: sq",
        "? [a]\n: sq",
        "73: a list or mapping as a key is not text to YAML; expected text, if need be in quotes",
    ),
    edit(
        "section-no-mapping",
        "web:\n",
        "web: [1]\nprobes:\n",
        "74: web: is a list; expected a mapping with the keys listen, config_file, write_token_file, reading, read_token_file, external_url",
        "75: probes: unknown key; did you mean probe?",
    ),
    edit(
        "section-without-value",
        "  alerts:\n    early_page: 5m\n    flapping_changes: 8\n",
        "  alerts:\n",
        "31: policy.alerts: has no value; expected one, otherwise leave it out",
    ),
    edit(
        "unknown-with-control-characters",
        "ledger: sq",
        '"\\e[2J\\n": sq',
        '73: ["\\x1b[2J\\n"]: unknown key; expected one of policy, probe, control_targets, services, ledger, evidence, web, prometheus, alertmanager, grafana',
    ),
]

WHOLE = [
    pytest.param(
        "",
        [
            " the file is empty; expected a mapping with at least the key services",
        ],
        id="empty",
    ),
    pytest.param(
        "# nothing yet\n",
        [
            " the file is empty; expected a mapping with at least the key services",
        ],
        id="comments-only",
    ),
    pytest.param(
        "~\n",
        [
            "1: has no value; expected one, otherwise leave it out",
        ],
        id="null",
    ),
    pytest.param(
        "- a\n",
        [
            "1: is a list; expected a mapping with the keys policy, probe, control_targets, services, ledger, evidence, web, prometheus, alertmanager, grafana",
        ],
        id="list",
    ),
    pytest.param(
        "services\n",
        [
            "1: is text; expected a mapping with the keys policy, probe, control_targets, services, ledger, evidence, web, prometheus, alertmanager, grafana",
        ],
        id="text",
    ),
    pytest.param(
        "policy: {}\n",
        [
            "1: services: is missing; expected a list of at least one service",
        ],
        id="no-services",
    ),
    pytest.param(
        "services: []\n",
        [
            "1: services: is empty; expected a list of at least one service",
        ],
        id="services-empty",
    ),
    pytest.param(
        "services:\n",
        [
            "1: services: has no value; expected a list of at least one service",
        ],
        id="services-without-value",
    ),
    pytest.param(
        "services: {a: 1}\n",
        [
            "1: services: is a mapping; expected a list of at least one service",
        ],
        id="services-mapping",
    ),
    pytest.param(
        "services: [a, 1]\n",
        [
            "1: services[0]: is text; expected a mapping with the keys name, labels, endpoints",
            "1: services[1]: is a number; expected a mapping with the keys name, labels, endpoints",
        ],
        id="services-of-text",
    ),
    pytest.param(
        "policy:\n  downtime_after: 40s\nservices:\n  - {name: a, endpoints: [{name: b, kind: ui, url: https://x.example}]}\n",
        [
            "2: policy.downtime_after: shorter than twice the probe interval (30s): 40s; expected at least 1m",
        ],
        id="default-interval",
    ),
    pytest.param(
        "services: [a\n",
        [
            "2: not YAML: expected ',' or ']', but got '<stream end>'; expected valid YAML",
        ],
        id="flow-not-closed",
    ),
    pytest.param(
        "services:\n\t- a\n",
        [
            "2: not YAML: found character '\\t' that cannot start any token; expected spaces, no tabs, for indentation",
        ],
        id="tab",
    ),
    pytest.param(
        "services: @a\n",
        [
            "1: not YAML: found character '@' that cannot start any token; expected text that begins with it in quotes",
        ],
        id="special-character",
    ),
    pytest.param(
        "services: a: b\n",
        [
            "1: not YAML: mapping values are not allowed here; expected text with a colon in quotes, and keys of a mapping indented alike",
        ],
        id="colon",
    ),
    pytest.param(
        "services: *a\n",
        [
            "1: not YAML: found undefined alias 'a'; expected an anchor of that name, or text that begins with * in quotes",
        ],
        id="alias-unknown",
    ),
    pytest.param(
        "a: 1\n---\nb: 2\n",
        [
            "2: not YAML: found another document; expected one document",
        ],
        id="two-documents",
    ),
    pytest.param(
        "services: []\n\x07\n",
        [
            "2: not YAML: a control character; expected plain text",
        ],
        id="control-character",
    ),
    pytest.param(
        'a: "\\UFFFFFFFF"\n',
        [
            " not YAML: an escape that is no character; expected valid YAML",
        ],
        id="escape-of-no-character",
    ),
    pytest.param(
        "a:\n    b: 1\n  c: 2\n",
        [
            "3: not YAML: expected <block end>, but found '<block mapping start>'; expected the keys of a mapping indented alike",
        ],
        id="indentation",
    ),
    pytest.param(
        "services: !!python/object/apply:os.system [x]\n",
        [
            "1: services: has a YAML tag that means nothing here; expected a plain value",
        ],
        id="python-tag",
    ),
    pytest.param(
        "services: !!int [1]\n",
        [
            "1: services: has a YAML tag that means nothing here; expected a plain value",
        ],
        id="tag-of-another-kind",
    ),
    pytest.param(
        "services: []\n<<: x\n",
        [
            "1: services: is empty; expected a list of at least one service",
            "2: << merges what is not a mapping; expected an alias of a mapping",
        ],
        id="merge-of-text",
    ),
    pytest.param(
        'services: ["\\ud800"]\n',
        [
            "1: services[0]: has half of a surrogate pair; expected Unicode text",
        ],
        id="surrogate",
    ),
]


@pytest.mark.parametrize("broken", KEYS)
def test_keys(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize(("text", "faults"), WHOLE)
def test_whole_files(tmp_path: Path, text: str, faults: list[str]):
    assert faults_of(tmp_path, text) == tuple(faults)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a: b\nc: \xff\n", "2: not UTF-8 text; expected a file in UTF-8"),
        ("services: []".encode("utf-16"), "1: not UTF-8 text; expected a file in UTF-8"),
        (b"#" * (1024 * 1024 + 1), " larger than 1024 KiB; expected a configuration file"),
    ],
)
def test_bytes(tmp_path: Path, content: bytes, fault: str):
    assert faults_of(tmp_path, content) == (fault,)


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "nope.yml")
    assert (
        str(refused.value)
        == f"{tmp_path}/nope.yml: cannot be read: No such file or directory; expected a configuration file"
    )


def test_a_directory(tmp_path: Path):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert str(refused.value) == f"{tmp_path}: cannot be read: Is a directory; expected a configuration file"


SEXAGESIMAL = "1: services: a number of more than 100 digits; expected a shorter one, or quotes"


def _bomb(levels: int) -> str:
    names = [chr(ord("a") + level) for level in range(levels + 1)]
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]" for below, name in pairwise(names)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(_bomb(20), "1: more than 100000 values, aliases expanded; expected fewer", id="laughs"),
        pytest.param("services: &a [*a, *a]", "1: nested too deeply; expected at most 30 levels", id="self"),
        pytest.param(
            "services: &a {<<: [*a, *a]}", "1: nested too deeply; expected at most 30 levels", id="merge-self"
        ),
        pytest.param("services: 1" + ":1" * 200_000, SEXAGESIMAL, id="sexagesimal"),
        pytest.param("[" * 40 + "]" * 40, "1: nested too deeply; expected at most 30 levels", id="deep"),
        pytest.param("[" * 100_000, "1: nested too deeply; expected at most 30 levels", id="deeper"),
        pytest.param("- " * 100_000, "1: nested too deeply; expected at most 30 levels", id="deeper-block"),
    ],
)
def test_bombs_are_refused_in_bounded_time(tmp_path: Path, text: str, fault: str):
    started = time.monotonic()
    assert faults_of(tmp_path, text) == (fault,)
    assert time.monotonic() - started < 60


words = st.sampled_from(
    [
        "",
        "a",
        "30s",
        "0s",
        "22:00",
        "24:00",
        "api",
        "https://x.example/",
        "https://[",
        "*",
        "\x00",
        "\ud800",
        "Europe/Oslo",
    ]
)
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words | st.dates() | st.datetimes()
)
KEYS_OF_THE_FILE = sorted(
    {
        key
        for event in yaml.parse(EXAMPLE)
        if isinstance(event, yaml.ScalarEvent) and (key := event.value).isidentifier()
    }
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS_OF_THE_FILE) | st.text(max_size=4) | st.integers(), inner, max_size=5)
    ),
    max_leaves=25,
)


def _loads_or_refuses(folder: Path, content: bytes) -> None:
    for line in faults_of(folder, content):
        assert line.isprintable()
        assert "Error" not in line


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_raise_anything_but_a_config_error(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    _loads_or_refuses(tmp_path_factory.getbasetemp(), content)


@settings(deadline=None)
@given(trees)
def test_no_yaml_raises_anything_but_a_config_error(tmp_path_factory: pytest.TempPathFactory, tree: object):
    _loads_or_refuses(tmp_path_factory.getbasetemp(), yaml.safe_dump(tree).encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.data())
def test_no_value_in_a_valid_file_raises_anything_but_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    document = yaml.safe_load(EXAMPLE)
    places: list[tuple[dict | list, str | int]] = []

    def walk(container: dict | list) -> None:
        for key, value in container.items() if isinstance(container, dict) else enumerate(container):
            places.append((container, key))
            if isinstance(value, dict | list):
                walk(value)

    walk(document)
    for container, key in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)):
        container[key] = data.draw(trees)
    _loads_or_refuses(tmp_path_factory.getbasetemp(), yaml.safe_dump(document).encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.integers(0, len(EXAMPLE)), st.integers(0, 12), st.text(max_size=3))
def test_no_slip_of_the_pen_raises_anything_but_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, dropped: int, typed: str
):
    text = EXAMPLE[:at] + typed + EXAMPLE[at + dropped :]
    _loads_or_refuses(tmp_path_factory.getbasetemp(), text.encode("utf-8", "surrogatepass"))
