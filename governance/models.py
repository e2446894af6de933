"""What was decided: policies, decisions, acceptances, waivers, warrants, attestations, reports.

Nothing here is believed by itself: a gate answers from the ledger entries behind these rows and from the
signed warrant. This module knows what exists and what was measured, never how a page shows it.
"""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from monitoring.models import Breach, Run
from registry.models import Deployment, Slot, System, Version


class Policy(Governed):
    """One immutable text of rules for one tier; `digest` is the SHA-256 of exactly these bytes."""

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
            models.UniqueConstraint(
                fields=["tier"], condition=models.Q(state="in-force"), name="policy_one_in_force_per_tier"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} policy {self.number}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()


class Decision(Governed):
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

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    class Meta:
        indexes = [models.Index(fields=["version", "decision_round"])]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.person} as {self.seat}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id


class Acceptance(Governed):
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

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    def __str__(self) -> str:
        return f"acceptance of {self.requirement}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id


class Waiver(Governed):
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

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    def __str__(self) -> str:
        return f"waiver of {self.requirement}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id


class PlannedBound(Governed):
    """A version's own bound for one monitored requirement, within the policy's; approved with the version."""

    ledger_kind = "planned-bound"
    ledger_columns = ("version", "requirement", "bound", "proposed_by", "proposed_at")
    ledger_hashed = ("why",)
    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

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

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id


class Warrant(Governed):
    """Permission for one subject in one slot until a date.

    `granted`: the decision to issue is recorded and waits for its proof; `issued`: signed, `document` is what
    a stranger checks; `void`: taken away, with its ground. Whether an issued warrant is active, due, in grace
    or lapsed is computed from its dates when it is read.
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

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    class Meta:
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"warrant {str(self.id)[:8]}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id


class RetrainingRequest(Governed):
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

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    def __str__(self) -> str:
        return f"retraining of {self.version}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id


class Attestation(Governed):
    """A role holder's signed statement for one subcategory of a framework, with an end."""

    ledger_kind = "attestation"
    ledger_columns = (
        "framework", "subcategory", "system", "person", "role", "document_digest", "given_at", "expires",
        "state",
    )  # fmt: skip
    ledger_personal = ("statement",)

    framework = models.CharField(max_length=40)
    subcategory = models.CharField(max_length=20)
    system = models.ForeignKey(System, on_delete=models.PROTECT, null=True, related_name="attestations")
    person = models.CharField(max_length=64)
    role = models.CharField(max_length=32)
    statement = models.TextField()
    document_digest = models.CharField(max_length=80, blank=True)
    given_at = models.DateTimeField()
    expires = models.DateTimeField()
    state = models.CharField(max_length=16)

    scope_paths = {"system": "system_id"}

    class Meta:
        indexes = [models.Index(fields=["framework", "subcategory"])]

    def __str__(self) -> str:
        return f"attestation of {self.subcategory}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.system.scopes() if self.system else ()

    def ledger_system(self) -> uuid.UUID | None:
        return self.system_id


class Report(Governed):
    """A scorecard or evidence report made from one snapshot; its files are blobs by digest."""

    ledger_kind = "report"
    ledger_columns = (
        "kind", "version", "requested_by", "requested_at", "state", "snapshot_at", "checkpoint_size",
        "data_digest", "pdf_digest", "finished_at", "error_code",
    )  # fmt: skip
    ledger_hashed = ("sidecar",)
    ledger_free = ("lease_token", "lease_until", "attempts")

    kind = models.CharField(max_length=16)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="reports")
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    snapshot_at = models.DateTimeField(null=True)
    checkpoint_size = models.PositiveBigIntegerField(null=True)
    data_digest = models.CharField(max_length=80, blank=True)
    pdf_digest = models.CharField(max_length=80, blank=True)
    sidecar = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    scope_paths = {"system": "version__model__system_id", "model": "version__model_id"}

    class Meta:
        indexes = [models.Index(fields=["state", "lease_until"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id
