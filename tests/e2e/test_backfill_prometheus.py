"""`backfill`: a real Prometheus takes the history, and what it answers of the past is what the account says, corrected or not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import programs
import pytest
from programs import Program

from sesam_slo.config import load
from sesam_slo.core.book import Book
from sesam_slo.core.checkpoint import checkpoint
from sesam_slo.core.history import Changes, Event, Membership, Run, Silence
from sesam_slo.core.intervals import Interval
from sesam_slo.core.service import begin
from sesam_slo.ledger import open_ledger

CONFIG = """\
services:
  - name: svc
    labels: {customer: "acme \\"& sons\\""}
    endpoints:
      - {name: api, kind: api, url: "http://127.0.0.1:9/"}
      - {name: ui, kind: ui, url: "http://127.0.0.1:9/"}
"""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SINCE = datetime(2025, 9, 20, tzinfo=UTC)
UNTIL = datetime(2025, 11, 2, 12, tzinfo=UTC)
DAY = datetime(2025, 10, 31, tzinfo=UTC)  # Oslo is an hour ahead: its nightly maintenance ends at 02:00 UTC
DOWN = [
    # Half an hour in maintenance, half an hour after it; noon for 47.5 minutes; both endpoints, one of them silent meanwhile.
    ("night", "api", DAY + 1.5 * HOUR, DAY + 2.5 * HOUR),
    ("noon", "api", DAY + 12 * HOUR, DAY + 12 * HOUR + 47.5 * MINUTE),
    ("evening", "ui", DAY + 18 * HOUR, DAY + 19 * HOUR),
]
SHORT = ("api", DAY + 15 * HOUR, DAY + 15 * HOUR + 5 * MINUTE)
BLIND = ("ui", DAY + 20 * HOUR, DAY + 21 * HOUR)
INSTANTS = [DAY + 30 * MINUTE * number for number in range(3, 60)]
DAYS = ("--from", DAY.isoformat(), "--to", (DAY + 36 * HOUR).isoformat(), "--split", "12h")


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", *arguments],
        cwd=folder, text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@dataclass(frozen=True)
class Asked:
    """One state of the ledger, and a Prometheus that was given its history."""

    query: Callable[[str, datetime], dict[str, float]]
    book: Book
    report: dict[str, Any]

    def account(self, start: datetime, end: datetime):
        return self.book.account("svc", Interval(start, end))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("backfill")
    (folder / "sesam-slo.yml").write_text(CONFIG + f"ledger: sqlite:///{folder}/ledger.db\n")
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
    after = 10 * MINUTE
    ledger.write(
        Changes(
            memberships=tuple(Membership("svc", name, SINCE) for name in ("", "api", "ui")),
            runs=tuple(
                Run("svc", endpoint, start, end, after, "timeout")
                for endpoint, start, end in [SHORT, *(each[1:] for each in DOWN)]
            ),
            silences=(Silence("svc", *BLIND),),
            events=tuple(
                Event(f"svc-{name}", "svc", start, end, start + after, (endpoint,), ("timeout",))
                for name, endpoint, start, end in DOWN
            ),
            checkpoints=(checkpoint(begin("svc", ("api", "ui"), UNTIL), UNTIL),),
        )
    )
    ledger.close()
    return folder


@pytest.fixture(scope="module")
def prometheus(folder: Path, loaded) -> Program:
    def with_history(configuration: Path, storage: Path, log: Path) -> Program:
        fill(folder, "first", storage)
        return programs.prometheus(
            configuration, storage, log, "--storage.tsdb.retention.time=100y", "--web.enable-admin-api"
        )

    return loaded(with_history, folder / "prometheus.yml")


def fill(folder: Path, name: str, storage: Path) -> None:
    run(folder, "backfill", *DAYS, "--out", name)
    files = sorted((folder / name).iterdir())
    assert [each.name for each in files] == ["20251031T000000Z.om", "20251031T120000Z.om", "20251101T000000Z.om"]
    for each in files:
        subprocess.run(
            [programs.find("promtool"), "tsdb", "create-blocks-from", "openmetrics", each, storage],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


def asked(folder: Path, prometheus: Program) -> Asked:
    def query(expression: str, at: datetime) -> dict[str, float]:
        """By the labels that tell the series apart."""
        found = prometheus.get("/api/v1/query", query=expression, time=str(at.timestamp())).json()["data"]["result"]
        values = {}
        for each in found:
            labels = each["metric"]
            assert (labels.pop("job", "sesam-slo"), labels.pop("instance", "backfill")) == ("sesam-slo", "backfill")
            labels.pop("__name__", None), labels.pop("service", None)
            values[" ".join(map(str, labels.values()))] = float(each["value"][1])
        return values

    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", create=False)
    book = Book.of(ledger.read(), load(folder / "sesam-slo.yml"))
    ledger.close()
    return Asked(query, book, json.loads(run(folder, "report", "--month", "2025-10", "--format", "json")))


@pytest.fixture(scope="module")
def before(folder: Path, prometheus: Program) -> Asked:
    return asked(folder, prometheus)


@pytest.fixture(scope="module")
def after(folder: Path, prometheus: Program, before: Asked) -> Asked:
    """Noon was the customer's; what Prometheus had is deleted as the help says, and the history is written again."""
    run(folder, "log", "annotate", "svc-noon", "--cause", "customer", "--author", "kari", "--reason", "their proxy")
    prometheus.post('/api/v1/admin/tsdb/delete_series?match[]={instance="backfill"}')
    assert before.query("sesam_slo_availability_ratio", DAY + 20 * HOUR) == {}
    prometheus.stop()
    fill(folder, "second", storage_of(prometheus))
    prometheus.restart()
    return asked(folder, prometheus)


