"""Rights come from grants in force, from nothing else, to the very second."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from guardian.shortcuts import assign_perm

from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotAllowed
from people import access, actors
from people.access import Scope
from people.catalogue import INTERACTIVE, PERMISSIONS, ROLES, P, codename, permissions_of
from people.models import User
from people.services.identities import identity_change
from people.services.people import user_deactivate
from registry.models import AIModel, System
from tests.people.crew import Crew, acting

pytestmark = pytest.mark.django_db


@pytest.mark.sampled
@pytest.mark.parametrize("role", [name for name, role in ROLES.items() if role.kind == "person"])
def test_a_role_gives_its_rights_and_no_other(crew: Crew, role: str) -> None:
    actor = acting(crew.person(role))
    given = {name for name in P if access.allowed(actor, name)}
    assert given == permissions_of(role)
    alone = replace(actor, interactive=False)
    assert {name for name in P if access.allowed(alone, name)} == permissions_of(role) - INTERACTIVE


def test_a_superuser_has_nothing_that_is_not_granted(crew: Crew, lending: Any) -> None:
    user = crew.person()
    User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)
    user.refresh_from_db()
    assert user.has_perm(f"registry.{codename(P.VERSION_APPROVE)}", lending[0])  # what Django would say
    assert [name for name in P if access.allowed(acting(user), name, lending[0])] == []


def test_permission_rows_of_django_and_guardian_give_nothing(crew: Crew, lending: Any) -> None:
    user, system = crew.person(), lending[0]
    name = codename(P.VERSION_APPROVE)
    assign_perm(name, user, system)
    row = Permission.objects.get(codename=name, content_type__model="system")
    user.user_permissions.add(row)
    group = Group.objects.create(name="reviewers")
    group.permissions.add(row)
    user.groups.add(group)
    assert User.objects.get(pk=user.pk).has_perm(name, system)
    assert not access.allowed(acting(user), P.VERSION_APPROVE, system)
    assert access.visible(acting(user), P.SYSTEM_VIEW, System.objects.all()).count() == 0


def test_a_grant_reaches_what_is_below_it_and_nothing_beside(crew: Crew, lending: Any) -> None:
    system, model, sibling, other = lending
    on_system, on_model = acting(crew.person("owner", on=system)), acting(crew.person("developer", on=model))
    assert access.allowed(on_system, P.SYSTEM_EDIT, system)
    assert access.allowed(on_system, P.VERSION_SUBMIT, model)
    assert not access.allowed(on_system, P.SYSTEM_EDIT, other)
    assert not access.allowed(on_system, P.SYSTEM_CREATE)
    assert access.allowed(on_model, P.VERSION_REGISTER, model)
    assert not access.allowed(on_model, P.VERSION_REGISTER, sibling)
    assert not access.allowed(on_model, P.SYSTEM_VIEW, system)
    assert access.allowed(on_model, P.VERSION_REGISTER, Scope.model(model.pk, system.pk))
    models = AIModel.objects.all()
    assert set(access.visible(on_system, P.SYSTEM_VIEW, models)) == {model, sibling}
    assert set(access.visible(on_model, P.SYSTEM_VIEW, models)) == {model}
    assert access.visible(acting(crew.person()), P.SYSTEM_VIEW, models).count() == 0
    auditor = acting(crew.person("auditor"))
    assert access.visible(auditor, P.SYSTEM_VIEW, models).count() == 2
    reached = access.reach(on_model)
    assert reached.anywhere(P.VERSION_REGISTER)
    assert reached.ids(P.VERSION_REGISTER, "model") == {model.pk}
    assert not reached.allows(P.VERSION_REGISTER)


def test_a_grant_counts_from_its_first_second_and_not_in_its_last(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = clock.now().replace(microsecond=0) + timedelta(hours=1)
    ends = starts + timedelta(hours=1)
    user = crew.person()
    crew.grant(user, "auditor", starts=starts, ends=ends)
    actor = acting(user)
    tick = timedelta(milliseconds=1)
    for moment, expected in [
        (starts - tick, False),
        (starts, True),
        (ends - tick, True),
        (ends, False),
        (ends + tick, False),
    ]:
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert access.allowed(actor, P.LEDGER_VIEW) is expected, moment
        assert access.holders("auditor").exists() is expected
        assert access.holds(user.pseudonym, "auditor") is expected


def test_a_request_is_no_grant(crew: Crew) -> None:
    user = crew.person()
    crew.request(user, "auditor")
    assert not access.allowed(acting(user), P.LEDGER_VIEW)


def test_who_is_locked_out_holds_nothing(crew: Crew) -> None:
    reviewer = crew.person("risk-reviewer")
    user_deactivate(actor=crew.olga, user_id=reviewer.pk)
    assert access.reach(acting(reviewer)).all == frozenset()
    assert not access.holds(reviewer.pseudonym, "risk-reviewer")


def test_a_service_needs_token_and_grant_and_its_controller(crew: Crew, lending: Any) -> None:
    system, model, _, other = lending
    controller = crew.person()
    identity = crew.identity(controller, "ci", on=system)
    token, _ = crew.token(identity, P.VERSION_REGISTER.value, P.GATE_ASK.value)
    actor = actors.for_token(token)
    assert access.allowed(actor, P.VERSION_REGISTER, model)
    assert not access.allowed(actor, P.VERSION_REGISTER, other)
    assert not access.allowed(actor, P.RUN_REQUEST, model)
    with pytest.raises(NotAllowed) as refusal:
        access.require(actor, P.RUN_REQUEST, model)
    assert refusal.value.reason == "not-in-token"
    assert actor.principals == {identity.pseudonym, controller.pseudonym}
    identity_change(actor=crew.olga, identity_id=identity.pk, is_active=False)
    assert not access.allowed(actor, P.VERSION_REGISTER, model)
    identity_change(actor=crew.olga, identity_id=identity.pk, is_active=True)
    assert access.allowed(actor, P.VERSION_REGISTER, model)
    user_deactivate(actor=crew.olga, user_id=controller.pk)
    assert not access.allowed(actor, P.VERSION_REGISTER, model)


def test_no_token_approves_even_with_every_scope_and_a_reviewers_grant(crew: Crew, lending: Any) -> None:
    actor = replace(
        acting(crew.person("risk-reviewer")),
        kind="service",
        interactive=False,
        scopes=frozenset(name.value for name in P),
    )
    assert not any(access.allowed(actor, name, lending[1]) for name in INTERACTIVE)
    # and as a person without second factor
    person = acting(crew.person("risk-reviewer"), interactive=False)
    with pytest.raises(NotAllowed) as refusal:
        access.require(person, P.VERSION_APPROVE, lending[1])
    assert refusal.value.reason == "not-interactive"


def test_system_actors_may_what_the_table_says(lending: Any) -> None:
    assert access.allowed(Actor.system("drift-sweep"), P.VERSION_RESTRICT, lending[1])
    assert not access.allowed(Actor.system("drift-sweep"), P.VERSION_APPROVE, lending[1])
    assert access.reach(Actor.system("nobody-we-know")).all == frozenset()


def test_a_refusal_shows_what_is_there_only_to_who_may_see_it(crew: Crew, lending: Any) -> None:
    system = lending[0]
    for user, visible in [(crew.person("auditor"), True), (crew.person(), False)]:
        with pytest.raises(NotAllowed) as refusal:
            access.require(acting(user), P.SYSTEM_EDIT, system)
        assert refusal.value.visible is visible
        assert refusal.value.permission == "registry.system.edit"
        assert refusal.value.subject.id == str(system.pk)
        assert PERMISSIONS[P.SYSTEM_EDIT].title in refusal.value.message


def test_seats_are_counted_by_scope(crew: Crew, lending: Any) -> None:
    system, model, sibling, _ = lending
    validator = crew.person("independent-validator", on=model)
    reviewer = crew.person("risk-reviewer", on=system)
    assert set(access.holders(("independent-validator", "risk-reviewer"), model)) == {validator, reviewer}
    assert set(access.holders(("independent-validator", "risk-reviewer"), sibling)) == {reviewer}
    assert access.roles(acting(validator), model) == {"independent-validator"}
    assert access.roles(acting(validator), sibling) == frozenset()


def test_a_proof_of_identity_grows_old(crew: Crew) -> None:
    now = clock.now()
    fresh, old = (
        replace(crew.olga, authenticated_at=now - timedelta(minutes=minutes)) for minutes in (14, 16)
    )
    access.require_recent(fresh)
    for stale in (old, replace(fresh, authenticated_at=None), replace(fresh, interactive=False)):
        with pytest.raises(NotAllowed) as refusal:
            access.require_recent(stale)
        assert refusal.value.reason == "stale-session"


def test_who_needs_a_second_factor(crew: Crew) -> None:
    assert access.needs_second_factor(crew.first)
    assert access.needs_second_factor(crew.person("developer"))
    assert not access.needs_second_factor(crew.person("auditor"))
    assert not access.needs_second_factor(crew.person())
