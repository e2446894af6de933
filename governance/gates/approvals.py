"""The gate on people: which seats the policy asks for, and who fills them now.

Seats are counted again at every look (DESIGN law 5): an approval counts while its giver still holds the role,
took no part in making the version, and was shown exactly what stands there now. One person fills one seat.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from governance.gates.answers import Answer, Reason
from governance.gates.context import DECIDED, Context
from governance.gates.material import LIGHT
from governance.models import Decision
from governance.policies.document import Approval, PolicyDocument
from governance.selectors.conditions import REVIEW, current_conditions, local_text
from governance.selectors.shown import difference
from people import access
from people.catalogue import ROLES
from people.selectors import acted_for
from registry.machines import VERSION
from registry.selectors import versions

LIGHT_NOTE = (
    "Light path: a retrained version, materially the same by every criterion and confirmed by a person, needs one "
    "independent approval."
)


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat of the policy and the decision that fills it, if one does."""

    role: str
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Uncounted:
    """An approval that does not count, and why."""

    decision: Decision
    why: str


def seats(context: Context) -> tuple[tuple[Seat, ...], tuple[Uncounted, ...]]:
    """The seats of the policy in its order, and the approvals of this round that fill none.

    Of a version that is approved already, those that approved it: what is measured or granted afterwards un-counts
    nothing.
    """
    if context.document is None:
        return (), ()
    if context.version.state in DECIDED:
        return _filled_then(context, context.document)
    waiting: dict[str, list[Decision]] = {}
    uncounted: list[Uncounted] = []
    people: set[str] = set()
    lenders = acted_for(Decision.ledger_kind, [decision.pk for decision in context.decisions])
    for decision in context.decisions:
        if decision.outcome != "approve":
            continue
        lender = lenders.get(decision.pk, "")
        why = _why_not(decision, lender, context, people)
        if why:
            uncounted.append(Uncounted(decision, why))
        else:
            people |= {decision.person, lender} - {""}
            waiting.setdefault(decision.seat, []).append(decision)
    filled = []
    for approval in wanted(context):
        mine = waiting.get(approval.role, [])
        for _ in range(approval.count):
            filled.append(Seat(approval.role, mine.pop(0) if mine else None))
    spare = [Uncounted(decision, "the policy asks for no further seat of this role") for rest in waiting.values()
             for decision in rest]  # fmt: skip
    return tuple(filled), (*uncounted, *spare)


def sitting(context: Context) -> frozenset[str]:
    """Whose right fills a seat now: who approved, and for whom they stood in."""
    decisions = approving(context)
    lenders = acted_for(Decision.ledger_kind, [decision.pk for decision in decisions])
    return frozenset({decision.person for decision in decisions} | set(lenders.values()))


def approving(context: Context) -> list[Decision]:
    """The decisions that fill the seats; of an approved version those that filled them when the last one approved."""
    return [seat.decision for seat in seats(context)[0] if seat.decision]


def wanted(context: Context) -> tuple[Approval, ...]:
    """The approvals that are asked for: the policy's, or on the light path its first independent one alone."""
    said = context.document.approvals("approve") if context.document else ()
    if context.path != LIGHT:
        return said
    first = next((approval for approval in said if approval.independent), None)
    return (replace(first, count=1),) if first else said


def approvals_complete(context: Context) -> tuple[list[Reason], list[str]]:
    """Does a different, entitled person sit in every seat that the policy asks for?"""
    if context.document is None:
        return [Reason("no-policy", "No policy is in force for this risk tier.")], []
    filled, uncounted = seats(context)
    later = _left_for_later(context, filled)
    reasons = [
        Reason(
            "seat-empty", f"An approval as {ROLES[seat.role].title} is missing.", seat.role, Answer.PENDING
        )
        for seat in filled
        if seat.decision is None and seat.role not in later
    ]
    if not filled:
        reasons.append(
            Reason("no-seats", "The policy names no approver; nobody's approval is not an approval.")
        )
    notes = [LIGHT_NOTE] if context.path == LIGHT else []
    notes += [
        f"{newer} is {VERSION.state(newer.state).title.lower()} already: this decision is on an earlier version."
        for newer in context.ground.later
    ]
    notes += [
        f"The approval by {item.decision.person} as {ROLES[item.decision.seat].title} does not count: {item.why}"
        for item in uncounted
    ]
    notes += [
        f"The seat of {ROLES[role].title} is filled afterwards, until {local_text(due)}."
        for role, due in later.items()
    ]
    return reasons, notes


def afterwards_allowed(document: PolicyDocument) -> frozenset[str]:
    """The seats that may be filled after the approval instead of before: the independent ones, where the low tier's
    policy says so for small teams and somebody else's seat is left to approve in."""
    if document.tier != "low" or not document.small_team.independent_afterwards_days:
        return frozenset()
    return frozenset(need.role for need in document.approvals("approve") if need.independent)


def _filled_then(
    context: Context, document: PolicyDocument
) -> tuple[tuple[Seat, ...], tuple[Uncounted, ...]]:
    """As it was when the last decision approved: everyone who filled a seat saw the set that the last one did."""
    given = [decision for decision in context.decisions if decision.outcome == "approve"]
    left = [decision for decision in given if decision.shown_digest == given[-1].shown_digest]
    people: set[str] = set()
    filled = []
    for role in document.seats("approve"):
        found = next((one for one in left if one.seat == role and one.person not in people), None)
        if found is not None:
            people.add(found.person)
        filled.append(Seat(role, found))
    counted = {seat.decision.pk for seat in filled if seat.decision}
    why = "it was given on another set than the one that was approved in the end"
    return tuple(filled), tuple(Uncounted(one, why) for one in given if one.pk not in counted)


def _left_for_later(context: Context, filled: tuple[Seat, ...]) -> dict[str, dt.datetime]:
    """Seat -> deadline, of those that an approver left for an independent review afterwards; none while nobody approved."""
    allowed = afterwards_allowed(context.document) if context.document else frozenset()
    if not allowed or not any(seat.decision for seat in filled):
        return {}
    rows = current_conditions(context.version)
    return {row.seat: row.due_from for row in rows if row.kind == REVIEW and row.seat in allowed}


def bars(context: Context, principals: frozenset[str]) -> dict[str, str]:
    """Why whoever acts as `principals` may not approve this version: relation -> sentence; empty: may."""
    return versions.barred(
        VERSION.move("review", "approve"), context.version, principals, context.cooling_off
    )


def _why_not(decision: Decision, lender: str, context: Context, people: set[str]) -> str:
    principals = frozenset({decision.person, lender} - {""})
    if context.version.state in DECIDED:
        # The round is over: what was measured, waived or granted since doesn't un-say what was decided then.
        counted = decision.shown_digest == context.approved_digest and not principals & people
        return "" if counted else "the approvals that were counted had been shown something newer"
    if decision.shown_digest != context.shown_digest:
        changed = difference(decision.shown, context.shown)
        return "what was shown has changed since: " + "; ".join(changed)
    if bars(context, principals):
        return "its giver took part in making this version, or owned the system until recently"
    if principals & people:
        return "its giver already fills a seat; one person fills one seat"
    if not access.holds(decision.person, decision.seat, context.version, lent_by=lender):
        return "its giver no longer holds this role"
    return ""
