"""The values of the domain: results, services and their endpoints, the policy.

Every value is valid once constructed: `sesam_slo.config` checks what people write before it builds these.
Instants are aware datetimes in UTC, durations are timedeltas, intervals are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from .support import Support


class Outcome(StrEnum):
    """What a probe says about SESAM; `UNOBSERVED` says nothing about it."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNOBSERVED = "unobserved"


class Reason(StrEnum):
    """Why a probe did not succeed: the fixed list that metrics, ledger and pages share."""

    DNS = "dns"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_FAILED = "connect_failed"  # no route to the host and the like, from the far side
    TLS = "tls"
    TLS_EXPIRED = "tls_expired"
    TIMEOUT = "timeout"
    RESET = "reset"
    HTTP_STATUS = "http_status"
    AUTH = "auth"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_REFUSED = "redirect_refused"  # to another scheme than http(s)
    HEADERS_TOO_LARGE = "headers_too_large"
    BODY_MISMATCH = "body_mismatch"
    BODY_TOO_LARGE = "body_too_large"
    PROTOCOL = "protocol"
    LOCAL = "local"  # no descriptors, memory, route or readable credentials here: unobserved
    CONTROL = "control"  # every control target failed too: unobserved


class Kind(StrEnum):
    API = "api"
    UI = "ui"


class Phase(StrEnum):
    """The phases of one exchange, in their order."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    WAIT = "wait"
    TRANSFER = "transfer"


class DowntimeClass(StrEnum):
    UNPLANNED = "unplanned"
    PLANNED = "planned"
    EXCLUDED = "excluded"


class Cause(StrEnum):
    """Who an event is due to, as a person judged it; the last two exclude it (contract, "Definition of downtime")."""

    UNKNOWN = "unknown"
    SESAM = "sesam"
    CUSTOMER = "customer"
    OPERATING_ENVIRONMENT = "operating_environment"

    @property
    def excludes(self) -> bool:
        return self in (Cause.CUSTOMER, Cause.OPERATING_ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Result:
    """One probe's verdict; `at` is when the probe started."""

    at: datetime
    outcome: Outcome
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """`Authorization: <type> <credentials>`; the credentials stay in their file until a probe needs them."""

    type: str
    credentials_file: str


