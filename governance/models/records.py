"""What is said for an audit: statements of role holders, and the reports made from it all."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from registry.models import System, Version, VersionPart


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


class Report(VersionPart):
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

    class Meta:
        indexes = [models.Index(fields=["state", "lease_until"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version}"
