"""What the registry does by itself: closes uploads that nobody finished, hashes stored bytes again."""

from __future__ import annotations

from celery import shared_task

from ledger.actors import Actor
from registry.services.artifacts import versions_rehash
from registry.services.retention import bodies_sweep
from registry.services.uploads import uploads_expire


@shared_task(name="registry.sweep")
def sweep() -> None:
    """Expired uploads are over whether or not this runs; it frees their room and records it."""
    uploads_expire(actor=Actor.system("expiry-sweep"))
    versions_rehash(actor=Actor.system("integrity-sweep"))
    bodies_sweep()
