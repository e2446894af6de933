"""A policy's author in a real browser: from a shipped policy, change a bound, meet the linter, mend, compare, store, submit;
another person puts it in force. Each page passes axe."""

from __future__ import annotations

import pytest

from tests.browser.conftest import DRY_RUN, besides
from tests.browser.visitor import House

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


def test_an_author_writes_a_policy_and_another_person_approves_it(house: House) -> None:
    site = house.site
    author = house.visit("author")
    page = author.page
    page.goto(f"{site['url']}/policies/")
    page.get_by_role("link", name="Write a policy").click()
    author.accessible("start")
    page.get_by_label("The policy for the high tier as it is shipped").check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/policies/drafts/*/")
    author.accessible("working copy")
    page.get_by_role("link", name="Change Check: ranking").click()
    author.accessible("change a check")
    page.get_by_label("Bound").fill("75")
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url("**/drafts/*/#checks-ranking")
    assert "1 problem to mend" in page.content()
    author.accessible("problem at its rule")
    page.get_by_role("link", name="Check: ranking: 75 is outside").click()
    page.get_by_role("link", name="Change Check: ranking").click()
    page.get_by_label("Bound").fill("0.68")
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url("**/drafts/*/#checks-ranking")
    assert "0.70 becomes 0.68" in page.content()
    page.get_by_role("link", name="Add an approval").click()
    page.get_by_label("Role").select_option("accountable-executive")
    page.get_by_role("button", name="Keep").click()
    assert "one person as accountable executive" in page.content()
    page.get_by_role("button", name="Store as draft").first.click()
    page.wait_for_url(lambda url: "drafts" not in url)
    author.accessible("stored draft")
    address = page.url.partition("#")[0]
    page.get_by_role("link", name="Dry run").click()
    assert "would have changed" in page.content()
    author.accessible("dry run")
    page.get_by_role("button", name="Ask for a dry run").click()
    page.get_by_text("The dry run waits for a worker.").wait_for()
    author.accessible("a dry run under way")
    besides(site, DRY_RUN)
    page.get_by_text("Versions looked at").wait_for()  # the page looks again by itself
    author.accessible("the result of a dry run")
    page.goto(address)
    page.get_by_role("link", name="Submit for approval").click()
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url(address)

    approver = house.visit("approver")
    other = approver.page
    approver.accessible("inbox of the approver")
    other.get_by_role("link", name="Decide on a policy").click()
    assert "0.70 becomes 0.68" in other.content()
    other.get_by_role("link", name="Approve and put in force").click()
    other.get_by_role("button", name="Approve and put in force").click()
    other.wait_for_url(address)
    assert "in force" in other.content()
    other.goto(f"{site['url']}/versions/{site['version']}/")
    assert "A newer policy is in force" in other.content()
    approver.accessible("version with a newer policy")
    other.get_by_role("link", name="See what changed").click()
    approver.accessible("comparison")
    page.goto(f"{site['url']}/policies/text/")
    page.get_by_label("Text").fill("title: x\n")
    page.get_by_role("button", name="Check and store as draft").click()
    author.accessible("problems by line")
