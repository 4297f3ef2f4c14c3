"""A YAML file as plain data that knows the line of each of its values.

Text, numbers, booleans, None, lists and dicts with text as keys; timestamps stay the text they were. Aliases and merge
keys are expanded, up to a limit. Nothing that the file says can run code or take unbounded time or memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .faults import ConfigError, Fault, Location, dotted, shown

MAX_BYTES = 1024 * 1024
MAX_VALUES = 100_000  # keys count too; some 2,000 services
MAX_DEPTH = 30
MAX_DIGITS = 100

_YAML = "tag:yaml.org,2002:"
_TEXT = {_YAML + kind for kind in ("str", "timestamp", "merge", "value")}
_SCALARS = {
    _YAML + "bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
    _YAML + "int": yaml.constructor.SafeConstructor.construct_yaml_int,
    _YAML + "float": yaml.constructor.SafeConstructor.construct_yaml_float,
}


_QUOTED = re.compile(r"""(['"])(.*?)\1""")
_HARMLESS = re.compile(r"<[a-z ]+>|\\?.")  # the name of a token, one character
_SYNTAX_HINTS = {
    r"'\t'": "expected spaces, no tabs, for indentation",
    "cannot start any token": "expected text that begins with it in quotes",
    "another document": "expected one document",
    "undefined alias": "expected an anchor of that name, or text that begins with * in quotes",
    "mapping values are not allowed": "expected text with a colon in quotes, and keys of a mapping indented alike",
    "expected <block end>": "expected the keys of a mapping indented alike",
}


@dataclass(slots=True)
class Document:
    """`data` has None where YAML's own rules were broken; those places are in `broken`, with their faults in `faults`."""

    file: str
    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    broken: set[Location] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, location: Location, problem: str, line: int | None = None) -> Fault:
        """A fault at `location`: its line is that of the value or, where there is none, of what should contain it."""
        known = location
        while line is None and known not in self.lines and known:
            known = known[:-1]
        return Fault(self.file, self.lines.get(known) if line is None else line, dotted(location), problem)


def read_document(path: Path) -> Document:
    """Raises ConfigError where there is no YAML document to speak of: one fault, with a line where one is to blame."""

    def refuse(problem: str, line: int | None = None) -> ConfigError:
        return ConfigError((Fault(str(path), line, "", problem),))

    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a usable path"
        raise refuse(f"cannot be read: {reason}; expected a configuration file") from None
    if len(content) > MAX_BYTES:
        raise refuse(f"larger than {MAX_BYTES // 1024} KiB; expected a configuration file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse("not UTF-8 text; expected a file in UTF-8", line) from None
    document = parse_document(text, str(path))
    if not document.lines:
        raise refuse("the file is empty; expected a mapping with at least the key services")
    return document


def parse_document(text: str, name: str) -> Document:
    """YAML text as a document; `name` stands for the file in faults. Nothing but comments gives one without lines.

    Raises ConfigError where it is not YAML, as `read_document`.
    """
    document = Document(name)

    def refuse(problem: str, line: int | None = None) -> ConfigError:
        return ConfigError((Fault(name, line, "", problem),))

    try:
        node, limits = _composed(text, name)
        if node is not None:
            document.data = _Expansion(document, limits).plain(node, (), node.start_mark.line + 1)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise refuse("not YAML: a control character; expected plain text", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise refuse(_syntax_problem(error.problem or ""), mark.line + 1 if mark else None) from None
    except (ValueError, OverflowError):  # PyYAML on escapes such as "\UFFFFFFFF"
        raise refuse("not YAML: an escape that is no character; expected valid YAML") from None
    return document


def _syntax_problem(told: str) -> str:
    """PyYAML's message, less what it quotes of the file beyond one character (it may be a secret), plus what to do."""
    hint = next((hint for words, hint in _SYNTAX_HINTS.items() if words in told), "expected valid YAML")
    safe = _QUOTED.sub(lambda quoted: quoted[0] if _HARMLESS.fullmatch(quoted[2]) else "…", told)
    return f"not YAML: {safe.removeprefix('but ') or 'cannot be understood'}; {hint}"


class _Limits:
    """How much one file may hold, as it is composed and again as its aliases are expanded."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._values = 0

    def count(self, line: int, depth: int) -> None:
        """Raises ConfigError at the first value too many or too deep, before any more time is spent."""
        self._values += 1
        if self._values > 2 * MAX_VALUES:  # each is met twice
            problem = f"more than {MAX_VALUES} values, aliases expanded; expected fewer"
        elif depth > MAX_DEPTH:
            problem = f"nested too deeply; expected at most {MAX_DEPTH} levels"
        else:
            return
        raise ConfigError((Fault(self._file, line, "", problem),))


def _composed(text: str, name: str) -> tuple[yaml.Node | None, _Limits]:
    """The node tree. Raises what PyYAML raises, and ConfigError.

    libyaml takes a tenth of the time; what it does not take is read again, because only PyYAML's own words are known here.
    """
    if yaml.__with_libyaml__:
        limits = _Limits(name)
        with suppress(yaml.YAMLError, ValueError, OverflowError):
            return _Composer(yaml.CSafeLoader(text), limits).get_single_node(), limits
    limits = _Limits(name)
    return _Composer(_Parser(text), limits).get_single_node(), limits


class _Parser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


class _Composer(yaml.composer.Composer, yaml.resolver.Resolver):
    """Composes in Python on purpose, whoever parses: libyaml's composer crashes the process on deep nesting."""

    def __init__(self, parser: Any, limits: _Limits) -> None:
        yaml.composer.Composer.__init__(self)
        yaml.resolver.Resolver.__init__(self)
        self.check_event, self.get_event, self.peek_event = parser.check_event, parser.get_event, parser.peek_event
        self._limits = limits
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._limits.count(self.peek_event().start_mark.line + 1, self._depth)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Expansion:
    """One walk over the node tree."""

    def __init__(self, document: Document, limits: _Limits) -> None:
        self._document = document
        self._constructor = yaml.constructor.SafeConstructor()
        self._limits = limits

    def plain(self, node: yaml.Node, location: Location, line: int) -> Any:
        self._limits.count(node.start_mark.line + 1, len(location))
        self._document.lines[location] = line
        if isinstance(node, yaml.MappingNode) and node.tag == _YAML + "map":
            return {
                key: self.plain(value, (*location, key), key_line)
                for key, value, key_line in self._entries(node, location, len(location))
            }
        if isinstance(node, yaml.SequenceNode) and node.tag == _YAML + "seq":
            return [
                self.plain(item, (*location, index), item.start_mark.line + 1) for index, item in enumerate(node.value)
            ]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, location)
        return self._broken(location, "has a YAML tag that means nothing here; expected a plain value")

    def _entries(self, node: yaml.MappingNode, location: Location, depth: int) -> Iterator[tuple[str, yaml.Node, int]]:
        """Key, value and line; a key's own value goes before what `<<` merges in."""
        self._limits.count(node.start_mark.line + 1, depth)
        seen: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _YAML + "merge":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif not isinstance(key, yaml.ScalarNode) or key.tag not in _TEXT or not _is_unicode(key.value):
                kind = (
                    f"the key {shown(key.value)}" if isinstance(key, yaml.ScalarNode) else "a list or mapping as a key"
                )
                self._report(location, f"{kind} is not text to YAML; expected text, if need be in quotes", line)
            elif key.value in seen:
                self._report(
                    (*location, key.value), f"written twice, first in line {seen[key.value]}; expected once", line
                )
            else:
                seen[key.value] = line
                yield key.value, value, line
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                line = source.start_mark.line + 1
                self._report(location, "<< merges what is not a mapping; expected an alias of a mapping", line)
                continue
            for name, value, line in self._entries(source, location, depth + 1):
                if name not in seen:
                    seen[name] = line
                    yield name, value, line

    def _scalar(self, node: yaml.ScalarNode, location: Location) -> Any:
        if node.tag in _TEXT:
            if not _is_unicode(node.value):
                return self._broken(location, "has half of a surrogate pair; expected Unicode text")
            return str(node.value)
        if node.tag == _YAML + "null":
            return None
        if len(node.value) > MAX_DIGITS:  # PyYAML takes quadratic time over a number with many colons
            return self._broken(
                location, f"a number of more than {MAX_DIGITS} digits; expected a shorter one, or quotes"
            )
        if node.tag not in _SCALARS:
            return self._broken(location, "has a YAML tag that means nothing here; expected a plain value")
        try:
            value = _SCALARS[node.tag](self._constructor, node)
        except (ValueError, KeyError, IndexError, OverflowError):
            return self._broken(location, "not a value that YAML can read; expected text in quotes, or a number")
        if isinstance(value, float) and not math.isfinite(value):
            return self._broken(location, "not a finite number; expected a finite one")
        if isinstance(value, int) and abs(value) >= 2**63:
            return self._broken(location, "a number of more than 64 bits; expected a smaller one, or text in quotes")
        return value

    def _broken(self, location: Location, problem: str) -> None:
        self._document.broken.add(location)
        self._report(location, problem, self._document.lines[location])

    def _report(self, location: Location, problem: str, line: int) -> None:
        self._document.faults.append(self._document.fault(location, problem, line))


def _is_unicode(text: str) -> bool:
    """Whether it can be written anywhere: an escape such as `"\\ud800"` stands for no character."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
