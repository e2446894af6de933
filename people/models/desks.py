"""What people keep for themselves at their desk: views of lists, and the private address of their calendar."""

from __future__ import annotations

import uuid

from django.db import models

from people.models.users import User


class SavedView(models.Model):
    """A list with filters and order under a name of its own. It carries no right: rows are asked for anew each time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    listing = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "listing", "name"), name="people_view_name_once"),
        )

    def __str__(self) -> str:
        return self.name


class CalendarFeed(models.Model):
    """The private address under which a calendar reads one person's due dates. Only a digest of its token is kept."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_feed")
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"calendar of {self.user}"
