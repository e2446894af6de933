"""What pages, gates and other apps ask the log. Reads only; who may ask is decided above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from django.db import connection
from django.db.models import Max

from ledger import clock, reading, tree, triggers
from ledger.catalogue import catalogue
from ledger.keyring import KeyRing, verifier
from ledger.models import (
    Checkpoint,
    Cosignature,
    Entry,
    KeyRecord,
    Leaf,
    LedgerAudit,
    Log,
    OutsideContact,
    Pending,
)
from modelwarrant import entry, keys, merkle, note, proof, witness
from modelwarrant.errors import CannotCheck, Fault


@dataclass(frozen=True)
class HistoryItem:
    """One entry for a page. `place` (number of the log, index) is None until it is integrated."""

    row: Entry
    place: tuple[int, int] | None
    title: str

    @property
    def index(self) -> int | None:
        return self.place[1] if self.place else None

    @cached_property
    def parsed(self) -> entry.Parsed:
        """What the bytes say, read when first asked for: most of who orders entries looks into few of them. Version 0 and
        nothing else for bytes that are no entry (the self-audit names them)."""
        return _read(bytes(self.row.bytes))


def current_log() -> Log | None:
    """The log that is written to; None before the first `migrate`."""
    return Log.objects.order_by("-number").first()


def earlier_logs() -> list[tuple[Log, Checkpoint | None]]:
    """The logs before the present one, the newest first, each with its last checkpoint."""
    return [(log, latest_checkpoint(log.number)) for log in Log.objects.order_by("-number")[1:]]


def latest_checkpoint(number: int | None = None) -> Checkpoint | None:
    """The newest signed statement of the present log, or of the one with this number."""
    log = current_log() if number is None else Log.objects.filter(number=number).first()
    return Checkpoint.objects.filter(log=log.number).order_by("-size", "-id").first() if log else None


def place_of(entry_id: UUID) -> Leaf | None:
    """Where an entry is; None while it is pending, or not there at all."""
    return Leaf.objects.filter(pk=entry_id).first()


def checkpoint_over(leaf: Leaf) -> Checkpoint | None:
    """The newest checkpoint whose tree contains this leaf."""
    over = Checkpoint.objects.filter(log=leaf.log, size__gt=leaf.index)
    return over.order_by("-size", "-id").first()


def cosigned_at(row: Cosignature, checkpoint: bytes) -> datetime | None:
    """When this witness signed this very checkpoint; None where its line doesn't hold for it."""
    try:
        verifier = note.Verifier(row.witness, bytes.fromhex(row.keyid), note.COSIGNATURE_V1)
        taken = witness.read_cosignatures(bytes(row.line), checkpoint, [verifier])
    except (Fault, ValueError):
        return None
    if len(taken) != 1 or taken[0][1].encode("utf-8") != bytes(row.line):
        return None
    return datetime.fromtimestamp(taken[0][2], UTC)


def cosigned_note(checkpoint: Checkpoint) -> bytes:
    """The signed checkpoint as it goes out: the log's signature and what witnesses added to it, in their order."""
    signed = bytes(checkpoint.note)
    rows = Cosignature.objects.filter(log=checkpoint.log, size=checkpoint.size).order_by("id")
    lines = [bytes(row.line) for row in rows[: note.MAX_SIGNATURES - 10] if cosigned_at(row, signed)]
    return signed + b"".join(lines)


def cosignatures(checkpoint: Checkpoint) -> list[Cosignature]:
    """The rows behind `cosigned_note`."""
    rows = Cosignature.objects.filter(log=checkpoint.log, size=checkpoint.size).order_by("id")
    return [row for row in rows if cosigned_at(row, bytes(checkpoint.note))]


def outside() -> list[OutsideContact]:
    """How witnesses and anchors answered last, those that contradict this log first."""
    return list(OutsideContact.objects.order_by("-contradicts", "ok", "place"))


def proof_for(entry_id: UUID) -> bytes | None:
    """The C2SP tlog-proof of an entry, as text bytes; None until it is published."""
    leaf = place_of(entry_id)
    checkpoint = checkpoint_over(leaf) if leaf else None
    if leaf is None or checkpoint is None:
        return None
    log = Log.objects.get(number=leaf.log)
    path = merkle.prove_inclusion(tree.reader(log, checkpoint.size), leaf.index, checkpoint.size)
    return proof.make(leaf.index, path, cosigned_note(checkpoint))


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
    places = {leaf.pk: (leaf.log, leaf.index) for leaf in reading.read(Leaf, "pk", ids)}
    left = [pk for pk in ids if pk not in places]
    waiting = dict(Pending.objects.filter(entry_id__in=left).values_list("entry_id", "id")) if left else {}

    def key(row: Entry) -> tuple[int, int, int]:
        place = places.get(row.pk)
        return (0, *place) if place else (1, 0, waiting.get(row.pk, 2**63))

    return [HistoryItem(row, places.get(row.pk), catalogue.title(row.event)) for row in sorted(rows, key=key)]


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


