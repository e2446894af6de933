"""Texts about people: committed to in the entry, kept encrypted beside it.

A text is sealed with AES-256-GCM under its person's key together with the nonce of its commitment. Whoever destroys
the key has destroyed text and nonce; the commitment in the entry, and with it every proof, stays (`services.erasure`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger import clock, events, reading
from ledger.models import Entry, PersonalText, PersonKey
from ledger.services import plain_sql
from modelwarrant import canonical, entry

_IV_BYTES = 12


class Erased:
    """In place of a text whose person was erased, as the log says."""


ERASED = Erased()


@dataclass(frozen=True, slots=True)
class Opened:
    """A text and the nonce that shows it is the one committed to."""

    text: str
    nonce: bytes

    def fits(self, field: str, commitment: str) -> bool:
        return canonical.commitment(self.nonce, field, self.text) == commitment


def commit(entry_id: UUID, texts: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Store `texts` (field -> (pseudonym, text)) of an entry and return field -> commitment."""
    keys = _keys(sorted({pseudonym for pseudonym, _ in texts.values()}))
    commitments = {}
    rows = []
    for field, (pseudonym, text) in texts.items():
        nonce = os.urandom(canonical.NONCE_BYTES)
        commitments[field] = canonical.commitment(nonce, field, text)
        iv = os.urandom(_IV_BYTES)
        sealed = iv + AESGCM(keys[pseudonym]).encrypt(iv, nonce + text.encode(), _bound(entry_id, field))
        rows.append({"entry_id": entry_id, "field": field, "pseudonym": pseudonym, "sealed": sealed})
    plain_sql.insert(PersonalText, rows)
    return commitments


def unseal(row: PersonalText, key: bytes) -> Opened | None:
    """What `row` holds; None when the key doesn't open it."""
    sealed = bytes(row.sealed)
    try:
        clear = AESGCM(key).decrypt(sealed[:_IV_BYTES], sealed[_IV_BYTES:], _bound(row.entry_id, row.field))
    except (InvalidTag, ValueError):
        return None
    return Opened(clear[canonical.NONCE_BYTES :].decode(), clear[: canonical.NONCE_BYTES])


def texts_of(entry_ids: list[UUID]) -> dict[tuple[UUID, str], Opened | Erased | None]:
    """(entry, field) -> text with nonce; ERASED; or None where it is there and can't be opened. Absent: never."""
    rows = reading.read(PersonalText, "entry_id", entry_ids)
    keys = plain_sql.by_key(PersonKey, "key", sorted({row.pseudonym for row in rows}))
    gone = erased() if any(not row.sealed for row in rows) else {}
    found: dict[tuple[UUID, str], Opened | Erased | None] = {}
    for row in rows:
        place = (row.entry_id, row.field)
        if not row.sealed and row.pseudonym in gone:
            found[place] = ERASED
        else:
            key = keys.get(row.pseudonym)
            found[place] = unseal(row, bytes(key)) if key else None
    return found


def erased() -> dict[str, tuple[int, str]]:
    """Pseudonym -> number and digest of the texts that were erased, of everybody whose erasure the log records."""
    found = {}
    for data in Entry.objects.filter(event=events.PERSON_ERASED.name).values_list("bytes", flat=True):
        said = entry.parse(bytes(data)).entry
        if said is not None and said.event == events.PERSON_ERASED.name:
            found[str(said.data["person"])] = (int(said.data["texts"]), str(said.data["digest"]))
    return found


def list_digest(rows: Iterable[tuple[UUID, str]]) -> str:
    """`sha256:...` of (entry, field) pairs in their only order: what an erasure took, named without its texts."""
    return canonical.digest(canonical.encode(sorted(f"{entry_id} {field}" for entry_id, field in rows)))


def _keys(pseudonyms: list[str]) -> dict[str, bytes]:
    known = plain_sql.by_key(PersonKey, "key", pseudonyms)
    new = [name for name in pseudonyms if name not in known]
    if new:
        # Two first writers: the second keeps the first one's key.
        now = clock.now()
        made = [PersonKey(pseudonym=name, key=AESGCM.generate_key(256), created_at=now) for name in new]
        PersonKey.objects.bulk_create(made, ignore_conflicts=True)
        known |= plain_sql.by_key(PersonKey, "key", new)
    return {name: bytes(key) for name, key in known.items()}


def _bound(entry_id: UUID, field: str) -> bytes:
    return f"{entry_id}\n{field}".encode()
