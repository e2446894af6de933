"""The inventory: systems and what belongs to each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ledger import clock
from ledger.actors import Actor
from people import access
from people.catalogue import P
from people.lists import Column, Filter, Listing, choices_of, equals, register, shown_list
from people.pages import actor_of, named, reading
from people.services.reading import shown
from registry.machines import SYSTEM
from registry.models import AIModel, Dataset, System
from registry.models.systems import RiskTier
from registry.selectors import fields, imports, retention, tierings
from registry.selectors import systems as inventory


def _counted(actor: Actor) -> QuerySet[System]:
    rows = inventory.systems_visible(actor).annotate(model_count=Count("models"))
    return rows.annotate(tier_confirmed=Exists(tierings.confirming(OuterRef("pk"), OuterRef("risk_tier"))))


def _about(rows: QuerySet[System], text: str) -> QuerySet[System]:
    return rows.filter(Q(name__icontains=text) | Q(slug__icontains=text) | Q(purpose__icontains=text))


def _models_of(row: Any) -> int:
    return int(row.model_count)


def _tier_of(row: Any) -> str:
    return row.risk_tier if row.tier_confirmed else f"{row.risk_tier}, not confirmed"


SYSTEMS = register(
    Listing(
        "systems", "AI systems", "registry:inventory", _counted, order="system",
        columns=(
            Column("system", "System", lambda row: row.name, sort=("name",),
                   link=lambda row: reverse("registry:system", args=[row.pk])),
            Column("tier", "Risk tier", _tier_of, "tier", sort=("risk_tier",)),
            Column("ai_act", "EU AI Act", lambda row: row.get_ai_act_class_display(), sort=("ai_act_class",)),
            Column("owner", "Owner", lambda row: row.owner, "person"),
            Column("models", "Models", _models_of, "number", sort=("model_count",)),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
        ),
        filters=(
            Filter("q", "Name or purpose", _about),
            Filter("tier", "Risk tier", equals("risk_tier"), lambda: RiskTier.choices),
            Filter("state", "State", equals("state"), choices_of(state.name for state in SYSTEM.states)),
        ),
        things=("system you may see", "systems you may see"),
        empty="There is no AI system that you may see yet. Whoever owns one registers it, or an operator grants you a role "
        "on one.",
    )
)  # fmt: skip


@reading
def systems(request: HttpRequest) -> HttpResponse:
    """Every system I may see, found by name, purpose or tier."""
    context = shown_list(request, SYSTEMS)
    context["overdue"] = imports.overdue_visible(actor_of(request), clock.now()).count()
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
        "tiering": tierings.standing(row, clock.now()),
        "filled": fields.filled(actor, row),
        "may_edit": row.state == "active" and mine.allows(P.SYSTEM_EDIT, row),
        "term": retention.term(row),
        "holds": held,
        "may_retire": row.state == "active" and mine.allows(P.SYSTEM_EDIT, row),
        "may_hold": mine.allows(P.HOLD_PLACE, row),
        "may_lift": mine.allows(P.HOLD_LIFT, row),
        "deleted": deleted.aggregate(count=Count("pk"), at=Max("deleted_at")),
        "names": named(filter(None, people)),
    }
    return render(request, "registry/system.html", context)
