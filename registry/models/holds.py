"""Legal holds: what may not be deleted, whatever its term."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.models.systems import System


class LegalHold(Governed):
    """While it stands, no body of its system is deleted. One person places it, another lifts it."""

    ledger_kind = "legal-hold"
    ledger_columns = ("system", "state", "placed_by", "placed_at", "lifted_by", "lifted_at")
    ledger_personal = ("reason",)
    scope_paths = {"system": "system_id"}

    system = models.ForeignKey(System, models.PROTECT, related_name="holds")
    state = models.CharField(max_length=10, default="placed")
    reason = models.TextField(max_length=2000)
    placed_by = models.CharField(max_length=40)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=40, blank=True)
    lifted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"hold on {self.system}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("system", self.system_id),)

    def ledger_system(self) -> UUID:
        return self.system_id
