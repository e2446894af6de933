"""The files of a version: attached from uploads or unpacked from an archive, removed, hashed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Invalid, NotThere, Refused
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry import archives, events, signals, storage
from registry.archives import ArchiveRefused, Limits
from registry.formats import ARCHIVES, FormatFacts
from registry.models import ArtifactFile, Binding, Blob, Purpose, Upload, Version, Work
from registry.names import path_fault
from registry.selectors import signatures
from registry.selectors.artifacts import overdue_versions
from registry.selectors.versions import files, version_locked
from registry.services import content, uploads
from registry.services.blobs import blob_row, facts_of, no_room
from registry.storage import Stored

FILES_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A member of an archive that is in the store by now, and not yet anybody's."""

    path: str
    stored: Stored
    facts: FormatFacts


def archive_limits() -> Limits:
    """What an archive may unpack to (REGISTRY_MAX_UNPACKED, 8 GiB; FILES_LIMIT entries; 200 times its
    size)."""
    return Limits(members=FILES_LIMIT, unpacked=int(getattr(settings, "REGISTRY_MAX_UNPACKED", 8 * 1024**3)))


@governed
def artifact_attach(
    *, actor: Actor, version_id: UUID | str, files: Mapping[str, UUID | str]
) -> list[ArtifactFile]:
    """Make finished uploads the files of a `bytes` version; `files` is path -> upload id.

    A path that is there already gets the new bytes. All or none. Whoever uploaded counts as having taken
    part. Raises Invalid naming path or upload, Conflict ("immutable"), NotThere for foreign uploads.
    """
    version = _open_bytes(actor, version_id)
    if not files:
        raise Invalid("At least one file is needed.", field="files")
    chosen = {
        path: uploads.completed(
            upload_id, system_id=version.system_id, purpose=Purpose.ARTIFACT, field=f"files.{path}"
        )
        for path, upload_id in files.items()
    }
    found = [(path, _blob(upload), upload) for path, upload in chosen.items()]
    return _attach(actor, version, found)


def artifact_unpack(*, actor: Actor, version_id: UUID | str, upload_id: UUID | str) -> list[ArtifactFile]:
    """Unpack a finished archive upload (.zip, .tar, .tar.gz) into files of a version: all of it or nothing.

    One level deep: an archive inside it refuses the whole. Raises Refused with the rule that was broken
    (recorded as a denial), and what `artifact_attach` raises.
    """
    blob = _may_unpack(actor=actor, version_id=version_id, upload_id=upload_id)
    unpacked: list[Unpacked] = []
    refused: ArchiveRefused | None = None
    try:
        with storage.opened(blob.digest) as file:
            for member in archives.members(file, blob.size, archive_limits()):
                with storage.scratch() as place:
                    with place.open("wb") as target:
                        target.writelines(member.chunks)
                    stored = storage.put(place)
                facts = facts_of(stored.digest, stored.size, member.path)
                if facts.name in ARCHIVES:
                    raise ArchiveRefused("nested", f"'{member.path}' is an archive inside the archive.")
                unpacked.append(Unpacked(member.path, stored, facts))
    except ArchiveRefused as error:
        refused = error
    except OSError as error:
        raise no_room(error) from error
    return _attach_unpacked(
        actor=actor, version_id=version_id, upload_id=upload_id, unpacked=unpacked, refused=refused
    )


@governed
def artifact_remove(*, actor: Actor, version_id: UUID | str, path: str) -> None:
    """Take a file out of a version; its row stays, marked as not present."""
    version = _open_bytes(actor, version_id)
    row = ArtifactFile.objects.filter(version=version, path=path, present=True).first()
    if row is None:
        raise NotThere
    records.write(actor=actor, event=events.ARTIFACT_REMOVED, row=row, set={"present": False})
    _files_changed(actor, version)


@governed
def artifact_rehash(*, actor: Actor, version_id: UUID | str) -> list[tuple[str, str]]:
    """Hash every stored file of a version again and record the outcome: dated evidence of integrity.

    Returns (path, sentence) per fault, empty when all bytes are the recorded ones. With a fault
    `signals.integrity_failed` is sent in the same transaction.
    """
    version = version_locked(version_id)
    access.require(actor, P.VERSION_VIEW, version)
    found = []
    rows = list(files(version.pk))
    for row in rows:
        fault = "" if storage.rehash(row.blob_id) == row.blob_id else "The stored bytes have changed."
        note_hash(row.blob, fault)
        if fault:
            found.append((row.path, fault))
    records.note(
        actor=actor,
        event=events.ARTIFACT_REHASHED,
        subject=Subject.of(version),
        data={
            "manifest_digest": version.manifest_digest,
            "files": len(rows),
            "faults": [path for path, _ in found][:100],
        },
    )
    if found:
        signals.integrity_failed.send(sender=ArtifactFile, actor=actor, version=version, faults=found)
    return found


