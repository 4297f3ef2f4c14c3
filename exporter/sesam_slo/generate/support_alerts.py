"""The alerts of support cases: what is about to be missed, and what was.

One alert a case, known by the labels `service` and `case`. A clock that stops takes its series along, so what is over is
told from what is not seen by `sesam_slo_case_open`, which is there for every service while the exporter answers. Business
time stands still outside business hours, so nothing becomes due in them; what is due by then goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from sesam_slo.core.model import AlertTimings, Policy
from sesam_slo.core.names import CASE_BREACHED, CASE_OPEN, CASE_SECONDS_LEFT, CASE_SECONDS_USED, Alert, Dashboard
from sesam_slo.core.support import Clock
from sesam_slo.generate.alerts import AlertRule, Severity
from sesam_slo.generate.annotations import CASE, SERVICE, left_of_case, level_of_case
from sesam_slo.generate.links import Links, View
from sesam_slo.generate.promql import UP, firing, recent

_REACTION = Clock.REACTION.value
_CORRECTION = f"{Clock.WORKAROUND}|{Clock.FIX}"
_BY = "service, case"
_CASE_PAGE = Links(View(Dashboard.SUPPORT), page="/cases/{{ $labels.case | urlquery }}")

Read = Callable[[str], str]


def support_alerts(policy: Policy) -> list[AlertRule]:
    """The gravest level's reaction wakes a person: what stands still for all customers is worth it, and it alone."""
    timings, gravest = policy.alerts, f'level="{policy.support.gravest}"'
    return [
        _reaction_due(Severity.PAGE, gravest, timings),
        _reaction_due(Severity.TICKET, gravest.replace("=", "!="), timings),
        _breached(Alert.REACTION_BREACHED, "reaction", _REACTION, timings),
        AlertRule(
            Alert.CORRECTION_DUE,
            Severity.TICKET,
            _due(Alert.CORRECTION_DUE, Severity.TICKET, f'clock=~"{_CORRECTION}"', timings),
            f"{CASE} of {SERVICE} has to be corrected",
            f"There is neither a workaround nor a fix for case {CASE} of {SERVICE}{level_of_case(timings)}."
            f"{left_of_case('correction', _CORRECTION, timings)}",
            links=_CASE_PAGE,
        ),
        _breached(Alert.CORRECTION_BREACHED, "correction", _CORRECTION, timings),
    ]


def _reaction_due(severity: Severity, level: str, timings: AlertTimings) -> AlertRule:
    """Beyond the deadline too: a page that ends then would read as if somebody had started."""
    return AlertRule(
        Alert.REACTION_DUE,
        severity,
        _due(Alert.REACTION_DUE, severity, f'clock="{_REACTION}",{level}', timings),
        f"Nobody has started on {CASE} of {SERVICE}",
        f"Nobody has started to work on the cause of case {CASE} of {SERVICE}{level_of_case(timings)}."
        f"{left_of_case('reaction', _REACTION, timings)}",
        links=_CASE_PAGE,
    )


def _breached(alert: str, what: str, clocks: str, timings: AlertTimings) -> AlertRule:
    breached = f'{CASE_BREACHED.name}{{clock=~"{clocks}"}}'
    return AlertRule(
        alert,
        Severity.TICKET,
        _standing(
            lambda read: f"max by ({_BY}) ({read(breached)}) == 1",
            firing(alert, by=_BY),
            state=breached,
            timings=timings,
        ),
        f"{CASE} of {SERVICE} missed its {what} time",
        f"Case {CASE} of {SERVICE}{level_of_case(timings)} missed what is promised of its {what}."
        f"{left_of_case(what, clocks, timings)} It stays missed until the case is closed.",
        links=_CASE_PAGE,
    )


def _due(alert: str, severity: Severity, matchers: str, timings: AlertTimings) -> str:
    """Of the time of a target so much is used, as `case_due_at` says; of several that run, any."""
    left, used = (f"{metric.name}{{{matchers}}}" for metric in (CASE_SECONDS_LEFT, CASE_SECONDS_USED))
    share = f"{1 - timings.case_due_at:.6g}"
    return _standing(
        lambda read: f"min by ({_BY}) ({read(left)} <= {share} * ({read(left)} + {read(used)}))",
        firing(alert, by=_BY, matchers=f',severity="{severity}"'),
        state=left,
        timings=timings,
    )


def _standing(condition: Callable[[Read], str], fired: str, *, state: str, timings: AlertTimings) -> str:
    """`condition` of what the exporter says; where it does not answer, of what it said last; held while it is dead.

    condition: given how a selector is read. fired: the cases of which the alert fires. state: the series that decide.
    """
    now, last = condition(lambda selector: selector), condition(lambda selector: recent(selector, timings))
    return (
        f"{now}\n"
        "or\n"
        f"{last}\n"
        f"unless on (service) {CASE_OPEN.name}\n"
        "or\n"
        f"({fired} unless on ({_BY}) {recent(state, timings)}) and on () max({UP}) == 0"
    )
