"""`sesam-slo alert test`: a marked test page through the real route."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta

from ..alert_trial import Trial, send
from ..alertmanager_api import AlertmanagerApi, UnreachableError
from ..core.durations import parse_duration
from ..core.model import Config
from ..core.names import Alert
from .arguments import add_action, checked
from .errors import CommandError, load_config
from .ledgers import this_person
from .output import plain

HELP = "Sends a marked test page through the real route."
NO_SERVICE = "sesam-slo-alert-test"
"""The `service` of a test that names none: no real alert is grouped with it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    help = (
        "sends an alert that is marked as a test to the configured Alertmanager, says whom it is routed to and whether "
        "it went out, and ends it"
    )
    command = add_action(commands, "test", run, help)
    command.add_argument(
        "--severity", choices=("page", "ticket", "info"), default="page", help="whose route it takes (default: page)"
    )
    command.add_argument(
        "--service", metavar="SERVICE", help="as if of this service, where routes ask for it (default: of none)"
    )
    command.add_argument(
        "--wait",
        type=checked(parse_duration),
        default=timedelta(minutes=2),
        metavar="DURATION",
        help="for the notice, at most (default: 2m)",
    )


def run(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    if config.alertmanager_url is None:
        raise CommandError(
            f"{options.config}: alertmanager.url: missing; expected the address of the Alertmanager that takes the alert",
            status=2,
        )
    names = [service.name for service in config.services]
    if options.service is not None and options.service not in names:
        raise CommandError(f"{options.service}: no such service; expected one of {', '.join(names)}", status=2)
    url = config.alertmanager_url
    labels = {
        "alertname": Alert.DOWNTIME,
        "severity": options.severity,
        "service": options.service or NO_SERVICE,
    }

    def accepted(goes_out_after: timedelta) -> None:
        print(
            f"{url}: accepted; its notice goes out within {goes_out_after.total_seconds():g} s, "
            f"waiting for it at most {options.wait.total_seconds():g} s",
            file=sys.stderr,
        )

    try:
        trial = send(AlertmanagerApi(url), labels, _annotations(config), wait=options.wait, accepted=accepted)
    except UnreachableError as error:
        raise CommandError(f"{url}: {error}") from None
    return _said(trial, url, options.wait)


def _annotations(config: Config) -> dict[str, str]:
    now = datetime.now(UTC).astimezone(config.policy.timezone)
    said = {
        "summary": "TEST: nothing is down",
        "description": f"This is a test of the alerting, sent at {now:%Y-%m-%d %H:%M:%S %Z} by "
        f"{this_person() or 'somebody'} with sesam-slo alert test. Nothing is down and nothing is to be done.",
    }
    return said if config.web.external_url is None else {**said, "log_url": f"{config.web.external_url}/"}


def _said(trial: Trial, url: str, wait: timedelta) -> int:
    print(plain(f"routed to: {', '.join(map(str, trial.receivers))}"))
    for kind, count in sorted(trial.attempts.items()):
        print(f"sent by {kind} meanwhile, other notices included: {count}")
    faults = list(trial.faults(wait))
    for fault in faults:
        print(plain(f"{url}: {fault}"), file=sys.stderr)
    print("ended; whoever was told is told that too")
    return 1 if faults else 0
