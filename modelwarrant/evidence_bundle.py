"""The auditor's pack: one directory or ZIP with a signed index of everything in it.

`index.json` is a DSSE-signed in-toto statement that lists every other file with path, role, size and
SHA-256. What the index doesn't list is a fault, and so is what it lists and isn't there. The files of each
role are then verified with the same code an auditor could run on them singly. Only keys that the caller
gives are trusted: keys that lie in the pack are copies, not anchors.
"""

from __future__ import annotations

import hashlib
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from modelwarrant import bundle, canonical, entry, envelope, manifest, note, oms, report, status, warrant
from modelwarrant.envelope import hex_sha256, members
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import Signer, TrustedKey
from modelwarrant.verify_log import verify_log

PREDICATE_TYPE: Final = "https://modelwarrant.dev/evidence-bundle/v1"
INDEX: Final = "index.json"
LOG_FOLDER: Final = "ledger"
ROLES: Final = (
    "log",
    "warrant",
    "status",
    "model-bundle",
    "report",
    "report-signature",
    "data",
    "key",
    "document",
)
MAX_FILES: Final = 200_000
MAX_TOTAL: Final = 16 * 2**30
MAX_INDEX: Final = 64 * 2**20
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """One listed file: path in the pack, role (one of ROLES), size in bytes, hex SHA-256.

    Log files lie under `ledger/`; a report's signature is called like the report plus `.dsse.json`.
    """

    path: str
    role: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CheckedPack:
    """A pack whose index is signed and whose files are those listed.

    `verified` and `not_checked` hold one line per item of a verifiable role; the second for want of a key.
    """

    id: str
    created: datetime
    key: TrustedKey
    items: tuple[Item, ...]
    verified: tuple[str, ...]
    not_checked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Anchors:
    """What the caller trusts, and the moment asked about."""

    trust: Sequence[TrustedKey]
    verifiers: Sequence[note.Verifier]
    at: datetime


def make(directory: Path, roles: Callable[[str], str], *, id: str, created: datetime, signer: Signer) -> None:
    """Write `index.json` over all files of `directory`; `roles` gives each path its role.

    Raises ValueError for an unknown role, and what `manifest.build` raises for links and the like.
    """
    built = manifest.build(directory, (INDEX,))
    items = [Item(file.path, roles(file.path), file.size, file.sha256) for file in built.files]
    predicate = {
        "created": entry.format_time(created),
        "files": [
            {"path": item.path, "role": item.role, "sha256": item.sha256, "size": item.size} for item in items
        ],
        "id": id,
    }
    subject = ((id, hashlib.sha256(canonical.encode(predicate["files"])).hexdigest()),)
    statement = envelope.Statement(subject, PREDICATE_TYPE, predicate)
    try:
        _read_index(statement)
    except Fault as fault:
        raise ValueError(str(fault)) from fault
    signed = envelope.sign(canonical.encode(statement.document()), [signer])
    (directory / INDEX).write_bytes(canonical.encode(signed.document()) + b"\n")


