"""What gives a right takes two persons; what takes it away takes one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from guardian.models import UserObjectPermission

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Refused
from ledger.models import Entry
from people import access, tasks
from people.catalogue import P
from people.models import Grant, Notice
from people.services import projection
from people.services.grants import grant_confirm, grant_end, grant_refuse, grant_request, grant_revoke
from people.services.people import user_deactivate
from tests.people.crew import Crew, acting, nobody

pytestmark = pytest.mark.django_db


def image(user: Any) -> tuple[set[int], set[tuple[int, str]]]:
    objects = UserObjectPermission.objects.filter(user=user)
    return (
        set(user.user_permissions.values_list("pk", flat=True)),
        {(row.permission_id, row.object_pk) for row in objects},
    )


def assert_projected(user: Any) -> None:
    organisation, objects = projection.expected(user)
    assert image(user) == (organisation, set(objects))


def test_requested_by_one_confirmed_by_another(crew: Crew, lending: Any) -> None:
    user = crew.person()
    grant = crew.request(user, "risk-reviewer", lending[0])
    assert grant.state == "requested"
    for actor, reason in [(crew.olga, "requester"), (acting(user), "no-grant")]:
        with pytest.raises(NotAllowed) as refusal:
            grant_confirm(actor=actor, grant_id=grant.pk)
        assert refusal.value.reason == reason
    grant_confirm(actor=crew.omar, grant_id=grant.pk)
    assert access.allowed(acting(user), P.VERSION_APPROVE, lending[0])
    assert_projected(user)
    assert Notice.objects.filter(recipient=user, text__contains="Risk reviewer").count() == 1
    with pytest.raises(Conflict):
        grant_confirm(actor=crew.omar, grant_id=grant.pk)
    happened = Entry.objects.filter(subject_kind="grant", subject_id=str(grant.pk)).order_by("at")
    events = list(happened.values_list("event", flat=True))
    assert events == [
        "people.grant_requested",
        "ledger.denied",
        "ledger.denied",
        "people.grant_confirmed",
    ]


def test_nobody_confirms_a_grant_to_themselves_nor_to_their_service(crew: Crew) -> None:
    mine = grant_request(
        actor=crew.olga, role="security-reviewer", holder_id=crew.second.pk, reason="More to do."
    )
    identity = crew.identity(crew.second)
    its = crew.request(identity, "ci")
    for grant in (mine, its):
        with pytest.raises(NotAllowed) as refusal:
            grant_confirm(actor=crew.omar, grant_id=grant.pk)
        assert refusal.value.reason == "holder"
        grant.refresh_from_db()
        assert grant.state == "requested"


def test_a_grant_to_a_pipeline_is_confirmed_by_a_third(crew: Crew) -> None:
    identity = crew.identity(crew.person(), "ci")
    assert access.current().filter(holder_identity=identity).exists()


def test_an_owner_asks_for_their_own_system_alone(crew: Crew, lending: Any) -> None:
    system, model, _, other = lending
    owner, user = acting(crew.person("owner", on=system)), crew.person()
    for scope_type, pk in (("system", system.pk), ("model", model.pk)):
        grant_request(
            actor=owner,
            role="developer",
            holder_id=user.pk,
            scope_type=scope_type,
            scope_id=pk,
            reason="Builds.",
        )
    for scope_type, pk in (("system", other.pk), ("organisation", None), ("system", nobody())):
        with pytest.raises(NotAllowed):
            grant_request(
                actor=owner,
                role="developer",
                holder_id=user.pk,
                scope_type=scope_type,
                scope_id=pk,
                reason="Builds.",
            )


def test_rights_do_not_grow_by_other_doors(crew: Crew, lending: Any) -> None:
    """AZ-07: an owner can't confirm what they asked for, nor make themselves a reviewer."""
    user = crew.person("owner", on=lending[0])
    owner = acting(user)
    grant = grant_request(
        actor=owner,
        role="risk-reviewer",
        holder_id=user.pk,
        scope_type="system",
        scope_id=lending[0].pk,
        reason="Faster.",
    )
    with pytest.raises(NotAllowed):
        grant_confirm(actor=owner, grant_id=grant.pk)
    with pytest.raises(NotAllowed):
        grant_revoke(actor=owner, grant_id=Grant.objects.get(holder_user=crew.first).pk, reason="Gone.")
    assert not access.allowed(owner, P.VERSION_APPROVE, lending[0])


