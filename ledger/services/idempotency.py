"""A request that a client sends again has its effect once and gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, KeyReused
from ledger.models import IdempotencyKey
from ledger.services.transactions import governed

KEPT = timedelta(hours=24)
MAX_KEY = 200


@governed
def once(*, actor: Actor, key: str, request_digest: str, work: Callable[[], Any]) -> Any:
    """Run `work` and keep its answer (JSON), or give the kept one; all in one transaction.

    `request_digest` is a digest of everything that makes the request what it is. Raises Invalid for an
    unusable key, KeyReused when the key came with another request, and whatever
    `work` raises, in which case nothing is kept and the client may try again.
    """
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise Invalid(f"1 to {MAX_KEY} printable characters", field="Idempotency-Key")
    place = {"actor_id": actor.id, "key": key}
    # Of two at once the second waits here for the first one's commit, and then finds its row.
    IdempotencyKey.objects.bulk_create(
        [IdempotencyKey(**place, request_digest="", answer=None, created_at=clock.now())],
        ignore_conflicts=True,
    )
    row = IdempotencyKey.objects.select_for_update().get(**place)
    if row.request_digest == "":
        row.request_digest = request_digest
        row.answer = work()
        row.save(update_fields=["request_digest", "answer"])
    elif row.request_digest != request_digest:
        raise KeyReused("This key was used with another request.", field="Idempotency-Key")
    return row.answer


def forget_old(*, actor: Actor) -> int:
    """Remove answers older than a day; returns how many."""
    removed, _ = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT).delete()
    return removed
