"""Independent validations of a version: who does them, what came of it, and what the makers say to it."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from registry.models import Version, VersionPart


class Rating(models.TextChoices):
    """What a validation concludes."""

    FIT = "fit", "Fit for its use"
    WITH_FINDINGS = "fit-with-findings", "Fit for its use, with findings"
    NOT_FIT = "not-fit", "Not fit for its use"


class Validation(VersionPart):
    """One validation of one version. `validator` is a pseudonym, empty until somebody is assigned; the report is a
    blob by digest. Nothing of it changes once it is issued but that a later one supersedes it."""

    ledger_kind = "validation"
    ledger_columns = (
        "version", "state", "planned_by", "planned_at", "due_at", "validator", "rating", "report_digest",
        "report_name", "response_due", "issued_at", "next_due",
    )  # fmt: skip
    ledger_personal = ("scope", "limitations", "summary")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="validations")
    state = models.CharField(max_length=16)
    scope = models.TextField()
    planned_by = models.CharField(max_length=64)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    validator = models.CharField(max_length=64, blank=True)
    rating = models.CharField(max_length=20, blank=True, choices=Rating.choices)
    limitations = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    report_digest = models.CharField(max_length=80, blank=True)
    report_name = models.CharField(max_length=120, blank=True)
    response_due = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    next_due = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["validator", "state"]), models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"validation {str(self.id)[:8]} of {self.version}"


class ValidationAssignment(Governed):
    """That somebody was given a validation, or, with no `validator`, that it was taken from everybody: cancelled. Every
    assignment stays, with who made it and why."""

    ledger_kind = "validation-assignment"
    ledger_columns = ("validation", "validator", "assigned_by", "assigned_at")
    ledger_personal = ("reason",)
    scope_paths = {
        "system": "validation__version__model__system_id",
        "model": "validation__version__model_id",
    }

    validation = models.ForeignKey(Validation, on_delete=models.PROTECT, related_name="assignments")
    validator = models.CharField(max_length=64)
    assigned_by = models.CharField(max_length=64)
    assigned_at = models.DateTimeField()
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.validator} on {self.validation}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.validation.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.validation.ledger_system()


class ValidationResponse(Governed):
    """What the makers say to a draft report; `report_digest` is the draft it was said about."""

    ledger_kind = "validation-response"
    ledger_columns = ("validation", "person", "said_at", "report_digest")
    ledger_personal = ("text",)
    scope_paths = {
        "system": "validation__version__model__system_id",
        "model": "validation__version__model_id",
    }

    validation = models.ForeignKey(Validation, on_delete=models.PROTECT, related_name="responses")
    person = models.CharField(max_length=64)
    said_at = models.DateTimeField()
    report_digest = models.CharField(max_length=80)
    text = models.TextField()

    def __str__(self) -> str:
        return f"response to {self.validation}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.validation.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.validation.ledger_system()
