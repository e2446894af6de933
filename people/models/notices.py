"""Notices in the portal's inbox. They carry no right and prove nothing; what happened stands in the log."""

from __future__ import annotations

import uuid

from django.db import models

from people.models.users import User


class Notice(models.Model):
    """One sentence for one person, with the page it is about."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "id")
        indexes = (models.Index(fields=("recipient", "read_at", "-created_at"), name="people_notice_inbox"),)

    def __str__(self) -> str:
        return self.text
