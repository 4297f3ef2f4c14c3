"""`probe_success`-like series of a Prometheus -> results, over its HTTP API: raw samples, with their true instants."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import requests
from requests.auth import AuthBase

from .core.durations import format_duration
from .core.model import Outcome, Result

_CONNECT_SECONDS, _ANSWER_SECONDS = 10, 150  # a Prometheus gives up on a query after two minutes
_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 1.0  # doubled each time: half a minute in all
_PASSING = frozenset({429, 502, 503, 504})
_LOOK_BACK = timedelta(days=20 * 365)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_OUTCOMES = {1.0: Outcome.SUCCESS, 0.0: Outcome.FAILURE}
_LONGEST_SHOWN = 300

_QUOTED = r""" "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `[^`]*` """
_SELECTOR = re.compile(
    rf"\s* (?: [a-zA-Z_:][a-zA-Z0-9_:]* \s* (?: \{{ (?: [^{{}}\"'`\#] | {_QUOTED} )* \}} )? "
    rf"| \{{ (?: [^{{}}\"'`\#] | {_QUOTED} )+ \}} ) \s*",
    re.VERBOSE,
)


class HistoryError(Exception):
    """The history cannot be read; the message says whose, what is wrong, and what is expected. No secret is in it."""


def is_selector(query: str) -> bool:
    """Whether it is a plain vector selector, `name{label="value"}`: of anything else there are no raw samples to ask for."""
    return _SELECTOR.fullmatch(query) is not None


