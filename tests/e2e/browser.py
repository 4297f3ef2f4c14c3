"""People before the page: a real Chromium without script of ours, driven as a person would, by pointer or by keyboard alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from page_site import TOKEN
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright
from programs import find

PHONE, SCREEN = {"width": 390, "height": 844}, {"width": 1920, "height": 1080}
_WITHIN_MILLISECONDS = 10_000
_MOST_TABS = 150
_SERIOUS = ("serious", "critical")
# What has the focus, as a person is told: its label, its own words, or what it is called.
_FOCUSED = """() => {
  const at = document.activeElement, label = at.labels && at.labels[0];
  return (at.getAttribute("aria-label") || (label ? label.textContent : at.textContent)).replace(/\\(needed\\)/, "").trim();
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The one that `make test` brings, or the system's."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to run as root with one
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find("chromium"), args=["--lang=en-US", *sandbox])
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody with a browser of their own: cookies, what its console complained of, and whom it asked."""

    def __init__(self, browser: Browser, url: str, size: dict[str, int] = SCREEN, scheme: str = "light") -> None:
        self.url, self.size, self.scheme = url, size, scheme
        self.context: BrowserContext = browser.new_context(
            viewport=size, color_scheme=scheme, locale="en-US", timezone_id="America/New_York"
        )
        self.context.set_default_timeout(_WITHIN_MILLISECONDS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.add(request.url))

    def close(self) -> None:
        self.context.close()

    def go(self, path: str) -> Response:
        answer = self.page.goto(self.url + path)
        assert answer is not None
        return answer

    def log_in(self, name: str = "Kari Nordmann") -> None:
        """Without the page: for tests of what comes after it."""
        answer = self.context.request.post(
            f"{self.url}/login",
            form={"author": name, "token": TOKEN, "next": "/log"},
            headers={"Sec-Fetch-Site": "same-origin"},
            max_redirects=0,
        )
        assert answer.status == 303, answer.text()

    def log_in_on_the_page(self, name: str = "Kari Nordmann", token: str = TOKEN) -> None:
        self.go("/login")
        self.fill("Your name", name)
        self.fill("Token", token)
        self.press_button("Log in")

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(text)

    def choose(self, label: str, words: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=words)

    def press_button(self, words: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=words, exact=True).click()

    def follow(self, words: str) -> None:
        self.page.get_by_role("link", name=words, exact=True).first.click()

    @property
    def text(self) -> str:
        """What the page's own part says, as it is read; spaces of any kind are one."""
        return " ".join(self.page.locator("main").inner_text().split())

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.url)

    # -- by keyboard -------------------------------------------------------------------------------------------------------

    def tab_to(self, words: str) -> None:
        """Tabs on until what has the focus is called so."""
        passed = []
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            passed.append(" ".join(self.page.evaluate(_FOCUSED).split()))
            if passed[-1] == words:
                return
        raise AssertionError(f"no Tab leads to {words!r}; passed {list(dict.fromkeys(passed))}")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    # -- what machines see --------------------------------------------------------------------------------------------------

    def barriers(self) -> list[str]:
        """What axe finds serious or critical, with where."""
        found: dict[str, Any] = Axe().run(self.page, options={"rules": {"target-size": {"enabled": True}}}).response
        return [
            f"{each['id']} ({each['impact']}): {[node['target'] for node in each['nodes']][:3]}"
            for each in found["violations"]
            if each["impact"] in _SERIOUS
        ]

    def overflow(self) -> int:
        """How much wider the page is than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
