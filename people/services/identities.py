"""Service identities: a name for a pipeline, and the person who answers for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access, events
from people.catalogue import P
from people.models import ServiceIdentity, User


@governed
def identity_create(*, actor: Actor, name: str, controller_id: UUID) -> ServiceIdentity:
    """A new identity, without token or grant. Invalid: name, controller. Conflict: the name is taken."""
    access.require(actor, P.PEOPLE_EDIT)
    identity = ServiceIdentity(controller=_controller(controller_id))
    records.write(
        actor=actor,
        event=events.IDENTITY_CREATED,
        row=identity,
        set={"name": _free_name(name), "created_at": clock.now()},
    )
    return identity


@governed
def identity_change(
    *,
    actor: Actor,
    identity_id: UUID,
    name: str | None = None,
    controller_id: UUID | None = None,
    is_active: bool | None = None,
) -> ServiceIdentity:
    """Change what is given. A new controller answers for what happens from now on. Invalid: name,
    controller."""
    identity = ServiceIdentity.objects.select_for_update().filter(pk=identity_id).first()
    access.require(actor, P.PEOPLE_EDIT, identity)
    if identity is None:
        raise NotThere
    changes: dict[str, Any] = {}
    if name is not None and name.strip() != identity.name:
        changes["name"] = _free_name(name)
    if controller_id is not None and controller_id != identity.controller_id:
        changes["controller"] = _controller(controller_id)
    if is_active is not None and is_active != identity.is_active:
        changes["is_active"] = is_active
    if not changes:
        raise Conflict("Nothing was changed.")
    records.write(
        actor=actor,
        event=events.IDENTITY_CHANGED,
        row=identity,
        set=changes,
        data={"changed": sorted(changes)},
    )
    return identity


def _controller(pk: UUID) -> User:
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        raise Invalid("The controller must be a person who may sign in.", field="controller")
    return user


def _free_name(name: str) -> str:
    written = name.strip()
    if not written or len(written) > 100 or not written.isprintable():
        raise Invalid("A name has 1 to 100 visible characters.", field="name")
    if ServiceIdentity.objects.filter(name=written).exists():
        raise Conflict("There is an identity of this name.", field="name")
    return written
