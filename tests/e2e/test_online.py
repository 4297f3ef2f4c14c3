"""`check-config --online`: whether the running Prometheus and Alertmanager load what the configuration means."""

import subprocess
import sys

import pytest
import yaml


@pytest.fixture(scope="module")
def stack(running):
    with running(["datahub-prod"]) as found:
        yield found


def online(stack, prometheus=None, alertmanager=None, **policy):
    """The command's status, stdout and stderr, for the stack's configuration with these addresses and changes."""
    document = yaml.safe_load((stack.folder / "sesam-slo.yml").read_text())
    document["policy"] |= policy
    document |= {
        key: {"url": url}
        for key, url in (("prometheus", prometheus), ("alertmanager", alertmanager))
        if url is not None
    }
    path = stack.folder / "online.yml"
    path.write_text(yaml.safe_dump(document))
    command = [sys.executable, "-m", "sesam_slo.cli", "check-config", "--online", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout.replace(str(path), "FILE"), done.stderr.replace(str(path), "FILE")


def addresses(stack):
    return f"http://{stack.prometheus.address}", f"http://{stack.alertmanager.address}"


def test_says_so_when_both_have_loaded_what_was_generated(stack):
    assert online(stack, *addresses(stack)) == (0, "FILE: in order, and loaded as generated\n", "")


def test_names_the_rules_that_are_loaded_otherwise(stack):
    prometheus, alertmanager = addresses(stack)
    status, out, faults = online(stack, prometheus, alertmanager, objective=99.9)
    assert (status, out) == (1, "")
    lines = faults.splitlines()
    assert all(line.startswith(f"{prometheus}: rule SesamErrorBudgetBurn") for line in lines)
    assert len(lines) == len({line.split(": ")[2] + line.split(": ")[1] for line in lines}) > 0


def test_names_a_route_that_is_loaded_otherwise(stack):
    _, alertmanager = addresses(stack)
    status, _, faults = online(
        stack, None, alertmanager, support={"business_hours": {"start": "07:00", "end": "15:00"}}
    )
    assert status == 1
    assert faults.startswith(f"{alertmanager}: time_intervals")
    assert faults.endswith(": loaded otherwise; expected as in alertmanager/alertmanager.yml\n")


def test_an_address_where_something_else_answers_is_said_to_be_wrong(stack):
    page = f"http://{stack.exporter.address}"
    assert online(stack, page) == (1, "", f"{page}: answers with status 404; is this the right address?\n")


def test_an_address_where_nothing_answers_is_a_fault_and_no_traceback(stack):
    nobody = "http://127.0.0.1:9"
    assert online(stack, None, nobody) == (1, "", f"{nobody}: does not answer: ConnectionError\n")


def test_without_addresses_there_is_nobody_to_ask(stack):
    assert online(stack) == (2, "", "FILE: nobody to ask; --online expects prometheus.url or alertmanager.url\n")
