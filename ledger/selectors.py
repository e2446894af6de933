"""What pages, gates and other apps ask the log. Reads only; who may ask is decided above."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from ledger import clock, tree, triggers
from ledger.catalogue import catalogue
from ledger.models import Checkpoint, Entry, KeyRecord, Leaf, LedgerAudit, Log, Pending
from modelwarrant import entry, keys, merkle, note, proof
from modelwarrant.errors import Fault

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One entry for a page. `index` is None until it is integrated; `parsed` holds what the bytes say, with
    version 0 and nothing else for bytes that are no entry (the self-audit names them)."""

    row: Entry
    index: int | None
    parsed: entry.Parsed
    title: str


def current_log() -> Log | None:
    """The log that is written to; None before the first `migrate`."""
    return Log.objects.order_by("-number").first()


def latest_checkpoint() -> Checkpoint | None:
    """The newest signed statement of the present log."""
    log = current_log()
    return Checkpoint.objects.filter(log=log.number).order_by("-size", "-id").first() if log else None


def place_of(entry_id: UUID) -> Leaf | None:
    """Where an entry is; None while it is pending, or not there at all."""
    return Leaf.objects.filter(pk=entry_id).first()


def checkpoint_over(leaf: Leaf) -> Checkpoint | None:
    """The newest checkpoint whose tree contains this leaf."""
    over = Checkpoint.objects.filter(log=leaf.log, size__gt=leaf.index)
    return over.order_by("-size", "-id").first()


def proof_for(entry_id: UUID) -> bytes | None:
    """The C2SP tlog-proof of an entry, as text bytes; None until it is published."""
    leaf = place_of(entry_id)
    checkpoint = checkpoint_over(leaf) if leaf else None
    if leaf is None or checkpoint is None:
        return None
    log = Log.objects.get(number=leaf.log)
    path = merkle.prove_inclusion(tree.reader(log, checkpoint.size), leaf.index, checkpoint.size)
    return proof.make(leaf.index, path, bytes(checkpoint.note))


def is_published(entry_id: UUID) -> bool:
    """Whether a signed checkpoint covers the entry."""
    leaf = place_of(entry_id)
    return leaf is not None and checkpoint_over(leaf) is not None


def wait_published(entry_id: UUID, seconds: float = 2.0) -> bool:
    """Wait until the entry is published, at most `seconds`. Outside of transactions: inside nothing appears."""
    deadline = time.monotonic() + seconds
    while not is_published(entry_id):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def receipt_for(entry_id: UUID) -> dict[str, str] | None:
    """What `records.Receipt.as_dict` gave when the entry was written; None where there is no such entry."""
    row = Entry.objects.filter(pk=entry_id).first()
    if row is None:
        return None
    return {"entry": str(row.pk), "leaf": merkle.leaf_hash(bytes(row.bytes)).hex(), "log": row.origin}


def history(kind: str, subject_id: UUID | str, *, limit: int = 500) -> list[HistoryItem]:
    """The last `limit` entries about one subject, oldest first: integrated ones by index, then pending ones."""
    rows = Entry.objects.filter(subject_kind=kind, subject_id=str(subject_id)).order_by("-at")
    return ordered(list(rows[:limit]))


def recent(*, limit: int = 50, before: int | None = None) -> list[HistoryItem]:
    """Integrated entries of the present log, newest first, below index `before`."""
    log = current_log()
    if log is None:
        return []
    leaves = Leaf.objects.filter(log=log.number).order_by("-index")
    if before is not None:
        leaves = leaves.filter(index__lt=before)
    wanted = list(leaves.values_list("entry_id", flat=True)[:limit])
    return ordered(list(Entry.objects.filter(pk__in=wanted)))[::-1]


