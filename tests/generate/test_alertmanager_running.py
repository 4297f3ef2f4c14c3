"""A running Alertmanager with the generated configuration: who is told what, and what is left unsaid."""

import contextlib
import json
import re
import subprocess
import threading
import time
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from sesam_slo.core.model import BusinessHours
from sesam_slo.core.names import Alert
from sesam_slo.generate import Deployment

DEADLINE = 20  # seconds, for what must happen
SEVERAL = 3  # notices of the watchdog, a group interval apart each: time enough for what must not come
ALWAYS = {"days": frozenset(range(7)), "start_minute": 0, "end_minute": 24 * 60, "extra_holidays": (), "country": "NO"}


class Inbox:
    """What came to each receiver: (status, alert name, service), in order."""

    def __init__(self):
        self.notices = {"page": [], "ticket": [], "watchdog": []}
        self.authorizations = set()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inbox.authorizations.add(self.headers["Authorization"])
                for alert in body["alerts"]:
                    labels = alert["labels"]
                    notice = (alert["status"], labels["alertname"], labels.get("service"))
                    inbox.notices[self.path.strip("/")].append(notice)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def of(self, receiver):
        return list(self.notices[receiver])


@contextlib.contextmanager
def running(folder):
    """A running Alertmanager's address."""
    command = [
        "prometheus-alertmanager", f"--config.file={folder}/alertmanager/alertmanager.yml",
        f"--storage.path={folder}/data", "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=",
    ]  # fmt: skip
    with (folder / "log").open("w+") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            address = eventually(
                lambda: re.search(r'msg="Listening on" address=(\S+)', (folder / "log").read_text()), folder
            )
            url = f"http://{address.group(1)}"
            eventually(lambda: requests.get(f"{url}/-/ready", timeout=5).ok, folder)
            yield url
        finally:
            process.terminate()
            process.wait(DEADLINE)


def eventually(question, context):
    until = time.monotonic() + DEADLINE
    while not (answer := question()):
        assert time.monotonic() < until, f"never came true; {context}"
        time.sleep(0.02)
    return answer


