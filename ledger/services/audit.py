"""The self-audit: is the log what it was, and is governed state what the log says.

Reads one consistent moment of the database while others write, streams, and changes nothing except for
the row that keeps its verdict. A database owner can change this code's answer; what binds them is a
checkpoint or an export in other hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from ledger import clock, tree, triggers
from ledger.actors import Actor
from ledger.errors import SignerRefuses
from ledger.models import Entry, LedgerAudit, Log, Pending
from ledger.services import audit_log, erasure, replay
from ledger.services.findings import Finding, Findings
from ledger.services.transactions import in_transaction
from ledger.signer_state import SignerState, StateFile

KEPT_FAULTS = 100

# Gates ask the same of one row: what nobody decided opens none.
row_faults = replay.row_faults
replayed = replay.replayed


@dataclass(frozen=True, slots=True)
class AuditRun:
    """Outcome: `verdict` is `ok` or `fault`, `found` the number of all findings, `faults` the first of them.

    `full` is False when governed state was left out; `size` is the number of integrated entries verified.
    """

    at: datetime
    full: bool
    verdict: str
    size: int
    found: int
    faults: tuple[Finding, ...]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "at": clock.text(self.at),
            "verification": "full" if self.full else "partial",
            "verdict": self.verdict,
            "size": self.size,
            "found": self.found,
            "faults": [fault.as_dict() for fault in self.faults],
        }


def ledger_audit(*, actor: Actor, state: bool = True) -> AuditRun:
    """Verify triggers, log and (unless `state` is False) governed state, and keep the verdict."""
    found = Findings()
    at = clock.now()
    with _one_moment():
        for name in triggers.missing(connection):
            found.add("trigger", f"trigger {name}", "isn't there as it should be")
        audit_log.check_logs_known(found)
        size = sum(
            audit_log.check_log(log, found, _signer_state(found)) for log in Log.objects.order_by("number")
        )
        for log in Log.objects.order_by("number"):
            audit_log.check_succession(log, found)
        audit_log.check_waiting(found)
        if state:
            found.extend(replay.check_rows())
            found.extend(replay.check_entries(_all_entries()))
            found.extend(erasure.check())
    verdict = "fault" if found.count else "ok"
    run = AuditRun(at, state, verdict, size, found.count, tuple(found.shown))
    kept = [fault.as_dict() for fault in run.faults[:KEPT_FAULTS]]
    row = LedgerAudit(at=at, full=state, verdict=verdict, size=size, faults=kept)
    in_transaction(lambda: row.save(force_insert=True))
    return run


def _signer_state(found: Findings) -> SignerState | None:
    try:
        return StateFile(settings.MODELWARRANT_HOME).read()
    except (SignerRefuses, OSError) as error:
        found.add("missing", "signer state", str(error))
        return None


def _all_entries() -> Iterator[tuple[int, UUID, bytes]]:
    for log in Log.objects.order_by("number"):
        yield from tree.entries(log, 0, tree.size(log))
    waiting = Pending.objects.order_by("id").values_list("entry_id", flat=True)
    for entry_id in waiting.iterator(chunk_size=500):
        data = Entry.objects.filter(pk=entry_id).values_list("bytes", flat=True).first()
        if data is not None:
            yield -1, entry_id, bytes(data)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read everything as of now, while others go on writing.

    Inside somebody else's transaction (tests) there is nothing to choose any more.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # `atomic` would take the write lock; a deferred transaction reads one snapshot and locks nobody out.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
