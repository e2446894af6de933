"""Bytes: what is stored under which digest, and how it got there. Knows nothing of models or data."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import UPLOADS
from registry.models.systems import AIModel, System


class Blob(models.Model):
    """Stored bytes by their SHA-256 (64 lower-case hex digits).

    An index of the store, not a record: every governed row that rests on bytes names their digest itself,
    and the place in the store follows from the digest alone.
    """

    digest = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField()
    format = models.CharField(max_length=40)
    executable = models.CharField(max_length=10)  # yes, no, unknown: does loading it run code?
    format_note = models.CharField(max_length=300, blank=True)
    stat_token = models.CharField(max_length=200)
    stored_at = models.DateTimeField()
    rehashed_at = models.DateTimeField()
    fault = models.CharField(max_length=300, blank=True)
    deleted_at = models.DateTimeField(null=True)  # under retention: the bytes are gone, or about to be

    class Meta:
        ordering = ("digest",)

    def __str__(self) -> str:
        return self.digest


class Purpose(models.TextChoices):
    """What an upload is for; it can't be used for anything else."""

    ARTIFACT = "artifact", "File of a model"
    ARCHIVE = "archive", "Archive to unpack"
    DATASET = "dataset", "Dataset"
    BATCH = "batch", "Production batch"


class Upload(Governed):
    """Bytes on their way in, addressed by upload id alone."""

    ledger_kind = "upload"
    ledger_columns = (
        "system",
        "model",
        "purpose",
        "name",
        "declared_size",
        "declared_digest",
        "state",
        "blob",
        "created_by",
        "controller",
        "created_at",
        "expires_at",
    )
    ledger_free = ("offset",)
    scope_paths = {"system": "system_id", "model": "model_id"}

    system = models.ForeignKey(System, models.PROTECT, related_name="uploads")
    model = models.ForeignKey(AIModel, models.PROTECT, null=True, blank=True, related_name="uploads")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    name = models.CharField(max_length=255)
    declared_size = models.BigIntegerField()
    declared_digest = models.CharField(max_length=64)
    offset = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, default=UPLOADS["artifact"].initial.name)
    blob = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="uploads")
    created_by = models.CharField(max_length=40)
    controller = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "id")
        indexes = [models.Index(fields=("state", "expires_at"), name="registry_upload_due")]

    def __str__(self) -> str:
        return str(self.id)

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        if self.model_id is None:
            return (("system", self.system_id),)
        return (("model", self.model_id), ("system", self.system_id))

    def ledger_system(self) -> UUID:
        return self.system_id
