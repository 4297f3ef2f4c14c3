"""What ledgers hold, drawn at random: results that crowd the edges, changes of policy, breaks in accounts, corrections."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Correction, Membership, PolicyRecord, Recorded
from sesam_slo.core.instants import written
from sesam_slo.core.model import Cause, Config, Outcome, RecurringWindow, Result
from sesam_slo.core.outage import Rules
from sesam_slo.core.policy_document import policy_document
from sesam_slo.core.service import advance, begin, observe
from sesam_slo.report import Month
from strategies import scenario


def random_ledger(rng: random.Random) -> tuple[Recorded, Config]:
    """All that one holds, with the configuration."""
    drawn = scenario(rng)
    if rng.randrange(3) == 0:
        drawn = _moved_to_the_end_of_a_month(drawn)
    config = drawn.config()
    maintenance = Book.of(Recorded(), config).maintenance
    first = min([drawn.start, *(at for at, *_ in drawn.results)])
    last = max([drawn.end, *(at for at, *_ in drawn.results)])
    started, horizon = _instant(first - rng.choice([0, 60, 86_400 * 70])), _instant(last)
    said, points, memberships = Changes(), {}, []
    for service in config.services:
        state = begin(service.name, [each.name for each in service.endpoints], started)
        rules = {each.name: Rules.of(each, config.policy) for each in service.endpoints}
        for at, name, endpoint, outcome in drawn.results:
            if name == service.name:
                taken = observe(state, endpoint, Result(_instant(at), Outcome(outcome)), rules[endpoint])
                state, said = taken.state, said.then(taken.changes)
        moved = advance(state, dict.fromkeys(rules, horizon), maintenance)
        said = said.then(moved.changes)
        points[service.name] = checkpoint(moved.state, horizon)
        of_service = _memberships(rng, service.name, started, horizon)
        memberships += [
            replace(each, endpoint=name)
            for each in of_service
            for name in ("", *(each.name for each in service.endpoints))
        ]
    recorded = Recorded(
        policies=_policies(rng, config, started, horizon),
        memberships=tuple(memberships),
        windows=config.policy.announced,
        runs=said.runs,
        silences=said.silences,
        events=said.events,
        checkpoints=points,
        corrections=tuple(_corrections(rng, said, horizon)),
    )
    return recorded, config


def random_book(rng: random.Random, *, what_if: bool = False) -> tuple[Book, Month]:
    """The same judged, and one of its months."""
    recorded, config = random_ledger(rng)
    changed = replace(
        config, policy=replace(config.policy, downtime_after=config.policy.downtime_after / 2, recurring=())
    )
    book = Book.of(recorded, changed if what_if else config, what_if=what_if)
    name = rng.choice(book.services)
    local = rng.choice([book.since(name), book.horizon(name)]).astimezone(config.policy.timezone)
    return book, Month(local.year, local.month)


def _moved_to_the_end_of_a_month(drawn):
    zone = drawn.config().policy.timezone
    local = _instant(drawn.start).astimezone(zone)
    by = int(Month(local.year, local.month).interval(zone).end.timestamp()) - drawn.start - 1_800
    return replace(
        drawn,
        results=[(at + by, *rest) for at, *rest in drawn.results],
        start=drawn.start + by,
        end=drawn.end + by,
        policy=drawn.policy
        | {
            "announced": [
                each | {key: each[key] + by for key in ("start", "end", "announced_at")}
                for each in drawn.policy["announced"]
            ]
        },
    )


def _memberships(rng, name, started, horizon):
    if rng.randrange(4):
        return [Membership(name, "", started)]
    out, again = sorted(started + rng.random() * (horizon - started) for _ in range(2))
    return [Membership(name, "", started, out), Membership(name, "", again)]


def _policies(rng, config, started, horizon):
    if rng.randrange(2):
        return ()
    later = replace(
        config.policy,
        objective_ratio=rng.choice([0.9, 0.999]),
        downtime_after=rng.choice([1, 2]) * config.policy.downtime_after,
        recurring=rng.choice([(), (RecurringWindow("all day", 0, 1440),), config.policy.recurring]),
    )
    at = started + rng.random() * (horizon - started)
    return (PolicyRecord(started, policy_document(config.policy)), PolicyRecord(at, policy_document(later)))


def _corrections(rng, said, horizon):
    for event in said.events:
        end = event.end or horizon
        middle = event.start + rng.random() * (end - event.start)
        changes = [
            {},
            {"cause": rng.choice(list(Cause)).value, "solution": "restarted"},
            {"exclusions": [{"start": written(event.start), "end": written(middle), "reason": "storage"}]},
            {"withdrawn": True},
            {"start": written(event.start - timedelta(seconds=rng.choice([1, 7_200]))), "end": written(middle)},
        ]
        change = rng.choice(changes)
        if change:
            yield Correction(event.id, horizon, "kari", "", change)


def _instant(second):
    return datetime.fromtimestamp(second, UTC)
