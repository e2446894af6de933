"""Somebody at a browser: signs in once in a run, acts by keyboard or pointer, and has every page judged.

A page is judged by axe and by its layout at two widths. With MODELWARRANT_SCREENSHOTS=DIR it is kept as a picture too.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
JUDGE = """async rules => (await axe.run({...rules, resultTypes: ["violations"]})).violations.map(
    found => [found.id, found.nodes.slice(0, 3).map(node => node.html.slice(0, 120))])"""
WIDTHS = (1280, 390)
MOST_TABS = 250
PASSWORD = "correct horse 7 battery"
NAME_OF_FOCUS = """(() => {
    const at = document.activeElement;
    const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
    return (label || at.getAttribute("aria-label") || at.innerText || at.value || "").trim();
})()"""
ALBUM = os.environ.get("MODELWARRANT_SCREENSHOTS", "")


class Visitor:
    """One page of a browser, at the portal of `site`."""

    def __init__(self, page: Any, site: dict[str, str], problems: list[str]) -> None:
        self.page, self.site, self.problems = page, site, problems

    def go(self, path: str) -> None:
        """Open a path of the portal."""
        self.page.goto(self.site["url"] + path)

    def accessible(self, what: str) -> None:
        """Note what axe and the layout have to say about the page, under the name `what`."""
        from axe_playwright_python.sync_playwright import Axe

        self.page.evaluate(Axe().axe_script)  # once for both widths; and only what is wrong comes back
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            if ALBUM:
                picture = Path(ALBUM) / f"{what.replace(' ', '-')}-{width}.png"
                self.page.screenshot(path=picture, full_page=True)
            for rule, nodes in self.page.evaluate(JUDGE, RULES):
                self.problems.append(f"{what} at {width} px: {rule}: {nodes}")
            wide = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                self.problems.append(f"{what} at {width} px scrolls sideways by {wide} px")
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def tab_to(self, name: str) -> None:
        """Press the tab key until what has this accessible name has the focus."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(NAME_OF_FOCUS).startswith(name):
                return
        raise AssertionError(f"no tab key leads to {name!r} on {self.page.url}")

    def press(self, name: str, where: str) -> None:
        """Reach it by tab and press enter."""
        self.tab_to(name)
        with self.page.expect_navigation(url=where):
            self.page.keyboard.press("Enter")


class House:
    """Who comes to `site` by this browser. Whoever signed in once keeps the session for the rest of the run."""

    def __init__(self, browser: Any, site: dict[str, str], kept: dict[str, Any]) -> None:
        self.browser, self.site, self.kept = browser, site, kept
        self.problems: list[str] = []

    def visit(self, key: str) -> Visitor:
        """`key` of the cast, signed in, at the inbox."""
        if key not in self.kept:
            self.kept[key] = sign_in(self.stranger(), key).page.context.storage_state()
        context = self.browser.new_context(storage_state=self.kept[key])
        visitor = Visitor(context.new_page(), self.site, self.problems)
        visitor.go("/")
        return visitor

    def leave(self) -> None:
        """Everybody goes; their sessions stay."""
        for context in self.browser.contexts:
            context.close()

    def stranger(self) -> Visitor:
        """Nobody known."""
        return Visitor(self.browser.new_context().new_page(), self.site, self.problems)


def sign_in(visitor: Visitor, key: str, *, at: dt.datetime | None = None) -> Visitor:
    """By password and code; `at` is the moment that the service believes in, otherwise now."""
    import pyotp

    page, code = visitor.page, pyotp.TOTP(json.loads(visitor.site["secrets"])[key])
    visitor.go("/")
    page.get_by_label("E-mail address").fill(f"{key}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/second-factor/")
    page.get_by_label("Code").fill(code.at(at) if at else code.now())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{visitor.site['url']}/")
    return visitor


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium. Not for a whole run: while Playwright's loop lives, Django takes this thread for asynchronous."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
