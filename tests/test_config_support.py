# ruff: noqa: E501 - whole messages, and tables, in one line
"""`policy.support`: what is read, and what is said of what cannot be meant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from configurations import faults_of
from sesam_slo.config import load, load_support
from sesam_slo.core.model import Policy
from sesam_slo.core.points import DowntimeBand, OverrunBand, PointsTable, ReductionBand
from sesam_slo.core.support import Clock, Promise, Support, Target, Targets

SERVICES = 'services: [{name: datahub-prod, endpoints: [{name: api, kind: api, url: "https://datahub-example.sesam.cloud"}]}]\n'
OLDER = Path(__file__).parent.parent / "docs" / "examples" / "older-agreement.yml"
LEVEL = "{name: A, title: critical, reaction: 1h, workaround: none, fix: none}"


def support_of(folder: Path, text: str) -> Support:
    path = folder / "sesam-slo.yml"
    path.write_text(f"policy: {{support: {text}}}\n{SERVICES}")
    return load(path).policy.support


def said(folder: Path, text: str) -> tuple[str, ...]:
    """What is told of a section, each without line and `policy.support.`."""
    found = faults_of(folder, f"policy: {{support: {text}}}\n{SERVICES}")
    return tuple(each.removeprefix("1: policy.support.") for each in found)


@pytest.mark.contract("levels", "reaction-time", "correction-time")
def test_left_out_it_is_the_contract(tmp_path: Path) -> None:
    assert support_of(tmp_path, "{}") == Support() == Policy().support


def test_the_contract_written_out_as_in_the_documentation_is_the_default(tmp_path: Path) -> None:
    text = (OLDER.parent.parent / "configuration.md").read_text()
    example = next(each for each in text.split("```yaml\n") if "classes: [partner, user]" in each).split("```")[0]
    path = tmp_path / "sesam-slo.yml"
    path.write_text(example + SERVICES)
    assert load(path).policy == Policy()


def test_a_target_may_differ_by_class_or_be_one_for_all(tmp_path: Path) -> None:
    support = support_of(
        tmp_path,
        "{classes: [gold, tin], levels: [{name: A, title: critical,"
        " reaction: {gold: 1d4h30m, tin: next business day}, workaround: 90m, fix: next release}]}",
    )
    within = Target(Promise.WITHIN, 1, timedelta(hours=4, minutes=30))
    assert support.targets("A", "gold").reaction == within
    assert str(within) == "1d4h30m"
    assert support.targets("A", "tin") == Targets(
        Target(Promise.NEXT_BUSINESS_DAY),
        Target(Promise.WITHIN, 0, timedelta(minutes=90)),
        Target(Promise.NEXT_RELEASE),
    )
    assert (support.gravest, support.opens_cases, support.opens_for) == ("A", False, "gold")


def test_cases_that_open_by_themselves_are_of_the_first_class_or_the_named_one(tmp_path: Path) -> None:
    assert support_of(tmp_path, "{open_cases: true}").opens_for == "partner"
    assert support_of(tmp_path, "{open_cases: true, open_cases_for: user}").opens_for == "user"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("{levels: []}", ["levels: is empty; expected a list of levels, the gravest first"]),
        ("{classes: [gold]}", ["classes: written without levels, whose default speaks of partner and user; expected levels beside it"]),
        (
            f"{{classes: [gold, gold], levels: [{LEVEL}]}}",
            ['classes[1]: as policy.support.classes[0]: "gold"; expected a name of its own'],
        ),
        (
            f"{{levels: [{LEVEL}, {LEVEL}]}}",
            ['levels[1].name: as policy.support.levels[0].name: "A"; expected a name of its own'],
        ),
        (
            "{levels: [{name: A, title: critical, reaction: {partner: 1h, users: 2h}, workaround: none, fix: 3 d}]}",
            [
                'levels[0].fix: not a target: "3 d"; expected business time such as 8h, 3d or 1d4h, or one of none, '
                "next business day, next release, next release as a goal",
                "levels[0].reaction: says nothing of user; expected a target for every class",
                'levels[0].reaction.users: no such customer class: "users"; expected one of partner, user',
            ],
        ),
        (
            "{levels: [{name: A b, title: critical, reaction: {partner: 0h, user: 1}, workaround: 2000d, fix: }]}",
            [
                "levels[0].fix: has no value; expected a target, or one for each customer class: business time such as 8h, 3d "
                "or 1d4h, or one of none, next business day, next release, next release as a goal",
                'levels[0].name: not a level\'s name: "A b"; expected letters, digits and hyphens such as A, a letter or digit '
                "first",
                "levels[0].reaction.partner: no time at all: 0h; expected business time such as 8h, 3d or 1d4h, or one of none, "
                "next business day, next release, next release as a goal",
                "levels[0].reaction.user: YAML reads it as a number; expected business time such as 8h, 3d or 1d4h, or one of "
                "none, next business day, next release, next release as a goal, in quotes",
                "levels[0].workaround: too long: 2000d; expected at most 1000d",
            ],
        ),
        ("{open_cases: 1}", ["open_cases: is a number; expected true or false"]),
        ("{open_cases_for: gold}", ['open_cases_for: no such customer class: "gold"; expected one of partner, user']),
        ("{business_hours: {day: 25h}}", ["business_hours.day: out of range: 25h; expected a duration of at most 24h, such as 8h"]),
        ("{business_hours: {day: 90s}}", ["business_hours.day: not in whole minutes: 90s; expected a duration such as 8h or 90m"]),
        ("{levls: []}", ["levls: unknown key; did you mean levels?"]),
    ],
)  # fmt: skip
def test_levels_that_cannot_be_meant(tmp_path: Path, text: str, faults: list[str]) -> None:
    assert list(said(tmp_path, text)) == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "downtime: [{from: 1h, to: 2h, points: 4}, {from: 90m, to: 3h, points: 5}]",
            ["downtime[1].from: below the end of the band before (2h): 1h30m; expected at least that"],
        ),
        ("downtime: [{from: 2h, to: 1h, points: 4}]", ["downtime[0].to: less than from (2h): 1h; expected at least that"]),
        (
            "downtime: [{from: 2h, points: 4}, {from: 3h, points: 5}]",
            ["downtime[0]: is without to; expected it in every band but the last"],
        ),
        ("reduction: [{from: 11, percent: 101}]", ["reduction[0].percent: out of range: 101; expected a whole number from 1 to 100"]),
        ("reduction: [{to: 11, percent: 5}]", ["reduction[0].from: is missing; expected a number of points"]),
        ("overrun: {X: [{points: 4}]}", ['overrun.X: no such level: "X"; expected one of A, B, C']),
        (
            "overrun: {A: [{points: 4}, {up_to: 2, points: 5}]}",
            ["overrun.A[0]: is without up_to; expected it in every band but the last"],
        ),
        (
            "overrun: {A: [{up_to: 4, points: 4}, {up_to: 4, points: 5}]}",
            ["overrun.A[1].up_to: not more than 4: 4; expected more times than the band before, at least 2"],
        ),
    ],
)  # fmt: skip
def test_points_that_cannot_be_meant(tmp_path: Path, text: str, faults: list[str]) -> None:
    assert list(said(tmp_path, f"{{points: {{{text}}}}}")) == [f"points.{each}" for each in faults]


class TestTheOlderAgreement:
    SUPPORT = load(OLDER).policy.support

    def test_its_classes_and_targets(self) -> None:
        promised = {
            (level, name): [str(self.SUPPORT.targets(level, name).of(clock)) for clock in Clock]
            for level in ("A", "B")
            for name in self.SUPPORT.classes
        }
        assert promised == {
            ("A", "enterprise"): ["1h", "next business day", "10d"],
            ("A", "standard"): ["8h", "3d", "10d"],
            ("A", "basic"): ["none", "none", "10d"],
            ("B", "enterprise"): ["4h", "10d", "next release"],
            ("B", "standard"): ["2d", "10d", "next release"],
            ("B", "basic"): ["none", "10d", "next release"],
        }

    def test_its_points(self) -> None:
        hour = timedelta(hours=1)
        assert self.SUPPORT.points == PointsTable(
            tuple(
                DowntimeBand(start * hour, None if end is None else end * hour, points)
                for start, end, points in ((1, 2, 4), (2, 4, 8), (4, 6, 12), (6, 10, 15), (10, None, 25))
            ),
            tuple(
                (level, tuple(map(OverrunBand, (2, 4, 8, None), points)))
                for level, points in (("A", (4, 6, 8, 10)), ("B", (2, 4, 6, 8)))
            ),
            tuple(
                ReductionBand(start, end, percent)
                for start, end, percent in (
                    (11, 20, 5), (21, 30, 10), (31, 40, 15), (41, 50, 20), (51, 60, 25), (61, None, 40),
                )
            ),
        )  # fmt: skip


class TestForTheClocksAlone:
    def test_it_is_the_policy_of_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "sesam-slo.yml"
        for text in (
            "",
            "policy: {timezone: UTC}\n",
            "policy: {support: {open_cases: true}}\n",
            "policy: {objective: 99}\n",
        ):
            path.write_text(text + SERVICES)
            policy, whole = load_support(path), load(path).policy
            assert (policy.timezone, policy.support, policy.business) == (whole.timezone, whole.support, whole.business)
