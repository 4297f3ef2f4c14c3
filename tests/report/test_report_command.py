"""`sesam-slo report` on a real ledger: what goes where, what is refused, what is kept."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from report_books import OSLO, Ledger, example, made

from sesam_slo.cli import main
from sesam_slo.core.history import Changes, Correction, Recorded
from sesam_slo.ledger import open_ledger
from terminal import shown_on_a_terminal

CONFIG = """\
services:
  - name: datahub-prod
    labels: {customer: acme}
    endpoints: [{name: api, kind: api, url: "http://127.0.0.1:9/"}]
"""
DISK = "datahub-prod-20261006T071231"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SESAM_SLO_CONFIG", raising=False)
    (tmp_path / "sesam-slo.yml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def filled(folder: Path) -> Path:
    write(example().recorded())
    return folder


def write(recorded: Recorded) -> None:
    parts = {each.name: getattr(recorded, each.name) for each in fields(Changes) if hasattr(recorded, each.name)}
    parts["checkpoints"] = tuple(recorded.checkpoints.values())
    change(Changes(**parts))


def change(changes: Changes) -> None:
    ledger = open_ledger("sqlite:///sesam-slo.db")
    ledger.write(changes)
    ledger.close()


def correct(id: str, **changed: object) -> None:
    change(Changes(corrections=(Correction(id, datetime(2026, 11, 3, tzinfo=UTC), "kari", "", dict(changed)),)))


def report(capsys: pytest.CaptureFixture[str], *arguments: str, month: str = "2026-10") -> str:
    assert main(["report", "--month", month, *arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, month: str = "2026-10") -> tuple[int, str]:
    status = main(["report", "--month", month, *arguments])
    said = capsys.readouterr()
    assert said.out == ""
    return status, said.err


class TestWhatIsWritten:
    def test_each_format_goes_to_stdout(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert report(capsys).startswith("# Service level report, October 2026\n\nFor acme.\n")
        assert report(capsys, "--format", "html").startswith("<!doctype html>\n")
        assert report(capsys, "--format", "csv").startswith("row,month,service,")
        document = json.loads(report(capsys, "--format", "json"))
        assert list(document["services"]) == ["datahub-prod", "datahub-test", "ferd-prod"]
        assert document["services"]["datahub-prod"]["labels"] == {"customer": "acme"}
        assert len(document["provenance"]["log_sha256"]) == 64

    def test_on_a_terminal_it_is_laid_out_and_fits(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        status, shown = shown_on_a_terminal(filled, "report", "--month", "2026-10", COLUMNS="80", NO_COLOR="1")
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
        assert status == 0
        assert any("Service level report, October 2026" in line and "#" not in line for line in lines)
        assert max(map(len, lines)) <= 80
        figures = re.compile(r"[0-9]+:[0-9]{2}\b|[0-9.]+ %")
        assert set(figures.findall(report(capsys))) <= set(figures.findall("\n".join(lines)))
        assert "…" not in shown

    def test_on_a_terminal_too_a_format_is_what_it_is(self, filled: Path) -> None:
        _, shown = shown_on_a_terminal(filled, "report", "--month", "2026-10", "--format", "md")
        assert shown.startswith("# Service level report, October 2026\n")

    @pytest.mark.parametrize(
        ("name", "begins"),
        [("r.html", "<!doctype"), ("r.HTM", "<!doctype"), ("r.csv", "row,"), ("r.json", "{"), ("r.md", "#")],
    )
    def test_the_name_of_the_file_tells_the_format(
        self, filled: Path, capsys: pytest.CaptureFixture[str], name: str, begins: str
    ) -> None:
        assert report(capsys, "--out", name) == ""
        assert (filled / name).read_text(encoding="utf-8").startswith(begins)

    def test_a_service_alone(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        document = json.loads(report(capsys, "--format", "json", "--service", "ferd-prod"))
        assert list(document["services"]) == ["ferd-prod"]
        assert document["total"]["agreed_seconds"] == document["services"]["ferd-prod"]["agreed_seconds"]

    def test_what_is_left_unread_changes_nothing(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ledger = (
            Ledger("2020-01-01 00:00", "2026-11-10 00:00")
            .service("svc")
            .service("old", "2020-01-01 00:00", "2025-12-03 10:00")
        )
        id = ledger.down("svc", "2025-10-20 10:00", "2026-01-03 11:00")
        ledger.said(
            id, exclusions=[{"start": "2025-11-20T10:00:00Z", "end": "2025-12-02T10:00:00Z", "reason": "theirs"}]
        )
        ledger.down("svc", "2025-10-29 10:00", "2025-11-01 00:00", endpoint="ui")
        ledger.down("svc", "2021-10-29 10:00", "2021-11-01 00:00")
        ledger.down_since("svc", "2026-10-30 10:00")
        write(ledger.recorded())
        document = json.loads(report(capsys, "--format", "json"))
        expected = json.loads(json.dumps(made(ledger).document))
        del document["provenance"], expected["provenance"]
        assert document.pop("support")["cases_reported"] == 0
        assert document == expected


class TestWhatIsRefused:
    def test_a_ledger_that_is_not_there(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = refused(capsys)
        assert status == 1
        assert said.startswith("ledger")
        assert not (folder / "sesam-slo.db").exists()

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (["--service", "nobody"], 2,
             "--service nobody: not in the ledger; expected one of: datahub-prod, datahub-test, ferd-prod\n"),
            (["--out", "report.pdf"], 2,
             "--out report.pdf: no known format; expected --format html, csv, json or md\n"),
            (["--out", "no/such/folder.md"], 1, "no/such/folder.md: cannot be written: No such file or directory\n"),
            (["--freeze", "--service", "ferd-prod"], 2,
             "--freeze: keeps the month of all services; expected no --service\n"),
            (["--freeze", "--set", "policy.objective=99"], 2, "--freeze: what if is not what was; expected no --set\n"),
            (["--author", "Kari"], 2, "--author: names who freezes a month; expected --freeze\n"),
        ],
    )  # fmt: skip
    def test_with_what_was_expected(
        self, filled: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
    ) -> None:
        assert refused(capsys, *arguments) == (status, message)

    def test_a_month_that_has_not_begun(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert refused(capsys, month="2199-07") == (
            1,
            "2199-07: has not begun; it will at 2199-06-30T22:00:00+00:00\n",
        )

    def test_a_month_before_all_accounts(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert refused(capsys, month="2020-01") == (1, "2020-01: no service had an account in it\n")
        assert refused(capsys, "--service", "ferd-prod", month="2026-09") == (
            1,
            "2026-09: no such service had an account in it\n",
        )

    def test_what_is_no_month(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["report", "--month", "October"])
        assert ended.value.code == 2
        assert "argument --month: 'October': expected a month, such as 2026-11" in capsys.readouterr().err


class TestFreezing:
    def test_keeps_the_month_and_shows_what_was_corrected_since(
        self, filled: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["report", "--month", "2026-10", "--freeze", "--author", "Kari", "--out", "first.json"]) == 0
        first = json.loads((filled / "first.json").read_text(encoding="utf-8"))
        revision = first["provenance"]["log_revision"]
        assert capsys.readouterr().err == f"2026-10 is kept as it is now, at revision {revision} of the log\n"
        assert first["as_first_reported"]["differences"] == []

        ledger = open_ledger("sqlite:///sesam-slo.db", create=False)
        (kept,) = ledger.frozen()
        assert ledger.verify().fault is None
        ledger.close()
        assert (kept.month, kept.author) == ("2026-10", "Kari")
        assert kept.document == {name: value for name, value in first.items() if name != "as_first_reported"}

        correct(DISK, cause="customer")
        now = json.loads(report(capsys, "--format", "json"))
        assert now["as_first_reported"]["report"] == kept.document
        assert {"service": None, "event": None, "name": "unplanned downtime", "before": 7585.25, "after": 2334} in (
            now["as_first_reported"]["differences"]
        )
        assert now["provenance"]["log_revision"] > revision

    def test_a_month_is_frozen_once(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        report(capsys, "--freeze", "--author", "Kari")
        status, said = refused(capsys, "--freeze", "--author", "Ola")
        assert status == 1
        assert said.startswith("2026-10: is frozen already, on 20")
        assert said.endswith("+00:00 by Kari\n")

    def test_a_month_that_is_not_over_is_not_frozen(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        now = datetime.now(OSLO)
        write(Ledger("2026-01-01 00:00", f"{now:%Y-%m-%d %H:%M}").service("svc").recorded())
        status, said = refused(capsys, "--freeze", "--author", "Kari", month=f"{now:%Y-%m}")
        assert status == 1
        assert said.endswith("; expected a month that is over and accounted for\n")

    def test_what_others_write_meanwhile_is_in_it(
        self, filled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sesam_slo.cli import report as command

        def freezing(*arguments):
            if not written:
                written.append(True)
                correct(DISK, cause="customer")
            return original(*arguments)

        written: list[bool] = []
        original = command.freezing
        monkeypatch.setattr(command, "freezing", freezing)
        document = json.loads(report(capsys, "--freeze", "--author", "Kari", "--format", "json"))
        assert document["services"]["datahub-prod"]["downtime_seconds"]["unplanned"] == 1570
        assert (
            document["as_first_reported"]["report"]["services"]["datahub-prod"]["downtime_seconds"]["unplanned"] == 1570
        )


class TestWhatIf:
    def test_says_how_the_figures_differ_from_the_policys(
        self, filled: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document = json.loads(report(capsys, "--format", "json", "--set", "policy.maintenance.recurring=[]"))
        assert document["what_if"] is True
        assert document["as_configured"]["set"] == ["policy.maintenance.recurring=[]"]
        assert {"service": "datahub-prod", "event": None, "name": "maintenance", "before": 349200, "after": 0} in (
            document["as_configured"]["differences"]
        )
        assert "What if, not what was" in report(capsys, "--set", "policy.downtime_after=2h")

    def test_of_a_frozen_month_is_held_against_the_policys_figures_of_today(
        self, filled: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report(capsys, "--freeze", "--author", "Kari")
        document = json.loads(report(capsys, "--format", "json", "--set", "policy.downtime_after=2h"))
        assert "as_first_reported" not in document
        assert document["as_configured"]["report"]["what_if"] is False

    def test_a_setting_that_is_wrong_is_told_in_the_configurations_words(
        self, filled: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        status, said = refused(capsys, "--set", "policy.downtime_after=5")
        assert status == 2
        assert said.startswith("--set policy.downtime_after: ")
