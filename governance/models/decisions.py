"""What people decided about a version, and on what grounds."""

from __future__ import annotations

from django.db import models

from monitoring.models import Run
from registry.models import Version, VersionPart


class Decision(VersionPart):
    """A person's recorded approve, reject or request for changes, bound to what they were shown."""

    ledger_kind = "decision"
    ledger_columns = (
        "version", "decision_round", "seat", "person", "outcome", "shown_digest", "decided_at",
    )  # fmt: skip
    ledger_hashed = ("shown",)
    ledger_personal = ("reason",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="decisions")
    decision_round = models.PositiveIntegerField()
    seat = models.CharField(max_length=32)
    person = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16)
    shown_digest = models.CharField(max_length=80)
    shown = models.JSONField()
    reason = models.TextField()
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["version", "decision_round"])]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.person} as {self.seat}"


class Acceptance(VersionPart):
    """A named validator's acceptance of one inconclusive requirement, with a limitation and a review date."""

    ledger_kind = "acceptance"
    ledger_columns = ("version", "run", "requirement", "validator", "accepted_at", "review_by", "state")
    ledger_personal = ("limitation", "compensating_test")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="acceptances")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="acceptances")
    requirement = models.CharField(max_length=120)
    limitation = models.TextField()
    compensating_test = models.TextField()
    validator = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    review_by = models.DateTimeField()
    state = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"acceptance of {self.requirement}"


class Waiver(VersionPart):
    """An approved exception to one requirement of one version, with an end."""

    ledger_kind = "waiver"
    ledger_columns = (
        "version", "requirement", "starts", "ends", "state", "requested_by", "decided_by", "decided_at",
    )  # fmt: skip
    ledger_personal = ("reason", "compensating_control")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="waivers")
    requirement = models.CharField(max_length=120)
    reason = models.TextField()
    compensating_control = models.TextField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    state = models.CharField(max_length=16)
    requested_by = models.CharField(max_length=64)
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"waiver of {self.requirement}"


class PlannedBound(VersionPart):
    """A version's own bound for one monitored requirement, within the policy's; approved with the version."""

    ledger_kind = "planned-bound"
    ledger_columns = ("version", "requirement", "bound", "proposed_by", "proposed_at")
    ledger_hashed = ("why",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="planned_bounds")
    requirement = models.CharField(max_length=120)
    bound = models.CharField(max_length=40)
    why = models.TextField()
    proposed_by = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "requirement"], name="planned_bound_once"),
        ]

    def __str__(self) -> str:
        return f"{self.requirement} {self.bound}"