def pack(directory: Path, target: Path) -> None:
    """The pack as a ZIP whose bytes depend on nothing but the files (fixed dates and order)."""
    names = [file.path for file in manifest.walk(directory, ()).files]
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(names, key=lambda path: (path != INDEX, path)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            with (directory / name).open("rb") as source, archive.open(info, "w", force_zip64=True) as sink:
                while chunk := source.read(_CHUNK):
                    sink.write(chunk)


def check(
    path: Path, *, trust: Sequence[TrustedKey], at: datetime, verifiers: Sequence[note.Verifier] = ()
) -> CheckedPack:
    """Verify a pack, a directory or a ZIP. Raises Fault at the first thing wrong, naming the file;
    CannotCheck when no given key signed the index."""
    anchors = _Anchors(trust, verifiers, at)
    if path.is_dir() and not path.is_symlink():
        index = _read_file(path / INDEX)
        key, id, created, items = _open_index(index, trust)
        _compare(path, items)
        verified, not_checked = _check_items(path, items, anchors)
    else:
        with tempfile.TemporaryDirectory(prefix="modelwarrant-") as folder, _open_zip(path) as archive:
            listed = _list_zip(archive)
            if INDEX not in listed:
                raise Fault("missing", f"'{INDEX}'")
            key, id, created, items = _open_index(_read_member(archive, listed[INDEX], MAX_INDEX), trust)
            # Sizes come from the signed index, so nothing is unpacked beyond what was vouched for.
            _unpack(archive, listed, items, Path(folder))
            verified, not_checked = _check_items(Path(folder), items, anchors)
    return CheckedPack(id, created, key, items, tuple(verified), tuple(not_checked))


def _open_index(
    data: bytes, trust: Sequence[TrustedKey]
) -> tuple[TrustedKey, str, datetime, tuple[Item, ...]]:
    signed = envelope.read(canonical.decode(data.removesuffix(b"\n")))
    # The pack's own keys of other purposes are given with the same option, so only report keys are asked.
    mine = [key for key in trust if key.id in {signature.keyid for signature in signed.signatures}]
    key = envelope.verify(signed, mine or trust, "report")[0]
    statement = envelope.read_statement(canonical.decode(signed.payload), PREDICATE_TYPE)
    id, created, items = _read_index(statement)
    if objection := key.objection("report", created):
        raise Fault(objection, f"the index was signed at {entry.format_time(created)}")
    return key, id, created, items


def _read_index(statement: envelope.Statement) -> tuple[str, datetime, tuple[Item, ...]]:
    says = statement.predicate
    members(says, "index", required=("created", "files", "id"))
    if not isinstance(says["id"], str) or not isinstance(says["created"], str):
        raise Fault("malformed", "index: id and created are texts")
    if not isinstance(says["files"], list) or not 0 < len(says["files"]) <= MAX_FILES:
        raise Fault("malformed", f"index: files must be a list of 1 to {MAX_FILES:,}")
    items = []
    for value in says["files"]:
        members(value, "file", required=("path", "role", "sha256", "size"))
        if not isinstance(value["path"], str) or value["path"] == INDEX:
            raise Fault("malformed", "index: a path must be text, and not the index itself")
        if value["role"] not in ROLES:
            raise Fault("malformed", f"index: unknown role {value['role']!r:.80}")
        size: Any = value["size"]
        if type(size) is not int or not 0 <= size <= MAX_TOTAL:
            raise Fault("malformed", "index: size must be a number of bytes")
        path = manifest.check_path(value["path"])
        if (value["role"] == "log") != path.startswith(f"{LOG_FOLDER}/"):
            raise Fault("malformed", f"index: log files, and only they, lie under '{LOG_FOLDER}/': '{path}'")
        items.append(Item(path, value["role"], size, hex_sha256(value["sha256"], "file digest")))
    if len({item.path for item in items}) != len(items):
        raise Fault("malformed", "index: a path is listed twice")
    if sum(item.size for item in items) > MAX_TOTAL:
        raise Fault("too large", f"the pack holds more than {MAX_TOTAL:,} bytes")
    digest = hashlib.sha256(canonical.encode(says["files"])).hexdigest()
    if statement.subjects != ((says["id"], digest),):
        raise Fault("inconsistent", "the index isn't its own subject")
    return says["id"], entry.parse_time(says["created"]), tuple(items)


def _compare(root: Path, items: Sequence[Item]) -> None:
    seen = manifest.walk(root, (INDEX,))
    listed = {item.path: item for item in items}
    there = {file.path: file for file in seen.files}
    for path in sorted(listed.keys() | there.keys()):
        if path not in there:
            raise Fault("missing", f"'{path}' is listed but isn't there")
        if path not in listed:
            raise Fault("extra", f"'{path}' is there but isn't listed")
        if there[path].size != listed[path].size:
            raise Fault("changed", f"'{path}'")
    spans = [manifest.Span(item.path, 0, item.size) for item in items]
    for item, digest in zip(items, manifest.hash_spans(root, seen, spans), strict=True):
        if digest != item.sha256:
            raise Fault("changed", f"'{item.path}'")


def _check_items(root: Path, items: Sequence[Item], anchors: _Anchors) -> tuple[list[str], list[str]]:
    """Lines on what was verified and what wasn't. Raises Fault naming the file."""
    verified: list[str] = []
    not_checked: list[str] = []
    paths = {item.path for item in items}
    checks: list[tuple[str, Callable[[Path, _Anchors], str]]] = [
        (item.path, _CHECKS[item.role]) for item in items if item.role in _CHECKS
    ]
    if any(item.role == "log" for item in items):
        checks.insert(0, (LOG_FOLDER, _check_log))
    for item in items:
        if item.role == "report" and item.path + report.SUFFIX not in paths:
            raise Fault("missing", f"'{item.path}{report.SUFFIX}', the signature of '{item.path}'")
        if item.role == "report-signature" and item.path.removesuffix(report.SUFFIX) not in paths - {
            item.path
        }:
            raise Fault("missing", f"the report that '{item.path}' signs")
    for path, check_one in checks:
        try:
            verified.append(f"{path}: {check_one(root / path, anchors)}")
        except CannotCheck as why:
            not_checked.append(f"{path}: {why}")
        except Fault as fault:
            raise Fault(fault.kind, f"'{path}': {fault.message}", fault.index) from fault
    return verified, not_checked


def _check_log(folder: Path, anchors: _Anchors) -> str:
    if not anchors.verifiers:
        raise CannotCheck("no log key given")
    return f"log of {verify_log(folder, anchors.verifiers).checkpoint.size} entries, verified in full"


def _check_warrant(file: Path, anchors: _Anchors) -> str:
    checked = warrant.check(
        file.read_bytes(), trust=anchors.trust, verifiers=anchors.verifiers, at=anchors.at
    )
    proved = "in the log" if checked.log_proof else "log proof NOT CHECKED (no log key given)"
    return f"warrant {checked.terms.id}, {checked.status} at {entry.format_time(anchors.at)}, {proved}"


def _check_status(file: Path, anchors: _Anchors) -> str:
    # A pack is read long after it was made: what counts is that the list is genuine, not that it is fresh.
    listed = status.check(file.read_bytes(), trust=anchors.trust, at=None)
    return f"status list of {entry.format_time(listed.issued)}, {len(listed.void)} void"


def _check_model(file: Path, anchors: _Anchors) -> str:
    read = bundle.read(file.read_bytes())
    oms.verify_bundle(read, anchors.trust)
    return f"signature over model {read.payload_digest} ({len(read.resources)} files, not in the pack)"


def _check_report(file: Path, anchors: _Anchors) -> str:
    side = file.with_name(file.name + report.SUFFIX).read_bytes()
    checked = report.check(side, file.read_bytes(), trust=anchors.trust, verifiers=anchors.verifiers)
    shown = "" if checked.checkpoint else ", its checkpoint NOT CHECKED (no log key given)"
    return f"{checked.facts.kind} report {checked.facts.id}{shown}"


_CHECKS: Final[dict[str, Callable[[Path, _Anchors], str]]] = {
    "warrant": _check_warrant,
    "status": _check_status,
    "model-bundle": _check_model,
    "report": _check_report,
}


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_INDEX + 1)
    except FileNotFoundError as error:
        raise Fault("missing", f"'{INDEX}'") from error
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror or error}") from error
    if len(data) > MAX_INDEX:
        raise Fault("malformed", f"an index larger than {MAX_INDEX:,} bytes")
    return data


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Fault("malformed", f"neither a directory nor a ZIP: {error}") from error


