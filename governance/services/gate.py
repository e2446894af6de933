"""The gate: may this run here? Answered from the signed warrant and its leaf, never from a state column.

A read-only question for CI and serving. `pass` needs a warrant whose signature, terms, log entry and proof all
verify now, whose log has not voided it, and whose subject is still what was hashed. Everything else is `refused`
or, where only a person's act is missing, `pending`, with every reason.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from governance.gates.answers import Answer, GateAnswer, Reason, flat_reasons, heaviest
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import Warrant
from governance.selectors.warrants import received_at, status_at
from governance.services.deployments import approved, slot_allowed
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.services import replay
from modelwarrant import warrant as warrants
from modelwarrant.errors import CannotCheck, Fault
from people import access
from people.catalogue import P
from registry.machines import VERSION
from registry.models import Version
from registry.selectors import signatures
from registry.selectors.versions import version_by_id, versions_by_subject


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gate says. `answer` is `pass`, `pending` or `refused`; `reasons` explain whatever isn't a pass."""

    answer: str
    version: Version | None
    slot: str
    reasons: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warrant: Warrant | None = None
    warrant_status: str = ""


def ask(*, actor: Actor, version_id: UUID, environment: str, region: str, arm: str) -> Reply:
    """Ask for a version by id. Raises NotThere or NotAllowed."""
    version = version_by_id(version_id)
    access.require(actor, P.GATE_ASK, version)
    return _answer(version, environment, region, arm)


def ask_by_digest(*, actor: Actor, digest: str, environment: str, region: str, arm: str) -> Reply:
    """Ask for a subject digest (64 hexadecimal digits). An unknown digest is refused, not an error.

    A digest that this actor may not ask about answers like an unknown one.
    """
    known = [row for row in versions_by_subject(digest) if access.allowed(actor, P.GATE_ASK, row)]
    replies = [_answer(row, environment, region, arm) for row in known]
    for reply in replies:
        if reply.answer == "pass":
            return reply
    if replies:
        return replies[0]
    text = "No version that you may ask about has this digest."
    reasons = [{"gate": "subject", "code": "unknown-digest", "text": text, "about": digest}]
    return Reply("refused", None, f"{environment}/{region}/{arm}", reasons)


def _answer(version: Version, environment: str, region: str, arm: str) -> Reply:
    context = Context(version, clock.now())
    slot = f"{environment}/{region}/{arm}"
    rows = Warrant.objects.filter(
        version=version, slot__environment=environment, slot__region=region, slot__arm=arm
    )
    warrant = rows.order_by("-granted_at").first()
    if warrant is None:
        return _without_warrant(context, slot, environment)
    answers = [warrant_answer(warrant, context.at), *evaluate(("records-intact", "artifact-intact"), context)]
    answer = heaviest(item.answer for item in answers)
    return Reply(
        answer="pass" if answer is Answer.OK else str(answer),
        version=version,
        slot=slot,
        reasons=flat_reasons(answers),
        notes=list(warrant.conditions),
        warrant=warrant,
        warrant_status=status_at(warrant, context.at),
    )


def warrant_answer(warrant: Warrant, at: dt.datetime) -> GateAnswer:
    """Does this warrant, its entries and its proof allow its subject to run at `at`?"""
    return GateAnswer("warrant-active", "Warrant active", tuple(_against(warrant, at)))


def _against(warrant: Warrant, at: dt.datetime) -> list[Reason]:
    faults = [
        Reason("record-altered", f"warrant {warrant.pk}: {fault}") for fault in replay.row_faults(warrant)
    ]
    if faults:
        return faults
    recorded = replay.replayed(warrant.ledger_kind, warrant.pk)
    if recorded.get("state") == "void":
        return [
            Reason("warrant-void", f"The warrant is void: {recorded.get('void_ground')}.", str(warrant.pk))
        ]
    if recorded.get("state") == "granted":
        text = "The warrant is granted and waits for its proof in the published log."
        return [Reason("warrant-not-issued", text, str(warrant.pk), Answer.PENDING)]
    granted = log.first_entry(warrant.ledger_kind, warrant.pk)
    try:
        checked = warrants.check(
            warrant.document.encode("utf-8"),
            trust=log.trusted_keys("warrant", recorded=received_at(warrant)),
            at=at,
            verifiers=log.verifiers_for(granted) if granted else log.verifiers(),
        )
    except (Fault, CannotCheck) as error:
        return [Reason("warrant-unverified", f"The warrant does not verify: {error}", str(warrant.pk))]
    if checked.log_proof is None:
        text = "No log key is trusted now, so nothing shows that the grant is in the log."
        return [Reason("warrant-unverified", text, str(warrant.pk))]
    if checked.terms.subject.digest != warrant.version.subject_digest:
        return [Reason("subject-mismatch", "The warrant is for other model bytes.", str(warrant.pk))]
    if not checked.in_force:
        return [Reason("warrant-lapsed", f"The warrant is {checked.status}.", str(warrant.pk))]
    if signatures.rests_on_revoked(warrant.version):
        standing = signatures.standing(warrant.version)
        if not standing.valid:
            return [Reason(f"signature-{standing.status}", standing.detail, str(warrant.version.pk))]
    state = replay.replayed(warrant.version.ledger_kind, warrant.version.pk).get("state")
    if state not in ("approved", "restricted"):
        return [Reason(f"version-{state}", f"The log says the version is {state}.", str(warrant.version.pk))]
    return []


def _without_warrant(context: Context, slot: str, environment: str) -> Reply:
    """Nothing permits this; say everything that stands between the version and a warrant for the slot."""
    version = context.version
    gates = VERSION.move("review", "approve").gates
    answers = list(evaluate(gates, context)) if version.state in ("draft", "validation", "review") else []
    answers += [slot_allowed(context, environment), approved(context)]
    state = replay.replayed(version.ledger_kind, version.pk).get("state")
    waits = state in ("validation", "review", "approved")
    reasons = [
        reason
        for answer in answers
        for reason in answer.reasons
        if not (reason.code == f"version-{state}" and waits)
    ]
    only_people = waits and all(reason.answer is Answer.PENDING for reason in reasons)
    listed = flat_reasons(answers)
    listed.append(
        {
            "gate": "warrant-active",
            "code": "no-warrant",
            "text": "There is no warrant for this slot.",
            "about": slot,
        }
    )
    return Reply("pending" if only_people else "refused", version, slot, listed)
