"""The page as a browser reads it: well-formed, self-contained, escaped, and with every figure of the report on it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from report_books import HOSTILE, Ledger, Made, example, hostile, made

from sesam_slo.core.plain_text import printable
from sesam_slo.report import as_configured, as_first_reported
from sesam_slo.report.freeze import freezing

VOID = {"meta", "br", "col", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, the text between them, and each table as rows of texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "br" and ("td" in self.open or "th" in self.open):
            self.tables[-1][-1][-1] += " "

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def rows(self, number: int) -> list[list[str]]:
        return [[" ".join(cell.split()) for cell in row] for row in self.tables[number]]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(made(example()).html)


def test_the_first_table_has_every_service_and_the_total_with_both_bounds(page: Page) -> None:
    header, *rows = page.rows(0)
    assert header[0:4] == ["Service", "Availability", "Unobserved as up, as down", "Budget used"]
    assert rows == [
        ["datahub-prod", "99.707 % met", "99.707 % 99.527 %", "59 % of 3:14:24", "648:00:00", "97:00:00", "1:53:41",
         "0:50:00", "0:00:00", "1:10:00"],
        ["datahub-test", "100.000 % met", "100.000 % 100.000 %", "0 % of 3:15:18", "651:00:00", "94:00:00", "0:00:00",
         "0:00:00", "2:30:06", "0:00:00"],
        ["ferd-prod", "99.958 % met", "99.958 % 99.958 %", "9 % of 2:34:24", "514:40:00", "73:00:00", "0:12:44",
         "0:00:00", "0:00:00", "0:00:00"],
        ["In total", "99.883 % met", "99.883 % 99.819 %", "24 % of 9:04:06", "1813:40:00", "264:00:00", "2:06:25",
         "0:50:00", "2:30:06", "1:10:00"],
    ]  # fmt: skip


def test_every_event_has_its_cause_and_its_solution(page: Page) -> None:
    _, disk, work, night = page.rows(1)
    assert disk[3].startswith("SESAM: A node ran out of disk")
    assert disk[4] == "Volume enlarged, compaction restarted. The alarm is back; free space is now on the wall."
    assert work == [
        "17 Oct 2026 22:40:00 17 Oct 2026 23:26:10 reported 17 Oct 2026 23:05:10 by alertmanager",
        "0:26:10 planned 0:20:00",
        "api: connect_refused planned maintenance database upgrade",
        "SESAM: database upgrade took longer than its window",
        "Upgrade completed",
    ]
    assert night[3:] == ["not yet known", "–"]


def test_it_says_whose_it_is_which_month_and_by_which_clock(page: Page) -> None:
    assert "Service level report October 2026 For Acme & <Kraft>" in page.text
    assert (
        "1 Oct 2026 to 31 Oct 2026 (745 hours), 3 services, objective 99.5 %. All times are Europe/Oslo time."
        in page.text
    )


def test_it_needs_nothing_from_outside_and_runs_nothing(page: Page) -> None:
    assert {tag for tag, _ in page.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "a",
        "form",
    } == set()
    names = {name for _, attributes in page.elements for name in attributes}
    assert names & {"src", "href", "srcset", "data", "action"} == set()
    assert not [name for name in names if name.startswith("on")]
    assert (
        "meta",
        {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"},
    ) in (page.elements)
    assert "@import" not in made(example()).html
    assert set(re.findall(r"url\(([^)]*)\)", made(example()).html)) <= {
        f"#part-{name}" for name in ("maintenance", "unobserved", "excluded", "planned")
    }


def test_it_prints_on_a4_with_headers_repeated_and_no_row_split() -> None:
    text = made(example()).html
    for rule in ("size: A4;", "thead { display: table-header-group; }", "tr { break-inside: avoid; }"):
        assert rule in text


def test_the_picture_has_a_strip_per_service_and_a_cell_per_day(page: Page) -> None:
    strips = [
        each for tag, each in page.elements if tag == "svg" and (each.get("aria-label") or "").startswith("Every day")
    ]
    assert [each["aria-label"] for each in strips] == [
        "Every day of the month, unplanned downtime on 2 of 31",
        "Every day of the month, unplanned downtime on 0 of 31",
        "Every day of the month, unplanned downtime on 1 of 31",
    ]
    assert page.text.count("2026-10-13: up 18:29:54, planned maintenance 3:00:00, excluded downtime 2:30:06") == 1
    assert sum(1 for tag, _ in page.elements if tag == "g") == 3 * 31


def test_what_is_not_as_agreed_can_be_told_without_colour(page: Page) -> None:
    found = re.findall(r'<text class="letters"[^>]*>([^<]*)</text>', made(example()).html)
    assert found == ["D", "DM", "M", "?", "E", "D"]
    fills = {each["fill"] for tag, each in page.elements if tag == "rect"}
    assert {f"url(#part-{name})" for name in ("maintenance", "unobserved", "excluded", "planned")} <= fills


def test_nothing_drawn_leaves_its_picture() -> None:
    text = made(example()).html
    for width, height, body in re.findall(r'<svg viewBox="0 0 (\d+) (\d+)" role[^>]*>(.*?)</svg>', text):
        for x, y, w, h in re.findall(r'<rect x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"', body):
            assert float(x) >= 0
            assert float(y) >= 0
            assert float(x) + float(w) <= float(width)
            assert float(y) + float(h) <= float(height)


def test_hostile_words_are_words_everywhere() -> None:
    text = made(hostile()).html
    page = Page(text)
    assert "<b>" not in text
    assert "\u202e" not in text
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in Page(made(example()).html).elements}
    shown = " ".join(printable(HOSTILE).split())
    # Who reported it, symptom, the window that deducted, details, the excluded part, solution; details of what was withdrawn.
    assert page.text.count(shown) == 7


@pytest.mark.parametrize("ledger", [Ledger("2026-10-01 00:00", "2026-11-02 00:00").service("svc")], ids=["one service"])
def test_one_service_has_no_section_of_the_total(ledger: Ledger) -> None:
    text = Page(made(ledger).html).text
    assert text.count("The quarter, to the end of October 2026") == 1
    assert "1 service, objective" in text
    assert "In total: the times" not in text


def test_an_event_that_goes_on_says_so() -> None:
    ledger = Ledger("2026-10-01 00:00", "2026-10-11 12:00").service("svc")
    ledger.down_since("svc", "2026-10-11 11:00")
    page = Page(made(ledger).html)
    assert page.rows(1)[1][0] == "11 Oct 2026 11:00:00 ongoing"
    assert "Provisional: known up to 11 Oct 2026 12:00:00; what follows is not in these figures." in page.text


def test_without_a_figure_there_is_a_dash() -> None:
    ledger = Ledger("2026-10-01 00:00", "2026-11-02 00:00").service("svc")
    ledger.silent("svc", "2026-10-01 00:00", "2026-11-01 00:00")
    page = Page(made(ledger).html)
    assert page.rows(0)[1][:3] == ["svc", "–", "100.000 % 0.000 %"]


def corrected() -> Made:
    first = made(example())
    ledger = example()
    ledger.said("datahub-prod-20261006T071231", cause="operating_environment")
    frozen = freezing(first.report, first.document, first.report.interval.end, "Kari")
    now = made(ledger)
    return now.against(as_first_reported(frozen, now.document))


def test_corrections_stand_beside_what_was_first_reported() -> None:
    page = Page(corrected().html)
    assert page.rows(0)[1][1] == "99.932 % met first reported 99.707 %"
    assert "First reported on 1 Nov 2026 00:00:00 by Kari; corrected since, see below." in page.text
    (table,) = [page.rows(number) for number in range(len(page.tables)) if page.rows(number)[0][1:] == [
        "As first reported", "As corrected"]]  # fmt: skip
    assert ["datahub-prod: availability", "99.707 %", "99.932 %"] in table
    assert ["datahub-prod: excluded downtime", "0:00:00", "1:27:31"] in table
    assert [
        "datahub-prod-20261006T071231",
        "cause: SESAM unplanned: 1:27:31 excluded: 0:00:00",
        "cause: operating environment unplanned: 0:00:00 excluded: 1:27:31",
    ] in table


def test_a_what_if_says_so_first_and_how_the_figures_differ() -> None:
    ledger = example()
    ledger.down("datahub-test", "2026-10-21 09:00", "2026-10-21 09:07")
    policy = made(ledger).report.policy
    what_if = made(ledger, policy=type(policy)(downtime_after=policy.downtime_after / 2), what_if=True)
    setting = "policy.downtime_after=5m"
    page = Page(what_if.against(as_configured(made(ledger).document, what_if.document, (setting,))).html)
    assert f"What if, not what was: judged as if the configuration said {setting}." in page.text
    assert ["datahub-test: unplanned downtime", "0:00:00", "0:07:00"] in [row for table in page.tables for row in table]
    assert ["datahub-test: 2026-10-21T07:00:00Z", "not in the log", "unplanned: 0:07:00"] in [
        row for table in page.tables for row in table
    ]
