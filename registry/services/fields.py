"""Fields of the organisation: defined, retired, and what is written in them. A value is text, checked by its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry import events, inputs
from registry.field_values import clean
from registry.machines import CUSTOM_FIELD
from registry.models import AIModel, CustomField, CustomValue, FieldKind, FieldOf, SeenBy, System
from registry.names import name_fault
from registry.selectors.fields import field_locked, fields_of, sees
from registry.selectors.systems import model_locked, system_locked
from registry.services.systems import require_active

MOST_FIELDS, MOST_CHOICES = 50, 100


@governed
def field_define(
    *,
    actor: Actor,
    about: str,
    name: str,
    title: str,
    kind: str,
    required: bool = False,
    seen_by: str = SeenBy.READERS,
    choices: Sequence[str] = (),
) -> CustomField:
    """Add a field to all systems or all models. Raises Invalid, Conflict for a name that is or was taken."""
    access.require(actor, P.FIELD_DEFINE)
    inputs.choice("about", about, FieldOf.values)
    inputs.choice("kind", kind, FieldKind.values)
    inputs.choice("seen_by", seen_by, SeenBy.values)
    siblings = CustomField.objects.filter(about=about)
    if siblings.filter(name=inputs.slug("name", name)).exists():
        raise Conflict(f"The name '{name}' is taken, or was by a field that is retired.", field="name")
    active = siblings.filter(state="active")
    if active.count() >= MOST_FIELDS:
        raise Conflict(f"There are {MOST_FIELDS} fields already, which is as many as a page can ask for.")
    title = inputs.line("title", title, limit=120)
    if fault := name_fault(title, active.values_list("title", flat=True)):
        raise Invalid(fault, field="title")
    row = CustomField()
    records.write(
        actor=actor,
        event=events.FIELD_DEFINED,
        row=row,
        set={
            "about": about,
            "name": name,
            "title": title,
            "kind": kind,
            "choices": _choices(kind, choices),
            "required": bool(required),
            "seen_by": seen_by,
            "state": CUSTOM_FIELD.initial.name,
            "defined_by": actor.id,
            "defined_at": clock.now(),
        },
    )
    return row


@governed
def field_retire(*, actor: Actor, field_id: UUID | str) -> CustomField:
    """Ask for a field no more; its values stay in the record. Raises Conflict, NotThere."""
    row = field_locked(field_id)
    move_row(actor=actor, row=row, machine=CUSTOM_FIELD, move="retire", event=events.FIELD_MOVED)
    return row


@governed
def system_values_set(*, actor: Actor, system_id: UUID | str, values: Mapping[str, str]) -> None:
    """Write fields of a system by name; an empty text empties one. Raises Invalid naming the first wrong field, with all."""
    system = system_locked(system_id)
    access.require(actor, P.SYSTEM_EDIT, system)
    require_active(system)
    values_write(actor, system, None, values)


@governed
def model_values_set(*, actor: Actor, model_id: UUID | str, values: Mapping[str, str]) -> None:
    """Write fields of a model by name, as `system_values_set`."""
    model = model_locked(model_id)
    access.require(actor, P.MODEL_CREATE, model)
    require_active(model.system)
    values_write(actor, model.system, model, values)


def values_write(
    actor: Actor, system: System, model: AIModel | None, values: Mapping[str, str], *, trusted: bool = False
) -> None:
    """For the services here: check and write; the caller has asked the permission and holds the lock.

    A field that the actor doesn't see is as unknown as one that isn't there; `trusted` is our own importer.
    """
    about = FieldOf.MODEL if model else FieldOf.SYSTEM
    known = {row.name: row for row in fields_of(about) if trusted or sees(actor, row, model or system)}
    cleaned, wrong = {}, {}
    for name, text in values.items():
        try:
            cleaned[name] = _known(known, name, text)
        except Invalid as error:
            wrong[name] = error.message
    if wrong:
        reasons = [{"code": name, "text": f"{name}: {text}"} for name, text in wrong.items()]
        name = next(iter(wrong))
        raise Invalid(wrong[name], field=name, reasons=reasons)
    for name, text in cleaned.items():
        row = CustomValue.objects.filter(field=known[name], system=system, model=model).first()
        if (row.text if row else "") == text:
            continue
        records.write(
            actor=actor,
            event=events.VALUE_SET,
            row=row or CustomValue(field=known[name], system=system, model=model),
            set={"text": text, "set_by": actor.id, "set_at": clock.now()},
        )


def _known(known: Mapping[str, CustomField], name: str, text: str) -> str:
    if name not in known:
        raise Invalid("There is no such field.", field=name)
    row = known[name]
    return clean(name, text, kind=row.kind, choices=row.choices, required=row.required)


def _choices(kind: str, choices: Sequence[str]) -> list[str]:
    if kind != FieldKind.CHOICE:
        if choices:
            raise Invalid("Only a choice has a list.", field="choices")
        return []
    found = [inputs.line("choices", choice, limit=120) for choice in choices]
    if not 2 <= len(found) <= MOST_CHOICES or len(set(found)) < len(found):
        raise Invalid(f"2 to {MOST_CHOICES} different choices are expected.", field="choices")
    return found
