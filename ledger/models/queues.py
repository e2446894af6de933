"""Rows that are due, and rows that count. None is governed: what they lead to is recorded when it happens."""

from __future__ import annotations

import uuid

from django.db import models


class OutboxMessage(models.Model):
    """Something to be delivered after the commit that wrote it: claimed with a lease, delivered at least once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=50)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, default="due")
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"], name="ledger_outbox_due")]


class IdempotencyKey(models.Model):
    """The stored answer to a request that a client may send again."""

    id = models.BigAutoField(primary_key=True)
    actor_id = models.CharField(max_length=100)
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=100)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor_id", "key"], name="ledger_idempotency_once")]


class DenialWindow(models.Model):
    """Denials of one actor and permission from `started` on, for a minute: `seen` of them, `told` in entries."""

    id = models.BigAutoField(primary_key=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    permission = models.CharField(max_length=100)
    started = models.DateTimeField(db_index=True)
    seen = models.PositiveIntegerField()
    told = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor_kind", "actor_id", "permission", "started"], name="ledger_denial_window"
            )
        ]


class LedgerAudit(models.Model):
    """One run of the self-audit and its outcome."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    full = models.BooleanField()
    verdict = models.CharField(max_length=10)
    size = models.BigIntegerField()
    faults = models.JSONField()

    class Meta:
        get_latest_by = "at"
