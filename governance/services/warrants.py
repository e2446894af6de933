"""Warrants: granted with a deployment, signed once the grant is in the published log, void when their ground falls.

Granting and signing are two transactions on purpose. The grant commits with its entry; only when that entry is
integrated and under a signed checkpoint can its proof be printed into the warrant. A crash between the two loses
nothing: the granted row is due, and the next sweep signs it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from uuid import UUID

from governance import events
from governance.catalogue import IMMEDIATE
from governance.gates.approvals import LIGHT_NOTE, approving
from governance.gates.context import Context
from governance.gates.material import LIGHT
from governance.machines import WARRANT
from governance.models import Emergency, Warrant
from governance.policies.document import PolicyDocument
from governance.selectors.conditions import current_conditions, sentence_of
from governance.selectors.emergencies import emergency_condition
from governance.selectors.standing import overdue
from governance.selectors.warrants import terms_of
from governance.services.refusals import because
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.services import keys, records
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from ledger.workdays import calendar
from modelwarrant import warrant as warrants
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.machines import DEPLOYMENT
from registry.models import Deployment, Version
from registry.services.deployments import deployment_apply_move

ISSUE_TASK = "governance.issue"
STATUS_TASK = "governance.status"


def grant(
    deployment: Deployment,
    *,
    actor: Actor,
    context: Context,
    document: PolicyDocument,
    emergency: Emergency | None = None,
    decisions: Sequence[str] = (),
) -> Warrant:
    """Record that `deployment` may have a warrant; the caller has asked every gate in this transaction.

    It rests on the approvals that fill the seats now, or on `decisions` where a renewal names them. Its end and the end
    of its grace are put where people work. In an `emergency` its second person's agreement stands for the decisions, and
    the warrant ends with its clock, to the minute and without grace. Raises Refused while a condition of the approval is
    overdue: nothing new may begin under it.
    """
    version, now = deployment.version, context.at
    late = [row for row in current_conditions(version) if overdue(row, now)]
    if late:
        text = f"{len(late)} condition of the approval is overdue." if len(late) == 1 else (
            f"{len(late)} conditions of the approval are overdue."
        )  # fmt: skip
        raise because(
            f"{version} gets no warrant now.",
            version,
            P.DEPLOYMENT_REQUEST,
            gate="conditions",
            code="condition-overdue",
            text=text,
        )
    not_after, grace_ends = _ends(context, document, emergency)
    if emergency is not None:
        decisions = [str(emergency.pk)]
    policy_digest = document.digest.removeprefix("sha256:")
    warrant = Warrant(deployment=deployment, version=version, slot=deployment.slot)
    records.write(
        actor=actor,
        event=events.WARRANT_GRANTED,
        row=warrant,
        set={
            "state": WARRANT.initial.name,
            "subject_digest": version.subject_digest,
            "policy_digest": policy_digest,
            "conditions": [*([emergency_condition(emergency)] if emergency else []), *_conditions(context)],
            "granted_at": now,
            "due_from": max(now, not_after - dt.timedelta(days=document.warrant.due_days)),
            "not_after": not_after,
            "grace_ends": grace_ends,
        },
        data={
            "subject_digest": f"sha256:{version.subject_digest}",
            "slot": f"{deployment.slot.environment}/{deployment.slot.region}/{deployment.slot.arm}",
            "decisions": list(decisions) or [str(decision.id) for decision in approving(context)],
            "policy_digest": f"sha256:{policy_digest}",
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
    _supersede_others(warrant, actor=actor)
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
    """Void every warrant of a version at once, inside the transaction of the move that takes their ground away."""
    open_warrants = Warrant.objects.select_for_update().filter(
        version=version, state__in=("granted", "issued", "superseded")
    )
    _require_immediate(ground)
    return [void_row(warrant, actor=actor, ground=ground) for warrant in open_warrants.order_by("granted_at")]


@governed
def warrant_void(*, actor: Actor, warrant_id: UUID, ground: str) -> Warrant:
    """Void one warrant at once: for an integrity failure, a compromised key, or a named person's suspension."""
    warrant = _locked(warrant_id)
    access.require(actor, P.WARRANT_VOID, warrant)
    _require_immediate(ground)
    return void_row(warrant, actor=actor, ground=ground)


def void_row(warrant: Warrant, *, actor: Actor, ground: str, at: dt.datetime | None = None) -> Warrant:
    """Record that a locked warrant is void since `at` (now). Not a door: its callers asked for permission and ground."""
    # The permission that counts is that of the move that caused this (a suspension, say); it was asked there.
    transition = WARRANT.move(warrant.state, "void")
    records.write(
        actor=actor,
        event=events.WARRANT_MOVED,
        row=warrant,
        set={"state": transition.target, "void_ground": ground, "voided_at": at or clock.now()},
        data={"move": "void", "from": warrant.state, "to": transition.target},
    )
    wake_after_commit(STATUS_TASK)
    return warrant


def _require_immediate(ground: str) -> None:
    if ground not in IMMEDIATE:
        raise Invalid(
            f"'{ground}' voids nothing at once; what does: {', '.join(sorted(IMMEDIATE))}.", field="ground"
        )


def _supersede_others(warrant: Warrant, *, actor: Actor) -> None:
    others = Warrant.objects.select_for_update().filter(
        version=warrant.version_id, slot=warrant.slot_id, state="issued"
    )
    for other in others.exclude(pk=warrant.pk):
        move_row(actor=actor, row=other, machine=WARRANT, move="supersede", event=events.WARRANT_MOVED)


def _ends(
    context: Context, document: PolicyDocument, emergency: Emergency | None
) -> tuple[dt.datetime, dt.datetime]:
    """When a warrant granted now ends, and its grace."""
    term = context.at + dt.timedelta(days=document.warrant.days)
    # A warrant that rests on a waiver is in force no longer than it, whatever the hour: only its grace ends in working
    # hours.
    waived = [state.waiver.ends for state in context.requirements if state.waiver and state.standing != "met"]
    if emergency is not None and emergency.ends is not None:
        ends = min([term, emergency.ends, *waived])
        return ends, ends
    office = calendar()
    not_after = min([office.within(term), *waived])
    return not_after, office.within(not_after + dt.timedelta(days=document.warrant.grace_days))


def _conditions(context: Context) -> list[str]:
    conditions = [LIGHT_NOTE] if context.path == LIGHT else []
    for state in context.requirements:
        if state.waiver and state.standing != "met":
            conditions.append(
                f"{state.title}: {state.standing}, waived until {state.waiver.ends.date().isoformat()}"
            )
        elif state.acceptance and state.standing == "inconclusive":
            review = state.acceptance.review_by.date().isoformat()
            conditions.append(f"{state.title}: inconclusive, accepted with a limitation, review by {review}")
    conditions += [sentence_of(row) for row in current_conditions(context.version) if row.state == "open"]
    return conditions


def _locked(warrant_id: UUID) -> Warrant:
    warrant = Warrant.objects.select_for_update().filter(pk=warrant_id).first()
    if warrant is None:
        raise NotThere()
    return warrant
