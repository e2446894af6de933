"""A tier is proposed on answers and confirmed by somebody else; by no other door does it change."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import audit
from registry import questionnaire
from registry.models import Tiering
from registry.selectors.tierings import standing
from registry.services.systems import system_edit
from registry.services.tierings import (
    tiering_confirm,
    tiering_propose,
    tiering_send_back,
    tiering_withdraw,
)
from tests.registry.world import World, person

pytestmark = pytest.mark.django_db
MILD = {question.name: question.choices[0].name for question in questionnaire.QUESTIONS}
GRAVE = {question.name: question.choices[-1].name for question in questionnaire.QUESTIONS}


def propose(world: World, **said) -> Tiering:
    given = {"is_model": True, "why": "It scores people.", "answers": MILD, **said}
    return tiering_propose(actor=world.owner, system_id=world.system.pk, **given)


@pytest.mark.once
def test_every_answer_weighs_and_the_worst_ones_can_not_be_outweighed() -> None:
    assert questionnaire.compute(MILD).tier == "low"
    assert questionnaire.compute(GRAVE).tier == "high"
    for question in questionnaire.QUESTIONS:
        points = [
            questionnaire.compute(MILD | {question.name: choice.name}).points for choice in question.choices
        ]
        assert points == sorted(set(points))
        for choice in question.choices:
            found = questionnaire.compute(MILD | {question.name: choice.name})
            assert not questionnaire.below(found.tier, choice.at_least)
            assert (choice.title in found.because) == (
                found.points < questionnaire.MEDIUM_FROM and found.tier != "low"
            )
    # a graver answer never gives a milder tier, whatever the others are
    for first, second in product(questionnaire.QUESTIONS, repeat=2):
        if first is not second:
            tiers = [
                questionnaire.ORDER.index(
                    questionnaire.compute(
                        GRAVE | {first.name: choice.name, second.name: second.choices[0].name}
                    ).tier
                )
                for choice in first.choices
            ]
            assert tiers == sorted(tiers)


@pytest.mark.once
def test_all_unanswered_questions_are_named_at_once(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        propose(world, answers={"impact": "none", "autonomy": "sometimes", "mood": "good"})
    assert {reason["code"] for reason in refused.value.reasons} == {"mood", *MILD} - {"impact"}
    assert not Tiering.objects.exists()


@pytest.mark.once
@pytest.mark.parametrize("tier", ["medium", "high"])
def test_another_tier_than_the_computed_one_needs_a_reason(world: World, tier: str) -> None:
    with pytest.raises(Invalid) as refused:
        propose(world, tier=tier)
    assert refused.value.field == "tier_reason"
    assert propose(world, tier=tier, tier_reason="New vendor.").tier == tier


def test_a_lower_tier_takes_effect_with_the_second_line_and_its_reason_is_printed(world: World) -> None:
    row = propose(world, answers=GRAVE, tier="medium", tier_reason="A person decides each case.")
    world.system.refresh_from_db()
    before = standing(world.system, clock.now())
    assert (before.is_confirmed, before.tier, before.proposed) == (False, "high", row)
    tiering_confirm(actor=person("independent-validator"), tiering_id=row.pk, note="Read the case files.")
    world.system.refresh_from_db()
    after = standing(world.system, clock.now())
    assert (after.is_confirmed, after.tier, after.overdue) == (True, "medium", False)
    assert "A person decides each case." in after.lowered
    assert standing(world.system, clock.now() + timedelta(days=366)).overdue
    assert audit.row_faults(world.system) == audit.row_faults(after.confirmed) == []


def test_neither_proposer_nor_owner_confirms_whatever_roles_they_hold(world: World) -> None:
    both = person("risk-reviewer")
    row = tiering_propose(
        actor=both, system_id=world.system.pk, is_model=True, why="Looked again.", answers=MILD
    )
    system_edit(actor=world.owner, system_id=world.system.pk, changes={"owner": person("owner").id})
    for actor, reason in ((both, "proposer"), (world.owner, "no-grant"), (world.developer, "no-grant")):
        for decide in (tiering_confirm, tiering_send_back):
            with pytest.raises(NotAllowed) as refused:
                decide(actor=actor, tiering_id=row.pk, note="Mine.")
            assert refused.value.reason == reason
    owning = person("owner", "risk-reviewer")
    system_edit(actor=world.owner, system_id=world.system.pk, changes={"owner": owning.id})
    with pytest.raises(NotAllowed) as refused:
        tiering_confirm(actor=owning, tiering_id=row.pk, note="Mine.")
    assert refused.value.reason == "owner"
    system_edit(actor=world.owner, system_id=world.system.pk, changes={"owner": world.owner.id})
    with pytest.raises(NotAllowed):  # for as long as the policy says
        tiering_confirm(actor=owning, tiering_id=row.pk, note="Mine.", cooling_off=timedelta(days=90))
    tiering_confirm(actor=owning, tiering_id=row.pk, note="Not mine any more.")


def test_the_tier_changes_by_no_other_door(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        system_edit(actor=world.owner, system_id=world.system.pk, changes={"risk_tier": "low"})
    assert refused.value.field == "risk_tier"
    world.system.refresh_from_db()
    assert world.system.risk_tier == "high"


def test_one_proposal_waits_and_a_decided_one_is_closed(world: World) -> None:
    row = propose(world)
    with pytest.raises(Conflict):
        propose(world)
    tiering_withdraw(actor=world.owner, tiering_id=row.pk)
    row = propose(world)
    second = person("risk-reviewer")
    tiering_send_back(actor=second, tiering_id=row.pk, note="Who is affected?")
    for decide in (tiering_confirm, tiering_send_back):
        with pytest.raises(Conflict):
            decide(actor=second, tiering_id=row.pk, note="Again.")
    first = propose(world)
    tiering_confirm(actor=second, tiering_id=first.pk, note="Yes.")
    later = propose(world, answers=GRAVE)
    tiering_confirm(actor=second, tiering_id=later.pk, note="Yes.")
    states = dict(Tiering.objects.values_list("pk", "state"))
    assert (states[first.pk], states[later.pk]) == ("superseded", "confirmed")


def test_what_is_no_model_stays_in_the_inventory_as_such(world: World) -> None:
    with pytest.raises(Invalid):
        propose(world, is_model=False)  # with answers
    row = propose(world, is_model=False, answers=None, why="A table of tariffs, looked up.")
    tiering_confirm(actor=person("risk-reviewer"), tiering_id=row.pk, note="Looked at it.")
    world.system.refresh_from_db()
    found = standing(world.system, clock.now())
    assert (found.is_model, found.is_confirmed, world.system.risk_tier) == (False, False, "high")
