"""Texts about people: committed to in the entry, kept encrypted beside it.

A text is sealed with AES-256-GCM under its person's key together with the nonce of its commitment. Whoever destroys
the key has destroyed text and nonce; the commitment in the entry, and with it every proof, stays.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger import clock
from ledger.models import PersonalText, PersonKey
from modelwarrant import canonical

_IV_BYTES = 12


@dataclass(frozen=True, slots=True)
class Opened:
    """A text and the nonce that shows it is the one committed to."""

    text: str
    nonce: bytes

    def fits(self, field: str, commitment: str) -> bool:
        return canonical.commitment(self.nonce, field, self.text) == commitment


def commit(entry_id: UUID, texts: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Store `texts` (field -> (pseudonym, text)) of an entry and return field -> commitment."""
    keys = {pseudonym: _key(pseudonym) for pseudonym, _ in texts.values()}
    commitments = {}
    rows = []
    for field, (pseudonym, text) in texts.items():
        nonce = os.urandom(canonical.NONCE_BYTES)
        commitments[field] = canonical.commitment(nonce, field, text)
        iv = os.urandom(_IV_BYTES)
        sealed = iv + AESGCM(keys[pseudonym]).encrypt(iv, nonce + text.encode(), _bound(entry_id, field))
        rows.append(PersonalText(entry_id=entry_id, field=field, pseudonym=pseudonym, sealed=sealed))
    PersonalText.objects.bulk_create(rows)
    return commitments


def unseal(row: PersonalText, key: bytes) -> Opened | None:
    """What `row` holds; None when the key doesn't open it."""
    sealed = bytes(row.sealed)
    try:
        clear = AESGCM(key).decrypt(sealed[:_IV_BYTES], sealed[_IV_BYTES:], _bound(row.entry_id, row.field))
    except (InvalidTag, ValueError):
        return None
    return Opened(clear[canonical.NONCE_BYTES :].decode(), clear[: canonical.NONCE_BYTES])


def texts_of(entry_ids: list[UUID]) -> dict[tuple[UUID, str], Opened | None]:
    """(entry, field) -> text with nonce, or None where it is there and can't be opened. Absent: never or no more."""
    rows = list(PersonalText.objects.filter(entry_id__in=entry_ids))
    keys = PersonKey.objects.in_bulk({row.pseudonym for row in rows})
    return {
        (row.entry_id, row.field): unseal(row, bytes(keys[row.pseudonym].key))
        if row.pseudonym in keys
        else None
        for row in rows
    }


def _key(pseudonym: str) -> bytes:
    known = PersonKey.objects.filter(pseudonym=pseudonym).values_list("key", flat=True).first()
    if known is None:
        # Two first writers: the second keeps the first one's key.
        made = PersonKey(pseudonym=pseudonym, key=AESGCM.generate_key(bit_length=256), created_at=clock.now())
        PersonKey.objects.bulk_create([made], ignore_conflicts=True)
        known = PersonKey.objects.values_list("key", flat=True).get(pseudonym=pseudonym)
    return bytes(known)


def _bound(entry_id: UUID, field: str) -> bytes:
    return f"{entry_id}\n{field}".encode()
