"""Words that want to be mark-up, script, a formula, a line of a log or another direction of writing: plain words everywhere."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from browser import Person
from page_site import DAY, DOWN, IN_MAINTENANCE, SERVICES, TOKEN, WELL, PageSite, Past

from sesam_slo.core.history import Report

OSLO = ZoneInfo("Europe/Oslo")
SCRIPT = "<script>window.taken = 1; alert(1)</script><img src=x onerror='window.taken=1'>"
ATTRIBUTE = "\"' autofocus onfocus=window.taken=1 x='"
CLOSING = "</textarea></title></style><h1 id=taken>taken</h1>{{ 7 * 7 }}{% raw %}"
FORMULA = "=cmd|' /C calc'!A0"
BIDI = "paid \u202edevorppa\u202c \u2066x\u2069"
CONTROL = "a\x9b31mred\u2028b\u2029c"  # what the log takes; the others it refuses
LINES = "one\ntime=2026 level=error msg=forged\nthree"
LONG = "x" * 5_000 + " " + "ÆØÅ" * 1_500
WORDS = {
    "script": SCRIPT,
    "attribute": ATTRIBUTE,
    "closing": CLOSING,
    "formula": FORMULA,
    "bidi": BIDI,
    "control": CONTROL,
    "lines": LINES,
    "long": LONG,
}


def hostile(past: Past) -> dict[str, str]:
    past.services(SERVICES)
    ids = {"ongoing": past.failing_since(DOWN, timedelta(minutes=23))}
    for number, (name, words) in enumerate(WORDS.items()):
        id = past.down(WELL[0], (number + 2) * timedelta(hours=20), timedelta(minutes=15), body=words)
        past.said(
            id, words.replace("\n", " ")[:200], words, symptom=words, details=words, solution=words, cause="sesam"
        )
        past.said(id, reported_by=words[:200], exclusions=[])
        start = past.now - (number + 2) * timedelta(hours=20)
        part = {"start": start.isoformat(), "end": (start + timedelta(minutes=1)).isoformat(), "reason": words[:200]}
        past.said(id, exclusions=[part])
        past.add(reports=(Report(id, start + timedelta(minutes=11), words[:200]),))
        line = words.replace("\n", " ")[:200]
        proof = {"channel": line, "ticket": line, "author": line}
        past.announced(line, (number + 3) * DAY, timedelta(hours=1), 5 * DAY, IN_MAINTENANCE, **proof)
        said = {"title": line, "details": words, "reference": f"{number} {line}"[:200], "reported_by": line}
        ids[f"{name} case"] = past.case(number, (number + 1) * DAY, "A", **said)
        ids[name] = id
    past.said(ids["ongoing"], symptom=SCRIPT + CLOSING)
    return ids


@pytest.fixture(scope="module")
def site(page_site) -> PageSite:
    return page_site(past=hostile)


@pytest.fixture
def kari(people, site) -> Person:
    kari = people(site)
    kari.log_in(name=SCRIPT)
    return kari


@pytest.fixture(scope="module")
def month(site) -> str:
    return f"{site.now.astimezone(OSLO):%Y-%m}"


def untouched(person: Person) -> None:
    """Nothing ran, nothing was asked of others, nothing became an element, nothing turns the writing."""
    assert person.page.evaluate("window.taken") is None
    assert person.page.locator("#taken, script, img[src=x], [autofocus], [onfocus]").count() == 0
    assert {each for each in person.asked if not each.startswith(person.url)} == set()
    assert [each for each in person.complaints if "dialog" in each or "Security" in each] == []
    source = person.page.content()
    assert not [each for each in "\u202e\u2066\u2069\u2028\u2029\x9b" if each in source]
    assert "49" not in person.page.title()
    assert person.overflow() == 0


@pytest.mark.parametrize("path", ["/", "/log", "/maintenance", "/maintenance?all=1", "/cases", "/report", "/login"])
def test_every_list_shows_plain_words(kari, path):
    assert kari.go(path).status == 200
    untouched(kari)
    if path in ("/log", "/maintenance"):
        assert SCRIPT[:60] in kari.text


@pytest.mark.parametrize("name", WORDS)
def test_an_entry_shows_plain_words_in_facts_history_evidence_and_form(kari, site, name):
    kari.go(f"/log/{site.ids[name]}")
    untouched(kari)
    shown = kari.page.get_by_label("What brought it back").input_value()
    assert len(shown) == len(WORDS[name])
    if name in ("script", "attribute", "closing", "formula", "lines", "long"):
        assert shown == WORDS[name]
        assert kari.page.locator("pre").first.text_content() == WORDS[name]


@pytest.mark.parametrize("name", WORDS)
def test_a_case_shows_plain_words_and_saving_them_unchanged_changes_nothing(kari, site, name):
    kari.go(f"/cases/{site.ids[f'{name} case']}")
    untouched(kari)
    assert len(kari.page.get_by_label("Details").input_value()) == len(WORDS[name])
    kari.press_button("Save")
    if name not in ("bidi", "control"):  # these are taken out of the form
        assert "nothing to change" in kari.text.lower()


@pytest.mark.parametrize("name", WORDS)
def test_saving_hostile_words_unchanged_changes_nothing(kari, site, name):
    before = site.exporter.get(f"/api/v1/log/{site.ids[name]}").json()
    kari.go(f"/log/{site.ids[name]}")
    kari.press_button("Save")
    assert "nothing to change" in kari.text.lower()
    assert site.exporter.get(f"/api/v1/log/{site.ids[name]}").json()["history"] == before["history"]


def test_the_form_of_a_window_with_a_hostile_name_is_reached_and_shows_it(kari):
    kari.go("/maintenance")
    kari.page.get_by_role("link", name=f"Change {SCRIPT}", exact=True).click()
    assert SCRIPT in kari.text
    untouched(kari)
    kari.page.locator("#end").fill("2031-01-01T00:00")
    kari.press_button("See the verdict")
    untouched(kari)


def test_the_month_s_report_shows_plain_words(kari, month):
    assert kari.go(f"/report/{month}").status == 200
    untouched(kari)
    assert SCRIPT[:60] in kari.page.locator("body").inner_text()


def test_what_is_asked_for_is_shown_as_words_and_never_sent_on(kari, site):
    for path in ("/<script>alert(1)</script>", f"/log?service={SCRIPT}&from={SCRIPT}&cause={SCRIPT}", f"/log/{SCRIPT}"):
        assert kari.go(path).status in (404, 422)
        untouched(kari)
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
    ):
        answer = requests.post(
            f"{site.url}/login",
            data={"next": elsewhere, "token": TOKEN, "author": "x"},
            allow_redirects=False,
            timeout=30,
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


def command(site: PageSite, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sesam_slo.cli", *arguments, "--config", str(site.configuration)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_no_table_for_a_spreadsheet_holds_a_formula_or_turns_the_writing(site, month):
    tables = [
        requests.get(f"{site.url}/report/{month}.csv", timeout=30).text,
        command(site, "log", "export"),
        command(site, "log", "list", "--format", "csv"),
        command(site, "maintenance", "list", "--format", "csv"),
    ]
    for table in tables:
        found = cells(table)
        assert f"'{FORMULA}" in found
        assert FORMULA not in found
        assert not [cell for cell in found if cell.startswith(("=", "@", "\t", "\r"))]
        assert not [each for each in "\u202e\u2066\u2028\x9b\x1b" if each in table]


def test_metrics_and_the_api_hold_words_as_words(site):
    scraped = site.exporter.get("/metrics").text
    assert [line for line in scraped.splitlines() if line.startswith("time=")] == []
    answer = requests.get(f"{site.url}/api/v1/log", timeout=30)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    symptoms = {each["id"]: each["symptom"] for each in answer.json()["entries"]}
    assert symptoms[site.ids["bidi"]] == BIDI  # for programs: as it was written


def test_a_line_of_the_exporter_s_log_is_one_line(site):
    body = {"author": "a\u202eb", "reason": "x", "solution": "y\u2028z"}
    patched = requests.patch(
        f"{site.url}/api/v1/log/{site.ids['lines']}",
        json=body,
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=30,
    )
    assert patched.status_code == 200
    log = (site.folder / "exporter.log").read_text()
    assert not [each for each in "\u202e\u2028\x9b\x1b" if each in log]
    assert "changed by a\\u202eb: solution" in log
    assert TOKEN not in log
    assert all(line.startswith(("time=", "sesam-slo: page ")) for line in log.splitlines())


def test_markdown_of_the_report_is_no_mark_up(site, month):
    text = requests.get(f"{site.url}/report/{month}.md", timeout=30).text
    assert "<script>" not in text
    assert json.dumps(text).count("\\u202e") == 0
