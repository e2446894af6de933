"""Which policy holds is never a pick, and what another would have changed is said by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from governance.models import Policy
from governance.policies.document import load
from governance.selectors.dry_run import dry_run
from governance.selectors.ground import newer_for
from governance.selectors.policies import choices_for
from governance.services.deployments import deployment_request
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.versions import version_return, version_submit
from ledger.errors import Refused
from ledger.models import Entry
from registry.models import Version
from registry.selectors.versions import version_by_id
from registry.services.models import slot_register
from tests.governance.test_decisions import at_once
from tests.portal.test_pages import signed_in

pytestmark = pytest.mark.slow
HIGH = (Path(__file__).resolve().parents[2] / "fixtures/policies/high.yaml").read_text()
PLACE = {"environment": "production", "region": "eu", "arm": "main"}


def scoped(scope: str, **changes: str) -> str:
    text = HIGH.replace("tasks: [classification]", f"tasks: [classification]\nscope: {scope}")
    for old, new in changes.values() if changes else ():
        text = text.replace(old, new)
    return text


def in_review(world: Any, text: str) -> Policy:
    policy = policy_draft(actor=world["author"], text=text)
    return policy_submit(actor=world["author"], policy_id=policy.pk)


def put_in_force(world: Any, text: str) -> Policy:
    return policy_approve(actor=world["approver"], policy_id=in_review(world, text).pk)


@pytest.mark.once
def test_the_closest_scope_holds_and_the_page_says_why(world: Any) -> None:
    version, general = world.draft(), Policy.objects.get()
    put_in_force(world, scoped("{kinds: [vision]}"))
    assert choices_for(version)[0].policy == general
    kind = put_in_force(world, scoped("{kinds: [classification, vision-2]}"))
    assert choices_for(version)[0].policy == kind
    slot = put_in_force(world, scoped("{slots: [{environment: production}]}"))
    assert choices_for(version)[0].policy == kind  # the model has no such slot yet
    assert Policy.objects.filter(state="in-force").count() == 4
    slot_register(actor=world["owner"], model_id=version.model_id, **PLACE)
    assert choices_for(version)[0].policy == slot
    page = signed_in(world, "owner").get(reverse("governance:version", args=[version.pk])).content.decode()
    assert "It is in force and names a slot of this model." in page
    assert "Also in force for this tier" in page
    for scope in ("{kinds: [classification]}", "{slots: [{environment: staging}]}"):
        tied = in_review(world, scoped(scope))
        with pytest.raises(Refused) as refusal:
            policy_approve(actor=world["approver"], policy_id=tied.pk)
        assert "would speak of some models equally closely" in refusal.value.reasons[0]["text"]
        assert refusal.value.reasons[0]["text"].startswith("line ")
        tied.refresh_from_db()
        assert tied.state == "review"
    again = put_in_force(world, scoped("{kinds: [vision-2, classification]}").replace("0.70", "0.71"))
    kind.refresh_from_db()
    assert (kind.state, again.state) == ("superseded", "in-force")  # the same scope in another order


def test_a_slot_with_a_policy_of_its_own_takes_no_other_version(world: Any) -> None:
    version = world.approved()
    put_in_force(world, scoped("{slots: [{environment: production, region: us}]}"))
    assert deployment_request(actor=world["owner"], version_id=version.pk, **PLACE).state == "granted"
    with pytest.raises(Refused) as refusal:
        deployment_request(actor=world["owner"], version_id=version.pk, **{**PLACE, "region": "us"})
    assert [reason["code"] for reason in refusal.value.reasons] == ["slot-policy"]


def test_two_approvals_at_once_leave_one_in_force(world: Any) -> None:
    rows = [in_review(world, HIGH.replace("0.70", f"0.7{digit}")) for digit in range(1, 4)]
    at_once(*[lambda row=row: policy_approve(actor=world["approver"], policy_id=row.pk) for row in rows])
    assert Policy.objects.filter(state="in-force").count() == 1


@pytest.mark.once
def test_a_version_keeps_its_policy_until_it_is_submitted_anew(world: Any) -> None:
    version = world.validated()
    newer = put_in_force(world, HIGH.replace("bound: 0.70", "bound: 0.71"))
    version = version_by_id(version.pk)
    assert choices_for(version)[0].policy != newer
    assert newer_for(version) == newer
    version_return(actor=world["validator"], version_id=version.pk, reason="The card.")
    version_submit(actor=world["developer"], version_id=version.pk)
    assert version_by_id(version.pk).policy_digest == newer.digest


@pytest.mark.once
def test_a_dry_run_names_what_would_come_out_differently(world: Any, tmp_path: Path, capsys: Any) -> None:
    approved, reviewed = world.approved(), world.in_review()
    rejected = world.in_review()
    world.decide(rejected, "reviewer", "risk-reviewer", outcome="reject")
    entries = Entry.objects.count()
    same = dry_run(load(HIGH), Version.objects.all())
    assert (same.differing, same.stays, same.rejected, len(same.versions)) == ((), 3, 1, 3)
    strict = (
        HIGH.replace("bound: 0.65", "bound: 0.99")
        .replace("documents: [validation-report]", "documents: [validation-report, impact-assessment]")
        .replace("- {role: risk-reviewer, count: 1", "- {role: accountable-executive, count: 1, independent: true}\n"
                 "      - {role: risk-reviewer, count: 1")
    )  # fmt: skip
    found = dry_run(load(strict), Version.objects.all())
    rows = {(item.version.pk, item.what.partition(" ")[0]): item for item in found.differing}
    assert set(rows) == {(approved.pk, "approval"), (approved.pk, "now,"), (reviewed.pk, "now,")}
    past = rows[approved.pk, "approval"]
    assert (past.before, past.after) == ("approved", "would not be approved")
    said = " ".join(past.gained)
    assert "Accuracy: fail" in said
    assert "0.99" in said
    assert "impact assessment is missing" in said
    assert "Accountable executive is missing: 0 of 1." in said
    assert "Accountable" not in " ".join(rows[reviewed.pk, "now,"].gained)  # nobody has to have decided yet
    other = dry_run(load(HIGH.replace("metric: roc_auc", "metric: f1")), Version.objects.all())
    assert any("f1" in text for item in other.untold for text in item.unknown)

    file = tmp_path / "strict.yaml"
    file.write_text(strict)
    call_command("policy_dry_run", str(file))
    out = capsys.readouterr().out
    assert f"{approved} (approval of" in out
    assert "3 would come out differently, 0 stay, 1 were rejected by people" in out
    call_command("policy_dry_run", str(file), "--json")
    assert len(json.loads(capsys.readouterr().out)["differing"]) == 3
    assert Entry.objects.count() == entries  # looking records nothing