def storage_of(prometheus: Program) -> Path:
    return prometheus.log.parent / "data"


def check(found: Asked) -> None:
    """Rolling windows, growth of counters and states at many instants are those of the account."""
    for at in INSTANTS:
        day = found.account(at - 24 * HOUR, at)
        ratios = found.query('sesam_slo_availability_ratio{window="24h"}', at)
        assert ratios == pytest.approx({"24h": day.availability}, rel=1e-12)
        bounds = found.query('sesam_slo_availability_bound_ratio{window="24h"}', at)
        assert sorted(bounds.values()) == pytest.approx([day.unobserved_as_down, day.unobserved_as_up], rel=1e-12)
        left = found.query('sesam_slo_error_budget_remaining_seconds{window="24h"}', at)
        assert left == pytest.approx({"24h": day.error_budget_remaining_seconds}, rel=1e-12, abs=1e-9)
        if at - HOUR < DAY:
            continue
        hour = found.account(at - HOUR, at)
        for kind in ("unplanned", "planned", "excluded"):
            # From the sample an hour before to that at the instant: nothing is extrapolated.
            grown = found.query(f'increase(sesam_slo_downtime_seconds_total{{class="{kind}"}}[1h])', at)
            assert grown == pytest.approx({kind: getattr(hour, kind).total_seconds()}, abs=1e-6), at
        for name in ("agreed", "unobserved", "failing"):
            grown = found.query(f"increase(sesam_slo_{name}_seconds_total[1h])", at)
            assert list(grown.values()) == pytest.approx([getattr(hour, name).total_seconds()], abs=1e-6), (at, name)


def test_what_prometheus_answers_of_the_past_is_what_the_account_says(before: Asked) -> None:
    check(before)
    # By hand: 30 minutes of the night, 47.5 of noon, 60 of the evening.
    unplanned = 'increase(sesam_slo_downtime_seconds_total{class="unplanned"}[1d])'
    assert before.query(unplanned, DAY + 24 * HOUR) == pytest.approx({"unplanned": 137.5 * 60})


def test_the_month_is_the_reports(before: Asked) -> None:
    at = DAY + 35 * HOUR  # November has begun
    assert before.query('sesam_slo_availability_ratio{window="previous_month"}', at)["previous_month"] == pytest.approx(
        before.report["services"]["svc"]["availability"], rel=1e-9
    )


def test_a_correction_shows_in_the_past_once_the_history_is_written_again(before: Asked, after: Asked) -> None:
    check(after)
    classes = "increase(sesam_slo_downtime_seconds_total[1d])"
    assert after.query(classes, DAY + 24 * HOUR) == pytest.approx(
        {"unplanned": 90 * 60, "planned": 30 * 60, "excluded": 47.5 * 60}
    )
    at = DAY + 35 * HOUR
    ratio = after.query('sesam_slo_availability_ratio{window="previous_month"}', at)["previous_month"]
    assert ratio == pytest.approx(after.report["services"]["svc"]["availability"], rel=1e-9)
    assert after.report["services"]["svc"]["availability"] > before.report["services"]["svc"]["availability"]


def test_states_are_there_at_each_instant(after: Asked) -> None:
    noon, short, blind = DAY + 12.5 * HOUR, SHORT[1] + MINUTE, BLIND[1] + 30 * MINUTE
    assert after.query("sesam_slo_downtime_active", noon) == {"": 1}
    assert after.query("sesam_slo_unplanned_downtime_active", noon) == {"agreed": 0, "maintenance": 0}
    assert after.query('sesam_slo_unplanned_downtime_active{began="maintenance"}', DAY + 2.25 * HOUR) == {
        "maintenance": 1
    }
    assert after.query("sesam_slo_maintenance_active", DAY + HOUR) == {"nightly recurring": 1}
    assert after.query('sesam_slo_probe_success{endpoint="api"}', short) == {"api api local": 0}
    assert after.query('sesam_slo_probe_success{endpoint="ui"}', blind) == {}
    assert after.query('sesam_slo_service_info{customer="acme \\"& sons\\""}', noon) == {'acme "& sons"': 1}
    assert after.query('sesam_slo_log_entry_duration_seconds{id="svc-noon"}', DAY + 20 * HOUR) == {"svc-noon": 2850}
    assert after.query('up{job="sesam-slo"}', noon) == {"": 1}