def _list_zip(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    listed: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > MAX_FILES + 1:
        raise Fault("too many files", f"more than {MAX_FILES:,} files")
    for info in infos:
        name = manifest.check_path(info.orig_filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if name in listed:
            raise Fault("malformed", f"'{name}' is in the ZIP twice")
        if kind not in (0, stat.S_IFREG) or info.flag_bits & 1:
            raise Fault("special file", f"'{name}' is a link, a device or encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Fault("malformed", f"'{name}' is packed in an unusual way")
        listed[name] = info
    return listed


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    return b"".join(_chunks(archive, info, limit))


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> Iterable[bytes]:
    """The bytes of a member, never more than `limit`, whatever its headers say."""
    left = limit
    try:
        with archive.open(info) as source:
            while chunk := source.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise Fault("changed", f"'{info.filename}' is larger than it may be")
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Fault("malformed", f"'{info.filename}' can't be unpacked: {error}") from error


def _unpack(
    archive: zipfile.ZipFile, listed: dict[str, zipfile.ZipInfo], items: Sequence[Item], folder: Path
) -> None:
    wanted = {item.path for item in items}
    for path in sorted((set(listed) ^ wanted) - {INDEX}):
        if path in wanted:
            raise Fault("missing", f"'{path}' is listed but isn't there")
        raise Fault("extra", f"'{path}' is there but isn't listed")
    for item in items:
        target = folder / item.path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        with target.open("xb") as sink:
            for chunk in _chunks(archive, listed[item.path], item.size):
                digest.update(chunk)
                size += len(chunk)
                sink.write(chunk)
        if size != item.size or digest.hexdigest() != item.sha256:
            raise Fault("changed", f"'{item.path}'")
