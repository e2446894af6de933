"""Somebody with a passkey and a role to lend, in a real browser with a virtual authenticator; each page passes axe."""

from __future__ import annotations

import pytest

from tests.browser.visitor import PASSWORD, House

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


def test_a_passkey_is_made_used_and_a_role_lent(house: House) -> None:
    # a passkey belongs to a name, never to a number
    url = house.site["url"].replace("127.0.0.1", "localhost")
    house.site = {**house.site, "url": url}
    traveller = house.stranger()
    page = traveller.page

    def password() -> None:
        traveller.go("/sign-in/?next=/profile/")
        page.get_by_label("E-mail address").fill("traveller@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")

    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    device |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    password()
    page.wait_for_url("**/second-factor/set-up/")
    page.get_by_role("link", name="Use a passkey of this device").click()
    traveller.accessible("passkey-add")
    page.get_by_label("Name of this passkey").fill("Work laptop")
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/profile/")
    assert "Work laptop" in page.content()
    traveller.accessible("profile")
    page.get_by_role("button", name="Sign out").click()

    password()
    page.wait_for_url("**/second-factor/")
    traveller.accessible("second-factor-passkey")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/profile/")
    page.get_by_role("button", name="Sign out").click()

    traveller.accessible("sign-in")
    page.get_by_role("link", name="Sign in with a passkey").click()
    traveller.accessible("passkey-sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/")
    traveller.go("/profile/delegations/new/")
    traveller.accessible("delegation-new")
    page.get_by_label("Independent validator").check()
    page.get_by_label("To whom").fill("security@example.org")
    page.get_by_label("Until").fill("2026-12-20T12:00")
    page.get_by_label("Reason").fill("On leave.")
    page.get_by_role("button", name="Delegate").click()
    page.wait_for_url("**/profile/delegations/")
    assert "In force" in page.content()
    traveller.accessible("delegations")
    for name, path in (
        ("absence-new", "/profile/absences/new/"),
        ("seats", "/seats/"),
    ):
        traveller.go(path)
        traveller.accessible(name)
    assert errors == []

    # without JavaScript the pages say what to do instead
    page = house.browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{url}/sign-in/passkey/")
    assert page.get_by_text("A passkey needs JavaScript").is_visible()
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
