"""Deciding in another's place: whose seat it is, what bars both, and when it stops counting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.selectors.due import who_holds
from governance.selectors.tasks import inbox_of
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.workload import open_seats, workload
from ledger import clock
from ledger.errors import Conflict, NotAllowed
from ledger.models import Entry
from people.models import ActedFor, Delegation, Grant, User
from people.services.delegations import delegation_make, delegation_revoke
from people.services.people import user_create
from registry.models import Version
from registry.models.versions import Work
from registry.selectors.versions import version_by_id
from registry.services.content import took_part
from tests.registry.world import in_transaction
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def newcomer(world: World, name: str) -> User:
    user, _ = user_create(
        actor=world["one"], email=f"{name}@example.org", name=name.capitalize(), temporary=False
    )
    world.users[name] = user
    return user


def lend(world: World, who: str, to: str) -> Delegation:
    grants = Grant.objects.filter(holder_user=world.users[who], state="active")
    (row,) = delegation_make(
        actor=world[who],
        grant_ids=[grant.pk for grant in grants],
        delegate_id=world.users[to].pk,
        ends=clock.now() + timedelta(days=7),
        reason="On leave.",
    )
    return row


def filled(version: Version) -> list[str]:
    found, _ = seats(Context(version_by_id(version.pk), clock.now()))
    return [seat.role for seat in found if seat.decision]


def whys(version: Version) -> list[str]:
    _, uncounted = seats(Context(version_by_id(version.pk), clock.now()))
    return [item.why for item in uncounted]


def test_a_lent_seat_is_filled_once_and_counts_while_it_is_lent(world: World) -> None:
    version = world.in_review()
    for name in ("petra", "quinn"):
        newcomer(world, name)
    with pytest.raises(NotAllowed):
        world.decide(version, "petra", "risk-reviewer")
    first, second = lend(world, "reviewer", "petra"), lend(world, "reviewer", "quinn")
    assert set(open_seats(world["auditor"])) == {
        world.users[key].pseudonym for key in ("validator", "reviewer")
    }
    assert {load.person.name for load in workload(world["auditor"])} == {
        world.users[key].name for key in ("validator", "reviewer")
    }
    decision = world.decide(version, "petra", "risk-reviewer")
    assert world.decide(version, "petra", "risk-reviewer").pk == decision.pk  # a double click
    act = ActedFor.objects.get(subject_id=decision.pk)
    assert (act.person, act.delegator) == (world.users["petra"].pseudonym, world.users["reviewer"].pseudonym)
    assert Entry.objects.filter(event="people.acted_for").count() == 1
    assert filled(version) == ["risk-reviewer"]

    # the seat is the reviewer's: neither another delegate nor the reviewer fills a second one with it
    with pytest.raises(Conflict, match="one person fills one seat"):
        world.decide(version, "quinn", "risk-reviewer")
    world.decide(version, "reviewer", "risk-reviewer")
    assert filled(version) == ["risk-reviewer"]
    assert any("already fills a seat" in why for why in whys(version))

    client = Client()
    client.force_login(world.users["auditor"])
    page = client.get(f"/versions/{version.pk}/").content.decode()
    assert f"as delegate of {world.users['reviewer'].name}" in page

    # what is lent no more un-counts the pending approval, and the holder's own counts again
    delegation_revoke(actor=world["reviewer"], delegation_id=first.pk)
    assert "its giver no longer holds this role" in whys(version)
    assert filled(version) == ["risk-reviewer"]
    delegation_revoke(actor=world["quinn"], delegation_id=second.pk)

    # WF-06: the form was open when it ended
    with pytest.raises(NotAllowed):
        world.decide(version, "quinn", "risk-reviewer")
    world.decide(version, "validator", "independent-validator")
    assert version_by_id(version.pk).state == "approved"


def test_who_made_it_decides_through_nobody_and_for_nobody(world: World) -> None:
    version = world.in_review()
    newcomer(world, "petra")
    # to a contributor: the developer took part, whoever's right it is
    lend(world, "reviewer", "developer")
    with pytest.raises(NotAllowed) as refused:
        world.decide(version, "developer", "risk-reviewer")
    assert refused.value.reason == "contributor"
    # of an owner: whoever stands in for the owner is barred as the owner is, also in their own right
    lend(world, "owner", "validator")
    with pytest.raises(NotAllowed) as refused:
        world.decide(version, "validator", "independent-validator")
    assert refused.value.reason == "owner"
    assert filled(version) == []


@pytest.mark.once
def test_who_stands_in_for_the_author_puts_no_policy_of_theirs_into_force(world: World, root: Path) -> None:
    text = (root / "fixtures" / "policies" / "low.yaml").read_text()
    draft = policy_draft(actor=world["author"], text=text)
    policy_submit(actor=world["author"], policy_id=draft.pk)
    lent = lend(world, "author", "approver")
    with pytest.raises(NotAllowed):
        policy_approve(actor=world["approver"], policy_id=draft.pk)
    delegation_revoke(actor=world["author"], delegation_id=lent.pk)
    assert policy_approve(actor=world["approver"], policy_id=draft.pk).state == "in-force"


def test_what_waits_for_somebody_waits_for_who_stands_in_for_them(world: World) -> None:
    version = world.in_review()
    for name in ("petra", "quinn"):
        newcomer(world, name)
        lend(world, "reviewer", name)

    def asked_of(name: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(task.kind, task.stands_for) for task in inbox_of(world[name]).tasks]

    reviewer = world.users["reviewer"]
    assert asked_of("petra") == [("decide", (reviewer.pseudonym,))]
    assert asked_of("reviewer") == [("decide", ())]
    client = Client()
    client.force_login(world.users["petra"])
    session = client.session
    session["people.second_factor"] = True
    session["people.authenticated_at"] = clock.now().timestamp()
    session.save()
    assert f"you hold an approval seat, for {reviewer.name}" in client.get("/").content.decode()
    found = {user.pseudonym for user in who_holds(["risk-reviewer"], version)}
    assert {world.users[name].pseudonym for name in ("reviewer", "petra", "quinn")} <= found

    # one person fills one seat: with it filled, nothing waits for the other delegate
    world.decide(version, "petra", "risk-reviewer")
    assert asked_of("petra") == asked_of("quinn") == []

    # nobody is asked about what they took part in, or whom they stand in for did
    fresh = world.in_review(weights=b"next")
    record(fresh, "petra", world)
    assert asked_of("petra") == []
    record(fresh, "reviewer", world)
    assert asked_of("quinn") == []
    left = {user.pseudonym for user in who_holds(["risk-reviewer"], fresh)}
    assert not left & {world.users[name].pseudonym for name in ("petra", "quinn")}


def record(version: Version, who: str, world: World) -> None:
    """Somebody took part in making it."""
    in_transaction(lambda: took_part(world[who], version, Work.CARD))
