"""Whether the store holds what the rows say, no less and no more: after a restore, or from time to time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from registry import storage
from registry.models import Blob


@dataclass(frozen=True, slots=True)
class StoreFault:
    """`kind` is "missing" (a row without its bytes), "changed" (other bytes), "extra" (bytes without a row) or "deleted"
    (bytes that retention has deleted and that are there again). `name` is the digest, or the name of what is extra."""

    kind: str
    name: str

    @property
    def text(self) -> str:
        """One line."""
        return f"{self.kind}: {self.name}"


def store_faults(*, full: bool) -> Iterator[StoreFault]:
    """Everything in which store and rows differ, by name. `full` hashes every byte; else size and presence count.

    Rows and files are read one after the other: while uploads go on, a file may be "extra" that has its row a moment
    later. Nothing is ever removed here.
    """
    for blob in Blob.objects.order_by("pk").iterator():
        there = storage.size(blob.digest)
        if blob.deleted_at is not None:
            if there is not None:
                yield StoreFault("deleted", blob.digest)
        elif there is None:
            yield StoreFault("missing", blob.digest)
        elif there != blob.size or (full and storage.rehash(blob.digest) != blob.digest):
            yield StoreFault("changed", blob.digest)
    names = storage.names()
    while portion := list(islice(names, 500)):
        digests = {name: name.rpartition("/")[2] for name in portion}
        known = set(Blob.objects.filter(pk__in=digests.values()).values_list("pk", flat=True))
        for name, digest in digests.items():
            if digest not in known or storage.blob_name(digest) != name:
                yield StoreFault("extra", name)
