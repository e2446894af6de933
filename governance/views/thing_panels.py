"""What stands on the page of a thing beside its moves: one panel a kind, with the acts that aren't moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.models import Rollback, RollbackDrill
from governance.selectors.emergencies import status_at
from governance.selectors.renewals import renewal_of
from governance.selectors.slots import drill_due, live_before
from governance.views.lifecycle_panels import retirement_panel
from governance.views.panel import Panel
from ledger import clock
from ledger.models import Governed
from people.access import Reach
from people.catalogue import P


def thing_panels(row: Governed, reached: Reach) -> list[Panel]:
    """The panels of this thing for somebody of this reach."""
    build = _PANELS.get(row.ledger_kind)
    panel = build(row, reached) if build else None
    return [panel] if panel else []


def _deployment(row: Any, reached: Reach) -> Panel:
    due = drill_due(row)
    rollbacks = list(Rollback.objects.filter(left=row).select_related("version__model", "warrant")[:20])
    data = {
        "row": row,
        "before": live_before(row) if row.state == "live" else None,
        "due": due,
        "overdue": due is not None and due < clock.now(),
        "drills": list(RollbackDrill.objects.filter(deployment__slot=row.slot_id)[:20]),
        "rollbacks": rollbacks,
        "may": row.state == "live" and reached.allows(P.DEPLOYMENT_MOVE, row),
    }
    people = {item.requested_by for item in rollbacks} | {item.performed_by for item in data["drills"]}
    return Panel("The way back", "governance/rollback_panel.html", data, frozenset(people))


def _emergency(row: Any, reached: Reach) -> Panel:
    people = frozenset({row.requested_by, row.agreed_by})
    data = {"rows": [(row, status_at(row, clock.now()))], "alone": True}
    return Panel("What it is", "governance/emergency_panel.html", data, people)


def _waiver(row: Any, reached: Reach) -> Panel:
    wide = row.ledger_kind == "wide-waiver"
    data = {
        "row": row,
        "wide": wide,
        "renewal": renewal_of(row),
        "act": "renew-wide-waiver" if wide else "renew-waiver",
        "may": row.state == "approved" and not hasattr(row, "renewed_by")
        and reached.allows(P.WAIVER_REQUEST, row),
    }  # fmt: skip
    return Panel(
        "What it is", "governance/waiver_panel.html", data, frozenset({row.requested_by, row.decided_by})
    )


def _path(row: Any, reached: Reach) -> Panel:
    data = {"paths": [row], "alone": True}
    return Panel("Criteria", "governance/retraining_panel.html", data, frozenset({row.decided_by}))


_PANELS: Mapping[str, Callable[[Any, Reach], Panel | None]] = {
    "version": retirement_panel,
    "deployment": _deployment,
    "emergency": _emergency,
    "waiver": _waiver,
    "wide-waiver": _waiver,
    "retraining-path": _path,
}
