"""Bytes on their way in: started with size and digest, appended in order, finished when they are as
announced.

An upload is addressed by its id alone; no path or address from outside is ever used. Appending and hashing
happen outside the database's transaction, so that a slow client or a large file holds no lock there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.conf import settings

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere, TooLarge
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import IllegalMove, Transition
from people import access
from people.catalogue import P
from registry import events, inputs, storage
from registry.formats import FormatFacts
from registry.machines import UPLOAD_PERMISSION, UPLOADS
from registry.models import Purpose, Upload
from registry.names import hidden_character
from registry.selectors.lookup import locked
from registry.selectors.systems import model_by_id, system_by_id
from registry.services.blobs import blob_row, facts_of, no_room
from registry.services.systems import require_active
from registry.storage import Stored

LIFETIME = timedelta(hours=24)
_WITH_SYSTEM = Upload.objects.select_related("system", "model", "blob")


def max_upload() -> int:
    """Most bytes of one upload (REGISTRY_MAX_UPLOAD, 2 GiB)."""
    return int(getattr(settings, "REGISTRY_MAX_UPLOAD", 2 * 1024**3))


@governed
def upload_start(
    *,
    actor: Actor,
    purpose: str,
    size: int,
    digest: str,
    name: str,
    model_id: UUID | str | None = None,
    system_id: UUID | str | None = None,
) -> Upload:
    """Announce bytes: how many, their SHA-256 and what for; below a model, or a system for data.

    `name` is what people call the file; it is shown, never used as a place. Raises Invalid, TooLarge.
    """
    inputs.choice("purpose", purpose, Purpose.values)
    model = model_by_id(model_id) if model_id else None
    if model is None and not system_id:
        raise Invalid("Say for which model or system.", field="model")
    system = model.system if model else system_by_id(system_id or "")
    if model and system_id and str(system_id) != str(system.pk):
        raise Invalid("The model belongs to another system: identifiers disagree.", field="system")
    access.require(actor, UPLOAD_PERMISSION[purpose], model or system)
    require_active(system)
    inputs.whole("size", size, least=1)
    if size > max_upload():
        raise TooLarge(f"{size} bytes are announced; at most {max_upload()} are taken.", field="size")
    name = inputs.line("name", name, limit=255)
    if "://" in name or hidden_character(name):
        raise Invalid("A file name is expected; nothing is ever fetched.", field="name")
    now = clock.now()
    upload = Upload(system=system, model=model)
    records.write(
        actor=actor,
        event=events.UPLOAD_STARTED,
        row=upload,
        set={
            "purpose": purpose,
            "name": name,
            "declared_size": size,
            "declared_digest": inputs.digest("digest", digest),
            "created_by": actor.id,
            "controller": actor.controller or "",
            "created_at": now,
            "expires_at": now + LIFETIME,
        },
    )
    return upload


def upload_append(*, actor: Actor, upload_id: UUID | str, offset: int, chunks: Iterable[bytes]) -> int:
    """Write bytes at `offset` and return the new offset; what is written counts even if the rest never comes.

    `offset` must be how far the upload is. Bytes sent again that are there already are compared and passed
    over. Raises Conflict ("offset", "bytes-differ", "busy"), TooLarge, Unavailable ("store-full"), NotThere.
    """
    upload = _may_append(actor=actor, upload_id=upload_id)
    try:
        with storage.staged(upload.pk) as file:
            upload.refresh_from_db(fields=["offset", "state"])
            _require_open(upload)
            if offset > upload.offset or offset < 0:
                raise Conflict(
                    f"The upload is at {upload.offset}, not at {offset}.",
                    code="offset",
                    reasons=[{"code": "offset", "text": str(upload.offset)}],
                )
            return _write(upload, file, offset, chunks)
    except storage.Busy as error:
        raise Conflict("Somebody is appending to this upload right now.", code="busy") from error
    except OSError as error:
        raise no_room(error) from error


def upload_finish(*, actor: Actor, upload_id: UUID | str) -> Upload:
    """Hash what was received, store it and make it usable. Finishing twice gives the same answer.

    Raises Conflict ("incomplete", "busy"), Invalid ("digest-mismatch", "bad-format": the bytes are thrown
    away and nothing becomes visible), Unavailable.
    """
    upload = _may_finish(actor=actor, upload_id=upload_id)
    if upload.state == "complete":
        return upload
    try:
        with storage.staged(upload.pk) as file:
            upload.refresh_from_db(fields=["offset", "state"])
            if upload.offset != upload.declared_size:
                raise Conflict(
                    f"{upload.offset} of {upload.declared_size} bytes are there.", code="incomplete"
                )
            stored = _store(upload, file)
            facts = facts_of(stored.digest, stored.size, upload.name) if stored else None
    except storage.Busy as error:
        raise Conflict("Somebody is working on this upload right now.", code="busy") from error
    except OSError as error:
        raise no_room(error) from error
    except Invalid:
        upload_abort(actor=actor, upload_id=upload.pk)
        raise
    if stored is None or facts is None:
        upload_abort(actor=actor, upload_id=upload.pk)
        raise Invalid(
            "The bytes received aren't the announced ones: their SHA-256 differs. Nothing was kept.",
            field="digest",
            code="digest-mismatch",
        )
    return _complete(actor=actor, upload_id=upload.pk, stored=stored, facts=facts)


@governed
def upload_abort(*, actor: Actor, upload_id: UUID | str) -> Upload:
    """Throw away what was received. Raises Conflict for an upload that is over."""
    upload = _mine(actor, upload_id)
    _move(actor, upload, "abort")
    storage.discard(upload.pk)
    return upload


@governed
def uploads_expire(*, actor: Actor, limit: int = 100) -> int:
    """Close uploads whose time is over and throw their bytes away; returns how many."""
    due = Upload.objects.select_for_update(skip_locked=True).filter(state="open", expires_at__lte=clock.now())
    closed = 0
    for upload in due.order_by("expires_at")[:limit]:
        access.require(actor, P.VERSION_UPLOAD, upload)
        _move(actor, upload, "expire")
        storage.discard(upload.pk)
        closed += 1
    return closed


@governed
def upload_shown(*, actor: Actor, upload_id: UUID | str) -> Upload:
    """How far an upload is, for whoever started it. Raises NotThere to everybody else."""
    return _mine(actor, upload_id)


def completed(upload_id: UUID | str, *, system_id: UUID, purpose: str, field: str = "upload") -> Upload:
    """A finished upload of this system for this purpose, to be used by a service.

    Raises Invalid for one that is there but doesn't fit, NotThere for an unknown one or another system's.
    """
    upload = locked(_WITH_SYSTEM.filter(system_id=system_id), upload_id)
    if upload.purpose != purpose:
        raise Invalid(f"The upload is for '{upload.purpose}', not for '{purpose}'.", field=field)
    if upload.state != "complete" or upload.blob is None:
        raise Invalid("The upload isn't finished.", field=field)
    return upload


@governed
def _may_append(*, actor: Actor, upload_id: UUID | str) -> Upload:
    upload = _mine(actor, upload_id)
    _require_open(upload)
    return upload


@governed
def _may_finish(*, actor: Actor, upload_id: UUID | str) -> Upload:
    upload = _mine(actor, upload_id)
    if upload.state != "complete":
        _require_open(upload)
    return upload


@governed
def _complete(*, actor: Actor, upload_id: UUID, stored: Stored, facts: FormatFacts) -> Upload:
    upload = _mine(actor, upload_id)
    if upload.state == "complete":  # somebody else finished it in between, with the same bytes
        return upload
    _move(actor, upload, "finish", blob=blob_row(stored, facts))
    storage.discard(upload.pk)
    return upload


def _mine(actor: Actor, upload_id: UUID | str) -> Upload:
    """The locked upload, if `actor` is who started it and still may."""
    upload = locked(_WITH_SYSTEM, upload_id)
    access.require(actor, UPLOAD_PERMISSION[upload.purpose], upload)
    if upload.created_by != actor.id:
        raise NotThere
    return upload


def _require_open(upload: Upload) -> None:
    if upload.state != "open":
        raise Conflict(f"This upload is {upload.state}.", code="closed")
    if upload.expires_at <= clock.now():
        raise Conflict("This upload has expired; start a new one.", code="expired")


def _move(actor: Actor, upload: Upload, name: str, **fields: object) -> Transition:
    try:
        move = UPLOADS[upload.purpose].move(upload.state, name)
    except IllegalMove as error:
        raise Conflict(f"This upload is {upload.state}.", code="closed") from error
    said = {"move": name, "from": upload.state, "to": move.target}
    records.write(
        actor=actor,
        event=events.UPLOAD_MOVED,
        row=upload,
        set={**fields, "state": move.target},
        data=said,
    )
    return move


def _write(upload: Upload, file: IO[bytes], offset: int, chunks: Iterable[bytes]) -> int:
    position, reached = offset, upload.offset
    try:
        for chunk in chunks:
            if position + len(chunk) > upload.declared_size:
                raise TooLarge(f"More than the {upload.declared_size} announced bytes were sent.")
            known = max(0, min(len(chunk), reached - position))
            if known:
                file.seek(position)
                if _exactly(file, known) != chunk[:known]:
                    raise Conflict("Other bytes were received at this place before.", code="bytes-differ")
            if known < len(chunk):
                file.seek(position + known)
                _write_all(file, memoryview(chunk)[known:])
            position += len(chunk)
            reached = max(reached, position)
    finally:
        if reached > upload.offset:
            storage.sync(file)
            Upload.objects.filter(pk=upload.pk, offset=upload.offset, state="open").update(offset=reached)
    return reached


def _exactly(file: IO[bytes], size: int) -> bytes:
    pieces, left = [], size
    while left and (piece := file.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _write_all(file: IO[bytes], data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


def _store(upload: Upload, file: IO[bytes]) -> Stored | None:
    """What is stored now, or None if the bytes aren't the announced ones."""
    size = file.seek(0, 2)
    if not size and storage.rehash(upload.declared_digest) == upload.declared_digest:
        # All bytes had come and were moved into the store before a crash kept that from being recorded.
        token = storage.stat_token(upload.declared_digest)
        return Stored(upload.declared_digest, upload.declared_size, token) if token else None
    file.truncate(upload.declared_size)  # a killed append may have left bytes that were never acknowledged
    file.seek(0)
    if storage.digest_of(file) != upload.declared_digest:
        return None
    return storage.put(storage.staged_path(upload.pk))
