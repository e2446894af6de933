"""What people say to each other about a version, a finding or a validation. A comment decides nothing and bars nobody."""

from __future__ import annotations

import uuid

from django.db import models

from governance.models.findings import Finding
from governance.models.validations import Validation
from ledger.models import Governed
from registry.models import Version


class Comment(Governed):
    """One comment, about exactly one thing; an answer names the comment it answers (`parent`), one level deep."""

    ledger_kind = "comment"
    ledger_columns = (
        "version", "finding", "validation", "parent", "author", "written_at", "state", "resolved_at",
    )  # fmt: skip
    ledger_personal = ("text",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="comments")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, related_name="comments")
    validation = models.ForeignKey(Validation, on_delete=models.PROTECT, null=True, related_name="comments")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="answers")
    author = models.CharField(max_length=64)
    written_at = models.DateTimeField()
    text = models.TextField()
    state = models.CharField(max_length=16)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("written_at", "id")
        indexes = [models.Index(fields=["written_at"])]

    def __str__(self) -> str:
        return f"comment {str(self.id)[:8]}"

    @property
    def about(self) -> Version | Finding | Validation:
        """What it is about."""
        found = self.version or self.finding or self.validation
        if found is None:
            raise ValueError(f"{self} is about nothing")
        return found

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.about.scopes()

    def ledger_system(self) -> uuid.UUID | None:
        return self.about.ledger_system()
