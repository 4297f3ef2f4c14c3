"""A dashboard's queries as Grafana sends them: variables expanded, ranges and steps computed, panels repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

ALL = "$__all"
SCRAPE_SECONDS = 15  # the data source's setting
_VARIABLE = re.compile(r"\$\{([a-z_]\w*)(?::[\w:]+)?\}|\$([a-z_]\w*)")  # their formats: text, date:seconds
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STEPS = (
    15,
    20,
    30,
    60,
    120,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)  # Grafana's, from 15 s on
_ASK_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Question:
    """One query of one panel, as it goes to Prometheus."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    instant: bool
    start: float
    end: float
    step: int

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.ref}"

    def ask(self, url: str, session: requests.Session | None = None) -> list[dict[str, Any]]:
        """The series of the answer; raises ValueError with what Prometheus said where it refused."""
        if self.instant:
            path, form = "query", {"query": self.expression, "time": f"{self.end:.3f}"}
        else:
            bounds = {"start": f"{self.start // self.step * self.step}", "end": f"{self.end // self.step * self.step}"}
            path, form = "query_range", {"query": self.expression, "step": str(self.step), **bounds}
        answer = (session or requests).post(f"{url}/api/v1/{path}", data=form, timeout=_ASK_WITHIN_SECONDS).json()
        if answer["status"] != "success":
            raise ValueError(f"{self.name}: {answer['error']}\n{self.expression}")
        return answer["data"]["result"]  # type: ignore[no-any-return]


class Board:
    """One generated dashboard."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = json.loads(path.read_text())
        self.name = path.stem
        self.zone = ZoneInfo(self.document["timezone"])

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.document["templating"]["list"]}

    def options(self, name: str, url: str, now: float, chosen: Mapping[str, str]) -> list[str]:
        """The values that a variable offers, All first where it is one."""
        variable = self.variables[name]
        start, end = self._range(self.document["time"]["from"], now)
        if variable["type"] == "custom":
            values = [each["value"] for each in variable["options"] if each["value"] != ALL]
        else:
            found = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert found is not None, variable["query"]
            match = {"match[]": self._replaced(found[1], chosen), "start": str(start), "end": str(end)}
            answer = requests.get(f"{url}/api/v1/label/{found[2]}/values", params=match, timeout=_ASK_WITHIN_SECONDS)
            values = answer.json()["data"]
        return [ALL, *values] if variable["includeAll"] else values

    def choices(self, url: str, now: float) -> dict[str, str]:
        """What is chosen when the dashboard is opened: what it says, else the first of each."""
        chosen: dict[str, str] = {}
        for name, variable in self.variables.items():
            offered = self.options(name, url, now, chosen)
            said = variable["current"].get("value")
            chosen[name] = said if said in offered else offered[0] if offered else ""
        return chosen

    def questions(self, url: str, now: float, chosen: Mapping[str, str]) -> Iterator[Question]:
        """All that the dashboard asks with these choices; a repeated panel once for each value."""
        for panel in self.document["panels"]:
            repeated = panel.get("repeat")
            if repeated is None:
                values = [dict(chosen)]
            else:
                offered = self.options(repeated, url, now, chosen)
                several = chosen[repeated] == ALL
                values = [
                    {**chosen, repeated: each} for each in (offered if several else [chosen[repeated]]) if each != ALL
                ]
            for each in values:
                for target in panel.get("targets", ()):
                    yield self._question(panel, target, each, now)
        for annotation in self.document["annotations"]["list"]:
            start, end = self._range(self.document["time"]["from"], now)
            step = max(60, int((end - start) // 11000) + 1)
            expression = self._replaced(annotation["expr"], chosen)
            yield Question(self.name, f"annotation {annotation['name']}", "A", expression, False, start, end, step)

    def _question(
        self, panel: dict[str, Any], target: dict[str, Any], chosen: Mapping[str, str], now: float
    ) -> Question:
        start, end = self._range(panel.get("timeFrom") or self.document["time"]["from"], now)
        least = max(SCRAPE_SECONDS, _seconds(panel["interval"]) if panel.get("interval") else 0)
        step = max(_rounded((end - start) / (panel.get("maxDataPoints") or 1000)), least)
        rate = max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
        built_in = {"__interval": f"{step}s", "__rate_interval": f"{rate}s", "__range": f"{end - start:.0f}s"}
        built_in |= {"__range_s": f"{end - start:.0f}", "__from": f"{start:.0f}", "__to": f"{end:.0f}"}
        title = self._replaced(panel["title"], chosen, plainly=True)
        expression = self._replaced(target["expr"], {**chosen, **built_in})
        return Question(self.name, title, target["refId"], expression, target["instant"], start, end, step)

    def _replaced(self, text: str, chosen: Mapping[str, str], *, plainly: bool = False) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if chosen[name] != ALL:
                return chosen[name]
            return "All" if plainly else str(self.variables[name]["allValue"])

        return _VARIABLE.sub(value, text)

    def _range(self, since: str, now: float) -> tuple[float, float]:
        if since == "now/M":
            first = datetime.fromtimestamp(now, self.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            following = (first + timedelta(days=32)).replace(day=1)
            return first.timestamp(), following.timestamp() - 0.001
        found = re.fullmatch(r"now-(\w+)", since)
        assert found is not None, since
        return now - _seconds(found[1]), now


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * _UNITS[duration[-1]]


def _rounded(seconds: float) -> int:
    """To a step that people count in; halves go up, as nearly as Grafana does it."""
    return min(_STEPS, key=lambda step: abs(step - seconds))
