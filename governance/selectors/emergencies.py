"""Emergencies: which there were, how one stands at a moment, and what its warrant says. Computed, never stored."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import QuerySet

from governance.models import Emergency, Warrant
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.models import Entry
from ledger.services import replay
from people import access
from people.catalogue import P
from registry.models import System, Version

COVERED = ("validation", "review")
"""States of a version that has no approval, in which an open emergency lets it run."""

_EMERGENCIES = Emergency.objects.select_related("version__model__system", "deployment__slot", "warrant")


def emergencies_visible(actor: Actor) -> QuerySet[Emergency]:
    return access.visible(actor, P.VERSION_VIEW, _EMERGENCIES.all())


def emergencies_of(version: Version) -> QuerySet[Emergency]:
    return _EMERGENCIES.filter(version=version)


def counted(model_id: UUID) -> int:
    """How often a second person let a version of this model run without approval, ever."""
    return Emergency.objects.filter(version__model=model_id, agreed_at__isnull=False).count()


def status_at(emergency: Emergency, at: dt.datetime) -> str:
    """Its state, or `ended` and `overdue` where the clock or the review ran out and the sweep hasn't recorded it."""
    if emergency.state == "open" and emergency.ends is not None and at >= emergency.ends:
        return "ended"
    if emergency.state == "reversed" and emergency.review_by is not None and at >= emergency.review_by:
        return "overdue"
    return emergency.state


def emergency_condition(emergency: Emergency) -> str:
    """What a warrant prints, and the gate notes, while it rests on an emergency."""
    ends = clock.text(emergency.ends) if emergency.ends else "never"
    review = emergency.review_by.date().isoformat() if emergency.review_by else "never"
    return f"break-glass: runs without approval until {ends} (emergency {str(emergency.pk)[:8]}), review by {review}"


def agreement(emergency: Emergency) -> Entry | None:
    """The entry of the second person's agreement: the decision that an emergency's warrant rests on."""
    moved = log.history(emergency.ledger_kind, emergency.pk)
    agreed = [
        item.row for item in moved if item.parsed.entry and item.parsed.entry.data.get("move") == "agree"
    ]
    return agreed[0] if agreed else None


def covers(warrant: Warrant, state: str, at: dt.datetime) -> bool:
    """Whether an open emergency, as the log has it, lets a version in `state` run under `warrant` at `at`."""
    emergency = Emergency.objects.filter(warrant=warrant).first()
    if emergency is None or state not in COVERED or replay.row_faults(emergency):
        return False
    opened = replay.replayed(emergency.ledger_kind, emergency.pk).get("state") == "open"
    return opened and emergency.ends is not None and at < emergency.ends


def fallback_of(system: System, others: QuerySet[Warrant], at: dt.datetime) -> str:
    """What a slot returns to when an emergency ends: what the system declared, and what is still warranted there."""
    declared = {
        "keep": "keep what runs",
        "fallback": f"fall back to {system.fallback}",
        "stop": "stop",
    }[system.on_void]
    last = others.filter(state="issued", not_after__gt=at).order_by("-granted_at").first()
    return f"Declared: {declared}. Last warranted here: {last.version if last else 'nothing else'}."
