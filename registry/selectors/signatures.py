"""Whether a version's files are signed, judged from the stored bytes and the keys as they are now.

A status column is what somebody saw on a day; a gate asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from ledger.models import KeyRecord
from ledger.selectors import first_entry, place_in_logs, revoked_before, trusted_keys
from modelwarrant import bundle, keys, manifest, oms
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import TrustedKey
from registry import storage
from registry.models import Binding, Signature, SignatureStatus, Version
from registry.selectors import versions

BUNDLE_LIMIT = 16 * 1024 * 1024
"""Bytes of a bundle; one of 50,000 files has about 10 MB."""


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
    return {row.path: (row.blob_id, row.blob.size) for row in versions.files(version.pk)}


def judge(
    data: bytes,
    files: Mapping[str, tuple[str, int]],
    *,
    at: datetime,
    recorded: tuple[int, int] | None = None,
) -> Judgement:
    """Hold an OMS bundle against stored files and the trusted model keys, each key as of `at`.

    `recorded` is the place in the logs where the bundle was received, None before it has one: what was received
    before the place that its key is revoked from stays good, whatever date its signer claims.
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

    trust, revoked = _model_keys(recorded)
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

    A valid one counts only if its payload is the version's subject. Needs no signature for `container` and
    `declared`: what they are bound by isn't in the store, and the answer says so.
    """
    if version.binding != Binding.BYTES:
        return Judgement(
            SignatureStatus.CANNOT_BE_CHECKED,
            f"Bound as {version.get_binding_display().lower()}: no stored files to hold a signature against.",
            payload_digest=version.subject_digest,
        )
    files = stored_files(version)
    judged = [_rejudge(row, version, files) for row in Signature.objects.filter(version=version)]
    if not judged:
        return UNSIGNED
    order = (SignatureStatus.VALID, SignatureStatus.INVALID, SignatureStatus.CANNOT_BE_CHECKED)
    return min(judged, key=lambda found: order.index(found.status))


def _rejudge(row: Signature, version: Version, files: Mapping[str, tuple[str, int]]) -> Judgement:
    try:
        data = storage.read(row.bundle_id, limit=BUNDLE_LIMIT)
    except (OSError, ValueError):
        return Judgement(SignatureStatus.CANNOT_BE_CHECKED, "The stored bundle can't be read.", row.keyid)
    if storage.sha256(data) != row.bundle_id:
        return Judgement(SignatureStatus.INVALID, "The stored bundle isn't what was given.", row.keyid)
    received = first_entry(row.ledger_kind, row.pk)
    if received is None:
        return Judgement(SignatureStatus.CANNOT_BE_CHECKED, "No entry of the log records it.", row.keyid)
    found = judge(data, files, at=row.checked_at, recorded=place_in_logs(received.pk))
    if found.valid and found.payload_digest != version.subject_digest:
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
    revoked = KeyRecord.objects.filter(purpose="model", state="revoked").values("keyid")
    return accepted().filter(version=version, keyid__in=revoked).exists()


def accepted() -> QuerySet[Signature]:
    """Signatures that were valid when they came."""
    return Signature.objects.filter(status=SignatureStatus.VALID)


def _model_keys(recorded: tuple[int, int] | None) -> tuple[list[TrustedKey], dict[str, str]]:
    """Keys to trust, and OMS hint -> key id of those revoked for what was received at `recorded`."""
    rows = KeyRecord.objects.filter(purpose="model", state="revoked")
    revoked = {
        keys.oms_hint(keys.load_public(row.public.encode())): row.keyid
        for row in rows
        if recorded is None or recorded >= revoked_before(row)
    }
    return trusted_keys("model", recorded=recorded), revoked


def _difference(signed: Mapping[str, str], stored: Mapping[str, str]) -> str:
    for path in sorted({*signed, *stored}):
        if path not in stored:
            return f"'{path}' is signed but not stored"
        if path not in signed:
            return f"'{path}' is stored but not signed"
        if signed[path] != stored[path]:
            return f"'{path}' has other bytes than those signed"
    return "" if signed else "nothing is signed"
