"""Sentences made of numbers, in PromQL: a stat panel's name is the only text of any length that Grafana makes of an answer.

PromQL cannot write a number into a label but with `count_values`, whose value is lost then. So what is written and what
is coloured comes from one label, and each expression is evaluated once.
"""

from __future__ import annotations

from sesam_slo.generate.dashboards.service_state import State

ALL_RESPONDING = r"/^(ALL [0-9]+ )?RESPONDING$/"  # the only sentence that may be green
NOTHING_SEEN = "NOT SEEING ANYTHING"

_COUNT = "(?:00([1-9])|0([1-9][0-9])|([1-9][0-9]{2}))"  # three digits without their leading zeros, nothing for none
_NONE = "0{3}"
_ANY = "[0-9]{3}"
_BETWEEN = " · "


def counts_of(states: str) -> str:
    """How many services are in each state, in words: `1 DOWN · 2 FAILING`, `ALL 16 RESPONDING`. Label `says`.

    All five counts are one number: a 1, then three digits for each state from the worst to the best. That is exact up
    to 999 services.
    """
    counted = f'count_values("counts", 1000 ^ 5 + sum(1000 ^ (({states}) - 1)))'
    troubles = {State.DOWN: "DOWN", State.NOT_SEEN: "NOT SEEN", State.FAILING: "FAILING"}
    found = counted
    for state, word in troubles.items():
        found = _says(found, f"{_BETWEEN}$1$2$3 {word}", {state: _COUNT}, label=_label(state))
    joined = ", ".join(f'"{_label(state)}"' for state in troubles)
    found = f'label_join({found}, "says", "", {joined})'
    found = f'label_replace({found}, "says", "$1", "says", "{_BETWEEN}(.*)")'
    calm = dict.fromkeys(troubles, _NONE)
    maintenance = {State.MAINTENANCE: _COUNT, State.OK: _NONE}
    found = _says(found, "$1$2$3 IN MAINTENANCE", calm | maintenance)
    found = _says(found, f"$4$5$6 RESPONDING{_BETWEEN}$1$2$3 IN MAINTENANCE", calm | maintenance | {State.OK: _COUNT})
    found = _says(found, "ALL $1$2$3 RESPONDING", calm | {State.MAINTENANCE: _NONE, State.OK: _COUNT})
    found = _says(found, "RESPONDING", calm | {State.MAINTENANCE: _NONE, State.OK: "001"})
    return _says(found, NOTHING_SEEN, dict.fromkeys(State, _NONE) | {State.NOT_SEEN: _COUNT})


def spoken(seconds: str, by: str, label: str) -> str:
    """The label `label` of each series, by the labels `by`: its seconds as `2 h 5 min`. The value is 1."""
    hours = f'count_values by ({by}) ("hours", floor({seconds} / 3600))'
    minutes = f'count_values by ({by}) ("minutes", floor({seconds} % 3600 / 60))'
    joined = f'label_join({hours} * on ({by}) group_left (minutes) {minutes}, "{label}", " h ", "hours", "minutes")'
    return f'label_replace({joined}, "{label}", "$1$2 min", "{label}", "0 h (.*)|(.* h .*)")'


def _says(expression: str, sentence: str, digits: dict[State, str], *, label: str = "says") -> str:
    """`expression` with that sentence in `label` where the digits of each state are such."""
    pattern = "1" + "".join(digits.get(state, _ANY) for state in sorted(State, reverse=True))
    return f'label_replace({expression}, "{label}", "{sentence}", "counts", "{pattern}")'


def _label(state: State) -> str:
    return state.name.lower()
