"""The inventory: systems, their models, and the versions of a model."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from people import access
from people.catalogue import P
from people.pages import actor_of, named, paged, reading
from people.services.reading import shown
from registry.models import AIModel, Dataset
from registry.models.systems import RiskTier
from registry.selectors import retention
from registry.selectors import systems as inventory
from registry.selectors import versions as standing


@reading
def systems(request: HttpRequest) -> HttpResponse:
    """Every system I may see, found by name, purpose or tier."""
    asked = request.GET.get("q", "").strip()[:100]
    tier = request.GET.get("tier", "")
    rows = (
        inventory.systems_visible(actor_of(request))
        .annotate(model_count=Count("models"))
        .order_by("name", "pk")
    )
    if asked:
        rows = rows.filter(Q(name__icontains=asked) | Q(slug__icontains=asked) | Q(purpose__icontains=asked))
    if tier in RiskTier.values:
        rows = rows.filter(risk_tier=tier)
    page = paged(request, rows)
    context = {
        "page": page,
        "q": asked,
        "tier": tier,
        "tiers": RiskTier.choices,
        "names": named(row.owner for row in page),
    }
    return render(request, "registry/systems.html", context)


@reading
def system(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """One system with its models and datasets."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.system_by_id(system_id))
    mine = access.reach(actor)
    models = AIModel.objects.filter(system=row).annotate(version_count=Count("versions"))
    datasets = Dataset.objects.filter(system=row).annotate(version_count=Count("versions"))
    held = list(row.holds.order_by("-placed_at"))
    people = [row.owner, *(hold.placed_by for hold in held), *(hold.lifted_by for hold in held)]
    deleted = retention.bodies(row).exclude(deleted_at=None)
    context = {
        "system": row,
        "models": models,
        "datasets": datasets,
        "term": retention.term(row),
        "holds": held,
        "may_retire": row.state == "active" and mine.allows(P.SYSTEM_EDIT, row),
        "may_hold": mine.allows(P.HOLD_PLACE, row),
        "may_lift": mine.allows(P.HOLD_LIFT, row),
        "deleted": deleted.aggregate(count=Count("pk"), at=Max("deleted_at")),
        "names": named(filter(None, people)),
    }
    return render(request, "registry/system.html", context)


@reading
def model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """One model and its versions, newest first."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
    page = paged(request, standing.versions_visible(actor).filter(model=row).order_by("-number"))
    context = {"model": row, "page": page, "names": named(item.registered_by for item in page)}
    return render(request, "registry/model.html", context)
