"""Break-glass (WF-16): reason, second person, end and review; listed for ever, over by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from governance.models import Emergency
from governance.selectors.emergencies import counted, status_at
from governance.services import gate
from governance.services.emergencies import (
    CLOCK,
    GROUND,
    emergencies_sweep,
    emergency_agree,
    emergency_refuse,
    emergency_request,
    emergency_reverse,
    emergency_withdraw,
)
from governance.services.gate import ask
from governance.services.moves import moves_of
from governance.services.policies import policy_approve, policy_draft, policy_submit
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, Refused
from modelwarrant import canonical, envelope
from people.models import Notice
from registry.selectors.versions import version_by_id
from tests.governance.lifecycle import PLACE, amended, executive, issued, reported
from tests.policies import shipped

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]


def later(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    """The database's clock, moved on."""
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(**time))


def asked(world: Any, version: Any, **changes: Any) -> Emergency:
    said = {**PLACE, "reason": "The running one drops every request.", "hours": 4, **changes}
    return emergency_request(actor=world["owner"], version_id=version.pk, **said)


@pytest.fixture
def waiting(world: Any) -> tuple[Any, Any]:
    amended(world)
    executive(world)
    return world, world.validated()


def test_break_glass_from_its_request_to_its_end(
    waiting: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, version = waiting
    assert ask(actor=world.ci, version_id=version.pk, **PLACE).answer != "pass"
    with pytest.raises(Invalid, match="what the emergency is"):
        asked(world, version, reason=" ")
    with pytest.raises(Invalid, match="1 to 24 hours"):
        asked(world, version, hours=25)
    for who in ("developer", "reviewer", "validator"):
        with pytest.raises(NotAllowed):
            emergency_request(actor=world[who], version_id=version.pk, **PLACE, reason="x", hours=1)
    with pytest.raises(NotAllowed):  # a token never breaks glass
        emergency_request(actor=world.ci, version_id=version.pk, **PLACE, reason="x", hours=1)
    emergency = asked(world, version)
    assert Notice.objects.filter(recipient=world.users["executive"], text__contains="emergency").exists()
    with pytest.raises(Conflict, match="nothing prolongs it"):
        asked(world, version)
    assert ask(actor=world.ci, version_id=version.pk, **PLACE).answer != "pass"

    with pytest.raises(NotAllowed):  # its requester
        emergency_agree(actor=world["owner"], emergency_id=emergency.pk)
    with pytest.raises(Refused, match="refused"):  # may agree to emergencies, but isn't whom the policy names
        emergency_agree(actor=world["reviewer"], emergency_id=emergency.pk)
    opened = {
        who: next(m for m in moves_of(world[who], emergency) if m.transition.name == "agree")
        for who in ("executive", "reviewer", "owner")
    }
    assert [opened[who].open for who in opened] == [True, False, False]
    assert "Accountable executive" in opened["reviewer"].why

    emergency = emergency_agree(actor=world["executive"], emergency_id=emergency.pk)
    with pytest.raises(Conflict, match="nothing waits"):
        emergency_agree(actor=world["executive"], emergency_id=emergency.pk)
    issued()
    reply = ask(actor=world.ci, version_id=version.pk, **PLACE)
    assert reply.answer == "pass", reply.reasons
    assert any(note.startswith("break-glass: runs without approval until") for note in reply.notes)
    emergency.refresh_from_db()
    warrant = emergency.warrant
    assert warrant is not None
    assert (warrant.not_after, warrant.grace_ends) == (emergency.ends, emergency.ends)
    signed = envelope.read(canonical.decode(warrant.document.encode().removesuffix(b"\n"))["envelope"])
    assert "break-glass" in json.dumps(canonical.decode(signed.payload))
    report = reported(world, emergency.deployment)
    assert (report.unexpected, emergency.deployment.state) == (False, "live"), report.reasons
    with pytest.raises(Conflict, match="hasn't ended"):
        emergency_reverse(actor=CLOCK, emergency_id=emergency.pk)
    assert emergencies_sweep(actor=CLOCK) == 0

    later(monkeypatch, hours=5)
    assert status_at(emergency, clock.now()) == "ended"
    assert ask(actor=world.ci, version_id=version.pk, **PLACE).answer == "refused"  # before anything swept
    assert emergencies_sweep(actor=CLOCK) == 1
    emergency.refresh_from_db()
    warrant.refresh_from_db()
    emergency.deployment.refresh_from_db()
    assert (emergency.state, warrant.void_ground) == ("reversed", GROUND)
    assert emergency.deployment.state == "ended"
    assert emergency.fallback == "Declared: stop. Last warranted here: nothing else."
    assert emergencies_sweep(actor=CLOCK) == 0

    second = asked(world, version)  # one more is one more
    emergency_agree(actor=world["executive"], emergency_id=second.pk)
    assert counted(version.model_id) == 2
    later(monkeypatch, days=4)
    assert emergencies_sweep(actor=CLOCK) == 2  # the first was never approved, the second's clock ended
    states = dict(Emergency.objects.values_list("pk", "state"))
    assert states == {emergency.pk: "not-approved", second.pk: "reversed"}


def test_approved_afterwards_by_the_normal_seats(waiting: tuple[Any, Any]) -> None:
    world, _ = waiting
    version = world.in_review()
    emergency = asked(world, version)
    emergency_agree(actor=world["executive"], emergency_id=emergency.pk)
    issued()
    world.decide(version, "validator", "independent-validator")
    world.decide(version, "reviewer", "risk-reviewer")
    assert version_by_id(version.pk).state == "approved"
    assert emergencies_sweep(actor=CLOCK) == 1
    emergency.refresh_from_db()
    assert emergency.state == "approved"
    gate.ask(actor=world.ci, version_id=version.pk, **PLACE)


@pytest.mark.once
def test_nothing_breaks_glass_for_what_nobody_would_let_through(waiting: tuple[Any, Any]) -> None:
    world, version = waiting
    draft = world.draft()
    with pytest.raises(Refused) as refused:
        asked(world, draft)
    assert refused.value.reasons[0]["code"] == "version-draft"
    with pytest.raises(Refused) as refused:
        asked(world, version, environment="moon")
    assert refused.value.reasons[0]["code"] == "environment"
    emergency = asked(world, version)
    assert emergency_withdraw(actor=world["owner"], emergency_id=emergency.pk).state == "refused"
    emergency = asked(world, version)
    assert emergency_refuse(actor=world["reviewer"], emergency_id=emergency.pk).state == "refused"
    assert counted(version.model_id) == 0


@pytest.mark.once
def test_a_policy_that_says_nothing_allows_none(world: Any) -> None:
    text = shipped("high", without=("break_glass",))
    policy = policy_draft(actor=world["author"], text=text)
    policy_submit(actor=world["author"], policy_id=policy.pk)
    policy_approve(actor=world["approver"], policy_id=policy.pk)
    version = world.validated()
    with pytest.raises(Refused) as refused:
        asked(world, version)
    assert refused.value.reasons[0]["code"] == "not-allowed"
