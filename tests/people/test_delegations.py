"""Lending a role for a time: who may, to whom, for how long, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.models import Entry
from people import access, selectors
from people.access import Scope
from people.catalogue import DELEGABLE, INCOMPATIBLE, P
from people.models import Absence, Delegation, Grant, Notice, User
from people.services.absences import absence_announce, absence_cancel
from people.services.delegations import delegation_end, delegation_make, delegation_revoke
from people.services.grants import grant_confirm, grant_request, grant_revoke
from people.services.notices import notify
from people.services.people import user_deactivate
from people.tasks import sweep
from tests.people.crew import Crew, acting
from tests.people.test_sign_in import signed_in

pytestmark = pytest.mark.django_db


class Clock:
    """The database's clock, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.moment)

    def forward(self, **by: float) -> datetime:
        self.moment += timedelta(**by)
        return self.moment


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    return Clock(monkeypatch)


def lend(holder: User, delegate: User, *roles: str, **more: Any) -> list[Delegation]:
    grants = Grant.objects.filter(holder_user=holder, state="active")
    wanted = [row.pk for row in grants if not roles or row.role in roles]
    said = {"ends": clock.now() + timedelta(days=7), "reason": "On leave.", **more}
    return delegation_make(actor=acting(holder), grant_ids=wanted, delegate_id=delegate.pk, **said)


def test_a_lent_role_is_a_right_of_the_delegate(crew: Crew, lending: Any) -> None:
    system, model, _, other = lending
    holder, delegate = crew.person("risk-reviewer", on=system), crew.person()
    assert not access.allowed(acting(delegate), P.VERSION_APPROVE, model)
    (row,) = lend(holder, delegate)
    actor = acting(delegate)
    assert actor.stands_in_for == {holder.pseudonym}
    assert actor.principals == {holder.pseudonym, delegate.pseudonym}
    assert access.allowed(actor, P.VERSION_APPROVE, model)
    assert access.roles(actor, model) == {"risk-reviewer"}
    assert not access.allowed(actor, P.VERSION_APPROVE, other)
    access.require(actor, P.VERSION_APPROVE, system)
    assert list(access.visible(actor, P.SYSTEM_VIEW, type(system).objects.all())) == [system]
    assert access.lenders(actor, "risk-reviewer", model) == (holder.pseudonym,)
    assert access.holds(delegate.pseudonym, "risk-reviewer", model, lent_by=holder.pseudonym)
    assert not access.holds(delegate.pseudonym, "risk-reviewer", model)  # a seat of their own they don't have
    assert [item.pk for item in selectors.stands_in_for(delegate.pseudonym)] == [row.pk]
    assert selectors.stands_in_for(holder.pseudonym) == []
    assert Entry.objects.filter(event="people.delegation_made").count() == 1


def test_without_a_second_factor_it_carries_no_power(crew: Crew, lending: Any) -> None:
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    assert not access.needs_second_factor(delegate)
    lend(holder, delegate)
    assert access.needs_second_factor(delegate)
    weak = acting(delegate, interactive=False)
    assert not access.allowed(weak, P.VERSION_APPROVE, lending[0])
    assert access.allowed(weak, P.VERSION_VIEW, lending[0])


@pytest.mark.once
def test_an_actor_of_before_the_delegation_uses_none_of_it(crew: Crew, lending: Any) -> None:
    """Rights are used only together with what bars their holder: the two are read at once."""
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    before = acting(delegate)
    lend(holder, delegate)
    assert not access.allowed(before, P.VERSION_APPROVE, lending[0])


def test_it_begins_and_ends_at_the_very_second(crew: Crew, lending: Any, time: Clock) -> None:
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    starts, ends = time.moment + timedelta(hours=1), time.moment + timedelta(hours=2)
    (row,) = lend(holder, delegate, starts=starts, ends=ends)
    moments = {starts - timedelta(milliseconds=1): False, starts: True}
    moments |= {ends - timedelta(milliseconds=1): True, ends: False}
    for moment, may in moments.items():
        time.moment = moment
        assert access.allowed(acting(delegate), P.VERSION_APPROVE, lending[0]) is may, moment
    # TM-04: the actor of an open form, whose session began while it was in force
    time.moment = ends - timedelta(milliseconds=1)
    actor = acting(delegate)
    time.moment = ends
    with pytest.raises(NotAllowed) as refused:
        access.require(actor, P.VERSION_APPROVE, lending[0])
    assert refused.value.reason == "no-grant"
    sweep()
    row.refresh_from_db()
    assert row.state == "ended"
    with pytest.raises(Conflict):
        delegation_end(actor=Actor.system("expiry-sweep"), delegation_id=row.pk)


