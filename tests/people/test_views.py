"""The pages for one's own account and for who holds which role."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from people import qr
from people.services.notices import notify
from tests.people.crew import Crew

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_profile_of_who_holds_nothing_says_so(crew: Crew) -> None:
    text = of(crew.person()).get("/profile/").content.decode()
    assert "You hold no role" in text
    assert "No notices" in text
    assert text.count("<h1") == 1


def test_the_profile_names_roles_scopes_and_who_confirmed(crew: Crew, lending: Any) -> None:
    user = crew.person("owner", on=lending[0])
    crew.identity(user)
    notify([user], "<b>Look</b>", "/people/")
    text = of(user).get("/profile/").content.decode()
    for word in ("Owner", "System Lending", "Olga First", "Omar Second", "pipeline", "&lt;b&gt;Look"):
        assert word in text
    client = of(user)
    assert client.post("/profile/notices/read/").status_code == 302
    assert "Mark" not in client.get("/profile/").content.decode()


def test_who_sees_who_holds_which_role(crew: Crew, lending: Any) -> None:
    system, model, _, other = lending
    reviewer = crew.person("risk-reviewer", on=system)
    stranger = crew.person("developer", on=other)
    crew.request(crew.person(), "developer", system)
    everything = of(crew.person("auditor")).get("/people/").content.decode()
    assert reviewer.name in everything
    assert stranger.name in everything
    assert "Waiting for a second person" in everything
    part = of(crew.person("owner", on=system)).get("/people/").content.decode()
    assert reviewer.name in part
    assert stranger.name not in part
    assert "Cards" not in part
    for user in (crew.person(), crew.person("developer", on=model)):
        assert of(user).get("/people/").status_code in (403, 404)
    assert Client().get("/people/").status_code == 302


def test_the_list_is_filtered_and_takes_odd_addresses(crew: Crew) -> None:
    auditor = crew.person("auditor")
    client = of(auditor)
    only = client.get("/people/", {"role": "auditor"})
    assert {row["holder"] for row in only.context["shown"]} == {auditor}
    for odd in ({"page": "999999999999"}, {"page": "-1"}, {"page": "x"}):
        assert client.get("/people/", odd).status_code == 200
    empty = client.get("/people/", {"role": "policy-reviewer"})
    assert "Nobody holds this" in empty.content.decode()


def test_pages_carry_no_inline_style_or_script(crew: Crew) -> None:
    for address in ("/profile/", "/people/", "/password/", "/sign-in/"):
        text = of(crew.first).get(address).content.decode()
        assert "style=" not in text
        assert "<script>" not in text


def test_a_qr_code_is_plain_svg() -> None:
    image = qr.svg(
        "otpauth://totp/ModelWarrant:ann%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=ModelWarrant"
    )
    assert image.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "style" not in image
    assert "script" not in image
    with pytest.raises(ValueError, match="too"):
        qr.svg("x" * 5000)
