"""What the registry does by itself: closes uploads that nobody finished, hashes stored bytes again, writes the rows of
confirmed imports, tells people what is overdue."""

from __future__ import annotations

from celery import shared_task

from ledger.actors import Actor
from registry.services.artifacts import versions_rehash
from registry.services.imports import TASK as INTAKE_TASK
from registry.services.intake import IMPORTER, SWEEP, imports_expire, imports_write, overdue_notify
from registry.services.retention import bodies_sweep
from registry.services.uploads import uploads_expire


@shared_task(name="registry.sweep")
def sweep() -> None:
    """Expired uploads are over whether or not this runs; it frees their room and records it."""
    uploads_expire(actor=Actor.system("expiry-sweep"))
    versions_rehash(actor=Actor.system("integrity-sweep"))
    bodies_sweep()
    imports_expire(actor=Actor.system(IMPORTER))
    intake()
    overdue_notify(actor=Actor.system(SWEEP))


@shared_task(name=INTAKE_TASK)
def intake() -> None:
    """Write the rows that are due; two workers at it share them."""
    imports_write(actor=Actor.system(IMPORTER))
