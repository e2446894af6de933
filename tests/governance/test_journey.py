"""From a draft to a void warrant, through the services, and the log afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from governance.models import RetrainingRequest, Warrant
from governance.selectors.shown import shown_digest, shown_set
from governance.services import gate
from governance.services.deployments import deployment_request
from governance.services.versions import version_start_review, version_suspend
from governance.services.warrants import issue_due
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, NotAllowed, Refused
from ledger.services.audit import ledger_audit
from monitoring.models import Alert, Breach, Paging
from monitoring.services.batches import batch_report
from registry.selectors.versions import version_by_id
from registry.services.deployments import deployment_report
from tests.portal.test_pages import signed_in
from tests.world import publish, rows, work

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
ISSUER = Actor.system("warrant-issuer")


def asked(world: Any, version: Any) -> gate.Reply:
    return gate.ask(actor=world.ci, version_id=version.pk, **PLACE)


def test_a_version_earns_its_warrant_and_loses_it(world: Any) -> None:
    version = world.validated()
    version_start_review(actor=world["validator"], version_id=version.pk)
    before = shown_set(version_by_id(version.pk))
    world.cover(version)
    with pytest.raises(Conflict) as stale:
        world.decide(
            version, "validator", "independent-validator", shown=before, shown_digest=shown_digest(before)
        )
    assert stale.value.code == "shown-changed"
    assert all("was added" in reason["text"] for reason in stale.value.reasons)
    world.decide(version, "validator", "independent-validator")
    assert version_by_id(version.pk).state == "review"
    assert asked(world, version).answer == "pending"
    world.decide(version, "reviewer", "risk-reviewer")
    assert version_by_id(version.pk).state == "approved"

    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    assert asked(world, version).answer == "pending"
    assert issue_due(actor=ISSUER) == 0
    publish()
    assert issue_due(actor=ISSUER) == 1
    passed = asked(world, version)
    assert (passed.answer, passed.warrant_status, passed.reasons) == ("pass", "active", [])
    digest = version_by_id(version.pk).subject_digest
    assert gate.ask_by_digest(actor=world.ci, digest=digest, **PLACE).answer == "pass"

    report = deployment_report(actor=world.ci, slot_id=warrant.slot_id, digest=digest, state="canary")
    assert not report.unexpected
    for day in (1, 2):
        assert (Breach.objects.count(), Alert.objects.count()) == (day - 1, 0)  # one odd day wakes nobody
        upload = world.upload("batch", rows(seed=day, shift=15), "batch.csv", system_id=world.system_id)
        end = clock.now() - timedelta(days=2 - day)
        said = {"label": f"day {day}", "upload_id": upload.pk, "period_start": end - timedelta(days=1)}
        batch = batch_report(actor=world.ci, deployment_id=warrant.deployment_id, period_end=end, **said)
        work()
        batch.refresh_from_db()
        assert (batch.state, batch.rows) == ("checked", 300)
    assert [paging.rule for paging in Paging.objects.order_by("decided_at")] == ["unconfirmed", "confirmed"]
    assert (Breach.objects.count(), Alert.objects.count()) == (2, 1)
    assert RetrainingRequest.objects.filter(version=version, state="requested").count() == 1
    assert version_by_id(version.pk).state == "restricted"
    assert asked(world, version).answer == "pass"  # what runs goes on under its warrant
    with pytest.raises(Refused, match="can't be deployed"):
        deployment_request(
            actor=world["owner"], version_id=version.pk, environment="staging", region="eu", arm="main"
        )

    page = (
        signed_in(world, "reviewer").get(f"/deployments/{warrant.deployment_id}/monitoring/").content.decode()
    )
    assert ("Nobody was told" in page, "People were told" in page) == (True, True)

    version_suspend(actor=world["security"], version_id=version.pk, reason="Drift.")
    assert Warrant.objects.get().void_ground == "suspended"
    refused = asked(world, version)
    assert refused.answer == "refused"
    assert refused.reasons[0]["code"] == "warrant-void"
    publish()
    audit = ledger_audit(actor=Actor.system("self-audit"))
    assert audit.verdict == "ok", audit.faults


@pytest.mark.once
def test_a_weak_version_is_refused_with_every_reason(world: Any) -> None:
    version = world.validated(evaluation=rows(seed=4, telling=0.0))
    version_start_review(actor=world["validator"], version_id=version.pk)
    with pytest.raises(Refused) as refusal:
        world.decide(version, "validator", "independent-validator")
    codes = {reason["about"]: reason["code"] for reason in refusal.value.reasons}
    assert codes["accuracy"] in ("check-failed", "check-inconclusive")
    assert codes["ranking"] in ("check-failed", "check-inconclusive")
    assert version_by_id(version.pk).state == "review"


def test_a_report_that_nothing_allows_opens_an_incident(world: Any) -> None:
    version = world.approved()
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    report = deployment_report(actor=world.ci, slot_id=warrant.slot_id, digest="ab" * 32, state="live")
    assert report.unexpected
    assert [incident.cause for incident in version.model.system.incidents.all()] == ["unwarranted-deployment"]


@pytest.mark.once
def test_nobody_decides_on_what_they_made(world: Any) -> None:
    version = world.in_review()
    with pytest.raises(NotAllowed):
        world.decide(version, "developer", "risk-reviewer")
    with pytest.raises(NotAllowed):
        world.decide(version, "owner", "risk-reviewer")
