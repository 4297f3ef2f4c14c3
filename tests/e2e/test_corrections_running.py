"""What people write while the exporter runs shows at its very next scrape, and stays after a restart."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from exporter_view import Scrape
from programs import Program, exporter
from sesam_simulator import SesamSimulator
from waiting import until

from sesam_slo.core import names

SERVICE = "datahub-prod"
WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Played:
    ongoing: Scrape  # a downtime goes on
    excused: Scrape  # the first scrape after a person said that it is the customer's
    counted: Scrape  # the first after it was taken back, once the downtime was over
    restarted: Scrape  # after a part was excluded and the exporter was started again
    shown: dict[str, Any]
    verified: subprocess.CompletedProcess[str]


def command(configuration: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", *arguments, "--config", str(configuration)],
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_SECONDS,
    )


def seconds(scrape: Scrape, kind: str) -> float:
    found = scrape.value(names.WINDOW_DOWNTIME_SECONDS, service=SERVICE, window="24h", **{"class": kind})
    assert found is not None
    return found


def active(scrape: Scrape) -> float | None:
    return scrape.value(names.UNPLANNED_DOWNTIME_ACTIVE, service=SERVICE, began="agreed")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corrections")
    configuration = folder / "sesam-slo.yml"
    with SesamSimulator() as sesam:
        document = {
            "policy": {"downtime_after": "4s", "bridge_at_most": "60s", "maintenance": {"recurring": []}},
            "probe": {"interval": "1s", "timeout": "800ms"},
            "services": [{"name": SERVICE, "endpoints": sesam.endpoints(SERVICE)}],
            "ledger": f"sqlite:///{folder / 'ledger.db'}",
            "web": {"listen": "127.0.0.1:0"},
        }
        configuration.write_text(yaml.safe_dump(document))
        running = exporter(configuration, folder / "log")
        try:
            yield play(sesam, configuration, running)
        finally:
            running.stop()


def play(sesam: SesamSimulator, configuration: Path, running: Program) -> Played:
    sesam.fail(SERVICE)
    until(lambda: active(Scrape.of(running)) == 1.0, within=WITHIN_SECONDS, what="a downtime")
    ongoing = Scrape.of(running)
    (entry,) = ongoing.log(SERVICE)

    def annotate(*arguments: str) -> Scrape:
        done = command(configuration, "log", "annotate", entry.id, "--author", "kari", *arguments)
        assert done.returncode == 0, done.stderr
        return Scrape.of(running)

    excused = annotate("--cause", "customer", "--reason", "their firewall")
    sesam.recover(SERVICE)
    until(lambda: ended(running) is not None, within=WITHIN_SECONDS, what="its end")
    counted = annotate("--cause", "sesam", "--solution", "restarted")
    shown = json.loads(command(configuration, "log", "show", entry.id, "--format", "json").stdout)
    annotate("--exclude", shown["start"], shown["end"], "all of it after all")
    verified = command(configuration, "log", "verify")
    running.kill()
    running.restart()
    return Played(ongoing, excused, counted, Scrape.of(running), shown, verified)


def ended(running: Program) -> bool | None:
    scrape = Scrape.of(running)
    return True if scrape.value(names.DOWNTIME_ACTIVE, service=SERVICE) == 0.0 else None


def test_a_cause_that_is_not_ours_stops_the_page_and_the_count_at_the_next_scrape(played: Played) -> None:
    assert (active(played.ongoing), seconds(played.ongoing, "excluded")) == (1.0, 0.0)
    assert (active(played.excused), seconds(played.excused, "unplanned")) == (0.0, 0.0)
    assert seconds(played.excused, "excluded") >= seconds(played.ongoing, "unplanned") > 3
    assert played.excused.value(names.DOWNTIME_ACTIVE, service=SERVICE) == 1.0
    assert [entry.cause for entry in played.excused.log(SERVICE)] == ["customer"]


def test_what_is_taken_back_counts_again_at_the_next_scrape(played: Played) -> None:
    assert (seconds(played.counted, "excluded"), seconds(played.counted, "unplanned")) == (
        0.0,
        played.shown["unplanned_seconds"],
    )
    assert [entry.state for entry in played.counted.log(SERVICE)] == ["explained"]


def test_a_restart_knows_every_correction(played: Played) -> None:
    assert (seconds(played.restarted, "unplanned"), seconds(played.restarted, "excluded")) == (
        0.0,
        played.shown["unplanned_seconds"],
    )


def test_the_log_tells_the_whole_story_and_proves_it(played: Played) -> None:
    story = [(each["kind"], each["author"], each["reason"]) for each in played.shown["history"]]
    assert story[0] == ("detected", "sesam-slo", "")
    assert ("changed", "kari", "their firewall") in story
    assert {each["which"] for each in played.shown["evidence"]} == {"first", "latest"}
    assert (played.verified.returncode, played.verified.stderr) == (0, "")
