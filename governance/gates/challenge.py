"""The gate on findings: nothing is approved over an open objection that the policy lets stop it."""

from __future__ import annotations

from governance.gates.answers import Reason
from governance.gates.context import Context
from governance.selectors.findings import standing


def findings_closed(context: Context) -> tuple[list[Reason], list[str]]:
    """Is every finding that the policy lets stop an approval closed, or its risk accepted for now?"""
    if context.document is None:
        return [Reason("no-policy", "No policy is in force for this risk tier.")], []
    blocking = context.document.findings.blocking
    reasons, notes = [], []
    # Titles stay out: a reader may see the version and not all that a finding is about.
    for row in context.ground.findings:
        stands = standing(row, context.at)
        what = f"The {row.severity} {row}"
        if stands.accepted and row.accepted_until:
            notes.append(f"{what}: its risk is accepted until {row.accepted_until.date().isoformat()}.")
        elif stands.open and row.severity in blocking:
            due = f"{'overdue since' if stands.overdue else 'due'} {row.due_at.date().isoformat()}"
            text = f"{what} is not closed: {stands.title.lower()}, {due}."
            reasons.append(Reason("finding-open", text, str(row.pk)))
        elif stands.open:
            notes.append(f"{what} is open and stops nothing under this policy.")
    return reasons, notes
