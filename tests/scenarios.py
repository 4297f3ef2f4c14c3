"""One question to the account in plain values, so that the product and the model of it can be asked the same."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sesam_slo.core.model import (
    AnnouncedWindow,
    Config,
    Endpoint,
    Kind,
    Outcome,
    Policy,
    Reason,
    RecurringWindow,
    Request,
    Result,
    Service,
)
from sesam_slo.replay import replay

CONTRACT = {
    "timezone": "Europe/Oslo",
    "objective_ratio": 0.995,
    "downtime_after": 600,
    "bridge_at_most": 600,
    "notice": 172_800,
    "recurring": [{"start_minute": 0, "end_minute": 180, "days": [0, 1, 2, 3, 4, 5, 6], "services": None}],
    "announced": [],
}
"""The policy that a file without one has; `account/brute_force.py` describes the shape."""

REASONS = {"success": None, "failure": Reason.TIMEOUT, "unobserved": Reason.CONTROL}


@dataclass(frozen=True)
class Scenario:
    """`results` are `(instant, service, endpoint, outcome)`, all times whole seconds since the epoch."""

    services: dict[str, dict[str, int]]  # endpoint: probe interval in seconds
    results: list[tuple[int, str, str, str]]
    start: int
    end: int
    policy: dict = field(default_factory=lambda: CONTRACT)

    def but(self, **changes):
        return replace(self, **changes)

    def config(self):
        policy = self.policy
        return Config(
            policy=Policy(
                objective_ratio=policy["objective_ratio"],
                timezone=ZoneInfo(policy["timezone"]),
                downtime_after=timedelta(seconds=policy["downtime_after"]),
                bridge_at_most=timedelta(seconds=policy["bridge_at_most"]),
                notice=timedelta(seconds=policy["notice"]),
                recurring=tuple(
                    RecurringWindow(
                        name=f"recurring-{number}",
                        start_minute=window["start_minute"],
                        end_minute=window["end_minute"],
                        days=frozenset(window["days"]),
                        services=_names(window["services"]),
                    )
                    for number, window in enumerate(policy["recurring"])
                ),
                announced=tuple(
                    AnnouncedWindow(
                        name=f"announced-{number}",
                        start=instant(window["start"]),
                        end=instant(window["end"]),
                        announced_at=instant(window["announced_at"]),
                        services=_names(window["services"]),
                    )
                    for number, window in enumerate(policy["announced"])
                ),
            ),
            services=tuple(
                Service(
                    name=service,
                    endpoints=tuple(
                        Endpoint(
                            name=endpoint,
                            kind=Kind.UI if endpoint.startswith("ui") else Kind.API,
                            request=Request(url=f"https://{service}.example/{endpoint}"),
                            interval=timedelta(seconds=interval),
                            timeout=timedelta(seconds=min(interval, 10)),
                        )
                        for endpoint, interval in endpoints.items()
                    ),
                )
                for service, endpoints in self.services.items()
            ),
        )

    def replayed(self):
        """The product's answer."""
        results = [
            (service, endpoint, Result(instant(at), Outcome(outcome), REASONS[outcome]))
            for at, service, endpoint, outcome in self.results
        ]
        return replay(self.config(), results, instant(self.start), instant(self.end))


def instant(second):
    return datetime.fromtimestamp(second, UTC)


def _names(services):
    return None if services is None else frozenset(services)
