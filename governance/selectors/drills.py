"""When a system last tried what it does when its warrant is void, and when it has to again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from governance.models import VoidDrill
from registry.models import System

OUTCOMES: Mapping[str, str] = {
    "worked": "It did what was declared",
    "failed": "It did not do what was declared",
}
YEARLY = 365
"""Days until the next drill where the policy says nothing."""


@dataclass(frozen=True, slots=True)
class DrillState:
    """`word` is `never`, `tried`, `failed`, `changed` (the declaration is another since) or `overdue`; `last` the newest
    performed drill, `planned` the one that is to come."""

    word: str
    text: str
    last: VoidDrill | None
    planned: VoidDrill | None


def drill_state(system: System, at: dt.datetime) -> DrillState:
    """Where the drills of a system stand at `at`."""
    rows = list(VoidDrill.objects.filter(system=system).exclude(state="cancelled").order_by("-planned_at"))
    planned = next((row for row in rows if row.state == "planned"), None)
    last = max(
        (row for row in rows if row.performed_at), key=lambda row: row.performed_at or at, default=None
    )
    if last is None:
        return DrillState("never", "It was never tried.", None, planned)
    if (last.declared, last.fallback) != _declared(system):
        return DrillState("changed", "The system declares something else since it was tried.", last, planned)
    if last.outcome == "failed":
        return DrillState("failed", "When it was tried, it did not do what was declared.", last, planned)
    if last.next_due is not None and last.next_due <= at:
        return DrillState("overdue", "The next drill is overdue.", last, planned)
    return DrillState("tried", "It was tried and did what was declared.", last, planned)


def drills_of(system_id: UUID) -> list[VoidDrill]:
    """The newest hundred drills of a system."""
    return list(VoidDrill.objects.filter(system_id=system_id).order_by("-planned_at")[:100])


def _declared(system: System) -> tuple[str, str]:
    return system.on_void, system.fallback if system.on_void == "fallback" else ""
