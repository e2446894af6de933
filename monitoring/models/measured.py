"""What was measured: runs of checks, monitors on deployments, batches, breaches, alerts, incidents.

A run's outcome is stored once, as bytes under a digest that its ledger entry carries; everything shown of
a result is read from those bytes. Columns that only steer the queue (lease, attempts, progress) are not
governed: losing them costs a repeat, never a record. This module knows nothing of policies or decisions.
"""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from registry.models import Blob, DatasetVersion, Deployment, System, Version, VersionPart


class Run(VersionPart):
    """One execution of a check of the catalogue on named inputs, with the bounds set before it began."""

    ledger_kind = "run"
    ledger_columns = (
        "check_name", "version", "subject_digest", "batch", "current", "reference", "policy_digest", "seed",
        "decision_round", "requested_by", "requested_as", "requested_at", "state", "verdict", "outcome_digest",
        "error_code", "finished_at",
    )  # fmt: skip
    ledger_hashed = ("columns", "thresholds", "parameters", "outcome", "error_text")
    ledger_free = ("lease_token", "lease_until", "attempts", "progress")

    check_name = models.CharField(max_length=64)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="runs")
    subject_digest = models.CharField(max_length=80, blank=True)
    batch = models.ForeignKey("Batch", on_delete=models.PROTECT, null=True, related_name="runs")
    current = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, null=True, related_name="runs_as_current"
    )
    reference = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, null=True, related_name="runs_as_reference"
    )
    columns = models.JSONField(default=dict)
    thresholds = models.JSONField(default=list)
    parameters = models.JSONField(default=dict)
    policy_digest = models.CharField(max_length=80)
    seed = models.PositiveBigIntegerField()
    decision_round = models.PositiveIntegerField()
    requested_by = models.CharField(max_length=64)
    requested_as = models.CharField(max_length=32)
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    verdict = models.CharField(max_length=16, blank=True)
    outcome = models.JSONField(null=True)
    outcome_digest = models.CharField(max_length=80, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "lease_until"]),
            models.Index(fields=["version", "check_name", "-requested_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.check_name} on {self.version}"


class Monitor(Governed):
    """Which checks watch a deployment, against which reference, and what a breach leads to."""

    ledger_kind = "monitor"
    ledger_columns = ("deployment", "reference", "response", "state")
    ledger_hashed = ("checks",)

    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="monitor")
    reference = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    checks = models.JSONField(default=list)
    response = models.CharField(max_length=16)
    state = models.CharField(max_length=16)

    scope_paths = {
        "system": "deployment__version__model__system_id",
        "model": "deployment__version__model_id",
    }

    def __str__(self) -> str:
        return f"monitor of {self.deployment}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.deployment.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.deployment.version.model.system_id


class Batch(Governed):
    """Production data of one deployment and period, as reported; its bytes are a blob."""

    ledger_kind = "batch"
    ledger_columns = (
        "deployment", "label", "blob", "rows", "period_start", "period_end", "received_at", "reported_by",
        "state",
    )  # fmt: skip

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="batches")
    label = models.CharField(max_length=80)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    rows = models.PositiveBigIntegerField(null=True)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    received_at = models.DateTimeField()
    reported_by = models.CharField(max_length=64)
    state = models.CharField(max_length=16)

    scope_paths = {
        "system": "deployment__version__model__system_id",
        "model": "deployment__version__model_id",
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "label"], name="batch_once_per_deployment")
        ]

    def __str__(self) -> str:
        return f"batch {self.label}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.deployment.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.deployment.version.model.system_id


class Breach(Governed):
    """A monitored criterion that was not met in one batch; or, without batch and run, data that did not come."""

    ledger_kind = "breach"
    ledger_columns = ("monitor", "batch", "run", "response", "state", "opened_at", "closed_at", "closed_by")
    ledger_hashed = ("summary",)
    ledger_personal = ("closing_note",)

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="breaches")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="breaches")
    run = models.OneToOneField(Run, on_delete=models.PROTECT, null=True, related_name="breach")
    summary = models.JSONField(default=dict)
    response = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=64, blank=True)
    closing_note = models.TextField(blank=True)

    scope_paths = {
        "system": "monitor__deployment__version__model__system_id",
        "model": "monitor__deployment__version__model_id",
    }

    def __str__(self) -> str:
        return f"breach in {self.batch}" if self.batch else "breach: no data"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.monitor.deployment.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.monitor.deployment.version.model.system_id


class Alert(Governed):
    """A notice to people about a breach; acknowledging it is theirs."""

    ledger_kind = "alert"
    ledger_columns = ("breach", "severity", "state", "raised_at", "acknowledged_by", "acknowledged_at")
    ledger_hashed = ("text",)

    breach = models.ForeignKey(Breach, on_delete=models.PROTECT, related_name="alerts")
    severity = models.CharField(max_length=16)
    text = models.TextField()
    state = models.CharField(max_length=16)
    raised_at = models.DateTimeField()
    acknowledged_by = models.CharField(max_length=64, blank=True)
    acknowledged_at = models.DateTimeField(null=True)

    scope_paths = {
        "system": "breach__monitor__deployment__version__model__system_id",
        "model": "breach__monitor__deployment__version__model_id",
    }

    def __str__(self) -> str:
        return f"{self.severity} alert"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.breach.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.breach.ledger_system()


class Incident(Governed):
    """Something people work on until it is closed."""

    ledger_kind = "incident"
    ledger_columns = (
        "system", "version", "cause", "severity", "state", "opened_at", "opened_by", "closed_at", "closed_by",
    )  # fmt: skip
    ledger_hashed = ("title",)
    ledger_personal = ("closing_note",)

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="incidents")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="incidents")
    cause = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=64)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=64, blank=True)
    closing_note = models.TextField(blank=True)

    scope_paths = {"system": "system_id", "model": "version__model_id"}

    def __str__(self) -> str:
        return self.title

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes() if self.version else self.system.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.system_id
