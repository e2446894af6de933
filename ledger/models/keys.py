"""Public keys that the house signs with or trusts. Private keys are in a provider, never in the database."""

from __future__ import annotations

from django.db import models

from ledger.models.governed import Governed


class KeyRecord(Governed):
    """One key, for one purpose. Its state moves by `ledger.machines.KEY`."""

    ledger_kind = "key"
    ledger_columns = (
        "purpose",
        "keyid",
        "algorithm",
        "label",
        "public",
        "provider",
        "state",
        "not_before",
        "not_after",
        "revoked_from",
    )

    purpose = models.CharField(max_length=10)
    keyid = models.CharField(max_length=100)
    algorithm = models.CharField(max_length=20)
    label = models.CharField(max_length=200, blank=True)
    public = models.TextField()
    provider = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=20, db_index=True)
    not_before = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)
    revoked_from = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purpose", "keyid"], name="ledger_key_once")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.keyid}"
