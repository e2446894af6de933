"""The rules as they were put in force, text by text."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from registry.models import Version, VersionPart


class Policy(Governed):
    """One immutable text of rules for one tier; `digest` is the SHA-256 of exactly these bytes.

    One is in force for each scope that a text of the tier names; the service that puts it in force holds to that.
    """

    ledger_kind = "policy"
    ledger_columns = ("tier", "number", "digest", "state", "drafted_by", "effective_from")
    ledger_hashed = ("text", "title")

    tier = models.CharField(max_length=16)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()
    digest = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=16)
    drafted_by = models.CharField(max_length=64)
    effective_from = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["tier", "number"], name="policy_number_once_per_tier"),
        ]

    def __str__(self) -> str:
        return f"{self.tier} policy {self.number}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()


class VersionDocument(VersionPart):
    """A document that stands beside a version: a report, an assessment, a sign-off. Bytes by digest, never opened here.

    `attached_as`: `maker`, which counts as taking part in the version, or `validator`, which doesn't.
    """

    ledger_kind = "document"
    ledger_columns = (
        "version", "kind", "title", "name", "blob_digest", "size", "attached_as", "attached_by", "attached_at",
        "present",
    )  # fmt: skip

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    name = models.CharField(max_length=255)
    blob_digest = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    attached_as = models.CharField(max_length=16)
    attached_by = models.CharField(max_length=64)
    attached_at = models.DateTimeField()
    present = models.BooleanField(default=True)

    class Meta:
        ordering = ("kind", "attached_at", "id")

    def __str__(self) -> str:
        return self.title


class ChecklistAnswer(VersionPart):
    """What a person answered to one question of a move, for one round of decisions; the latest counts."""

    ledger_kind = "checklist-answer"
    ledger_columns = ("version", "decision_round", "move", "question", "answer", "person", "answered_at")
    ledger_personal = ("note",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="checklist_answers")
    decision_round = models.PositiveIntegerField()
    move = models.CharField(max_length=16)
    question = models.CharField(max_length=120)
    answer = models.CharField(max_length=16)
    note = models.TextField(blank=True)
    person = models.CharField(max_length=64)
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ("answered_at", "id")
        indexes = [models.Index(fields=["version", "decision_round"])]

    def __str__(self) -> str:
        return f"{self.answer}: {self.question}"


class PolicyWorkingCopy(models.Model):
    """A policy that its author is still writing. It binds nobody, so the log doesn't know it; storing it makes a policy.

    `text` is always of sound shape, though the linter may still object to what it says.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.CharField(max_length=64, db_index=True)
    text = models.TextField()
    started_from = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-changed_at", "id")
        verbose_name_plural = "policy working copies"

    def __str__(self) -> str:
        return f"working copy from {self.started_from}"
