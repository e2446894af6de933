"""Counting of attempts to sign in. A queue of recent tries, not a record: the log has the failures."""

from __future__ import annotations

from django.db import models


class Attempt(models.Model):
    """One try. `key` is a keyed digest of what is limited (account, address, second factor), never the thing
    itself."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="people_attempt_key"),)

    def __str__(self) -> str:
        return f"{self.key[:8]} at {self.at}"