@pytest.mark.sampled
@pytest.mark.parametrize("how", ["delegator", "delegate", "operator", "grant", "locked out", "gone"])
def test_it_is_over_with_the_next_request(crew: Crew, lending: Any, how: str) -> None:
    """AZ-12, WF-06: the session and the open form live on, the right doesn't."""
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    (row,) = lend(holder, delegate)
    client, actor = signed_in(crew, delegate), acting(delegate)
    may = "governance.version.approve"
    assert may in client.get("/api/v1/me").json()["permissions"]
    if how == "grant":
        grant_revoke(actor=crew.omar, grant_id=row.grant_id, reason="Moved on.")
    elif how == "locked out":
        user_deactivate(actor=crew.olga, user_id=holder.pk)
    elif how == "gone":
        user_deactivate(actor=crew.olga, user_id=delegate.pk)
    else:
        by = {"delegator": acting(holder), "delegate": actor, "operator": crew.olga}[how]
        delegation_revoke(actor=by, delegation_id=row.pk)
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401 or may not in answer.json()["permissions"]
    with pytest.raises(NotAllowed):
        access.require(actor, P.VERSION_APPROVE, lending[0])
    if how in ("delegator", "delegate", "operator"):
        with pytest.raises(Conflict):
            delegation_revoke(actor=crew.olga, delegation_id=row.pk)


def test_nobody_lends_what_was_lent_to_them(crew: Crew, lending: Any) -> None:
    holder, delegate, third = crew.person("risk-reviewer", on=lending[0]), crew.person(), crew.person()
    (row,) = lend(holder, delegate)
    with pytest.raises(Invalid) as refused:
        delegation_make(
            actor=acting(delegate),
            grant_ids=[row.grant_id],
            delegate_id=third.pk,
            ends=clock.now() + timedelta(days=1),
            reason="On leave too.",
        )
    assert refused.value.field == "grants"
    with pytest.raises(Invalid, match="themselves"):
        lend(holder, holder)


def test_what_cannot_be_held_together_cannot_be_lent(crew: Crew, lending: Any) -> None:
    holder = crew.person("risk-reviewer", on=lending[0])
    for other in (crew.first, crew.person("auditor")):
        with pytest.raises(Invalid) as refused:
            lend(holder, other)
        assert refused.value.field == "delegate"
    delegate = crew.person()
    asked = crew.request(delegate, "operator")
    lend(holder, delegate)
    for grant in (
        lambda: grant_confirm(actor=crew.omar, grant_id=asked.pk),
        lambda: crew.request(delegate, "operator"),
    ):
        with pytest.raises((Invalid, Conflict)):
            grant()
    with pytest.raises(Invalid, match="which is delegated"):
        grant_confirm(actor=crew.omar, grant_id=asked.pk)


@pytest.mark.once
def test_what_hands_out_rights_is_never_lent(crew: Crew) -> None:
    with pytest.raises(Invalid, match="can't be delegated"):
        lend(crew.first, crew.person())
    assert not {"operator", "auditor", "ci", "developer"} & DELEGABLE
    assert all(frozenset({"operator", role}) in INCOMPATIBLE for role in DELEGABLE - {"security-reviewer"})


