"""What a report prints of the rules' own history: which policies of the tier came into force while a version was about."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.models import Policy
from governance.policies.compare import compare
from governance.selectors.policies import document_of
from governance.snapshots.parts import moment
from ledger import selectors as log
from registry.models import Version

MOST_LOOSER = 10


def policy_changes(version: Version, at: dt.datetime) -> list[dict[str, Any]]:
    """Policies of the tier put in force since the version was registered, oldest first: by whom, and what got looser."""
    tier = Policy.objects.filter(tier=version.model.system.risk_tier).exclude(effective_from=None)
    rows = list(tier.filter(effective_from__lte=at).order_by("effective_from", "number"))
    return [
        _change(row, _before(row, rows[:number]))
        for number, row in enumerate(rows)
        if row.effective_from is not None and row.effective_from >= version.registered_at
    ]


def _before(row: Policy, earlier: list[Policy]) -> Policy | None:
    key = document_of(row).scope.key
    return next((other for other in reversed(earlier) if document_of(other).scope.key == key), None)


def _change(row: Policy, before: Policy | None) -> dict[str, Any]:
    found = compare(document_of(before), document_of(row)) if before else []
    looser = [item.text for item in found if item.kind == "looser"]
    approved = next(
        (
            item.row.actor_id
            for item in log.history("policy", row.pk)
            if item.parsed.entry and item.parsed.entry.data.get("move") == "approve"
        ),
        "",
    )
    return {
        "id": f"policy:{row.tier}-{row.number}", "title": row.title, "from": moment(row.effective_from),
        "digest": row.digest, "drafted_by": row.drafted_by, "approved_by": approved, "rules": len(found),
        "before": f"policy:{before.tier}-{before.number}" if before else "", "looser": looser[:MOST_LOOSER],
        "more_looser": max(0, len(looser) - MOST_LOOSER),
    }  # fmt: skip
