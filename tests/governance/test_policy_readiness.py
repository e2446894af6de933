"""Documents and checklists open gates, belong to what a decision binds, and are handed in by who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import ChecklistAnswer, VersionDocument
from governance.services.deployments import deployment_request
from governance.services.readiness import MAX_DOCUMENT, checklist_answer, document_attach, document_remove
from governance.services.versions import version_start_review, version_submit
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Refused, TooLarge
from registry.selectors.versions import contributors, version_by_id
from tests.access.sample import session_of
from tests.portal.test_pages import signed_in

pytestmark = pytest.mark.slow
NAMES = ("documents-attached", "checklist-answered")
PLACE = {"environment": "production", "region": "eu", "arm": "main"}


def gates(version: Any, move: str = "approve") -> dict[str, str]:
    answers = evaluate(NAMES, Context(version_by_id(version.pk), clock.now()), move=move)
    return {answer.gate: str(answer.answer) for answer in answers}


def attach(world: Any, version: Any, who: str, **said: Any) -> VersionDocument:
    usual = {
        "kind": "validation-report",
        "title": "Report",
        "name": "r.txt",
        "data": b"x",
        "attached_as": "validator",
    }
    return document_attach(actor=world[who], version_id=version.pk, **{**usual, **said})


@pytest.mark.once
def test_who_hands_in_what(world: Any) -> None:
    version = world.draft()
    for who in ("reviewer", "auditor", "developer"):
        with pytest.raises(NotAllowed):
            attach(world, version, who)
    with pytest.raises(NotAllowed):
        attach(world, version, "validator", attached_as="maker")
    with pytest.raises(Invalid):
        attach(world, version, "validator", kind="A Report")
    with pytest.raises(Invalid):
        attach(world, version, "validator", data=b"")
    with pytest.raises(TooLarge):
        attach(world, version, "validator", data=b"x" * (MAX_DOCUMENT + 1))
    first = attach(world, version, "validator")
    assert attach(world, version, "validator").pk == first.pk  # a second click
    assert world["validator"].id not in contributors(version.pk)
    attach(world, version, "owner", kind="impact-assessment", attached_as="maker")
    assert world["owner"].id in contributors(version.pk)
    with pytest.raises(NotAllowed):
        document_remove(actor=world["owner"], document_id=first.pk)
    with pytest.raises(NotThere):
        document_remove(actor=world["validator"], document_id=version.pk)
    assert not document_remove(actor=world["validator"], document_id=first.pk).present
    asked = Context(version, clock.now()).document.move("approve").checklist[0]  # type: ignore[union-attr]
    with pytest.raises(Conflict):  # not open before validation
        checklist_answer(
            actor=world["validator"], version_id=version.pk, move="approve", question=asked, answer="yes"
        )


@pytest.mark.once
def test_they_open_gates_and_void_what_was_decided_without_them(world: Any) -> None:
    version = world.validated()
    version_start_review(actor=world["validator"], version_id=version.pk)
    assert gates(version) == {"documents-attached": "refused", "checklist-answered": "pending"}
    world.cover(version)
    assert gates(version) == {"documents-attached": "ok", "checklist-answered": "ok"}
    world.decide(version, "validator", "independent-validator")
    question = Context(version, clock.now()).document.move("approve").checklist[0]  # type: ignore[union-attr]
    said = {"version_id": version.pk, "move": "approve", "question": question}
    with pytest.raises(NotAllowed):
        checklist_answer(actor=world["developer"], answer="yes", **said)
    with pytest.raises(Invalid, match="Say why"):
        checklist_answer(actor=world["validator"], answer="no", **said)
    with pytest.raises(Invalid, match="doesn't ask"):
        checklist_answer(actor=world["validator"], answer="yes", **{**said, "question": "Is it?"})
    checklist_answer(actor=world["validator"], answer="no", note="Nobody has.", **said)
    assert gates(version)["checklist-answered"] == "refused"
    with pytest.raises(Refused):
        world.decide(version, "reviewer", "risk-reviewer")
    checklist_answer(actor=world["validator"], answer="not-applicable", note="One team only.", **said)
    context = Context(version_by_id(version.pk), clock.now())
    context.version.card["users"] = " "  # the policy alone asks for it, at submit
    [card] = evaluate(["card-complete"], context)
    assert [reason.about for reason in card.reasons] == ["users"]  # and at approve still
    [answer] = evaluate(["checklist-answered"], context)
    assert answer.ok
    assert "One team only." in answer.notes[0]
    world.decide(version, "reviewer", "risk-reviewer")
    assert version_by_id(version.pk).state == "review"  # the validator's approval was for other answers
    world.decide(version, "validator", "independent-validator")
    assert version_by_id(version.pk).state == "approved"
    with pytest.raises(Conflict):
        attach(world, version, "validator", kind="late")
    ready = Context(version, clock.now()).document.move("deploy").checklist[0]  # type: ignore[union-attr]
    late = {"actor": world["owner"], "version_id": version.pk, "move": "deploy", "question": ready}
    checklist_answer(answer="no", note="Not since spring.", **late)
    with pytest.raises(Refused) as refusal:
        deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    assert [reason["code"] for reason in refusal.value.reasons] == ["answered-no"]
    checklist_answer(answer="yes", **late)
    assert deployment_request(actor=world["owner"], version_id=version.pk, **PLACE).state == "granted"
    rows = ChecklistAnswer.objects.filter(version=version, move="deploy", question=ready)
    assert [row.answer for row in rows] == ["yes", "no", "yes"]


@pytest.mark.once
def test_the_pages_take_files_and_answers(world: Any) -> None:
    version = world.validated()
    client = signed_in(world, "validator")
    address = reverse("governance:documents", args=[version.pk])
    page = reverse("governance:version", args=[version.pk])
    assert f"{address}?kind=validation-report" in client.get(page).content.decode()
    file = SimpleUploadedFile('r"<b>.html', b"<script>x</script>")
    said = {"kind": "validation-report", "title": "<i>Report</i>", "file": file, "attached_as": "maker"}
    assert client.post(address, said).status_code == 200  # not one of the choices of a validator
    file.seek(0)
    assert client.post(address, {**said, "attached_as": "validator"}).status_code == 302
    row = VersionDocument.objects.get()
    shown = client.get(page).content.decode()
    assert "&lt;i&gt;Report&lt;/i&gt;" in shown
    got = client.get(reverse("governance:document", args=[row.pk]))
    assert (got.content, got["Content-Type"]) == (b"<script>x</script>", "application/octet-stream")
    assert got["Content-Disposition"] == 'attachment; filename="r__b_.html"'

    address = reverse("governance:checklist", args=[version.pk, "approve"])
    assert "Say why" in client.post(address, {"answer_0": "yes", "answer_1": "no"}).content.decode()
    assert not ChecklistAnswer.objects.exists()  # all or none
    answers = {"answer_0": "yes", "answer_1": "not-applicable", "note_1": "No users yet.", "answer_2": "yes"}
    assert client.post(address, answers).status_code == 302
    assert gates(version)["checklist-answered"] == "ok"
    assert client.get(reverse("governance:checklist", args=[version.pk, "submit"])).status_code == 404
    stranger = signed_in(world, "auditor")
    assert stranger.post(address, answers).status_code == 403
    assert stranger.get(reverse("governance:document", args=[row.pk])).status_code == 200
    operator = signed_in(world, "one")
    assert operator.get(reverse("governance:document", args=[row.pk])).status_code == 404
    assert (
        signed_in(world, "developer").post(reverse("governance:document-remove", args=[row.pk])).status_code
        == 403
    )
    assert client.post(reverse("governance:document-remove", args=[row.pk])).status_code == 302
    assert gates(version)["documents-attached"] == "refused"


@pytest.mark.once
def test_the_api_takes_files_and_answers(world: Any) -> None:
    version = world.draft()
    base, octets = f"/api/v1/versions/{version.pk}", "application/octet-stream"
    pipeline, token = Client(), {"headers": {"Authorization": f"Bearer {world.token}"}}

    def attach(client: Client, query: str, data: bytes = b"x", **more: Any) -> Any:
        return client.post(f"{base}/documents?{query}", data, content_type=octets, **more)

    good = "kind=impact-assessment&title=Impact&name=impact.txt"
    first, again = (attach(pipeline, good, **token) for _ in range(2))
    assert (first.status_code, first.json()["attached_as"]) == (201, "maker")
    assert first.json() == again.json()  # the same bytes, once
    assert attach(pipeline, f"{good}&attached_as=validator", **token).status_code == 403
    for query, data, field in (
        ("title=T&name=n.txt", b"x", "kind"),
        ("kind=A Report&title=T&name=n.txt", b"x", "kind"),
        ("kind=note&title=&name=n.txt", b"x", "title"),
        ("kind=note&title=T", b"x", "name"),
        (f"{good}&attached_as=nobody", b"x", "attached_as"),
        (f"{good}&state=present", b"x", "state"),
        (good, b"", "file"),
    ):
        answer = attach(pipeline, query, data, **token)
        assert (answer.status_code, field in answer.content.decode()) == (400, True), (query, answer.content)
    assert attach(pipeline, good, b"x" * (MAX_DOCUMENT + 1), **token).status_code == 413

    reader, validator = session_of(world.users["auditor"]), session_of(world.users["validator"])
    outside = session_of(world.users["one"])
    assert attach(reader, good).status_code == 403
    assert attach(outside, good).status_code == 404
    row = VersionDocument.objects.get()
    assert [item["id"] for item in reader.get(f"{base}/documents").json()["results"]] == [str(row.pk)]
    assert reader.get(f"/api/v1/documents/{row.pk}").json() == first.json()
    got = reader.get(f"/api/v1/documents/{row.pk}/content")
    assert (got.content, got["Content-Type"]) == (b"x", octets)
    for path in (f"{base}/documents", f"/api/v1/documents/{row.pk}", f"/api/v1/documents/{row.pk}/content"):
        assert outside.get(path).status_code == 404
    assert validator.delete(f"/api/v1/documents/{row.pk}").status_code == 403  # a maker's
    assert pipeline.delete(f"/api/v1/documents/{row.pk}", **token).status_code == 204
    assert reader.get(f"{base}/documents").json()["results"] == []

    asked = {item["move"]: item for item in reader.get(f"{base}/checklists").json()}
    assert {move: item["open"] for move, item in asked.items()} == {"approve": False, "deploy": False}
    question = asked["approve"]["questions"][0]["question"]
    said = {"move": "approve", "question": question, "answer": "yes"}

    def answered(client: Client, **more: Any) -> Any:
        return client.post(
            f"{base}/checklists", {**said, **more}, content_type="application/json", **token_of
        )

    token_of: dict[str, Any] = {}
    assert answered(validator).status_code == 409  # not open before validation
    version_submit(actor=world["developer"], version_id=version.pk)
    for more, field in (
        ({"move": "start"}, "move"),
        ({"question": "Is it?"}, "question"),
        ({"answer": "perhaps"}, "answer"),
        ({"answer": "no"}, "note"),
        ({"person": "p-x"}, "person"),
    ):
        answer = answered(validator, **more)
        assert (answer.status_code, field in answer.content.decode()) == (400, True), (more, answer.content)
    assert [answered(client).status_code for client in (reader, outside)] == [403, 404]
    token_of = {"headers": {"Idempotency-Key": "one"}}
    kept = [answered(validator, answer="no", note="Nobody has.") for _ in range(2)]
    assert [answer.status_code for answer in kept] == [201, 201]
    token_of = token
    assert answered(Client()).status_code == 403
    assert ChecklistAnswer.objects.count() == 1
    shown = next(item for item in reader.get(f"{base}/checklists").json() if item["move"] == "approve")
    assert shown["open"]
    assert [item["answer"] and item["answer"]["note"] for item in shown["questions"]][:2] == [
        "Nobody has.",
        None,
    ]
