"""Dissent: a validator's or reviewer's disagreement with how a finding ended or with a decision. It is kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from governance import events
from governance.models import Decision, Dissent
from governance.selectors.findings import finding_locked, standing
from governance.services.findings import require_everywhere
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.selectors.versions import version_locked

AGAINST = ("closed", "withdrawn", "risk-accepted")


@governed
def finding_dissent(*, actor: Actor, finding_id: UUID, reason: str) -> Dissent:
    """Disagree with how a finding ended. Once per person and end; the same sent twice is one. Invalid: reason."""
    finding = finding_locked(finding_id)
    require_everywhere(actor, P.FINDING_JUDGE, finding, needs_all=False)
    against = standing(finding, clock.now()).state
    if against not in AGAINST:
        raise Conflict("The finding is open: say it there. A dissent is to how a finding ended.")
    ended = (
        finding.statements.filter(kind__in=("close", "withdraw", "accept-risk")).order_by("said_at").last()
    )
    if ended is not None and ended.person == actor.id:
        raise Conflict("You ended this finding yourself.")
    ends = {"finding": finding, "decision": None, "against": against}
    since = ended.said_at if ended else finding.found_at
    known = Dissent.objects.filter(finding=finding, person=actor.id, recorded_at__gte=since).first()
    return known or _write(actor, ends, reason)


@governed
def decision_dissent(*, actor: Actor, decision_id: UUID, reason: str) -> Dissent:
    """Disagree with a decision on a version. Approvals given before no longer count while others are still missing."""
    decision = Decision.objects.filter(pk=decision_id).first()
    if decision is None:
        raise NotThere
    version_locked(decision.version_id)
    access.require(actor, P.FINDING_JUDGE, decision)
    if decision.person == actor.id:
        raise Conflict("This decision is your own.")
    known = Dissent.objects.filter(decision=decision, person=actor.id).first()
    return known or _write(
        actor, {"finding": None, "decision": decision, "against": decision.outcome}, reason
    )


def _write(actor: Actor, about: Mapping[str, object], reason: str) -> Dissent:
    if not reason.strip():
        raise Invalid("Say what you disagree with and why; it is printed with it for ever.", field="reason")
    dissent = Dissent()
    records.write(
        actor=actor,
        event=events.DISSENT_RECORDED,
        row=dissent,
        set={**about, "person": actor.id, "recorded_at": clock.now(), "reason": reason.strip()},
    )
    return dissent