class _Token(AuthBase):
    """Sets the header itself, so that no ~/.netrc is asked: it would take the place of the token."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class PrometheusHistory:
    """One Prometheus, or what answers like one.

    url: its base, without credentials. token: sent as a bearer token, shown nowhere. sleep: pauses between attempts.
    """

    def __init__(self, url: str, token: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._url, self._sleep = url.rstrip("/"), sleep
        self._session = requests.Session()
        self._session.auth = _Token(token)
        self._answered = False

    def first(self, query: str, start: datetime | None, end: datetime) -> datetime | None:
        """When the first sample of a series in `[start, end)` was taken; `start` None looks back twenty years.

        Raises HistoryError.
        """
        start = max(start or end - _LOOK_BACK, _EPOCH)
        days = math.ceil((end - start) / _DAY)
        # Each point counts the day before it; the last one lies at or behind the end.
        counts = self._ask(
            "query_range",
            query,
            query=f"count_over_time({query}[1d])",
            start=_seconds(start + _DAY),
            end=_seconds(start + days * _DAY),
            step="86400",
        )
        for day_end in sorted(at for series in counts for at, _ in self._samples(series)):
            # A range that is closed at its begin may have counted nothing but the sample of the instant before the day.
            found = self.results(query, max(start, day_end - _DAY), min(end, day_end + _MILLISECOND))
            if found:
                return found[0].at
        return None

    def results(self, query: str, start: datetime, end: datetime) -> list[Result]:
        """The samples of one series in `[start, end)`, in time order: 1 is a success, 0 a failure.

        Several series are one where each begins after the one before has ended, as when a label changed.
        Raises HistoryError.
        """
        if start >= end:
            return []
        until = _ceil(end)
        # Whether a range is open at its begin depends on the version of Prometheus: asked for is a little more.
        span = until - _floor(start) + _MILLISECOND
        pieces = []
        for series in self._ask("query", query, query=f"{query}[{format_duration(span)}]", time=_seconds(until)):
            inside = [sample for sample in self._samples(series) if start <= sample[0] < end]
            if inside:
                pieces.append((inside, _labels(series)))
        pieces.sort(key=lambda piece: piece[0][0][0])
        for (before, one), (after, other) in pairwise(pieces):
            if after[0][0] <= before[-1][0]:
                problem = f"{query}: {len(pieces)} series at one time, such as {one} and {other}"
                raise self._fault(f"{problem}; expected a selector of one series")
        return [Result(at, self._outcome(query, at, value)) for inside, _ in pieces for at, value in inside]

    def _outcome(self, query: str, at: datetime, value: float) -> Outcome:
        outcome = _OUTCOMES.get(value)
        if outcome is None:
            raise self._fault(f"{query}: the value at {at.isoformat()} is {value:g}; expected 1 or 0")
        return outcome

    def _samples(self, series: dict[str, Any]) -> list[tuple[datetime, float]]:
        if series.get("histograms"):
            raise self._fault(f"{_labels(series)}: holds histograms; expected samples of 1 or 0")
        try:
            return [(_EPOCH + round(at * 1000) * _MILLISECOND, float(value)) for at, value in series["values"]]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._fault("answers with something else than samples; is this the right address?") from None

    def _ask(self, what: str, about: str, **parameters: str) -> list[dict[str, Any]]:
        """The series of an answer, whole; a part of one, or one with warnings, is none."""
        response = self._response(f"{self._url}/api/v1/{what}", parameters)
        try:
            answer = response.json()
            status, warnings = answer["status"], answer.get("warnings") or ()
        except (requests.JSONDecodeError, KeyError, TypeError, AttributeError):
            problem = f"answers with status {response.status_code} and something else than Prometheus does"
            raise self._fault(f"{problem}; is this the right address?") from None
        if status != "success":
            raise self._fault(_refusal(about, answer))
        if warnings or answer.get("isPartial"):
            told = f": {_clean(str(warnings[0]))}" if warnings else ""
            raise self._fault(f"{about}: the answer may not be whole{told}; expected one without warnings")
        try:
            kind, series = answer["data"]["resultType"], answer["data"]["result"]
        except (KeyError, TypeError):
            kind, series = None, None
        if kind != "matrix" or not isinstance(series, list) or not all(isinstance(each, dict) for each in series):
            raise self._fault("answers with something else than series; is this the right address?")
        return series

    def _response(self, url: str, parameters: dict[str, str]) -> requests.Response:
        """The answer, once nothing passing stands against it; who has never answered is not asked again."""
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                response = self._session.get(
                    url, params=parameters, timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS), allow_redirects=False
                )
            except requests.RequestException as error:
                passing = isinstance(error, requests.ConnectionError | requests.Timeout) and self._answered
                if last or not passing:
                    raise self._fault(f"does not answer: {type(error).__name__}") from None
            else:
                self._answered = True
                if response.status_code in (401, 403):
                    problem = f"refuses to be asked (status {response.status_code})"
                    raise self._fault(f"{problem}; expected a token that may query, in --bearer-token-file")
                if response.is_redirect:
                    problem = f"leads elsewhere (status {response.status_code})"
                    raise self._fault(f"{problem}; expected the address that it leads to")
                if last or response.status_code not in _PASSING:
                    return response
            self._sleep(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _fault(self, problem: str) -> HistoryError:
        return HistoryError(f"{self._url}: {problem}")


def _refusal(query: str, answer: dict[str, Any]) -> str:
    told = _clean(str(answer.get("error") or "no reason given"))
    if "too many samples" in told or "exceeds the limit" in told:
        return f"{query}: too much at once: {told}; expected a shorter --step-chunk"
    return f"{query}: refused: {told}"


def _labels(series: dict[str, Any]) -> str:
    metric = series.get("metric")
    labels = dict(metric) if isinstance(metric, dict) else {}
    name = labels.pop("__name__", "")
    return _clean(f"{name}{{{', '.join(f'{key}={str(value)!r}' for key, value in sorted(labels.items()))}}}")


def _clean(text: str) -> str:
    """A server's words, fit for a terminal."""
    text = "".join(each if each.isprintable() else "�" for each in text)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _floor(at: datetime) -> datetime:
    return at - (at - _EPOCH) % _MILLISECOND


def _ceil(at: datetime) -> datetime:
    floor = _floor(at)
    return floor if floor == at else floor + _MILLISECOND


def _seconds(at: datetime) -> str:
    milliseconds = (_ceil(at) - _EPOCH) // _MILLISECOND
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"
