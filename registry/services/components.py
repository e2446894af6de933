"""A version's bill of materials."""

from __future__ import annotations

from uuid import UUID

from ledger.actors import Actor
from ledger.errors import NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people.catalogue import P
from registry import events, inputs
from registry.models import Component, ComponentKind, Work
from registry.services import content


@governed
def component_set(
    *,
    actor: Actor,
    version_id: UUID | str,
    kind: str,
    name: str,
    digest: str = "",
    size: int | None = None,
    licence: str = "",
    origin: str = "",
) -> Component:
    """Add or change one component, known by kind and name. `origin` is words, never fetched.

    Raises Invalid naming the field, Conflict ("immutable").
    """
    version = content.opened(actor, version_id, P.VERSION_EDIT)
    inputs.choice("kind", kind, ComponentKind.values)
    name = inputs.line("name", name, limit=200)
    fields = {
        "digest": inputs.digest("digest", digest) if digest else "",
        "size": None if size is None else inputs.whole("size", size),
        "licence": inputs.line("licence", licence, limit=100, required=False),
        "origin": inputs.line("origin", origin, limit=300, required=False),
        "present": True,
    }
    row = Component.objects.filter(version=version, kind=kind, name=name).first()
    if row is None:
        row = Component(version=version, kind=kind, name=name)
    elif all(getattr(row, field) == value for field, value in fields.items()):
        return row
    records.write(actor=actor, event=events.COMPONENT_SET, row=row, set=fields)
    content.changed(actor, version, Work.COMPONENT)
    return row


@governed
def component_remove(*, actor: Actor, version_id: UUID | str, component_id: UUID | str) -> None:
    """Take a component off the bill; its row stays, marked as not present."""
    version = content.opened(actor, version_id, P.VERSION_EDIT)
    row = Component.objects.filter(version=version, pk=component_id, present=True).first()
    if row is None:
        raise NotThere
    records.write(actor=actor, event=events.COMPONENT_SET, row=row, set={"present": False})
    content.changed(actor, version, Work.COMPONENT)
