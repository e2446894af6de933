"""Where a version is meant to run, and what serving says is running. Knows nothing of warrants."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import DEPLOYMENT
from registry.models.systems import AIModel
from registry.models.versions import Version, VersionPart


class Slot(Governed):
    """A place for one running version of a model: environment, region and arm."""

    ledger_kind = "slot"
    ledger_columns = ("model", "environment", "region", "arm", "created_at")
    scope_paths = {"system": "model__system_id", "model": "model_id"}

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="slots")
    environment = models.CharField(max_length=40)
    region = models.CharField(max_length=40)
    arm = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("environment", "region", "arm", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("model", "environment", "region", "arm"), name="registry_slot_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment} / {self.region} / {self.arm}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("model", self.model_id), ("system", self.model.system_id))

    def ledger_system(self) -> UUID:
        return self.model.system_id


class Deployment(VersionPart):
    """One version in one slot, from being asked for to its end."""

    ledger_kind = "deployment"
    ledger_columns = (
        "version",
        "slot",
        "state",
        "requested_by",
        "requested_at",
        "reported_digest",
        "reported_at",
    )

    version = models.ForeignKey(Version, models.PROTECT, related_name="deployments")
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="deployments")
    state = models.CharField(max_length=12, default=DEPLOYMENT.initial.name, db_index=True)
    requested_by = models.CharField(max_length=40)
    requested_at = models.DateTimeField()
    reported_digest = models.CharField(max_length=64, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-requested_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("slot",), condition=models.Q(state="live"), name="registry_one_live_per_slot"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} in {self.slot}"


class DeploymentReport(Governed):
    """What serving said it runs in a slot. `unexpected` if nothing allows that, with the reasons."""

    ledger_kind = "deployment-report"
    ledger_columns = (
        "slot",
        "digest",
        "reported_state",
        "version",
        "deployment",
        "unexpected",
        "reported_by",
        "reported_at",
    )
    ledger_hashed = ("reasons",)
    scope_paths = {"system": "slot__model__system_id", "model": "slot__model_id"}

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="reports")
    digest = models.CharField(max_length=64)
    reported_state = models.CharField(max_length=12)
    version = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="deployment_reports"
    )
    deployment = models.ForeignKey(Deployment, models.PROTECT, null=True, blank=True, related_name="reports")
    unexpected = models.BooleanField()
    reasons = models.JSONField(default=list, blank=True)
    reported_by = models.CharField(max_length=40)
    reported_at = models.DateTimeField()

    class Meta:
        ordering = ("-reported_at", "id")

    def __str__(self) -> str:
        return f"{self.reported_state} in {self.slot_id}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return self.slot.scopes()

    def ledger_system(self) -> UUID:
        return self.slot.model.system_id
