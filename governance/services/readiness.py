"""Documents handed in beside a version, and answers to the checklists of its policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from governance import events
from governance.models import ChecklistAnswer, VersionDocument
from governance.policies.document import PolicyDocument
from governance.selectors.ground import policy_of
from governance.selectors.policies import document_of
from governance.selectors.readiness import answers_of
from governance.services.refusals import no_policy
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Gone, Invalid, NotAllowed, NotThere, TooLarge
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry import storage
from registry.machines import CONTENT_OPEN
from registry.models import Blob, Version, Work
from registry.selectors import versions
from registry.selectors.versions import version_locked
from registry.services.blobs import blob_of_bytes
from registry.services.content import took_part

MAX_DOCUMENT = 25 * 2**20
ANSWERS = ("yes", "no", "not-applicable")
ANSWERED_BY: Mapping[str, P] = {
    "submit": P.VERSION_EDIT,
    "start-review": P.VERSION_REVIEW,
    "approve": P.VERSION_REVIEW,
    "deploy": P.DEPLOYMENT_REQUEST,
}
"""Move -> the right of whoever answers its checklist: makers before they submit, reviewers before they decide, the owner
before it runs."""
ANSWERED_IN: Mapping[str, frozenset[str]] = {
    "submit": frozenset({"draft", "in-use-not-warranted"}),
    "start-review": frozenset({"validation"}),
    "approve": frozenset({"validation", "review"}),
    "deploy": frozenset({"review", "approved"}),
}
"""Move -> the states in which its checklist is open."""
JUDGING = frozenset({"start-review", "approve"})
"""Moves whose checklist nobody answers who took part in the version."""
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,59}\Z")


@governed
def document_attach(
    *,
    actor: Actor,
    version_id: UUID,
    kind: str,
    title: str,
    name: str,
    data: bytes,
    attached_as: str = "maker",
) -> VersionDocument:
    """Attach a document while the version is open. As a `maker` one takes part in the version by it; as a `validator` one
    doesn't, and may only if one never did. Raises Invalid, TooLarge, Conflict."""
    version = version_locked(version_id)
    if attached_as not in ("maker", "validator"):
        raise Invalid("A document is attached as 'maker' or 'validator'.", field="attached_as")
    access.require(actor, P.VERSION_VALIDATE if attached_as == "validator" else P.VERSION_EDIT, version)
    if attached_as == "validator":
        _require_no_part(actor, version, P.VERSION_VALIDATE)
    if version.state not in CONTENT_OPEN:
        raise Conflict(f"The version is {version.state}: documents are attached before the decision.")
    if not _WORD.match(kind):
        raise Invalid("A kind is a word like validation-report.", field="kind")
    title, name = title.strip(), name.strip()
    for field, text, limit in (("title", title, 200), ("file", name, 255)):
        if not text or len(text) > limit or not text.isprintable():
            raise Invalid(f"One line of at most {limit} plain characters is expected.", field=field)
    if not data:
        raise Invalid("The file is empty.", field="file")
    if len(data) > MAX_DOCUMENT:
        raise TooLarge(f"A document has at most {MAX_DOCUMENT // 2**20} MB.", field="file")
    blob = blob_of_bytes(data, name)
    same = VersionDocument.objects.filter(
        version=version, kind=kind, blob_digest=blob.digest, present=True
    ).first()
    if same is not None:  # a second click
        return same
    document = VersionDocument()
    records.write(
        actor=actor,
        event=events.DOCUMENT_ATTACHED,
        row=document,
        set={
            "version": version,
            "kind": kind,
            "title": title,
            "name": name,
            "blob_digest": blob.digest,
            "size": len(data),
            "attached_as": attached_as,
            "attached_by": actor.id,
            "attached_at": clock.now(),
            "present": True,
        },
    )
    if attached_as == "maker":
        took_part(actor, version, Work.DOCUMENT)
    return document


@governed
def document_remove(*, actor: Actor, document_id: UUID) -> VersionDocument:
    """Take a document off while the version is open; its row and bytes stay. Whoever attached it, or a maker or validator
    of the same right, may."""
    found = VersionDocument.objects.filter(pk=document_id).values_list("version_id", flat=True).first()
    if found is None:
        raise NotThere
    version = version_locked(found)
    document = VersionDocument.objects.select_for_update().get(pk=document_id)
    validators = document.attached_as == "validator"
    access.require(actor, P.VERSION_VALIDATE if validators else P.VERSION_EDIT, version)
    if validators:
        _require_no_part(actor, version, P.VERSION_VALIDATE)
    if version.state not in CONTENT_OPEN:
        raise Conflict(f"The version is {version.state}: what was decided on stays as it is.")
    if document.present:
        records.write(actor=actor, event=events.DOCUMENT_REMOVED, row=document, set={"present": False})
        if not validators:
            took_part(actor, version, Work.DOCUMENT)
    return document


def document_bytes(document: VersionDocument) -> bytes:
    """The bytes of a document. Raises Gone for one that retention has deleted."""
    if Blob.objects.filter(pk=document.blob_digest).exclude(deleted_at=None).exists():
        raise Gone("This document was deleted at the end of its term; its digest is kept.")
    return storage.read(document.blob_digest, limit=MAX_DOCUMENT)


@governed
def checklist_answer(
    *, actor: Actor, version_id: UUID, move: str, question: str, answer: str, note: str = ""
) -> ChecklistAnswer:
    """Answer one question of the policy; the latest answer of a round counts. The same answer again is recorded once.

    Raises Invalid for a question the policy doesn't ask and for `no` or `not-applicable` without a note.
    """
    version = version_locked(version_id)
    if move not in ANSWERED_BY:
        raise Invalid(f"No checklist belongs to '{move}'.", field="move")
    permission = ANSWERED_BY[move]
    access.require(actor, permission, version)
    if move in JUDGING:
        _require_no_part(actor, version, permission)
    if version.state not in ANSWERED_IN[move]:
        raise Conflict(f"The version is {version.state}; this checklist is not open now.")
    if question not in _document(version, permission).move(move).checklist:
        raise Invalid("The policy doesn't ask this question here.", field="question")
    if answer not in ANSWERS:
        raise Invalid(f"One of: {', '.join(ANSWERS)}.", field="answer")
    note = note.strip()
    if answer != "yes" and not note:
        raise Invalid("Say why in a sentence: it is printed with the answer.", field="note")
    if len(note) > 10_000:
        raise Invalid("At most 10,000 characters.", field="note")
    last = answers_of(version, move).get(question)
    if last is not None and (last.answer, last.note, last.person) == (answer, note, actor.id):
        return last
    row = ChecklistAnswer()
    records.write(
        actor=actor,
        event=events.CHECKLIST_ANSWERED,
        row=row,
        set={
            "version": version,
            "decision_round": version.decision_round,
            "move": move,
            "question": question,
            "answer": answer,
            "note": note,
            "person": actor.id,
            "answered_at": clock.now(),
        },
    )
    if move == "submit":
        took_part(actor, version, Work.DOCUMENT)
    return row


def _document(version: Version, permission: P) -> PolicyDocument:
    policy = policy_of(version)
    if policy is None:
        raise no_policy("No checklist can be answered.", version, permission)
    return document_of(policy)


def _require_no_part(actor: Actor, version: Version, permission: P) -> None:
    if actor.principals & versions.contributors(version.pk):
        raise NotAllowed(
            "You took part in making this version; somebody who didn't answers and reports on it.",
            permission=permission,
            subject=Subject.of(version),
            reason="contributor",
            visible=True,
        )
