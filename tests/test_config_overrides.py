"""`--set KEY=VALUE`: what a setting beside the file changes, and what is said where it cannot."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sesam_slo.config import ConfigError, load
from sesam_slo.config.document import read_document
from sesam_slo.config.overrides import overridden

EXAMPLE = Path(__file__).parent / "config" / "example.yml"
KEYS = "expected a key as in the file and its value, such as policy.downtime_after=5m"


def set_to(*overrides: str):
    return load(EXAMPLE, syntax_only=True, overrides=overrides)


def test_a_setting_takes_the_place_of_what_the_file_says() -> None:
    policy = set_to("policy.downtime_after=5m", "policy.objective=99.9", "policy.maintenance.notice=0s").policy
    assert (policy.downtime_after, policy.objective_ratio, policy.notice) == (
        timedelta(minutes=5),
        pytest.approx(0.999),
        timedelta(),
    )
    assert policy.bridge_at_most == load(EXAMPLE, syntax_only=True).policy.bridge_at_most


def test_elements_of_lists_are_set_and_added() -> None:
    nightly, weekly, fresh = set_to(
        'policy.maintenance.recurring[0].end="04:30"',
        'policy.maintenance.recurring[2]={name: noon, start: "12:00", end: "12:30"}',
        "services[0].endpoints[0].interval=10s",
        'services[0].endpoints[0].expect.json["status"]=fine',
    ).policy.recurring
    assert (nightly.name, nightly.start_minute, nightly.end_minute) == ("nightly", 0, 270)
    assert (weekly.name, fresh.name, fresh.start_minute) == ("weekly", "noon", 720)


def test_a_whole_list_is_replaced_and_what_is_not_written_is_made(tmp_path: Path) -> None:
    assert set_to("policy.maintenance.recurring=[]").policy.recurring == ()
    path = tmp_path / "sesam-slo.yml"
    path.write_text("services: [{name: svc, endpoints: [{name: api, kind: api, url: 'http://127.0.0.1:9/'}]}]\n")
    config = load(path, overrides=["policy.maintenance.recurring[0]={name: n, start: '01:00', end: '02:00'}"])
    assert [window.start_minute for window in config.policy.recurring] == [60]


def test_of_two_settings_of_one_key_the_later_stands() -> None:
    assert set_to("policy.downtime_after=5m", "policy.downtime_after=7m").policy.downtime_after == timedelta(minutes=7)
    assert set_to("policy.downtime_after=", "policy.downtime_after=7m").policy.downtime_after == timedelta(minutes=7)


def test_the_document_itself_stays_as_it_was() -> None:
    document = read_document(EXAMPLE)
    overridden(document, ["policy.maintenance.recurring[0].name=other"])
    assert document == read_document(EXAMPLE)


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("policy.downtime_after=5x", '--set policy.downtime_after: not a duration: "5x"; expected a duration such as 500ms, '
         "30s, 10m, 48h, 2d or 1h30m"),
        ("policy.downtime_after=", "--set policy.downtime_after: has no value; expected one, otherwise leave it out"),
        ("policy.maintenance.recurring[0].end=22:00", "--set policy.maintenance.recurring[0].end: YAML reads a bare 22:00 as "
         'the number 1320; expected it in quotes: "22:00"'),
        ("policy.maintenance.notise=3h", "--set policy.maintenance.notise: unknown key; did you mean notice?"),
        ("policy.maintenance={notise: 3h}", "--set policy.maintenance: policy.maintenance.notise: unknown key; did you mean "
         "notice?"),
        ("policy.objective=[1", "--set policy.objective: not YAML: expected ',' or ']', but got '<stream end>'; expected "
         "valid YAML"),
        ("policy.objective.x=1", "--set policy.objective.x: policy.objective is a number; expected a mapping"),
        ("policy[0]=1", "--set policy[0]: policy is a mapping; expected a list"),
        ("policy.maintenance.recurring[5].end=1", "--set policy.maintenance.recurring[5].end: policy.maintenance.recurring has "
         "2 elements in the file; expected an index of at most 2, which adds one"),
        ("policy.maintenance.announced[0].name=!x y", "--set policy.maintenance.announced[0].name: has a YAML tag that means "
         "nothing here; expected a plain value"),
        ('policy.maintenance.recurring[0].end="00:00"', "--set policy.maintenance.recurring[0].end: the same as the start: "
         '"00:00"; expected another time of day'),
        ("policy.downtime_after", f'--set "policy.downtime_after": not KEY=VALUE; {KEYS}'),
        ("policy..objective=3", f'--set "policy..objective=3": not KEY=VALUE; {KEYS}'),
        (".policy.objective=3", f'--set ".policy.objective=3": not KEY=VALUE; {KEYS}'),
        ("=3", f'--set "=3": not KEY=VALUE; {KEYS}'),
    ],
)  # fmt: skip
def test_a_fault_is_the_configurations_own_and_names_the_setting(override: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        set_to(override)
    assert str(refused.value) == fault


def test_a_fault_in_the_file_that_a_setting_brings_about_names_both() -> None:
    with pytest.raises(ConfigError) as refused:
        set_to("policy.downtime_after=50s")
    assert str(refused.value) == (
        f"{EXAMPLE}:35: probe.interval: longer than half of policy.downtime_after (50s): 30s; expected at most 25s "
        "(with --set policy.downtime_after)"
    )


def test_every_setting_that_cannot_be_is_told() -> None:
    with pytest.raises(ConfigError) as refused:
        set_to("nonsense", "policy.objective.x=1")
    assert [fault.file for fault in refused.value.faults] == ['--set "nonsense"', "--set policy.objective.x"]


def test_no_depth_of_a_key_breaks_anything() -> None:
    with pytest.raises(ConfigError) as refused:
        set_to("a" + ".a" * 5000 + "=1")
    assert "not KEY=VALUE" in str(refused.value)


def test_the_file_must_be_sound_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "sesam-slo.yml"
    path.write_text("policy: {objective: x}\nservices: []\n")
    with pytest.raises(ConfigError) as refused:
        load(path, overrides=["policy.objective=99"])
    assert [(fault.line, fault.key) for fault in refused.value.faults] == [(1, "policy.objective"), (2, "services")]