def verifiers(origin: str | None = None) -> list[note.Verifier]:
    """As `KeyRing.verifiers`, for who asks once."""
    return KeyRing().verifiers(origin)


@dataclass(frozen=True, slots=True)
class KeyWindow:
    """A key that is or was trusted: whether it signs `now`, and for a log key its verifier keys, one for each log."""

    row: KeyRecord
    now: bool
    vkeys: tuple[str, ...]


def key_windows() -> list[KeyWindow]:
    """Every key that was ever active, by purpose, the newest first."""
    at = clock.now()
    logs = list(Log.objects.order_by("-number"))
    rows = KeyRecord.objects.filter(not_before__isnull=False).order_by("purpose", "-not_before")
    return [
        KeyWindow(
            row,
            row.state == "active" and bool(row.provider) and (row.not_after is None or row.not_after > at),
            tuple(verifier(row, log).vkey for log in logs) if row.purpose == "log" else (),
        )
        for row in rows
    ]


def verifiers_for(row: Entry, ring: KeyRing | None = None) -> list[note.Verifier]:
    """Verifiers for a proof of `row` that was handed out at some time.

    With the log keys that were revoked since, if a key that is trusted now has signed for this very entry: then the
    old proof shows nothing that isn't shown anew, and a compromised log key ends no warrant that the log still bears.
    """
    ring = ring or KeyRing()
    trusted = ring.verifiers()
    revoked = [key for key in ring.records("log", "revoked") if key.not_before is not None]
    fresh = proof_for(row.pk) if revoked else None
    if fresh is None:
        return trusted
    try:
        proof.check(bytes(row.bytes), fresh, trusted)
    except (Fault, CannotCheck):
        return trusted
    return trusted + [verifier(key, log) for log in ring.logs for key in revoked]


def subjects_within(kind: str, system_id: UUID) -> list[UUID]:
    """Ids of everything of `kind` that was ever recorded of an AI system, whatever its table holds now."""
    found = reading.read_where(Entry, '"subject_kind" = %s AND "system_id" = %s', [kind, str(system_id)])
    return sorted({UUID(row.subject_id) for row in found})


def first_entry(kind: str, subject_id: UUID | str) -> Entry | None:
    """The oldest entry about a subject."""
    found = first_item(kind, subject_id)
    return found.row if found else None


def first_item(kind: str, subject_id: UUID | str) -> HistoryItem | None:
    """The oldest entry about a subject, with its place."""
    rows = list(Entry.objects.filter(subject_kind=kind, subject_id=str(subject_id)).order_by("at")[:500])
    return ordered(rows)[0] if rows else None


def recording(kind: str, subject_ids: Sequence[UUID]) -> dict[str, UUID]:
    """Subject id -> its oldest entry, of many subjects of one kind at once."""
    wanted = [str(subject_id) for subject_id in subject_ids]
    rows = Entry.objects.filter(subject_kind=kind, subject_id__in=wanted).order_by("-at", "-id")
    return dict(rows.values_list("subject_id", "id"))


def last_of(kind: str, subject_ids: Sequence[str], event: str) -> dict[str, datetime]:
    """Subject id -> when the last entry of one event about it was recorded, of many subjects at once."""
    rows = Entry.objects.filter(subject_kind=kind, subject_id__in=subject_ids, event=event)
    return dict(rows.values_list("subject_id").annotate(Max("at")))


def parsed(row: Entry) -> entry.Entry:
    """What an entry's bytes say. Raises Fault for bytes that are no entry of a version known here."""
    found = entry.parse(bytes(row.bytes))
    if found.entry is None:
        raise Fault("malformed", f"entry version {found.version} is not known to this software")
    return found.entry


def key_by_id(purpose: str, keyid: str) -> KeyRecord | None:
    """The record of a key, whatever its state."""
    return KeyRecord.objects.filter(purpose=purpose, keyid=keyid).first()


def trusted_keys(purpose: keys.Purpose, *, recorded: tuple[int, int] | None = None) -> list[keys.TrustedKey]:
    """As `KeyRing.trusted`, for who asks once."""
    return KeyRing().trusted(purpose, recorded=recorded)
