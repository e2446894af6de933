"""A reviewer in a real browser: a decision over two rounds, by keyboard alone, and what becomes of the condition it was
given under; then every other page. All pass axe at two widths."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import ISSUE, NEXT_ROUND, ROOT, besides, serving
from tests.browser.visitor import PASSWORD, House, Visitor, sign_in

RUNNING = (
    b"System;Model;Task;Owner;Tier;Purpose;Affected people;Legal entity\r\n"
    b"Letters;Sorter;classification;owner@example.org;low;To sort letters.;Nobody.;Clinic Ltd\r\n"
)
SLOT = ("production", "eu", "main")
pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


def test_a_reviewers_journey_from_the_inbox_to_a_void_warrant(house: House, tmp_path: Path) -> None:
    site = house.site
    reader = by_keyboard(house)
    page, version = reader.page, site["version"]
    reader.accessible("inbox")
    reader.press("Decide", "**/decide/")
    reader.accessible("decide")
    assert "You haven't opened any evidence" in page.content()
    reader.press("Claim it", "**/decide/")
    assert "(you)" in page.content()
    reader.press("Accuracy", "**/runs/**")
    page.go_back()
    page.reload()
    assert "You have opened 1 piece of evidence" in page.content()
    decide(reader, "Request changes", "Name the users.\nSay what is not known.")
    reader.accessible("version with requested changes")
    assert "Changes requested in round 1" in page.content()

    besides(site, NEXT_ROUND)
    reader.go("/")
    reader.press("Decide", "**/decide/")
    reader.accessible("decide in the second round")
    text = page.locator("main").inner_text()
    assert "What changed since round 1" in text
    assert "{+" in text
    assert "Say what is not known." in text
    decide(reader, "Approve", "The users are named now.", condition="Retrain with newer data.")
    reader.accessible("version after the decision")
    assert "Retrain with newer data." in page.locator("main").inner_text()
    reader.go(f"/versions/{version}/compare/{version}/")
    reader.accessible("comparison of one")

    other = house.visit("validator")
    other.press("Decide", "**/decide/")
    assert "Retrain with newer data." in other.page.locator("main").inner_text()
    decide(other, "Approve", "The method holds.")
    assert "The version is now approved" in other.page.content()
    owner = house.visit("owner")
    owner.go(f"/versions/{version}/")
    owner.accessible("approved version of its owner")
    owner.press("Request a deployment", "**/act/request-deployment/**")
    for label, text in zip(("Environment", "Region"), SLOT, strict=False):
        owner.tab_to(label)
        owner.page.keyboard.type(text)
    owner.press("Request a deployment", f"**/versions/{version}/")
    given = json.loads(besides(site, ISSUE).splitlines()[-1])
    assert given["state"] == "issued"
    assert gate(site)[0] == 0
    the_condition_lapses(house, given, tmp_path)
    assert gate(site)[0] == 0  # in the present nothing has changed


def the_condition_lapses(house: House, given: dict[str, str], folder: Path) -> None:
    """A copy of the house lives on into the future, so that all other tests keep their present."""
    copy, ahead = folder / "home", folder / "ahead"
    shutil.copytree(house.site["home"], copy, ignore=shutil.ignore_patterns("*.lock"))
    ahead.write_text("0", encoding="ascii")
    env = {**os.environ, "MODELWARRANT_HOME": str(copy), "TEST_CLOCK_AHEAD": str(ahead)}
    hour = dt.timedelta(hours=1)
    with serving("tests.browser.later:application", env) as url:
        site = {**house.site, "url": url, "home": str(copy)}
        reader = Visitor(house.visit("reviewer").page, site, house.problems)
        for moment, word, said, answer, printed in (
            ("", "active", "Retrain with newer data. (to be met by", 0, "PASS: a warrant is in force"),
            ("due_from", "due", "A condition of the approval was not met in time", 0, "Overdue since"),
            ("not_after", "grace", "In grace since", 1, "REFUSED: nothing allows this"),
            ("grace_ends", "void", "Void since", 1, "was not met in time"),
        ):
            if moment:
                at = dt.datetime.fromisoformat(given[moment]) + hour
                ahead.write_text(str((at - dt.datetime.now(dt.UTC)).total_seconds()), encoding="ascii")
                reader.page.context.clear_cookies()
                sign_in(reader, "reviewer", at=at)
            reader.go(f"/warrants/{given['warrant']}/")
            reader.accessible(f"warrant {word}")
            assert said in reader.page.locator("main").inner_text(), word
            code, told = gate(site)
            assert code == answer, told
            assert printed in told, told


def by_keyboard(house: House) -> Visitor:
    """The reviewer at the inbox, signed in without a pointer."""
    import pyotp

    reader = house.stranger()
    page = reader.page
    reader.go("/")
    reader.accessible("sign-in")
    page.keyboard.type("reviewer@example.org")  # the field has the focus
    reader.tab_to("Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/second-factor/")
    reader.accessible("second factor")
    page.keyboard.type(pyotp.TOTP(json.loads(house.site["secrets"])["reviewer"]).now())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{house.site['url']}/")
    house.kept["reviewer"] = page.context.storage_state()
    return reader


def decide(reader: Visitor, outcome: str, reason: str, *, condition: str = "") -> None:
    """Fill the form in and send it off, by keys."""
    keyboard = reader.page.keyboard
    reader.tab_to("Approve")  # a group of radio buttons is one stop of the tab key
    for _ in range(("Approve", "Request changes", "Reject").index(outcome)):
        keyboard.press("ArrowDown")
    keyboard.press("Space")
    reader.tab_to("Reason")
    keyboard.type(reason)
    if condition:
        reader.tab_to("Approve under conditions")
        keyboard.press("Enter")
        reader.tab_to("Condition 1")
        keyboard.type(condition)
        reader.tab_to("Met by the end of (condition 1)")
        keyboard.type(f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=7):%m%d%Y}")
        reader.tab_to("Who sees to it (condition 1)")
        keyboard.type("Owner")
        reader.accessible("decide under a condition")
    reader.press("Record the decision", f"**/versions/{reader.site['version']}/")
    assert "Your decision is recorded" in reader.page.content()


def gate(site: dict[str, str]) -> tuple[int, str]:
    """Ask the gate as serving does: the exit code, and what a reader sees."""
    place = [f"--{name}={value}" for name, value in zip(("environment", "region", "arm"), SLOT, strict=True)]
    command = [sys.executable, "-m", "modelwarrant.cli.main", "gate", "--version", site["version"], *place]
    env = {**os.environ, "MODELWARRANT_URL": site["url"], "MODELWARRANT_TOKEN": site["token"]}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_every_other_page_of_a_reviewer_is_accessible(house: House) -> None:
    site, reader = house.site, house.visit("reviewer")
    page = reader.page
    for name, path in (
        ("inventory", "/systems/"),
        ("system", f"/systems/{site['system']}/"),
        ("versions", "/versions/?sort=-version&state=review"),
        ("version", f"/versions/{site['version']}/"),
        ("choosing a comparison", f"/versions/{site['version']}/compare/"),
        ("fairness result", f"/runs/{site['run']}/"),
        ("policies", "/policies/"),
        ("machines", "/machines/"),
        ("a machine", "/machines/version/"),
        ("moves of a version", f"/things/version/{site['version']}/"),
        ("ledger", "/ledger/"),
        ("people", "/people/"),
        ("how decisions are taken", "/reading/"),
        ("search", "/search/?q=risk"),
        ("profile", "/profile/"),
        ("an act", f"/act/suspend/{site['version']}/"),
        ("tiering", f"/systems/{site['system']}/tiering/"),
        ("a proposal", f"/systems/{site['system']}/tiering/propose/"),
        ("overdue", "/inventory/overdue/"),
        ("fields", "/inventory/fields/"),
    ):
        reader.go(path)
        reader.accessible(name)
    reader.go("/versions/")
    page.get_by_text("Keep this view, or export the list").click()
    reader.accessible("tools of a list")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export as CSV").click()
    assert waiting.value.suggested_filename.startswith("modelwarrant-versions-")


def test_who_takes_models_in_reads_the_dry_run_first(house: House) -> None:
    reader = house.visit("reviewer")
    page = reader.page
    reader.go("/inventory/imports/")
    reader.accessible("imports")
    page.get_by_label("File").set_input_files(
        files=[{"name": "models.csv", "mimeType": "text/csv", "buffer": RUNNING}]
    )
    page.get_by_role("button", name="Read the file").click()
    page.wait_for_url("**/inventory/imports/*-*/")
    reader.accessible("a dry run")
    page.get_by_label("I vouch").check()
    page.get_by_role("button", name="Confirm 1 row").click()
    page.get_by_text("0 of 1 row is written").wait_for()
    reader.accessible("an import being written")
