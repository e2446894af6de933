"""Drills of what a system does when its warrant is void."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from registry.models import System


class VoidDrill(Governed):
    """One drill of a system's `on_void`: what was declared when it was planned, and what was seen when it was tried."""

    ledger_kind = "void-drill"
    ledger_columns = (
        "system", "state", "declared", "fallback", "planned_by", "planned_at", "due_at", "outcome", "performed_by",
        "performed_at", "next_due",
    )  # fmt: skip
    ledger_hashed = ("observation",)
    scope_paths = {"system": "system_id"}

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="void_drills")
    state = models.CharField(max_length=16)
    declared = models.CharField(max_length=10)
    fallback = models.CharField(max_length=300, blank=True)
    planned_by = models.CharField(max_length=64)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, blank=True)
    observation = models.TextField(blank=True)
    performed_by = models.CharField(max_length=64, blank=True)
    performed_at = models.DateTimeField(null=True)
    next_due = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-planned_at", "id")

    def __str__(self) -> str:
        return f"drill of {self.system}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return (("system", self.system_id),)

    def ledger_system(self) -> uuid.UUID:
        return self.system_id