def test_bad_requests_name_their_field(crew: Crew, lending: Any) -> None:
    user = crew.person()
    identity = crew.identity(user)
    now = clock.now()
    good: dict[str, Any] = {
        "role": "auditor",
        "holder_id": user.pk,
        "ends": now + timedelta(days=30),
        "reason": "Yearly audit.",
    }
    cases: list[tuple[dict[str, Any], str]] = [
        ({"role": "king"}, "role"),
        ({"holder_id": nobody()}, "holder"),
        ({"holder_id": identity.pk}, "holder"),
        ({"role": "ci"}, "holder"),
        ({"scope_type": "planet"}, "scope_type"),
        ({"role": "operator", "scope_type": "system", "scope_id": lending[0].pk}, "scope_type"),
        ({"scope_type": "system"}, "scope_id"),
        ({"scope_id": lending[0].pk}, "scope_id"),
        ({"scope_type": "system", "scope_id": nobody()}, "scope_id"),
        ({"scope_type": "system", "scope_id": lending[1].pk}, "scope_id"),
        ({"starts": now - timedelta(days=1)}, "starts"),
        ({"starts": datetime(2999, 1, 1)}, "starts"),  # noqa: DTZ001
        ({"ends": None}, "ends"),
        ({"ends": now}, "ends"),
        ({"ends": now + timedelta(days=400)}, "ends"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
    ]
    for change, field in cases:
        with pytest.raises(Invalid) as refusal:
            grant_request(actor=crew.olga, **(good | change))
        assert refusal.value.field == field, change
    assert Grant.objects.count() == 2
    grant_request(actor=crew.olga, **good)
    with pytest.raises(Conflict, match="requested already"):
        grant_request(actor=crew.olga, **good)


def test_roles_that_do_not_go_together(crew: Crew) -> None:
    auditor = crew.person("auditor")
    with pytest.raises(Invalid, match="Owner doesn't go together with Auditor"):
        crew.request(auditor, "owner")
    with pytest.raises(Invalid, match="doesn't go together with Operator"):
        crew.request(crew.second, "risk-reviewer")
    # asked for side by side, confirmed one after the other
    user = crew.person()
    first, second = crew.request(user, "operator"), crew.request(user, "risk-reviewer")
    grant_confirm(actor=crew.omar, grant_id=first.pk)
    with pytest.raises(Invalid):
        grant_confirm(actor=crew.omar, grant_id=second.pk)


def test_a_revocation_takes_one_and_acts_at_once(crew: Crew, lending: Any) -> None:
    user = crew.person("risk-reviewer", on=lending[0])
    actor, grant = acting(user), Grant.objects.get(holder_user=user)
    assert access.allowed(actor, P.VERSION_APPROVE, lending[0])
    assert image(user)[1]
    with pytest.raises(Invalid):
        grant_revoke(actor=crew.olga, grant_id=grant.pk, reason=" ")
    grant_revoke(actor=crew.olga, grant_id=grant.pk, reason="Moved to sales.")
    assert not access.allowed(actor, P.VERSION_APPROVE, lending[0])
    assert image(user) == (set(), set())
    with pytest.raises(Conflict):
        grant_revoke(actor=crew.omar, grant_id=grant.pk, reason="Again.")


def test_the_projection_keeps_what_another_grant_still_gives(crew: Crew, lending: Any) -> None:
    user = crew.person("risk-reviewer", "independent-validator", on=lending[0])
    crew.grant(user, "developer", lending[1])
    assert_projected(user)
    before = image(user)
    grant_revoke(
        actor=crew.olga, grant_id=Grant.objects.get(holder_user=user, role="developer").pk, reason="Moved."
    )
    assert_projected(user)
    after = image(user)
    assert after[1] < before[1]
    user_deactivate(actor=crew.olga, user_id=user.pk)
    assert image(user) == (set(), set())
    assert set(Grant.objects.filter(holder_user=user).values_list("state", flat=True)) == {"revoked"}


def test_the_last_operator_stays(crew: Crew) -> None:
    grants = {grant.holder_user_id: grant for grant in Grant.objects.filter(role="operator")}
    grant_revoke(actor=crew.omar, grant_id=grants[crew.first.pk].pk, reason="Stolen laptop.")
    with pytest.raises(NotAllowed):
        grant_revoke(actor=crew.olga, grant_id=grants[crew.second.pk].pk, reason="Revenge.")
    with pytest.raises(Refused, match="last operator"):
        grant_revoke(actor=crew.omar, grant_id=grants[crew.second.pk].pk, reason="I leave.")
    with pytest.raises(NotAllowed):
        user_deactivate(actor=crew.omar, user_id=crew.second.pk)


def test_an_end_is_computed_and_then_recorded(
    crew: Crew, lending: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = clock.now() + timedelta(hours=1)
    user = crew.person("auditor", on=lending[0], ends=ends)
    grant = Grant.objects.get(holder_user=user)
    with pytest.raises(Conflict):
        grant_end(actor=Actor.system("expiry-sweep"), grant_id=grant.pk)
    with pytest.raises(NotAllowed):
        grant_end(actor=crew.olga, grant_id=grant.pk)
    monkeypatch.setattr(clock, "now", lambda: ends)
    assert not access.allowed(acting(user), P.SYSTEM_VIEW, lending[0])
    tasks.sweep()
    tasks.sweep()
    grant.refresh_from_db()
    assert grant.state == "ended"
    assert image(user) == (set(), set())
    assert Entry.objects.filter(event="people.grant_ended").count() == 1


def test_a_grant_that_begins_later_is_projected_then(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = clock.now() + timedelta(hours=1)
    user = crew.person()
    crew.grant(user, "auditor", starts=starts, ends=starts + timedelta(days=1))
    assert image(user) == (set(), set())
    monkeypatch.setattr(clock, "now", lambda: starts)
    tasks.sweep()
    assert_projected(user)
    assert image(user)[0]


def test_a_request_is_refused_or_withdrawn(crew: Crew, lending: Any) -> None:
    user = crew.person()
    grant_refuse(actor=crew.olga, grant_id=crew.request(user, "auditor").pk)
    owner = acting(crew.person("owner", on=lending[0]))
    asked = grant_request(
        actor=owner,
        role="developer",
        holder_id=user.pk,
        scope_type="system",
        scope_id=lending[0].pk,
        reason="Builds.",
    )
    grant_refuse(actor=owner, grant_id=asked.pk)
    with pytest.raises(Conflict):
        grant_confirm(actor=crew.omar, grant_id=asked.pk)


def test_a_grant_that_is_not_there(crew: Crew) -> None:
    with pytest.raises(NotThere):
        grant_confirm(actor=crew.olga, grant_id=nobody())
    with pytest.raises(NotAllowed) as refusal:
        grant_confirm(actor=acting(crew.person()), grant_id=nobody())
    assert refusal.value.reason == "no-grant"


def test_the_database_too_wants_two_persons(crew: Crew) -> None:
    grant = crew.request(crew.person(), "auditor")
    for change in ({"confirmed_by": ""}, {"confirmed_by": grant.requested_by}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.filter(pk=grant.pk).update(state="active", **change)
