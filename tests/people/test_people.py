"""People and identities: added, changed, locked out; their rows and their entries say the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models import Entry
from people import selectors
from people.models import User
from people.services.identities import identity_change, identity_create
from people.services.notices import notices_read, notify
from people.services.people import user_change, user_create, user_deactivate, user_reactivate
from tests.people.crew import Crew, acting, nobody

pytestmark = pytest.mark.django_db


def test_everybody_has_a_pseudonym_that_says_nothing(crew: Crew) -> None:
    names = {crew.person().pseudonym for _ in range(5)}
    assert len(names) == 5
    assert all(re.fullmatch(r"p-[a-z2-7]{16}", name) for name in names)


def test_the_log_names_nobody(crew: Crew) -> None:
    user = crew.person()
    user_change(actor=crew.olga, user_id=user.pk, name="Renate Beispiel", email="renate@example.org")
    stored = b"".join(bytes(entry.bytes) for entry in Entry.objects.all())
    for word in ("Renate", "renate@", "Olga", "example.org", "They do this work"):
        assert word.encode() not in stored
    assert user.pseudonym.encode() in stored


@pytest.mark.once
def test_a_one_time_password_is_shown_once_and_must_be_changed(crew: Crew) -> None:
    user, password = user_create(actor=crew.olga, email="Ann@Example.org", name="  Ann   Other ")
    assert (user.email, user.name, user.must_change_password) == ("ann@example.org", "Ann Other", True)
    assert len(password) >= 16
    assert user.check_password(password)


def test_addresses_are_unique_whatever_their_case(crew: Crew) -> None:
    with pytest.raises(Conflict) as refusal:
        user_create(actor=crew.olga, email="OLGA@example.org", name="Another Olga")
    assert refusal.value.field == "email"
    user = crew.person()
    with pytest.raises(Conflict):
        user_change(actor=crew.olga, user_id=user.pk, email="Omar@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(email="OLGA@example.org")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a" * 250 + "@example.org"}, "email"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Anna\u200b"}, "name"),
        ({"name": "\u202eannA"}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"password": "x" * 5000}, "password"),
    ],
)
def test_bad_people_are_not_made(crew: Crew, change: dict[str, Any], field: str) -> None:
    before = User.objects.count()
    with pytest.raises(Invalid) as refusal:
        user_create(actor=crew.olga, **({"email": "ann@example.org", "name": "Ann"} | change))
    assert refusal.value.field == field
    assert User.objects.count() == before


@pytest.mark.once
def test_operators_alone_manage_people(crew: Crew) -> None:
    user = crew.person()
    for actor in (acting(crew.person("owner")), acting(crew.first, interactive=False), acting(user)):
        for act in (
            lambda actor=actor: user_create(actor=actor, email="ann@example.org", name="Ann"),
            lambda actor=actor: user_change(actor=actor, user_id=user.pk, name="Other"),
            lambda actor=actor: user_deactivate(actor=actor, user_id=user.pk),
            lambda actor=actor: user_deactivate(actor=actor, user_id=nobody()),
            lambda actor=actor: identity_create(actor=actor, name="ci", controller_id=user.pk),
        ):
            with pytest.raises(NotAllowed):
                act()


def test_who_comes_back_comes_without_grants(crew: Crew) -> None:
    user = crew.person("auditor")
    user_deactivate(actor=crew.olga, user_id=user.pk)
    with pytest.raises(Conflict):
        user_deactivate(actor=crew.omar, user_id=user.pk)
    user_reactivate(actor=crew.olga, user_id=user.pk)
    assert not selectors.grants_in_force().filter(holder_user=user).exists()
    with pytest.raises(Conflict):
        user_reactivate(actor=crew.olga, user_id=user.pk)


def test_identities(crew: Crew) -> None:
    user, other = crew.person(), crew.person()
    identity = identity_create(actor=crew.olga, name=" nightly build ", controller_id=user.pk)
    assert identity.name == "nightly build"
    assert re.fullmatch(r"s-[a-z2-7]{16}", identity.pseudonym)
    with pytest.raises(Conflict):
        identity_create(actor=crew.olga, name="nightly build", controller_id=user.pk)
    for change, field in [({"name": ""}, "name"), ({"controller_id": nobody()}, "controller")]:
        with pytest.raises(Invalid) as refusal:
            identity_create(actor=crew.olga, **({"name": "ci", "controller_id": user.pk} | change))
        assert refusal.value.field == field
    changed = identity_change(actor=crew.olga, identity_id=identity.pk, controller_id=other.pk)
    assert changed.controller == other
    with pytest.raises(Conflict, match="Nothing was changed"):
        identity_change(actor=crew.olga, identity_id=identity.pk, controller_id=other.pk)


@pytest.mark.once
def test_names_for_pages(crew: Crew) -> None:
    identity = crew.identity(crew.first)
    names = selectors.names_of(
        [crew.first.pseudonym, identity.pseudonym, "p-aaaaaaaaaaaaaaaa", "drift-sweep"]
    )
    assert names == {
        crew.first.pseudonym: "Olga First",
        identity.pseudonym: identity.name,
        "p-aaaaaaaaaaaaaaaa": "Somebody unknown",
        "drift-sweep": "drift-sweep",
    }


def test_notices_reach_their_people_once(crew: Crew) -> None:
    user, gone = crew.person(), crew.person()
    user_deactivate(actor=crew.olga, user_id=gone.pk)
    told = notify([user, user.pseudonym, gone, "p-unknown"], "x" * 600, "/versions/1/")
    assert told == 1
    notice = selectors.notices_for(acting(user)).get()
    assert len(notice.text) == 500
    assert selectors.unread_count(acting(user)) == 1
    assert notices_read(actor=crew.olga, notice_ids=[notice.pk]) == 0
    assert notices_read(actor=acting(user)) == 1
    assert selectors.unread_count(acting(user)) == 0
    for address in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="a page of ours"):
            notify([user], "Look", address)
