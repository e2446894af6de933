"""Which models rest on which, as far as an actor may see both ends. What isn't seen isn't counted either."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry.models import AIModel, Dependency, DependencyKind
from registry.selectors.lookup import locked, one
from registry.selectors.systems import models_visible

_WITH_ENDS = Dependency.objects.select_related("upstream__system", "downstream__system")


def dependency_by_id(dependency_id: UUID | str) -> Dependency:
    return one(_WITH_ENDS.all(), dependency_id)


def dependency_locked(dependency_id: UUID | str) -> Dependency:
    return locked(_WITH_ENDS.all(), dependency_id)


def dependencies_visible(actor: Actor) -> QuerySet[Dependency]:
    """Present dependencies of which the actor may see both models."""
    if P.SYSTEM_VIEW in access.reach(actor).organisation:
        return _WITH_ENDS.filter(present=True)
    seen = models_visible(actor).values("pk")
    return _WITH_ENDS.filter(present=True, upstream__in=seen, downstream__in=seen)


def dependants(model: AIModel) -> QuerySet[Dependency]:
    """Everything that rests on `model`, whoever asks: for services, which decide, never for a page."""
    return _WITH_ENDS.filter(upstream=model, present=True)


def fed_by(model_id: UUID) -> set[UUID]:
    """Ids of all models that the output of this one reaches through `feeds`, itself not included unless in a circle."""
    found: set[UUID] = set()
    edge = {model_id}
    while edge:
        rows = Dependency.objects.filter(upstream__in=edge, kind=DependencyKind.FEEDS, present=True)
        edge = set(rows.values_list("downstream_id", flat=True)) - found
        found |= edge
    return found
