"""Warrants: granted with a deployment, signed once the grant is in the published log, void when their ground falls.

Granting and signing are two transactions on purpose. The grant commits with its entry; only when that entry is
integrated and under a signed checkpoint can its proof be printed into the warrant. A crash between the two loses
nothing: the granted row is due, and the next sweep signs it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from uuid import UUID

from governance import events
from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.machines import WARRANT
from governance.models import Warrant
from governance.policies.document import PolicyDocument
from governance.selectors.warrants import terms_of
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import NotThere
from ledger.services import keys, records
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from modelwarrant import warrant as warrants
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.machines import DEPLOYMENT
from registry.models import Deployment, Version
from registry.services.deployments import deployment_apply_move

ISSUE_TASK = "governance.issue"


def grant(deployment: Deployment, *, actor: Actor, context: Context, document: PolicyDocument) -> Warrant:
    """Record that `deployment` may have a warrant; the caller has asked every gate in this transaction."""
    version, now = deployment.version, context.at
    ends = [now + dt.timedelta(days=document.warrant.days)]
    # A warrant that rests on a waiver ends with it: when the exception lapses, so does its ground.
    ends += [state.waiver.ends for state in context.requirements if state.waiver and state.standing != "met"]
    not_after = min(ends)
    filled, _ = seats(context)
    warrant = Warrant(deployment=deployment, version=version, slot=deployment.slot)
    records.write(
        actor=actor,
        event=events.WARRANT_GRANTED,
        row=warrant,
        set={
            "state": WARRANT.initial.name,
            "subject_digest": version.subject_digest,
            "policy_digest": version.policy_digest,
            "conditions": [*_conditions(context)],
            "granted_at": now,
            "due_from": max(now, not_after - dt.timedelta(days=document.warrant.due_days)),
            "not_after": not_after,
            "grace_ends": not_after + dt.timedelta(days=document.warrant.grace_days),
        },
        data={
            "subject_digest": f"sha256:{version.subject_digest}",
            "slot": f"{deployment.slot.environment}/{deployment.slot.region}/{deployment.slot.arm}",
            "decisions": [str(seat.decision.id) for seat in filled if seat.decision],
            "policy_digest": f"sha256:{version.policy_digest}",
        },
    )
    wake_after_commit(ISSUE_TASK)
    return warrant


@governed
def warrant_issue(*, actor: Actor, warrant_id: UUID) -> Warrant:
    """Sign a granted warrant if its grant is in the published log; otherwise leave it due and return it so."""
    warrant = _locked(warrant_id)
    access.require(actor, P.WARRANT_ISSUE, warrant)
    if warrant.state != "granted":
        return warrant
    entry = log.first_entry(warrant.ledger_kind, warrant.pk)
    proof = log.proof_for(entry.pk) if entry else None
    if entry is None or proof is None:
        return warrant
    key = keys.signer("warrant")
    terms = terms_of(warrant, issued=clock.now())
    document = warrants.make(terms, bytes(entry.bytes), proof, key)
    # Whatever is about to be handed out must pass the very check that a stranger will make.
    warrants.check(document, trust=log.trusted_keys("warrant"), at=terms.issued, verifiers=log.verifiers())
    move_row(
        actor=actor,
        row=warrant,
        machine=WARRANT,
        move="issue",
        event=events.WARRANT_MOVED,
        set={
            "issued_at": terms.issued,
            "keyid": key.key_id,
            "document": document.decode("utf-8"),
            "document_digest": hashlib.sha256(document).hexdigest(),
        },
    )
    # A deployment whose first warrant fell (a suspension, a revoked key) keeps its place and gets another.
    if warrant.deployment.state == DEPLOYMENT.initial.name:
        deployment_apply_move(
            actor=actor, deployment_id=warrant.deployment_id, move="warrant", answers={"warrant-issued": True}
        )
    return warrant


def issue_due(*, actor: Actor) -> int:
    """Sign every granted warrant whose proof is there. Each in its own transaction; returns how many were signed."""
    due = Warrant.objects.filter(state="granted").order_by("granted_at").values_list("id", flat=True)
    return sum(
        warrant_issue(actor=actor, warrant_id=warrant_id).state == "issued" for warrant_id in list(due)
    )


def void_all(version: Version, *, actor: Actor, ground: str) -> list[Warrant]:
    """Void every warrant of a version, inside the transaction of the move that takes their ground away."""
    open_warrants = Warrant.objects.select_for_update().filter(
        version=version, state__in=("granted", "issued")
    )
    return [_void(warrant, actor=actor, ground=ground) for warrant in open_warrants.order_by("granted_at")]


@governed
def warrant_void(*, actor: Actor, warrant_id: UUID, ground: str) -> Warrant:
    """Void one warrant at once: for an integrity failure or a compromised key."""
    warrant = _locked(warrant_id)
    access.require(actor, P.WARRANT_VOID, warrant)
    return _void(warrant, actor=actor, ground=ground)


def _void(warrant: Warrant, *, actor: Actor, ground: str) -> Warrant:
    # The permission that counts is that of the move that caused this (a suspension, say); it was asked there.
    transition = WARRANT.move(warrant.state, "void")
    records.write(
        actor=actor,
        event=events.WARRANT_MOVED,
        row=warrant,
        set={"state": transition.target, "void_ground": ground, "voided_at": clock.now()},
        data={"move": "void", "from": warrant.state, "to": transition.target},
    )
    return warrant


def _conditions(context: Context) -> list[str]:
    conditions = []
    for state in context.requirements:
        if state.waiver and state.standing != "met":
            conditions.append(
                f"{state.title}: {state.standing}, waived until {state.waiver.ends.date().isoformat()}"
            )
        elif state.acceptance and state.standing == "inconclusive":
            review = state.acceptance.review_by.date().isoformat()
            conditions.append(f"{state.title}: inconclusive, accepted with a limitation, review by {review}")
    return conditions


def _locked(warrant_id: UUID) -> Warrant:
    warrant = Warrant.objects.select_for_update().filter(pk=warrant_id).first()
    if warrant is None:
        raise NotThere()
    return warrant