@dataclass(frozen=True, slots=True)
class BasicAuth:
    username: str
    password_file: str


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """As blackbox_exporter's `tls_config`; paths of PEM files."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """What makes an answer a success: empty `status` means 200-299; `json` maps dotted paths to values."""

    status: tuple[int, ...] = ()
    json: tuple[tuple[str, Any], ...] = ()
    body_regex: str | None = None
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP exchange as a probe performs it."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    authorization: Authorization | None = None
    basic_auth: BasicAuth | None = None
    tls: TlsConfig = field(default_factory=TlsConfig)
    expect: Expectation = field(default_factory=Expectation)
    preferred_ip_protocol: str | None = None  # "ip4" | "ip6"
    proxy_url: str | None = None

    @property
    def has_credentials(self) -> bool:
        return self.authorization is not None or self.basic_auth is not None


@dataclass(frozen=True, slots=True)
class Endpoint:
    name: str
    kind: Kind
    request: Request
    interval: timedelta
    timeout: timedelta

    @property
    def hold(self) -> timedelta:
        """How long one result of this endpoint speaks at most."""
        return 2 * self.interval


@dataclass(frozen=True, slots=True)
class Service:
    """One SESAM installation."""

    name: str
    endpoints: tuple[Endpoint, ...]
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecurringWindow:
    """Planned maintenance by the clock on the wall; minutes of the day, `end_minute` 1440 is 24:00.

    An end at or before the start is on the next day. `days` (0 is Monday) name the start's day; `services` None means all.
    """

    name: str
    start_minute: int
    end_minute: int
    days: frozenset[int] = frozenset(range(7))
    services: frozenset[str] | None = None


class Origin(StrEnum):
    """Where an announced window was written down."""

    FILE = "file"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class AnnouncedWindow:
    """A piece of announced maintenance: all of it was announced at one instant.

    `recorded_at` is when this program first knew of it; None where there is no record (replay).
    `withdrawn_at`: from then on it stands no longer; what of it had passed by then stays.
    `channel`, `ticket` and `author` prove the notice: how the customer was told, where that can be read, who says so.
    """

    name: str
    start: datetime
    end: datetime
    announced_at: datetime
    services: frozenset[str] | None = None
    recorded_at: datetime | None = None
    withdrawn_at: datetime | None = None
    origin: Origin = Origin.FILE
    channel: str = ""
    ticket: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class AlertTimings:
    """The timings of the generated rules and routes, all of them policy; defaults in `sesam_slo.config`."""

    lookback: timedelta = timedelta(minutes=5)  # how far state alerts look back over missed scrapes
    scrape_interval: timedelta = timedelta(seconds=15)
    evaluation_interval: timedelta = timedelta(seconds=15)
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=1)
    repeat_interval: timedelta = timedelta(hours=4)
    early_page: timedelta | None = None
    not_responding_after: timedelta = timedelta(minutes=3)
    overrun_after: timedelta = timedelta(minutes=5)
    blind_after: timedelta = timedelta(minutes=5)
    exporter_down_after: timedelta = timedelta(minutes=2)
    ledger_failing_after: timedelta = timedelta(minutes=1)
    certificate_expires_within: timedelta = timedelta(days=14)
    flapping_changes: int = 6
    flapping_within: timedelta = timedelta(hours=1)
    credentials_failing_after: timedelta = timedelta(minutes=5)
    unexplained_after_business_days: int = 2
    case_due_at: float = 0.75  # of a support target's time used, so that somebody still can keep it


NO_COUNTRY = "none"
"""In the place of a country: no public holidays are off."""


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When the contract's support clocks run; minutes of the day, `days` 0 is Monday, `end_minute` 1440 is 24:00.

    Off are the public holidays of `country` (ISO 3166, or `NO_COUNTRY`), `extra_holidays` (month, day) every year, and
    `extra_dates` once.
    """

    days: frozenset[int] = frozenset(range(5))
    start_minute: int = 8 * 60
    end_minute: int = 16 * 60
    country: str = "NO"
    extra_holidays: tuple[tuple[int, int], ...] = ((12, 24), (12, 31))
    extra_dates: tuple[date, ...] = ()
    day: timedelta = timedelta(hours=8)  # of business time: what a "day" of a target means, whatever the hours


@dataclass(frozen=True, slots=True)
class Policy:
    """The contract as this installation reads it; the defaults are the contract."""

    objective_ratio: float = 0.995
    timezone: ZoneInfo = ZoneInfo("Europe/Oslo")  # noqa: RUF009 - immutable, and the same object for a key
    downtime_after: timedelta = timedelta(minutes=10)
    bridge_at_most: timedelta = timedelta(minutes=10)
    notice: timedelta = timedelta(hours=48)
    recurring: tuple[RecurringWindow, ...] = (RecurringWindow("nightly", 0, 180),)
    announced: tuple[AnnouncedWindow, ...] = ()
    business: BusinessHours = field(default_factory=BusinessHours)
    support: Support = field(default_factory=Support)
    alerts: AlertTimings = field(default_factory=AlertTimings)


@dataclass(frozen=True, slots=True)
class Web:
    host: str = "127.0.0.1"
    port: int = 9808
    config_file: str | None = None  # TLS and basic auth, as Prometheus' exporters have it
    write_token_file: str | None = None
    read_token_file: str | None = None  # None: reading is open to whoever reaches the address
    external_url: str | None = None  # how people reach the page, for links in alerts


EVIDENCE_KEEP = timedelta(days=400)  # what failing probes saw; events are kept for ever


@dataclass(frozen=True, slots=True)
class Config:
    """One whole, valid configuration file."""

    policy: Policy
    services: tuple[Service, ...]
    control_targets: tuple[str, ...] = ()
    control_interval: timedelta = timedelta(seconds=30)
    control_timeout: timedelta = timedelta(seconds=10)
    ledger: str = "sqlite:///sesam-slo.db"
    web: Web = field(default_factory=Web)
    evidence_keep: timedelta = EVIDENCE_KEEP
    prometheus_url: str | None = None
    alertmanager_url: str | None = None
    grafana_url: str | None = None  # how people reach it, for links in alerts

    @property
    def blind_range(self) -> timedelta:
        """`blind_after`, or twice the longest probe interval where that is longer: so long one result may speak."""
        holds = [endpoint.hold for service in self.services for endpoint in service.endpoints]
        return max([self.policy.alerts.blind_after, *holds])
