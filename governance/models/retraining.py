"""What a retraining request led to, and which path its result takes."""

from __future__ import annotations

from django.db import models

from governance.models.requests import RetrainingRequest
from registry.models import Version, VersionPart


class RetrainingCandidate(VersionPart):
    """A version that answers an approved retraining request."""

    ledger_kind = "retraining-candidate"
    ledger_columns = ("version", "request", "named_by", "named_at")

    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    request = models.ForeignKey(RetrainingRequest, on_delete=models.PROTECT, related_name="candidates")
    named_by = models.CharField(max_length=64)
    named_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version"], name="retraining_candidate_once")]

    def __str__(self) -> str:
        return f"{self.version}, trained anew"


class RetrainingPath(VersionPart):
    """Which path a candidate takes: what the classifier proposed on which criteria, and what a person made of it.

    The proposal is a record of what was seen; whether the light path still holds is asked anew at every look.
    """

    ledger_kind = "retraining-path"
    ledger_columns = (
        "version", "before", "proposal", "state", "proposed_by", "proposed_at", "decided_by", "decided_at",
    )  # fmt: skip
    ledger_hashed = ("criteria",)
    ledger_personal = ("reason",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    before = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="followed_by_paths")
    proposal = models.CharField(max_length=8)
    criteria = models.JSONField()
    state = models.CharField(max_length=16)
    proposed_by = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-proposed_at", "id")

    def __str__(self) -> str:
        return f"path of {self.version}"
