"""Registered things to hold grants on, written as registry's services would."""

from __future__ import annotations

from ledger import clock
from ledger.actors import Actor
from ledger.catalogue import Event
from ledger.services import records
from ledger.services.transactions import in_transaction
from registry import events
from registry.models import AIModel, System

_ACTOR = Actor.system("bootstrap", door="test")


def make() -> tuple[System, AIModel, AIModel, System]:
    """(system, its model, a second model of it, another system)."""
    lending, cards = _system("lending"), _system("cards")
    return lending, _model(lending, "scoring"), _model(lending, "limits"), cards


def _system(slug: str) -> System:
    row = System(
        slug=slug,
        name=slug.capitalize(),
        purpose="To decide.",
        affected_people="Customers.",
        owner="p-nobody",
        legal_entity="Bank AG",
        risk_tier="high",
        on_void="stop",
    )
    _record(events.SYSTEM_REGISTERED, row)
    return row


def _model(system: System, slug: str) -> AIModel:
    row = AIModel(system=system, slug=slug, name=slug.capitalize(), task="classification")
    _record(events.MODEL_REGISTERED, row)
    return row


def _record(event: Event, row: System | AIModel) -> None:
    in_transaction(lambda: records.write(actor=_ACTOR, event=event, row=row, set={"created_at": clock.now()}))
