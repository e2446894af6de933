"""Documents beside a version and the checklists of its policy, as pages."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from governance.policy_forms import ChecklistForm, DocumentForm
from governance.selectors.ground import policy_of
from governance.selectors.policies import document_of
from governance.selectors.readiness import answers_of, document_by_id
from governance.services.readiness import (
    ANSWERED_BY,
    MAX_DOCUMENT,
    checklist_answer,
    document_attach,
    document_bytes,
    document_remove,
)
from ledger.errors import NotAllowed, NotThere, ServiceError
from people import access
from people.catalogue import P
from people.pages import acting, actor_of, reading, tell
from people.services.reading import shown
from registry.selectors.versions import contributors, version_by_id


@acting
def documents(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Attach a document to a version."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=version_by_id(version_id))
    reached = access.reach(actor)
    roles = [("maker", "One of its makers")] if reached.allows(P.VERSION_EDIT, row) else []
    if reached.allows(P.VERSION_VALIDATE, row) and not actor.principals & contributors(row.pk):
        roles.append(("validator", "A validator who took no part in it"))
    if not roles:
        raise NotAllowed("You can't attach documents to this version.", visible=True)
    initial = {"kind": request.GET.get("kind", "")[:60]}
    form = DocumentForm(request.POST or None, request.FILES or None, roles=roles, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        file = given.pop("file")
        try:
            document_attach(
                actor=actor, version_id=row.pk, name=file.name, data=file.read(MAX_DOCUMENT + 1), **given
            )
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, "The document is attached. Approvals given before no longer count.")
            return redirect("governance:version", row.pk)
    return render(request, "governance/document_new.html", {"form": form, "version": row}, status=status)


@reading
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """The bytes of a document, to be kept, never shown by the browser."""
    row = shown(actor=actor_of(request), permission=P.VERSION_VIEW, row=document_by_id(document_id))
    answer = HttpResponse(document_bytes(row), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{_file_name(row.name)}"'
    return answer


@acting
def remove(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Take a document off a version that is still open."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=document_by_id(document_id))
    form, status, back = (
        Form(request.POST if request.method == "POST" else None),
        200,
        f"/versions/{row.version_id}/",
    )
    if request.method == "POST":
        form.full_clean()
        try:
            document_remove(actor=actor, document_id=row.pk)
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            return redirect(back)
    text = "Its record and its bytes stay. Approvals given while it was there no longer count."
    context = {"form": form, "title": f"Remove “{row.title}”", "text": text, "back": back}
    return render(request, "governance/policy_sure.html", context, status=status)


@acting
def checklist(request: HttpRequest, version_id: UUID, move: str) -> HttpResponse:
    """Answer the questions of one move."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=version_by_id(version_id))
    policy = policy_of(row)
    questions = document_of(policy).move(move).checklist if policy and move in ANSWERED_BY else ()
    if not questions:
        raise NotThere
    shown(actor=actor, permission=ANSWERED_BY[move], row=row)
    given = answers_of(row, move)
    said = [
        (
            question,
            given[question].answer if question in given else "",
            given[question].note if question in given else "",
        )
        for question in questions
    ]
    form = ChecklistForm(request.POST if request.method == "POST" else None, questions=said)
    status = 200
    if request.method == "POST" and form.is_valid():
        for at, question in enumerate(questions):
            answer, note = form.cleaned_data[f"answer_{at}"], form.cleaned_data[f"note_{at}"]
            if not answer:
                continue
            try:
                checklist_answer(
                    actor=actor, version_id=row.pk, move=move, question=question, answer=answer, note=note
                )
            except ServiceError as error:
                form.add_error(f"note_{at}" if error.field == "note" else None, error.message)
                status = error.status
        if not form.errors:
            messages.success(request, "Your answers are recorded.")
            return redirect("governance:version", row.pk)
    context = {"form": form, "version": row, "move": move}
    return render(request, "governance/checklist.html", context, status=status)


def _file_name(name: str) -> str:
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._- ") else "_" for letter in name
    )
