"""What happened, raw: results, configurations, announcements, people's words. `recount` makes the figures of it.

It shares no code with the product. Every instant is a whole second since the epoch; a policy is a dict as `brute_force` has it,
without announced windows: those come and go by themselves. `EVERYBODY` are all services that there can be.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

EVERYBODY = ("alpha", "beta")


class Result(NamedTuple):
    at: int
    outcome: str
    hold: int  # twice the interval that was in force at `at`


class Notice(NamedTuple):
    """Why one second is announced maintenance: by a piece that begins at `begin`, announced at `claimed`, known since `known`."""

    claimed: int
    begin: int
    known: int


@dataclass
class Window:
    """One announced window, second by second and service by service. `reach` is where it stands now, of each service it concerns.

    `over` are the announcements of what had passed when the window became another.
    """

    seconds: dict[str, dict[int, set[Notice]]] = field(default_factory=lambda: {name: {} for name in EVERYBODY})
    reach: dict[str, tuple[int, int]] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)

    def become(self, start, end, services, claimed, at):
        """The window as it is wanted at `at`: what stays keeps its announcement, what is added is announced now."""
        kept = {}
        for service, (first, last) in self.reach.items():
            begin = first if max(first, start) <= at else max(first, start)  # what has passed is not moved
            if service in services and begin < min(last, end):
                kept[service] = (begin, min(last, end))
        standing = self._standing()
        if claimed in self.over | {notice.claimed for notice in standing}:
            claimed = at  # that announcement did not say it
        if kept != self.reach:
            self.over |= {notice.claimed for notice, last in standing.items() if last < at}
            self._take_back(at, kept)
        for service in services:
            first, last = kept.get(service, (end, end))
            self._add(service, start, first, Notice(claimed, start, at))
            self._add(service, last, end, Notice(claimed, last, at))
            kept[service] = (min(start, first), end)
        self.reach = kept

    def cancel(self, at):
        self._take_back(at, {})
        self.reach = {}

    def _standing(self):
        """The announcements of what stands, with the last second of each."""
        found = {}
        for service, (first, last) in self.reach.items():
            for second in range(first, last):
                for notice in self.seconds[service].get(second, ()):
                    found[notice] = max(second, found.get(notice, second))
        return found

    def _take_back(self, at, kept):
        for service, seconds in self.seconds.items():
            first, last = kept.get(service, (0, 0))
            for second in [second for second in seconds if second >= at]:
                if not first <= second < last:
                    del seconds[second]
                elif first > at:  # a start that is moved to later gives the announcement the more notice
                    seconds[second] = {each._replace(begin=max(each.begin, first)) for each in seconds[second]}

    def _add(self, service, start, end, notice):
        for second in range(start, end):
            self.seconds[service].setdefault(second, set()).add(notice)


@dataclass
class Said:
    """What a person changed of an entry; instants are seconds, `exclusions` are `(start, end)`."""

    id: str
    at: int
    change: dict[str, Any]


@dataclass
class History:
    """Everything that was told, in the order in which it was.

    `services` and `endpoints` hold from when to when each was configured: `[since, until]`, None while it is.
    """

    policies: list[tuple[int, dict]] = field(default_factory=list)
    services: dict[str, list[list[int | None]]] = field(default_factory=dict)
    endpoints: dict[tuple[str, str], list[list[int | None]]] = field(default_factory=dict)
    results: dict[tuple[str, str], list[Result]] = field(default_factory=dict)
    by_file: dict[str, Window] = field(default_factory=dict)
    by_command: dict[str, list[Window]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)

    def policy_at(self, second):
        """The policy in force; the first also judges what was before it."""
        found = self.policies[0][1]
        for since, policy in self.policies:
            if since <= second:
                found = policy
        return found

    @property
    def windows(self):
        return [*self.by_file.values(), *(each for windows in self.by_command.values() for each in windows)]

    def announced_by_command(self, name):
        """Another window of that name: there may have been some before."""
        self.by_command.setdefault(name, []).append(Window())
        return self.by_command[name][-1]

    def configured(self, policy, services, file_windows, at):
        """services: {name: [endpoint]}; file_windows: {name: (start, end, services, announced at)}."""
        if not self.policies or self.policies[-1][1] != policy:
            self.policies.append((at, policy))
        wanted = {(name, endpoint) for name, endpoints in services.items() for endpoint in endpoints}
        for book, members in ((self.services, set(services)), (self.endpoints, wanted)):
            for member in {*book, *members}:
                spans = book.setdefault(member, [])
                stands = bool(spans) and spans[-1][1] is None
                if stands and member not in members:
                    spans[-1][1] = at
                elif not stands and member in members:
                    spans.append([at, None])
        for name, (start, end, concerned, claimed) in file_windows.items():
            window = self.by_file.setdefault(name, Window())
            if window.reach != dict.fromkeys(concerned, (start, end)):
                window.become(start, end, concerned, claimed, at)
        for name, window in self.by_file.items():
            if name not in file_windows and any(at < end for _, end in window.reach.values()):
                window.cancel(at)

    def result(self, service, endpoint, at, outcome, hold):
        """One that is not later than the one before it says nothing."""
        known = self.results.setdefault((service, endpoint), [])
        if not known or at > known[-1].at:
            known.append(Result(at, outcome, hold))