def test_only_its_holder_lends_a_role_freshly_signed_in(crew: Crew, lending: Any, time: Clock) -> None:
    holder, other, delegate = (crew.person("risk-reviewer", on=lending[0]), crew.person(), crew.person())
    grant = Grant.objects.get(holder_user=holder)
    said: dict[str, Any] = {
        "grant_ids": [grant.pk],
        "delegate_id": delegate.pk,
        "ends": clock.now() + timedelta(days=1),
        "reason": "On leave.",
    }
    for actor in (acting(other), crew.olga):
        with pytest.raises(Invalid):
            delegation_make(actor=actor, **said)
    with pytest.raises(NotAllowed):
        delegation_make(actor=acting(holder, interactive=False), **said)
    stale = acting(holder)
    time.forward(minutes=16)
    with pytest.raises(NotAllowed) as refused:
        delegation_make(actor=stale, **said)
    assert refused.value.reason == "stale-session"
    assert not Delegation.objects.exists()


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ends": timedelta(days=-1)}, "ends"),
        ({"ends": timedelta(days=91)}, "ends"),
        ({"starts": timedelta(days=-1)}, "starts"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"scope_type": "system"}, "scope_id"),
    ],
)
def test_input_that_is_wrong_is_named(crew: Crew, lending: Any, wrong: dict[str, Any], field: str) -> None:
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    said = {key: clock.now() + by if isinstance(by, timedelta) else by for key, by in wrong.items()}
    with pytest.raises(Invalid) as refused:
        lend(holder, delegate, **said)
    assert refused.value.field == field
    assert not Delegation.objects.exists()


def test_it_can_be_narrowed_and_never_widened(crew: Crew, lending: Any) -> None:
    system, model, sibling, other = lending
    holder, delegate = crew.person("risk-reviewer"), crew.person()
    lend(holder, delegate, scope_type="system", scope_id=system.pk)
    actor = acting(delegate)
    assert access.allowed(actor, P.VERSION_APPROVE, model)
    assert not access.allowed(actor, P.VERSION_APPROVE, other)
    assert not access.reach(actor).organisation
    narrow, third = crew.person("risk-reviewer", on=model), crew.person()
    for kind, pk in (("system", system.pk), ("model", sibling.pk), ("system", other.pk)):
        with pytest.raises(Invalid) as refused:
            lend(narrow, third, scope_type=kind, scope_id=pk)
        assert refused.value.field == "scope_id"


def test_a_double_click_lends_once(crew: Crew, lending: Any) -> None:
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    lend(holder, delegate)
    with pytest.raises(Conflict):
        lend(holder, delegate)
    assert Delegation.objects.count() == 1


@pytest.mark.once
def test_a_stranger_cannot_end_it_and_sees_none(crew: Crew, lending: Any) -> None:
    (row,) = lend(crew.person("risk-reviewer", on=lending[0]), crew.person())
    stranger = crew.person("developer", on=lending[3])
    with pytest.raises(NotAllowed) as refused:
        delegation_revoke(actor=acting(stranger), delegation_id=row.pk)
    assert not refused.value.visible
    client = signed_in(crew, stranger)
    assert client.get(f"/profile/delegations/{row.pk}/revoke/").status_code == 404
    assert client.post(f"/profile/delegations/{row.pk}/revoke/").status_code == 404
    with pytest.raises((NotThere, NotAllowed)):
        delegation_revoke(actor=acting(stranger), delegation_id=stranger.pk)


def test_the_delegate_may_not_confirm_what_the_delegator_requested(crew: Crew, lending: Any) -> None:
    """The second person of two is never the first one's stand-in."""
    owner, operator = crew.person("owner", on=lending[0]), crew.person("operator")
    security = crew.person("security-reviewer")
    lend(security, crew.person())
    asked = grant_request(
        actor=acting(owner),
        role="risk-reviewer",
        holder_id=crew.person().pk,
        scope_type="system",
        scope_id=lending[0].pk,
        reason="Needed.",
    )
    actor = acting(operator)
    inside = Actor(
        **{
            **{name: getattr(actor, name) for name in Actor.__slots__},
            "stands_in_for": frozenset({owner.pseudonym}),
        }
    )
    with pytest.raises(NotAllowed) as refused:
        grant_confirm(actor=inside, grant_id=asked.pk)
    assert refused.value.reason == "requester"