@pytest.fixture
def inbox():
    inbox = Inbox()
    thread = threading.Thread(target=inbox.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield inbox
    inbox.server.shutdown()
    thread.join()
    inbox.server.server_close()


@pytest.fixture
def alertmanager(configuration, quick_timings, written, inbox):
    """Starts one whose business hours are given; returns how to send it an alert."""
    with contextlib.ExitStack() as stack:

        def start(**business):
            webhooks = {receiver: f"{inbox.url}/{receiver}" for receiver in inbox.notices}
            config = configuration(policy={"business": BusinessHours(**business)}, **quick_timings)
            folder = written(config, Deployment(webhooks=webhooks))
            (folder / "alertmanager/secrets").mkdir()
            (folder / "alertmanager/secrets/write_token").write_text("token of the test\n")
            url = stack.enter_context(running(folder))

            def send(name, severity, *, resolved=False, annotations=None, **labels):
                now = datetime.now(UTC)
                alert = {
                    "labels": {"alertname": name, "severity": severity, **labels},
                    "annotations": annotations or {},
                }
                alert["startsAt"] = (now - timedelta(minutes=1)).isoformat()
                alert["endsAt"] = (now if resolved else now + timedelta(hours=1)).isoformat()
                requests.post(f"{url}/api/v2/alerts", json=[alert], timeout=5).raise_for_status()

            return send

        yield start


def test_each_severity_reaches_its_receiver_with_the_write_token(alertmanager, inbox):
    send = alertmanager(**ALWAYS)
    send(Alert.DOWNTIME, "page", service="datahub-prod")
    send(Alert.CERTIFICATE_EXPIRING, "ticket", service="datahub-prod")
    send(Alert.WATCHDOG, "info")
    eventually(lambda: len(inbox.of("watchdog")) >= 3 and inbox.of("page") and inbox.of("ticket"), inbox.notices)
    assert inbox.of("page") == [("firing", Alert.DOWNTIME, "datahub-prod")]
    assert inbox.of("ticket") == [("firing", Alert.CERTIFICATE_EXPIRING, "datahub-prod")]
    assert set(inbox.of("watchdog")) == {("firing", Alert.WATCHDOG, None)}
    assert inbox.authorizations == {"Bearer token of the test"}


def test_on_a_holiday_pages_go_out_and_tickets_wait(alertmanager, inbox):
    today = datetime.now(UTC).date()
    around = tuple(date.fromordinal(today.toordinal() + days) for days in (-1, 0, 1))
    send = alertmanager(**{**ALWAYS, "extra_dates": around})
    send(Alert.CERTIFICATE_EXPIRING, "ticket", service="datahub-prod")
    send(Alert.WATCHDOG, "info")
    send(Alert.DOWNTIME, "page", service="datahub-prod")
    eventually(lambda: inbox.of("page"), inbox.notices)
    send(Alert.DOWNTIME, "page", service="datahub-prod", resolved=True)
    eventually(lambda: len(inbox.of("page")) == 2 and len(inbox.of("watchdog")) >= SEVERAL, inbox.notices)
    assert inbox.of("page")[1] == ("resolved", Alert.DOWNTIME, "datahub-prod")
    assert inbox.of("ticket") == []


def test_downtime_speaks_for_its_own_service_only(alertmanager, inbox):
    send = alertmanager(**ALWAYS)
    send(Alert.DOWNTIME, "page", service="datahub-prod")
    eventually(lambda: inbox.of("page"), inbox.notices)
    for name in (Alert.NOT_RESPONDING, Alert.FLAPPING, Alert.BUDGET_BURN_FAST, Alert.BUDGET_BURN_SLOW):
        send(name, "ticket", service="datahub-prod")
    send(Alert.FLAPPING, "ticket", service="other")
    send(Alert.BUDGET_EXHAUSTED, "ticket", service="datahub-prod")
    send(Alert.WATCHDOG, "info")
    eventually(lambda: len(inbox.of("watchdog")) >= SEVERAL, inbox.notices)
    assert set(inbox.of("ticket")) == {
        ("firing", Alert.FLAPPING, "other"),
        ("firing", Alert.BUDGET_EXHAUSTED, "datahub-prod"),
    }


def test_a_test_page_inhibits_nothing_and_repeats_no_page(alertmanager, inbox):
    send = alertmanager(**ALWAYS)
    send(Alert.DOWNTIME, "page", service="datahub-prod")
    eventually(lambda: inbox.of("page"), inbox.notices)
    send(Alert.DOWNTIME, "page", service="datahub-prod", test="true", test_run="1")
    send(Alert.DOWNTIME, "page", service="other", test="true", test_run="1")
    send(Alert.NOT_RESPONDING, "ticket", service="other")
    send(Alert.WATCHDOG, "info")
    eventually(lambda: len(inbox.of("watchdog")) >= SEVERAL and inbox.of("ticket"), inbox.notices)
    assert inbox.of("ticket") == [("firing", Alert.NOT_RESPONDING, "other")]
    of_datahub, of_other = ("firing", Alert.DOWNTIME, "datahub-prod"), ("firing", Alert.DOWNTIME, "other")
    assert sorted(inbox.of("page")) == [of_datahub, of_datahub, of_other]  # the real one, its test, the other's test


def test_a_text_that_changes_is_no_other_notice(alertmanager, inbox):
    """An alert is its labels. So a description may name the event, and its cause may be found meanwhile."""
    send = alertmanager(**ALWAYS)
    send(Alert.DOWNTIME, "page", service="datahub-prod", annotations={"description": "since 14:00"})
    eventually(lambda: inbox.of("page"), inbox.notices)
    send(Alert.DOWNTIME, "page", service="datahub-prod", annotations={"description": "since 14:00, event e-17"})
    send(Alert.WATCHDOG, "info")
    eventually(lambda: len(inbox.of("watchdog")) >= SEVERAL, inbox.notices)
    assert inbox.of("page") == [("firing", Alert.DOWNTIME, "datahub-prod")]


def test_two_cases_of_one_service_are_told_apart(alertmanager, inbox):
    """In one group the second would come with a repetition of the first, and the first's end with neither."""
    send = alertmanager(**ALWAYS)
    send(Alert.REACTION_DUE, "page", service="datahub-prod", case="c-7")
    eventually(lambda: inbox.of("page"), inbox.notices)
    send(Alert.REACTION_DUE, "page", service="datahub-prod", case="c-8")
    eventually(lambda: len(inbox.of("page")) == 2, inbox.notices)
    send(Alert.REACTION_DUE, "page", service="datahub-prod", case="c-7", resolved=True)
    send(Alert.WATCHDOG, "info")
    eventually(lambda: len(inbox.of("page")) == 3 and len(inbox.of("watchdog")) >= SEVERAL, inbox.notices)
    assert [status for status, *_ in inbox.of("page")] == ["firing", "firing", "resolved"]


def test_a_dead_exporter_neither_repeats_nor_hides_the_end_of_a_downtime(alertmanager, inbox):
    send = alertmanager(**ALWAYS)
    send(Alert.DOWNTIME, "page", service="datahub-prod")
    eventually(lambda: inbox.of("page"), inbox.notices)
    send(Alert.EXPORTER_DOWN, "page", job="sesam-slo")
    eventually(lambda: len(inbox.of("page")) == 2, inbox.notices)
    send(Alert.PROBES_BLIND, "page", service="datahub-prod")  # follows from the dead exporter
    send(Alert.WATCHDOG, "info")
    eventually(lambda: len(inbox.of("watchdog")) >= SEVERAL, inbox.notices)
    send(Alert.DOWNTIME, "page", service="datahub-prod", resolved=True)
    eventually(lambda: len(inbox.of("page")) == 3, inbox.notices)
    assert inbox.of("page") == [
        ("firing", Alert.DOWNTIME, "datahub-prod"),
        ("firing", Alert.EXPORTER_DOWN, None),
        ("resolved", Alert.DOWNTIME, "datahub-prod"),
    ]


def test_blindness_that_was_told_before_the_exporter_died_is_told_to_be_over(alertmanager, inbox):
    """Both end with the same evaluation, the dead exporter first: nothing inhibits the notice."""
    send = alertmanager(**ALWAYS)
    send(Alert.PROBES_BLIND, "page", service="datahub-prod")
    eventually(lambda: inbox.of("page"), inbox.notices)
    send(Alert.EXPORTER_DOWN, "page", job="sesam-slo")
    eventually(lambda: len(inbox.of("page")) == 2, inbox.notices)
    send(Alert.EXPORTER_DOWN, "page", job="sesam-slo", resolved=True)
    send(Alert.PROBES_BLIND, "page", service="datahub-prod", resolved=True)
    eventually(lambda: ("resolved", Alert.PROBES_BLIND, "datahub-prod") in inbox.of("page"), inbox.notices)
    eventually(lambda: ("resolved", Alert.EXPORTER_DOWN, None) in inbox.of("page"), inbox.notices)
    assert len(inbox.of("page")) == 4
