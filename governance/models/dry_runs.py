"""Dry runs that somebody asked for: the row is the queue, and beside it what was found so far.

None of this is governed: a dry run decides nothing, and losing one costs a repeat.
"""

from __future__ import annotations

import uuid

from django.db import models

from governance.models.policies import Policy
from registry.models import AIModel, Version


class DryRun(models.Model):
    """All versions of a policy's tier asked again under it, part by part in the order of their ids.

    `state` is due, done or error. `total` counts the versions of the tier when the first part began, `seen` those asked
    so far, up to and with the id `after`; `attempts` the leases since the last part that was kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="dry_runs")
    asked_by = models.CharField(max_length=64)
    asked_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=8, default="due")
    total = models.PositiveIntegerField(null=True)
    seen = models.PositiveIntegerField(default=0)
    after = models.UUIDField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering = ("-asked_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["policy"], condition=models.Q(state="due"), name="dry_run_one_due_per_policy"
            ),
        ]

    def __str__(self) -> str:
        return f"dry run of {self.policy}"

    @property
    def percent(self) -> int:
        """How far it is, rounded down; versions that came meanwhile make it no more than a hundred."""
        return min(100, 100 * self.seen // self.total) if self.total else 0


class DryRunAnswer(models.Model):
    """One past approval or present version that comes out differently, or of which something can't be told."""

    run = models.ForeignKey(DryRun, on_delete=models.CASCADE, related_name="answers")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=60)
    before = models.CharField(max_length=60)
    after = models.CharField(max_length=60)
    gained = models.JSONField(default=list)
    lost = models.JSONField(default=list)
    unknown = models.JSONField(default=list)
    differs = models.BooleanField()
    untold = models.BooleanField()

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    class Meta:
        indexes = [models.Index(fields=["run", "differs"]), models.Index(fields=["run", "untold"])]

    def __str__(self) -> str:
        return f"{self.what} of {self.version_id}"


class DryRunFigures(models.Model):
    """What was counted of one model: so that a reader gets the sums of what they may see, and of nothing else."""

    run = models.ForeignKey(DryRun, on_delete=models.CASCADE, related_name="figures")
    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="+")
    looked_at = models.PositiveIntegerField()
    differing = models.PositiveIntegerField()
    stays = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()

    scope_paths = {"system": "model__system_id", "model": "model_id"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "model"], name="dry_run_figures_once")]

    def __str__(self) -> str:
        return f"{self.looked_at} of {self.model_id}"
