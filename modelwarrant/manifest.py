"""A model directory as a list of its files: path, SHA-256, size.

The manifest is what a signature and a warrant are about, and anyone who holds the directory can make it
again. Files are read as bytes and never opened as anything else. Symbolic links, devices, sockets and
pipes are refused, and so is a file that changes while it is read. Signatures, keys and what a model is
for are not known here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelwarrant.errors import CannotCheck, Fault

GIT_PATHS: Final = (".git", ".gitattributes", ".github", ".gitignore")
"""Ignored by default, as in OpenSSF Model Signing."""

FORMAT: Final = "modelwarrant/manifest/v1"
MAX_FILES: Final = 1_000_000
_CHUNK: Final = 1 << 20
_SMALL: Final = 1 << 16
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode category Cc, all of it
_HASHES: Final[dict[str, Callable[..., Any]]] = {"sha256": hashlib.sha256, "blake2b": hashlib.blake2b}


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One file: path relative to the model (POSIX, UTF-8), hex SHA-256, size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a model, sorted by path (by code point), and what was left out on purpose."""

    files: tuple[File, ...]
    ignored: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def encode(self) -> bytes:
        """The manifest's only bytes: canonical JSON (RFC 8785), see docs/formats/manifest.md."""
        files = [{"path": file.path, "sha256": file.sha256, "size": file.size} for file in self.files]
        value = {"files": files, "format": FORMAT, "ignored": sorted(set(self.ignored))}
        # ASCII keys, texts and integers at a known depth: the encoder's own form is the canonical one, and
        # `canonical.encode` would walk through a million files to find that out.
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """Hex SHA-256 of `encode()`: names the directory's content, file names included."""
        return hashlib.sha256(self.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file as the directory walk saw it; `mark` tells whether it changed since."""

    path: str
    size: int
    mark: tuple[int, ...]
    mode: int


@dataclass(frozen=True, slots=True)
class Walk:
    """What a directory holds: files to read, files left out, empty directories; all relative and sorted."""

    files: tuple[Found, ...]
    left_out: tuple[str, ...]
    empty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` (included) to `end` (excluded) of a file."""

    path: str
    start: int
    end: int


def check_path(path: str) -> str:
    """The same path, if it may stand in a manifest. Raises Fault "bad path" naming the rule.

    Relative, POSIX, no empty, `.` or `..` part, no control character, at most 4,096 bytes of UTF-8 with
    parts of at most 255.
    """
    parts = path.split("/")
    problem = ""
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        encoded, problem = b"", "isn't UTF-8"
    if not path or path.startswith("/"):
        problem = "isn't a relative path"
    elif "" in parts or "." in parts or ".." in parts:
        problem = "has an empty, '.' or '..' part"
    elif _CONTROL.search(path):
        problem = "has a control character"
    elif len(encoded) > 4096 or (len(encoded) > 255 and max(map(len, encoded.split(b"/"))) > 255):
        problem = "is too long"
    if problem:
        raise Fault("bad path", f"{path[:200]!r} {problem}")
    return path


def covers(ignored: Collection[str], path: str) -> bool:
    """Whether `path` is one of `ignored` or lies below one."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in ignored for count in range(1, len(parts) + 1))


def prefixes(paths: Iterable[str]) -> set[str]:
    """The paths and every folder above them: what may not be ignored, where they are signed."""
    found = set(paths)
    for path in tuple(found):
        end = path.rfind("/")
        while end > 0 and (above := path[:end]) not in found:
            found.add(above)
            end = path.rfind("/", 0, end)
    return found


def walk(root: Path, ignored: Iterable[str] = GIT_PATHS) -> Walk:
    """List a model directory without reading a file.

    Raises CannotCheck when it can't be listed, Fault "bad path", "symlink" or "special file" otherwise;
    nothing below an ignored path is looked at beyond its name.
    """
    leave = {path.strip("/") for path in ignored}
    files: list[Found] = []
    left_out: list[str] = []
    empty: list[str] = []
    stack = [""]
    try:
        if not stat.S_ISDIR(os.lstat(root).st_mode):
            raise Fault("symlink" if root.is_symlink() else "not a directory", f"{root} isn't a directory")
        while stack:
            folder = stack.pop()
            with os.scandir(root / folder) as listing:
                entries = list(listing)
            if folder and not entries:
                empty.append(folder)
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in leave:
                    left_out += _below(root, path) if entry.is_dir(follow_symlinks=False) else [path]
                    continue
                check_path(path)
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    stack.append(path)
                elif stat.S_ISREG(info.st_mode):
                    files.append(Found(path, info.st_size, _mark(info), stat.S_IMODE(info.st_mode)))
                elif stat.S_ISLNK(info.st_mode):
                    raise Fault("symlink", f"'{path}' is a symbolic link")
                else:
                    raise Fault("special file", f"'{path}' is a device, pipe or socket")
            if len(files) > MAX_FILES:
                raise Fault("too many files", f"more than {MAX_FILES:,} files")
    except OSError as error:
        raise CannotCheck(f"{error.filename or root}: {error.strerror or error}") from error
    return Walk(
        tuple(sorted(files, key=lambda file: file.path)), tuple(sorted(left_out)), tuple(sorted(empty))
    )


def build(
    root: Path, ignored: Iterable[str] = GIT_PATHS, *, workers: int | None = None, seen: Walk | None = None
) -> Manifest:
    """The manifest of the model directory `root`, every file hashed from its bytes.

    `seen` is a walk made before (its marks are then what must not have changed). Raises Fault for an
    empty model, for what `walk` refuses and "changed while reading"; CannotCheck for unreadable files.
    """
    leave = tuple(sorted({path.strip("/") for path in ignored}))
    seen = seen or walk(root, leave)
    check_substance(seen)
    spans = [Span(file.path, 0, file.size) for file in seen.files]
    digests = hash_spans(root, seen, spans, workers=workers)
    again = walk(root, leave)
    if [(file.path, file.mark) for file in again.files] != [(file.path, file.mark) for file in seen.files]:
        before, after = set(seen.files), set(again.files)
        raise Fault("changed while reading", f"'{min(file.path for file in before ^ after)}'")
    files = zip(seen.files, digests, strict=True)
    return Manifest(tuple(File(file.path, digest, file.size) for file, digest in files), leave)


def check_substance(seen: Walk) -> None:
    """Raises Fault "empty model" when there is no file, or no byte in any file."""
    if not seen.files:
        raise Fault("empty model", "the directory holds no file that isn't ignored")
    if not any(file.size for file in seen.files):
        raise Fault("empty model", "every file of the directory is empty")


def hash_spans(
    root: Path, seen: Walk, spans: Sequence[Span], *, algorithm: str = "sha256", workers: int | None = None
) -> list[str]:
    """Hex digests of `spans`, in their order, read by `workers` threads with equal shares of bytes.

    `algorithm` is `sha256` or `blake2b` (512 bit). Raises Fault "changed while reading", CannotCheck for
    an algorithm that isn't there.
    """
    if algorithm not in _HASHES:
        raise CannotCheck(f"hash algorithm '{algorithm}' isn't supported")
    known = {file.path: file for file in seen.files}
    count = max(1, min(workers or os.cpu_count() or 1, len(spans), 16))
    shares: list[list[int]] = [[] for _ in range(count)]
    loads = [0] * count
    # Longest first onto the lightest share: no thread ends long after the others. Small files stay with one thread: the
    # interpreter's lock makes two slower than one at them.
    for number in sorted(range(len(spans)), key=lambda n: spans[n].end - spans[n].start, reverse=True):
        length = spans[number].end - spans[number].start
        lightest = 0 if length <= _SMALL else loads.index(min(loads))
        shares[lightest].append(number)
        loads[lightest] += length
    shares = [share for share in shares if share]
    digests = [""] * len(spans)

    base, make = f"{os.fspath(root)}/", _HASHES[algorithm]

    def work(share: list[int]) -> None:
        buffer = memoryview(bytearray(_CHUNK))
        for number in share:
            span = spans[number]
            digests[number] = _hash_span(base, known[span.path], span, make, buffer)

    if len(shares) < 2:
        for share in shares:
            work(share)
    else:
        with ThreadPoolExecutor(len(shares)) as pool:
            list(pool.map(work, shares))
    return digests


def strict_findings(seen: Walk) -> list[str]:
    """What OpenSSF Model Signing lets through and a careful reader wants to hear of, one sentence each."""
    found = [f"'{path}' lies under an ignored path and isn't signed" for path in seen.left_out]
    found += [f"'{path}' is an empty directory and isn't signed" for path in seen.empty]
    found += [f"'{file.path}' is executable" for file in seen.files if file.mode & 0o111]
    found += name_findings([file.path for file in seen.files])
    return found


def name_findings(paths: Iterable[str]) -> list[str]:
    """Names that another file system, shell or eye would take for something else."""
    found = []
    folded: dict[str, str] = {}
    for path in paths:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        if key in folded:
            found.append(f"'{path}' and '{folded[key]}' are the same name elsewhere (case or Unicode form)")
        folded.setdefault(key, path)
        if any(unicodedata.category(char) == "Cf" for char in path):
            found.append(f"'{path}' has invisible or direction-changing characters")
        if "\\" in path or any(part.startswith("-") for part in path.split("/")):
            found.append(f"'{path}' reads as a path separator or an option elsewhere")
        stems = [part.split(".")[0].upper() for part in path.split("/")]
        if any(stem in _RESERVED for stem in stems) or any(part[-1] in " ." for part in path.split("/")):
            found.append(f"'{path}' can't be stored under this name on Windows")
    return found


_RESERVED: Final = {"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))}


def _mark(info: os.stat_result) -> tuple[int, ...]:
    return (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _below(root: Path, path: str) -> list[str]:
    """Names of everything below an ignored directory, for strict mode; the files aren't opened."""
    names = []
    for folder, folders, files in os.walk(root / path):
        inside = Path(folder).relative_to(root).as_posix()
        names += [f"{inside}/{name}" for name in files]
        names += [f"{inside}/{name}" for name in folders if (Path(folder) / name).is_symlink()]
    return names


def _hash_span(base: str, file: Found, span: Span, make: Callable[..., Any], buffer: memoryview) -> str:
    path = base + file.path
    try:
        handle = os.open(path, _READ)
    except OSError as error:
        if os.path.lexists(path) and not os.path.islink(path):
            raise CannotCheck(f"{path}: {error.strerror or error}") from error
        raise Fault("changed while reading", f"'{file.path}'") from error
    try:
        if _mark(os.fstat(handle)) != file.mark:
            raise Fault("changed while reading", f"'{file.path}'")
        if span.start:
            os.lseek(handle, span.start, os.SEEK_SET)
        left = span.end - span.start
        if left <= _SMALL:
            # Read at once and hashed at once: for a small file each call costs as much as its bytes.
            data = os.read(handle, left)
            digest = make(data)
            left -= len(data)
        else:
            digest = make()
            while left:
                count = os.readv(handle, [buffer[: min(left, _CHUNK)]])
                if not count:
                    break
                digest.update(buffer[:count])
                left -= count
        if left or _mark(os.fstat(handle)) != file.mark:
            raise Fault("changed while reading", f"'{file.path}'")
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror or error}") from error
    finally:
        os.close(handle)
    return str(digest.hexdigest())