def test_a_seat_is_its_holder_s_whoever_sits_in_it(crew: Crew, lending: Any) -> None:
    holder, delegate, other = crew.person("risk-reviewer", on=lending[0]), crew.person(), crew.person()
    lend(holder, delegate)
    lend(holder, other)
    scope = Scope.system(lending[0].pk)
    assert selectors.fillable("risk-reviewer", scope) == [holder]
    assert selectors.fillable("risk-reviewer", scope, excluding={holder.pseudonym}) == []
    own = crew.person("risk-reviewer", on=lending[0])
    lend(holder, own)
    assert access.lenders(acting(own), "risk-reviewer", scope) == ()  # their own right comes first


@pytest.mark.once
def test_notices_go_to_who_stands_in_and_to_the_deputy(crew: Crew, lending: Any, time: Clock) -> None:
    holder, delegate, deputy = crew.person("risk-reviewer", on=lending[0]), crew.person(), crew.person()
    lend(holder, delegate)
    row = absence_announce(actor=acting(holder), ends=time.moment + timedelta(days=2), deputy_id=deputy.pk)
    Notice.objects.all().delete()
    assert notify([holder], "Look.") == 3
    assert not access.reach(acting(deputy)).all  # a deputy gets notices, no right
    absence_cancel(actor=acting(holder), absence_id=row.pk)
    assert notify([holder], "Look.") == 2
    time.forward(days=8)
    assert notify([holder], "Look.") == 1


@pytest.mark.once
def test_an_absence_is_one_s_own(crew: Crew) -> None:
    user, other = crew.person(), crew.person()
    tomorrow = clock.now() + timedelta(days=1)
    row = absence_announce(actor=acting(user), ends=tomorrow)
    with pytest.raises(Conflict):
        absence_announce(actor=acting(user), ends=tomorrow)
    with pytest.raises(NotAllowed):
        absence_cancel(actor=acting(other), absence_id=row.pk)
    for wrong in (
        {"ends": clock.now() - timedelta(days=1)},
        {"ends": tomorrow, "deputy_id": other.pk, "starts": tomorrow},
    ):
        with pytest.raises(Invalid):
            absence_announce(actor=acting(other), **wrong)  # type: ignore[arg-type]
    absence_cancel(actor=acting(user), absence_id=row.pk)
    with pytest.raises(Conflict):
        absence_cancel(actor=acting(user), absence_id=row.pk)


@pytest.mark.once
def test_the_pages_lend_and_take_back(crew: Crew, lending: Any) -> None:
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    client = signed_in(crew, holder)
    page = client.get("/profile/delegations/new/")
    assert b"Risk reviewer: System Lending" in page.content
    grant = Grant.objects.get(holder_user=holder)
    ends = (clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    said = {"grants": str(grant.pk), "delegate": delegate.email, "ends": ends, "reason": "On leave."}
    wrong = client.post("/profile/delegations/new/", {**said, "reason": ""})
    assert wrong.status_code == 400
    assert not Delegation.objects.exists()
    assert client.post("/profile/delegations/new/", {**said, "grants": str(holder.pk)}).status_code == 400
    unknown = client.post("/profile/delegations/new/", {**said, "delegate": "nobody@example.org"})
    assert unknown.status_code == 400
    assert b"nobody here with this address" in unknown.content
    assert client.post("/profile/delegations/new/", said)["Location"] == "/profile/delegations/"
    row = Delegation.objects.get()
    assert b"In force" in client.get("/profile/delegations/").content
    theirs = Client()
    theirs.force_login(delegate)
    assert b"You stand in for others" in theirs.get("/profile/").content
    assert client.get(f"/profile/delegations/{row.pk}/revoke/").status_code == 200
    assert Delegation.objects.get().state == "active"  # looking changes nothing
    assert client.post(f"/profile/delegations/{row.pk}/revoke/").status_code == 302
    assert Delegation.objects.get().state == "revoked"
    answer = client.post("/profile/absences/new/", {"ends": ends, "deputy": delegate.email.upper()})
    assert answer.status_code == 302
    away = Absence.objects.get()
    assert b"gets your notices too" in client.get("/profile/delegations/").content
    assert theirs.post(f"/profile/absences/{away.pk}/cancel/").status_code == 404
    assert client.post(f"/profile/absences/{away.pk}/cancel/").status_code == 302
