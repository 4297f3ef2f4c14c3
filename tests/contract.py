"""Writes docs/contract.md: the clauses of `contract_clauses` with the tests whose markers name them.

    python tests/contract.py

Markers are read from the source of the tests, nothing is imported or run: `@pytest.mark.contract("clause", ...)` on a function,
or on a class for all its tests.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from contract_clauses import CLAUSES, Clause, Panel

TESTS = Path(__file__).parent
ROOT = TESTS.parent
DOCUMENT = ROOT / "docs" / "contract.md"
DASHBOARDS = ROOT / "grafana" / "dashboards"

_HEAD = """\
# The contract, clause by clause

What the service level objective demands, in our words and under its headings; how each clause is read where it leaves room; the
tests that hold it; what shows it. Whoever reads a clause otherwise sees here what the figures rest on.

Written by `make generate` from `tests/contract_clauses.py` and the markers on the tests: not edited by hand. A clause without a
test fails the build.
"""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """A test that says which clauses it holds. `path` is relative to the folder of the tests, `group` its class or ""."""

    path: Path
    line: int
    group: str
    name: str
    clauses: tuple[str, ...]

    @property
    def sentence(self) -> str:
        about = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.group.removeprefix("Test")).capitalize()
        return (f"{about}: " if about else "") + self.name.removeprefix("test_").replace("_", " ")


def held(folder: Path = TESTS) -> list[Held]:
    """The marked tests below a folder, by file and line. Raises ValueError where a marker names no clause in so many words."""
    return [
        each
        for path in sorted(folder.rglob("test_*.py"))
        for each in _marked(path.relative_to(folder), ast.parse(path.read_text("utf-8")).body)
    ]


def render(clauses: Sequence[Clause], tests: Iterable[Held]) -> str:
    tests = list(tests)
    parts = [_HEAD]
    for heading, group in groupby(clauses, key=lambda clause: clause.heading):
        parts.append(f"## {heading}\n")
        parts += [_clause(clause, [each for each in tests if clause.id in each.clauses]) for clause in group]
    return "\n".join(parts)


def panels(folder: Path = DASHBOARDS) -> set[Panel]:
    """Those of the committed dashboards."""
    return {
        Panel(path.stem, panel.get("title", ""))
        for path in folder.glob("*.json")
        for panel in _with_rows(json.loads(path.read_text("utf-8"))["panels"])
    }


def _with_rows(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in found:
        yield panel
        yield from _with_rows(panel.get("panels") or [])  # a row holds panels


def _marked(path: Path, body: Sequence[ast.stmt], outer: tuple[str, ...] = (), group: str = "") -> Iterator[Held]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        clauses = outer + tuple(clause for decorator in node.decorator_list for clause in _named(path, decorator))
        if isinstance(node, ast.ClassDef):
            yield from _marked(path, node.body, clauses, node.name)
        elif clauses and node.name.startswith("test_"):
            yield Held(path, node.lineno, group, node.name, clauses)


def _named(path: Path, decorator: ast.expr) -> list[str]:
    """The clauses that a decorator names; none where it is another one."""
    if ast.unparse(decorator).partition("(")[0] != "pytest.mark.contract":
        return []
    arguments = decorator.args if isinstance(decorator, ast.Call) and not decorator.keywords else []
    found = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not found or len(found) != len(arguments):
        raise ValueError(f'{path}:{decorator.lineno}: expected contract("clause", ...) with the ids of clauses')
    return found


def _clause(clause: Clause, tests: Sequence[Held]) -> str:
    lines = [f"### {clause.title}", "", f"`{clause.id}`: {clause.says}", ""]
    if clause.readings:
        lines += ["| where it leaves room | how it is read |", "| --- | --- |"]
        lines += [f"| {left_open} | {answer} |" for left_open, answer in clause.readings]
        lines.append("")
    lines += ["Shown by", ""]
    lines += _shown("metrics", [f"[`{each.name}`](metrics.md)" for each in clause.metrics])
    lines += _shown("panels", [f'"{each.title}" ({each.dashboard})' for each in clause.panels])
    lines += _shown("alerts", [f"[{each}](runbooks/{each}.md)" for each in clause.alerts])
    lines += ["", "Held by", ""]
    for path, group in groupby(tests, key=lambda each: each.path):
        lines.append(f"* [tests/{path.as_posix()}](../tests/{path.as_posix()})")
        lines += [f"  * {each.sentence}" for each in group]
    return "\n".join([*lines, ""])


def _shown(what: str, found: list[str]) -> list[str]:
    return [f"* {what}: {', '.join(found) if found else 'none'}"]


if __name__ == "__main__":
    DOCUMENT.write_text(render(CLAUSES, held()), "utf-8")
