"""Systems and models as they stand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from ledger import clock
from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry.models import AIModel, Ownership, Slot, System
from registry.selectors.lookup import locked, one


def system_by_id(system_id: UUID | str) -> System:
    return one(System.objects.all(), system_id)


def system_locked(system_id: UUID | str) -> System:
    return locked(System.objects.all(), system_id)


def systems_visible(actor: Actor) -> QuerySet[System]:
    return access.visible(actor, P.SYSTEM_VIEW, System.objects.all())


def model_by_id(model_id: UUID | str) -> AIModel:
    return one(AIModel.objects.select_related("system"), model_id)


def model_locked(model_id: UUID | str) -> AIModel:
    return locked(AIModel.objects.select_related("system"), model_id)


def models_visible(actor: Actor) -> QuerySet[AIModel]:
    return access.visible(actor, P.SYSTEM_VIEW, AIModel.objects.select_related("system"))


def slot_by_id(slot_id: UUID | str) -> Slot:
    return one(Slot.objects.select_related("model__system"), slot_id)


def slots_visible(actor: Actor) -> QuerySet[Slot]:
    return access.visible(actor, P.SYSTEM_VIEW, Slot.objects.select_related("model__system"))


def owners(system_id: UUID, cooling_off: timedelta = timedelta(0)) -> frozenset[str]:
    """Pseudonyms of who owns the system now or owned it within `cooling_off` before now."""
    since = clock.now() - cooling_off
    held = Ownership.objects.filter(Q(until__isnull=True) | Q(until__gt=since), system_id=system_id)
    return frozenset(held.values_list("person", flat=True))
