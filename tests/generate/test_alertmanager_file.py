"""The Alertmanager configuration: it loads, routes by severity, and knows when tickets may be handed out."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from sesam_slo.core.model import BusinessHours
from sesam_slo.core.names import Alert
from sesam_slo.generate import Deployment, artifacts
from sesam_slo.generate.calendar import holiday_dates
from sesam_slo.generate.receivers import parse

FILE = "alertmanager/alertmanager.yml"
OSLO = ZoneInfo("Europe/Oslo")
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@pytest.fixture(scope="module")
def values(configuration):
    return yaml.safe_load(artifacts(configuration(), 2026)[FILE])


@pytest.mark.parametrize("quick", [False, True], ids=["as the contract has it", "within seconds"])
def test_it_loads_although_no_secret_is_there(quick, configuration, quick_timings, written, run_tool):
    folder = written(configuration(**quick_timings) if quick else configuration())
    assert not (folder / "alertmanager/secrets").exists()
    assert "SUCCESS" in run_tool("amtool", "check-config", str(folder / FILE))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=SesamDowntime", "severity=page", "service=datahub-prod"], "page"),
        (["alertname=SesamFlapping", "severity=ticket", "service=datahub-prod"], "ticket"),
        (["alertname=Watchdog", "severity=info"], "watchdog"),
        (["alertname=NotOfOurs"], "ticket"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_severity_decides_who_is_told(labels, receiver, configuration, written, run_tool):
    folder = written(configuration())
    told = run_tool("amtool", "config", "routes", "test", f"--config.file={folder / FILE}", *labels)
    assert told.split() == [receiver]


def test_only_tickets_keep_hours(values):
    routes = {route["receiver"]: route for route in values["route"]["routes"]}
    assert routes["ticket"]["active_time_intervals"] == ["business-hours"]
    assert routes["ticket"]["mute_time_intervals"] == ["holidays"]
    for name in ("page", "watchdog"):
        assert not {"active_time_intervals", "mute_time_intervals"} & routes[name].keys()


def test_the_watchdog_repeats_at_every_group_interval(values):
    assert values["route"]["group_interval"] == "1m"
    assert values["route"]["routes"][0] == {
        "receiver": "watchdog",
        "matchers": ['alertname="Watchdog"'],
        "group_wait": "0s",
        "repeat_interval": "30s",
    }


def test_alerts_are_grouped_by_service_name_and_case_and_a_test_by_itself(values):
    assert values["route"]["group_by"] == ["service", "alertname", "case", "test_run"]


def test_no_page_for_downtime_is_ever_inhibited_nor_the_watchdog(values):
    """Its end would never be told; so would an early warning's, which ends where downtime begins."""
    targets = {
        name
        for rule in values["inhibit_rules"]
        for matcher in rule["target_matchers"]
        for name in matcher.removeprefix('alertname=~"').removesuffix('"').split("|")
    }
    never = {Alert.DOWNTIME, Alert.MAINTENANCE_OVERRUN, Alert.EARLY_WARNING, Alert.EXPORTER_DOWN}
    assert not targets & {*never, Alert.LEDGER_WRITE_FAILING, Alert.WATCHDOG}
    assert targets == {
        Alert.NOT_RESPONDING, Alert.FLAPPING, Alert.BUDGET_BURN_FAST, Alert.BUDGET_BURN_SLOW, Alert.PROBES_BLIND,
        Alert.PROBE_CREDENTIALS,
    }  # fmt: skip


# --- hours and holidays


def matches(interval, instant):
    """As Alertmanager: the fields of an item all match, of the values of a field and of the items one suffices."""
    for item in interval:
        local = instant.astimezone(ZoneInfo(item["location"]))
        clock = f"{local:%H:%M}"
        checks = {
            "weekdays": lambda days, local=local: WEEKDAYS[local.weekday()] in days,
            "times": lambda times, clock=clock: any(t["start_time"] <= clock < t["end_time"] for t in times),
            "years": lambda years, local=local: str(local.year) in years,
            "months": lambda months, local=local: str(local.month) in months,
            "days_of_month": lambda days, local=local: str(local.day) in days,
        }
        if all(checks[name](value) for name, value in item.items() if name != "location"):
            return True
    return False


