"""Registered data, and which version rests on which data."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import DATASET_VERSION
from registry.models.artifacts import Blob, Upload
from registry.models.systems import System
from registry.models.versions import Version, VersionPart


class Dataset(Governed):
    """A dataset of a system. `source` says where it comes from, in words; nothing is ever fetched."""

    ledger_kind = "dataset"
    ledger_columns = ("system", "slug", "name", "source", "created_at")
    ledger_hashed = ("description",)
    scope_paths = {"system": "system_id"}

    system = models.ForeignKey(System, models.PROTECT, related_name="datasets")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(fields=("system", "slug"), name="registry_dataset_slug_in_system"),
        ]

    def __str__(self) -> str:
        return self.name

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("system", self.system_id),)

    def ledger_system(self) -> UUID:
        return self.system_id


class DatasetVersion(Governed):
    """Stored bytes of a dataset with their declared contract.

    `schema` is `{"columns": [{"name", "dtype", "role", ...}]}` (see registry.schema), `rows` the declared
    number of rows, `sensitive` column names. `profile` and `faults` are what a worker found in the bytes.
    """

    ledger_kind = "dataset-version"
    ledger_columns = (
        "dataset",
        "number",
        "blob",
        "upload",
        "media_type",
        "rows",
        "label_column",
        "prediction_column",
        "score_column",
        "state",
        "registered_by",
        "controller",
        "registered_at",
    )
    ledger_hashed = ("schema", "sensitive", "profile", "faults")
    scope_paths = {"system": "dataset__system_id"}

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="dataset_versions")
    upload = models.ForeignKey(Upload, models.PROTECT, related_name="dataset_versions")
    media_type = models.CharField(max_length=60)
    rows = models.BigIntegerField()
    schema = models.JSONField()
    sensitive = models.JSONField(default=list, blank=True)
    label_column = models.CharField(max_length=200, blank=True)
    prediction_column = models.CharField(max_length=200, blank=True)
    score_column = models.CharField(max_length=200, blank=True)
    profile = models.JSONField(default=dict, blank=True)
    faults = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=12, default=DATASET_VERSION.initial.name)
    registered_by = models.CharField(max_length=40)
    controller = models.CharField(max_length=40, blank=True)
    registered_at = models.DateTimeField()

    class Meta:
        ordering = ("dataset", "-number")
        constraints = [
            models.UniqueConstraint(fields=("dataset", "number"), name="registry_dataset_version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset.name} {self.number}"

    @property
    def digest(self) -> str:
        """SHA-256 of the stored bytes, in hex."""
        return self.blob_id

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("system", self.dataset.system_id),)

    def ledger_system(self) -> UUID:
        return self.dataset.system_id


class DataRole(models.TextChoices):
    TRAINING = "training", "Training"
    EVALUATION = "evaluation", "Evaluation"
    REFERENCE = "reference", "Reference for drift"
    PRODUCTION = "production", "Production"


class Lineage(VersionPart):
    """A version rests on a dataset version in one role."""

    ledger_kind = "lineage"
    ledger_columns = ("version", "dataset_version", "role", "present")

    version = models.ForeignKey(Version, models.PROTECT, related_name="lineage")
    dataset_version = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="lineage")
    role = models.CharField(max_length=12, choices=DataRole.choices)
    present = models.BooleanField(default=True)

    class Meta:
        ordering = ("role", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("version", "dataset_version", "role"), name="registry_lineage_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.dataset_version_id}"
