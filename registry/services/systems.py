"""Systems: registered, described, handed to another owner, retired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import IllegalMove
from people import access
from people.catalogue import P
from people.models import User
from registry import events, inputs
from registry.machines import SYSTEM
from registry.models import AIActClass, AIModel, Dataset, OnVoid, Ownership, RiskTier, System
from registry.names import name_fault
from registry.selectors.systems import system_locked


@governed
def system_register(
    *,
    actor: Actor,
    slug: str,
    name: str,
    purpose: str,
    affected_people: str,
    owner: str,
    legal_entity: str,
    risk_tier: str,
    on_void: str,
    ai_act_class: str = AIActClass.UNCLASSIFIED,
    fallback: str = "",
) -> System:
    """Add a system to the inventory; `owner` is the pseudonym of an active person.

    Raises Invalid naming the field, NotAllowed, Conflict for a slug that is taken.
    """
    access.require(actor, P.SYSTEM_CREATE)
    fields = _clean(
        {
            "slug": slug,
            "name": name,
            "purpose": purpose,
            "affected_people": affected_people,
            "owner": owner,
            "legal_entity": legal_entity,
            "risk_tier": risk_tier,
            "ai_act_class": ai_act_class,
            "on_void": on_void,
            "fallback": fallback,
        },
        System(),
    )
    if System.objects.filter(slug=slug).exists():
        raise Conflict(f"The slug '{slug}' is taken.", field="slug")
    now = clock.now()
    system = System()
    records.write(actor=actor, event=events.SYSTEM_REGISTERED, row=system, set={**fields, "created_at": now})
    _own(actor, system, system.owner)
    return system


@governed
def system_edit(*, actor: Actor, system_id: UUID | str, changes: Mapping[str, Any]) -> System:
    """Change described fields or the owner. Raises Invalid naming an unknown or wrong field; the tier is one of
    those, because it changes by tiering alone (`registry.services.tierings`)."""
    system = system_locked(system_id)
    access.require(actor, P.SYSTEM_EDIT, system)
    if system.state != "active":
        raise Conflict("This system is retired; its record can't be changed any more.", code="immutable")
    if "slug" in changes:
        raise Invalid("The slug stands in addresses and can't be changed.", field="slug")
    if "risk_tier" in changes:
        raise Invalid(
            "The tier is proposed by a tiering and confirmed by the second line.", field="risk_tier"
        )
    fields = {
        name: value for name, value in _clean(changes, system).items() if getattr(system, name) != value
    }
    if not fields:
        return system
    before = system.owner
    records.write(
        actor=actor,
        event=events.SYSTEM_EDITED,
        row=system,
        set=fields,
        data={"fields": sorted(fields)},
    )
    if system.owner != before:
        for row in Ownership.objects.select_for_update().filter(system=system, until__isnull=True):
            records.write(actor=actor, event=events.OWNERSHIP_ENDED, row=row, set={"until": clock.now()})
        _own(actor, system, system.owner)
    return system


@governed
def system_retire(*, actor: Actor, system_id: UUID | str) -> System:
    """Close a system: nothing new can be registered under it. Raises Conflict if it is closed already."""
    system = system_locked(system_id)
    try:
        move = SYSTEM.move(system.state, "retire")
    except IllegalMove as error:
        access.require(actor, P.SYSTEM_EDIT, system)
        raise Conflict("This system is retired already.", code="illegal-move") from error
    access.require(actor, P(move.permission), system)
    said = {"move": move.name, "from": system.state, "to": move.target}
    records.write(actor=actor, event=events.SYSTEM_MOVED, row=system, set={"state": move.target}, data=said)
    return system


def require_active(system: System) -> None:
    """Raises Conflict if nothing new can be registered under `system`."""
    if system.state != "active":
        raise Conflict("This system is retired; nothing new can be registered under it.", code="retired")


def _own(actor: Actor, system: System, person: str) -> None:
    records.write(
        actor=actor,
        event=events.OWNERSHIP_BEGAN,
        row=Ownership(system=system),
        set={"person": person, "since": clock.now()},
    )


def free_name(siblings: QuerySet[Dataset] | QuerySet[AIModel], *, slug: str, name: str) -> str:
    """The name for one more thing of a system, if neither it nor its slug could be taken for a sibling's.

    Raises Invalid, Conflict.
    """
    name = inputs.line("name", name, limit=120)
    if fault := name_fault(name, siblings.values_list("name", flat=True)):
        raise Invalid(fault, field="name")
    if siblings.filter(slug=inputs.slug("slug", slug)).exists():
        raise Conflict(f"The slug '{slug}' is taken in this system.", field="slug")
    return name


def _clean(given: Mapping[str, Any], system: System) -> dict[str, Any]:
    fields = {name: _FIELDS[name](name, value) for name, value in given.items() if name in _FIELDS}
    if unknown := sorted(set(given) - set(_FIELDS)):
        raise Invalid("A system has no such field.", field=unknown[0])
    if "name" in fields:
        others = System.objects.exclude(pk=system.pk).values_list("name", flat=True)
        if fault := name_fault(fields["name"], others):
            raise Invalid(fault, field="name")
    if fields.get("on_void", system.on_void) == OnVoid.FALLBACK and not fields.get(
        "fallback", system.fallback
    ):
        raise Invalid("Say what to fall back to.", field="fallback")
    return fields


def _person(field: str, value: object) -> str:
    if not isinstance(value, str) or not User.objects.filter(pseudonym=value, is_active=True).exists():
        raise Invalid("The pseudonym of an active person is expected.", field=field)
    return value


_FIELDS: dict[str, Callable[[str, Any], str]] = {
    "slug": inputs.slug,
    "name": lambda field, value: inputs.line(field, value, limit=120),
    "purpose": lambda field, value: inputs.passage(field, value, limit=10_000),
    "affected_people": lambda field, value: inputs.passage(field, value, limit=10_000),
    "owner": _person,
    "legal_entity": lambda field, value: inputs.line(field, value, limit=200),
    "risk_tier": lambda field, value: inputs.choice(field, value, RiskTier.values),
    "ai_act_class": lambda field, value: inputs.choice(field, value, AIActClass.values),
    "on_void": lambda field, value: inputs.choice(field, value, OnVoid.values),
    "fallback": lambda field, value: inputs.line(field, value, limit=300, required=False),
}