@pytest.fixture(scope="module")
def handed_out(values):
    intervals = {each["name"]: each["time_intervals"] for each in values["time_intervals"]}
    return lambda at: matches(intervals["business-hours"], at) and not matches(intervals["holidays"], at)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-01-02 07:59", False),  # a Friday
        ("2026-01-02 08:00", True),
        ("2026-01-02 15:59", True),
        ("2026-01-02 16:00", False),
        ("2026-01-03 12:00", False),  # a Saturday
        ("2026-01-01 12:00", False),
        ("2026-04-02 12:00", False),  # Maundy Thursday
        ("2026-04-01 12:00", True),
        ("2026-12-24 12:00", False),
        ("2026-12-31 12:00", False),
        ("2027-05-17 12:00", False),  # two holidays in one
        ("2028-04-17 12:00", False),  # Easter Monday, two years ahead
        ("2028-12-26 12:00", False),
        ("2026-07-15 08:30", True),  # summer time
    ],
)
def test_tickets_are_handed_out_in_business_hours(local, expected, handed_out):
    assert handed_out(datetime.fromisoformat(local).replace(tzinfo=OSLO)) is expected


def test_every_noon_of_three_years_is_judged_by_the_calendar_alone(handed_out):
    """No holiday's date spills over into another month or year."""
    off = set(holiday_dates(BusinessHours(), 2026))
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365 + 365 + 366)]
    noons = {day: datetime.combine(day, time(12), OSLO).astimezone(UTC) for day in days}
    wrong = [day for day in days if handed_out(noons[day]) is not (day.weekday() < 5 and day not in off)]
    assert wrong == []
    assert [sum(day.year == year for day in off) for year in (2026, 2027, 2028)] == [10, 8, 9]


def test_hours_and_holidays_are_the_policys(configuration):
    hours = BusinessHours(
        days=frozenset({5, 6}),
        start_minute=16 * 60,
        end_minute=24 * 60,
        country="SE",
        extra_holidays=(),
        extra_dates=(date(2026, 8, 1),),
    )
    policy = {"business": hours, "timezone": ZoneInfo("Europe/Stockholm")}
    business, holidays = yaml.safe_load(artifacts(configuration(policy=policy), 2026)[FILE])["time_intervals"]
    assert business["time_intervals"] == [
        {
            "weekdays": ["saturday", "sunday"],
            "times": [{"start_time": "16:00", "end_time": "24:00"}],
            "location": "Europe/Stockholm",
        }
    ]
    augusts = [item for item in holidays["time_intervals"] if item["months"] == ["8"]]
    assert augusts == [
        {"years": ["2026"], "months": ["8"], "days_of_month": ["1"], "location": "Europe/Stockholm"},
    ]


def test_midnight_as_the_end_of_business_loads(configuration, written, run_tool):
    policy = {"business": BusinessHours(start_minute=0, end_minute=24 * 60)}
    run_tool("amtool", "check-config", str(written(configuration(policy=policy)) / FILE))


# --- receivers

OWN = """\
page:
  pagerduty_configs:
    - {routing_key: x}
  webhook_configs:
    - {url: "https://pager.example/"}
watchdog:
  webhook_configs:
    - {url: "https://switch.example/"}
"""


def test_without_a_sites_own_receivers_only_the_exporter_is_told_of_pages(values):
    own = {
        "url": "http://exporter:9808/api/v1/alertmanager",
        "send_resolved": True,
        "http_config": {"authorization": {"credentials_file": "secrets/write_token"}},
    }
    assert values["receivers"] == [{"name": "page", "webhook_configs": [own]}, {"name": "ticket"}, {"name": "watchdog"}]


def test_a_sites_receivers_are_told_beside_the_exporter(configuration):
    own = parse(OWN.replace("routing_key: x", "routing_key_file: secrets/pagerduty"))
    files = artifacts(configuration(), 2026, Deployment(receivers=own))
    page, ticket, watchdog = yaml.safe_load(files[FILE])["receivers"]
    assert page["pagerduty_configs"] == [{"routing_key_file": "secrets/pagerduty"}]
    assert [webhook["url"] for webhook in page["webhook_configs"]] == [
        "http://exporter:9808/api/v1/alertmanager",
        "https://pager.example/",
    ]
    assert ticket == {"name": "ticket"}
    assert watchdog["webhook_configs"] == [{"url": "https://switch.example/"}]


def test_a_sites_own_way_to_the_exporter_takes_the_place_of_the_generated_one(configuration):
    own = {"url": "https://slo.example/api/v1/alertmanager", "http_config": {"tls_config": {"ca_file": "ca.crt"}}}
    files = artifacts(configuration(), 2026, Deployment(receivers={"page": {"webhook_configs": [own]}}))
    assert yaml.safe_load(files[FILE])["receivers"][0] == {"name": "page", "webhook_configs": [own]}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("page: [", "not YAML at line 1"),
        ("- page", "not a mapping; expected receivers with their integrations"),
        ("pager: {}", "pager: unknown receiver; expected one of page, ticket, watchdog"),
        ("page: [x]", "page: not a mapping; expected integrations such as pagerduty_configs"),
        ("page: {slack: []}", "page.slack: not a list of integrations; expected one such as pagerduty_configs"),
        (
            OWN,
            "page.pagerduty_configs[0].routing_key: a secret; "
            "expected routing_key_file with the path of a file that holds it",
        ),
        (
            "page: {webhook_configs: [{url: x, http_config: {basic_auth: {password: hunter2}}}]}",
            "page.webhook_configs[0].http_config.basic_auth.password: a secret; "
            "expected password_file with the path of a file that holds it",
        ),
    ],
)
def test_receivers_that_are_refused(text, faults):
    with pytest.raises(ValueError, match=re.escape(faults) + "$"):
        parse(text)


