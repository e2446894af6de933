"""Dependencies between models: declared by whoever works on the downstream one, between ends that both are seen."""

from __future__ import annotations

from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry import events, inputs
from registry.models import AIModel, Dependency, DependencyKind
from registry.selectors.dependencies import dependency_locked, fed_by
from registry.selectors.systems import model_by_id, model_locked
from registry.services.systems import require_active


@governed
def dependency_set(
    *, actor: Actor, downstream_id: UUID | str, upstream_id: UUID | str, kind: str
) -> Dependency:
    """Say that the downstream model rests on the upstream one; said again it changes nothing.

    Raises NotThere for a model that the actor doesn't see, Conflict ("circle") where `feeds` would close one.
    """
    downstream = model_locked(downstream_id)
    access.require(actor, P.MODEL_CREATE, downstream)
    require_active(downstream.system)
    upstream = model_by_id(upstream_id)
    if not access.allowed(actor, P.SYSTEM_VIEW, upstream):
        raise NotThere
    inputs.choice("kind", kind, DependencyKind.values)
    if upstream == downstream:
        raise Invalid("A model doesn't depend on itself.", field="upstream")
    if kind == DependencyKind.FEEDS:
        _require_no_circle(upstream, downstream)
    row = Dependency.objects.filter(upstream=upstream, downstream=downstream, kind=kind).first()
    if row is not None and row.present:
        return row
    row = row or Dependency(upstream=upstream, downstream=downstream)
    said = {"kind": kind, "present": True, "declared_by": actor.id, "declared_at": clock.now()}
    records.write(actor=actor, event=events.DEPENDENCY_SET, row=row, set=said)
    return row


@governed
def dependency_remove(*, actor: Actor, dependency_id: UUID | str) -> Dependency:
    """Say that it holds no more; the row stays, marked as not present. Safe to repeat."""
    row = dependency_locked(dependency_id)
    access.require(actor, P.MODEL_CREATE, row)
    if row.present:
        records.write(actor=actor, event=events.DEPENDENCY_SET, row=row, set={"present": False})
    return row


def _require_no_circle(upstream: AIModel, downstream: AIModel) -> None:
    # Whatever the downstream model feeds is locked before it is believed: of two that would close a circle together,
    # each locks an end of the other, so the second waits and then sees the first.
    locked: set[UUID] = set()
    while (reached := fed_by(downstream.pk) | {upstream.pk, downstream.pk}) - locked:
        list(AIModel.objects.select_for_update().filter(pk__in=reached).order_by("pk"))
        locked = reached
    if upstream.pk in fed_by(downstream.pk):
        raise Conflict("This would close a circle: the upstream model takes from this one.", code="circle")
