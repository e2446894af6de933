"""Which model rests on which other one: what a change, a failure or a retirement upstream reaches."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.models.systems import AIModel


class DependencyKind(models.TextChoices):
    """How the downstream model rests on the upstream one."""

    FEEDS = "feeds", "Takes its output as input"
    ENSEMBLE = "ensemble", "Decides together with it"
    SAME_DATA = "same-data", "Learnt from the same data"
    FALLBACK = "fallback", "Falls back to it"


class Dependency(Governed):
    """`downstream` rests on `upstream`. It belongs to the downstream model; a removed one stays, `present` false.

    A page shows an end only to whoever may see that model: the name of the other end is never part of this row.
    """

    ledger_kind = "dependency"
    ledger_columns = ("upstream", "downstream", "kind", "present", "declared_by", "declared_at")
    scope_paths = {"system": "downstream__system_id", "model": "downstream_id"}

    upstream = models.ForeignKey(AIModel, models.PROTECT, related_name="dependants")
    downstream = models.ForeignKey(AIModel, models.PROTECT, related_name="dependencies")
    kind = models.CharField(max_length=12, choices=DependencyKind.choices)
    present = models.BooleanField(default=True)
    declared_by = models.CharField(max_length=40)
    declared_at = models.DateTimeField()

    class Meta:
        ordering = ("kind", "declared_at", "id")
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(
                fields=("upstream", "downstream", "kind"), name="registry_dependency_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.upstream_id}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return self.downstream.scopes()

    def ledger_system(self) -> UUID:
        return self.downstream.system_id