def versions_rehash(*, actor: Actor, limit: int = 5) -> int:
    """Hash the files of versions whose last full hash is overdue, or whose stored objects changed.

    Returns how many versions have a fault. One transaction per version, so that a long hash holds no more.
    """
    faulty = 0
    for version_id in overdue_versions(limit):
        faulty += bool(artifact_rehash(actor=actor, version_id=version_id))
    return faulty


def note_hash(blob: Blob, fault: str) -> None:
    """Keep what a full hash gave. A fault stays until the right bytes are found again."""
    fields: dict[str, object] = {"fault": fault}
    if not fault:
        fields |= {"rehashed_at": clock.now(), "stat_token": storage.stat_token(blob.digest) or ""}
    Blob.objects.filter(pk=blob.pk).update(**fields)


@governed
def _may_unpack(*, actor: Actor, version_id: UUID | str, upload_id: UUID | str) -> Blob:
    version = _open_bytes(actor, version_id)
    return _blob(uploads.completed(upload_id, system_id=version.system_id, purpose=Purpose.ARCHIVE))


@governed
def _attach_unpacked(
    *,
    actor: Actor,
    version_id: UUID | str,
    upload_id: UUID | str,
    unpacked: Sequence[Unpacked],
    refused: ArchiveRefused | None,
) -> list[ArtifactFile]:
    version = _open_bytes(actor, version_id)
    if refused is None and not unpacked:
        refused = ArchiveRefused("empty-archive", "The archive holds no file.")
    if refused is not None:
        raise Refused(
            f"The whole archive is refused: {refused.message}",
            code=refused.code,
            permission=P.VERSION_UPLOAD,
            subject=Subject.of(version),
            reasons=[{"code": refused.code, "text": refused.message}],
        )
    upload = uploads.completed(upload_id, system_id=version.system_id, purpose=Purpose.ARCHIVE)
    return _attach(
        actor, version, [(item.path, blob_row(item.stored, item.facts), upload) for item in unpacked]
    )


def _open_bytes(actor: Actor, version_id: UUID | str) -> Version:
    version = content.opened(actor, version_id, P.VERSION_UPLOAD)
    if version.binding != Binding.BYTES:
        raise Invalid("Only a version bound by its files has files.", field="binding")
    return version


def _blob(upload: Upload) -> Blob:
    if upload.blob is None:
        raise Invalid("The upload isn't finished.", field="upload")
    return upload.blob


def _attach(actor: Actor, version: Version, given: Sequence[tuple[str, Blob, Upload]]) -> list[ArtifactFile]:
    known = {row.path: row for row in ArtifactFile.objects.filter(version=version)}
    present = {path.casefold(): path for path, row in known.items() if row.present}
    attached = []
    for path, blob, upload in given:
        if fault := path_fault(path):
            raise Invalid(fault, field=f"files.{path[:100]}")
        if present.setdefault(path.casefold(), path) != path:
            raise Invalid(
                f"'{present[path.casefold()]}' is the same name on other systems.", field=f"files.{path}"
            )
        row = known.get(path) or ArtifactFile(version=version, path=path)
        if not (row.present and row.blob_id == blob.pk and not row._state.adding):
            records.write(
                actor=actor,
                event=events.ARTIFACT_ATTACHED,
                row=row,
                set={
                    "blob": blob,
                    "upload": upload,
                    "present": True,
                    "attached_by": actor.id,
                    "attached_at": clock.now(),
                },
            )
        attached.append(row)
    if len(present) > FILES_LIMIT:
        raise Invalid(f"A version has at most {FILES_LIMIT:,} files.", field="files")
    _files_changed(actor, version)
    for upload in {upload.pk: upload for _, _, upload in given}.values():
        content.uploader_took_part(actor, version, upload)
    return attached


def _files_changed(actor: Actor, version: Version) -> None:
    stored = signatures.stored_files(version)
    digest = signatures.manifest_of(stored).digest if stored else ""
    if digest == version.manifest_digest:
        return
    # The subject is what was signed; other files are another subject until they are signed.
    content.changed(actor, version, Work.ARTIFACT, {"manifest_digest": digest, "subject_digest": ""})
