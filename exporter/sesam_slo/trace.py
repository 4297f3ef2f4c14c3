"""Recorded results from files: CSV or JSON Lines, plain or gzip, into a replay; every fault with its file and line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol, TextIO

from .core.model import Outcome
from .core.outage import OutOfOrderError
from .replay import Replay

_FIELDS = ("timestamp", "service", "endpoint", "result", "reason")
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_GZIP_MAGIC = b"\x1f\x8b"


class TraceError(ValueError):
    """What is wrong with a trace, and where: `FILE:LINE: problem`."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if line is None else f"{path}:{line}: {problem}")


class Extent:
    """The first and the last instant seen."""

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        self.first: datetime | None = None
        self.last: datetime | None = None

    def add(self, first: datetime, last: datetime) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


class _Observes(Protocol):
    def observe(self, at: datetime, outcome: Outcome, reason: Any = None) -> None: ...


class Fed(Protocol):
    """What results are fed into, by service and endpoint: a `Replay`, or `Both` of two."""

    @property
    def tracks(self) -> Mapping[tuple[str, str], _Observes]: ...


class Both:
    """Two replays of the same services and endpoints, fed by one reading of the traces."""

    def __init__(self, one: Replay, other: Replay) -> None:
        self.tracks = {key: _Pair(track, other.tracks[key]) for key, track in one.tracks.items()}


class _Pair:
    __slots__ = ("_one", "_other")

    def __init__(self, one: _Observes, other: _Observes) -> None:
        self._one, self._other = one.observe, other.observe

    def observe(self, at: datetime, outcome: Outcome, reason: Any = None) -> None:
        self._one(at, outcome, reason)
        self._other(at, outcome, reason)


def open_binary(path: Path) -> IO[bytes]:
    return path.open("rb")


def feed(replay: Fed, paths: Iterable[Path], open_file: Callable[[Path], IO[bytes]] = open_binary) -> Extent:
    """Reads the traces, in the order given, into `replay`; whoever wants to watch opens the files. Raises TraceError."""
    extent = Extent()
    for path in paths:
        try:
            with ExitStack() as opened:
                raw = opened.enter_context(open_file(path))
                _feed_file(replay, path, opened.enter_context(_text(raw)), extent)
        except OSError as error:
            raise TraceError(path, None, f"cannot be read: {error.strerror or error}") from None
        except (EOFError, zlib.error):
            raise TraceError(path, None, "damaged gzip file: it ends early or does not decompress") from None
        except UnicodeDecodeError:
            raise TraceError(path, None, "not UTF-8 text; expected CSV or JSON Lines, plain or gzip") from None
    return extent


def _text(raw: IO[bytes]) -> TextIO:
    magic = raw.read(2)
    raw.seek(0)
    if magic == _GZIP_MAGIC:
        return gzip.open(raw, "rt", encoding="utf-8-sig", newline="")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _feed_file(replay: Fed, path: Path, text: TextIO, extent: Extent) -> None:
    first = text.readline()
    while first and not first.strip():
        first = text.readline()
    text.seek(0)
    if first.lstrip().startswith("{"):
        _feed_rows(replay, path, _JsonLines(path, text), (0, 1, 2, 3), extent)
        return
    rows = csv.reader(text)
    try:
        header = next((row for row in rows if row), None)
    except csv.Error as error:
        raise TraceError(path, rows.line_num, f"not CSV: {error}") from None
    if header is None:
        return  # an empty file holds no results
    columns = [name.strip() for name in header]
    if len(set(columns)) != len(columns) or not set(_FIELDS[:4]) <= set(columns) <= set(_FIELDS):
        raise TraceError(path, rows.line_num, f"header is {','.join(columns)!r}; expected {','.join(_FIELDS)}")
    at, service, endpoint, result = (columns.index(name) for name in _FIELDS[:4])
    _feed_rows(replay, path, rows, (at, service, endpoint, result), extent, width=len(columns))