def test_a_file_without_receivers_is_none():
    assert parse("") == parse("# nothing yet\n") == {}


def test_the_shipped_example_of_receivers_is_accepted():
    example = Path(__file__).parents[2] / "alertmanager/receivers.example.yml"
    assert set(parse(example.read_text())) == {"page", "ticket", "watchdog"}


# --- templates


@pytest.mark.parametrize("template", ["sesam.title", "sesam.text", "sesam.slack.title", "sesam.slack.text"])
def test_every_template_renders(template, configuration, written, run_tool):
    folder = written(configuration())
    shown = run_tool(
        "amtool", "template", "render", f"--template.glob={folder}/alertmanager/templates/*.tmpl",
        f'--template.text={{{{ template "{template}" . }}}}',
    )  # fmt: skip
    assert "error" not in shown.lower()


def test_what_slack_would_read_as_markup_is_escaped(configuration, written, run_tool):
    folder = written(configuration())
    shown = run_tool(
        "amtool", "template", "render", f"--template.glob={folder}/alertmanager/templates/*.tmpl",
        '--template.text={{ template "__sesam.escaped" "<!channel> & <https://evil.example|here>" }}',
    )  # fmt: skip
    assert shown.strip() == "&lt;!channel&gt; &amp; &lt;https://evil.example|here&gt;"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "2026-03-29 01:59:59 CET"),
        (datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC), "2026-03-29 03:00:00 CEST"),
        (datetime(2026, 10, 25, 0, 30, 0, tzinfo=UTC), "2026-10-25 02:30:00 CEST"),
        (datetime(2026, 10, 25, 1, 30, 0, tzinfo=UTC), "2026-10-25 02:30:00 CET"),
        (datetime(2028, 12, 31, 23, 30, 0, tzinfo=UTC), "2029-01-01 00:30:00 CET"),
        (datetime(2025, 12, 31, 23, 30, 0, tzinfo=UTC), "2025-12-31 23:30:00 UTC"),  # not of the years written out
        (datetime(2029, 7, 1, 12, 0, 0, tzinfo=UTC), "2029-07-01 12:00:00 UTC"),
    ],
)
def test_instants_are_shown_in_the_policys_zone(at, shown, configuration, written, run_tool, tmp_path):
    folder = written(configuration())
    alert = {"status": "firing", "labels": {}, "annotations": {"description": "d"}, "startsAt": at.isoformat()}
    (tmp_path / "data.json").write_text(json.dumps({"status": "firing", "alerts": [alert]}))
    text = run_tool(
        "amtool", "template", "render", f"--template.glob={folder}/alertmanager/templates/*.tmpl",
        f"--template.data={tmp_path / 'data.json'}", '--template.text={{ template "sesam.text" . }}',
    )  # fmt: skip
    assert text.strip().splitlines() == ["d", f"Firing since {shown}"]


@pytest.mark.parametrize("template", ["sesam.text", "sesam.slack.text"])
def test_a_notification_leads_to_the_log_the_dashboard_and_the_runbook(
    template, configuration, written, run_tool, tmp_path
):
    folder = written(configuration())
    annotations = {"description": "d", "log_url": "https://l", "dashboard_url": "https://d", "runbook_url": "https://r"}
    times = {"startsAt": "2026-07-01T10:00:00Z", "endsAt": "2026-07-01T11:00:00Z"}
    alert = {"status": "resolved", "labels": {}, "annotations": annotations, **times}
    (tmp_path / "data.json").write_text(json.dumps({"status": "resolved", "alerts": [alert]}))
    text = run_tool(
        "amtool", "template", "render", f"--template.glob={folder}/alertmanager/templates/*.tmpl",
        f"--template.data={tmp_path / 'data.json'}", f'--template.text={{{{ template "{template}" . }}}}',
    )  # fmt: skip
    assert text.strip().splitlines() == [
        "d", "Fired from 2026-07-01 12:00:00 CEST to 2026-07-01 13:00:00 CEST", "Log: https://l", "Dashboard: https://d",
        "What to do: https://r",
    ]  # fmt: skip
