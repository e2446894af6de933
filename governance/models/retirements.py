"""What became of the data of a version that is taken out of use."""

from __future__ import annotations

from django.db import models

from registry.models import Version, VersionPart


class Disposal(VersionPart):
    """A named person's attestation: which data, disposed of how, with the digest of the document that shows it."""

    ledger_kind = "data-disposal"
    ledger_columns = ("version", "what", "how", "document_digest", "attested_by", "attested_at")
    ledger_personal = ("statement",)

    class How(models.TextChoices):
        DELETED = "deleted", "Deleted"
        RETURNED = "returned", "Returned to its source"
        ARCHIVED = "archived", "Archived under a retention rule"
        NONE = "none-held", "None was held"

    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    what = models.CharField(max_length=300)
    how = models.CharField(max_length=16, choices=How.choices)
    statement = models.TextField()
    document_digest = models.CharField(max_length=64, blank=True)
    attested_by = models.CharField(max_length=64)
    attested_at = models.DateTimeField()

    class Meta:
        ordering = ("-attested_at", "id")

    def __str__(self) -> str:
        return f"disposal of {self.what}"
