"""The report as CSV, JSON and Markdown: the same figures, exact where programs read them, and nobody's words as code."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import timedelta
from fractions import Fraction

import pytest
from markdown_it import MarkdownIt
from report_books import HOSTILE, Ledger, Made, example, hostile, made

from sesam_slo.core.model import Policy
from sesam_slo.core.plain_text import printable
from sesam_slo.report.markdown import escape
from sesam_slo.report.table import COLUMNS
from sesam_slo.report.wording import duration, objective, percent, share


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


class TestAPolicyThatChanged:
    """Every format says so: whoever reads one of them must know which part was judged by what."""

    SETTINGS = "objective from 99.5 % to 99.9 %; downtime_after from 10m to 5m"

    @pytest.fixture
    def changed(self) -> Made:
        after = Policy(objective_ratio=0.999, downtime_after=timedelta(minutes=5))
        ledger = Ledger("2026-01-01 00:00", "2026-12-03 00:00").service("svc")
        ledger.policy("2026-01-01 00:00", Policy()).policy("2026-11-11 12:00", after)
        return made(ledger, "2026-11", after)

    def test_is_told_in_markdown_and_html(self, changed: Made) -> None:
        said = f"The policy changed on 11 Nov 2026 12:00:00: {self.SETTINGS}. "
        assert said in changed.markdown.replace("\\", "")
        assert f'<p class="notice">{said}' in changed.html

    def test_is_told_in_json(self, changed: Made) -> None:
        assert changed.document["policy_changes"] == [
            {
                "at": "2026-11-11T11:00:00Z",
                "settings": [
                    {"key": "objective", "before": "99.5 %", "after": "99.9 %"},
                    {"key": "downtime_after", "before": "10m", "after": "5m"},
                ],
            }
        ]

    def test_is_told_in_csv(self, changed: Made) -> None:
        rows = [
            {name: cell for name, cell in row.items() if cell}
            for row in rows_of(changed.csv)
            if row["row"] == "policy_change"
        ]
        assert rows == [
            {"row": "policy_change", "month": "2026-11", "from": "2026-11-11T11:00:00Z", "details": self.SETTINGS}
        ]

    def test_in_another_month_is_told_nowhere(self, changed: Made) -> None:
        ledger = Ledger("2026-01-01 00:00", "2026-12-03 00:00").service("svc")
        ledger.policy("2026-01-01 00:00", Policy()).policy("2026-11-11 12:00", Policy(objective_ratio=0.999))
        other = made(ledger, "2026-10")
        assert other.document["policy_changes"] == []
        assert all(
            "policy_change" not in text and "policy changed" not in text
            for text in (other.markdown, other.html, other.csv)
        )


class TestWords:
    @pytest.mark.parametrize(
        ("ratio", "text"),
        [
            (Fraction(1), "100.000 %"),
            (1 - Fraction(1, 2_678_400_000_000), "99.999 %"),
            (Fraction(995, 1000), "99.500 %"),
            (Fraction(995, 1000) - Fraction(1, 10**12), "99.499 %"),
            (Fraction(0), "0.000 %"),
            (Fraction(-1, 10**9), "−0.001 %"),
            (None, "–"),
        ],
    )
    def test_a_percentage_is_rounded_down(self, ratio: Fraction | None, text: str) -> None:
        assert percent(ratio) == text

    @pytest.mark.parametrize(
        ("length", "text"),
        [
            (timedelta(hours=743), "743:00:00"),
            (timedelta(seconds=59.5), "0:01:00"),
            (timedelta(seconds=59.499999), "0:00:59"),
            (Fraction(-7543, 2), "−1:02:52"),
            (Fraction(-1, 3), "0:00:00"),
        ],
    )
    def test_a_duration_is_rounded_to_the_second(self, length: timedelta | Fraction, text: str) -> None:
        assert duration(length) == text

    def test_a_budget_that_is_used_up_by_a_hair_is_over_100_percent(self) -> None:
        assert (share(Fraction(1)), share(Fraction(1) + Fraction(1, 10**9)), share(None)) == ("100 %", "101 %", "–")

    def test_an_objective_has_the_digits_that_it_has(self) -> None:
        assert [objective(each) for each in (0.995, Fraction(999, 1000), 1.0, 0.99999)] == [
            "99.5 %", "99.9 %", "100 %", "99.999 %",
        ]  # fmt: skip

    def test_what_is_not_printable_is_replaced_and_lines_stay(self) -> None:
        assert printable("a\r\nb\tc\u00a0d\u202e\x1b[31m\ud800") == "a\nb c d��[31m�"


class TestCsv:
    def test_has_a_row_per_service_per_event_and_one_in_total(self) -> None:
        rows = rows_of(made(example()).csv)
        assert tuple(rows[0]) == COLUMNS
        assert [(row["row"], row["service"]) for row in rows] == [
            *[("service", "datahub-prod"), *[("event", "datahub-prod")] * 3],
            *[("service", "datahub-test"), ("event", "datahub-test")],
            *[("service", "ferd-prod"), ("event", "ferd-prod")],
            ("total", ""),
        ]

    def test_figures_add_up_as_they_stand(self) -> None:
        rows = rows_of(made(example()).csv)
        (total,) = [row for row in rows if row["row"] == "total"]
        services = [row for row in rows if row["row"] == "service"]
        events = [row for row in rows if row["row"] == "event"]
        for name in ("agreed", "maintenance", "unobserved", "unplanned", "planned", "excluded"):
            column = f"{name}_seconds"
            assert sum(Fraction(row[column]) for row in services) == Fraction(total[column])
        for name in ("unplanned", "planned", "excluded"):
            column = f"{name}_seconds"
            assert sum(Fraction(row[column]) for row in events) == Fraction(total[column])

    def test_ratios_are_at_full_precision(self) -> None:
        row = rows_of(made(example()).csv)[0]
        assert float(row["availability"]) == 1 - 6821.25 / (2_332_800 - 4200)
        assert row["objective"] == "0.995"

    def test_no_cell_is_a_formula_and_numbers_stay_numbers(self) -> None:
        ledger = hostile()
        ledger.down("ferd-prod", "2026-10-15 05:00", "2026-10-15 22:00")
        text = made(ledger).csv
        rows = rows_of(text)
        cells = [cell for row in rows for cell in row.values()]
        assert "'" + printable(HOSTILE) in cells
        for cell in cells:
            if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
                assert math.isfinite(float(cell))
        (service,) = [row for row in rows if (row["row"], row["service"]) == ("service", "ferd-prod")]
        assert float(service["error_budget_remaining_seconds"]) < 0

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " ="])
    def test_words_that_a_spreadsheet_takes_for_a_formula_get_an_apostrophe(self, start: str) -> None:
        ledger = example()
        ledger.said("datahub-prod-20261006T071231", solution=f"{start}1+1")
        (row,) = [row for row in rows_of(made(ledger).csv) if row["id"] == "datahub-prod-20261006T071231"]
        assert row["solution"] == "'" + printable(f"{start}1+1")

    def test_what_has_no_value_is_empty(self) -> None:
        ledger = Ledger("2026-10-01 00:00", "2026-10-11 12:00").service("svc")
        ledger.silent("svc", "2026-10-01 00:00", "2026-10-11 12:00")
        service, total = rows_of(made(ledger).csv)
        assert (service["availability"], service["objective_met"], service["unobserved_as_up"]) == ("", "", "1.0")
        assert (service["open"], total["open"], total["availability"]) == ("true", "true", "")


class TestJson:
    def test_is_json_with_the_names_of_replay(self) -> None:
        document = json.loads(json.dumps(made(example()).document, allow_nan=False))
        service = document["services"]["datahub-prod"]
        assert (document["month"], document["from"], document["to"], document["timezone"], document["open"]) == (
            "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "Europe/Oslo", False,
        )  # fmt: skip
        assert service["agreed_seconds"] == 2_332_800
        assert service["downtime_seconds"] == {"unplanned": 6821.25, "planned": 3000, "excluded": 0}
        assert service["availability_bounds"] == {
            "unobserved_as_up": 1 - 6821.25 / 2_332_800,
            "unobserved_as_down": 1 - (6821.25 + 4200) / 2_332_800,
        }
        assert service["labels"] == {"customer": "Acme & <Kraft>"}
        event = service["downtime"][1]
        assert (event["start"], event["end"], event["cause"], event["solution"]) == (
            "2026-10-17T20:40:00Z", "2026-10-17T21:26:10Z", "sesam", "Upgrade completed",
        )  # fmt: skip
        assert event["maintenance"] == [
            {
                "name": "database upgrade",
                "source": "announced",
                "start": "2026-10-17T18:00:00Z",
                "end": "2026-10-17T21:00:00Z",
            }
        ]

    def test_days_sum_to_the_month_and_months_to_the_quarter(self) -> None:
        document = made(example()).document
        for service in document["services"].values():
            days = service["days"]
            assert sum(day["unplanned_seconds"] for day in days) == service["downtime_seconds"]["unplanned"]
            assert sum(day["maintenance_seconds"] for day in days) == service["maintenance_seconds"]
            quarter = service["quarter"]
            for name in ("agreed_seconds", "maintenance_seconds", "error_budget_seconds"):
                assert sum(month[name] for month in quarter["months"]) == quarter[name]

    def test_without_a_figure_there_is_null(self) -> None:
        ledger = Ledger("2026-10-01 00:00", "2026-11-11 12:00").service("svc")
        ledger.silent("svc", "2026-10-01 00:00", "2026-11-01 00:00")
        service = made(ledger).document["services"]["svc"]
        assert (service["availability"], service["objective_met"]) == (None, None)
        assert service["availability_bounds"] == {"unobserved_as_up": 1.0, "unobserved_as_down": 0.0}
        assert service["trend"][0] == {"month": "2025-11", "availability": None}

    def test_an_event_that_goes_on_has_no_end(self) -> None:
        ledger = Ledger("2026-10-01 00:00", "2026-10-11 12:00").service("svc")
        ledger.down_since("svc", "2026-10-11 11:00")
        (event,) = made(ledger).document["services"]["svc"]["downtime"]
        assert (event["end"], event["ongoing"], event["unplanned_seconds"]) == (None, True, 3600)


class TestMarkdown:
    def test_tells_the_figures_the_events_and_how_to_read_them(self) -> None:
        lines = made(example()).markdown.splitlines()
        assert lines[:3] == ["# Service level report, October 2026", "", "For Acme &amp; &lt;Kraft&gt;."]
        assert (
            "| datahub-prod | 99.707 % | 99.707 % | 99.527 % | 59 % | 3:14:24 | 648:00:00 | 97:00:00 | 1:53:41 | 0:50:00 "
            "| 0:00:00 | 1:10:00 |"
        ) in lines
        assert (
            "| 17 Oct 2026 22:40:00 | 17 Oct 2026 23:26:10 | 0:26:10 | 0:20:00 | 0:00:00 | api | connect\\_refused "
            "| SESAM: database upgrade took longer than its window | Upgrade completed "
            "| 17 Oct 2026 23:05:10 by alertmanager |"
        ) in lines
        assert "| 2026-10-13 | 18:29:54 | 3:00:00 | 0:00:00 | 2:30:06 | 0:00:00 |" in lines
        assert "- Log" not in lines
        assert any(line.startswith("- Policy ") and "tzdata 2025b, holidays 0.109." in line for line in lines)

    def test_every_row_of_a_table_has_its_cells(self) -> None:
        tokens = MarkdownIt("commonmark").enable("table").parse(made(hostile()).markdown)
        widths: list[int] = []
        for token in tokens:
            if token.type == "table_open":
                widths = []
            elif token.type == "tr_open":
                widths.append(0)
            elif token.type in ("th_open", "td_open"):
                widths[-1] += 1
            elif token.type == "table_close":
                assert len(set(widths)) == 1
        assert "| =1+1" in made(hostile()).markdown

    def test_hostile_words_are_words(self) -> None:
        text = MarkdownIt("commonmark").enable("table").render(made(hostile()).markdown)
        for tag in ("<b>", "<code>", "<a ", "<em>", "<img"):
            assert tag not in text
        assert "=1+1|`a` &lt;b&gt;&amp;�*[x](http://x.example)" in text

    def test_what_would_become_a_link_by_itself_does_not(self) -> None:
        assert escape("see https://x.example or www.x.example") == "see https&#58;//x.example or www&#46;x.example"
