"""The admin: behind our own sign-in, and each change a service's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from ledger import clock
from ledger.models import Entry, KeyRecord, PersonalText, PersonKey
from people.models import Attempt, Grant, Notice, Recovery, ServiceIdentity, Token, User
from tests.people.crew import PASSWORD, Crew, code
from tests.people.test_keys import pem

pytestmark = [pytest.mark.django_db, pytest.mark.once]

GOVERNED = (User, ServiceIdentity, Token, Grant, Recovery, KeyRecord)


def entered(crew: Crew, user: User) -> Client:
    client, totp = Client(), crew.enrol(user)
    client.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    assert client.post("/second-factor/", {"code": code(totp)}).status_code == 302
    return client


@pytest.fixture
def olga(crew: Crew) -> Client:
    return entered(crew, crew.first)


@pytest.fixture
def omar(crew: Crew) -> Client:
    return entered(crew, crew.second)


def page(model: Any, what: str, row: Any = None) -> str:
    arguments = [] if row is None else [row.pk]
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=arguments)


def superuser(crew: Crew) -> User:
    user = crew.person()
    User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)
    user.refresh_from_db()
    return user


def test_the_only_way_in_is_our_sign_in(crew: Crew) -> None:
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=")
    # a session without second factor: however it came about
    client = Client()
    client.force_login(crew.first)
    assert client.get("/admin/").status_code == 302
    posted = client.post("/admin/login/", {"username": crew.first.email, "password": PASSWORD})
    assert (posted.status_code, posted["Location"].partition("?")[0]) == (302, "/sign-in/")
    assert client.get("/admin/").status_code == 302
    assert entered(crew, crew.person("owner")).get("/admin/").status_code == 302  # not staff


def test_every_list_and_form_opens(crew: Crew, olga: Client) -> None:
    identity = crew.identity(crew.person("owner"), "ci")
    crew.token(identity)
    assert olga.get("/admin/").status_code == 200
    for model in GOVERNED:
        assert olga.get(page(model, "changelist")).status_code == 200, model
        for row in model.objects.all()[:2]:
            assert olga.get(page(model, "change", row)).status_code == 200, row
    for model in (User, ServiceIdentity, Token, Grant, KeyRecord):
        assert olga.get(page(model, "add")).status_code == 200, model
    assert olga.get(page(Grant, "changelist"), {"q": "olga", "state__exact": "active"}).status_code == 200


def test_what_is_not_for_pages_is_not_registered() -> None:
    for model in (PersonalText, PersonKey, Attempt, Notice, Entry):
        assert not admin.site.is_registered(model), model


def test_nothing_can_be_deleted(crew: Crew, olga: Client) -> None:
    identity = crew.identity(crew.person())
    crew.token(identity)
    for model in GOVERNED:
        rows = model.objects.count()
        row = model.objects.first()
        if row is not None:
            assert olga.post(page(model, "delete", row), {"post": "yes"}).status_code == 403
            action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
            olga.post(page(model, "changelist"), action)
        assert model.objects.count() == rows


def test_a_superuser_without_grants_changes_nothing(crew: Crew) -> None:
    """AZ-07, AZ-08"""
    user = superuser(crew)
    client = entered(crew, user)
    assert client.get("/admin/").status_code == 200
    entries = Entry.objects.count()
    forged = {
        "email": "evil@example.org",
        "name": "Evil",
        "role": "operator",
        "holder": str(user.pk),
        "what": "change",
        "is_superuser": "on",
        "state": "active",
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(crew.first.pk),
        "form-0-name": "Evil",
        "_save": "Save",
    }
    for model in GOVERNED:
        assert client.get(page(model, "changelist")).status_code == 403
        assert client.post(page(model, "changelist"), forged).status_code == 403
        assert client.post(page(model, "add"), forged).status_code == 403
        if row := model.objects.first():
            assert client.get(page(model, "change", row)).status_code == 403
            assert client.post(page(model, "change", row), forged).status_code == 403
    assert Entry.objects.count() == entries
    assert not User.objects.filter(name="Evil").exists()


def test_an_operator_adds_a_person_and_sees_the_password_once(crew: Crew, olga: Client) -> None:
    answer = olga.post(
        page(User, "add"),
        {
            "email": "ann@example.org",
            "name": "Ann",
            "is_superuser": "on",
            "pseudonym": "p-mine",
            "must_change": "no",
        },
    )
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    password = answer.context["secret"]
    ann = User.objects.get(email="ann@example.org")
    assert ann.check_password(password)
    assert not ann.is_superuser
    assert ann.pseudonym != "p-mine"
    again = olga.post(page(User, "add"), {"email": "ann@example.org", "name": "Ann"})
    assert again.status_code == 409
    assert "Somebody has this e-mail address." in again.content.decode()
    assert "email" in again.context["form"].errors


def test_a_grant_is_requested_here_and_confirmed_by_the_other(
    crew: Crew, olga: Client, omar: Client, lending: Any
) -> None:
    user = crew.person()
    asked = {
        "role": "developer",
        "holder": str(user.pk),
        "scope_type": "system",
        "scope_id": str(lending[0].pk),
        "reason": "Builds models.",
    }
    wrong = olga.post(page(Grant, "add"), asked | {"scope_id": "", "reason": ""})
    assert wrong.status_code == 400
    assert set(wrong.context["form"].errors) == {"reason"}
    wrong = olga.post(page(Grant, "add"), asked | {"scope_id": ""})
    assert set(wrong.context["form"].errors) == {"scope_id"}
    assert olga.post(page(Grant, "add"), asked).status_code == 302
    grant = Grant.objects.get(holder_user=user)
    assert grant.state == "requested"
    own = olga.post(page(Grant, "change", grant), {"move": "confirm"})
    assert own.status_code == 403
    assert "another person must" in own.content.decode()
    for move in ("end", "revoke", "approve"):
        assert omar.post(page(Grant, "change", grant), {"move": move}).status_code == 400
    assert omar.post(page(Grant, "change", grant), {"move": "confirm"}).status_code == 302
    grant.refresh_from_db()
    assert (grant.state, grant.confirmed_by) == ("active", crew.second.pseudonym)
    assert omar.post(page(Grant, "change", grant), {"move": "revoke"}).status_code == 400
    assert omar.post(page(Grant, "change", grant), {"move": "revoke", "reason": "Left."}).status_code == 302
    assert "nothing you can change" in omar.get(page(Grant, "change", grant)).content.decode()


def test_a_token_is_shown_once_and_revoked(crew: Crew, olga: Client) -> None:
    identity = crew.identity(crew.person(), "ci")
    until = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%d %H:%M")
    asked = {
        "identity": str(identity.pk),
        "label": "build",
        "permissions": ["governance.gate.ask"],
        "expires_at": until,
    }
    wrong = olga.post(page(Token, "add"), asked | {"permissions": ["governance.version.approve"]})
    assert wrong.status_code == 400
    answer = olga.post(page(Token, "add"), asked)
    plaintext = answer.context["secret"]
    assert re.fullmatch(r"mw_[a-z2-7]{8}_[A-Za-z0-9_-]{43}", plaintext)
    token = Token.objects.get()
    assert plaintext not in olga.get(page(Token, "change", token)).content.decode()
    assert olga.post(page(Token, "change", token), {"move": "revoke"}).status_code == 302
    assert Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {plaintext}").status_code == 401


def test_a_key_and_a_recovery_are_confirmed_by_the_other(crew: Crew, olga: Client, omar: Client) -> None:
    asked = {"purpose": "model", "label": "CI", "public_pem": pem().decode()}
    assert olga.post(page(KeyRecord, "add"), asked | {"public_pem": "nonsense"}).status_code == 400
    assert olga.post(page(KeyRecord, "add"), asked).status_code == 302
    key = KeyRecord.objects.get(purpose="model")
    assert olga.post(page(KeyRecord, "change", key), {"move": "activate"}).status_code == 403
    assert omar.post(page(KeyRecord, "change", key), {"move": "activate"}).status_code == 302
    shown = omar.get(page(KeyRecord, "change", key)).content.decode()
    assert "0 approved versions, 0 other open versions" in shown
    late = {"move": "revoke", "revoked_from": "999999", "reason": "Lost."}
    assert omar.post(page(KeyRecord, "change", key), late).status_code == 400
    assert omar.post(page(KeyRecord, "change", key), late | {"revoked_from": "1"}).status_code == 302
    key.refresh_from_db()
    assert (key.state, key.revoked_from) == ("revoked", 1)
    user = crew.person()
    known = {"email": user.email, "name": user.name}
    assert olga.post(page(User, "change", user), known | {"what": "password"}).status_code == 400
    asked = known | {"what": "password", "reason": "Forgot it."}
    assert olga.post(page(User, "change", user), asked).status_code == 302
    recovery = Recovery.objects.get(user=user)
    assert olga.post(page(Recovery, "change", recovery), {"move": "confirm"}).status_code == 403
    answer = omar.post(page(Recovery, "change", recovery), {"move": "confirm"})
    user.refresh_from_db()
    assert user.check_password(answer.context["secret"])


def test_a_lock_out_from_the_page_of_a_person(crew: Crew, olga: Client) -> None:
    user = crew.person("auditor")
    known = {"email": user.email, "name": user.name}
    assert olga.post(page(User, "change", user), known | {"what": "deactivate"}).status_code == 302
    user.refresh_from_db()
    assert not user.is_active
    assert olga.post(page(User, "change", user), known | {"what": "deactivate"}).status_code == 400
    assert olga.post(page(User, "change", user), known | {"what": "reactivate"}).status_code == 302
    nothing = olga.post(page(User, "change", user), known | {"what": "change"})
    assert nothing.status_code == 409


def test_leaving_is_recorded_and_takes_a_post(crew: Crew, olga: Client) -> None:
    olga.get("/admin/logout/")
    assert olga.get("/admin/").status_code == 200
    olga.post("/admin/logout/")
    assert olga.get("/admin/").status_code == 302
    assert Entry.objects.filter(event="people.signed_out").count() == 1


def test_groups_are_not_managed_here() -> None:
    assert "auth.group" not in {model._meta.label_lower for model in admin.site._registry}
