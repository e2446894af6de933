"""A person decides on a version, bound to exactly what they were shown (DESIGN laws 4 and 5)."""

from __future__ import annotations

from uuid import UUID

from governance import events
from governance.gates.approvals import bars
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import Decision
from governance.selectors.shown import difference
from governance.services.refusals import closed
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.machines import VERSION
from registry.models import Version
from registry.selectors.versions import version_locked
from registry.services.versions import version_apply_move

OUTCOMES = ("approve", "reject", "request-changes")
_PERMISSION = {"approve": P.VERSION_APPROVE, "reject": P.VERSION_REJECT, "request-changes": P.VERSION_REVIEW}
_MOVE = {"reject": "reject", "request-changes": "return"}


@governed
def decision_record(
    *,
    actor: Actor,
    version_id: UUID,
    outcome: str,
    seat: str,
    shown: dict[str, str],
    shown_digest: str,
    reason: str,
) -> Decision:
    """Record a decision in `seat` on what was shown, and make the move that follows from it.

    The last approval that the policy asks for approves the version in the same transaction. The same person's
    same decision on the same set is recorded once (a double click gives the first one back). Raises Refused
    with every reason while a gate other than the seats is closed, Conflict with the difference if something
    changed since it was shown, NotAllowed for contributors, foreign seats and tokens.
    """
    version = version_locked(version_id)
    if outcome not in OUTCOMES:
        raise Invalid(f"'{outcome}' is no decision; possible: {', '.join(OUTCOMES)}.", field="outcome")
    access.require(actor, _PERMISSION[outcome], version)
    context = Context(version, clock.now())
    _require_seat(actor, seat, context)
    again = _same(actor, outcome, seat, shown_digest, context)
    if again:
        return again
    if not reason.strip():
        raise Invalid("Give the reason for your decision; it is kept with it.", field="reason")
    if outcome != "request-changes":
        _require_not_barred(actor, context, outcome)
    transition = (
        VERSION.move(version.state, _MOVE.get(outcome, "approve")) if _open(version, outcome) else None
    )
    if transition is None:
        raise Conflict(f"The version is {version.state}; this decision is not open now.")
    if shown_digest != context.shown_digest:
        changed = difference(shown, context.shown)
        raise Conflict(
            "This changed while you were reading. Look at it again, then decide.",
            code="shown-changed",
            reasons=[{"gate": "shown", "code": "changed", "text": text} for text in changed],
        )
    if outcome == "approve":
        _require_gates(version, transition.gates, context)
    decision = _write(actor, version, outcome, seat, context, reason.strip())
    _follow(actor, version, outcome, reason.strip())
    return decision


def _open(version: Version, outcome: str) -> bool:
    return any(t.name == _MOVE.get(outcome, "approve") for t in VERSION.legal(version.state))


def _require_seat(actor: Actor, seat: str, context: Context) -> None:
    if seat not in access.roles(actor, context.version):
        raise NotAllowed(
            f"You do not hold the role '{seat}' for this version.",
            permission=P.VERSION_APPROVE,
            subject=Subject.of(context.version),
            reason="seat",
            visible=True,
        )
    minutes = context.document.move("approve").recent_sign_in_minutes if context.document else 0
    if minutes:
        access.require_recent(actor, minutes)


def _require_not_barred(actor: Actor, context: Context, outcome: str) -> None:
    for relation, why in bars(context, actor.principals).items():
        raise NotAllowed(
            f"{why} You can't {outcome} it.",
            permission=_PERMISSION[outcome],
            subject=Subject.of(context.version),
            reason=relation,
            visible=True,
        )


def _require_gates(version: Version, gates: tuple[str, ...], context: Context) -> None:
    # The seats are what this decision is about to fill; every other gate must be open already.
    answers = evaluate((gate for gate in gates if gate != "approvals-complete"), context)
    if not all(answer.ok for answer in answers):
        raise closed(f"{version} can't be approved.", version, P.VERSION_APPROVE, answers)


def _same(actor: Actor, outcome: str, seat: str, shown_digest: str, context: Context) -> Decision | None:
    for decision in context.decisions:
        if (decision.person, decision.outcome, decision.shown_digest) == (actor.id, outcome, shown_digest):
            if decision.seat != seat:
                raise Conflict("You have already decided on this in another seat; one person fills one seat.")
            return decision
    return None


def _write(
    actor: Actor, version: Version, outcome: str, seat: str, context: Context, reason: str
) -> Decision:
    decision = Decision()
    records.write(
        actor=actor,
        event=events.DECISION_RECORDED,
        row=decision,
        set={
            "version": version,
            "decision_round": version.decision_round,
            "seat": seat,
            "person": actor.id,
            "outcome": outcome,
            "shown_digest": context.shown_digest,
            "shown": context.shown,
            "reason": reason,
            "decided_at": context.at,
        },
    )
    return decision


def _follow(actor: Actor, version: Version, outcome: str, reason: str) -> None:
    context = Context(version, clock.now())
    move = _MOVE.get(outcome, "approve")
    answers = evaluate(VERSION.move(version.state, move).gates, context)
    if outcome == "approve" and not all(answer.ok for answer in answers):
        return  # a seat is still empty: this approval waits for the others
    version_apply_move(
        actor=actor,
        version_id=version.id,
        move=move,
        answers={answer.gate: answer.ok for answer in answers},
        cooling_off=context.cooling_off,
        reason=reason,
    )
