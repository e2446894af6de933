"""What opens the commitments of the log: outside the tree, and destroyable without breaking a proof."""

from __future__ import annotations

from django.db import models


class PersonKey(models.Model):
    """The key under which a person's texts are encrypted; without it nobody reads them again."""

    pseudonym = models.CharField(max_length=100, primary_key=True)
    key = models.BinaryField()
    created_at = models.DateTimeField()


class PersonalText(models.Model):
    """One personal text of one entry: the commitment's nonce and the text, both under the person's key.

    `sealed` is AES-256-GCM (12-byte nonce, ciphertext, tag) of the 32-byte commitment nonce followed by the UTF-8
    text, bound to entry id and field name.
    """

    id = models.BigAutoField(primary_key=True)
    entry_id = models.UUIDField()
    field = models.CharField(max_length=100)
    pseudonym = models.CharField(max_length=100, db_index=True)
    sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry_id", "field"], name="ledger_personal_text_once")
        ]
