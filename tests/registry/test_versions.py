from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Refused
from ledger.services import audit
from people.models import User
from registry.machines import VERSION
from registry.models import Contribution, Version
from registry.selectors import versions as selected
from registry.services import artifacts, systems, versions
from tests.registry.world import CARD, World, grant, make_world, person, service

pytestmark = pytest.mark.django_db


def open_all(version: Version, move: str) -> dict[str, bool]:
    return dict.fromkeys(VERSION.move(version.state, move).gates, True)


def move(actor, version, name, **more):
    version = Version.objects.get(pk=version.pk)
    return versions.version_apply_move(
        actor=actor, version_id=version.pk, move=name, answers=open_all(version, name), **more
    )


def test_numbers_follow_and_registering_counts_as_taking_part(world: World):
    first, second = world.version(card=CARD), world.version()
    assert (first.number, second.number, first.state) == (1, 2, "draft")
    assert set(selected.contributions(first.pk).values_list("what", flat=True)) == {"registration", "card"}


def test_a_version_walks_from_draft_to_approved_and_replay_agrees(world: World):
    version = world.version(card=CARD)
    validator, risk = person("independent-validator"), person("risk-reviewer")
    move(world.developer, version, "submit", policy_digest="a" * 64)
    move(validator, version, "start-review")
    done = move(risk, version, "approve", reason="Fit for its use.")
    assert (done.state, done.decision_round, done.policy_digest) == ("approved", 1, "a" * 64)
    assert audit.row_faults(done) == []
    assert "submission" in selected.contributions(version.pk).values_list("what", flat=True)


def test_a_gate_that_nobody_opened_refuses(world: World):
    version = world.version()
    for answers in ({}, {"card-complete": True}, dict.fromkeys(VERSION.transitions[0].gates, 1)):
        with pytest.raises(Refused) as refused:
            versions.version_apply_move(
                actor=world.developer, version_id=version.pk, move="submit", answers=answers
            )
    assert {reason["gate"] for reason in refused.value.reasons} == set(VERSION.transitions[0].gates)
    assert Version.objects.get(pk=version.pk).state == "draft"


def test_an_illegal_move_changes_nothing(world: World):
    version = world.version()
    with pytest.raises(Conflict) as conflict:
        versions.version_apply_move(
            actor=person("risk-reviewer"), version_id=version.pk, move="approve", answers={}
        )
    assert conflict.value.code == "illegal-move"
    with pytest.raises(NotAllowed):  # whoever may not make the move learns nothing about the state
        versions.version_apply_move(actor=person(), version_id=version.pk, move="approve", answers={})


def test_whoever_took_part_cannot_approve_whatever_role_they_got_since(world: World):
    validator = person("independent-validator", "developer", "risk-reviewer")
    controller = person("risk-reviewer")
    pipeline = service(controller, "ci")
    version = versions.version_register(actor=pipeline, model_id=world.model.pk, card=CARD)
    versions.version_edit(actor=validator, version_id=version.pk, changes={"code_ref": "abc"})
    move(world.developer, version, "submit")
    move(person("independent-validator"), version, "start-review")
    for barred in (validator, controller):
        with pytest.raises(NotAllowed) as denied:
            move(barred, version, "approve")
        assert denied.value.reason == "contributor"
        assert denied.value.visible
    assert Version.objects.get(pk=version.pk).state == "review"


def test_a_former_owner_stays_barred_for_the_cooling_off_period(world: World):
    system = world.system
    heir = person("owner")
    systems.system_edit(actor=world.owner, system_id=system.pk, changes={"owner": heir.id})
    for actor in (world.owner, heir):
        grant(User.objects.get(pk=actor.pk), "risk-reviewer")
    version = world.version(card=CARD)
    move(world.developer, version, "submit")
    move(person("independent-validator"), version, "start-review")
    with pytest.raises(NotAllowed) as denied:
        move(heir, version, "approve")
    assert denied.value.reason == "owner"
    with pytest.raises(NotAllowed):
        move(world.owner, version, "approve", cooling_off=timedelta(days=90))
    assert move(world.owner, version, "approve").state == "approved"


def test_changes_after_submission_void_the_round_and_after_approval_are_refused(world: World):
    version = world.version(card=CARD)
    move(world.developer, version, "submit")
    changed = versions.version_edit(
        actor=world.developer, version_id=version.pk, changes={"card": CARD | {"not_for": "Insurance."}}
    )
    assert changed.decision_round == 2
    unchanged = versions.version_edit(
        actor=world.developer, version_id=version.pk, changes={"card": changed.card}
    )
    assert unchanged.decision_round == 2
    move(person("independent-validator"), version, "start-review")
    move(person("risk-reviewer"), version, "approve")
    with pytest.raises(Conflict) as conflict:
        versions.version_edit(actor=world.developer, version_id=version.pk, changes={"label": "x"})
    assert conflict.value.code == "immutable"
    with pytest.raises(Conflict):
        world.attach(version, {"a.bin": b"late"})


def test_a_contribution_deleted_by_hand_is_found(world: World):
    version = world.version(card=CARD)
    row = Contribution.objects.filter(version=version).first()
    Contribution.objects.filter(pk=row.pk).delete()
    Version.objects.filter(pk=version.pk).update(state="approved")
    run = audit.ledger_audit(actor=person("operator"))
    told = " ".join(finding.text() for finding in run.faults)
    assert run.verdict == "fault"
    assert str(row.pk) in told
    assert str(version.pk) in told


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"binding": "wishful"}, "binding"),
        ({"binding": "container", "image_digest": "latest"}, "image_digest"),
        ({"image_digest": "a" * 64}, "image_digest"),
        ({"binding": "declared", "declared": {"vendor": "V"}}, "declared"),
        ({"card": {"intendeduse": "x"}}, "card.intendeduse"),
        ({"card": {"not_for": 7}}, "card.not_for"),
        ({"environment": {"python": "3.11\u202e"}}, "environment.python"),
        ({"label": "x" * 61}, "label"),
    ],
)
def test_bad_input_names_its_field_and_leaves_nothing(world: World, given, field):
    with pytest.raises(Invalid) as invalid:
        world.version(**given)
    assert invalid.value.field == field
    assert not Version.objects.exists()


def test_a_declared_and_a_container_subject_have_digests_from_the_start(world: World):
    declared = {
        "vendor": "Vendor",
        "name": "api-model",
        "version": "2026-10",
        "contract": "C-17",
        "probe_set_digest": "b" * 64,
    }
    assert len(world.version(binding="declared", declared=declared).subject_digest) == 64
    container = world.version(binding="container", image_digest="sha256:" + "c" * 64)
    assert container.subject_digest == "c" * 64
    with pytest.raises(Invalid):
        artifacts.artifact_attach(actor=world.developer, version_id=container.pk, files={})


def test_foreign_ids_are_not_there(world: World):
    other = make_world("other")
    version = world.version()
    for actor in (other.developer, person()):
        with pytest.raises(NotAllowed) as denied:
            versions.version_edit(actor=actor, version_id=version.pk, changes={"label": "x"})
        assert not denied.value.visible
    with pytest.raises(NotThere):
        versions.version_edit(actor=world.developer, version_id="not-an-id", changes={})
