"""What a running model is watched by: its plan, counted days, learnt baselines, late labels, missed days, and who was told.

This module knows nothing of policies or decisions.
"""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from monitoring.models.measured import Batch, Breach, Monitor
from registry.models import Blob, Deployment, System


class _OfMonitor(Governed):
    """A part of a monitor, seen and moved where the monitor is."""

    scope_paths = {
        "system": "monitor__deployment__version__model__system_id",
        "model": "monitor__deployment__version__model_id",
    }

    class Meta:
        abstract = True

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        monitor: Monitor = self.monitor  # type: ignore[attr-defined]
        return monitor.scopes()

    def ledger_system(self) -> uuid.UUID:
        monitor: Monitor = self.monitor  # type: ignore[attr-defined]
        return monitor.ledger_system()


class Plan(_OfMonitor):
    """When data are expected and when people are told; from the policy, frozen with the monitor.

    Days of 0 in `labels_after_days`: labels aren't expected.
    """

    ledger_kind = "monitoring-plan"
    ledger_columns = (
        "monitor", "every_days", "silent_after_days", "labels_after_days", "quiet_days", "baseline_days", "starts_at",
    )  # fmt: skip

    monitor = models.OneToOneField(Monitor, on_delete=models.PROTECT, related_name="plan")
    every_days = models.PositiveSmallIntegerField()
    silent_after_days = models.PositiveSmallIntegerField()
    labels_after_days = models.PositiveSmallIntegerField()
    quiet_days = models.PositiveSmallIntegerField()
    baseline_days = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"plan of {self.monitor}"


class Baseline(_OfMonitor):
    """What days are like when nothing is wrong, learnt from some of them; the newest one counts."""

    ledger_kind = "baseline"
    ledger_columns = (
        "monitor", "number", "blob", "days", "first_day", "last_day", "asked_by", "asked_at", "learnt_at", "state",
    )  # fmt: skip
    ledger_personal = ("reason",)

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="baselines")
    number = models.PositiveIntegerField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    days = models.PositiveIntegerField(default=0)
    first_day = models.DateField()
    last_day = models.DateField()
    asked_by = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    learnt_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "number"], name="baseline_number")]

    def __str__(self) -> str:
        return f"baseline {self.number}"


class MissedSlot(_OfMonitor):
    """A day, or another span, for which no data came in time. Once for each; data that come later are noted by when."""

    ledger_kind = "missed-slot"
    ledger_columns = ("monitor", "starts_at", "ends_at", "noticed_at", "breach")

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="missed")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    breach = models.ForeignKey(Breach, on_delete=models.PROTECT, related_name="missed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "starts_at"], name="missed_once")]

    def __str__(self) -> str:
        return f"no data from {self.starts_at:%Y-%m-%d}"


class Paging(Governed):
    """Whether people were told of a breach, and why or why not. `joins` is the breach they were told of already."""

    ledger_kind = "paging"
    ledger_columns = ("breach", "paged", "rule", "joins", "decided_at")
    ledger_hashed = ("why",)
    scope_paths = {
        "system": "breach__monitor__deployment__version__model__system_id",
        "model": "breach__monitor__deployment__version__model_id",
    }

    breach = models.OneToOneField(Breach, on_delete=models.PROTECT, related_name="paging")
    paged = models.BooleanField()
    rule = models.CharField(max_length=32)
    why = models.TextField()
    joins = models.ForeignKey(Breach, on_delete=models.PROTECT, null=True, related_name="joined")
    decided_at = models.DateTimeField()

    def __str__(self) -> str:
        return "paged" if self.paged else "nobody paged"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.breach.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.breach.ledger_system()


class LabelSet(Governed):
    """Labels that came later than the data of a period, joined to them by a row's id."""

    ledger_kind = "label-set"
    ledger_columns = (
        "deployment",
        "name",
        "blob",
        "period_start",
        "period_end",
        "received_at",
        "reported_by",
    )
    scope_paths = {
        "system": "deployment__version__model__system_id",
        "model": "deployment__version__model_id",
    }

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="label_sets")
    name = models.CharField(max_length=80)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    received_at = models.DateTimeField()
    reported_by = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "name"], name="label_set_once")]

    def __str__(self) -> str:
        return f"labels {self.name}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.deployment.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.deployment.version.model.system_id


class StoredProfile(Governed):
    """The counts of one dataset under one set of edges: evidence, and what spares counting it again.

    `key` is the hex SHA-256 of all that the counts follow from (`monitoring.sources.counting_key`).
    """

    ledger_kind = "profile"
    ledger_columns = ("system", "key", "data", "batch", "blob", "counted_at")
    scope_paths = {"system": "system_id"}

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="profiles")
    key = models.CharField(max_length=64, unique=True)
    data = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="profiles")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"counts of {self.data_id[:12]}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return (("system", self.system_id),)

    def ledger_system(self) -> uuid.UUID:
        return self.system_id
