"""Bytes by their digest, over Django's storage API (STORAGES["artifacts"]). Nothing stored is ever loaded
or run.

The place of a blob follows from its digest alone, so no row can point elsewhere. What arrives is staged on
local disk, hashed there, and moved into the store in one step: a reader sees the whole blob or none.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

CHUNK = 1024 * 1024
STAGING = "staging"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of an OSError that say: no room."""


class Busy(Exception):
    """Another writer holds the staged file."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is in the store: SHA-256 in hex, size in bytes, and a token that changes when the object does."""

    digest: str
    size: int
    stat_token: str


def backend() -> Storage:
    return storages["artifacts"]


def blob_name(digest: str) -> str:
    """The place of a blob. ValueError unless `digest` is 64 lower-case hex digits."""
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError("a digest is 64 lower-case hexadecimal digits")
    return f"sha256/{digest[:2]}/{digest}"


@contextmanager
def opened(digest: str) -> Iterator[BinaryIO]:
    """The bytes of a blob, for reading. FileNotFoundError if it isn't in the store."""
    with backend().open(blob_name(digest), "rb") as file:
        yield cast("BinaryIO", file)


def read(digest: str, *, limit: int) -> bytes:
    """All bytes of a small blob. ValueError if there are more than `limit`."""
    with opened(digest) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"blob {digest} has more than {limit} bytes")
    return data


def stat_token(digest: str) -> str | None:
    """Size, times and identity of the stored object as one string, or None if it isn't there.

    On local disk the change time and inode are part of it: a file overwritten with the same name, size and
    modification time still has another token.
    """
    storage, name = backend(), blob_name(digest)
    try:
        if isinstance(storage, FileSystemStorage):
            found = os.stat(storage.path(name))
            return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"
        return f"{storage.size(name)}:{storage.get_modified_time(name).isoformat()}"
    except FileNotFoundError:
        return None


def rehash(digest: str) -> str | None:
    """SHA-256 in hex of what is stored under `digest` now, or None if nothing is."""
    try:
        with opened(digest) as file:
            return digest_of(file)
    except FileNotFoundError:
        return None


def copy(digest: str, target: Path) -> str | None:
    """Copy what is stored under `digest` to a local file; SHA-256 in hex of what was copied, None if
    absent."""
    found = hashlib.sha256()
    try:
        with opened(digest) as source, target.open("wb") as file:
            while chunk := source.read(CHUNK):
                found.update(chunk)
                file.write(chunk)
    except FileNotFoundError:
        return None
    return found.hexdigest()


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 in hex of all bytes from the current position on."""
    found = hashlib.sha256()
    while chunk := file.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


def sha256(data: bytes) -> str:
    """SHA-256 in hex of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def size(digest: str) -> int | None:
    """Bytes stored under `digest` now, or None if nothing is."""
    try:
        return backend().size(blob_name(digest))
    except FileNotFoundError:
        return None


def names(folder: str = "") -> Iterator[str]:
    """The name of every object in the store, whether it belongs there or not; what is on its way in is left out."""
    try:
        folders, files = backend().listdir(folder)
    except FileNotFoundError:  # nothing was stored yet
        return
    prefix = f"{folder}/" if folder else ""
    for name in sorted(files):
        yield prefix + name
    for name in sorted(folders):
        if prefix + name != STAGING:
            yield from names(prefix + name)


def remove(digest: str) -> bool:
    """Remove a blob from the store; False if it wasn't there."""
    if stat_token(digest) is None:
        return False
    backend().delete(blob_name(digest))
    return True


def put(staged: Path) -> Stored:
    """Move a staged file into the store under the digest of its bytes; the staged name is gone afterwards.

    The digest is that of the bytes that are in the store: on local disk the hashed file itself is moved
    there, elsewhere the object is read back. OSError leaves the staged file as it was.
    """
    with staged.open("rb") as file:
        digest = digest_of(file)
        size = file.tell()
        os.fsync(file.fileno())
        storage, name = backend(), blob_name(digest)
        if rehash(digest) != digest:
            _place(storage, staged, name, digest)
            _require_same(storage, name, file)
    staged.unlink(missing_ok=True)
    token = stat_token(digest)
    if token is None:
        raise OSError(errno.EIO, "the store lost what was just written", name)
    return Stored(digest, size, token)


def put_bytes(data: bytes) -> Stored:
    """Store a few bytes that are in memory."""
    with scratch() as path:
        path.write_bytes(data)
        return put(path)


@contextmanager
def scratch() -> Iterator[Path]:
    """The path of an empty private file in the staging area, gone afterwards unless it was moved away."""
    handle, name = tempfile.mkstemp(dir=_staging(), prefix="scratch-")
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def staged_path(upload_id: UUID) -> Path:
    """Where the bytes of an open upload wait. Named by its id, never by what a user calls it."""
    return _staging() / f"{UUID(str(upload_id))}.part"


@contextmanager
def staged(upload_id: UUID) -> Iterator[IO[bytes]]:
    """The staged file, locked against every other writer. Raises Busy at once if somebody has it."""
    handle = os.open(staged_path(upload_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy from error
        yield file


def sync(file: IO[bytes]) -> None:
    """Have what was written to a staged file on the disk before it is acknowledged."""
    os.fsync(file.fileno())


def discard(upload_id: UUID) -> None:
    """Throw the staged bytes away; nothing happens if there are none."""
    staged_path(upload_id).unlink(missing_ok=True)


def _place(storage: Storage, staged: Path, name: str, digest: str) -> None:
    if not isinstance(storage, FileSystemStorage):
        with staged.open("rb") as file:
            saved = storage.save(name, File(file))
        if saved != name or rehash(digest) != digest:
            storage.delete(saved)
            raise OSError(errno.EIO, "the store gave back other bytes than it was given", name)
        return
    target = Path(storage.path(name))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    staged.chmod(storage.file_permissions_mode or 0o440)
    os.replace(staged, target)
    _sync_directory(target.parent)


def _require_same(storage: Storage, name: str, hashed: IO[bytes]) -> None:
    """OSError, and nothing under that name, unless what was moved there is the very file that was hashed."""
    if not isinstance(storage, FileSystemStorage):
        return  # was read back
    wanted, found = os.fstat(hashed.fileno()), os.stat(storage.path(name))
    same = (wanted.st_dev, wanted.st_ino, wanted.st_size) == (found.st_dev, found.st_ino, found.st_size)
    if not same or wanted.st_size != hashed.tell():
        storage.delete(name)
        raise OSError(errno.EIO, "the file was exchanged while it was stored", name)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _staging() -> Path:
    # Inside the artifact directory where that is local, so that moving is a rename and never a copy.
    storage = backend()
    base = Path(storage.location) if isinstance(storage, FileSystemStorage) else settings.MODELWARRANT_HOME
    path = Path(base) / STAGING
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
