"""A person decides on a version, bound to exactly what they were shown (DESIGN laws 4 and 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from governance import events
from governance.gates.approvals import afterwards_allowed, seats, sitting
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import Condition, Decision
from governance.selectors.conditions import REVIEW, current_conditions, item_of
from governance.selectors.shown import difference
from governance.selectors.shown import shown_digest as digest_of
from governance.services.claims import claims_settle
from governance.services.conditions import Asked, conditions_write, planned, planned_review
from governance.services.refusals import closed, require_free
from governance.services.rounds import round_keep
from governance.services.signals import reading_count
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services import delegations
from people.services.notices import notify
from registry.machines import VERSION
from registry.models import Version
from registry.selectors.versions import contributors, version_locked
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
    conditions: Sequence[Asked] = (),
    review_afterwards: bool = False,
    shown_at: dt.datetime | None = None,
) -> Decision:
    """Record a decision in `seat` on what was shown, and make the move that follows from it.

    An approval may set `conditions`, and with `review_afterwards` leave the independent seats for later, where the
    policy allows either. Both become part of what is shown: whoever approved before them approves again.

    The last approval that the policy asks for approves the version in the same transaction. The same person's
    same decision on the same set is recorded once (a double click gives the first one back). `shown_at` is when the set was
    shown; how decisions are taken is counted by it, without names. Raises Refused
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
        require_free(actor, context, _PERMISSION[outcome], about=context.version, what=f"{outcome} it")
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
    decision = Decision()
    rows = _conditions(actor, decision, outcome, seat, context, conditions, review_afterwards)
    _write(actor, decision, version, outcome, seat, context, reason.strip(), rows)
    conditions_write(rows, actor=actor)
    reading_count(version=version, person=actor.id, shown_at=shown_at, at=context.at)
    claims_settle(actor=actor, version=version, person=actor.id)
    _follow(actor, version, outcome, reason.strip())
    return decision


@governed
def seat_require(*, actor: Actor, version_id: UUID) -> None:
    """Raise NotAllowed, recorded with its reason, unless `actor` holds a seat and took no part in the version."""
    version = version_locked(version_id)
    access.require(actor, P.VERSION_APPROVE, version)
    context = Context(version, clock.now())
    require_free(actor, context, P.VERSION_APPROVE, about=context.version, what="approve it")
    seats = context.document.seats("approve") if context.document else ()
    if not access.roles(actor, version) & set(seats):
        raise NotAllowed(
            "You hold no seat that the policy asks for.",
            permission=P.VERSION_APPROVE,
            subject=Subject.of(version),
            reason="seat",
            visible=True,
        )


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


def _require_gates(version: Version, gates: tuple[str, ...], context: Context) -> None:
    # The seats are what this decision is about to fill; every other gate must be open already.
    answers = evaluate((gate for gate in gates if gate != "approvals-complete"), context)
    if not all(answer.ok for answer in answers):
        raise closed(f"{version} can't be approved.", version, P.VERSION_APPROVE, answers)


def _same(actor: Actor, outcome: str, seat: str, shown_digest: str, context: Context) -> Decision | None:
    for decision in context.decisions:
        if (decision.person, decision.outcome, _asked_on(decision)) == (actor.id, outcome, shown_digest):
            if decision.seat != seat:
                raise Conflict("You have already decided on this in another seat; one person fills one seat.")
            return decision
    return None


def _asked_on(decision: Decision) -> str:
    """The digest of what the person was shown, before the conditions that they set themselves."""
    own = {item_of(row)[0] for row in decision.conditions.all()}
    if not own:
        return decision.shown_digest
    return digest_of({key: value for key, value in decision.shown.items() if key not in own})


def _conditions(
    actor: Actor,
    decision: Decision,
    outcome: str,
    seat: str,
    context: Context,
    asked: Sequence[Asked],
    review_afterwards: bool,
) -> list[Condition]:
    if not asked and not review_afterwards:
        return []
    document = context.document
    if outcome != "approve" or document is None:
        raise Invalid("Only an approval can have conditions.", field="conditions")
    rows = planned(asked, decision, actor=actor, context=context, document=document)
    if review_afterwards:
        later = afterwards_allowed(document)
        if seat in later or not later:
            raise Invalid(
                "The policy allows no independent review afterwards here.", field="review_afterwards"
            )
        known = {row.seat for row in current_conditions(context.version) if row.kind == REVIEW}
        rows += [
            planned_review(empty, decision, actor=actor, context=context, document=document)
            for empty in dict.fromkeys(item.role for item in seats(context)[0] if item.decision is None)
            if empty in later and empty not in known
        ]
    return rows


def _write(
    actor: Actor,
    decision: Decision,
    version: Version,
    outcome: str,
    seat: str,
    context: Context,
    reason: str,
    conditions: Sequence[Condition],
) -> None:
    # A person who sets conditions approves with them: they are part of what this decision binds.
    shown = {**context.shown, **dict(item_of(row) for row in conditions)}
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
            "shown_digest": digest_of(shown),
            "shown": shown,
            "reason": reason,
            "decided_at": context.at,
        },
    )
    taken = sitting(context) if outcome == "approve" else ()
    delegations.acted_for(actor=actor, row=decision, role=seat, on=version, taken=taken)


def _follow(actor: Actor, version: Version, outcome: str, reason: str) -> None:
    context = Context(version, clock.now())
    move = _MOVE.get(outcome, "approve")
    answers = evaluate(VERSION.move(version.state, move).gates, context, move=move)
    if outcome == "approve" and not all(answer.ok for answer in answers):
        return  # a seat is still empty: this approval waits for the others
    if outcome == "request-changes":
        round_keep(actor=actor, version=version)
        _tell_makers(actor, version)
    version_apply_move(
        actor=actor,
        version_id=version.id,
        move=move,
        answers={answer.gate: answer.ok for answer in answers},
        cooling_off=context.cooling_off,
        reason=reason,
    )


def _tell_makers(actor: Actor, version: Version) -> None:
    makers = contributors(version.pk) | {version.model.system.owner}
    notify(makers - actor.principals, f"Changes were requested on {version}.", f"/versions/{version.pk}/")
