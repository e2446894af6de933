"""Who decides, on what, how often: quorum, separation of duties, lost roles, double clicks, races."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.models import Decision, Warrant
from governance.selectors.requirements import requirement_states
from governance.services.checks import checks_request
from governance.services.decisions import decision_record
from governance.services.deployments import deployment_request
from governance.services.versions import version_start_review, version_withdraw
from governance.services.waivers import waiver_approve, waiver_request
from ledger import clock
from ledger.errors import Conflict, NotAllowed, ServiceError
from ledger.models import Entry
from people.actors import for_user
from people.models import Grant
from people.services.grants import grant_revoke
from registry.selectors.versions import version_by_id
from tests.world import work

pytestmark = pytest.mark.slow


def context(version: Any) -> Context:
    return Context(version_by_id(version.pk), clock.now())


def test_a_lost_role_uncounts_a_pending_approval_and_no_warrant(world: Any) -> None:
    version = world.in_review()
    world.decide(version, "validator", "independent-validator")
    filled, _ = seats(context(version))
    assert [seat.decision is not None for seat in filled] == [True, False]
    grant = Grant.objects.get(holder_user=world.users["validator"], role="independent-validator")
    grant_revoke(actor=world["one"], grant_id=grant.pk, reason="Left the team.")
    filled, uncounted = seats(context(version))
    assert [seat.decision for seat in filled] == [None, None]
    assert "no longer holds this role" in uncounted[0].why
    world.decide(version, "reviewer", "risk-reviewer")
    assert version_by_id(version.pk).state == "review"


def test_the_same_decision_twice_is_one(world: Any) -> None:
    version = world.in_review()
    first = world.decide(version, "validator", "independent-validator")
    assert world.decide(version, "validator", "independent-validator").pk == first.pk
    assert Decision.objects.count() == 1
    with pytest.raises(NotAllowed):
        world.decide(version, "validator", "risk-reviewer")


@pytest.mark.once
def test_tokens_and_stale_sessions_never_approve(world: Any) -> None:
    version = world.in_review()
    shown = context(version)
    said = {"version_id": version.pk, "outcome": "approve", "seat": "risk-reviewer", "reason": "x"}
    with pytest.raises(NotAllowed):
        decision_record(actor=world.ci, shown=shown.shown, shown_digest=shown.shown_digest, **said)
    stale = for_user(
        world.users["reviewer"], "test", authenticated_at=clock.now() - timedelta(hours=3), interactive=True
    )
    with pytest.raises(NotAllowed) as refusal:
        decision_record(actor=stale, shown=shown.shown, shown_digest=shown.shown_digest, **said)
    assert refusal.value.reason == "stale-session"


@pytest.mark.once
def test_a_reviewer_who_runs_a_check_again_is_not_barred(world: Any) -> None:
    version = world.in_review()
    again = checks_request(actor=world["validator"], version_id=version.pk, checks=["evaluation"])
    assert again[0].requested_as == "reviewer"
    work()
    world.decide(version, "validator", "independent-validator")
    assert Decision.objects.filter(person=world.users["validator"].pseudonym).count() == 1


def test_a_new_result_voids_the_approvals_given_before(world: Any) -> None:
    version = world.in_review()
    world.decide(version, "validator", "independent-validator")
    checks_request(actor=world["validator"], version_id=version.pk, checks=["evaluation"])
    work()
    _, uncounted = seats(context(version))
    assert "result evaluation was added" in uncounted[0].why


def test_a_waiver_needs_another_person_and_bounds_the_warrant(world: Any) -> None:
    version = world.validated()
    ends = clock.now() + timedelta(days=20)
    said = {"reason": "Known.", "compensating_control": "A person looks.", "ends": ends}
    waiver = waiver_request(actor=world["owner"], version_id=version.pk, requirement="parity-ratio", **said)
    with pytest.raises(NotAllowed):
        waiver_approve(actor=world["owner"], waiver_id=waiver.pk)
    waiver_approve(actor=world["reviewer"], waiver_id=waiver.pk)
    with pytest.raises(ServiceError, match="not be waived"):
        waiver_request(actor=world["owner"], version_id=version.pk, requirement="accuracy", **said)
    version_start_review(actor=world["validator"], version_id=version.pk)
    world.cover(version)
    world.decide(version, "validator", "independent-validator")
    world.decide(version, "reviewer", "risk-reviewer")
    deployment_request(
        actor=world["owner"], version_id=version.pk, environment="production", region="eu", arm="main"
    )
    row = version_by_id(version.pk)
    state = {item.requirement.name: item for item in requirement_states(row, at=clock.now())}["parity-ratio"]
    if state.standing != "met":
        assert Warrant.objects.get().not_after == ends
    later = {item.requirement.name: item for item in requirement_states(row, at=ends + timedelta(seconds=1))}
    assert later["parity-ratio"].waiver is None


def at_once(*acts: Any) -> list[Exception | None]:
    """Run all acts from one barrier, each in a thread with a connection of its own."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Any) -> None:
        barrier.wait()
        try:
            act()
        except ServiceError as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_two_reviewers_at_once_make_two_approvals_and_one_transition(world: Any) -> None:
    version = world.in_review()
    pair = (("validator", "independent-validator"), ("reviewer", "risk-reviewer"))
    outcomes = at_once(*[lambda who=who: world.decide(version, *who) for who in pair * 8])
    assert all(error is None or isinstance(error, Conflict | NotAllowed) for error in outcomes), outcomes
    assert Decision.objects.filter(version=version, outcome="approve").count() == 2
    assert version_by_id(version.pk).state == "approved"
    moved = Entry.objects.filter(event="registry.version_moved", subject_id=str(version.pk))
    assert sum(b'"move":"approve"' in bytes(row.bytes) for row in moved) == 1


def test_approve_and_withdraw_at_once_have_one_winner(world: Any) -> None:
    version = world.in_review()
    world.decide(version, "validator", "independent-validator")
    outcomes = at_once(
        lambda: world.decide(version, "reviewer", "risk-reviewer"),
        lambda: version_withdraw(actor=world["owner"], version_id=version.pk),
    )
    assert version_by_id(version.pk).state in ("approved", "withdrawn")
    assert sum(error is None for error in outcomes) == 1
