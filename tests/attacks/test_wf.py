"""WF: the way to an approval, and each way round it that somebody tried. WF-04 is tests/soak/test_approvals.py's,
WF-05 and WF-14's double click stand in tests/governance/test_decisions.py too."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.gates.context import Context
from governance.models import Decision, Policy
from governance.services import gate
from governance.services.checks import checks_request
from governance.services.decisions import decision_record
from governance.services.deployments import deployment_request
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.retirements import disposal_attest
from governance.services.versions import version_retire, version_submit, version_suspend
from governance.services.warrants import issue_due
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, NotAllowed, ServiceError
from ledger.models import Entry
from ledger.services.audit import ledger_audit
from monitoring.models import Run
from people.models import Grant
from people.services.erasures import erasure_confirm, erasure_request
from people.services.grants import grant_revoke
from people.services.people import user_deactivate
from registry import storage
from registry.models import Version
from registry.selectors.versions import files, version_by_id
from registry.services.components import component_set
from registry.services.versions import version_apply_move, version_edit
from tests.access.sample import session_of
from tests.governance.test_decisions import at_once
from tests.registry.world import grant
from tests.world import ROOT, publish, work

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
pytestmark = pytest.mark.slow


def denied(version: Version) -> list[dict[str, Any]]:
    """What denials about the version say, in their order."""
    rows = Entry.objects.filter(event="ledger.denied", subject_id=str(version.pk)).order_by("at")
    return [json.loads(bytes(row.bytes))["data"] for row in rows]


def shown(client: Client, version: Version) -> dict[str, str]:
    """The form of the decision page, filled in to approve."""
    page = client.get(reverse("governance:decide", args=[version.pk])).content.decode()
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found is not None
    return {"outcome": "approve", "reason": "Read it.", "shown": found[1]}


def approve(world: Any, who: str, version: Version, seat: str) -> Decision:
    context = Context(version_by_id(version.pk), clock.now())
    return decision_record(
        actor=world[who], version_id=version.pk, outcome="approve", seat=seat, shown=context.shown,
        shown_digest=context.shown_digest, reason="Read it.",
    )  # fmt: skip


@pytest.mark.once
def test_who_submitted_approves_by_no_door(world: Any) -> None:
    """WF-01: portal, API, admin, the pipeline's token; the denial names the contributor."""
    version = world.in_review()
    grant(world.users["developer"], "risk-reviewer")
    client = session_of(world.users["developer"])
    address = reverse("governance:decide", args=[version.pk])
    form = {"outcome": "approve", "seat": "risk-reviewer", "reason": "Mine.", "shown": "sha256:" + "0" * 64}
    assert client.post(address, form).status_code == 403
    assert denied(version)[-1]["reason"] == "contributor"
    for outcome in ("approve", "reject"):
        with pytest.raises(NotAllowed) as refused:
            world.decide(version, "developer", "risk-reviewer", outcome)
        assert refused.value.reason == "contributor"
    pipeline = Client(headers={"Authorization": f"Bearer {world.token}"})
    for path in ("approve", "decisions", "decide"):
        answer = pipeline.post(f"/api/v1/versions/{version.pk}/{path}", form, content_type="application/json")
        assert answer.status_code == 404
    with pytest.raises(NotAllowed):
        world.decide(version, "developer", "risk-reviewer", outcome="approve")
    edited = {"state": "approved", "_save": "Save"}
    operator = session_of(world.users["one"])
    assert operator.post(reverse("admin:registry_version_change", args=[version.pk]), edited).status_code in (
        302,
        403,
    )
    assert (version_by_id(version.pk).state, Decision.objects.count()) == ("review", 0)


