"""Fields of the organisation and what stands in them, as far as somebody may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from ledger.actors import Actor
from people import access
from people.access import Reach, Scoped
from people.catalogue import P
from registry.models import AIModel, CustomField, CustomValue, FieldOf, SeenBy, System
from registry.selectors.lookup import locked, one

SEEN_WITH: dict[str, tuple[P, ...]] = {
    SeenBy.READERS: (P.SYSTEM_VIEW,),
    SeenBy.RESPONSIBLE: (P.SYSTEM_EDIT, P.VERSION_REVIEW, P.VERSION_APPROVE),
}
"""Who sees a field's values: whoever holds one of these on the thing."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A field and what stands in it; `text` is empty where nothing does."""

    field: CustomField
    text: str

    @property
    def missing(self) -> bool:
        return self.field.required and not self.text


def fields_of(about: str) -> QuerySet[CustomField]:
    """The active fields of systems or models, in the order they were defined."""
    return CustomField.objects.filter(about=about, state="active").order_by("defined_at", "id")


def field_by_id(field_id: UUID | str) -> CustomField:
    return one(CustomField.objects.all(), field_id)


def field_locked(field_id: UUID | str) -> CustomField:
    return locked(CustomField.objects.all(), field_id)


def fields_visible(actor: Actor) -> QuerySet[CustomField]:
    """Their definitions are the organisation's, for everybody who sees any system."""
    rows = CustomField.objects.all()
    return rows if access.reach(actor).anywhere(P.SYSTEM_VIEW) else rows.none()


def sees(actor: Actor, row: CustomField, thing: Scoped) -> bool:
    """Whether the actor may see what stands in this field of `thing`."""
    return _within(access.reach(actor), row, thing)


def filled(actor: Actor, thing: System | AIModel) -> list[Filled]:
    """Every active field of a system or model that the actor may see, with its value."""
    return filled_of(actor, [thing]).get(thing.pk, [])


def filled_of(actor: Actor, things: Iterable[System | AIModel]) -> dict[UUID, list[Filled]]:
    """The same for many things of one kind, by id, with three queries."""
    listed = list(things)
    if not listed:
        return {}
    of_models = isinstance(listed[0], AIModel)
    rows = list(fields_of(FieldOf.MODEL if of_models else FieldOf.SYSTEM))
    ids = [thing.pk for thing in listed]
    values = CustomValue.objects.filter(field__in=rows)
    values = values.filter(model__in=ids) if of_models else values.filter(system__in=ids, model=None)
    texts = {(value.model_id or value.system_id, value.field_id): value.text for value in values}
    reached = access.reach(actor)
    return {
        thing.pk: [
            Filled(row, texts.get((thing.pk, row.pk), "")) for row in rows if _within(reached, row, thing)
        ]
        for thing in listed
    }


def _within(reached: Reach, row: CustomField, thing: Scoped) -> bool:
    return any(reached.allows(permission, thing) for permission in SEEN_WITH[row.seen_by])
