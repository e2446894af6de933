"""Permission to run, what brings its end forward, who was told, and the list of what is void."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from registry.models import Deployment, Slot, Version, VersionPart


class Warrant(VersionPart):
    """Permission for one subject in one slot until a date.

    `granted`: the decision to issue is recorded and waits for its proof; `issued`: signed, `document` is what
    a stranger checks; `superseded`: a newer one for the same slot was issued; `void`: taken away, with its ground.
    Whether an issued warrant is active, due, in grace or lapsed is computed from dates when it is read: its own, and
    those of its endings and of the version's overdue conditions.
    """

    ledger_kind = "warrant"
    ledger_columns = (
        "deployment", "version", "slot", "state", "granted_at", "not_after", "due_from", "grace_ends",
        "policy_digest", "subject_digest", "issued_at", "keyid", "document_digest", "void_ground", "voided_at",
    )  # fmt: skip
    ledger_hashed = ("document", "conditions")

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="warrants")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="warrants")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="warrants")
    state = models.CharField(max_length=16)
    subject_digest = models.CharField(max_length=80)
    policy_digest = models.CharField(max_length=80)
    conditions = models.JSONField(default=list)
    granted_at = models.DateTimeField()
    due_from = models.DateTimeField()
    not_after = models.DateTimeField()
    grace_ends = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    keyid = models.CharField(max_length=80, blank=True)
    document = models.TextField(blank=True)
    document_digest = models.CharField(max_length=80, blank=True)
    void_ground = models.CharField(max_length=64, blank=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"warrant {str(self.id)[:8]}"


class WarrantEnding(Governed):
    """A ground that brings the end of a warrant forward: it passes through due and grace at these moments."""

    ledger_kind = "warrant-ending"
    ledger_columns = ("warrant", "ground", "due_from", "not_after", "grace_ends", "set_by", "set_at")

    warrant = models.ForeignKey(Warrant, on_delete=models.PROTECT, related_name="endings")
    ground = models.CharField(max_length=64)
    due_from = models.DateTimeField()
    not_after = models.DateTimeField()
    grace_ends = models.DateTimeField()
    set_by = models.CharField(max_length=64)
    set_at = models.DateTimeField()

    scope_paths = {
        "system": "warrant__version__model__system_id",
        "model": "warrant__version__model_id",
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["warrant", "ground"], name="warrant_ending_once"),
        ]

    def __str__(self) -> str:
        return f"{self.ground} of {self.warrant}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.warrant.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.warrant.ledger_system()


class WarrantNotice(Governed):
    """That people were told, `days` before the end of a warrant. The row and the notices commit together, so a worker
    that is killed never tells twice."""

    ledger_kind = "warrant-notice"
    ledger_columns = ("warrant", "days", "ends", "told", "sent_at")

    warrant = models.ForeignKey(Warrant, on_delete=models.PROTECT, related_name="notices")
    days = models.PositiveSmallIntegerField()
    ends = models.DateTimeField()
    told = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()

    scope_paths = {
        "system": "warrant__version__model__system_id",
        "model": "warrant__version__model_id",
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["warrant", "days"], name="warrant_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.days} days before the end of {self.warrant}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.warrant.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.warrant.ledger_system()


class StatusDocument(models.Model):
    """A signed status list as it is served. It decides nothing: what it says was derived from governed rows, and whoever
    takes it checks its signature."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issued = models.DateTimeField(db_index=True)
    expires = models.DateTimeField()
    origin = models.CharField(max_length=200)
    size = models.BigIntegerField()
    keyid = models.CharField(max_length=80)
    content = models.CharField(max_length=80)
    document = models.TextField()

    def __str__(self) -> str:
        return f"status list of {self.issued:%Y-%m-%d %H:%M}"
