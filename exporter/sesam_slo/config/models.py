"""The shape of `sesam-slo.yml`: which keys there are, of which type, with which default.

One model per mapping of the file, one function of `values` per leaf. A field's description says what is expected where
the key is missing. What concerns several keys at once is in `rules`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from ..core.model import EVIDENCE_KEEP, AlertTimings, BusinessHours, Expectation, Kind, Policy, Web
from ..core.support import EXPECTED_TARGET, Target
from . import values

Text = Annotated[str, PlainValidator(values.text)]
Name = Annotated[str, PlainValidator(values.name)]
Path = Annotated[str, PlainValidator(values.text)]
HttpUrl = Annotated[str, PlainValidator(values.http_url)]
BaseUrl = Annotated[str, PlainValidator(values.base_url)]
Duration = Annotated[timedelta, PlainValidator(values.duration)]
DurationOrZero = Annotated[timedelta, PlainValidator(values.duration_or_zero)]
Instant = Annotated[datetime, PlainValidator(values.instant)]
StartOfDay = Annotated[int, PlainValidator(values.start_of_day)]
EndOfDay = Annotated[int, PlainValidator(values.time_of_day)]
Day = Annotated[int, PlainValidator(values.day)]
Count = Annotated[int, PlainValidator(values.whole_number(1, 1000))]
Status = Annotated[int, PlainValidator(values.whole_number(100, 599))]
WholeMinutes = Annotated[timedelta, PlainValidator(values.whole_minutes)]
Percent = Annotated[int, PlainValidator(values.whole_number(1, 100))]
LevelName = Annotated[str, PlainValidator(values.level_name)]
Flag = Annotated[bool, PlainValidator(values.flag)]


def _one_or_list(value: object) -> object:
    return value if isinstance(value, list | dict) else [value]


class Section(BaseModel):
    """A mapping of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RecurringWindow(Section):
    name: Text = Field(description="a name for the window")
    start: StartOfDay = Field(description='a quoted time of day such as "22:00"')
    end: EndOfDay = Field(description='a quoted time of day such as "22:00"')
    days: list[Day] = Field(default=list(range(7)), min_length=1)
    services: list[Text] | None = Field(default=None, min_length=1)


class AnnouncedWindow(Section):
    name: Text = Field(description="a name for the window")
    start: Instant = Field(description="an instant with an offset, such as 2026-12-05T20:00:00+01:00")
    end: Instant = Field(description="an instant with an offset, such as 2026-12-05T22:00:00+01:00")
    announced_at: Instant = Field(description="when it was announced, an instant with an offset")
    services: list[Text] | None = Field(default=None, min_length=1)


class Maintenance(Section):
    notice: DurationOrZero = Policy().notice
    recurring: list[RecurringWindow] | None = None
    announced: list[AnnouncedWindow] = []


class BusinessDay(Section):
    days: list[Day] = Field(default=sorted(BusinessHours().days), min_length=1)
    start: StartOfDay = BusinessHours().start_minute
    end: EndOfDay = BusinessHours().end_minute
    day: Annotated[timedelta, PlainValidator(values.business_day_length)] = BusinessHours().day


class Holidays(Section):
    country: Annotated[str, PlainValidator(values.country)] = BusinessHours().country
    extra: list[Annotated[date | tuple[int, int], PlainValidator(values.holiday)]] = list(
        BusinessHours().extra_holidays
    )


EVERY_CLASS = ""
"""Stands for all customer classes where one target is written for all of them."""

ClassTargets = Annotated[
    dict[Name | Literal[""], Annotated[Target, PlainValidator(values.target)]],
    BeforeValidator(lambda value: value if isinstance(value, dict) else {EVERY_CLASS: value}),
]


class Level(Section):
    name: LevelName = Field(description="a name such as A")
    title: Text = Field(description="what such an error is, in a few words")
    reaction: ClassTargets = Field(description=f"a target, or one for each customer class: {EXPECTED_TARGET}")
    workaround: ClassTargets = Field(description=f"a target, or one for each customer class: {EXPECTED_TARGET}")
    fix: ClassTargets = Field(description=f"a target, or one for each customer class: {EXPECTED_TARGET}")


class DowntimeBand(Section):
    start: WholeMinutes = Field(alias="from", description="a duration such as 1h")
    end: WholeMinutes | None = Field(default=None, alias="to")
    points: Count = Field(description="a number of points")


class OverrunBand(Section):
    up_to: Count | None = None
    points: Count = Field(description="a number of points")


class ReductionBand(Section):
    start: Count = Field(alias="from", description="a number of points")
    end: Count | None = Field(default=None, alias="to")
    percent: Percent = Field(description="a whole number of percent")


class Points(Section):
    downtime: list[DowntimeBand] = []
    overrun: dict[LevelName, list[OverrunBand]] = {}
    reduction: list[ReductionBand] = []


class Support(Section):
    business_hours: BusinessDay = BusinessDay()
    holidays: Holidays = Holidays()
    classes: list[Name] | None = Field(default=None, min_length=1, description="a list of names")
    levels: list[Level] | None = Field(default=None, min_length=1, description="a list of levels, the gravest first")
    points: Points | None = None
    open_cases: Flag = False
    open_cases_for: Name | None = None


