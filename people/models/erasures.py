"""The erasure of a person, that one person requests and another confirms."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from people import pseudonyms
from people.models.users import User


class Erasure(Governed):
    """A request to erase a person who was locked out before. What it says stays; it names nobody."""

    ledger_kind = "erasure"
    ledger_columns = (
        "user",
        "ground",
        "state",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
        "texts",
    )
    ledger_hashed = ()
    ledger_personal = ()
    ledger_free = ()

    class Ground(models.TextChoices):
        REQUEST = "request", "The person asked for it"
        NO_LONGER_NEEDED = "no-longer-needed", "The data are no longer needed for what they were kept for"
        OBJECTION = "objection", "The person objects, and nothing outweighs it"
        UNLAWFUL = "unlawful", "They should not have been kept"
        OBLIGATION = "obligation", "A law or authority demands it"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="erasures", verbose_name="person")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    state = models.CharField(max_length=12, default="requested")
    requested_by = models.CharField(max_length=pseudonyms.LENGTH)
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    texts = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=models.Q(state__in=("requested", "done")),
                name="people_erasure_once",
            ),
        )

    def __str__(self) -> str:
        return f"erasure of {self.user}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()
