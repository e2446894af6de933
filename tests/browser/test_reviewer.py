"""A reviewer in a real browser, by keyboard and mouse: sign in, inbox, version, decision; each page passes axe."""

from __future__ import annotations

from typing import Any

import pytest

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
WIDTHS = (1280, 390)
pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


def test_a_reviewer_decides(site: dict[str, str]) -> None:
    import pyotp
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    problems: list[str] = []

    def accessible(page: Any, what: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for item in Axe().run(page, options=RULES).response["violations"]:
                nodes = [node["html"][:120] for node in item["nodes"]][:3]
                problems.append(f"{what} at {width} px: {item['id']}: {nodes}")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                problems.append(f"{what} at {width} px scrolls sideways by {wide} px")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(site["url"])
        accessible(page, "sign-in")
        page.get_by_label("E-mail address").fill("reviewer@example.org")
        page.get_by_label("Password").fill("correct horse 7 battery")
        page.keyboard.press("Enter")
        page.wait_for_url("**/second-factor/")
        accessible(page, "second factor")
        page.get_by_label("Code").fill(pyotp.TOTP(site["secret"]).now())
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site['url']}/")
        accessible(page, "inbox")
        for name, path in (
            ("inventory", "/systems/"),
            ("system", f"/systems/{site['system']}/"),
            ("version", f"/versions/{site['version']}/"),
            ("fairness result", f"/runs/{site['run']}/"),
            ("policies", "/policies/"),
            ("machines", "/machines/"),
            ("ledger", "/ledger/"),
            ("an act", f"/act/suspend/{site['version']}/"),
        ):
            page.goto(site["url"] + path)
            accessible(page, name)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(site["url"])
        page.get_by_role("link", name="Decide").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/decide/")
        accessible(page, "decide")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_label("Approve", exact=True).check()
        page.get_by_label("Reason").fill("Read the results and their limits.")
        page.get_by_role("button", name="Record the decision").click()
        page.wait_for_url(f"**/versions/{site['version']}/")
        assert "Your decision is recorded" in page.content()
        accessible(page, "version after the decision")
        browser.close()
    assert not problems, "\n".join(problems)
