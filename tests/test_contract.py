"""Every clause of the contract is held by tests, shown by what exists, and described in docs/contract.md as it is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract import DOCUMENT, held, panels, render
from contract_clauses import CLAUSES, Clause
from sesam_slo.core.names import METRICS, Alert

ALERTS = {name for key, name in vars(Alert).items() if key.isupper()}
HELD = held()


def of_clause(clause: Clause) -> str:
    return clause.id


def test_every_clause_has_an_id_of_its_own() -> None:
    assert len({clause.id for clause in CLAUSES}) == len(CLAUSES)


@pytest.mark.parametrize("clause", CLAUSES, ids=of_clause)
def test_every_clause_is_held_by_a_test(clause: Clause) -> None:
    assert [each for each in HELD if clause.id in each.clauses]


def test_every_marker_names_a_clause() -> None:
    known = {clause.id for clause in CLAUSES}
    assert [(str(each.path), each.name, id) for each in HELD for id in each.clauses if id not in known] == []


@pytest.mark.parametrize("clause", CLAUSES, ids=of_clause)
def test_whatever_shows_a_clause_exists(clause: Clause) -> None:
    assert [metric.name for metric in clause.metrics if METRICS.get(metric.name) is not metric] == []
    assert [panel for panel in clause.panels if panel not in panels()] == []
    assert [alert for alert in clause.alerts if alert not in ALERTS] == []


def test_every_alert_but_those_of_the_programs_own_upkeep_belongs_to_a_clause() -> None:
    assert ALERTS - {alert for clause in CLAUSES for alert in clause.alerts} == {
        Alert.CERTIFICATE_EXPIRING,
        Alert.CONFIG_RELOAD_FAILED,
    }


def test_the_document_is_what_the_clauses_and_the_markers_say() -> None:
    assert DOCUMENT.read_text("utf-8") == render(CLAUSES, HELD), "run `make generate`"


def test_a_marker_on_a_class_is_one_on_each_of_its_tests(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        '@pytest.mark.contract("a")\nclass TestIt:\n    @pytest.mark.contract("b", "c")\n'
        "    def test_both(self): ...\n    def test_one(self): ...\n    def made_of(self): ...\n\ndef test_none(): ...\n"
    )
    assert [(each.sentence, each.clauses) for each in held(tmp_path)] == [
        ("It: both", ("a", "b", "c")),
        ("It: one", ("a",)),
    ]


@pytest.mark.parametrize("marker", ["contract", "contract()", "contract(CLAUSE)", 'contract(clause="a")'])
def test_a_marker_that_names_no_clause_in_so_many_words_is_refused(tmp_path: Path, marker: str) -> None:
    (tmp_path / "test_some.py").write_text(f"\n@pytest.mark.{marker}\ndef test_it(): ...\n")
    with pytest.raises(
        ValueError, match=r'^test_some\.py:2: expected contract\("clause", \.\.\.\) with the ids of clauses$'
    ):
        held(tmp_path)
