"""Nobody loosens the gate by way of the tier: not by claiming a low one, not by lowering it under a version on its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from governance.gates.answers import Answer
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.selectors.requirements import policy_of
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.tiering import tiering_confirm, tiering_send_back
from governance.services.versions import version_return, version_submit
from ledger import clock
from ledger.errors import NotAllowed, Refused
from registry.models import Tiering
from registry.selectors.versions import version_by_id
from registry.services.models import model_register
from registry.services.systems import system_edit, system_register
from registry.services.tierings import tiering_propose
from tests.world import MILDEST, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def world(home: Path, db: None) -> Any:
    """The high world, with the low tier's policy in force as well."""
    from tests.world import make_world

    made = make_world()
    text = (ROOT / "fixtures" / "policies" / "low.yaml").read_text(encoding="utf-8")
    policy = policy_draft(actor=made["author"], text=text)
    policy_submit(actor=made["author"], policy_id=policy.pk)
    policy_approve(actor=made["approver"], policy_id=policy.pk)
    return made


def proposed(world: Any, system_id: Any) -> Tiering:
    return tiering_propose(
        actor=world["owner"], system_id=system_id, is_model=True, why="It scores people.", answers=MILDEST
    )


def test_lowering_never_reaches_a_version_on_its_way(world: Any) -> None:
    version = world.draft()
    version_submit(actor=world["developer"], version_id=version.pk)
    pinned = version_by_id(version.pk).policy_digest
    wanted = [
        state.requirement.name for state in Context(version_by_id(version.pk), clock.now()).requirements
    ]
    row = proposed(world, world.system_id)
    tiering_confirm(actor=world["reviewer"], tiering_id=row.pk, note="Looked at the cases.")
    under_way = version_by_id(version.pk)
    assert (under_way.model.system.risk_tier, under_way.policy_digest) == ("low", pinned)
    assert policy_of(under_way).tier == "high"  # type: ignore[union-attr]
    context = Context(under_way, clock.now())
    assert [state.requirement.name for state in context.requirements] == wanted
    (answer,) = evaluate(("tier-confirmed",), context)
    assert answer.ok
    assert any("stays under the policy of the tier high" in note for note in answer.notes)
    later = world.draft(weights=b"other")
    version_submit(actor=world["developer"], version_id=later.pk)
    assert policy_of(version_by_id(later.pk)).tier == "low"  # type: ignore[union-attr]
    version_return(actor=world["validator"], version_id=version.pk, reason="Once more.")
    assert version_by_id(version.pk).state == "draft"


def test_a_claimed_tier_opens_no_gate(world: Any) -> None:
    system = system_register(
        actor=world["owner"],
        slug="quick",
        name="Quick",
        purpose="To pass by.",
        affected_people="Everybody",
        owner=world.users["owner"].pseudonym,
        legal_entity="Clinic Ltd",
        risk_tier="low",
        on_void="stop",
    )
    world.model = model_register(
        actor=world.ci, system_id=system.pk, slug="quick", name="Quick model", task="classification"
    )
    version = world.draft()
    with pytest.raises(Refused) as refused:
        version_submit(actor=world["developer"], version_id=version.pk)
    assert {reason["gate"] for reason in refused.value.reasons} == {"tier-confirmed"}
    (answer,) = evaluate(("tier-confirmed",), Context(version_by_id(version.pk), clock.now()))
    assert answer.answer is Answer.PENDING
    row = proposed(world, system.pk)
    with connection.cursor() as cursor:  # whoever owns the database confirms nothing either
        cursor.execute("UPDATE registry_tiering SET state = 'confirmed'")
    (answer,) = evaluate(("tier-confirmed",), Context(version_by_id(version.pk), clock.now()))
    assert (answer.answer, answer.reasons[0].code) == (Answer.REFUSED, "record-altered")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_tiering SET state = 'proposed'")
    tiering_confirm(actor=world["validator"], tiering_id=row.pk, note="It is what it says.")
    version_submit(actor=world["developer"], version_id=version.pk)
    assert version_by_id(version.pk).state == "validation"


def test_a_former_owner_stays_barred_for_as_long_as_the_policies_say(world: Any) -> None:
    reviewer = world.users["reviewer"].pseudonym
    system_edit(actor=world["owner"], system_id=world.system_id, changes={"owner": reviewer})
    system_edit(
        actor=world["owner"], system_id=world.system_id, changes={"owner": world.users["owner"].pseudonym}
    )
    row = proposed(world, world.system_id)
    for decide in (tiering_confirm, tiering_send_back):
        with pytest.raises(NotAllowed) as refused:
            decide(actor=world["reviewer"], tiering_id=row.pk, note="Mine until yesterday.")
        assert refused.value.reason == "owner"
    tiering_send_back(actor=world["validator"], tiering_id=row.pk, note="Who is affected?")
    assert Tiering.objects.get().state == "returned"
