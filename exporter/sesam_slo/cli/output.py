"""Rows for stdout: as a table for people, as JSON or CSV for programs.

On a terminal tables are rich's (`screen`); in a pipe or a file they are plain text, which nothing is imported for.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.plain_text import csv_text

_UNUSUAL = re.compile(r"[^\n\x20-\x7e]")
FORMATS = ("table", "json", "csv")


def add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="table", help="how the result is written (default: table)")


def as_json(document: Any) -> str:
    """What could do something to a terminal is escaped: control characters, and those that turn the direction of text."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return _UNUSUAL.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _csv_cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().rstrip("\n")


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Nothing at all where there are no rows: an empty line would be read as one."""
    if rows:
        print(as_csv(rows))


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """As the terminal is wide, or as `as_table` where there is none."""
    if rows and sys.stdout.isatty():
        from .screen import show_table  # noqa: PLC0415 - a tenth of a second that only a terminal is worth

        show_table(list(rows[0]), _cells(rows), _to_the_right(rows))
    else:
        print(as_table(rows))


def print_record(title: str, facts: Mapping[str, Any]) -> None:
    """What is known of one thing under its title."""
    if sys.stdout.isatty():
        from .screen import show_record  # noqa: PLC0415 - as above

        show_record(plain(title), {name: _cell(value) for name, value in facts.items()})
    else:
        lines = as_table([{"": name, " ": value} for name, value in facts.items()]).splitlines()[1:]
        print("\n".join([plain(title), *(f"  {line}" for line in lines)]))


def print_markdown(text: str) -> None:
    """Headings and tables as a terminal shows them; as it is where there is none."""
    if sys.stdout.isatty():
        from .screen import show_markdown  # noqa: PLC0415 - as above

        show_markdown(plain(text))
    else:
        print(text, end="")


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Columns under their names, numbers to the right."""
    if not rows:
        return ""
    lines = [list(rows[0]), *_cells(rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, _to_the_right(rows), strict=True)
        ).rstrip()
        for line in lines
    )


def printable(text: str) -> str:
    """No control character of a server's or a file's reaches the terminal."""
    return "".join(each if each.isprintable() else "�" for each in text)


def plain(text: str) -> str:
    """The same of a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def _cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [[_cell(value) for value in row.values()] for row in rows]


def _to_the_right(rows: Sequence[Mapping[str, Any]]) -> list[bool]:
    columns = zip(*(row.values() for row in rows), strict=True)
    return [all(isinstance(value, int | float) for value in column) for column in columns]


def _csv_cell(value: Any) -> str:
    """Some of it comes from servers and from people; lines of a text stay lines. What there is not is empty."""
    if value is None:
        return ""
    return csv_text(value) if isinstance(value, str) else _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return printable(str(value))
