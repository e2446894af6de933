"""What a version's page says of the conditions of its approval and the renewal of its warrants."""

from __future__ import annotations

from governance.selectors.conditions import current_conditions
from governance.selectors.standing import condition_state
from governance.views.panel import Panel
from ledger import clock
from people.access import Reach
from people.catalogue import P
from registry.models import Version


def conditions_panel(version: Version, reached: Reach) -> Panel | None:
    """The conditions of the approval that stands, and who may confirm which."""
    rows, now = current_conditions(version), clock.now()
    if not rows:
        return None
    may = reached.allows(P.CONDITION_CONFIRM, version)
    states = [(row, condition_state(row, now)) for row in rows]
    people = {name for row in rows for name in (row.responsible, row.met_by, row.set_by) if name}
    data = {"conditions": states, "may_confirm": may}
    return Panel("Conditions of the approval", "governance/panel_conditions.html", data, frozenset(people))


def renewals_panel(version: Version, reached: Reach) -> Panel | None:
    """The newest recertifications of the version's warrants."""
    rows = list(version.recertifications.select_related("warrant__slot").order_by("-requested_at")[:20])
    if not rows or not reached.allows(P.WARRANT_VIEW, version):
        return None
    return Panel("Recertification", "governance/panel_renewals.html", {"renewals": rows})