@pytest.mark.sampled
@pytest.mark.parametrize("how", ["file", "card", "component"])
def test_a_reviewer_who_took_part_is_barred_from_the_whole_version(world: Any, how: str) -> None:
    """WF-03: one file, one word of the card or one component, by whoever holds both roles."""
    version = world.in_review()
    grant(world.users["reviewer"], "developer")
    actor = world["reviewer"]
    if how == "file":
        upload = world.upload("artifact", b"one more", "more.bin", actor=actor, model_id=world.model.pk)
        path = f"/api/v1/versions/{version.pk}/files"
        answer = session_of(world.users["reviewer"]).post(
            path, {"files": {"more.bin": str(upload.pk)}}, content_type="application/json"
        )
        assert answer.status_code == 201
    elif how == "card":
        version_edit(
            actor=actor, version_id=version.pk, changes={"card": {**version.card, "limitations": "Few."}}
        )
    else:
        component_set(actor=actor, version_id=version.pk, kind="code", name="train.py")
    with pytest.raises(NotAllowed) as refused:
        approve(world, "reviewer", version, "risk-reviewer")
    assert refused.value.reason == "contributor"
    page = session_of(world.users["reviewer"]).get(reverse("governance:decide", args=[version.pk]))
    assert page.status_code == 403
    assert Decision.objects.count() == 0


def test_approval_and_rejection_at_once_have_one_end(world: Any) -> None:
    """WF-05: one wins, the other meets the present state."""
    version = world.in_review()
    approve(world, "validator", version, "independent-validator")
    outcomes = at_once(
        lambda: world.decide(version, "reviewer", "risk-reviewer"),
        lambda: world.decide(version, "validator", "independent-validator", "reject"),
    )
    state = version_by_id(version.pk).state
    assert state in ("approved", "rejected")
    lost = [error for error in outcomes if error is not None]
    assert len(lost) == 1
    assert isinstance(lost[0], Conflict)
    assert state in str(lost[0])
    finals = [
        json.loads(bytes(row.bytes))["data"]["to"]
        for row in Entry.objects.filter(event="registry.version_moved", subject_id=str(version.pk))
    ]
    assert sum(to in ("approved", "rejected") for to in finals) == 1


def test_a_role_that_ended_while_the_form_was_open_decides_nothing(world: Any) -> None:
    """WF-06, TM-04: it is asked for again when the decision is recorded, and the denial says what was missing."""
    version = world.in_review()
    client = session_of(world.users["reviewer"])
    form = shown(client, version) | {"seat": "risk-reviewer"}
    held = Grant.objects.get(holder_user=world.users["reviewer"], role="risk-reviewer")
    grant_revoke(actor=world["one"], grant_id=held.pk, reason="Moved on.")
    grant(world.users["reviewer"], "auditor")  # who still sees the version
    answer = client.post(reverse("governance:decide", args=[version.pk]), form)
    assert answer.status_code == 403
    assert Decision.objects.count() == 0
    last = denied(version)[-1]
    assert (last["permission"], last["reason"]) == ("governance.version.approve", "no-grant")


def test_a_role_that_ends_at_this_very_second_decides_nothing(world: Any) -> None:
    """TM-04: an end is exclusive, and the database's clock says when it is."""
    version = world.in_review()
    Grant.objects.filter(holder_user=world.users["reviewer"]).update(ends=clock.now())
    with pytest.raises(NotAllowed):
        approve(world, "reviewer", version, "risk-reviewer")
    assert Decision.objects.count() == 0


def warranted(world: Any) -> Version:
    version: Version = world.approved()
    deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    assert gate.ask(actor=world.ci, version_id=version.pk, **PLACE).answer == "pass"
    return version


@pytest.mark.once
def test_bytes_that_were_swapped_close_gate_and_page_says_so(world: Any, own_store: Any) -> None:
    """WF-08: the same name and size, past the service."""
    version = warranted(world)
    row = files(version.pk).get(path="weights.bin")
    path = storage.backend().path(storage.blob_name(row.blob_id))
    with open(path, "rb") as file:
        data = file.read()
    os.chmod(path, 0o640)
    with open(path, "wb") as file:
        file.write(bytes([data[0] ^ 1]) + data[1:])
    answer = Client(headers={"Authorization": f"Bearer {world.token}"}).get(
        "/api/v1/gate", {**PLACE, "version": str(version.pk)}
    )
    assert answer.json()["answer"] == "refused"
    assert "artifact-altered" in {reason["code"] for reason in answer.json()["reasons"]}


