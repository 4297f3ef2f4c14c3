"""Rows for stdout: as a table for people, as JSON or CSV for programs."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
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


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Columns under their names, numbers to the right."""
    if not rows:
        return ""
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    right = [all(isinstance(list(row.values())[column], int | float) for row in rows) for column in range(len(widths))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _csv_cell(value: Any) -> str:
    """Some of it comes from servers and from people; lines of a text stay lines."""
    return csv_text(value) if isinstance(value, str) else _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return printable(str(value))


def printable(text: str) -> str:
    """No control character of a server's or a file's reaches the terminal."""
    return "".join(each if each.isprintable() else "�" for each in text)
