"""Who may read policies: one answer, whichever door is asked."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.models import Policy
from governance.selectors.visible import policies_visible
from ledger import clock
from ledger.actors import Actor
from ledger.models import Entry
from people.actors import for_token
from people.catalogue import P
from people.models import ServiceIdentity, Token, User
from people.services.tokens import token_issue
from tests.access.sample import session_of
from tests.registry.world import person

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture
def policy(world: Any) -> Policy:
    return Policy.objects.get()


def carrying(world: Any, *permissions: P) -> dict[str, str]:
    """The header of a token of the pipeline that carries these."""
    _, plaintext = token_issue(
        actor=world["one"], identity_id=ServiceIdentity.objects.get().pk, label="narrow",
        permissions=[str(item) for item in permissions], expires_at=clock.now() + timedelta(days=1),
    )  # fmt: skip
    return {"Authorization": f"Bearer {plaintext}"}


def signing(actor: Actor) -> User:
    return User.objects.get(pk=actor.pk)


def test_who_finds_a_policy_in_a_list_can_open_it_at_every_door(world: Any, policy: Policy) -> None:
    role_less = session_of(signing(person()))
    on_one_system = session_of(signing(person("owner", on=world.model.system)))
    policy_author = session_of(world.users["author"])
    for client in (role_less, on_one_system, policy_author):
        listed = client.get("/api/v1/policies").json()["results"]
        assert [row["id"] for row in listed] == [str(policy.pk)]
        assert client.get(f"/api/v1/policies/{policy.pk}").json()["digest"] == policy.digest
        assert policy.title in client.get(reverse("governance:policies")).content.decode()
        for page in ("governance:policy", "governance:policy-dry-run"):
            assert client.get(reverse(page, args=[policy.pk])).status_code == 200
    token = carrying(world, P.REPORT_VIEW)
    assert len(Client().get("/api/v1/policies", headers=token).json()["results"]) == 1
    assert Client().get(f"/api/v1/policies/{policy.pk}", headers=token).status_code == 200


def test_who_may_not_read_them_is_told_the_same_by_list_and_detail(world: Any, policy: Policy) -> None:
    stranger = carrying(world, P.VERSION_VIEW)
    assert not policies_visible(for_token(Token.objects.get(label="narrow")))
    before = Entry.objects.filter(event="ledger.denied").count()
    answers = [
        Client().get(address, headers=stranger)
        for address in ("/api/v1/policies", f"/api/v1/policies/{policy.pk}", f"/api/v1/policies/{uuid.uuid4()}")
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert len({answer.json()["detail"] for answer in answers}) == 1  # and nothing of which is there
    assert Entry.objects.filter(event="ledger.denied").count() > before
    for address in ("/api/v1/policies", f"/api/v1/policies/{policy.pk}"):
        assert Client().get(address).status_code == 401
    for page in (reverse("governance:policies"), reverse("governance:policy", args=[policy.pk])):
        assert Client().get(page).status_code == 302
