"""Rows about stored bytes: made when bytes arrive, refreshed when they are hashed again."""

from __future__ import annotations

from ledger import clock
from ledger.errors import Invalid, Unavailable
from registry import storage
from registry.formats import FormatFacts, describe
from registry.models import Blob
from registry.storage import Stored


def facts_of(digest: str, size: int, name: str) -> FormatFacts:
    """The format of stored bytes, from their header. Raises Invalid for a file that contradicts its own."""
    with storage.opened(digest) as file:
        facts = describe(file, size, name)
    if facts.fault:
        raise Invalid(f"'{name}' is no sound {facts.name} file: {facts.fault}", code="bad-format")
    return facts


def blob_row(stored: Stored, facts: FormatFacts) -> Blob:
    """The row of what was just stored; bytes that were there before get their fresh hash noted, and those that were
    deleted live again. Raises Unavailable if a deletion took them meanwhile."""
    now = clock.now()
    blob, made = Blob.objects.get_or_create(
        digest=stored.digest,
        defaults={
            "size": stored.size,
            "format": facts.name,
            "executable": facts.executable,
            "format_note": facts.note,
            "stat_token": stored.stat_token,
            "stored_at": now,
            "rehashed_at": now,
        },
    )
    if not made:
        Blob.objects.filter(pk=blob.pk).update(
            stat_token=stored.stat_token, rehashed_at=now, fault="", deleted_at=None
        )
        blob.refresh_from_db()
        # The row is ours now. A deletion that held it before us may have taken the file we had found there.
        if storage.stat_token(blob.digest) is None:
            raise Unavailable("The store is deleting these very bytes; send them again.", code="store-busy")
    return blob


def blob_of_bytes(data: bytes, name: str) -> Blob:
    """Store a few bytes that are in memory, under their digest. Raises Unavailable if there is no room."""
    try:
        stored = storage.put_bytes(data)
    except OSError as error:
        raise no_room(error) from error
    return blob_row(stored, facts_of(stored.digest, stored.size, name))


def no_room(error: OSError) -> Unavailable:
    """What to answer when the disk doesn't take bytes; what was received stays and can be gone on with."""
    if error.errno in storage.FULL:
        return Unavailable(
            "The store is full. What was received is kept; try again later.",
            code="store-full",
            retry_after=300,
        )
    return Unavailable("The store can't be written at the moment.", code="store-unavailable", retry_after=60)
