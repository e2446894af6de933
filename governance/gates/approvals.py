"""The gate on people: which seats the policy asks for, and who fills them now.

Seats are counted again at every look (DESIGN law 5): an approval counts while its giver still holds the role,
took no part in making the version, and was shown exactly what stands there now. One person fills one seat.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.gates.answers import Answer, Reason
from governance.gates.context import Context
from governance.models import Decision
from governance.selectors.shown import difference
from people import access
from people.catalogue import ROLES
from registry.machines import VERSION
from registry.selectors import versions


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
    """The seats of the policy in its order, and the approvals of this round that fill none."""
    if context.document is None:
        return (), ()
    waiting: dict[str, list[Decision]] = {}
    uncounted: list[Uncounted] = []
    people: set[str] = set()
    for decision in context.decisions:
        if decision.outcome != "approve":
            continue
        why = _why_not(decision, context, people)
        if why:
            uncounted.append(Uncounted(decision, why))
        else:
            people.add(decision.person)
            waiting.setdefault(decision.seat, []).append(decision)
    filled = []
    for approval in context.document.approvals("approve"):
        mine = waiting.get(approval.role, [])
        for _ in range(approval.count):
            filled.append(Seat(approval.role, mine.pop(0) if mine else None))
    spare = [Uncounted(decision, "the policy asks for no further seat of this role") for rest in waiting.values()
             for decision in rest]  # fmt: skip
    return tuple(filled), (*uncounted, *spare)


def approvals_complete(context: Context) -> tuple[list[Reason], list[str]]:
    """Does a different, entitled person sit in every seat that the policy asks for?"""
    if context.document is None:
        return [Reason("no-policy", "No policy is in force for this risk tier.")], []
    filled, uncounted = seats(context)
    reasons = [
        Reason(
            "seat-empty", f"An approval as {ROLES[seat.role].title} is missing.", seat.role, Answer.PENDING
        )
        for seat in filled
        if seat.decision is None
    ]
    if not filled:
        reasons.append(
            Reason("no-seats", "The policy names no approver; nobody's approval is not an approval.")
        )
    notes = [
        f"The approval by {item.decision.person} as {ROLES[item.decision.seat].title} does not count: {item.why}"
        for item in uncounted
    ]
    return reasons, notes


def bars(context: Context, principals: frozenset[str]) -> dict[str, str]:
    """Why whoever acts as `principals` may not approve this version: relation -> sentence; empty: may."""
    return versions.barred(
        VERSION.move("review", "approve"), context.version, principals, context.cooling_off
    )


def _why_not(decision: Decision, context: Context, people: set[str]) -> str:
    if decision.shown_digest != context.shown_digest:
        changed = difference(decision.shown, context.shown)
        return "what was shown has changed since: " + "; ".join(changed)
    if bars(context, frozenset({decision.person})):
        return "its giver took part in making this version, or owned the system until recently"
    if decision.person in people:
        return "its giver already fills a seat; one person fills one seat"
    if not access.holds(decision.person, decision.seat, context.version):
        return "its giver no longer holds this role"
    return ""
