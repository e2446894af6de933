"""Gates on ends: of a version that is taken out of use for good, and of the system it belongs to."""

from __future__ import annotations

from governance.gates.answers import Reason
from governance.gates.context import Context
from governance.models import Disposal
from registry.selectors.deployments import open_deployments


def nothing_running(context: Context) -> tuple[list[Reason], list[str]]:
    """Is every deployment of it over?"""
    rows = open_deployments(version_id=context.version.pk)
    return [
        Reason("deployment-open", f"It is {row.state} in {row.slot}; end that deployment first.", str(row.pk))
        for row in rows
    ], []


def system_active(context: Context) -> tuple[list[Reason], list[str]]:
    """Is its system still in use? Nothing new is let through for one that is retired."""
    system = context.version.model.system
    state = context.system_examined.states.get((system.ledger_kind, str(system.pk)), {}).get("state")
    if state == "active":
        return [], []
    return [Reason("system-retired", f"The log says the system is {state}.", str(system.pk))], []


def disposal_attested(context: Context) -> tuple[list[Reason], list[str]]:
    """Has somebody attested what became of its data?"""
    given = list(Disposal.objects.filter(version=context.version))
    if not given:
        text = "Nobody has attested what became of the data that were held for this version."
        return [Reason("disposal-missing", text)], []
    return [], [f"{row.what}: {row.get_how_display().lower()}" for row in given]
