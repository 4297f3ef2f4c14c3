"""The values that people write, one function each: what YAML read -> the value, or ValueError with the fault's text.

The text has the form "what is wrong; what is expected". Values that may hold a credential are never in it.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from ..core.durations import parse_duration
from ..core.model import NO_COUNTRY, Kind
from ..core.names import METRICS
from ..core.support import EXPECTED_TARGET, Target, parse_target
from .faults import shown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

_TARGET_LABELS = {"job", "instance", "le", "quantile", "alertname", "severity"}
RESERVED_LABELS = _TARGET_LABELS.union(*(m.labels for m in METRICS.values() if "service" in m.labels))
"""Labels that an info metric's own labels would hide in a join on `service`, or that Prometheus itself sets."""

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_LEVEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_HTTP_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_NOT_IN_URLS = re.compile(r"""[\s\\<>"`]""")
_LISTEN = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")
_SECRET_HEADERS = ("authorization", "proxy-authorization")


def described(value: object) -> str:
    """What kind of value YAML read, without the value."""
    kinds: dict[type, str] = {bool: "a boolean", str: "text", list: "a list", dict: "a mapping", type(None): "empty"}
    return kinds.get(type(value), "a number")


def text(value: object, expected: str = "text") -> str:
    """One line of text that is not empty."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError(f"empty; expected {expected}")
        if not value.isprintable():
            raise ValueError(f"has a control character or a line break; expected {expected} in one line")
        return value
    if isinstance(value, bool | int | float):
        raise ValueError(f"YAML reads it as {described(value)}; expected {expected}, in quotes")
    raise ValueError(f"is {described(value)}; expected {expected}")


def body(value: object) -> str:
    if isinstance(value, str):
        if any(not (character.isprintable() or character in "\t\r\n") for character in value):
            raise ValueError("has a control character; expected text")
        return value
    return text(value)


def choice(*words: str) -> Callable[[object], str]:
    def one_of(value: object) -> str:
        expected = f"one of {', '.join(words)}"
        word = text(value, expected)
        if word not in words:
            near = difflib.get_close_matches(word.lower(), [w.lower() for w in words], 1)
            hint = next((f" (did you mean {w}?)" for w in words if [w.lower()] == near), "")
            raise ValueError(f"unknown: {shown(word)}; expected {expected}{hint}")
        return word

    return one_of


def kind(value: object) -> Kind:
    return Kind(choice(*Kind)(value))


def whole_number(least: int, most: int) -> Callable[[object], int]:
    def number(value: object) -> int:
        expected = f"a whole number from {least} to {most}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"is {described(value)}; expected {expected}")
        if not least <= value <= most:
            raise ValueError(f"out of range: {value}; expected {expected}")
        return value

    return number


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {described(value)}; expected true or false")
    return value


def scalar(value: object) -> Any:
    if isinstance(value, list | dict):
        raise ValueError(f"is {described(value)}; expected text, a number, true, false or null")
    return value


def objective(value: object) -> float:
    """Percent -> ratio; by way of decimals, so that 99.9 gives 0.999."""
    expected = "a number of percent between 0 and 100, such as 99.5"
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = ", without quotes or a % sign" if isinstance(value, str) else ""
        raise ValueError(f"is {described(value)}; expected {expected}{hint}")
    ratio = float(Decimal(repr(value)) / 100)
    if not 0 < ratio < 1:
        raise ValueError(f"out of range: {value}; expected {expected}")
    return ratio


def share(value: object) -> float:
    expected = "a number above 0 and at most 1, such as 0.75"
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = ", without quotes or a % sign" if isinstance(value, str) else ""
        raise ValueError(f"is {described(value)}; expected {expected}{hint}")
    if not 0 < value <= 1:
        raise ValueError(f"out of range: {value}; expected {expected}")
    return float(value)


def duration_or_zero(value: object) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_duration(str(value))
    return parse_duration(text(value, "a duration such as 30s"))


def duration(value: object) -> timedelta:
    length = duration_or_zero(value)
    if not length:
        raise ValueError(f"no time at all: {value}; expected a duration longer than 0s")
    return length


def whole_minutes(value: object) -> timedelta:
    length = duration_or_zero(value)
    if length % timedelta(minutes=1):
        raise ValueError(f"not in whole minutes: {value}; expected a duration such as 8h or 90m")
    return length


def business_day_length(value: object) -> timedelta:
    length = whole_minutes(value)
    if not timedelta() < length <= timedelta(days=1):
        raise ValueError(f"out of range: {value}; expected a duration of at most 24h, such as 8h")
    return length


def target(value: object) -> Target:
    return parse_target(text(value, EXPECTED_TARGET))


def level_name(value: object) -> str:
    expected = "letters, digits and hyphens such as A, a letter or digit first"
    written = text(value, expected)
    if not _LEVEL_NAME.fullmatch(written):
        raise ValueError(f"not a level's name: {shown(written)}; expected {expected}")
    return written


def duration_or_off(value: object) -> timedelta | None:
    return None if value is False or value == "off" else duration(value)  # YAML reads a bare off as false


def instant(value: object) -> datetime:
    expected = "an instant with an offset, such as 2026-12-05T20:00:00+01:00"
    written = text(value, expected)
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"not an instant: {shown(written)}; expected {expected}") from None
    if parsed.tzinfo is None:
        raise ValueError(f"has no offset: {shown(written)}; expected {expected}")
    if not 1970 < parsed.year < 3000:
        raise ValueError(f"too far from today: {shown(written)}; expected a year from 1971 to 2999")
    return parsed.astimezone(UTC)


def time_of_day(value: object) -> int:
    """The minute of the day, up to 1440 for `24:00`."""
    expected = 'a quoted time of day such as "22:00"'
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value <= 1440:
        guess = f"{value // 60:02}:{value % 60:02}"
        raise ValueError(f'YAML reads a bare {guess} as the number {value}; expected it in quotes: "{guess}"')
    written = text(value, expected)
    match = _TIME_OF_DAY.fullmatch(written)
    if match is None:
        raise ValueError(f"not a time of day: {shown(written)}; expected {expected}, from 00:00 to 24:00")
    hour, minute = (int(part) for part in match.groups() if part is not None)
    return hour * 60 + minute


def start_of_day(value: object) -> int:
    minute = time_of_day(value)
    if minute == 24 * 60:
        raise ValueError('24:00 is an end only; expected "00:00" for midnight as a start')
    return minute


def day(value: object) -> int:
    """0 is Monday."""
    return DAYS.index(choice(*DAYS)(value))


def timezone(value: object) -> ZoneInfo:
    expected = "a name of the time zone database such as Europe/Oslo"
    written = text(value, expected)
    try:
        return ZoneInfo(written)
    except (KeyError, ValueError, OSError):
        near = difflib.get_close_matches(written, sorted(available_timezones() - {"localtime"}), 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"unknown time zone: {shown(written)}; expected {expected}{hint}") from None


def holiday(value: object) -> date | tuple[int, int]:
    """One date, or (month, day) of every year."""
    expected = 'a day of every year such as "12-24", or one date such as 2027-05-18'
    written = text(value, expected)
    try:
        if match := _MONTH_DAY.fullmatch(written):
            month, day_of_month = int(match[1]), int(match[2])
            date(2000, month, day_of_month)  # a leap year: 29 February is a day
            return month, day_of_month
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"not a day: {shown(written)}; expected {expected}") from None


def country(value: object) -> str:
    if value is False:
        return "NO"  # YAML reads a bare NO as false; no country is called false
    expected = f"a country's two letters such as NO, or {NO_COUNTRY}"
    written = text(value, expected)
    if written == NO_COUNTRY:
        return written
    import holidays  # noqa: PLC0415 - takes a tenth of a second, and few files name a country

    if written not in holidays.list_supported_countries(include_aliases=False):
        raise ValueError(f"holidays of {shown(written)} are not known; expected {expected}")
    return written


def name(value: object) -> str:
    expected = "lower-case letters, digits and hyphens, a letter or digit first"
    written = text(value, expected)
    if not NAME.fullmatch(written):
        raise ValueError(f"not a name: {shown(written)}; expected {expected}")
    return written


def label_name(value: object) -> str:
    written = text(value)
    if not _LABEL_NAME.fullmatch(written) or written.startswith("__"):
        raise ValueError("not a label name; expected letters, digits and underscores, no digit and no __ first")
    if written in RESERVED_LABELS:
        raise ValueError("a label that the metrics use themselves; expected another name")
    return written


def json_path(value: object) -> str:
    written = text(value)
    if not all(written.split(".")):
        raise ValueError("has an empty part; expected keys joined by dots, such as status.health_status.status")
    return written


def header_name(value: object) -> str:
    written = text(value)
    if not _HTTP_TOKEN.fullmatch(written):
        raise ValueError("not a header name; expected letters, digits and hyphens")
    if written.lower() in _SECRET_HEADERS:
        raise ValueError("a secret in clear; expected authorization or basic_auth, which take it from a file")
    return written


def authorization_type(value: object) -> str:
    expected = "one word such as Bearer (the credentials come from credentials_file)"
    written = text(value, expected)
    if not _HTTP_TOKEN.fullmatch(written):
        raise ValueError(f"not one word; expected {expected}")
    return written


def regex(value: object) -> str:
    """A regular expression as text: compiled once here, to see that it can be."""
    if not isinstance(value, str):
        return text(value, "a regular expression")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning of the re module is no fault of the file
            re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        reason = error.msg if isinstance(error, re.error) else "too large"
        raise ValueError(f"not a regular expression: {reason}; expected one in Python's syntax") from None
    return value


def http_url(value: object) -> str:
    """An http or https URL; never shown in a message, since it may hold a credential."""
    expected = "an http or https URL such as https://example.org/path"
    written = text(value, expected)
    try:
        parts = urlsplit(written)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError(f"not a URL; expected {expected}") from None
    if "@" in parts.netloc:
        raise ValueError("has credentials in it; expected a URL without them: secrets come from files")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"not an http or https URL; expected {expected}")
    if not host:
        raise ValueError(f"has no host; expected {expected}")
    if port == 0 or _NOT_IN_URLS.search(written):
        raise ValueError(f"not a URL; expected {expected}")
    return written


def base_url(value: object) -> str:
    """A URL that paths are appended to: without the slash at its end."""
    url = http_url(value)
    if "?" in url or "#" in url:
        raise ValueError("has a query or a fragment; expected a URL that a path can follow")
    return url.rstrip("/")


def ledger_url(value: object) -> str:
    expected = "sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
    written = text(value, expected)
    try:
        parts = urlsplit(written)
        password, host, _ = parts.password, parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"not a URL of a ledger; expected {expected}") from None
    secret = any("pass" in key.lower() and key != "passfile" for key, _ in parse_qsl(parts.query, True))
    if password is not None or secret:
        raise ValueError("has a password in it; expected none: give it in PGPASSWORD or a file named by PGPASSFILE")
    if parts.scheme == "sqlite":
        if not written.startswith("sqlite:///") or written == "sqlite:///" or ":memory:" in written:
            raise ValueError("names no file; expected sqlite:///FILE, or sqlite:////FILE for an absolute path")
        return written
    if parts.scheme != "postgresql+psycopg":
        raise ValueError(f"not a URL of a ledger; expected {expected}")
    if not host or not parts.path.strip("/"):
        raise ValueError("names no host or no database; expected postgresql+psycopg://USER@HOST/DATABASE")
    return written


def listen(value: object) -> tuple[str, int]:
    """Host and port; port 0 lets the system choose one."""
    expected = "HOST:PORT such as 127.0.0.1:9808 or [::]:9808"
    written = text(value, expected)
    match = _LISTEN.fullmatch(written)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"not an address to listen on: {shown(written)}; expected {expected}")
    host = match["host"] or match["ipv6"]
    if match["host"] is None:
        try:
            IPv6Address(host)
        except ValueError:
            raise ValueError(f"not an address to listen on: {shown(written)}; expected {expected}") from None
    return host, int(match["port"])
