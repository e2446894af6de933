"""Whether a version's files are signed, judged from the stored bytes and the keys as they are now.

A status column is what somebody saw on a day; a gate asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from ledger.keyring import KeyRing
from ledger.selectors import first_item
from modelwarrant import bundle, keys, manifest, oms
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import TrustedKey
from registry import storage
from registry.models import Binding, Signature, SignatureStatus, Version
from registry.selectors.contents import contents_of

BUNDLE_LIMIT = 16 * 1024 * 1024
"""Bytes of a bundle; one of 50,000 files has about 10 MB."""


SUBJECT_FILE = {"container": "manifest.json", "declared": "declaration.json"}
"""Binding -> what the one signed file is called where its bundle doesn't say."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a bundle is worth for some files.

    `payload_digest` names the signed payload whatever the status (empty if the bundle can't be read).
    `ignored` are the paths that the signature leaves out, `manifest_digest` is that of the files under
    these rules.
    """

    status: SignatureStatus
    detail: str
    keyid: str = ""
    payload_digest: str = ""
    manifest_digest: str = ""
    ignored: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return self.status == SignatureStatus.VALID


UNSIGNED = Judgement(SignatureStatus.CANNOT_BE_CHECKED, "No signature was given.")


def manifest_of(
    files: Mapping[str, tuple[str, int]], ignored: tuple[str, ...] = manifest.GIT_PATHS
) -> manifest.Manifest:
    """The manifest of files given as path -> (hex SHA-256, size)."""
    listed = sorted(manifest.File(path, digest, size) for path, (digest, size) in files.items())
    return manifest.Manifest(tuple(listed), tuple(sorted(ignored)))


def stored_files(version: Version) -> dict[str, tuple[str, int]]:
    """Path -> (hex SHA-256, size in bytes) of the files that are there now."""
    return {row.path: (row.blob_id, row.blob.size) for row in contents_of(version).files}


def signed_files(version: Version, data: bytes) -> dict[str, tuple[str, int]]:
    """What the bundle `data` has to cover, path -> (hex SHA-256, size): the stored files, or the one file that is the
    subject, whatever it is called: the image manifest, or the canonical declaration (their SHA-256 is the subject).
    """
    if version.binding == Binding.BYTES:
        return stored_files(version)
    try:
        paths = [item.path for item in bundle.read(data).resources]
    except (Fault, CannotCheck):
        paths = []
    return {paths[0] if len(paths) == 1 else SUBJECT_FILE[version.binding]: (version.subject_digest, 0)}


def judge(
    data: bytes,
    files: Mapping[str, tuple[str, int]],
    *,
    at: datetime,
    recorded: tuple[int, int] | None = None,
    ring: KeyRing | None = None,
) -> Judgement:
    """Hold an OMS bundle against stored files and the trusted model keys, each key as of `at`.

    `recorded` is the place in the logs where the bundle was received, None before it has one: what was received
    before the place that its key is revoked from stays good, whatever date its signer claims. `ring` is for who has read
    the keys already.
    """
    try:
        read = bundle.read(data)
    except Fault as fault:
        return Judgement(SignatureStatus.INVALID, str(fault)[:500])
    except CannotCheck as unable:
        return Judgement(SignatureStatus.CANNOT_BE_CHECKED, str(unable)[:500])
    made = manifest_of(files, read.ignored).digest

    def answer(status: SignatureStatus, detail: str, keyid: str = "") -> Judgement:
        return Judgement(status, detail[:500], keyid, read.payload_digest, made, read.ignored)

    trust, revoked = _model_keys(ring or KeyRing(), recorded)
    if read.hint in revoked:
        return answer(SignatureStatus.INVALID, "The key is revoked.", revoked[read.hint])
    try:
        key = oms.verify_bundle(read, trust, at=at)
        if read.allow_symlinks:
            raise CannotCheck("it was signed with symbolic links followed; they are refused here")
        if read.shard_size is not None or read.algorithm != "sha256":
            raise CannotCheck("only whole files by SHA-256 can be held against what is stored")
    except Fault as fault:
        return answer(SignatureStatus.INVALID, str(fault))
    except CannotCheck as unable:
        return answer(SignatureStatus.CANNOT_BE_CHECKED, str(unable))
    signed = {item.path: item.digest for item in read.resources}
    if difference := _difference(signed, {path: digest for path, (digest, _) in files.items()}):
        return answer(SignatureStatus.INVALID, f"Subject mismatch: {difference}", key.id)
    return answer(SignatureStatus.VALID, f"By key {key.id[:16]} ({key.name}).", key.id)


def standing(version: Version) -> Judgement:
    """The best that the version's signatures are worth now for the files it has now.

    For files a valid one counts only if its payload is the version's subject; for `container` and `declared` it has
    to cover exactly the one file whose digest is the subject.
    """
    order = (SignatureStatus.VALID, SignatureStatus.INVALID, SignatureStatus.CANNOT_BE_CHECKED)
    best = UNSIGNED
    for row in contents_of(version).signatures:
        found = _rejudge(row, version)
        if found.valid:
            return found  # nothing is worth more, and each costs a file and a verification
        if best is UNSIGNED or order.index(found.status) < order.index(best.status):
            best = found
    return best


def _rejudge(row: Signature, version: Version) -> Judgement:
    try:
        data = storage.read(row.bundle_id, limit=BUNDLE_LIMIT)
    except (OSError, ValueError):
        return Judgement(SignatureStatus.CANNOT_BE_CHECKED, "The stored bundle can't be read.", row.keyid)
    if storage.sha256(data) != row.bundle_id:
        return Judgement(SignatureStatus.INVALID, "The stored bundle isn't what was given.", row.keyid)
    received = first_item(row.ledger_kind, row.pk)
    if received is None:
        return Judgement(SignatureStatus.CANNOT_BE_CHECKED, "No entry of the log records it.", row.keyid)
    found = judge(
        data,
        signed_files(version, data),
        at=row.checked_at,
        recorded=received.place,
        ring=contents_of(version).ring,
    )
    if version.binding == Binding.BYTES and found.valid and found.payload_digest != version.subject_digest:
        return Judgement(
            SignatureStatus.INVALID,
            "Subject mismatch: the signed payload isn't the subject of this version.",
            found.keyid,
            found.payload_digest,
        )
    return found


def rests_on_revoked(version: Version) -> bool:
    """Whether a signature accepted for this version is by a key that was revoked since, at whatever place.

    Cheap, for who asks often; what the signatures are still worth says `standing`.
    """
    contents = contents_of(version)
    given = {row.keyid for row in contents.accepted}
    return bool(given) and any(row.keyid in given for row in contents.ring.records("model", "revoked"))


def accepted() -> QuerySet[Signature]:
    """Signatures that were valid when they came."""
    return Signature.objects.filter(status=SignatureStatus.VALID)


def _model_keys(ring: KeyRing, recorded: tuple[int, int] | None) -> tuple[list[TrustedKey], dict[str, str]]:
    """Keys to trust, and OMS hint -> key id of those revoked for what was received at `recorded`."""
    revoked = {
        keys.oms_hint(keys.load_public(row.public.encode())): row.keyid
        for row in ring.records("model", "revoked")
        if recorded is None or recorded >= ring.revoked_before(row)
    }
    return ring.trusted("model", recorded=recorded), revoked


def _difference(signed: Mapping[str, str], stored: Mapping[str, str]) -> str:
    for path in sorted({*signed, *stored}):
        if path not in stored:
            return f"'{path}' is signed but not stored"
        if path not in signed:
            return f"'{path}' is stored but not signed"
        if signed[path] != stored[path]:
            return f"'{path}' has other bytes than those signed"
    return "" if signed else "nothing is signed"
