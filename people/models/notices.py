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


class MailMode(models.TextChoices):
    """How notices reach a person beside the portal."""

    AT_ONCE = "at-once", "At once, one mail for each"
    DIGEST = "digest", "Once a working day, all together"
    NONE = "none", "Not by mail"


class MailPreference(models.Model):
    """What one person chose; who has no row gets mail at once."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="mail_preference")
    mode = models.CharField(max_length=10, choices=MailMode.choices)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user}: {self.mode}"


class NoticeMail(models.Model):
    """A notice was mailed: a message that is delivered again finds this and does nothing."""

    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, related_name="mail")
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.notice_id} at {self.sent_at}"


class MailDigest(models.Model):
    """One person's digest of one day of the working calendar: asked for once, sent once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()
    until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "day"), name="people_digest_once_a_day"),)

    def __str__(self) -> str:
        return f"{self.user} on {self.day}"
