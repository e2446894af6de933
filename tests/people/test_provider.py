"""Signing in by an identity provider that runs here, and the links that it takes."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from config.startup import verify_settings
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models import Entry
from people import actors, provider
from people.models import IdentityLink, ProviderSession, User
from people.services.people import user_deactivate
from people.services.provider_links import link_confirm, link_end, link_refuse, link_request
from people.services.provider_settings import provider_problems
from tests.people.crew import Crew, acting, code
from tests.people.idp import Idp
from tests.people.test_sign_in import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def linked(crew: Crew, user: User, subject: str) -> IdentityLink:
    row = link_request(actor=crew.olga, user_id=user.pk, subject=subject, reason="Seen in the directory.")
    return link_confirm(actor=crew.omar, link_id=row.pk)


def query(address: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def nothing_of_the_library() -> bool:
    return not any(model.objects.exists() for model in (EmailAddress, SocialAccount, SocialApp, SocialToken))


def test_a_linked_person_comes_in_with_what_the_provider_says(crew: Crew, idp: Idp) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["pwd", "mfa"], sid="s-1")
    address = idp.asked(client, "/people/")
    said = query(address)
    assert said["code_challenge_method"] == "S256"
    assert len(said["nonce"]) > 20
    assert len(said["state"]) > 10
    assert said["scope"] == "openid"
    assert "prompt" not in said
    answer = idp.enter(client, "sub-1", "/people/")
    assert (answer.status_code, answer["Location"]) == (302, "/people/")
    said = client.get("/api/v1/me").json()
    assert said["id"] == user.pseudonym
    assert said["second_factor"] is True
    assert nothing_of_the_library()
    assert Entry.objects.filter(event="people.signed_in").count() == 1


def test_without_a_second_factor_there_our_own_is_asked(crew: Crew, idp: Idp) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    totp = crew.enrol(user)
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["pwd"], acr="urn:basic")
    assert idp.enter(client, "sub-1")["Location"] == "/second-factor/"
    assert client.get("/profile/").status_code == 302
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 302
    assert client.session[actors.SECOND_FACTOR] is True
    plain = crew.person("auditor")
    linked(crew, plain, "sub-2")
    other = Client()
    assert idp.enter(other, "sub-2")["Location"] == "/profile/"
    assert other.session[actors.SECOND_FACTOR] is False


def test_acr_counts_where_the_operator_named_it(crew: Crew, idp: Idp, settings: Any) -> None:
    settings.OIDC_SECOND_FACTOR_ACR, settings.OIDC_SECOND_FACTOR_AMR = ["urn:strong"], []
    user, client = crew.person("risk-reviewer"), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", acr="urn:stron", amr=["mfa"])
    assert idp.enter(client, "sub-1")["Location"] == "/second-factor/set-up/"
    idp.knows("sub-1", acr="urn:strong")
    assert idp.enter(client, "sub-1")["Location"] == "/profile/"
    assert client.session[actors.SECOND_FACTOR] is True


def test_nobody_registers_themselves_and_no_address_links(crew: Crew, idp: Idp) -> None:
    user = crew.person("risk-reviewer")
    before = User.objects.count()
    idp.knows("stranger", email=user.email, email_verified=True, amr=["mfa"], name=user.name)
    client = Client()
    answer = idp.enter(client, "stranger")
    assert answer.status_code == 401
    assert b"Ask an operator" in answer.content
    assert client.get("/profile/").status_code == 302
    assert User.objects.count() == before
    assert nothing_of_the_library()
    idp.knows("Sub-1", amr=["mfa"])
    linked(crew, user, "sub-1")
    assert idp.enter(Client(), "Sub-1").status_code == 401  # another subject than sub-1


def test_a_planted_row_of_the_library_signs_nobody_in(crew: Crew, idp: Idp) -> None:
    SocialAccount.objects.create(user=crew.first, provider="provider", uid="planted")
    SocialAccount.objects.create(user=crew.first, provider="openid_connect", uid="planted")
    EmailAddress.objects.create(user=crew.first, email=crew.first.email, verified=True, primary=True)
    SocialApp.objects.create(provider="openid_connect", provider_id="evil", client_id="x", name="Evil")
    idp.knows("planted", email=crew.first.email, email_verified=True, amr=["mfa"])
    assert idp.enter(Client(), "planted").status_code == 401


def test_the_library_opens_no_door_of_its_own() -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert not any(name.startswith(("account_", "socialaccount_", "openid_connect")) for name in names)
    for name in ("account_login", "account_signup", "account_reset_password", "socialaccount_connections"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    door = provider.NoDoors()
    assert door.list_apps(None) == []
    assert not door.is_open_for_signup(None, SocialLogin())
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/social/connections/"):
        assert Client().get(path).status_code == 404


def test_while_no_provider_is_configured_there_is_none(crew: Crew) -> None:
    client = Client()
    for path in ("/sign-in/provider/", "/sign-in/provider/callback/"):
        assert client.get(path).status_code == 404
    assert client.post("/sign-in/provider/logout/").status_code == 404
    assert b"Sign in with Acme" not in client.get("/sign-in/").content
    with pytest.raises(Conflict, match="No identity provider"):
        link_request(actor=crew.olga, user_id=crew.second.pk, subject="x", reason="Seen.")


def test_an_answer_nobody_asked_for_is_refused(crew: Crew, idp: Idp) -> None:
    user, mine, theirs = crew.person("risk-reviewer"), Client(), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["mfa"])
    back = urllib.parse.urlsplit(idp.consent(idp.asked(mine), "sub-1"))
    address = back.path + "?" + back.query
    assert theirs.get(address).status_code == 400  # somebody's code, pushed on another browser
    idp.asked(theirs)
    assert theirs.get(address).status_code == 400
    forged = back.path + "?" + urllib.parse.urlencode({**query(address), "state": "x"})
    assert mine.get(forged).status_code == 400
    assert mine.get(address).status_code == 400  # the question was used up
    assert mine.get("/profile/").status_code == 302


def test_signing_in_again_asks_the_provider_for_a_recent_proof(crew: Crew, idp: Idp) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["mfa"])
    idp.enter(client, "sub-1")
    said = query(idp.asked(client))
    assert (said["prompt"], said["max_age"]) == ("login", "900")
    idp.knows("sub-1", amr=["mfa"], auth_time=int(time.time()) - 3600)
    if idp.enter(client, "sub-1").status_code == 302:  # the mock writes its own time: then that is recent
        assert clock.now().timestamp() - client.session[actors.AUTHENTICATED_AT] < 60


@pytest.mark.parametrize("how", ["end", "logout", "lock"])
def test_a_session_ends_with_its_link(crew: Crew, idp: Idp, how: str) -> None:
    user, client = crew.person("risk-reviewer"), Client()
    row = linked(crew, user, "sub-1")
    idp.knows("sub-1", amr=["mfa"])
    by_code = signed_in(crew, user)
    idp.enter(client, "sub-1")
    assert client.get("/profile/").status_code == 200
    if how == "end":
        link_end(actor=crew.omar, link_id=row.pk)
    elif how == "lock":
        user_deactivate(actor=crew.olga, user_id=user.pk)
    else:
        ProviderSession.objects.update(ended_at=clock.now())
    assert client.get("/profile/").status_code == 302
    assert client.get("/api/v1/me").status_code == 401
    assert by_code.get("/profile/").status_code == (302 if how == "lock" else 200)


def test_a_link_takes_two_persons(crew: Crew, idp: Idp) -> None:
    user = crew.person("risk-reviewer")
    row = link_request(actor=crew.olga, user_id=user.pk, subject="sub-1", reason="Seen.")
    client = Client()
    idp.knows("sub-1", amr=["mfa"])
    assert idp.enter(client, "sub-1").status_code == 401  # only requested
    for actor, reason in ((crew.olga, "requester"), (acting(user), "no-grant")):
        with pytest.raises(NotAllowed) as refused:
            link_confirm(actor=actor, link_id=row.pk)
        assert refused.value.reason == reason
    own = link_request(actor=crew.olga, user_id=crew.second.pk, subject="sub-omar", reason="Seen.")
    with pytest.raises(NotAllowed) as refused:
        link_confirm(actor=crew.omar, link_id=own.pk)
    assert refused.value.reason == "holder"
    with pytest.raises(Conflict):
        link_request(actor=crew.omar, user_id=crew.first.pk, subject="sub-1", reason="Seen.")
    link_refuse(actor=crew.omar, link_id=row.pk)
    assert idp.enter(client, "sub-1").status_code == 401
    stored = bytes(Entry.objects.get(event="people.link_requested", subject_id=str(row.pk)).bytes).decode()
    assert "sub-1" not in stored


@pytest.mark.parametrize("subject", ["", "a" * 256, "sub\n", "ünicode", "\u202esub"])
def test_a_subject_is_taken_as_it_is_or_not_at_all(crew: Crew, idp: Idp, subject: str) -> None:
    with pytest.raises(Invalid):
        link_request(actor=crew.olga, user_id=crew.person().pk, subject=subject, reason="Seen.")


def test_settings_that_cannot_be_meant_are_refused(settings: Any) -> None:
    verify_settings()
    settings.OIDC_ISSUER, settings.LOCAL = "http://idp.example", False
    settings.OIDC_CLIENT_SECRET_FILE = "/nowhere"
    settings.WORKLOAD_ISSUERS = {"http://ci.example": "/x"}
    said = " ".join(provider_problems())
    for word in ("OIDC_ISSUER is no https", "OIDC_CLIENT_ID", "/nowhere", "http://ci.example"):
        assert word in said


def test_a_provider_that_is_away_or_another_is_told_plainly(crew: Crew, settings: Any, idp: Idp) -> None:
    settings.OIDC_ISSUER = idp.url.replace("localhost", "127.0.0.1")  # it says it is somebody else
    answer = Client().get("/sign-in/provider/")
    assert answer.status_code in (302, 502)
    settings.OIDC_ISSUER = "http://localhost:9"
    answer = Client().get("/sign-in/provider/")
    assert answer.status_code == 502
    assert b"reached" in answer.content


@pytest.mark.parametrize(
    "url", ["http://idp.example/", "file:///etc/passwd", "https://u@idp.example/", "gopher://x"]
)
def test_only_sound_addresses_are_asked(url: str, settings: Any) -> None:
    settings.LOCAL = True
    with pytest.raises(provider.Unreachable):
        provider.fetched(url)
