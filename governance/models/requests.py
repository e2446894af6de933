"""Questions to people that a breach, a date or a person opens."""

from __future__ import annotations

from django.db import models

from governance.models.warrants import Warrant
from monitoring.models import Breach
from registry.models import Version, VersionPart


class RetrainingRequest(VersionPart):
    """A question to a person: should this model be trained again?"""

    ledger_kind = "retraining-request"
    ledger_columns = (
        "version",
        "breach",
        "state",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
    )
    ledger_personal = ("reason", "decision_note")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="retraining_requests")
    breach = models.ForeignKey(
        Breach, on_delete=models.PROTECT, null=True, related_name="retraining_requests"
    )
    reason = models.TextField()
    state = models.CharField(max_length=16)
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"retraining of {self.version}"


class Recertification(VersionPart):
    """A question to a person: may this warrant be renewed? Judged by the policy in force when it was taken into review,
    which `policy_digest` names and the new warrant, `granted`, prints."""

    ledger_kind = "recertification"
    ledger_columns = (
        "version", "warrant", "state", "policy_digest", "requested_by", "requested_at", "reviewed_from", "decided_by",
        "decided_at", "granted",
    )  # fmt: skip
    ledger_personal = ("reason", "decision_note")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="recertifications")
    warrant = models.ForeignKey(Warrant, on_delete=models.PROTECT, related_name="recertifications")
    state = models.CharField(max_length=16)
    policy_digest = models.CharField(max_length=80, blank=True)
    reason = models.TextField()
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    reviewed_from = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)
    granted = models.ForeignKey(Warrant, on_delete=models.PROTECT, null=True, related_name="renewed_by")

    class Meta:
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"recertification of {self.version} in {self.warrant.slot}"
