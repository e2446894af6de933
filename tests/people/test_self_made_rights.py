"""Nobody gives themselves rights by a side door, and no input reaches what it doesn't name (AZ-06, AZ-07, AZ-08, AZ-10,
WB-03, WB-04)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import assign_perm

from ledger import clock
from ledger.errors import NotAllowed
from people import access
from people.catalogue import P, codename
from people.models import Delegation, Grant, IdentityLink, Passkey, User, WorkloadTrust
from people.services.grants import grant_request
from people.services.passwords import password_change
from tests.people.crew import PASSWORD, Crew, acting
from tests.people.test_passkeys import alone, enrolled, options
from tests.people.test_sign_in import password, signed_in

pytestmark = pytest.mark.django_db
OURS = (User, Grant, Passkey, IdentityLink, WorkloadTrust, Delegation)


def staff(crew: Crew, *roles: str, on: Any = None) -> tuple[User, Client]:
    user = crew.person(*roles, on=on)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.refresh_from_db()
    return user, signed_in(crew, user)


def counted() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in OURS}


def test_an_owner_gains_no_second_role_by_any_door(crew: Crew, lending: Any) -> None:
    """AZ-07: the grant form, Django's groups and permissions, guardian's rows, the admin, a request for oneself."""
    user, client = staff(crew, "owner", on=lending[0])
    actor, wanted = acting(user), (P.VERSION_APPROVE, P.PEOPLE_EDIT, P.GRANT_CONFIRM)
    group = Group.objects.create(name="operators")
    group.permissions.set(Permission.objects.all())
    user.groups.add(group)
    user.user_permissions.set(Permission.objects.all())
    assign_perm(codename(P.VERSION_APPROVE), user, lending[0])
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert not any(access.allowed(actor, name, lending[0]) for name in wanted)
    before = counted()
    said = {
        "role": "risk-reviewer",
        "holder": str(user.pk),
        "scope_type": "organisation",
        "reason": "I need it.",
    }
    assert client.post(reverse("admin:people_grant_add"), said).status_code in (400, 403, 404)
    assert counted() == before
    with pytest.raises(NotAllowed):
        grant_request(actor=actor, role="operator", holder_id=user.pk, reason="I need it.")
    own = grant_request(
        actor=actor,
        role="risk-reviewer",
        holder_id=user.pk,
        scope_type="system",
        scope_id=lending[0].pk,
        reason="For my own system.",
    )
    page = reverse("admin:people_grant_change", args=[own.pk])
    assert client.post(page, {"move": "confirm"}).status_code in (403, 404)
    assert Grant.objects.get(pk=own.pk).state == "requested"
    assert access.roles(acting(user), lending[0]) == {"owner"}


@pytest.mark.once
def test_the_admin_knows_no_groups_and_none_of_the_library_s_tables() -> None:
    names = {model.__name__ for model in admin.site._registry}
    assert not names & {"Group", "EmailAddress", "SocialAccount", "SocialApp", "SocialToken", "Permission"}


@pytest.mark.once
@pytest.mark.parametrize("extra", ["form", "list"])
def test_forged_formset_rows_change_nothing(crew: Crew, extra: str) -> None:
    """AZ-08: who may look sends the rows of an inline form and of a list that can be edited."""
    crew.person("risk-reviewer")
    auditor, client = staff(crew, "auditor")
    before, active = counted(), list(Grant.objects.order_by("pk").values_list("pk", "state"))
    row = Grant.objects.order_by("pk").first()
    assert row is not None
    forged = {
        "form-TOTAL_FORMS": "2",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(row.pk),
        "form-0-state": "revoked",
        "form-1-role": "operator",
        "form-1-holder_user": str(auditor.pk),
        "form-1-state": "active",
        "grants-TOTAL_FORMS": "1",
        "grants-INITIAL_FORMS": "0",
        "grants-0-role": "operator",
        "is_superuser": "on",
        "_save": "Save",
    }
    for model in OURS:
        name = f"admin:people_{model._meta.model_name}"
        first = model._default_manager.first()
        pages = [reverse(f"{name}_changelist")] if extra == "list" else [reverse(f"{name}_add")]
        if first is not None and extra == "form":
            pages += [reverse(f"{name}_{page}", args=[first.pk]) for page in ("change", "delete")]
        for page in pages:
            assert client.post(page, forged).status_code in (200, 302, 403, 404, 405), page
    assert counted() == before
    assert list(Grant.objects.order_by("pk").values_list("pk", "state")) == active
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.once
def test_members_nobody_asked_for_set_nothing(crew: Crew, lending: Any) -> None:
    """AZ-06: what a form doesn't have isn't taken from the request."""
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    client = signed_in(crew, holder)
    grant = Grant.objects.get(holder_user=holder)
    ends = (clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    client.post(
        "/profile/delegations/new/",
        {
            "grants": str(grant.pk),
            "delegate": delegate.email,
            "ends": ends,
            "reason": "On leave.",
            "scope_type": "organisation",
            "state": "revoked",
            "made_at": "2000-01-01",
            "grant": "x",
            "is_superuser": "on",
        },
    )
    row = Delegation.objects.get()
    assert (row.scope_type, row.scope_id, row.state) == ("system", lending[0].pk, "active")
    assert clock.now() - row.made_at < timedelta(minutes=5)
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.once
@pytest.mark.parametrize(
    "asked",
    [
        "delegate__password__startswith=p",
        "holder_user__password__startswith=p",
        "holder_user__totp_secret__regex=(a%2B)%2B%24",
        "_connector=OR",
        "user__password=x",
    ],
)
def test_filters_reach_nothing_that_is_not_listed(crew: Crew, asked: str) -> None:
    """AZ-10: in the admin, and in the lists of the portal."""
    client = signed_in(crew, crew.first)
    User.objects.filter(pk=crew.first.pk).update(is_staff=True)
    for model in (Grant, Delegation, Passkey):
        page = reverse(f"admin:people_{model._meta.model_name}_changelist")
        answer = client.get(f"{page}?{asked}", follow=True)
        assert answer.status_code in (200, 400)
        if answer.status_code == 200:
            assert answer.redirect_chain  # Django's own answer: back to the list, "e=1"
    assert client.get(f"/people/?{asked}").status_code == 400


@pytest.mark.once
@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil.example", "\t//evil.example"],
)
def test_every_way_in_leads_to_our_own_host(crew: Crew, onward: str) -> None:
    """WB-03."""
    _, device, _ = enrolled(crew)
    client = Client()
    from_passkey = device.use(options(client.get("/sign-in/passkey/")))
    answer = client.post("/sign-in/passkey/", {"answer": from_passkey, "next": onward})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    plain = crew.person("auditor")
    assert password(Client(), plain.email, next=onward)["Location"] == "/"
    page = Client().get("/sign-in/", {"next": onward}).content.decode()
    assert "evil" not in page
    assert "javascript:alert" not in page


@pytest.mark.once
def test_a_host_that_is_not_ours_is_refused(crew: Crew) -> None:
    """WB-03: also where the address of this portal goes into what others are told (the provider, a passkey)."""
    for page in ("/sign-in/", "/sign-in/passkey/", "/sign-in/provider/"):
        assert Client().get(page, headers={"Host": "evil.example"}).status_code == 400


def test_a_new_password_and_a_new_factor_end_what_was_open(crew: Crew) -> None:
    """WB-04: also sessions of passkeys; the id of a session is new with each step."""
    user, device, first = enrolled(crew)
    second = Client()
    second.get("/sign-in/passkey/")
    planted = second.session.session_key
    alone(second, device)
    assert second.session.session_key not in (planted, None)
    password_change(actor=acting(user), current=PASSWORD, new="another-long-password-7")
    assert first.get("/profile/").status_code == 302
    assert second.get("/profile/").status_code == 302
