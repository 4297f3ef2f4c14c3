"""A valid file gives these values: what is written, what is inherited, what the contract says where nothing is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from configurations import EXAMPLE, NAMED_FILES
from sesam_slo.config import load
from sesam_slo.core.business_time import BusinessCalendars
from sesam_slo.core.model import (
    AlertTimings,
    AnnouncedWindow,
    Authorization,
    BasicAuth,
    BusinessHours,
    Config,
    Expectation,
    Kind,
    Policy,
    RecurringWindow,
    Request,
    TlsConfig,
    Web,
)
from sesam_slo.public_holidays import is_holiday

SHIPPED = Path(__file__).parent.parent / "exporter" / "sesam-slo.yml"

SERVICES = """
services:
  - name: datahub-prod
    endpoints:
      - {name: api, kind: api, url: "https://datahub.example/api/ping"%s}
"""


@pytest.fixture
def example(tmp_path: Path) -> Config:
    for name in NAMED_FILES:
        (tmp_path / name).touch()
    path = tmp_path / "sesam-slo.yml"
    path.write_text(EXAMPLE)
    return load(path)


def _load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "sesam-slo.yml"
    path.write_text(text)
    return load(path, syntax_only=True)


def _endpoint(tmp_path: Path, own: str, probe: str = "{}"):
    return _load(tmp_path, f"probe: {probe}{SERVICES % own}").services[0].endpoints[0]


@pytest.mark.contract("availability", "ten-minutes", "nightly-maintenance", "notice")
def test_a_file_that_lists_only_services_is_complete_and_its_policy_is_the_contract(tmp_path: Path):
    config = _load(tmp_path, SERVICES % "")
    assert config == Config(policy=Policy(), services=config.services)
    [service] = config.services
    [endpoint] = service.endpoints
    assert (service.name, service.labels) == ("datahub-prod", ())
    assert (endpoint.name, endpoint.kind) == ("api", Kind.API)
    assert endpoint.request == Request("https://datahub.example/api/ping")
    assert (endpoint.interval, endpoint.timeout) == (timedelta(seconds=30), timedelta(seconds=10))


@pytest.mark.contract("business-hours")
def test_the_contracts_business_hours_are_weekdays_from_8_to_16_less_norwegian_holidays_and_two_eves():
    assert Policy().business == BusinessHours(
        days=frozenset({0, 1, 2, 3, 4}),
        start_minute=480,
        end_minute=960,
        country="NO",
        extra_holidays=((12, 24), (12, 31)),
        extra_dates=(),
    )


def test_the_shipped_file_is_valid_and_its_policy_is_the_contract():
    config = load(SHIPPED)
    assert config.policy == Policy()
    assert [service.name for service in config.services] == ["datahub-prod"]


def test_the_policy_is_what_is_written(example: Config):
    assert example.policy == Policy(
        objective_ratio=0.995,
        timezone=ZoneInfo("Europe/Oslo"),
        downtime_after=timedelta(minutes=10),
        bridge_at_most=timedelta(minutes=10),
        notice=timedelta(hours=48),
        recurring=(
            RecurringWindow("nightly", 0, 180),
            RecurringWindow("weekly", 1320, 1440, frozenset({5, 6}), frozenset({"datahub-prod"})),
        ),
        announced=(
            AnnouncedWindow(
                "database upgrade",
                datetime(2026, 12, 5, 19, tzinfo=UTC),
                datetime(2026, 12, 5, 21, tzinfo=UTC),
                datetime(2026, 12, 1, 8, tzinfo=UTC),
                frozenset({"datahub-test"}),
            ),
        ),
        business=BusinessHours(frozenset({0, 1, 2, 3}), 540, 930, "NO", ((12, 24),), (date(2027, 5, 18),)),
        alerts=replace(AlertTimings(), early_page=timedelta(minutes=5), flapping_changes=8),
    )


def test_the_endpoints_are_what_is_written_or_inherited_and_paths_start_at_the_files_folder(
    example: Config, tmp_path: Path
):
    headers = (("User-Agent", "sesam-slo"),)
    (api, ui), (test_api,) = (service.endpoints for service in example.services)
    assert example.services[0].labels == (("customer", "acme"),)
    assert api.request == Request(
        "https://datahub-example.sesam.cloud/api/ping",
        headers=headers,
        authorization=Authorization("Bearer", str(tmp_path / "jwt")),
        expect=Expectation(
            status=(200, 204),
            json=(("status", "ok"), ("status.health_status.status", "ok")),
            body_regex="o+k",
            max_redirects=3,
        ),
    )
    assert (api.interval, api.timeout) == (timedelta(seconds=20), timedelta(seconds=5))
    assert ui.kind is Kind.UI
    assert ui.request == Request(
        "https://portal.sesam.io/",
        method="HEAD",
        headers=headers,
        tls=TlsConfig(ca_file=str(tmp_path / "ca.pem"), server_name="portal.sesam.io"),
        preferred_ip_protocol="ip4",
        proxy_url="http://proxy.example:3128",
    )
    assert (ui.interval, ui.timeout) == (timedelta(seconds=30), timedelta(seconds=10))
    assert test_api.request == Request(
        "http://[2001:db8::1]:8080/api/ping",
        headers=headers,
        basic_auth=BasicAuth("probe", str(tmp_path / "password")),
    )


def test_everything_else_is_what_is_written(example: Config, tmp_path: Path):
    assert example.control_targets == ("https://one.example", "https://two.example")
    assert (example.control_interval, example.control_timeout) == (timedelta(seconds=30), timedelta(seconds=10))
    assert example.ledger == "sqlite:///sesam-slo.db"
    assert example.web == Web(
        "127.0.0.1",
        9808,
        str(tmp_path / "web.yml"),
        str(tmp_path / "token"),
        str(tmp_path / "read-token"),
        "https://slo.example",
    )
    assert example.prometheus_url == "http://prometheus.example:9090"
    assert example.alertmanager_url == "http://alertmanager.example:9093"


def test_a_configuration_is_a_value(example: Config):
    assert hash(example) == hash(replace(example))


@pytest.mark.parametrize(
    ("probe", "own", "interval", "timeout"),
    [
        ("{}", "", 30, 10),
        ("{}", ", interval: 5s", 5, 5),
        ("{}", ", interval: 1m", 60, 10),
        ("{interval: 4s}", "", 4, 4),
        ("{interval: 1m, timeout: 40s}", "", 60, 40),
        ("{interval: 1m, timeout: 40s}", ", interval: 50s", 50, 40),
        ("{interval: 1m, timeout: 40s}", ", interval: 30s, timeout: 2s", 30, 2),
        ("{timeout: 20s}", ", interval: 20s", 20, 20),
    ],
)
def test_a_timeout_is_the_endpoints_or_the_probes_or_10_seconds_or_the_interval_whichever_is_less(
    tmp_path: Path, probe: str, own: str, interval: int, timeout: int
):
    endpoint = _endpoint(tmp_path, own, probe)
    assert (endpoint.interval, endpoint.timeout) == (timedelta(seconds=interval), timedelta(seconds=timeout))


def test_control_targets_are_asked_at_the_probe_sections_pace(tmp_path: Path):
    config = _load(tmp_path, "probe: {interval: 1m, timeout: 7s}" + SERVICES % ", interval: 10s")
    assert (config.control_interval, config.control_timeout) == (timedelta(minutes=1), timedelta(seconds=7))


def test_an_endpoints_key_replaces_the_probes_as_a_whole(tmp_path: Path):
    probe = "{headers: {A: a, B: b}, method: POST, body: x, expect: {status: 204, max_redirects: 0}}"
    request = _endpoint(tmp_path, ", headers: {C: c}, expect: {status: [200]}", probe).request
    assert (request.method, request.body, request.headers) == ("POST", "x", (("C", "c"),))
    assert request.expect == Expectation(status=(200,))


def test_an_endpoints_way_to_log_in_replaces_the_probes_other_way(tmp_path: Path):
    probe = "{basic_auth: {username: a, password_file: b}}"
    request = _endpoint(tmp_path, ", authorization: {credentials_file: /run/secrets/jwt}", probe).request
    assert request.authorization == Authorization("Bearer", "/run/secrets/jwt")
    assert request.basic_auth is None


def test_anchors_aliases_and_merge_keys_are_expanded(tmp_path: Path):
    config = _load(
        tmp_path,
        """
