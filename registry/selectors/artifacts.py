"""Whether what is stored is still what was attached, and what a version lacks. Reads, never records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from ledger import clock
from ledger.errors import IntegrityFault
from registry import storage
from registry.machines import VERSION
from registry.models import ArtifactFile, Binding, Blob, Version
from registry.selectors.contents import contents_of


def rehash_after() -> timedelta:
    """How old the last full hash of a blob may be (REGISTRY_REHASH_DAYS, 30)."""
    return timedelta(days=getattr(settings, "REGISTRY_REHASH_DAYS", 30))


def faults(version: Version) -> list[tuple[str, str]]:
    """(path, sentence) for each stored file that isn't what was attached; a full hash decides where due."""
    found = []
    checked: dict[str, str | None] = {}
    for row in contents_of(version).files:
        if row.blob_id not in checked:
            checked[row.blob_id] = blob_fault(row.blob)
        if fault := checked[row.blob_id]:
            found.append((row.path, fault))
    return found


def blob_fault(blob: Blob) -> str | None:
    """Why the stored object isn't the one of this digest, or None.

    Size, times and identity are compared; if they changed or the last full hash is overdue, all bytes are
    hashed again.
    """
    token = storage.stat_token(blob.digest)
    if token is None:
        return "It is gone from the store."
    overdue = clock.now() - blob.rehashed_at > rehash_after()
    if token == blob.stat_token and not overdue and not blob.fault:
        return None
    if storage.rehash(blob.digest) != blob.digest:
        return "The stored bytes have changed: their digest isn't the recorded one."
    return None


def overdue_versions(limit: int) -> list[UUID]:
    """Ids of versions with a file whose full hash is overdue or whose stored object isn't as it was.

    A fault that is known already is not told again. Versions that are closed for good rest.
    """
    found: dict[UUID, None] = {}
    closed = [state.name for state in VERSION.states if state.kind == "final"]
    rows = ArtifactFile.objects.filter(present=True, blob__fault="").exclude(version__state__in=closed)
    before = clock.now() - rehash_after()
    for row in rows.select_related("blob").order_by("blob__rehashed_at").iterator():
        blob = row.blob
        if blob.rehashed_at < before or storage.stat_token(blob.digest) != blob.stat_token:
            found[row.version_id] = None
        if len(found) >= limit:
            break
    return list(found)


@contextmanager
def local_copy(digest: str) -> Iterator[Path]:
    """A private local file with exactly the bytes of this SHA-256 (hex), gone afterwards.

    Copied and hashed in one pass, so that nobody can change the bytes between the check and the reading.
    Raises IntegrityFault if the store doesn't hold these bytes.
    """
    with storage.scratch() as path:
        if storage.copy(digest, path) != digest:
            raise IntegrityFault(f"The store doesn't hold the bytes with the digest {digest}.")
        yield path


def missing(version: Version) -> list[str]:
    """What the version still needs so that a warrant could bind it, one sentence each."""
    if version.binding == Binding.DECLARED:
        said = {
            "contract": "The declaration names no contract.",
            "probe_set_digest": "The declaration names no probe set, so nothing would show that the vendor changed it.",
        }
        return [text for member, text in said.items() if not version.declared.get(member)]
    if version.binding == Binding.CONTAINER:
        return [] if version.subject_digest else ["The digest of its image is missing."]
    files = contents_of(version).files
    if not files:
        return ["No file is attached."]
    found = []
    if not any(row.blob.size for row in files):
        found.append("Every attached file is empty.")
    if not version.subject_digest:
        found.append("No valid signature covers exactly the attached files.")
    return found


def executable(version: Version) -> list[tuple[str, str]]:
    """(path, note) of attached files that can run code when loaded, or of which that isn't known."""
    rows = contents_of(version).files
    return [(row.path, f"{row.blob.format}: {row.blob.format_note}") for row in _risky(rows)]


def _risky(rows: Iterable[ArtifactFile]) -> Iterable[ArtifactFile]:
    return (row for row in rows if row.blob.executable != "no")
