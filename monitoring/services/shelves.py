"""Profiles that were counted before, as stored evidence: found by what their counts follow from, read by their digest."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.module_loading import import_string

from ledger import clock
from ledger.actors import Actor
from ledger.errors import IntegrityFault
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.models import Batch, StoredProfile
from monitoring.sources import DatasetSource
from people import access
from people.catalogue import P
from registry.models import Blob
from registry.selectors.artifacts import local_copy
from registry.selectors.systems import system_by_id
from registry.services.blobs import blob_of_bytes

if TYPE_CHECKING:
    from monitoring.statistics.profiles import Profile

_READ = "monitoring.statistics.profiles.read"


class SystemShelf:
    """The shelf (`sources.Shelf`) of one system. What is kept for the first time is noted in `fresh`."""

    def __init__(self, system_id: UUID) -> None:
        self._system_id = system_id
        self.fresh: dict[str, tuple[str, Profile]] = {}

    def kept(self, key: str) -> Profile | None:
        """The profile under a key; None if it isn't there or its bytes aren't, so that it is counted again."""
        row = StoredProfile.objects.filter(system=self._system_id, key=key).first()
        if row is None:
            return None
        try:
            with local_copy(row.blob_id) as path:
                found: Profile = import_string(_READ)(path.read_text("utf-8"))
        except (IntegrityFault, OSError, ValueError):
            return None
        return found

    def keep(self, key: str, source: DatasetSource, profile: Profile) -> None:
        """Remember it until `profile_store` is called for what is fresh."""
        self.fresh[key] = (source.digest, profile)


@governed
def profile_store(*, actor: Actor, system_id: UUID, key: str, data: str, text: str) -> StoredProfile:
    """Store counts as evidence under `key`, once. `data` is the digest of the bytes they were counted in."""
    system = system_by_id(system_id)
    access.require(actor, P.RUN_EXECUTE, system)
    known = StoredProfile.objects.filter(key=key).first()
    if known is not None:
        return known
    row = StoredProfile()
    records.write(
        actor=actor,
        event=events.PROFILE_STORED,
        row=row,
        set={
            "system": system,
            "key": key,
            "data": Blob.objects.get(digest=data),
            "batch": Batch.objects.filter(blob=data).order_by("received_at").first(),
            "blob": blob_of_bytes(text.encode("utf-8", "surrogatepass"), "profile.json"),
            "counted_at": clock.now(),
        },
    )
    return row
