"""Models of a system, and the slots they are deployed in."""

from __future__ import annotations

from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry import events, inputs
from registry.models import AIModel, Slot
from registry.selectors.systems import model_locked, system_locked
from registry.services.systems import free_name, require_active


@governed
def model_register(
    *, actor: Actor, system_id: UUID | str, slug: str, name: str, task: str, kind: str = ""
) -> AIModel:
    """Add a model to a system. Raises Invalid (a name that could be mistaken for another's), Conflict."""
    system = system_locked(system_id)
    access.require(actor, P.MODEL_CREATE, system)
    require_active(system)
    name = free_name(AIModel.objects.filter(system=system), slug=slug, name=name)
    model = AIModel(system=system)
    records.write(
        actor=actor,
        event=events.MODEL_REGISTERED,
        row=model,
        set={
            "slug": slug,
            "name": name,
            "task": inputs.line("task", task, limit=60),
            "kind": inputs.line("kind", kind, limit=60, required=False),
            "created_at": clock.now(),
        },
    )
    return model


@governed
def slot_register(
    *, actor: Actor, model_id: UUID | str, environment: str, region: str, arm: str = "main"
) -> Slot:
    """Name a place where versions of a model run. Raises Conflict if it is there already."""
    model = model_locked(model_id)
    access.require(actor, P.DEPLOYMENT_REQUEST, model)
    require_active(model.system)
    place = {
        "environment": inputs.word("environment", environment),
        "region": inputs.word("region", region),
        "arm": inputs.word("arm", arm),
    }
    if Slot.objects.filter(model=model, **place).exists():
        raise Conflict("This slot is there already.", code="exists")
    slot = Slot(model=model)
    records.write(
        actor=actor, event=events.SLOT_REGISTERED, row=slot, set={**place, "created_at": clock.now()}
    )
    return slot