_TIMINGS = AlertTimings()


class Alerts(Section):
    """As `core.model.AlertTimings`, which says what each is."""

    lookback: Duration = _TIMINGS.lookback
    scrape_interval: Duration = _TIMINGS.scrape_interval
    evaluation_interval: Duration = _TIMINGS.evaluation_interval
    group_wait: Duration = _TIMINGS.group_wait
    group_interval: Duration = _TIMINGS.group_interval
    repeat_interval: Duration = _TIMINGS.repeat_interval
    early_page: Annotated[timedelta | None, PlainValidator(values.duration_or_off)] = _TIMINGS.early_page
    not_responding_after: Duration = _TIMINGS.not_responding_after
    overrun_after: Duration = _TIMINGS.overrun_after
    blind_after: Duration = _TIMINGS.blind_after
    exporter_down_after: Duration = _TIMINGS.exporter_down_after
    ledger_failing_after: Duration = _TIMINGS.ledger_failing_after
    certificate_expires_within: Duration = _TIMINGS.certificate_expires_within
    flapping_changes: Count = _TIMINGS.flapping_changes
    flapping_within: Duration = _TIMINGS.flapping_within
    credentials_failing_after: Duration = _TIMINGS.credentials_failing_after
    unexplained_after_business_days: Count = _TIMINGS.unexplained_after_business_days
    case_due_at: Annotated[float, PlainValidator(values.share)] = _TIMINGS.case_due_at


class PolicySection(Section):
    objective: Annotated[float, PlainValidator(values.objective)] = Policy().objective_ratio  # a ratio once validated
    timezone: Annotated[ZoneInfo, PlainValidator(values.timezone)] = Policy().timezone
    downtime_after: Duration = Policy().downtime_after
    bridge_at_most: DurationOrZero = Policy().bridge_at_most
    maintenance: Maintenance = Maintenance()
    support: Support = Support()
    alerts: Alerts = Alerts()


class Authorization(Section):
    type: Annotated[str, PlainValidator(values.authorization_type)] = "Bearer"
    credentials_file: Path = Field(description="the path of a file that holds the credentials")


class BasicAuth(Section):
    username: Text = Field(description="the user's name")
    password_file: Path = Field(description="the path of a file that holds the password")


class TlsConfig(Section):
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: Text | None = None
    insecure_skip_verify: Flag = False


class Expect(Section):
    status: Annotated[list[Status], BeforeValidator(_one_or_list)] = Field(
        default=[], min_length=1, description="a status code or a list of them"
    )
    json_values: dict[
        Annotated[str, PlainValidator(values.json_path)], Annotated[Any, PlainValidator(values.scalar)]
    ] = Field(default={}, alias="json")
    body_regex: Annotated[str, PlainValidator(values.regex)] | None = None
    max_redirects: Annotated[int, PlainValidator(values.whole_number(0, 20))] = Expectation().max_redirects


class Exchange(Section):
    """What the probe section gives to every endpoint and an endpoint may override, key by key."""

    interval: Duration | None = None
    timeout: Duration | None = None
    method: Annotated[str, PlainValidator(values.choice(*values.METHODS))] = "GET"
    headers: dict[Annotated[str, PlainValidator(values.header_name)], Text] = {}
    body: Annotated[str, PlainValidator(values.body)] | None = None
    authorization: Authorization | None = None
    basic_auth: BasicAuth | None = None
    tls_config: TlsConfig = TlsConfig()
    expect: Expect = Expect()
    preferred_ip_protocol: Annotated[str, PlainValidator(values.choice("ip4", "ip6"))] | None = None
    proxy_url: HttpUrl | None = None


class Endpoint(Exchange):
    name: Name = Field(description="a name of lower-case letters, digits and hyphens")
    kind: Annotated[Kind, PlainValidator(values.kind)] = Field(description="one of api, ui")
    url: HttpUrl = Field(description="an http or https URL")


class Service(Section):
    name: Name = Field(description="a name of lower-case letters, digits and hyphens")
    labels: dict[Annotated[str, PlainValidator(values.label_name)], Text] = {}
    endpoints: list[Endpoint] = Field(min_length=1, description="a list of at least one endpoint")


class WebSection(Section):
    listen: Annotated[tuple[str, int], PlainValidator(values.listen)] = (Web().host, Web().port)
    config_file: Path | None = None
    write_token_file: Path | None = None
    reading: Annotated[str, PlainValidator(values.choice("open", "token"))] = "open"
    read_token_file: Path | None = None
    external_url: BaseUrl | None = None


class Server(Section):
    url: BaseUrl = Field(description="an http or https URL")


class EvidenceSection(Section):
    keep: Duration = EVIDENCE_KEEP


class File(Section):
    """The whole file."""

    policy: PolicySection = PolicySection()
    probe: Exchange = Exchange()
    control_targets: list[HttpUrl] = []
    services: list[Service] = Field(min_length=1, description="a list of at least one service")
    ledger: Annotated[str, PlainValidator(values.ledger_url)] = "sqlite:///sesam-slo.db"
    evidence: EvidenceSection = EvidenceSection()
    web: WebSection = WebSection()
    prometheus: Server | None = None
    alertmanager: Server | None = None
    grafana: Server | None = None
