"""Inventory imports, what they took in, and what is overdue: in use without a warrant beyond its date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry.due import DUE_DAYS
from registry.models import ImportedModel, ImportRow, InventoryImport, RiskTier, Tiering, Version
from registry.selectors.lookup import locked, one
from registry.selectors.versions import versions_visible

IN_USE = "in-use-not-warranted"
UNWARRANTED = (IN_USE, "draft", "validation", "review")
"""States in which what was taken in still runs without anybody having approved it."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A version that runs beyond its date. `attestor` is who took it in, or who registered it."""

    version: Version
    due: datetime
    attestor: str


def import_by_id(import_id: UUID | str) -> InventoryImport:
    return one(InventoryImport.objects.all(), import_id)


def import_locked(import_id: UUID | str) -> InventoryImport:
    return locked(InventoryImport.objects.all(), import_id)


def imports_visible(actor: Actor) -> QuerySet[InventoryImport]:
    """All of them, for whoever sees the whole inventory; they belong to no system yet."""
    return access.visible(actor, P.SYSTEM_VIEW, InventoryImport.objects.all())


def rows_of(row: InventoryImport) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(inventory_import=row)


def progress(row: InventoryImport) -> dict[str, int]:
    """State of a row -> how many are in it."""
    counted = rows_of(row).order_by().values_list("state").annotate(count=Count("pk"))
    return {"waiting": 0, "written": 0, "known": 0, "failed": 0} | dict(counted)


def imported_of(versions: Iterable[Version]) -> dict[UUID, ImportedModel]:
    """Version id -> how it was taken in, for those that were."""
    rows = ImportedModel.objects.filter(version__in=[version.pk for version in versions])
    return {row.version_id: row for row in rows.select_related("inventory_import")}


def overdue_visible(actor: Actor, at: datetime) -> QuerySet[Version]:
    """Versions the actor may see that run without a warrant beyond their date, by the clock of the question."""
    return overdue(versions_visible(actor), at)


def overdue(rows: QuerySet[Version], at: datetime) -> QuerySet[Version]:
    """Of `rows`, those overdue at a moment. What was registered as in use without an import has the table's days."""
    late = Q(imported__due__lte=at, state__in=UNWARRANTED)
    for tier in RiskTier.values:
        since = at - timedelta(days=DUE_DAYS[tier])
        late |= Q(imported=None, state=IN_USE, model__system__risk_tier=tier, registered_at__lte=since)
    no_model = Tiering.objects.filter(state="confirmed", is_model=False).values("system")
    rows = rows.filter(late, model__system__state="active").exclude(model__system__in=no_model)
    return rows.select_related("imported", "model__system").order_by("imported__due", "registered_at", "pk")


def spelt(rows: Iterable[Version]) -> Iterator[Overdue]:
    """Each overdue version with its date and who answers for its being here."""
    for version in rows:
        taken: ImportedModel | None = getattr(version, "imported", None)
        days = DUE_DAYS[version.model.system.risk_tier]
        due = taken.due if taken else version.registered_at + timedelta(days=days)
        yield Overdue(version, due, taken.attestor if taken else version.registered_by)
