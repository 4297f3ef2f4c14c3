"""`make demo`: an outage found, paged and logged, for a newcomer to watch; less than two minutes, no network needed.

It runs what the end-to-end tests run: a simulated SESAM, the exporter, real Prometheus, real Alertmanager and a webhook
receiver in place of the person on call. Exit status 0 only if all that it tells of was seen to happen.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exporter_view import LogEntry
from programs import MissingProgramError
from sesam_simulator import Fault
from stack import TELLING_SECONDS, Durations, Stack
from waiting import until
from webhook_receiver import PAGE

from sesam_slo.core import names
from sesam_slo.core.names import Alert

DOWN, UP = "datahub-prod", "datahub-test"
DURATIONS = Durations(downtime_after=10)
TRUE_WITHIN = timedelta(seconds=2)


class NotAsPromisedError(Exception):
    """Something else happened than the demo tells of."""


class Narrator:
    """Prints what happens, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)

    def say(self, text: str, *details: str) -> None:
        print(f"[{(datetime.now(UTC) - self._began).total_seconds():5.1f} s] {text}", flush=True)
        for detail in details:
            print(f"          {detail}", flush=True)


def play(stack: Stack, narrator: Narrator) -> None:
    say, sesam = narrator.say, stack.simulator
    say(
        f"All is well: {DOWN} and {UP} respond, and the first notice has come through. Have a look:",
        f"the exporter's page  {stack.exporter.url}/",
        f"its metrics          {stack.exporter.url}/metrics",
        f"Prometheus           {stack.prometheus.url}/alerts",
        f"Alertmanager         {stack.alertmanager.url}/#/alerts",
        f"The policy here is the contract's with minutes as seconds: downtime after {DURATIONS.downtime_after:g} s.",
    )
    failed = sesam.fail(DOWN, Fault.UNWELL)
    say(f"SESAM stops working: the API of {DOWN} answers 503 from now on, its portal says that it is not ok.")
    until(
        lambda: stack.scrape().value(names.ENDPOINT_FAILING_SINCE, service=DOWN),
        within=TELLING_SECONDS,
        what="a failing endpoint",
    )
    say("The exporter sees it fail. That is not downtime yet, and nobody is woken.")
    until(lambda: stack.scrape().log(DOWN), within=TELLING_SECONDS, what="an entry of the log")
    ongoing = _only_entry(stack, DOWN)
    _promise(stack.scrape().value(names.DOWNTIME_ACTIVE, service=DOWN) == 1, "the log has downtime that is not active")
    _promise(abs(ongoing.start - failed) < TRUE_WITHIN, f"the log says {ongoing.start}, SESAM failed at {failed}")
    confirmed = datetime.now(UTC) - ongoing.start
    say(
        f"Downtime is confirmed, {confirmed.total_seconds():.1f} s after the first failure, and counts from that failure."
    )

    page = stack.await_page(Alert.DOWNTIME, DOWN, "firing")
    say(f"Alertmanager pages: {page.summary}", page.description, f"What to do: {page.runbook_url}")

    recovered = sesam.recover(DOWN)
    say("SESAM works again.")
    over = stack.await_page(Alert.DOWNTIME, DOWN, "resolved")
    say(f"Alertmanager says that it is over: [RESOLVED] {over.summary}")
    say(f"Waiting for {2 * DURATIONS.group_interval:g} s whether anybody is told anything more ...")
    stack.settle(over.at)
    told = stack.webhooks.told(PAGE, DOWN) + stack.webhooks.told(PAGE, UP) + stack.webhooks.told(PAGE, None)
    _promise(told == [(Alert.DOWNTIME, "firing"), (Alert.DOWNTIME, "resolved")], f"pages: {told}")
    say("Nobody was. One outage, one page.")

    entry = _only_entry(stack, DOWN)
    _promise(entry.state == "ended" and entry.id == ongoing.id, f"the log says {entry}")
    _promise(
        abs(entry.start + entry.duration - recovered) < TRUE_WITHIN, f"the log says {entry}, not until {recovered}"
    )
    _promise(not stack.scrape().log(UP), f"the log has an entry of {UP}")
    say(
        f"The log has it: {entry.id}",
        f"from {entry.start:%H:%M:%S} UTC, {entry.duration.total_seconds():.1f} s, "
        f"endpoints {entry.endpoints}, cause {entry.cause}: for a person to fill in",
    )
    _say_what_it_cost(stack, narrator, entry)


def _say_what_it_cost(stack: Stack, narrator: Narrator, entry: LogEntry) -> None:
    scrape = stack.scrape()
    counted = scrape.value(names.WINDOW_DOWNTIME_SECONDS, service=DOWN, window="month", **{"class": "unplanned"})
    remaining = scrape.value(names.ERROR_BUDGET_REMAINING_SECONDS, service=DOWN, window="month")
    availability = scrape.value(names.AVAILABILITY_RATIO, service=DOWN, window="month")
    _promise(
        counted is not None and abs(counted - entry.duration.total_seconds()) < 1,
        f"{counted} s are counted against this month, the log says {entry.duration}",
    )
    _promise(availability is not None and availability < 1, f"availability of the month is {availability}")
    _promise(remaining is not None, "there is no error budget")
    narrator.say(
        f"It counts: {counted:.1f} s of unplanned downtime this month, {timedelta(seconds=round(remaining or 0))} of the "
        f"error budget left; available for {availability:.2%} of the time since this demo began."
    )


def _only_entry(stack: Stack, service: str) -> LogEntry:
    entries = stack.scrape().log(service)
    _promise(len(entries) == 1, f"the log has {len(entries)} entries of {service}")
    return entries[0]


def _promise(kept: bool, otherwise: str) -> None:
    if not kept:
        raise NotAsPromisedError(otherwise)


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description="An outage found, paged and logged, for you to watch.")
    parser.add_argument("--keep", action="store_true", help="leave everything running afterwards, until Ctrl-C")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends by way of every `with`
    narrator = Narrator()
    narrator.say("Starting a simulated SESAM, the exporter, Prometheus and Alertmanager on this machine ...")
    with tempfile.TemporaryDirectory(prefix="sesam-slo-demo-") as folder:
        stack = Stack(Path(folder), (DOWN, UP), DURATIONS)
        try:
            with stack:
                play(stack, narrator)
                if options.keep:
                    _wait_for_interrupt(narrator)
        except MissingProgramError as missing:
            print(missing, file=sys.stderr)
            return 1
        except (NotAsPromisedError, TimeoutError, RuntimeError, OSError) as error:
            print(f"The demo failed: {error}", file=sys.stderr)
            for log in stack.logs():
                print(f"\n--- {log.name}, last lines\n{_tail(log)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    narrator.say("Done.")
    return 0


def _wait_for_interrupt(narrator: Narrator) -> None:
    narrator.say("Everything keeps running. Ctrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


if __name__ == "__main__":
    sys.exit(main())
