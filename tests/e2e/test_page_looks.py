"""Every page on a phone and a large screen, light and dark: nothing is cut off, nobody is shut out, nobody else is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from browser import PHONE, SCREEN, Person
from page_site import PageSite
from waiting import until

OSLO = ZoneInfo("Europe/Oslo")
SIZES = {"phone": PHONE, "screen": SCREEN}
LOOKS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
PAGES = {
    "state": "/",
    "log": "/log",
    "log filtered to nothing": "/log?cause=operating_environment",
    "log with faults": "/log?from=2026-11-20&to=2026-11-01&service=nobody",
    "entry": "/log/{excluded}",
    "entry that goes on": "/log/{ongoing}",
    "entry added": "/log/add",
    "maintenance": "/maintenance",
    "announce": "/maintenance/announce",
    "change": "/maintenance/change?name=database%20upgrade",
    "cancel": "/maintenance/cancel?name=database%20upgrade",
    "cases": "/cases?all=1",
    "case": "/cases/{new case}",
    "case overdue": "/cases/{old case}",
    "case reported": "/cases/report",
    "reports": "/report",
    "report": "/report/{month}",
    "login": "/login?next=/log",
    "not found": "/nothing",
}
# Machines judge each page in both schemes and both sizes, though not in all four pairs; the report, which is paper, once.
BOTH = [(PHONE, "light"), (SCREEN, "dark")]
JUDGED = {"/report/{month}": [(PHONE, "light")]}


@pytest.fixture(scope="module")
def site(page_site) -> PageSite:
    site = page_site()
    until(lambda: "NOT SEEN" in site.exporter.get("/").text or None, within=30, what="every state")
    return site


@pytest.fixture(scope="module", params=LOOKS, ids=" ".join)
def kari(request, browser, site):
    size, scheme = request.param
    person = Person(browser, site.url, SIZES[size], scheme)
    person.log_in()
    yield person
    person.close()


def path_of(site: PageSite, path: str) -> str:
    return path.format(month=f"{site.now.astimezone(OSLO):%Y-%m}", **site.ids)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_fits_shuts_nobody_out_and_asks_nobody_else(kari, site, path):
    kari.complaints.clear()
    status = kari.go(path_of(site, path)).status
    assert kari.overflow() == 0
    if (kari.size, kari.scheme) in JUDGED.get(path, BOTH):
        assert kari.barriers() == []
    assert [each for each in kari.complaints if f"status of {status}" not in each] == []
    assert {each for each in kari.asked if not each.startswith(site.url)} == set()
    assert kari.page.locator("script").count() == 0


def test_what_is_answered_to_a_form_fits_and_shuts_nobody_out(kari, site):
    start = datetime.now(OSLO) + timedelta(days=5)
    kari.go("/maintenance/announce")
    kari.fill("Name", "a name of the longest kind " * 7)
    kari.page.locator("#start").fill(f"{start:%Y-%m-%dT%H:%M}")
    kari.page.locator("#end").fill(f"{start - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    kari.press_button("See the verdict")
    assert kari.page.locator(".fault").count() == 1
    assert (kari.overflow(), kari.barriers()) == (0, [])
    kari.page.locator("#end").fill(f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    kari.press_button("See the verdict")
    assert "Counts from" in kari.text
    assert (kari.overflow(), kari.barriers()) == (0, [])


def test_the_first_stop_of_the_keyboard_skips_to_the_content(kari):
    kari.go("/log")
    kari.tab_to("To the content")
    assert kari.page.locator(".skip").bounding_box()["x"] >= 0
    kari.press("Enter")
    assert kari.page.evaluate("document.activeElement.id") == "main"


def test_a_dark_scheme_is_dark_and_a_light_one_light(kari):
    kari.go("/")
    ground = kari.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    dark = kari.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert (max(ground) < 60) if dark else (min(ground) > 200)
