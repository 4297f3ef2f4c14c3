"""Every figure of one service, counted anew from the raw history: a plain model of the rules, to hold the exporter against.

It shares no code with the product: where that computes with bounds of intervals, here is one bit for each second (`seconds`), and
each question is a count of bits. What it adds to `brute_force`: policies and windows that change in time, services and endpoints
that come and go, and what people said of the log.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from seconds import DAY, inside, midnight, on_the_wall, painted, pieces, stretch

CLASSES = ("unplanned", "planned", "excluded")
THEIRS = ("customer", "operating_environment")


@dataclass
class Run:
    """A failing run; `open` while no success has ended it, `silence` is how long nothing has been heard of it then."""

    endpoint: str
    start: int
    end: int
    downtime_after: int
    bridge_at_most: int
    open: bool = True
    silence: int = 0

    @property
    def is_downtime(self):
        return self.end - self.start >= self.downtime_after

    @property
    def may_grow(self):
        return self.open and self.silence <= self.bridge_at_most


@dataclass
class Entry:
    """One entry of the log. `end` is None while it goes on; `seen_until` is how far it was seen then."""

    id: str
    start: int
    end: int | None
    endpoints: tuple[str, ...]
    seen_until: int | None = None
    cause: str = "unknown"
    solution: str = ""
    exclusions: list[tuple[int, int]] = field(default_factory=list)
    withdrawn: bool = False
    by_hand: bool = False  # added, or with bounds that a person gave

    @property
    def seconds(self):
        return stretch(self.start, self.seen_until if self.end is None else self.end)

    @property
    def own(self):
        """What of it a person did not excuse."""
        if self.cause in THEIRS:
            return 0
        return self.seconds & ~painted(self.exclusions)


class Recount:
    """One service at its horizons: `until` is, of each endpoint that it has now, the second up to which its results are complete.

    known_ids: of events on record, with when each was confirmed; the account cannot tell by itself which of two was first.
    """

    def __init__(self, history, service, until, known_ids):
        self.history, self.service, self.until, self._known_ids = history, service, until, known_ids
        self.horizon = min(until.values()) if until else history.services[service][-1][1]
        self.runs = []
        self.silent = self.in_runs = self.seen_failing = 0
        self._runs_of, self._failing_of, self._maintenance = {}, {}, {}
        for (of, endpoint), spans in history.endpoints.items():
            if of == service:
                for since, ended in spans:
                    self._hear(endpoint, since, until[endpoint] if ended is None else ended, ended is not None)

    def _hear(self, endpoint, begin, until, ended):
        """Takes in what the results of one endpoint said of `[begin, until)`."""
        results = self.history.results.get((self.service, endpoint), ())
        results = [each for each in results if begin <= each.at <= until]
        spoken, failing, run = [], [], None
        for result, after in zip(results, [*(each.at for each in results), until][1:], strict=True):
            if result.outcome == "unobserved":
                continue
            held = min(result.at + result.hold, after)
            spoken.append((result.at, held))
            if run is not None and (result.outcome == "success" or result.at - run.end > run.bridge_at_most):
                run.open, run = False, None
            if result.outcome == "failure":
                failing.append((result.at, held))
                if run is None:
                    policy = self.history.policy_at(result.at)
                    run = Run(endpoint, result.at, held, policy["downtime_after"], policy["bridge_at_most"])
                    self.runs.append(run)
                run.end = held
        if run is not None:
            run.open, run.silence = not ended, until - run.end
        self.silent |= stretch(begin, until) & ~painted(spoken)
        self.seen_failing |= painted(failing)
        self._failing_of[endpoint] = self._failing_of.get(endpoint, 0) | painted(failing)
        runs = painted((run.start, run.end) for run in self.runs if run.endpoint == endpoint)
        self._runs_of[endpoint] = runs
        self.in_runs |= runs

    @cached_property
    def down(self):
        """The downtime as it was detected."""
        return painted((run.start, run.end) for run in self.runs if run.is_downtime)

    # -- the log ---------------------------------------------------------------------------------------------------

    @cached_property
    def entries(self):
        """The log by start, all that people said of it taken in."""
        found = {entry.id: entry for entry in self._detected()}
        for said in self.history.said:
            if "added" in said.change:
                service, endpoints = said.change["added"]
                if service == self.service:
                    entry = Entry(said.id, said.change["start"], said.change["end"], endpoints, by_hand=True)
                    found[said.id] = entry
            if said.id in found:
                self._correct(found[said.id], said.change)
        return sorted(found.values(), key=lambda entry: (entry.start, entry.id))

    def _detected(self):
        downtimes = [run for run in self.runs if run.is_downtime]
        for start, end in pieces(self.down):
            own = [run for run in downtimes if start <= run.start and run.end <= end]
            goes_on = any(run.open for run in own) or any(
                run.may_grow and run.start <= end and run.end >= start for run in self.runs
            )
            # A failure that is still under way at its end may touch it.
            settled = all(until > end for until in self.until.values()) and not any(
                run.may_grow and run.start <= end for run in self.runs
            )
            yield Entry(
                self._id(start, end),
                start,
                end if settled and not goes_on else None,
                tuple(sorted({run.endpoint for run in own})),
                seen_until=end,
            )

    def _id(self, start, end):
        """That of the event that was confirmed first of all that are now in this piece; a new one is named by its start."""
        inside = [
            (confirmed, began, id)
            for id, confirmed in self._known_ids.items()
            if start <= (began := id_second(id)) <= end and id.startswith(f"{self.service}-")
        ]
        return min(inside)[2] if inside else id_of(self.service, start)

    @staticmethod
    def _correct(entry, change):
        for name in ("cause", "solution", "exclusions", "withdrawn"):
            if name in change:
                setattr(entry, name, change[name])
        for name in ("start", "end"):
            if name in change:
                setattr(entry, name, change[name])
                entry.by_hand = True

    def counts(self, entry):
        if entry.withdrawn:
            return False
        if not entry.by_hand or entry.end is None:
            return True
        return entry.end - entry.start >= self.history.policy_at(entry.start)["downtime_after"]

    @cached_property
    def counting(self):
        return [entry for entry in self.entries if self.counts(entry)]

    @property
    def _last(self):
        """The second up to which anything at all is known."""
        return max([self.horizon, *self.until.values()])

    # -- maintenance -----------------------------------------------------------------------------------------------

    def maintenance(self, end):
        """All of it up to `end`."""
        if end not in self._maintenance:
            self._maintenance[end] = self._recurring(end) | self._announced(lambda second, notice: True)
        return self._maintenance[end]

    @property
    def known_maintenance(self):
        """What of it was known to be maintenance as it passed."""
        return self._recurring(self._last) | self._announced(lambda second, notice: second >= notice.known)

    def _recurring(self, end):
        found = 0
        policies = self.history.policies
        first = self.history.services[self.service][0][0]
        for number, (since, policy) in enumerate(policies):
            from_, to = (
                first if number == 0 else since,
                policies[number + 1][0] if number + 1 < len(policies) else end,
            )
            for window in policy["recurring"]:
                if window["services"] is None or self.service in window["services"]:
                    days = first // DAY - 3, end // DAY + 3
                    found |= stretch(from_, to) & on_the_wall(
                        policy["timezone"], window["start_minute"], window["end_minute"], tuple(window["days"]), *days
                    )
        return found

    def _announced(self, is_wanted):
        return painted(
            (second, second + 1)
            for window in self.history.windows
            for second, notices in window.seconds[self.service].items()
            if any(
                is_wanted(second, each) and each.claimed + self.history.policy_at(each.claimed)["notice"] <= each.begin
                for each in notices
            )
        )

    # -- figures ---------------------------------------------------------------------------------------------------

    @cached_property
    def kinds(self):
        """The seconds of each kind, wherever they are."""
        planned_time = self.maintenance(self._last)
        down = own = unseen = 0
        for entry in self.counting:
            down |= entry.seconds
            own |= entry.own
            unseen |= self._unseen(entry)
        agreed_down = down & ~planned_time
        unplanned = agreed_down & own
        return {
            "maintenance": planned_time,
            "unplanned": unplanned,
            "planned": down & planned_time,
            "excluded": agreed_down & ~own,
            "unobserved": self.silent & ~down & ~planned_time,
            "failing": self.in_runs & ~planned_time,
            "bridged": unseen & unplanned,
        }

    def _unseen(self, entry):
        """What of it lies in runs of its endpoints, while none of them was seen failing."""
        runs = seen = 0
        for endpoint in entry.endpoints:
            runs |= self._runs_of.get(endpoint, 0)
            seen |= self._failing_of.get(endpoint, 0)
        return entry.seconds & runs & ~seen

    def figures(self, spans, budgeted):
        """The account over all of `spans`; the error budget is that of `budgeted`, both lists of `(start, end)`."""
        found = dict.fromkeys(("agreed", *self.kinds), 0)
        for start, end in spans:
            for kind, seconds in self.kinds.items():
                found[kind] += inside(seconds, start, end).bit_count()
            found["agreed"] += max(end - start, 0)
        found["agreed"] -= found["maintenance"]
        unplanned, agreed, unobserved = found["unplanned"], found["agreed"], found["unobserved"]
        budget = sum(self._budget(start, end) for start, end in budgeted)
        return found | {
            "availability": 1 - unplanned / (agreed - unobserved) if agreed > unobserved else None,
            "unobserved_as_up": 1 - (unplanned - found["bridged"]) / agreed if agreed else None,
            "unobserved_as_down": 1 - (unplanned + unobserved) / agreed if agreed else None,
            "budget": budget,
            "remaining": budget - unplanned,
        }

    def _budget(self, start, end):
        found, policies = 0.0, self.history.policies
        planned_time = self.maintenance(end)
        for number, (since, policy) in enumerate(policies):
            from_ = start if number == 0 else max(start, since)
            to = min(end, policies[number + 1][0]) if number + 1 < len(policies) else end
            if from_ < to:
                agreed = to - from_ - inside(planned_time, from_, to).bit_count()
                found += (1 - policy["objective_ratio"]) * agreed
        return found

    def events(self, start, end):
        """`{id: seconds by class}` of what lies inside; a second that two events share is the earlier one's."""
        found, taken = {}, 0
        window = stretch(start, end)
        for entry in sorted(self.counting, key=lambda entry: (entry.start, pieces_end(entry))):
            seconds = entry.seconds & window
            if not seconds:
                continue
            free = seconds & ~taken
            kinds = {
                "unplanned": free & entry.own & self.kinds["unplanned"],
                "planned": free & self.kinds["planned"],
                "excluded": free & self.kinds["excluded"],
            }
            found[entry.id] = {name: each.bit_count() for name, each in kinds.items()} | {
                "duration": seconds.bit_count(),
                "unobserved": (self._unseen(entry) & window).bit_count(),
            }
            for each in kinds.values():
                taken |= each
        return found

    # -- what was seen as it happened --------------------------------------------------------------------------------

    def counters(self, unobserved_until):
        """`unobserved_until`: up to where unobserved time is decided; `downtime` is that of all classes together."""
        account = painted((since, self.horizon if ended is None else ended) for since, ended in self._spans)
        agreed = account & ~self.known_maintenance
        decided = account & stretch(self._spans[0][0], unobserved_until)
        return {
            "agreed": agreed.bit_count(),
            "failing": (self.seen_failing & agreed).bit_count(),
            "unobserved": (self.silent & ~self.down & decided & agreed).bit_count(),
            "downtime": self.down.bit_count(),
            "planned": (self.down & self.known_maintenance).bit_count(),
            "excluded": (self._excused_as_it_happened & ~self.known_maintenance).bit_count(),
        }

    @property
    def _excused_as_it_happened(self):
        """The downtime that had been excused by the time it was seen."""
        found = 0
        for entry in self._detected():
            cause, withdrawn, said = "unknown", False, [each for each in self.history.said if each.id == entry.id]
            for each, after in zip(said, [*(later.at for later in said), entry.seen_until][1:], strict=True):
                cause, withdrawn = each.change.get("cause", cause), each.change.get("withdrawn", withdrawn)
                if withdrawn or cause in THEIRS:
                    found |= entry.seconds & stretch(each.at, after)
        return found

    @property
    def _spans(self):
        return self.history.services[self.service]

    @property
    def undecided_since(self):
        """From where on a silence may yet turn out to be downtime."""
        marks = [run.end if run.is_downtime else run.start for run in self.runs if run.may_grow]
        return min([self.horizon, *marks])


def pieces_end(entry):
    return entry.seen_until if entry.end is None else entry.end


def windows(now, zone, since):
    """`{name: (elapsed, whole)}`, each `(start, end)`, cut where the account begins."""
    found = {name: ((now - days * DAY, now),) * 2 for name, days in (("24h", 1), ("7d", 7), ("30d", 30), ("90d", 90))}
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    for name, months in (("month", 1), ("quarter", 3), ("year", 12)):
        first = (local.month - 1) // months * months + 1
        whole = midnight(zone, local.year, first), midnight(zone, local.year, first + months)
        found[name] = ((whole[0], now), whole)
    found["previous_month"] = (
        (midnight(zone, local.year, local.month - 1), midnight(zone, local.year, local.month)),
    ) * 2
    return {
        name: tuple((max(start, since), end) for start, end in spans)
        for name, spans in found.items()
        if since < spans[0][1]
    }


def id_of(service, start):
    return f"{service}-{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%M%S}.000Z"


def id_second(id):
    return int(datetime.strptime(id.split("-")[1], "%Y%m%dT%H%M%S.000Z").replace(tzinfo=UTC).timestamp())
