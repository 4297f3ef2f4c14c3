"""What people do on the page, each as they would: in a real Chromium, before a real exporter, some by keyboard alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from browser import PHONE, Person
from page_site import DOWN, FAILING, IN_MAINTENANCE, TOKEN, UNSEEN, WELL, PageSite
from waiting import until

STATES = {
    DOWN: "down",
    UNSEEN: "not_seen",
    FAILING: "failing",
    IN_MAINTENANCE: "maintenance",
    **dict.fromkeys(WELL, "ok"),
}
OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture(scope="module")
def site(page_site) -> PageSite:
    site = page_site()
    until(lambda: states(site) == STATES or None, within=30, what=f"{STATES}")
    return site


@pytest.fixture
def person(people, site) -> Person:
    return people(site)


@pytest.fixture
def kari(person) -> Person:
    person.log_in()
    return person


def states(site: PageSite) -> dict[str, str]:
    services = site.exporter.get("/api/v1/status").json()["services"]
    return {each["service"]: each["state"] for each in services}


def entry(site: PageSite, id: str) -> dict:
    return site.exporter.get(f"/api/v1/log/{id}").json()


def windows(site: PageSite, name: str) -> list[dict]:
    found = site.exporter.get("/api/v1/maintenance").json()["windows"]
    return [each for each in found if each["name"] == name]


def wall(ahead: timedelta) -> str:
    return f"{datetime.now(OSLO) + ahead:%Y-%m-%dT%H:%M}"


# -- the state now ----------------------------------------------------------------------------------------------------------


def test_the_worst_is_told_first_and_in_one_sentence(person):
    person.go("/")
    banner = " ".join(person.page.locator(".banner").inner_text().split())
    assert banner.startswith(f"DOWN {DOWN} is down since ")
    assert f"{UNSEEN} is not seen; fjord-prod is failing; helse-test is in maintenance; the other 3 answer." in banner
    assert person.page.title() == "Down · sesam-slo"


def test_what_is_not_seen_says_so_and_is_purple(person):
    person.go("/")
    card = person.page.locator(".card", has_text=UNSEEN)
    badge = card.locator(".badge")
    assert badge.inner_text() == "NOT SEEN"
    red, green, blue = (int(each) for each in badge.evaluate("e => getComputedStyle(e).backgroundColor.match(/\\d+/g)"))
    assert green < red < blue
    assert "unobserved: auth" in card.inner_text()


def test_a_phone_tells_the_same_and_the_page_follows_by_itself_until_it_is_held(people, site):
    phone = people(site, size=PHONE, scheme="dark")
    assert phone.go("/").headers["refresh"] == "30"
    assert "DOWN" in phone.text
    phone.page.get_by_role("link", name="hold it still").click()
    assert phone.path == "/?refresh=off"
    assert "refresh" not in phone.go("/?refresh=off").headers


def test_what_goes_on_what_is_planned_and_what_lacks_a_cause_lead_on(person, site):
    person.go("/")
    assert "Now: patch helse" in person.text
    assert "urgent fix short notice, deducts nothing" in person.text
    assert "overdue" in person.page.locator("section", has_text="Lacks its cause").inner_text()
    person.page.locator("section", has_text="Going on now").get_by_role("link", name=DOWN).click()
    assert person.path == f"/log/{site.ids['ongoing']}"
    assert "goes on" in person.text


# -- the log ----------------------------------------------------------------------------------------------------------------


def test_the_log_is_narrowed_by_what_it_was_due_to(person):
    person.go("/log")
    person.choose("Due to", "the customer")
    person.press_button("Show")
    assert "1 entry: 0 s unplanned, 0 s planned, 2 h 5 min excluded." in person.text
    assert "They opened port 443" in person.text


def test_the_log_is_narrowed_by_days_by_the_clock_in_oslo(person, site):
    day = (site.now - timedelta(days=9)).astimezone(OSLO).date()
    person.go("/log")
    person.fill("From", f"{day}")
    person.fill("To, with that day", f"{day}")
    person.press_button("Show")
    assert "1 entry" in person.text
    assert "Certificate expired" in person.text
    person.follow("Show all")
    assert "6 entries" in person.text or "7 entries" in person.text


def test_a_filter_that_cannot_be_says_so_beside_the_field_and_keeps_what_was_typed(person):
    answer = person.go("/log?from=2026-11-20&to=2026-11-01&service=nobody")
    assert answer.status == 422
    assert person.page.get_by_label("From").input_value() == "2026-11-20"
    assert "No such service is configured." in person.text
    assert "Lies before the first day" in person.text


def test_an_entry_is_explained_by_keyboard_alone_and_every_figure_follows(person, site):
    id = site.ids["unexplained"]
    person.go("/")
    person.tab_to("Log in")
    person.press("Enter")
    person.page.wait_for_url("**/login**")
    person.tab_to("Your name")
    person.type("Kari Nordmann")
    person.press("Tab")
    person.type(TOKEN)
    person.press("Enter")
    person.page.wait_for_url("**/")
    person.go(f"/log/{id}")
    person.tab_to("Due to")
    person.type("the cu")  # a list is chosen from by typing
    person.tab_to("Cause, in words")
    person.type("Their proxy\nwas renewed")
    person.tab_to("What brought it back")
    person.type("They restarted it")
    person.tab_to("Why you change it")
    person.type("called them")
    person.press("Enter")
    person.page.wait_for_url("**saved=changed")
    assert "Saved: every figure follows." in person.text
    assert "“called them”" in person.text
    found = entry(site, id)
    assert (found["cause"], found["details"], found["solution"]) == (
        "customer",
        "Their proxy\nwas renewed",
        "They restarted it",
    )
    assert (found["class"], found["unplanned_seconds"], found["excluded_seconds"]) == ("excluded", 0, 1860)
    assert set(found["history"][-1]["change"]) == {
        "cause",
        "details",
        "solution",
    }  # and nothing that was left as it was
    assert (found["history"][-1]["author"], found["history"][-1]["reason"]) == ("Kari Nordmann", "called them")


def test_a_part_is_excluded_and_taken_back(kari, site):
    id = site.ids["overdue"]
    start = datetime.fromisoformat(entry(site, id)["start"]).astimezone(OSLO).replace(tzinfo=None)
    kari.go(f"/log/{id}")
    part = kari.page.get_by_role("group", name="Part 1")
    part.get_by_label("From").fill((start + timedelta(minutes=4)).isoformat())
    part.get_by_label("To").fill((start + timedelta(minutes=14)).isoformat())
    part.get_by_label("Why it does not count").fill("their own test")
    kari.press_button("Save")
    assert (entry(site, id)["excluded_seconds"], entry(site, id)["unplanned_seconds"]) == (600, 34 * 60)
    assert "their own test" in kari.text
    part = kari.page.get_by_role("group", name="Part 1")
    for label in ("From", "To", "Why it does not count"):
        part.get_by_label(label).fill("")
    kari.press_button("Save")
    assert entry(site, id)["excluded_seconds"] == 0


def test_what_cannot_be_is_told_beside_the_field_and_nothing_typed_is_lost(kari, site):
    id = site.ids["overdue"]
    kari.go(f"/log/{id}")
    kari.page.get_by_label("What brought it back").fill("restarted\ntwice")
    kari.page.locator("#end").fill("2020-01-01T00:00:00")
    kari.page.get_by_role("group", name="Part 1").get_by_label("Why it does not count").fill("because")
    before = entry(site, id)
    kari.press_button("Save")
    assert kari.page.get_by_label("What brought it back").input_value() == "restarted\ntwice"
    assert "Expected a date and a time." in kari.text
    kari.page.get_by_role("group", name="Part 1").get_by_label("Why it does not count").fill("")
    kari.press_button("Save")
    assert "is not after its start" in kari.page.locator("#end-fault").inner_text()
    assert kari.page.locator("#end").get_attribute("aria-describedby").strip() == "end-fault"
    assert entry(site, id)["history"] == before["history"]


def test_two_people_at_one_entry_do_not_undo_each_other(kari, people, site):
    id = site.ids["withdrawn"]
    ola = people(site)
    ola.log_in("Ola")
    for each in (kari, ola):
        each.go(f"/log/{id}")
    kari.page.get_by_label("Cause, in words").fill("a name server")
    kari.press_button("Save")
    ola.page.get_by_label("What brought it back").fill("time")
    ola.press_button("Save")
    assert "Kari Nordmann has changed this entry meanwhile" in ola.text
    assert ola.page.get_by_label("What brought it back").input_value() == "time"
    assert entry(site, id)["solution"] == ""


def test_downtime_that_no_probe_saw_is_added(kari, site):
    kari.go("/log")
    kari.follow("Add an entry by hand")
    kari.choose("Service", WELL[0])
    kari.page.locator("#start").fill(wall(-timedelta(days=3)))
    kari.page.locator("#end").fill(wall(-timedelta(days=3) + timedelta(minutes=20)))
    kari.fill("What was seen", "no data came")
    kari.press_button("Add it")
    assert "Added: every figure follows." in kari.text
    assert "added by hand" in kari.text
    found = entry(site, kari.path.removeprefix("/log/").partition("?")[0])
    assert (found["service"], found["unplanned_seconds"], found["symptom"]) == (WELL[0], 1200, "no data came")


# -- maintenance --------------------------------------------------------------------------------------------------------------


def test_maintenance_shows_what_counts_and_the_proof_of_its_notice(person):
    person.go("/maintenance")
    assert "database upgrade acme-prod and datahub-prod" in person.text
    assert "counts 6 d notice, 48 h needed" in person.text
    assert "short notice: deducts nothing 21 h notice, 48 h needed" in person.text
    assert "back-dated" in person.text
    assert "OPS-123" in person.text


def test_announcing_says_before_sending_that_the_48_hours_are_kept(kari, site):
    kari.go("/maintenance")
    kari.follow("Announce a window")
    kari.fill("Name", "new disks")
    kari.page.locator("#start").fill(wall(timedelta(hours=49)))
    kari.page.locator("#end").fill(wall(timedelta(hours=51)))
    kari.page.get_by_label("Only these:").check()
    kari.page.get_by_label(WELL[2]).check()
    kari.fill("Told by", "email")
    kari.fill("Where that can be read", "OPS-9")
    kari.press_button("See the verdict")
    assert "Counts from " in kari.text
    assert "48 h needed. Deducts 2 h from the agreed time." in kari.text
    assert "The notice is kept if you send it before" in kari.text
    assert windows(site, "new disks") == []
    kari.press_button("Announce it")
    assert "Announced: new disks" in kari.text
    (window,) = windows(site, "new disks")
    assert (window["counts"], window["author"], window["channel"], window["ticket"]) == (
        True,
        "Kari Nordmann",
        "email",
        "OPS-9",
    )
    assert window["services"] == [WELL[2]]


def test_announcing_says_before_sending_that_the_notice_is_short_and_the_form_can_be_gone_back_to(kari, site):
    kari.go("/maintenance/announce")
    kari.fill("Name", "hot fix")
    kari.page.locator("#start").fill(wall(timedelta(hours=5)))
    kari.page.locator("#end").fill(wall(timedelta(hours=6)))
    kari.press_button("See the verdict")
    assert "Short notice: deducts nothing" in kari.text
    assert "It would count if it started at" in kari.text
    kari.press_button("Back to the form")
    assert kari.page.get_by_label("Name").input_value() == "hot fix"
    kari.page.locator("#start").fill(wall(timedelta(hours=50)))
    kari.press_button("See the verdict")
    assert "ends " in kari.page.locator("#end-fault").inner_text().lower()
    assert windows(site, "hot fix") == []


def test_a_window_is_announced_by_keyboard_alone(kari, site):
    kari.go("/maintenance")
    kari.tab_to("Announce a window")
    kari.press("Enter")
    kari.page.wait_for_url("**/announce")
    kari.tab_to("Name")
    kari.type("by keys")
    start = datetime.now(OSLO) + timedelta(days=4)
    for label, at in (("Start", start), ("End", start + timedelta(hours=1))):
        kari.tab_to(label)
        kari.type(f"{at:%m%d%Y}")
        kari.press("Tab")  # from the year to the hour: a year may have more digits
        kari.type(f"{at:%I%M%p}")
    kari.press("Enter")
    kari.page.get_by_text("Counts from").wait_for()
    kari.tab_to("Announce it")
    kari.press("Enter")
    kari.page.get_by_text("Announced:").wait_for()
    (window,) = windows(site, "by keys")
    assert datetime.fromisoformat(window["start"]) == start.replace(second=0, microsecond=0)


def test_a_window_is_prolonged_and_only_what_is_added_is_judged_anew(kari, site):
    kari.go("/maintenance")
    kari.page.get_by_role("link", name="Change patch helse").click()
    kari.page.locator("#end").fill(wall(timedelta(hours=4)))
    kari.press_button("See the verdict")
    assert kari.text.count("Counts from") == 1
    assert kari.text.count("Short notice: deducts nothing") == 1
    kari.press_button("Change it")
    assert "Changed: patch helse" in kari.text
    standing = [each for each in windows(site, "patch helse") if each["withdrawn_at"] is None]
    assert [each["counts"] for each in standing] == [True, False]


def test_a_window_is_cancelled(kari, site):
    kari.go("/maintenance")
    kari.page.get_by_role("link", name="Cancel urgent fix").click()
    kari.fill("Why", "not needed after all")
    kari.press_button("See what is withdrawn")
    assert "All that is still ahead is withdrawn" in kari.text
    kari.press_button("Cancel the window")
    assert "Cancelled: urgent fix" in kari.text
    (window,) = windows(site, "urgent fix")
    assert window["state"] == "withdrawn"


# -- cases ----------------------------------------------------------------------------------------------------------------------


def case(site: PageSite, id: str) -> dict:
    return site.exporter.get(f"/api/v1/cases/{id}").json()


def test_cases_stand_with_their_clocks_the_nearest_deadline_first(person):
    person.go("/cases")
    titles = person.page.locator(".case-row .row-title").all_inner_texts()
    assert titles == ["Pipes stand still", "Nothing comes through", "Slow in the morning"]
    overdue, _, started = person.page.locator(".case-row").all_inner_texts()
    assert "reaction\noverdue" in overdue
    assert "reaction\nmet" in started
    person.follow("With the 1 closed")
    assert "How is it done?" in person.text


def test_a_case_is_reported_taken_up_and_fixed(kari, site):
    kari.go("/cases")
    kari.follow("Report a case")
    kari.choose("Service", DOWN)
    kari.page.get_by_label("Level").select_option(value="B")
    kari.choose("Customer class", "partner")
    kari.fill("Title", "No data since lunch")
    kari.press_button("Report it")
    assert "Reported: its clocks run." in kari.text
    id = kari.path.removeprefix("/cases/").partition("?")[0]
    assert (case(site, id)["level"], case(site, id)["state"]) == ("B", "reported")
    kari.press_button("Work has started now")
    assert case(site, id)["state"] == "started"
    kari.choose("Due to", "SESAM")
    kari.fill("Why you change it", "found it")
    kari.press_button("Save")
    assert "Saved: the clocks follow." in kari.text
    kari.press_button("Fixed now")
    found = case(site, id)
    assert (found["state"], found["cause"]) == ("fixed", "sesam")
    assert [set(each["change"]) for each in found["history"][1:]] == [{"started_at"}, {"cause"}, {"fixed_at"}]
    assert {each["author"] for each in found["history"]} == {"Kari Nordmann"}


def test_what_cannot_be_of_a_case_is_told_beside_the_field(kari, site):
    kari.go(f"/cases/{site.ids['met case']}")
    kari.page.locator("#fixed_at").fill("2020-01-01T10:00")
    kari.page.get_by_label("Details").fill("kept\nas typed")
    kari.press_button("Save")
    assert "is before the report" in kari.page.locator("#fixed_at-fault").inner_text()
    assert kari.page.get_by_label("Details").input_value() == "kept\nas typed"
    assert case(site, site.ids["met case"])["details"] == ""


def test_two_people_at_one_case_do_not_undo_each_other(kari, people, site):
    ola = people(site)
    ola.log_in("Ola")
    for each in (kari, ola):
        each.go(f"/cases/{site.ids['old case']}")
    kari.fill("Title", "Pipes stand still again")
    kari.press_button("Save")
    ola.press_button("Fixed now")
    assert "changed meanwhile" in ola.text
    assert case(site, site.ids["old case"])["state"] == "reported"
    kari.fill("Title", "Pipes stand still")
    kari.press_button("Save")


# -- reports, logging in, errors ------------------------------------------------------------------------------------------------


def test_a_month_s_report_is_found_and_leads_back(person, site):
    person.go("/report")
    month = site.now.astimezone(OSLO)
    person.follow(f"{month:%B %Y}")
    assert person.page.locator("h1").inner_text() == f"{month:%B %Y}"
    assert person.page.locator("h1").evaluate("e => getComputedStyle(e).fontWeight") == "300"  # its style is let in
    person.follow("All months")
    assert person.path == "/report"
    assert person.complaints == []


def test_a_report_comes_as_a_table_for_programs(person, site):
    month = f"{site.now.astimezone(OSLO):%Y-%m}"
    answer = requests.get(f"{site.url}/report/{month}.csv", timeout=30)
    assert answer.text.startswith("row,month,service,")
    assert answer.headers["content-disposition"] == f'attachment; filename="service-level-{month}.csv"'


def test_what_was_typed_survives_that_the_session_ended(kari, site):
    id = site.ids["explained"]
    kari.go(f"/log/{id}")
    kari.page.get_by_label("What brought it back").fill("New certificate,\nby hand")
    kari.context.clear_cookies()
    kari.press_button("Save")
    assert "What you typed is kept" in kari.text
    assert entry(site, id)["solution"] == "Certificate renewed"
    kari.fill("Your name", "Kari again")
    kari.fill("Token", TOKEN)
    kari.press_button("Log in")
    assert "New certificate, by hand" in kari.text
    kari.press_button("Send it")
    assert "Saved: every figure follows." in kari.text
    found = entry(site, id)
    assert (found["solution"], found["history"][-1]["author"]) == ("New certificate,\nby hand", "Kari again")


def test_a_wrong_token_does_not_log_in_and_logging_out_ends_the_session(person, people, site):
    kari = person
    kari.log_in_on_the_page()
    other = people(site)
    other.log_in_on_the_page(token="wrong")
    assert "This is not the token." in other.text
    assert other.page.get_by_label("Your name").input_value() == "Kari Nordmann"
    (cookie,) = kari.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Strict", False)
    assert TOKEN not in cookie["value"]
    kari.page.get_by_role("button", name="Log out").click()
    assert kari.context.cookies() == []
    kari.context.add_cookies([cookie])  # a copy that somebody kept
    kari.go(f"/log/{site.ids['overdue']}")
    assert "Log in to correct it" in kari.text


def test_what_there_is_not_is_a_page_too(person):
    for path in ("/nothing", "/log/nothing", "/report/2031-01", "/report/nonsense", "/maintenance/nothing"):
        assert person.go(path).status == 404
        assert person.page.get_by_role("link", name="To the state now").is_visible()
