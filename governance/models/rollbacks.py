"""The way back in a slot: when it was taken, and when it was tried."""

from __future__ import annotations

from django.db import models

from governance.models.warrants import Warrant
from registry.models import Deployment, Version, VersionPart


class Rollback(VersionPart):
    """A slot was given back to the version that was live there before; `version` is that one, under a new warrant."""

    ledger_kind = "rollback"
    ledger_columns = ("version", "left", "returned", "warrant", "window_ends", "requested_by", "requested_at")
    ledger_personal = ("reason",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    left = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="rollbacks_from")
    returned = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="rollbacks_to")
    warrant = models.ForeignKey(Warrant, on_delete=models.PROTECT, related_name="rollbacks")
    window_ends = models.DateTimeField()
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        ordering = ("-requested_at", "id")

    def __str__(self) -> str:
        return f"return to {self.version} in {self.returned.slot}"


class RollbackDrill(VersionPart):
    """A trial of the way back from a deployment: planned, then performed with its outcome and how long it took."""

    ledger_kind = "rollback-drill"
    ledger_columns = (
        "version", "deployment", "state", "planned_by", "planned_at", "planned_for", "performed_by", "performed_at",
        "outcome", "seconds",
    )  # fmt: skip
    ledger_personal = ("note",)

    class Outcome(models.TextChoices):
        WORKED = "worked", "It worked"
        FAILED = "failed", "It failed"

    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="drills")
    state = models.CharField(max_length=16)
    planned_by = models.CharField(max_length=64)
    planned_at = models.DateTimeField()
    planned_for = models.DateTimeField()
    performed_by = models.CharField(max_length=64, blank=True)
    performed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    seconds = models.PositiveIntegerField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("-planned_for", "id")

    def __str__(self) -> str:
        return f"roll-back drill in {self.deployment.slot}"