class _JsonLines:
    """JSON Lines as rows of four fields, with the `line_num` of csv.reader."""

    def __init__(self, path: Path, text: TextIO) -> None:
        self._path, self._text, self.line_num = path, text, 0

    def __iter__(self) -> Iterator[list[Any]]:
        for line in self._text:
            self.line_num += 1
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, RecursionError):
                raise TraceError(self._path, self.line_num, "not JSON; expected one object a line") from None
            if not isinstance(row, dict):
                raise TraceError(self._path, self.line_num, "not an object; expected one object a line")
            unknown, missing = set(row) - set(_FIELDS), [name for name in _FIELDS[:4] if name not in row]
            if missing or unknown:
                problem = f"no {missing[0]!r}" if missing else f"unknown key {min(unknown)!r}"
                raise TraceError(self._path, self.line_num, f"{problem}; expected the keys {', '.join(_FIELDS)}")
            yield [row[name] if name == "timestamp" else str(row[name]) for name in _FIELDS[:4]]


def _feed_rows(
    replay: Fed, path: Path, rows: Any, columns: tuple[int, int, int, int], extent: Extent, width: int = 4
) -> None:
    """The loop that a replay of millions of results lives in: each line less here is seconds there."""
    at_column, service_column, endpoint_column, result_column = columns
    observe_of = {key: track.observe for key, track in replay.tracks.items()}
    outcomes, parse, utc = _OUTCOMES, datetime.fromisoformat, UTC
    first = last = None
    try:
        for row in rows:
            try:
                at = parse(row[at_column])
                if at.tzinfo is not utc:
                    at = _in_utc(at, row[at_column])
                observe_of[row[service_column], row[endpoint_column]](at, outcomes[row[result_column]])
            except (ValueError, TypeError, KeyError, IndexError) as error:
                if not row:
                    continue  # an empty line
                at = _slow_row(replay, path, rows.line_num, row, columns, width, error)
            if first is None:
                first = last = at
            elif at > last:  # type: ignore[operator]
                last = at
            elif at < first:
                first = at
    except csv.Error as error:
        raise TraceError(path, rows.line_num, f"not CSV: {error}") from None
    if first is not None and last is not None:
        extent.add(first, last)


def _in_utc(at: datetime, text: object) -> datetime:
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)


def _slow_row(
    replay: Fed,
    path: Path,
    line: int,
    row: list[Any],
    columns: tuple[int, int, int, int],
    width: int,
    error: Exception,
) -> datetime:
    """A row that the fast way did not take: epoch seconds, or a fault to name. Returns its instant."""
    if isinstance(error, OutOfOrderError):
        raise TraceError(path, line, _out_of_order(error, row, columns)) from None
    if len(row) < 4 or len(row) > max(width, len(_FIELDS)):
        raise TraceError(path, line, f"{len(row)} fields; expected {width}")
    text, service, endpoint, result = (row[column] for column in columns)
    at = _instant(path, line, text)
    if (service, endpoint) not in replay.tracks:
        raise TraceError(path, line, f"endpoint {service}/{endpoint} is not in the configuration")
    if result not in _OUTCOMES:
        raise TraceError(path, line, f"result {result!r}; expected {', '.join(_OUTCOMES)}")
    try:
        replay.tracks[service, endpoint].observe(at, _OUTCOMES[result])
    except OutOfOrderError as late:
        raise TraceError(path, line, _out_of_order(late, row, columns)) from None
    return at


def _out_of_order(error: OutOfOrderError, row: list[Any], columns: tuple[int, int, int, int]) -> str:
    name = f"{row[columns[1]]}/{row[columns[2]]}"
    if error.at == error.last_at:
        return f"a second result of {name} at {error.at.isoformat()}; expected one at an instant"
    return (
        f"result of {name} at {error.at.isoformat()} comes after one at {error.last_at.isoformat()}; "
        "expected time order per endpoint"
    )


def _instant(path: Path, line: int, text: Any) -> datetime:
    """ISO 8601 with an offset, or epoch seconds, which may have fractions."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise TraceError(
            path, line, f"timestamp {text!r}; expected ISO 8601 with an offset, or epoch seconds"
        ) from None
    if at.tzinfo is None:
        raise TraceError(path, line, f"timestamp {text!r} has no offset; expected one, as in {text}Z or {text}+01:00")
    return at.astimezone(UTC)