def asking(world: Any) -> Client:
    """The pipeline, with its token."""
    return Client(headers={"Authorization": f"Bearer {world.token}"})


def test_a_check_that_fails_later_is_seen_where_the_approval_stands(world: Any) -> None:
    """WF-10: what was approved stays approved on its record; the gate says what no longer holds."""
    version = warranted(world)
    checks_request(actor=world["validator"], version_id=version.pk, checks=["fairness"])
    Run.objects.filter(version=version, state="due").update(columns={"sensitive": ["none"]})
    work()
    newest = Run.objects.filter(version=version, check_name="fairness").order_by("-requested_at").first()
    assert newest is not None
    assert newest.verdict != "pass"
    page = session_of(world.users["owner"]).get(reverse("governance:version", args=[version.pk]))
    assert str(newest.pk) in page.content.decode()
    assert "Approved, condition broken." in page.content.decode()
    assert version_by_id(version.pk).state == "approved"
    answer = asking(world).get("/api/v1/gate", {**PLACE, "version": str(version.pk)}).json()
    assert any(note.startswith("Approved, condition broken: ") for note in answer["notes"])


@pytest.mark.once
def test_a_policy_that_was_tightened_is_seen_where_the_approval_stands(world: Any) -> None:
    """WF-10: the version keeps the policy of its approval, and its page and the gate say what the next one asks."""
    version = warranted(world)
    text = (ROOT / "fixtures" / "policies" / "high.yaml").read_text()
    assert "bound: 0.70" in text
    policy = policy_draft(actor=world["author"], text=text.replace("bound: 0.70", "bound: 0.999"))
    policy_submit(actor=world["author"], policy_id=policy.pk)
    owner = session_of(world.users["owner"])
    address = reverse("governance:version", args=[version.pk])
    assert "condition broken" not in owner.get(address).content.decode()
    policy_approve(actor=world["approver"], policy_id=policy.pk)
    page = owner.get(address).content.decode()
    assert "Approved, condition broken." in page
    assert reverse("governance:policy", args=[policy.pk]) in page
    answer = asking(world).get("/api/v1/gate", {**PLACE, "version": str(version.pk)}).json()
    assert answer["answer"] == "pass"
    assert any("in force since" in note for note in answer["notes"])


@pytest.mark.sampled
@pytest.mark.parametrize("move", ["approve", "start-review", "suspend", "reinstate", "lift", "retire"])
def test_steps_are_not_skipped(world: Any, move: str) -> None:
    """WF-11: no move but those that leave the state; the random walks are tests/governance/test_walks.py's."""
    version = world.draft()
    with pytest.raises(ServiceError):
        version_apply_move(actor=world["reviewer"], version_id=version.pk, move=move, answers={}, reason="x")
    client = session_of(world.users["reviewer"])
    if move != "approve":
        answer = client.post(reverse("governance:act", args=[move, version.pk]), {"reason": "x"})
        assert answer.status_code in (403, 409)
    assert version_by_id(version.pk).state == "draft"


