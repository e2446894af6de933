"""Findings: objections that stay until somebody who may says that they are answered, and what was said meanwhile.

A finding holds for its links: one version, model or system, or several. Which of them a reader sees is a question to
each link, so that a finding across systems tells nobody about systems they may not see.
"""

from __future__ import annotations

import uuid

from django.db import models

from governance.models.decisions import Decision
from governance.models.validations import Validation
from ledger.models import Governed
from registry.models import AIModel, System, Version


class Severity(models.TextChoices):
    """How grave a finding is; the policy says what each stops and how long it may stay."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class Finding(Governed):
    """One objection. `owner` answers it, `found_by` judges the answers, and so does `closer` where one was named.

    `system` is given where all links lie in one, so that the system's history shows it. A risk acceptance whose
    `accepted_until` has passed is no longer one: see `selectors.findings.standing`.
    """

    ledger_kind = "finding"
    ledger_columns = (
        "about", "system", "validation", "severity", "owner", "found_by", "found_at", "due_at", "state", "closer",
        "accepted_until", "closed_at",
    )  # fmt: skip
    ledger_personal = ("title", "description")
    scope_paths = {"system": "links__system_id", "model": "links__model_id"}

    about = models.CharField(max_length=16)
    system = models.ForeignKey(System, on_delete=models.PROTECT, null=True, related_name="findings")
    validation = models.ForeignKey(Validation, on_delete=models.PROTECT, null=True, related_name="findings")
    title = models.CharField(max_length=200)
    description = models.TextField()
    severity = models.CharField(max_length=10, choices=Severity.choices)
    owner = models.CharField(max_length=64)
    found_by = models.CharField(max_length=64)
    found_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    closer = models.CharField(max_length=64, blank=True)
    accepted_until = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["owner"]),
            models.Index(fields=["found_by"]),
        ]

    def __str__(self) -> str:
        return f"finding {str(self.id)[:8]}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        pairs = (pair for link in self.links.all() for pair in link.scopes())
        return tuple(dict.fromkeys(pairs))

    def ledger_system(self) -> uuid.UUID | None:
        return self.system_id


class FindingLink(Governed):
    """One subject that a finding holds for: a system; with `model` one of its models; with `version` one version."""

    ledger_kind = "finding-link"
    ledger_columns = ("finding", "system", "model", "version")
    scope_paths = {"system": "system_id", "model": "model_id"}

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="links")
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="finding_links")
    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, null=True, related_name="finding_links")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="finding_links")

    def __str__(self) -> str:
        return str(self.version or self.model or self.system)

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        pairs: tuple[tuple[str, uuid.UUID], ...] = (("system", self.system_id),)
        return (("model", self.model_id), *pairs) if self.model_id else pairs

    def ledger_system(self) -> uuid.UUID:
        return self.system_id


class FindingStatement(Governed):
    """What somebody said when a finding moved or changed; `kind` is the move, or `severity` or `successor`."""

    ledger_kind = "finding-statement"
    ledger_columns = ("finding", "kind", "person", "said_at", "before", "after")
    ledger_personal = ("text",)
    scope_paths = {"system": "finding__links__system_id", "model": "finding__links__model_id"}

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="statements")
    kind = models.CharField(max_length=32)
    person = models.CharField(max_length=64)
    said_at = models.DateTimeField()
    before = models.CharField(max_length=64, blank=True)
    after = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.kind} on {self.finding}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.finding.scopes()

    def ledger_system(self) -> uuid.UUID | None:
        return self.finding.system_id


class FindingExtension(Governed):
    """A request for more time, and what became of it. All stay and are counted."""

    ledger_kind = "finding-extension"
    ledger_columns = (
        "finding", "was_due", "until", "state", "requested_by", "requested_at", "decided_by", "decided_at",
    )  # fmt: skip
    ledger_personal = ("reason", "decision_note")
    scope_paths = {"system": "finding__links__system_id", "model": "finding__links__model_id"}

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="extensions")
    was_due = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=16)
    reason = models.TextField()
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"extension of {self.finding}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.finding.scopes()

    def ledger_system(self) -> uuid.UUID | None:
        return self.finding.system_id


class Dissent(Governed):
    """That somebody disagrees with how a finding ended or with a decision. It is never taken back."""

    ledger_kind = "dissent"
    ledger_columns = ("finding", "decision", "against", "person", "recorded_at")
    ledger_personal = ("reason",)

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, related_name="dissents")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="dissents")
    against = models.CharField(max_length=16)
    person = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"dissent to {self.finding or self.decision}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        about = self.finding or self.decision
        return about.scopes() if about else ()

    def ledger_system(self) -> uuid.UUID | None:
        about = self.finding or self.decision
        return about.ledger_system() if about else None
