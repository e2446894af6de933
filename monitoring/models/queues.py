"""Rows that are due. None is governed: losing one costs a repeat, never a record."""

from __future__ import annotations

from django.db import models

from monitoring.models.measured import Run


class Part(models.Model):
    """One part of a file that a claimed run offers to other workers: claimed with a lease, counted onto the desk.

    It is good for as long as `token` is the run's own lease. What is read follows from the run and its `side`, never
    from this row; `like` is the digest of the profile on whose edges is counted, `seconds` how long a claim lasts.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="parts")
    token = models.UUIDField()
    side = models.CharField(max_length=16)
    like = models.CharField(max_length=80, blank=True)
    number = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    holder = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "side", "number"], name="part_once_offered")]

    def __str__(self) -> str:
        return f"part {self.number} of the {self.side} data"
