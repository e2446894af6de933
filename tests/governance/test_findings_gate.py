"""Findings before an approval: what they stop, what they void, how they are printed, and that two at once are one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import Dissent, Finding, FindingExtension
from governance.rendering import html_of
from governance.services.comments import comment_write
from governance.services.dissents import decision_dissent
from governance.services.extensions import extension_decide, extension_request
from governance.services.findings import Subjects, finding_move, finding_open
from governance.snapshots.reports import report_data
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Refused, ServiceError
from ledger.services.audit import ledger_audit
from people.models import Notice
from people.services.erasures import erasure_confirm, erasure_request
from people.services.people import user_deactivate
from registry.selectors.versions import version_by_id
from tests.governance.test_decisions import at_once
from tests.portal.test_pages import signed_in
from tests.world import publish

pytestmark = pytest.mark.slow


def opened(world: Any, version: Any, severity: str = "high", **given: Any) -> Finding:
    said = {
        "actor": world["validator"],
        "about": Subjects(versions=(version.pk,)),
        "title": "Kappa drifts",
        "description": "The weekly kappa falls.",
        "severity": severity,
        **given,
    }
    return finding_open(**said)


def gate(version: Any) -> Any:
    return evaluate(("findings-closed",), Context(version_by_id(version.pk), clock.now()))[0]


def test_a_finding_closed_or_taken_away_by_sql_opens_nothing(world: Any) -> None:
    version = world.in_review()
    finding = opened(world, version)

    def refused() -> set[str]:
        with pytest.raises(Refused) as refusal:
            world.decide(version, "reviewer", "risk-reviewer")
        return {reason["code"] for reason in refusal.value.reasons}

    assert refused() == {"finding-open"}
    Finding.objects.filter(pk=finding.pk).update(state="closed")
    assert gate(version).ok  # the column says so, and is not believed
    assert refused() == {"record-altered"}
    Finding.objects.filter(pk=finding.pk).update(state="open")
    finding.links.all().delete()
    assert gate(version).ok
    assert refused() == {"record-altered"}


@pytest.mark.once
def test_an_open_finding_stops_an_approval_and_an_accepted_risk_is_printed(world: Any) -> None:
    version = world.in_review()
    world.decide(version, "validator", "independent-validator")
    finding = opened(world, version, about=Subjects(systems=(world.system_id,)))
    _, uncounted = seats(Context(version_by_id(version.pk), clock.now()))
    assert [item.why for item in uncounted] == [
        f"what was shown has changed since: finding {str(finding.pk)[:8]} was added"
    ]
    with pytest.raises(Refused) as refusal:
        world.decide(version, "reviewer", "risk-reviewer")
    assert [(reason["gate"], reason["code"]) for reason in refusal.value.reasons] == [
        ("findings-closed", "finding-open")
    ]
    assert finding.title not in str(refusal.value.reasons)
    until = clock.now() + timedelta(days=9)
    finding_move(
        actor=world["reviewer"], finding_id=finding.pk, move="accept-risk", reason="Watched.", until=until
    )
    answer = gate(version)
    assert answer.ok
    assert f"accepted until {until.date().isoformat()}" in answer.notes[0]
    later = evaluate(("findings-closed",), Context(version_by_id(version.pk), until))[0]
    assert not later.ok
    low = opened(world, version, "low", title="Typo in the card")
    assert gate(version).ok
    assert str(low) in gate(version).notes[1]
    for who, seat in (("validator", "independent-validator"), ("reviewer", "risk-reviewer")):
        world.decide(version, who, seat)
    assert version_by_id(version.pk).state == "approved"
    before = Notice.objects.count()
    opened(world, version, "critical", title="Wrong population")
    told = Notice.objects.filter(text__contains="critical finding is open on something that is approved")
    assert {row.recipient for row in told} == {world.users["owner"], world.users["reviewer"]}
    assert Notice.objects.count() == before + 2
    assert (
        version_by_id(version.pk).state == "approved"
    )  # what runs is stopped by a person, never by a finding


@pytest.mark.once
def test_findings_and_dissent_are_printed_and_an_erasure_keeps_the_proofs(world: Any) -> None:
    version = world.in_review()
    decision = world.decide(version, "reviewer", "risk-reviewer")
    with pytest.raises(Conflict):
        decision_dissent(actor=world["reviewer"], decision_id=decision.pk, reason="My own.")
    dissent = decision_dissent(actor=world["validator"], decision_id=decision.pk, reason="Kappa says no.")
    assert decision_dissent(actor=world["validator"], decision_id=decision.pk, reason="2").pk == dissent.pk
    _, uncounted = seats(Context(version_by_id(version.pk), clock.now()))
    assert "dissent" in uncounted[0].why
    finding = opened(world, version)
    comment_write(actor=world["validator"], about="finding", row_id=finding.pk, text="Look at kappa.")
    publish()

    def printed() -> str:
        data = [
            report_data(report_id=uuid4(), version_id=version.pk, kind=kind, at=clock.now())
            for kind in ("scorecard", "audit")
        ]
        assert data[0]["findings"][0]["severity"] == "high"
        states = {row["what"]: row["state"] for row in data[1]["exceptions"]}
        assert any(what.startswith("Dissent to decision") for what in states)
        assert {"title": "Open findings", "n": 1, "text": ""} in data[0]["attention"]
        return "\n".join(map(html_of, data))

    assert "Kappa drifts" in printed()
    assert "Kappa says no." in printed()
    shown = Context(version_by_id(version.pk), clock.now()).shown
    user = world.users["validator"]
    user_deactivate(actor=world["one"], user_id=user.pk)
    asked = erasure_request(actor=world["one"], user_id=user.pk, ground="request")
    erasure_confirm(actor=world["two"], erasure_id=asked.pk)
    finding.refresh_from_db()
    assert (finding.title, Dissent.objects.get().reason) == ("[erased]", "[erased]")
    assert Dissent.objects.get().person == user.pseudonym
    text = printed()
    assert "Kappa" not in text
    assert {name: value for name, value in Context(version_by_id(version.pk), clock.now()).shown.items()
            if name.startswith(("finding", "dissent"))} == {
        name: value for name, value in shown.items() if name.startswith(("finding", "dissent"))
    }  # fmt: skip
    publish()
    run = ledger_audit(actor=Actor.system("ledger-audit"))
    assert (run.verdict, run.faults) == ("ok", ())


def test_two_at_once_open_one_finding_and_one_decision_of_two_stands(world: Any) -> None:
    version = world.draft()
    outcomes = at_once(*[lambda: opened(world, version) for _ in range(4)])
    assert outcomes == [None] * 4
    finding = Finding.objects.get()
    until = finding.due_at + timedelta(days=3)

    def ask() -> object:
        return extension_request(
            actor=world["owner"], finding_id=finding.pk, until=until, reason="Late data."
        )

    assert at_once(ask, ask, ask) == [None] * 3
    extension = FindingExtension.objects.get()

    def decide(grant: bool) -> object:
        return extension_decide(actor=world["reviewer"], extension_id=extension.pk, grant=grant, note="So.")

    outcomes = at_once(lambda: decide(True), lambda: decide(False))
    assert sorted(type(error).__name__ for error in outcomes) == ["Conflict", "NoneType"]
    extension.refresh_from_db()
    finding.refresh_from_db()
    assert (finding.due_at == until) is (extension.state == "granted")

    def answer(move: str) -> object:
        return finding_move(actor=world["developer"], finding_id=finding.pk, move=move, reason="So.")

    outcomes = at_once(lambda: answer("respond"), lambda: answer("dispute"))
    assert sum(isinstance(error, ServiceError) for error in outcomes) == 1
    assert finding.statements.count() == 1


@pytest.mark.once
def test_the_pages_and_the_api_tell_what_they_may(world: Any) -> None:
    version = world.draft()
    finding = opened(world, version, description="<script>alert(1)</script> and\na second line")
    owner, validator, operator = (signed_in(world, key) for key in ("owner", "validator", "one"))
    page = owner.get(reverse("governance:finding", args=[finding.pk])).content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert reverse("governance:act", args=["finding-respond", finding.pk]) in page
    assert "closed: your roles don&#x27;t allow it" in page
    listed = reverse("governance:findings")
    assert "Kappa drifts" in owner.get(listed, {"severity": "high", "mine": "answer"}).content.decode()
    assert "Kappa drifts" not in owner.get(listed, {"due": "overdue"}).content.decode()
    for wrong in ({"owner__email__startswith": "a"}, {"severity": "grave"}, {"ordering": "owner__password"}):
        assert owner.get(listed, wrong).status_code == 400, wrong
    for address in (
        reverse("governance:finding", args=[finding.pk]),
        reverse("governance:comments", args=["finding", finding.pk]),
        reverse("governance:act", args=["finding-respond", finding.pk]),
    ):
        assert operator.get(address).status_code == 404, address  # an operator sees systems, no versions
    assert "Kappa drifts" not in operator.get(listed).content.decode()
    act = reverse("governance:act", args=["finding-respond", finding.pk])
    assert owner.get(act).status_code == 200
    assert validator.post(act, {"reason": "Mine."}).status_code == 403
    assert owner.post(act, {"reason": "We collect more."}).status_code == 302
    assert owner.post(act, {"reason": "We collect more."}).status_code == 409
    inbox = validator.get("/").content.decode()
    assert "Judge the response to a finding" in inbox
    # the API: tokens read, persons in a session open
    token = {"headers": {"Authorization": f"Bearer {world.token}"}}
    got = owner.get("/api/v1/findings", **token).json()["results"]
    assert [(row["id"], row["state"]) for row in got] == [(str(finding.pk), "responded")]
    assert got[0]["subjects"] == [
        {"system": str(world.system_id), "model": str(version.model_id), "version": str(version.pk)}
    ]
    assert owner.get("/api/v1/findings?state=open&overdue=true", **token).json()["results"] == []
    assert owner.get("/api/v1/findings?owner=x", **token).status_code == 400
    one = owner.get(f"/api/v1/findings/{finding.pk}", **token).json()
    assert [row["kind"] for row in one["statements"]] == ["respond"]
    body = {"versions": [str(version.pk)], "title": "By API", "description": "D", "severity": "low"}
    kind = {"content_type": "application/json"}
    assert owner.post("/api/v1/findings", body, **kind, **token).status_code == 403
    made = validator.post("/api/v1/findings", body, **kind)
    assert made.status_code == 201, made.content
    assert validator.post("/api/v1/findings", {**body, "state": "closed"}, **kind).status_code == 400
    answered = owner.post(f"/api/v1/findings/{made.json()['id']}/response", {"reason": "Yes."}, **kind)
    assert (answered.status_code, answered.json()["state"]) == (201, "responded")
    comment_write(actor=world["validator"], about="version", row_id=version.pk, text="Hello.")
    threads = owner.get(f"/api/v1/versions/{version.pk}/comments", **token).json()["results"]
    assert [row["text"] for row in threads] == ["Hello."]
