"""What other hands hold of this log, and how they answered last. What they hold is the evidence; this is our copy of it."""

from __future__ import annotations

from django.db import models


class Anchored(models.Model):
    """A checkpoint that lies somewhere else, and what shows it: append-only, like the checkpoint.

    `anchor` is the anchor as it was configured. `evidence` is what it gave: an RFC 3161 response, or nothing where the
    place itself can be looked at.
    """

    id = models.BigAutoField(primary_key=True)
    log = models.PositiveSmallIntegerField()
    size = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    anchor = models.CharField(max_length=500)
    evidence = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "anchored checkpoints"
        constraints = [
            models.UniqueConstraint(fields=["log", "size", "kind", "anchor"], name="ledger_anchored_once")
        ]


class OutsideContact(models.Model):
    """How a witness or an anchor answered last. `since` is when it began to answer so; `contradicts` says that it has
    seen another log than this one: that is no failure but a finding, and stays until an operator has looked."""

    place = models.CharField(max_length=500, primary_key=True)
    kind = models.CharField(max_length=20)
    ok = models.BooleanField()
    contradicts = models.BooleanField(default=False)
    size = models.BigIntegerField(default=0)
    detail = models.TextField(blank=True)
    since = models.DateTimeField()
    at = models.DateTimeField()
