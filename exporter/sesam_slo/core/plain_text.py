"""Other people's words where they are shown: nothing in them steers a terminal, turns the direction of writing or computes."""

from __future__ import annotations

import unicodedata

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def printable(text: str) -> str:
    """Words without what would steer a terminal or turn the direction of writing; new lines stay."""
    return "".join(map(_printable, text.replace("\r\n", "\n").replace("\r", "\n")))


def _printable(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return " " if character == "\t" or unicodedata.category(character) == "Zs" else "�"


def csv_text(text: str) -> str:
    """As `printable`, and no formula to a spreadsheet."""
    starts_one = text.startswith(_STARTS_A_FORMULA) or text.lstrip().startswith(_STARTS_A_FORMULA)
    return ("'" if starts_one else "") + printable(text)


def escaped(text: str) -> str:
    """In one line of a log: what does not print is written as JSON escapes it, so that it can be told what it was."""
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
