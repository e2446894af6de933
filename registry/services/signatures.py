"""Signatures given for a version: checked against the stored bytes, and recorded whatever came of it."""

from __future__ import annotations

from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, TooLarge
from ledger.services import records
from ledger.services.transactions import governed
from people.catalogue import P
from registry import events
from registry.models import Binding, Signature, SignatureStatus, Work
from registry.selectors.signatures import BUNDLE_LIMIT, Judgement, judge, signed_files
from registry.services import content
from registry.services.blobs import blob_of_bytes


@governed
def signature_add(*, actor: Actor, version_id: UUID | str, bundle: bytes) -> Signature:
    """Check an OMS bundle against the version's subject and the trusted model keys, and record it.

    For a `container` or `declared` version the bundle covers one file, the image manifest or the canonical declaration,
    whose digest is the subject. For files, the first valid signature over the present ones makes their signed payload the
    subject. A bundle that is invalid, or can't be checked, is recorded as such and changes nothing. Raises Invalid,
    TooLarge, Conflict.
    """
    version = content.opened(actor, version_id, P.SIGNATURE_ADD)
    if not bundle:
        raise Invalid("The bundle is empty.", field="bundle")
    if len(bundle) > BUNDLE_LIMIT:
        raise TooLarge(f"A bundle has at most {BUNDLE_LIMIT:,} bytes.", field="bundle")
    stored = signed_files(version, bundle)
    if not stored:
        raise Invalid("Attach the files before their signature.", field="bundle")
    now = clock.now()
    found = judge(bundle, stored, at=now)
    by_files = version.binding == Binding.BYTES
    if by_files and found.valid and version.subject_digest not in ("", found.payload_digest):
        detail = "Subject mismatch: another payload over these files is this version's subject already."
        found = Judgement(SignatureStatus.INVALID, detail, found.keyid, found.payload_digest)
    signature = Signature(version=version)
    records.write(
        actor=actor,
        event=events.SIGNATURE_ADDED,
        row=signature,
        set={
            "bundle": blob_of_bytes(bundle, "bundle.json"),
            "keyid": found.keyid,
            "status": found.status,
            "detail": found.detail,
            "manifest_digest": version.manifest_digest,
            "subject_digest": found.payload_digest,
            "added_by": actor.id,
            "checked_at": now,
        },
    )
    if found.valid and not version.subject_digest:
        content.changed(actor, version, Work.SIGNATURE, {"subject_digest": found.payload_digest})
    else:
        content.took_part(actor, version, Work.SIGNATURE)
    return signature
