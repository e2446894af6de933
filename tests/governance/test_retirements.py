"""The end of a version, and approvals that come too late (WF-15)."""

from __future__ import annotations

from typing import Any

import pytest

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.selectors.dependants import dependants
from governance.selectors.standing import standing_at
from governance.services import gate
from governance.services.deployments import deployment_request
from governance.services.moves import moves_of
from governance.services.retirements import disposal_attest
from governance.services.versions import version_retire, version_submit, version_suspend
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, Refused
from registry.selectors.versions import content_digests, version_by_id
from registry.services.components import component_set
from registry.services.deployments import deployment_apply_move
from registry.services.systems import system_retire
from registry.services.versions import version_edit
from tests.governance.lifecycle import PLACE, executive, issued, reported

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]
SAID = {"what": "Training data", "how": "deleted", "statement": "Deleted from the lake, I looked."}


def test_a_version_is_retired_once_nothing_runs_and_its_data_are_gone(world: Any) -> None:
    version = world.approved()
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    issued()
    reported(world, warrant.deployment)
    heir = world.draft(weights=b"heir")
    component_set(
        actor=world.ci,
        version_id=heir.pk,
        kind="weights",
        name="base",
        licence="MIT",
        digest=version.subject_digest,
    )
    found = {(item.kind, item.id) for item in dependants(version)}
    assert found == {("deployment", str(warrant.deployment_id)), ("version", str(heir.pk))}
    with pytest.raises(Refused) as refused:
        version_retire(actor=world["owner"], version_id=version.pk, reason="Replaced.")
    assert [reason["code"] for reason in refused.value.reasons] == ["deployment-open", "disposal-missing"]
    state = next(m for m in moves_of(world["owner"], version) if m.transition.name == "retire")
    assert (state.open, state.why) == (False, "gates closed: Nothing runs, Disposal of data attested")

    for wrong in ({"what": " "}, {"how": "lost"}, {"statement": ""}, {"document_digest": "abc"}):
        with pytest.raises(Invalid):
            disposal_attest(actor=world["owner"], version_id=version.pk, **{**SAID, **wrong})
    with pytest.raises(NotAllowed):
        disposal_attest(actor=world["auditor"], version_id=version.pk, **SAID)
    disposal_attest(actor=world["owner"], version_id=version.pk, **SAID)
    with pytest.raises(Refused):
        version_retire(actor=world["owner"], version_id=version.pk, reason="Replaced.")
    deployment_apply_move(actor=world["owner"], deployment_id=warrant.deployment_id, move="end", answers={})
    assert next(m for m in moves_of(world["owner"], version) if m.transition.name == "retire").open
    before = content_digests(version)
    retired = version_retire(actor=world["owner"], version_id=version.pk, reason="Replaced.")
    warrant.refresh_from_db()
    assert (retired.state, warrant.state) == (
        "retired",
        "issued",
    )  # its term is brought forward, and nothing passes
    assert standing_at(warrant, clock.now()).ground == "retired"
    assert gate.ask(actor=world.ci, version_id=version.pk, **PLACE).answer == "refused"

    with pytest.raises(Conflict):
        version_edit(actor=world["owner"], version_id=version.pk, changes={"label": "new"})
    with pytest.raises(Conflict):
        component_set(actor=world.ci, version_id=version.pk, kind="tool", name="late", licence="MIT")
    with pytest.raises(Conflict):
        disposal_attest(actor=world["owner"], version_id=version.pk, **SAID)
    assert content_digests(version_by_id(version.pk)) == before
    assert not any(move.here for move in moves_of(world["owner"], retired))


def test_an_approval_of_what_was_overtaken_or_ended_is_never_silent(world: Any) -> None:
    third = world.in_review()
    fourth = world.draft(weights=b"fourth")
    version_submit(actor=world["developer"], version_id=fourth.pk)
    seats = next(a for a in evaluate(("approvals-complete",), Context(third, clock.now())))
    assert any(f"{version_by_id(fourth.pk)} is in validation already" in note for note in seats.notes)
    world.decide(third, "validator", "independent-validator")
    world.decide(third, "reviewer", "risk-reviewer")
    third = version_by_id(third.pk)
    assert third.state == "approved"
    suspended = version_suspend(actor=world["owner"], version_id=third.pk, reason="It harms.")
    executive(world)
    with pytest.raises(Conflict, match="suspended"):
        world.decide(suspended, "executive", "accountable-executive")
    with pytest.raises(Refused):
        deployment_request(actor=world["owner"], version_id=third.pk, **PLACE)

    waiting = world.in_review(weights=b"fifth")
    system_retire(actor=world["owner"], system_id=world.system_id)
    with pytest.raises(Refused) as refused:
        world.decide(waiting, "validator", "independent-validator")
    assert [reason["code"] for reason in refused.value.reasons] == ["system-retired"]
    assert version_by_id(waiting.pk).state == "review"
