"""The keys that vouch for something, read from their records once and asked as often as one look needs."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger import reading
from ledger.models import Entry, KeyRecord, Log
from modelwarrant import keys, note

Place = tuple[int, int]
"""(number of the log, index) of an entry."""


class KeyRing:
    """Every key record and every log as they stand when they're first asked for; make a new one for each look."""

    @cached_property
    def _records(self) -> list[KeyRecord]:
        return sorted(reading.read_all(KeyRecord), key=_since)

    @cached_property
    def logs(self) -> list[Log]:
        """The newest first."""
        return sorted(reading.read_all(Log), key=lambda log: log.number, reverse=True)

    def records(self, purpose: keys.Purpose, *states: str) -> list[KeyRecord]:
        """The records of keys for `purpose` that are in one of `states` now, the oldest first."""
        return [row for row in self._records if row.purpose == purpose and row.state in states]

    def trusted(self, purpose: keys.Purpose, *, recorded: Place | None = None) -> list[keys.TrustedKey]:
        """Public keys that vouch for `purpose`: active ones, and retired ones for the time they were active.

        With `recorded`, the place in the logs where a signature was received, also those revoked from a later place on:
        the date that a signer writes decides nothing.
        """
        rows = self.records(purpose, "active", "retired")
        if recorded is not None:
            revoked = [row for row in self.records(purpose, "revoked") if row.not_before is not None]
            rows += [row for row in revoked if recorded < self.revoked_before(row)]
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

    def verifiers(self, origin: str | None = None) -> list[note.Verifier]:
        """Verifiers by the active log keys and those that were active, the newest first: of the present log, then of
        those before it, or of the one log named."""
        rows = self.records("log", "active", "retired")[::-1]
        logs = [log for log in self.logs if origin in (None, log.origin)]
        return [verifier(row, log) for log in logs for row in rows]

    def revoked_before(self, key: KeyRecord) -> Place:
        """The place in the logs from which on nothing that a revoked key signed counts; (0, 0): nothing ever did.

        `revoked_from` is an index in the log that the revocation was recorded in.
        """
        moves = Entry.objects.filter(subject_kind=key.ledger_kind, subject_id=str(key.pk))
        last = moves.filter(event="ledger.key_moved").order_by("-at").first()
        log = next((log for log in self.logs if last and log.origin == last.origin), None)
        return (0, 0) if log is None or key.revoked_from is None else (log.number, key.revoked_from)


def _since(row: KeyRecord) -> tuple[datetime, UUID]:
    return row.not_before or datetime.max.replace(tzinfo=UTC), row.pk


def raw_ed25519(public: keys.PublicKey) -> bytes:
    """The 32 bytes of a log key. Raises KeyRefused for a key of another kind."""
    if not isinstance(public, Ed25519PublicKey):
        raise keys.KeyRefused("a log key is an Ed25519 key")
    return public.public_bytes_raw()


def verifier(row: KeyRecord, log: Log) -> note.Verifier:
    """What verifies this key's signatures on checkpoints of `log`. Raises KeyRefused, ValueError."""
    return note.Verifier(log.origin, raw_ed25519(keys.load_public(row.public.encode())))
