"""Drills of what a system does when its warrant is void: planned, tried, and what was seen. A declaration nobody tried is
a hope."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from governance import events
from governance.machines import VOID_DRILL
from governance.models import Policy, VoidDrill
from governance.selectors.drills import OUTCOMES, YEARLY
from governance.selectors.requirements import document_of
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from ledger.workdays import calendar
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.models import System
from registry.selectors.systems import system_by_id

LONGEST = dt.timedelta(days=366)


@governed
def drill_plan(*, actor: Actor, system_id: UUID, day: dt.date) -> VoidDrill:
    """Plan a drill for a day; what the system declares now is what is tried. One at a time is planned."""
    system = system_by_id(system_id)
    access.require(actor, P.DRILL_RUN, system)
    System.objects.select_for_update().get(pk=system.pk)
    if VoidDrill.objects.filter(system=system, state="planned").exists():
        raise Conflict("A drill of this system is planned already.")
    now, office = clock.now(), calendar()
    due_at = office.after(dt.datetime.combine(day, dt.time(12), office.zone), 0)
    if not now < due_at <= now + LONGEST:
        raise Invalid("A drill is planned for a day within the next twelve months.", field="day")
    drill = VoidDrill()
    records.write(
        actor=actor,
        event=events.VOID_DRILL_PLANNED,
        row=drill,
        set={
            "system": system,
            "state": VOID_DRILL.initial.name,
            "declared": system.on_void,
            "fallback": system.fallback if system.on_void == "fallback" else "",
            "planned_by": actor.id,
            "planned_at": now,
            "due_at": due_at,
        },
    )
    return drill


@governed
def drill_perform(*, actor: Actor, drill_id: UUID, outcome: str, observation: str) -> VoidDrill:
    """Record how a planned drill went, and what was seen. The next is due as often as the policy says, at least yearly."""
    drill = _locked(drill_id)
    access.require(actor, P.DRILL_RUN, drill)
    if outcome not in OUTCOMES:
        raise Invalid(f"'{outcome}' is no outcome; possible: {', '.join(OUTCOMES)}.", field="outcome")
    if not observation.strip():
        raise Invalid("Say what was tried and what was seen.", field="observation")
    now = clock.now()
    next_due = calendar().within(now + dt.timedelta(days=_days(drill.system)))
    said = {"outcome": outcome, "observation": observation.strip(), "performed_by": actor.id}
    _move(actor, drill, "perform", **said, performed_at=now, next_due=next_due)
    return drill


@governed
def drill_cancel(*, actor: Actor, drill_id: UUID) -> VoidDrill:
    """Take a planned drill back; when the next is due doesn't change."""
    drill = _locked(drill_id)
    _move(actor, drill, "cancel")
    return drill


def _move(actor: Actor, drill: VoidDrill, move: str, **values: object) -> None:
    move_row(actor=actor, row=drill, machine=VOID_DRILL, move=move, event=events.VOID_DRILL_MOVED, set=values)


def _days(system: System) -> int:
    policy = Policy.objects.filter(tier=system.risk_tier, state="in-force").first()
    return (document_of(policy).rollback.drill_days if policy else 0) or YEARLY


def _locked(drill_id: UUID) -> VoidDrill:
    drill = (
        VoidDrill.objects.select_for_update(of=("self",)).select_related("system").filter(pk=drill_id).first()
    )
    if drill is None:
        raise NotThere()
    return drill
