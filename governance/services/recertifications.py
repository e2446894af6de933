"""Renewal of a warrant: asked for when it is due, measured again, decided by a person, and followed by a new warrant.

A renewal is judged by the policy in force when it is taken into review, not by the one the version was approved under:
its digest is pinned in the request, the checks run with its bounds, and the new warrant prints it. The version's own
pinned policy stays what it was. The old warrant answers until the new one is signed, so there is no gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from governance import events
from governance.gates.answers import GateAnswer, Reason
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.machines import RECERTIFICATION
from governance.models import Policy, Recertification, Warrant
from governance.policies.document import PolicyDocument
from governance.selectors.recertifications import (
    OPEN,
    checks_again,
    measured_again,
    policy_for,
    policy_in_force,
    renewal_states,
)
from governance.selectors.requirements import document_of
from governance.selectors.standing import standing_at
from governance.selectors.warrants import decisions_of
from governance.services.checks import runs_request
from governance.services.endings import lapse_fallen
from governance.services.refusals import because, closed, no_policy, require_free
from governance.services.warrants import grant
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records, replay
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.machines import DEPLOYMENT
from registry.models import Version
from registry.selectors import versions
from registry.selectors.versions import version_locked

GATES = ("records-intact", "signature-valid", "described-as-signed", "artifact-intact")
RENEWABLE = ("approved", "restricted")
ENDED = tuple(state.name for state in DEPLOYMENT.states if state.kind == "final")
BATCH = 200


@governed
def recertification_request(*, actor: Actor, warrant_id: UUID, reason: str) -> Recertification:
    """Ask that a warrant in force is renewed. One open request per slot: a second ask returns it."""
    warrant = Warrant.objects.select_related("version", "slot").filter(pk=warrant_id).first()
    if warrant is None:
        raise NotThere()
    version = version_locked(warrant.version_id)
    access.require(actor, P.RECERTIFICATION_REQUEST, warrant)
    warrant.refresh_from_db()
    waiting = Recertification.objects.filter(
        version=version, warrant__slot=warrant.slot_id, state__in=OPEN
    ).first()
    if waiting:
        return waiting
    if not reason.strip():
        raise Invalid("Say why it should be renewed.", field="reason")
    status = standing_at(warrant, clock.now()).status
    if status not in ("active", "due", "grace"):
        raise Conflict(f"The warrant is {status}; only one in force is renewed.")
    renewal = Recertification()
    records.write(
        actor=actor,
        event=events.RECERTIFICATION_REQUESTED,
        row=renewal,
        set={
            "version": version,
            "warrant": warrant,
            "state": RECERTIFICATION.initial.name,
            "reason": reason.strip(),
            "requested_by": actor.id,
            "requested_at": clock.now(),
        },
    )
    return renewal


@governed
def recertification_start(*, actor: Actor, recertification_id: UUID) -> Recertification:
    """Take it into review: the policy in force is pinned, and its checks run again under it."""
    renewal, version = _locked(recertification_id)
    access.require(actor, P.RECERTIFICATION_DECIDE, renewal)
    policy = policy_in_force(version)
    if policy is None:
        raise no_policy("The renewal can't be reviewed.", version, P.RECERTIFICATION_DECIDE)
    document = document_of(policy)
    wanted = checks_again(document, version.model.task)
    if not wanted:
        raise because(
            "The renewal can't be reviewed.",
            version,
            P.RECERTIFICATION_DECIDE,
            gate="policy",
            code="no-requirements",
            text=f"The policy in force asks for no check of models with the task '{version.model.task}'.",
        )
    _move(actor, renewal, "start", policy_digest=policy.digest, reviewed_from=clock.now())
    needs = document.required("approve", version.model.task)
    checks = dict.fromkeys(need.check for need in needs if need.name in wanted)
    runs_request(version, policy, actor=actor, checks=checks)
    return renewal


@governed
def recertification_grant(*, actor: Actor, recertification_id: UUID, note: str) -> Recertification:
    """Renew the warrant: every gate is asked again, the checks must hold anew, and a new warrant is granted.

    By a holder of the role that the policy names, barred like an approver: nobody who made the version, owns its system,
    or asked for the renewal. Raises Refused with every reason.
    """
    renewal, version = _locked(recertification_id)
    access.require(actor, P.RECERTIFICATION_DECIDE, renewal)
    policy = policy_for(renewal)
    if policy is None:
        raise no_policy("The warrant can't be renewed.", version, P.RECERTIFICATION_DECIDE)
    lapse_fallen(version, actor=Actor.system("expiry-sweep"))
    context = Context(version, clock.now(), judged_by=policy)
    document = document_of(policy)
    _require_decider(actor, renewal, context, document)
    _require_note(note)
    renewal.warrant.refresh_from_db()
    answers = [*recertification_answers(renewal, context, document), *evaluate(GATES, context)]
    if not all(answer.ok for answer in answers):
        raise closed("The warrant can't be renewed.", version, P.RECERTIFICATION_DECIDE, answers)
    rests_on = [*decisions_of(renewal.warrant), str(renewal.pk)]
    deployment = renewal.warrant.deployment
    warrant = grant(deployment, actor=actor, context=context, document=document, decisions=rests_on)
    _move(actor, renewal, "grant", **_decided(actor, note), granted=warrant)
    return renewal


@governed
def recertification_refuse(*, actor: Actor, recertification_id: UUID, note: str) -> Recertification:
    """Refuse the renewal, with the reason. The warrant stands until its own end."""
    renewal, _ = _locked(recertification_id)
    access.require(actor, P.RECERTIFICATION_DECIDE, renewal)
    _require_note(note)
    _move(actor, renewal, "refuse", **_decided(actor, note))
    return renewal


@governed
def recertification_withdraw(*, actor: Actor, recertification_id: UUID) -> Recertification:
    """Take the request back."""
    renewal, _ = _locked(recertification_id)
    _move(actor, renewal, "withdraw")
    return renewal


def renewals_ask(*, actor: Actor) -> int:
    """Ask for the renewal of every warrant that came due and that nobody was asked about; how many."""
    now = clock.now()
    due = Warrant.objects.filter(
        state="issued", due_from__lte=now, grace_ends__gt=now, version__state__in=RENEWABLE
    )
    about = Recertification.objects.filter(warrant=OuterRef("pk"))
    known = about.filter(Q(state__in=OPEN) | Q(requested_at__gte=OuterRef("due_from")))
    fresh = due.exclude(Exists(known)).exclude(deployment__state__in=ENDED)
    ids = list(fresh.order_by("due_from").values_list("pk", flat=True)[:BATCH])
    for warrant_id in ids:
        recertification_request(actor=actor, warrant_id=warrant_id, reason="Its warrant came due.")
    return len(ids)


def recertification_answers(
    renewal: Recertification, context: Context, document: PolicyDocument
) -> list[GateAnswer]:
    """What a renewal asks beside the gates on bytes and records: version, warrant, place, and checks that hold again."""
    warrant, version = renewal.warrant, context.version
    reasons = []
    state = replay.replayed(version.ledger_kind, version.pk).get("state")
    if state not in RENEWABLE:
        reasons.append(Reason(f"version-{state}", f"The log says the version is {state}.", str(version.pk)))
    standing = standing_at(warrant, context.at)
    if not standing.in_force:
        text = f"The warrant is {standing.status}; only one in force is renewed."
        reasons.append(Reason("warrant-not-in-force", text, str(warrant.pk)))
    if warrant.deployment.state in ENDED:
        text = f"The deployment is {warrant.deployment.state}."
        reasons.append(Reason("deployment-ended", text, str(warrant.deployment_id)))
    if warrant.slot.environment not in document.warrant.environments:
        text = f"The policy allows no deployment to '{warrant.slot.environment}' any more."
        reasons.append(Reason("environment", text))
    return [
        GateAnswer("renewable", "Warrant can be renewed", tuple(reasons)),
        GateAnswer("checks-again", "Checks hold again", tuple(_open(renewal, context))),
    ]


def _open(renewal: Recertification, context: Context) -> Iterable[Reason]:
    policy: Policy | None = context.policy
    states = renewal_states(renewal, policy, at=context.at) if policy else ()
    if not states:
        yield Reason("no-requirements", "No check is asked for again; nothing measured is not a pass.")
    for state in states:
        name = state.requirement.name
        if state.requirement.gating and state.waiver is None and not measured_again(renewal, state):
            yield Reason("check-missing", f"{state.title}: not measured since the review began.", name)
        elif state.open:
            text = f"{state.title}: {state.standing}. {state.why.rstrip('.')}."
            yield Reason(f"check-{state.standing}", text, name)


def _require_decider(
    actor: Actor, renewal: Recertification, context: Context, document: PolicyDocument
) -> None:
    role = document.recertification.role
    if role not in access.roles(actor, context.version):
        raise because(
            "You can't renew this warrant.",
            context.version,
            P.RECERTIFICATION_DECIDE,
            gate="recertification",
            code="decider",
            text=f"The policy wants the role '{role}' for this.",
        )
    if document.recent_authentication:
        access.require_recent(actor, document.recent_authentication)
    require_free(actor, context, P.RECERTIFICATION_DECIDE, about=renewal, what="renew its warrant")


def _require_note(note: str) -> None:
    if not note.strip():
        raise Invalid("Give the reason for your decision; it is kept with it.", field="note")


def _decided(actor: Actor, note: str) -> dict[str, object]:
    return {"decided_by": actor.id, "decided_at": clock.now(), "decision_note": note.strip()}


def _move(actor: Actor, renewal: Recertification, move: str, **values: object) -> None:
    move_row(
        actor=actor,
        row=renewal,
        machine=RECERTIFICATION,
        move=move,
        event=events.RECERTIFICATION_MOVED,
        barred={
            "contributor": versions.contributors(renewal.version_id),
            "requester": frozenset({renewal.requested_by}),
        },
        set=values,
    )


def _locked(recertification_id: UUID) -> tuple[Recertification, Version]:
    found = Recertification.objects.filter(pk=recertification_id).values_list("version_id", flat=True).first()
    if found is None:
        raise NotThere()
    # The version is what every other decision locks first.
    version = version_locked(found)
    rows = Recertification.objects.select_for_update(of=("self",))
    return rows.select_related("warrant__slot", "warrant__deployment").get(pk=recertification_id), version