services:
  - name: one
    endpoints:
      - &api {name: api, kind: api, url: "https://one.example/", timeout: 3s}
  - name: two
    endpoints:
      - {<<: *api, url: "https://two.example/"}
      - {<<: [{name: ui}, *api]}
""",
    )
    endpoints = config.services[1].endpoints
    assert [(each.name, each.request.url) for each in endpoints] == [
        ("api", "https://two.example/"),
        ("ui", "https://one.example/"),
    ]
    assert {each.timeout for each in endpoints} == {timedelta(seconds=3)}


@pytest.mark.parametrize("written", ["off", '"off"', "false"])
def test_the_early_page_may_be_off_however_yaml_reads_it(tmp_path: Path, written: str):
    assert _load(tmp_path, f"policy: {{alerts: {{early_page: {written}}}}}{SERVICES % ''}").policy == Policy()


@pytest.mark.parametrize("written", ["NO", '"NO"'])
def test_norway_is_a_country_although_yaml_reads_it_as_false(tmp_path: Path, written: str):
    text = f"policy: {{support: {{holidays: {{country: {written}}}}}}}{SERVICES % ''}"
    assert _load(tmp_path, text).policy.business.country == "NO"


def test_a_calendar_may_be_without_public_holidays(tmp_path: Path):
    text = f"policy: {{support: {{holidays: {{country: none, extra: []}}}}}}{SERVICES % ''}"
    policy = _load(tmp_path, text).policy
    calendar = BusinessCalendars(is_holiday).of(policy)
    assert calendar.is_business_day(date(2026, 5, 1))
    assert not BusinessCalendars(is_holiday).of(Policy()).is_business_day(date(2026, 5, 1))


def test_a_share_may_be_written_as_a_whole_number(tmp_path: Path):
    assert _load(tmp_path, f"policy: {{alerts: {{case_due_at: 1}}}}{SERVICES % ''}").policy.alerts.case_due_at == 1.0


def test_no_recurring_windows_and_no_notice_can_be_asked_for(tmp_path: Path):
    text = f"policy: {{bridge_at_most: 0s, maintenance: {{notice: 0s, recurring: []}}}}{SERVICES % ''}"
    policy = _load(tmp_path, text).policy
    assert policy == Policy(bridge_at_most=timedelta(0), notice=timedelta(0), recurring=())


@pytest.mark.parametrize(("percent", "ratio"), [("99.9", 0.999), ("99.95", 0.9995), ("99", 0.99), ("99.99", 0.9999)])
def test_an_objective_of_percent_is_that_decimal_ratio(tmp_path: Path, percent: str, ratio: float):
    assert _load(tmp_path, f"policy: {{objective: {percent}}}{SERVICES % ''}").policy.objective_ratio == ratio


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [("0.0.0.0:9808", "0.0.0.0", 9808), ("localhost:0", "localhost", 0), ('"[::1]:80"', "::1", 80)],
)
def test_where_the_web_listens(tmp_path: Path, written: str, host: str, port: int):
    assert _load(tmp_path, f"web: {{listen: {written}}}{SERVICES % ''}").web == Web(host, port)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/sesam-slo/sesam-slo.db",
        "postgresql+psycopg://slo@db.example/slo",
        "postgresql+psycopg://slo@db.example:5433/slo?sslmode=verify-full&passfile=/run/secrets/pgpass",
    ],
)
def test_the_ledger_is_a_file_or_a_database_whose_password_stands_elsewhere(tmp_path: Path, url: str):
    assert _load(tmp_path, f'ledger: "{url}"{SERVICES % ""}').ledger == url


def test_short_intervals_go_with_a_short_downtime_after_although_the_default_interval_would_not(tmp_path: Path):
    config = _load(tmp_path, "policy: {downtime_after: 10s}" + SERVICES % ", interval: 5s")
    assert config.services[0].endpoints[0].interval == timedelta(seconds=5)


def test_null_is_a_value_that_a_body_may_be_expected_to_have(tmp_path: Path):
    assert _endpoint(tmp_path, ", expect: {json: {error: null}}").request.expect.json == (("error", None),)


def test_a_bom_is_no_fault(tmp_path: Path):
    path = tmp_path / "sesam-slo.yml"
    path.write_bytes(b"\xef\xbb\xbf" + (SERVICES % "").encode())
    assert load(path).policy == Policy()
