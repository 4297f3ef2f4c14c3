"""`alert test` with a real Alertmanager: whom a page would reach, and what is said where it would reach nobody."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import programs
import pytest
import requests
import yaml
from waiting import until
from webhook_receiver import PAGE, TICKET

from sesam_slo.core.names import Alert

COMMITTED = Path(__file__).parents[2] / "alertmanager/alertmanager.yml"
SERVICE = "datahub-prod"
OF_NO_SERVICE = "sesam-slo-alert-test"
TOLD_WITHIN_SECONDS = 15


@pytest.fixture(scope="module")
def stack(running):
    with running([SERVICE]) as found:
        yield found


@pytest.fixture
def alert_test(stack, tmp_path):
    """Runs the command against an Alertmanager's address (None: none is configured): status, stdout, stderr."""

    def run(url, *arguments):
        document = yaml.safe_load((stack.folder / "sesam-slo.yml").read_text())
        document |= {} if url is None else {"alertmanager": {"url": url}}
        (tmp_path / "sesam-slo.yml").write_text(yaml.safe_dump(document))
        command = [sys.executable, "-m", "sesam_slo.cli", "alert", "test", "--config", "sesam-slo.yml", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_page_goes_out_marked_as_a_test_and_is_told_to_be_over(stack, alert_test):
    status, out, messages = alert_test(stack.alertmanager.url)
    assert (status, out.splitlines()[0], out.splitlines()[-1]) == (
        0, "routed to: page (webhook)", "ended; whoever was told is told that too"
    )  # fmt: skip
    assert messages == (
        f"{stack.alertmanager.url}: accepted; its notice goes out within 0.5 s, waiting for it at most 120 s\n"
    )
    (page,) = stack.webhooks.notices(PAGE, Alert.DOWNTIME, OF_NO_SERVICE, "firing")
    assert page.severity == "page"
    assert page.summary == "TEST: nothing is down"
    assert page.description.startswith("This is a test of the alerting, sent at ")
    assert page.description.endswith("Nothing is down and nothing is to be done.")
    until(
        lambda: stack.webhooks.notices(PAGE, Alert.DOWNTIME, OF_NO_SERVICE, "resolved"),
        within=TOLD_WITHIN_SECONDS,
        what="the test told to be over",
    )


def test_a_second_test_right_after_the_first_goes_out_too(stack, alert_test):
    before = len(stack.webhooks.notices(PAGE, Alert.DOWNTIME, SERVICE, "firing"))
    assert alert_test(stack.alertmanager.url, "--service", SERVICE)[0] == 0
    assert alert_test(stack.alertmanager.url, "--service", SERVICE)[0] == 0
    until(
        lambda: len(stack.webhooks.notices(PAGE, Alert.DOWNTIME, SERVICE, "firing")) >= before + 2,
        within=TOLD_WITHIN_SECONDS,
        what="both tests",
    )


def test_a_ticket_takes_the_route_of_tickets(stack, alert_test):
    status, out, _ = alert_test(stack.alertmanager.url, "--severity", "ticket")
    assert (status, out.splitlines()[0]) == (0, "routed to: ticket (webhook)")
    assert stack.webhooks.notices(TICKET, Alert.DOWNTIME, OF_NO_SERVICE, "firing")


def test_nothing_stays_in_alertmanager(stack, alert_test):
    alert_test(stack.alertmanager.url)
    assert stack.alertmanager.get("/api/v2/alerts", filter='test="true"').json() == []


def test_a_silence_in_the_way_is_named(stack, alert_test):
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "service", "value": SERVICE, "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=5)).isoformat(),
        "createdBy": "test", "comment": "test",
    }  # fmt: skip
    answer = requests.post(f"{stack.alertmanager.url}/api/v2/silences", json=silence, timeout=10)
    id = answer.json()["silenceID"]
    try:
        status, out, messages = alert_test(stack.alertmanager.url, "--service", SERVICE)
    finally:
        requests.delete(f"{stack.alertmanager.url}/api/v2/silence/{id}", timeout=10)
    assert (status, out.splitlines()[0]) == (1, "routed to: page (webhook)")
    assert messages.endswith(f"{stack.alertmanager.url}: told nobody: silence {id}\n")


def test_the_configuration_as_generated_wakes_nobody_and_is_said_to(loaded, alert_test):
    alertmanager = loaded(programs.alertmanager, COMMITTED)
    status, out, messages = alert_test(alertmanager.url, "--wait", "1s")
    assert (status, out.splitlines()[0]) == (1, "routed to: page (the exporter)")
    assert messages.splitlines()[1:] == [
        f"{alertmanager.url}: receiver page (the exporter) tells nobody; "
        "alertmanager/README.md says how to add whom it tells",
        f"{alertmanager.url}: webhook: 0 notices went out within 1 s; expected 1 (those of tickets wait for business hours)",
    ]
    status, out, messages = alert_test(alertmanager.url, "--severity", "ticket", "--wait", "1s")
    assert (status, out.splitlines()[0]) == (1, "routed to: ticket (nobody)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--service", "datahub"], "datahub: no such service; expected one of datahub-prod\n"),
        (["--wait", "soon"], "argument --wait: "),
        (["--severity", "critical"], "argument --severity: invalid choice: 'critical'"),
    ],
)
def test_wrong_usage_is_said_to_be_wrong(arguments, message, stack, alert_test):
    status, out, messages = alert_test(stack.alertmanager.url, *arguments)
    assert (status, out) == (2, "")
    assert message in messages


def test_without_an_address_there_is_nobody_to_send_it_to(alert_test):
    assert alert_test(None) == (
        2, "", "sesam-slo.yml: alertmanager.url: missing; expected the address of the Alertmanager that takes the alert\n"
    )  # fmt: skip


def test_an_address_where_nothing_answers(alert_test):
    nobody = "http://127.0.0.1:9"
    assert alert_test(nobody) == (1, "", f"{nobody}: does not answer: ConnectionError\n")


def test_an_address_where_something_else_answers(stack, alert_test):
    assert alert_test(stack.prometheus.url) == (
        1, "", f"{stack.prometheus.url}: answers with status 404; is this the right address?\n"
    )  # fmt: skip
