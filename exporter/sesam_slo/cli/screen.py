"""Tables on a terminal: at its width, with colours where it has them and NO_COLOR does not say otherwise.

Imported only there: rich takes a tenth of a second to load. Colour is never the only sign: it repeats a word.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.table import Table
from rich.text import Text

_GAP = 2
_FOLDED_AT = 20  # a longer word may be folded before a table becomes too wide for the terminal
_STYLES = {
    **dict.fromkeys(("failure", "ongoing", "missed"), "bold red"),
    **dict.fromkeys(("unobserved", "overdue", "short notice", "unknown"), "yellow"),
    **dict.fromkeys(("success", "explained", "counts", "met"), "green"),
    **dict.fromkeys(("-", "withdrawn", "cancelled"), "dim"),
}


def show_table(names: Sequence[str], cells: Sequence[Sequence[str]], to_the_right: Sequence[bool]) -> None:
    """`cells`: by row, nothing unprintable in them."""
    console = _console()
    console.print(_laid_out(names, cells, to_the_right, console.width))


def show_record(title: str, facts: Mapping[str, str]) -> None:
    """What is known of one thing, a line each."""
    _console().print(_record(title, list(facts.items())))


def show_markdown(text: str) -> None:
    _console().print(_Document(text, hyperlinks=False))


class _Table(TableElement):
    """A table of a document, laid out as any other of ours."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for each in super().__rich_console__(console, options):
            if not isinstance(each, Table):
                yield each
                continue
            columns = [[str(cell) for cell in (column.header, *column.cells)] for column in each.columns]
            names, *cells = zip(*columns, strict=True)
            yield _laid_out(names, cells, [column.justify == "right" for column in each.columns], options.max_width)


class _Document(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "table_open": _Table}


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def _laid_out(
    names: Sequence[str], cells: Sequence[Sequence[str]], to_the_right: Sequence[bool], width: int
) -> RenderableType:
    """A table, or each row under its first cell where the terminal is too narrow for one."""
    if _least_width(names, cells) > width:
        parts: list[RenderableType] = []
        for line in cells:
            parts += [_record(line[0], [fact for fact in zip(names[1:], line[1:], strict=True) if fact[1]]), Text("")]
        return Group(*parts[:-1])
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for number, (name, right) in enumerate(zip(names, to_the_right, strict=True)):
        table.add_column(
            Text(name),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=not number,
            style="" if number else "bold",
        )
    for line in cells:
        table.add_row(*(_text(cell) for cell in line))
    return table


def _record(title: str, facts: Sequence[tuple[str, str]]) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(f"  {name}"), _text(value))
    return Group(Text(title, style="bold"), table)


def _text(cell: str) -> Text:
    return Text(cell, style=_STYLES.get(cell.partition(" (")[0], ""))


def _least_width(names: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """The first column, by which a row is known, is never folded."""
    columns = list(zip(names, *cells, strict=True))
    first = max(cell_len(cell) for cell in columns[0])
    others = (max(min(each, _FOLDED_AT) for cell in column for each in _word_lengths(cell)) for column in columns[1:])
    return first + sum(others) + _GAP * (len(columns) - 1)


def _word_lengths(cell: str) -> Iterator[int]:
    yield 1
    yield from map(cell_len, cell.split())