def ordered(rows: Sequence[Entry]) -> list[HistoryItem]:
    """Entries in the order in which they happened: by place in their log, then the pending by number."""
    ids = [row.pk for row in rows]
    leaves = Leaf.objects.in_bulk(ids)
    waiting = dict(Pending.objects.filter(entry_id__in=ids).values_list("entry_id", "id"))

    def key(row: Entry) -> tuple[int, int, int]:
        leaf = leaves.get(row.pk)
        return (0, leaf.log, leaf.index) if leaf else (1, 0, waiting.get(row.pk, 2**63))

    return [
        HistoryItem(
            row,
            leaves[row.pk].index if row.pk in leaves else None,
            _read(bytes(row.bytes)),
            catalogue.title(row.event),
        )
        for row in sorted(rows, key=key)
    ]


def _read(data: bytes) -> entry.Parsed:
    try:
        return entry.parse(data)
    except Fault:
        return entry.Parsed(0, {}, None)


def pending_count() -> int:
    """Entries recorded and not integrated."""
    return Pending.objects.count()


def pending_age() -> float | None:
    """Seconds since the oldest pending entry was recorded; None when nothing is pending."""
    first = Pending.objects.order_by("id").first()
    at = Entry.objects.filter(pk=first.entry_id).values_list("at", flat=True).first() if first else None
    return max(0.0, (clock.now() - at).total_seconds()) if at else None


def unpublished() -> int:
    """Integrated entries of the present log that no checkpoint covers yet."""
    log, checkpoint = current_log(), latest_checkpoint()
    return tree.size(log) - (checkpoint.size if checkpoint else 0) if log else 0


def triggers_missing() -> list[str]:
    """Names of triggers that aren't there as they should be; for start-up and `/readyz`."""
    return triggers.missing(connection)


def last_audit(*, full: bool | None = None) -> LedgerAudit | None:
    """The newest self-audit."""
    runs = LedgerAudit.objects.order_by("-at", "-id")
    return (runs if full is None else runs.filter(full=full)).first()


def raw_ed25519(public: keys.PublicKey) -> bytes:
    """The 32 bytes of a log key. Raises KeyRefused for a key of another kind."""
    if not isinstance(public, Ed25519PublicKey):
        raise keys.KeyRefused("a log key is an Ed25519 key")
    return public.public_bytes_raw()


def verifier(row: KeyRecord, log: Log) -> note.Verifier:
    """What verifies this key's signatures on checkpoints of `log`. Raises KeyRefused, ValueError."""
    return note.Verifier(log.origin, raw_ed25519(keys.load_public(row.public.encode())))


def verifiers() -> list[note.Verifier]:
    """Verifiers of the present log: its active keys and those that were active."""
    log = current_log()
    rows = KeyRecord.objects.filter(purpose="log", state__in=("active", "retired")).order_by("not_before")
    return [verifier(row, log) for row in rows] if log else []


def first_entry(kind: str, subject_id: UUID | str) -> Entry | None:
    """The oldest entry about a subject."""
    rows = list(Entry.objects.filter(subject_kind=kind, subject_id=str(subject_id)).order_by("at")[:500])
    return ordered(rows)[0].row if rows else None


def parsed(row: Entry) -> entry.Entry:
    """What an entry's bytes say. Raises Fault for bytes that are no entry of a version known here."""
    found = entry.parse(bytes(row.bytes))
    if found.entry is None:
        raise Fault("malformed", f"entry version {found.version} is not known to this software")
    return found.entry


def key_by_id(purpose: str, keyid: str) -> KeyRecord | None:
    """The record of a key, whatever its state."""
    return KeyRecord.objects.filter(purpose=purpose, keyid=keyid).first()


def trusted_keys(purpose: keys.Purpose) -> list[keys.TrustedKey]:
    """Public keys that vouch for `purpose`: active ones, and retired ones for the time they were active."""
    rows = KeyRecord.objects.filter(purpose=purpose, state__in=("active", "retired")).order_by("not_before")
    return [
        keys.TrustedKey(
            public=keys.load_public(row.public.encode()),
            purposes=frozenset({purpose}),
            not_before=row.not_before,
            not_after=row.not_after,
            name=row.label or row.keyid[:12],
        )
        for row in rows
    ]
