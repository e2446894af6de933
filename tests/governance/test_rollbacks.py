"""The way back in a slot: within the policy's window, to what is still approved and intact; and the canary before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance.models import Policy, RollbackDrill
from governance.selectors.slots import drill_due, live_before
from governance.services.deployments import deployment_request
from governance.services.gate import ask
from governance.services.rollbacks import deployment_roll_back_to, drill_cancel, drill_perform, drill_plan
from governance.services.versions import version_restrict, version_suspend
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, Refused
from registry.models import Deployment
from tests.governance.lifecycle import PLACE, amended, issued, reported

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]


def live(world: Any, version: Any) -> Deployment:
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    issued()
    report = reported(world, warrant.deployment)
    assert not report.unexpected, report.reasons
    return Deployment.objects.select_related("version", "slot").get(pk=warrant.deployment_id)


def test_a_slot_is_given_back_and_the_way_back_is_drilled(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    amended(world)
    old, new = world.approved(), world.approved(weights=b"other")
    first = live(world, old)
    with pytest.raises(Conflict, match="Nothing else was live"):
        deployment_roll_back_to(actor=world.ci, deployment_id=first.pk, reason="No.")
    second = live(world, new)
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "live")
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
    ):  # the database itself holds one live version per slot
        Deployment.objects.filter(pk=first.pk).update(state="live")
    assert live_before(second) == first

    for who in ("reviewer", "auditor", "developer"):
        with pytest.raises(NotAllowed):
            deployment_roll_back_to(actor=world[who], deployment_id=second.pk, reason="It fails.")
    with pytest.raises(Invalid, match="why"):
        deployment_roll_back_to(actor=world.ci, deployment_id=second.pk, reason="")
    with pytest.raises(Conflict, match="superseded"):
        deployment_roll_back_to(actor=world.ci, deployment_id=first.pk, reason="It fails.")

    drill = drill_plan(actor=world["owner"], deployment_id=second.pk, planned_for=clock.now())
    with pytest.raises(Conflict, match="planned for this deployment already"):
        drill_plan(actor=world["owner"], deployment_id=second.pk, planned_for=clock.now())
    due = drill_due(second)
    with pytest.raises(Invalid):
        drill_perform(actor=world.ci, drill_id=drill.pk, outcome="fine", seconds=1, note="x")
    done = drill_perform(actor=world.ci, drill_id=drill.pk, outcome="failed", seconds=90, note="No route.")
    assert (done.state, done.performed_by, drill_due(second)) == ("performed", world.ci.id, due)
    drill = drill_plan(actor=world["owner"], deployment_id=second.pk, planned_for=clock.now())
    drill_cancel(actor=world["owner"], drill_id=drill.pk)
    drill = drill_plan(actor=world["owner"], deployment_id=second.pk, planned_for=clock.now())
    drill_perform(actor=world.ci, drill_id=drill.pk, outcome="worked", seconds=40, note="Back in 40 s.")
    assert due is not None
    assert (drill_due(second) or due) > due
    assert RollbackDrill.objects.count() == 3

    given = deployment_roll_back_to(actor=world.ci, deployment_id=second.pk, reason="It fails for everybody.")
    assert deployment_roll_back_to(actor=world.ci, deployment_id=second.pk, reason="Again.") == given
    assert (given.version, given.returned.state) == (old, "requested")
    issued()
    assert ask(actor=world.ci, version_id=old.pk, **PLACE).answer == "pass"
    second.refresh_from_db()
    assert second.state == "live"  # only serving knows when it is gone
    assert not reported(world, second, "rolled-back").unexpected
    given.returned.refresh_from_db()
    assert not reported(world, given.returned).unexpected
    assert (second.state, given.returned.state) == ("rolled-back", "live")

    assert live_before(given.returned) == second
    version_restrict(actor=world["owner"], version_id=new.pk, reason="It failed.")
    with pytest.raises(Refused) as refused:
        deployment_roll_back_to(actor=world.ci, deployment_id=given.returned.pk, reason="It fails.")
    assert [reason["code"] for reason in refused.value.reasons] == ["version-restricted"]
    version_suspend(actor=world["owner"], version_id=new.pk, reason="It failed.")
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=31))
    with pytest.raises(Refused) as refused:
        deployment_roll_back_to(actor=world.ci, deployment_id=given.returned.pk, reason="It fails.")
    assert {"version-suspended", "window-over"} <= {reason["code"] for reason in refused.value.reasons}


def test_a_canary_comes_before_live_where_the_policy_asks(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = Policy.objects.get(state="in-force").text
    assert "drift" in checks
    amended(world, more="canary:\n  min_days: 2\n")
    version = world.approved()
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    issued()
    deployment = Deployment.objects.select_related("version").get(pk=warrant.deployment_id)
    report = reported(world, deployment)
    assert (report.unexpected, [reason["code"] for reason in report.reasons]) == (True, ["no-canary"])
    assert deployment.state == "warranted"
    assert not reported(world, deployment, "canary").unexpected
    early = reported(world, deployment)
    assert [reason["code"] for reason in early.reasons] == ["canary-short"]
    assert deployment.state == "canary"
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=2, minutes=1))
    assert not reported(world, deployment).unexpected
    assert deployment.state == "live"
