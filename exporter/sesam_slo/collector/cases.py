"""The support cases of the published view -> samples.

What a case promises does not depend on the instant, so cases are judged once; `case_sheet` says what is then left to do at a
scrape. Of a closed case only its part in `case_targets` is published, for as long as its report lies in a window.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from ..core.business_time import BusinessCalendars
from ..core.case import Case
from ..core.deadlines import SupportRules
from ..core.model import Config, Policy
from ..core.policy import PolicyTimeline
from ..core.view import View
from ..core.windows import spans
from .case_sheet import CaseSheet
from .families import Families
from .judged_case import ALWAYS, JudgedCase

_WINDOWS = ("month", "previous_month")  # of `case_targets`


class CaseMetrics:
    """The samples of the support cases; remembers from scrape to scrape what cannot have changed.

    view: the published view, None before there is one.
    """

    def __init__(self, view: Callable[[], View | None], calendars: BusinessCalendars) -> None:
        self._view, self._calendars = view, calendars
        self._lock = threading.Lock()
        self._policies = PolicyTimeline(())
        self._judged: dict[str, JudgedCase] = {}
        self._facts: tuple[object, ...] = ()
        self._sheet: CaseSheet | None = None

    def export(self, families: Families) -> None:
        view = self._view()
        if view is not None:
            with self._lock:  # two scrapes at once share what is remembered
                self.add(families, view.cases, view.config, view.maintenance.policies, view.at)

    def add(
        self, families: Families, cases: Mapping[str, Case], config: Config, policies: PolicyTimeline, at: datetime
    ) -> None:
        """The samples at an instant. What is given is never altered, another object takes its place; for one thread at a time."""
        facts = (cases, config, policies)
        unchanged = len(self._facts) == len(facts) and all(a is b for a, b in zip(self._facts, facts, strict=True))
        if self._sheet is None or not unchanged or not self._sheet.month.start <= at < self._sheet.month.end:
            self._facts, self._sheet = facts, self._laid_out(cases, config, policies, at)
        self._sheet.add(families, at)

    def _laid_out(self, cases: Mapping[str, Case], config: Config, policies: PolicyTimeline, at: datetime) -> CaseSheet:
        found = spans(at, config.policy.timezone, ALWAYS)
        windows = {name: found[name].whole for name in _WINDOWS}
        since = min(window.start for window in windows.values())
        self._policies = _same(policies, self._policies)
        rules, before, self._judged = SupportRules(self._policies, self._calendars), self._judged, {}
        for id, case in cases.items():
            if case.open or case.reported_at >= since:
                policy, known = self._policies.at(case.reported_at), before.get(id)
                if known is None or known.case is not case or known.policy is not policy:
                    known = JudgedCase.of(case, rules)
                self._judged[id] = known
        return CaseSheet(self._judged.values(), config, windows)


def _same(policies: PolicyTimeline, before: PolicyTimeline) -> PolicyTimeline:
    """The timeline, of the policies that were there before where they are equal: what they judged is judged."""
    known: list[Policy] = [policy for _, policy in before.entries]
    return PolicyTimeline(
        tuple((since, next((each for each in known if each == policy), policy)) for since, policy in policies.entries)
    )
