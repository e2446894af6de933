"""Gates on what was measured."""

from __future__ import annotations

from governance.gates.answers import Reason
from governance.gates.context import Context
from governance.selectors.requirements import RequirementState, Standing

_NO_POLICY = Reason("no-policy", "No policy is in force for this risk tier.")


def checks_complete(context: Context) -> tuple[list[Reason], list[str]]:
    """Has every check that the policy asks for been run on this subject?"""
    if context.document is None:
        return [_NO_POLICY], []
    waiting = [
        Reason(f"check-{state.standing}", f"{state.title}: {state.why}.", state.requirement.name)
        for state in context.to_complete
        if state.standing in (Standing.MISSING, Standing.STALE)
    ]
    return waiting, []


def checks_pass(context: Context) -> tuple[list[Reason], list[str]]:
    """Is every requirement of the policy met, or lawfully accepted or waived?"""
    if context.document is None:
        return [_NO_POLICY], []
    if not context.requirements:
        return [
            Reason("no-requirements", "The policy asks for no check at all; nothing measured is not a pass.")
        ], []
    reasons = [_open(state, context) for state in context.requirements if state.open]
    notes = [note for state in context.requirements if (note := _covered(state))]
    return reasons, notes


def _open(state: RequirementState, context: Context) -> Reason:
    text = f"{state.title}: {state.standing}. {state.why.rstrip('.')}."
    if (
        context.document
        and state.standing is Standing.INCONCLUSIVE
        and context.document.acceptable(state.requirement.name)
    ):
        text += " A named validator may accept this with a limitation and a review date."
    return Reason(f"check-{state.standing}", text, state.requirement.name)


def _covered(state: RequirementState) -> str:
    if state.waiver:
        end = state.waiver.ends.date().isoformat()
        return f"{state.title}: {state.standing}, waived until {end} (waiver {str(state.waiver.id)[:8]})"
    if state.acceptance and state.standing is Standing.INCONCLUSIVE:
        review = state.acceptance.review_by.date().isoformat()
        return f"{state.title}: inconclusive, accepted with a limitation, review by {review}"
    return ""
