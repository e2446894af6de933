"""Messages to the outside, written in the business transaction and delivered after it.

Rows are the queue: a delivery claims a message with a lease, and one whose deliverer died is claimed
again. Delivered at least once; receivers tell doubles apart by the message's id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid
from ledger.models import OutboxMessage
from ledger.services import scope, wakes
from ledger.services.transactions import in_transaction

Deliver = Callable[[OutboxMessage], None]
"""Delivers one message or raises; runs outside of transactions."""

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 10
_channels: dict[str, Deliver] = {}
_log = logging.getLogger(__name__)


def register(channel: str, deliver: Deliver) -> None:
    """Say who delivers the messages of a channel; once per channel, when an app starts."""
    if _channels.setdefault(channel, deliver) is not deliver:
        raise ValueError(f"channel {channel} has a deliverer")


def put(channel: str, payload: Mapping[str, Any], *, due_at: datetime | None = None) -> OutboxMessage:
    """Write a message into the present governed transaction. Raises Invalid for an unknown channel."""
    scope.require()
    if channel not in _channels:
        raise Invalid(f"nobody delivers '{channel}'", field="channel")
    now = clock.now()
    wakes.wake_after_commit("ledger.outbox")
    return OutboxMessage.objects.create(
        channel=channel, payload=dict(payload), created_at=now, due_at=due_at or now
    )


def deliver_due(*, actor: Actor, limit: int = 50) -> int:
    """Claim what is due and deliver it; returns how many were delivered."""
    delivered = 0
    for message in in_transaction(lambda: _claim(limit)):
        try:
            _channels[message.channel](message)
        # A deliverer may fail in any way; the message stays and says how.
        except Exception as error:
            _log.warning(
                "message %s (%s), attempt %d: %s", message.pk, message.channel, message.attempts, error
            )
            _put_back(message, f"{type(error).__name__}: {error}")
        else:
            OutboxMessage.objects.filter(pk=message.pk).update(state="done", lease_until=None, error="")
            delivered += 1
    return delivered


def _claim(limit: int) -> list[OutboxMessage]:
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = OutboxMessage.objects.select_for_update(skip_locked=True).filter(
        free, state="due", due_at__lte=now, channel__in=list(_channels)
    )
    claimed = list(due.order_by("due_at")[:limit])
    for message in claimed:
        message.attempts += 1
        message.lease_until = now + LEASE
        # The lease that ran out was the last one: whoever held it never came back.
        if message.attempts > MAX_ATTEMPTS:
            message.state, message.error = "error", message.error or "interrupted"
    OutboxMessage.objects.bulk_update(claimed, ["attempts", "lease_until", "state", "error"])
    return [message for message in claimed if message.state == "due"]


def _put_back(message: OutboxMessage, error: str) -> None:
    last = message.attempts >= MAX_ATTEMPTS
    pause = timedelta(seconds=min(2**message.attempts, 3600))
    OutboxMessage.objects.filter(pk=message.pk).update(
        state="error" if last else "due",
        lease_until=None,
        due_at=clock.now() + pause,
        error=error[:2000],
    )
