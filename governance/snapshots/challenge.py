"""Findings and dissents of a report's data: what people object to, in their words, and how it stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.selectors.findings import dissents_on, findings_on, standing
from governance.snapshots.parts import moment
from registry.models import Version


def findings_of(version: Version, at: dt.datetime) -> list[dict[str, Any]]:
    """Every finding that holds for the version, on itself, its model or its system, in the order they were found."""
    found = []
    for row in findings_on(version).prefetch_related("extensions"):
        stands = standing(row, at)
        found.append(
            {
                "id": f"finding:{str(row.pk)[:8]}", "title": row.title, "severity": row.severity,
                "about": row.about, "state": stands.state, "open": stands.open, "overdue": stands.overdue,
                "found": moment(row.found_at), "due": moment(row.due_at), "owner": row.owner,
                "accepted_until": moment(row.accepted_until) if stands.accepted else "",
                "extensions": sum(item.state == "granted" for item in row.extensions.all()),
            }
        )  # fmt: skip
    return found


def dissents_of(version: Version) -> list[dict[str, Any]]:
    """Every dissent to a decision on the version or to how a finding on it ended; none is ever left out."""
    return [
        {
            "id": f"dissent:{str(row.pk)[:8]}", "at": moment(row.recorded_at), "person": row.person,
            "against": row.against, "reason": row.reason,
            "about": f"finding {str(row.finding_id)[:8]}" if row.finding_id else f"decision {str(row.decision_id)[:8]}",
        }
        for row in dissents_on(version)
    ]  # fmt: skip
