"""Models that ran before they were known here: the files that list them, their rows, and what came of each."""

from __future__ import annotations

import uuid
from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import IMPORT
from registry.models.systems import AIModel, RiskTier
from registry.models.versions import Version, VersionPart


class InventoryImport(Governed):
    """One file. `digest` is the SHA-256 of its bytes, `header` its column names, `mapping` column name -> what it means.

    The bytes themselves aren't kept: `ImportRow` holds their cells until every row is written or the import discarded.
    """

    ledger_kind = "inventory-import"
    ledger_columns = (
        "name",
        "digest",
        "media_type",
        "rows",
        "sheet",
        "state",
        "read_by",
        "read_at",
        "attestor",
        "confirmed_at",
        "finished_at",
    )
    ledger_hashed = ("header", "mapping")

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    media_type = models.CharField(max_length=80)
    rows = models.PositiveIntegerField()
    sheet = models.CharField(max_length=100, blank=True)
    header = models.JSONField()
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=12, default=IMPORT.initial.name, db_index=True)
    read_by = models.CharField(max_length=40)
    read_at = models.DateTimeField()
    attestor = models.CharField(max_length=40, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-read_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("digest",),
                condition=~models.Q(state="discarded"),
                name="registry_import_of_file_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return ()


class ImportRow(models.Model):
    """One row of a file: the queue that the importer works off. Proves nothing; `ImportedModel` and the log do.

    `state` is `waiting`, `written`, `known` (was there already) or `failed` with `reason`; `cells` are emptied when
    nothing waits any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    inventory_import = models.ForeignKey(InventoryImport, models.CASCADE, related_name="queue")
    number = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    state = models.CharField(max_length=10, default="waiting")
    reason = models.CharField(max_length=500, blank=True)
    model = models.ForeignKey(AIModel, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=("inventory_import", "number"), name="registry_import_row_once"),
        ]

    def __str__(self) -> str:
        return f"row {self.number}"


class ImportedModel(VersionPart):
    """That a version came in by an import: from which row of which file, on whose word, and until when it is tolerated.

    `tier` is the tier it was claimed to have then. `notified_at` is when people were told that it is overdue.
    """

    ledger_kind = "imported-model"
    ledger_columns = (
        "version",
        "inventory_import",
        "row",
        "digest",
        "attestor",
        "tier",
        "due",
        "imported_at",
    )
    ledger_free = ("notified_at",)

    version = models.OneToOneField(Version, models.PROTECT, related_name="imported")
    inventory_import = models.ForeignKey(InventoryImport, models.PROTECT, related_name="imported")
    row = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    attestor = models.CharField(max_length=40)
    tier = models.CharField(max_length=10, choices=RiskTier.choices)
    due = models.DateTimeField(db_index=True)
    imported_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("due", "id")
        constraints = [
            models.UniqueConstraint(fields=("inventory_import", "row"), name="registry_imported_row_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version}, from row {self.row}"