@pytest.mark.once
def test_a_policy_that_was_loosened_loosens_nothing_that_was_submitted(world: Any) -> None:
    """WF-12: another person puts it into force, and a version keeps the one it was submitted under."""
    version = world.in_review()
    pinned = version.policy_digest
    text = (ROOT / "fixtures" / "policies" / "high.yaml").read_text()
    assert "bound: 0.70" in text
    text = text.replace("bound: 0.70", "bound: 0.55")
    policy = policy_draft(actor=world["author"], text=text)
    with pytest.raises(NotAllowed):
        policy_draft(actor=world["reviewer"], text=text + "\n# mine")
    policy_submit(actor=world["author"], policy_id=policy.pk)
    with pytest.raises(NotAllowed) as own:
        policy_approve(actor=world["author"], policy_id=policy.pk)
    assert own.value.reason == "author"
    for who in ("developer", "reviewer", "owner"):
        with pytest.raises(NotAllowed):
            policy_approve(actor=world[who], policy_id=policy.pk)
    policy_approve(actor=world["approver"], policy_id=policy.pk)
    assert Policy.objects.get(tier="high", state="in-force").pk == policy.pk
    row = version_by_id(version.pk)
    assert row.policy_digest == pinned
    context = Context(row, clock.now())
    assert context.policy is not None
    assert context.policy.digest == pinned


def test_who_approved_stays_one_person_in_the_record_after_their_erasure(world: Any) -> None:
    """WF-13: the pseudonym stays, name and words go, log and state still agree."""
    version = world.approved()
    approver = Decision.objects.get(seat="risk-reviewer")
    user_deactivate(actor=world["one"], user_id=world.users["reviewer"].pk)
    row = erasure_request(actor=world["one"], user_id=world.users["reviewer"].pk, ground="obligation")
    erasure_confirm(actor=world["two"], erasure_id=row.pk)
    publish()
    fresh = Decision.objects.get(pk=approver.pk)
    assert fresh.person == approver.person
    assert fresh.reason != approver.reason
    for page in ("governance:version", "governance:inbox"):
        args = [version.pk] if page == "governance:version" else []
        text = session_of(world.users["owner"]).get(reverse(page, args=args)).content.decode()
        assert "Reviewer</" not in text
    audit = ledger_audit(actor=Actor.system("self-audit"))
    assert audit.verdict == "ok", audit.faults


def test_an_approval_that_is_sent_again_is_the_same_approval(world: Any) -> None:
    """WF-14: a double click, a proxy's retry; in the API the same key with another body is 422."""
    version = world.in_review()
    client = session_of(world.users["reviewer"])
    form = shown(client, version) | {"seat": "risk-reviewer"}
    address = reverse("governance:decide", args=[version.pk])
    assert [client.post(address, form).status_code for _ in range(3)] == [302] * 3
    assert Decision.objects.count() == 1
    api = Client(headers={"Authorization": f"Bearer {world.token}", "Idempotency-Key": "k"})
    path = f"/api/v1/models/{world.model.pk}/versions"
    first, again, other = (
        api.post(path, {"label": label}, content_type="application/json") for label in ("a", "a", "b")
    )
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert other.json()["code"] == "idempotency-mismatch"


@pytest.mark.once
def test_what_has_ended_is_not_approved_and_what_came_later_is_said(world: Any) -> None:
    """WF-15: a newer version doesn't hide an older one's approval, and an ended one takes none."""
    version = world.in_review()
    later = world.draft(weights=b"newer")
    version_submit(actor=world["developer"], version_id=later.pk)
    approve(world, "validator", version, "independent-validator")
    approve(world, "reviewer", version, "risk-reviewer")
    page = (
        session_of(world.users["owner"])
        .get(reverse("governance:version", args=[version.pk]))
        .content.decode()
    )
    assert f"/versions/{later.pk}/" in page
    version_suspend(actor=world["security"], version_id=version.pk, reason="Doubt.")
    with pytest.raises(Conflict, match="suspended"):
        world.decide(version, "reviewer", "risk-reviewer", "reject")
    with pytest.raises(ServiceError):
        deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    disposal_attest(
        actor=world["owner"],
        version_id=version.pk,
        what="Study data",
        how="none-held",
        statement="None was held.",
    )
    version_retire(actor=world["owner"], version_id=version.pk, reason="Over.")
    with pytest.raises(Conflict, match="retired"):
        world.decide(version, "validator", "independent-validator", "reject")
