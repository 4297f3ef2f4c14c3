"""What is expected of a body. Pure: JSON paths compared, a pattern searched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

# Character sets worth decoding; the name comes from the server, and Python knows codecs that are slow or no text at all.
_CHARSETS = re.compile(r"(?:utf-8|us-ascii|iso-8859-\d{1,2}|windows-125\d)", re.IGNORECASE)
_CHARSET_PARAMETER = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", re.IGNORECASE)


def charset_of(content_type: str) -> str:
    """The character set that a `Content-Type` names where it is a common one, else UTF-8."""
    found = _CHARSET_PARAMETER.search(content_type)
    if found is None or not _CHARSETS.fullmatch(found[1]):
        return "utf-8"
    return found[1]


def mismatch(body: bytes, charset: str, expected_json: Iterable[tuple[str, Any]], pattern: str | None) -> str | None:
    """How `body` differs from what is expected, None where it does not."""
    difference = _json_mismatch(body, tuple(expected_json))
    if difference is not None or pattern is None:
        return difference
    if re.search(pattern, body.decode(charset, "replace")) is None:
        return "body_regex: no match in the body"
    return None


def _json_mismatch(body: bytes, expected: tuple[tuple[str, Any], ...]) -> str | None:
    if not expected:
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    for path, value in expected:
        found = _at(document, path)
        if found is _NOTHING:
            return f"json {path}: not in the body, expected {_short(value)}"
        if not _same(found, value):
            return f"json {path}: {_short(found)}, expected {_short(value)}"
    return None


_NOTHING = object()


def _at(document: Any, path: str) -> Any:
    """What a dotted path leads to; a number is an index where there is a list."""
    for step in path.split("."):
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return _NOTHING
    return document


def _same(found: Any, expected: Any) -> bool:
    """Equality of JSON: Python would have `true` equal 1."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return bool(found == expected)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
