"""A validator in a real browser: from the assignment in the inbox over a finding and the makers' response to the issued
report; each page passes axe at both widths."""

from __future__ import annotations

import pytest

from tests.browser.visitor import House, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]
REPORT = b"%PDF-1.4\n%a report\n%%EOF\n"


def test_a_validator_issues_a_report(house: House) -> None:
    site = house.site
    address = f"{site['url']}/validations/{site['validation']}/"

    def act(who: Visitor, title: str, back: str = address, **said: str) -> None:
        """Follow the link of this title by keyboard, fill in the form, send it."""
        page = who.page
        page.get_by_role("link", name=title, exact=True).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/act/**")
        if said:
            who.accessible(title)
        for label, text in said.items():
            page.get_by_label(label.replace("_", " ")).fill(text)
        if title == "Open a finding of this validation":
            page.get_by_label("Medium").check()
        if title == "Hand in the draft report":
            page.get_by_label("Fit for its use, with findings").check()
            page.get_by_label("Report").set_input_files(
                {"name": "report.pdf", "mimeType": "application/pdf", "buffer": REPORT}
            )
        page.get_by_role("button", name=title).click()
        page.wait_for_url(back)

    validator = house.visit("validator")
    validator.accessible("inbox with a validation")
    validator.page.get_by_role("link", name="Begin a validation").click()
    validator.page.wait_for_url(address)
    validator.accessible("validation")
    act(validator, "Begin the fieldwork")
    act(validator, "Open a finding of this validation", Title="Too few night visits", What_was_found="Nine.")
    act(
        validator, "Hand in the draft report", Conclusion="It does its work.", Limitations="One year of data."
    )
    validator.accessible("validation with a draft")
    act(validator, "Ask the makers for their response")
    maker = house.visit("owner")
    maker.page.goto(address)
    act(maker, "Respond to the draft report", Response="We agree and collect more data.")
    maker.go(f"/findings/{site['finding']}/")
    maker.accessible("finding")
    act(maker, "Respond", maker.page.url, Why="A contact is named from Monday on.")
    validator.page.goto(address)
    act(validator, "Issue the report")
    validator.accessible("issued validation")
    assert "We agree and collect more data." in validator.page.content()
    with validator.page.expect_download() as download:
        validator.page.get_by_role("link", name="validation-").click()
    assert download.value.path().read_bytes() == REPORT
    head = house.visit("head")
    for name, path in (
        ("findings", "/findings/?state=open"),
        ("new finding", "/findings/new/"),
        ("validations", "/validations/"),
        ("workload", "/validations/workload/"),
        ("reassign", "/validations/reassign/"),
        ("comments", f"/comments/validation/{site['validation']}/"),
        ("version", f"/versions/{site['version']}/"),
        ("machines", "/machines/"),
    ):
        head.go(path)
        head.accessible(name)
