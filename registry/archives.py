"""Reads tar and zip archives under quarantine rules. Pure: gives paths and streams, writes nothing.

Every rule refuses the whole archive, so that half of one is never used (CVE-2025-4517 and its kind; zip
bombs). Only plain files are given out, and only by a path that `names.path_fault` allows.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from registry.formats import zip_directory
from registry.names import path_fault

_READ_LIMIT = 1024 * 1024
_CHUNK = 256 * 1024


class ArchiveRefused(Exception):
    """The whole archive is refused; `code` is a stable word, the message a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Limits:
    """`unpacked` in bytes over all members, `ratio` unpacked to packed bytes above the first 10 MB."""

    members: int = 10_000
    unpacked: int = 8 * 1024**3
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A plain file of the archive: its path, and its bytes to be read before the next member is asked for."""

    path: str
    chunks: Iterator[bytes]


def members(file: BinaryIO, size: int, limits: Limits) -> Iterator[Member]:
    """The plain files of a .zip, .tar or .tar.gz of `size` bytes, one after the other.

    Raises ArchiveRefused at the first breach of a rule; what was read before must then be thrown away.
    """
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    meter = _Meter(size, limits)
    try:
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zip_members(file, size, meter)
        elif head.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _tar_members(cast("BinaryIO", unpacked), meter, packed=True)
        elif head[257:262] == b"ustar":
            yield from _tar_members(file, meter, packed=False)
        else:
            raise ArchiveRefused("not-an-archive", "Only .zip, .tar and .tar.gz are unpacked.")
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
    ) as error:
        raise ArchiveRefused("broken-archive", f"The archive can't be read: {str(error)[:200]}.") from error
    except (RuntimeError, ValueError, UnicodeError, RecursionError) as error:
        raise ArchiveRefused("broken-archive", f"The archive can't be read: {str(error)[:200]}.") from error


class _Meter:
    """Counts members and bytes of one archive, and remembers its paths."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self.packed = packed
        self.limits = limits
        self.unpacked = 0
        self.paths: dict[str, str] = {}
        self.entries = 0

    def entry(self) -> None:
        self.entries += 1
        if self.entries > self.limits.members:
            raise ArchiveRefused("too-many-files", f"More than {self.limits.members:,} entries.")

    def path(self, path: str) -> str:
        if fault := path_fault(path):
            raise ArchiveRefused("bad-path", f"Entry {path[:120]!r}: {fault}")
        folded = path.casefold()
        if folded in self.paths:
            other = self.paths[folded]
            raise ArchiveRefused("bad-path", f"Entries {other!r} and {path!r} are the same name elsewhere.")
        self.paths[folded] = path
        return path

    def count(self, number: int) -> None:
        self.unpacked += number
        if self.unpacked > self.limits.unpacked:
            raise ArchiveRefused("too-large", f"More than {self.limits.unpacked:,} bytes unpacked.")
        if self.unpacked > max(10 * 1024**2, self.packed * self.limits.ratio):
            raise ArchiveRefused("ratio", f"It unpacks to more than {self.limits.ratio} times its own size.")


class _Metered(io.RawIOBase):
    """A stream that counts what is read from it and never hands out a large piece at once.

    tarfile reads a header extension in one piece of whatever length the header claims.
    """

    def __init__(self, inner: BinaryIO, meter: _Meter) -> None:
        super().__init__()
        self.inner = inner
        self.meter = meter

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.inner.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        here = self.inner.tell()
        if whence != io.SEEK_SET or offset < 0:
            raise io.UnsupportedOperation("only absolute positions")
        if offset > here:  # what is skipped is unpacked all the same
            self.meter.count(offset - here)
        return self.inner.seek(offset)

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _READ_LIMIT:
            raise ArchiveRefused("bad-header", "An entry's header is longer than any real one.")
        data = self.inner.read(size)
        self.meter.count(len(data))
        return data


def _tar_members(file: BinaryIO, meter: _Meter, *, packed: bool) -> Iterator[Member]:
    source = _Metered(file, meter)
    with tarfile.open(fileobj=cast("BinaryIO", source), mode="r:") as archive:
        while (info := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # tarfile keeps every entry it has seen
            meter.entry()
            path = info.name.removeprefix("./").rstrip("/")
            if info.isdir():
                if path not in ("", "."):
                    _require_folder(path)
                continue
            if not info.isreg():
                raise ArchiveRefused("not-a-file", f"Entry {info.name[:120]!r} is a link or device.")
            if info.issparse():
                raise ArchiveRefused("not-a-file", f"Entry {info.name[:120]!r} is a sparse file.")
            if info.size > meter.limits.unpacked:
                raise ArchiveRefused("too-large", f"Entry {info.name[:120]!r} claims {info.size} bytes.")
            yield Member(meter.path(path), _pieces(source, info.offset_data, info.size))


def _pieces(source: _Metered, start: int, size: int) -> Iterator[bytes]:
    source.seek(start)
    left = size
    while left:
        piece = source.read(min(_CHUNK, left))
        if not piece:
            raise ArchiveRefused("broken-archive", "The archive is cut off.")
        left -= len(piece)
        yield piece


def _zip_members(file: BinaryIO, size: int, meter: _Meter) -> Iterator[Member]:
    entries, directory = zip_directory(file, size)
    if entries is None:
        raise ArchiveRefused("broken-archive", "The zip directory is missing or cut off.")
    # zipfile reads the whole directory whatever its count says; 46 bytes and a name of 400 each is ample.
    if entries > meter.limits.members or directory > meter.limits.members * 1024:
        raise ArchiveRefused("too-many-files", f"More than {meter.limits.members:,} entries.")
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            meter.entry()
            if info.flag_bits & 0x1:
                raise ArchiveRefused("encrypted", f"Entry {info.filename[:120]!r} is encrypted.")
            kind = (info.external_attr >> 16) & 0o170000
            if kind not in (0, 0o100000, 0o040000):
                raise ArchiveRefused("not-a-file", f"Entry {info.filename[:120]!r} is a link or device.")
            if "\0" in info.orig_filename:
                raise ArchiveRefused("bad-path", f"Entry {info.filename[:120]!r} has a NUL in its name.")
            if info.is_dir():
                _require_folder(info.filename.rstrip("/"))
                continue
            if info.file_size > meter.limits.unpacked:
                raise ArchiveRefused("too-large", f"Entry {info.filename[:120]!r} is too large.")
            yield Member(meter.path(info.filename), _unzipped(archive, info, meter))


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: _Meter) -> Iterator[bytes]:
    with archive.open(info) as entry:
        while piece := entry.read(_CHUNK):
            meter.count(len(piece))
            yield piece


def _require_folder(path: str) -> None:
    if fault := path_fault(path):
        raise ArchiveRefused("bad-path", f"Entry {path[:120]!r}: {fault}")
