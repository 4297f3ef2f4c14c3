"""The rules over several keys: what is in order key by key and still cannot be meant.

Each rule reads the sound data (`shape.Shape.sound`) and yields where it is broken and how. None in that data stands for a
value whose fault is known already: a rule that needs it says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ..core.durations import format_duration, parse_duration
from ..core.model import Policy
from . import values
from .faults import Location, dotted, shown
from .support_rules import broken_support

DEFAULT_INTERVAL = timedelta(seconds=30)

Broken = Iterator[tuple[Location, str]]
Placed = Iterator[tuple[Location, dict[str, Any]]]

_WINDOWS = ("policy", "maintenance")
_FILES = (
    ("authorization", ("credentials_file",)),
    ("basic_auth", ("password_file",)),
    ("tls_config", ("ca_file", "cert_file", "key_file")),
)
_WEB_FILES = ("config_file", "write_token_file", "read_token_file")


def broken_rules(sound: Any, named_services: set[str] | None, folder: Path | None) -> Broken:
    """`named_services`: every name that the file gives to a service, None where that cannot be said.

    `folder`: where relative paths start; None leaves out whether the files can be read.
    """
    if sound is None:
        return
    yield from _names(sound)
    yield from _windows(sound, named_services)
    yield from broken_support(_section(sound, "policy", "support"))
    yield from _intervals(sound)
    yield from _timeouts(sound)
    for location, exchange in _exchanges(sound):
        yield from _credentials(location, exchange)
        yield from _headers(location, exchange)
    yield from _reading(sound)
    if folder is not None:
        yield from _files(sound, folder)


def _names(data: dict[str, Any]) -> Broken:
    groups = [
        list(_items(data, "services")),
        *(list(_items(service, "endpoints", location)) for location, service in _items(data, "services")),
        *(list(_items(_section(data, *_WINDOWS), kind, _WINDOWS)) for kind in ("recurring", "announced")),
    ]
    for group in groups:
        first: dict[str, Location] = {}
        for location, item in group:
            name = item.get("name")
            if name in first:
                problem = f"the name of {dotted(first[name])} too: {shown(name)}; expected a name of its own"
                yield (*location, "name"), problem
            elif name is not None:
                first[name] = location


def _windows(data: dict[str, Any], named_services: set[str] | None) -> Broken:
    maintenance = _section(data, *_WINDOWS)
    recurring, announced = (list(_items(maintenance, kind, _WINDOWS)) for kind in ("recurring", "announced"))
    for location, window in recurring:
        start, end = window.get("start"), window.get("end")
        if start is not None and end is not None and values.time_of_day(start) == values.time_of_day(end):
            yield (*location, "end"), f"the same as the start: {shown(end)}; expected another time of day"
    for location, window in announced:
        start, end = window.get("start"), window.get("end")
        if start is not None and end is not None and values.instant(end) <= values.instant(start):
            yield (*location, "end"), f"not after the start ({start}): {end}; expected a later instant"
    for location, window in recurring + announced:
        for index, service in enumerate(window.get("services") or ()):
            if service is not None and named_services is not None and service not in named_services:
                known = ", ".join(sorted(filter(values.NAME.fullmatch, named_services))[:10])
                known = known or "the names under services"
                yield (*location, "services", index), f"no such service: {shown(service)}; expected one of {known}"


class _Setting(NamedTuple):
    """A duration that an endpoint has, and where it is written: () for a default. `value` None is at fault."""

    location: Location
    value: timedelta | None


def _setting(data: dict[str, Any], location: Location, exchange: dict[str, Any], key: str) -> _Setting | None:
    """None where neither the exchange nor the probe section says anything."""
    for where, section in ((location, exchange), (("probe",), _section(data, "probe"))):
        if section is None:
            return _Setting((*where, key), None)
        if key in section:
            return _Setting((*where, key), parse_duration(section[key]) if section[key] is not None else None)
    return None


def _intervals(data: dict[str, Any]) -> Broken:
    """At most half of `downtime_after`; blamed is the interval where one is written, otherwise `downtime_after`."""
    policy = _section(data, "policy")
    if policy is None or policy.get("downtime_after", "") is None:
        return
    downtime_after = parse_duration(policy["downtime_after"]) if "downtime_after" in policy else Policy().downtime_after
    blamed: dict[Location, str] = {}
    for location, exchange in _exchanges(data):
        written = _setting(data, location, exchange, "interval")
        if written is None and location != ("probe",) and downtime_after / 2 < DEFAULT_INTERVAL:
            blamed["policy", "downtime_after"] = (
                f"shorter than twice the probe interval ({format_duration(DEFAULT_INTERVAL)}): "
                f"{format_duration(downtime_after)}; expected at least {format_duration(2 * DEFAULT_INTERVAL)}"
            )
        elif written and written.value and written.value > downtime_after / 2:
            blamed[written.location] = (
                f"longer than half of policy.downtime_after ({format_duration(downtime_after)}): "
                f"{format_duration(written.value)}; expected at most {format_duration(downtime_after / 2)}"
            )
    yield from blamed.items()


def _timeouts(data: dict[str, Any]) -> Broken:
    """At most the interval; blamed is the timeout where it is written, for the shortest interval it has to fit into."""
    shortest: dict[Location, timedelta] = {}
    blamed: dict[Location, str] = {}
    for location, exchange in _exchanges(data):
        timeout = _setting(data, location, exchange, "timeout")
        interval = _setting(data, location, exchange, "interval") or _Setting((), DEFAULT_INTERVAL)
        if timeout is None or timeout.value is None or interval.value is None or timeout.value <= interval.value:
            continue
        if interval.value < shortest.get(timeout.location, timedelta.max):
            shortest[timeout.location] = interval.value
            whose = "" if timeout.location == (*location, "timeout") else f" of {dotted(location)}"
            limit = format_duration(interval.value)
            blamed[timeout.location] = (
                f"longer than the interval{whose} ({limit}): {format_duration(timeout.value)}; expected at most {limit}"
            )
    yield from blamed.items()


def _credentials(location: Location, exchange: dict[str, Any]) -> Broken:
    if "authorization" in exchange and "basic_auth" in exchange:
        yield (*location, "basic_auth"), "written beside authorization; expected one of the two"
    tls = exchange.get("tls_config") or {}
    for key, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if key in tls and other not in tls:
            yield (*location, "tls_config", key), f"written without {other}; expected both or neither"


def _headers(location: Location, exchange: dict[str, Any]) -> Broken:
    first: dict[str, str] = {}
    for name in exchange.get("headers") or {}:
        if first.setdefault(name.lower(), name) != name:
            yield (*location, "headers", name), f"the header {first[name.lower()]} once more; expected each header once"


def _reading(data: dict[str, Any]) -> Broken:
    web = _section(data, "web") or {}
    if web.get("reading") == "token" and "read_token_file" not in web:
        yield (
            ("web", "reading"),
            "token, without read_token_file; expected the path of a file that holds the token there",
        )
    if "read_token_file" in web and web.get("reading", "open") == "open":
        yield ("web", "read_token_file"), "written while reading is open; expected reading: token beside it"


def _files(data: dict[str, Any], folder: Path) -> Broken:
    """The path is not told: people have been seen to write the secret itself where its file belongs."""
    named: list[tuple[Location, Any]] = [
        ((*location, section, key), (exchange.get(section) or {}).get(key))
        for location, exchange in _exchanges(data)
        for section, keys in _FILES
        for key in keys
    ]
    named += [(("web", key), (_section(data, "web") or {}).get(key)) for key in _WEB_FILES]
    for location, path in named:
        problem = _unreadable(folder / path) if path is not None else None
        if problem:
            yield location, f"{problem}; expected a readable file (a relative path starts at this file's folder)"


def _unreadable(path: Path) -> str | None:
    try:
        path.stat()
    except OSError as error:
        return (error.strerror or "cannot be reached").lower()
    if path.is_dir():
        return "is a directory"
    return None if os.access(path, os.R_OK) else "permission denied"


def _section(data: dict[str, Any] | None, *keys: str) -> dict[str, Any] | None:
    """The mapping there: {} where it is not written, None where it is at fault."""
    for key in keys:
        if data is None:
            return None
        data = data.get(key, {})
    return data


def _items(data: dict[str, Any] | None, key: str, within: Location = ()) -> Placed:
    """The sound mappings of the list under `key`, each with its place."""
    for index, item in enumerate((data or {}).get(key) or ()):
        if item is not None:
            yield (*within, key, index), item


def _exchanges(data: dict[str, Any]) -> Placed:
    """The probe section, then every endpoint."""
    probe = _section(data, "probe")
    if probe is not None:
        yield ("probe",), probe
    for location, service in _items(data, "services"):
        yield from _items(service, "endpoints", location)
