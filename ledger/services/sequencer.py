"""Gives recorded entries their place: index, leaf hash, chain, tiles. Needs no key.

One sequencer works at a time: a transaction-level advisory lock on PostgreSQL (session locks break
behind poolers), the only write lock on SQLite. Everything of one batch is one transaction, so a crash
anywhere leaves all of it pending or all of it integrated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from ledger import tree
from ledger.actors import Actor
from ledger.errors import IntegrityFault, NotAllowed
from ledger.models import Entry, Leaf, Log, Pending, Tile
from ledger.services.records import index_columns
from ledger.services.transactions import in_transaction
from modelwarrant import entry, merkle
from modelwarrant.errors import Fault

BATCH = 5_000
_READ = 500
_LOCK = 0x6D77_6C6F_6731  # "mwlog1": the key of PostgreSQL's advisory lock


def integrate(*, actor: Actor, limit: int = BATCH) -> int:
    """Integrate up to `limit` pending entries in the order of their insertion; returns how many.

    Only a system actor may. Raises IntegrityFault, and changes nothing, when a pending entry isn't what
    the software wrote or the stored tree contradicts itself.
    """
    require_system(actor)
    return in_transaction(lambda: _integrate(limit))


def integrate_all(*, actor: Actor) -> int:
    """`integrate` until nothing is pending; returns how many."""
    total = 0
    while done := integrate(actor=actor):
        total += done
    return total


def require_system(actor: Actor) -> None:
    """The machinery of the log has no door: NotAllowed for everybody but our own code."""
    if actor.kind != "system":
        raise NotAllowed("Only the system works on the log.", reason="not-system")


def _integrate(limit: int) -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    # Rows that commit late appear late, with a smaller number: what is pending is all that counts.
    pending = list(Pending.objects.order_by("id").values_list("id", "entry_id")[:limit])
    if not pending:
        return 0
    logs = {log.origin: log for log in Log.objects.all()}
    by_log: dict[str, list[tuple[UUID, bytes]]] = {}
    for entry_id, origin, stored in _entries([entry_id for _, entry_id in pending]):
        if origin not in logs:
            raise IntegrityFault(f"Entry {entry_id} belongs to the unknown log '{origin}'.")
        by_log.setdefault(origin, []).append((entry_id, stored))
    for origin, rows in by_log.items():
        _append(logs[origin], rows)
    for chunk in _chunks([number for number, _ in pending]):
        Pending.objects.filter(pk__in=chunk).delete()
    return len(pending)


def _append(log: Log, rows: Iterable[tuple[UUID, bytes]]) -> None:
    index = tree.size(log)
    chain = tree.chain_at(log, index)
    edge = tree.Edge(log, index)
    leaves: list[Leaf] = []
    full: list[Tile] = []
    for entry_id, stored in rows:
        leaf = merkle.leaf_hash(stored)
        chain = merkle.chain_next(chain, leaf)
        leaves.append(Leaf(entry_id=entry_id, log=log.number, index=index, leaf_hash=leaf, chain=chain))
        full += edge.append(leaf)
        index += 1
    Leaf.objects.bulk_create(leaves, batch_size=_READ)
    Tile.objects.bulk_create(full, batch_size=_READ)


def _entries(ids: Sequence[UUID]) -> Iterator[tuple[UUID, str, bytes]]:
    """(id, origin, bytes) of each, in the order asked for; every one is checked before it gets a place."""
    for chunk in _chunks(ids):
        found = Entry.objects.in_bulk(chunk)
        for entry_id in chunk:
            row = found.get(entry_id)
            if row is None:
                raise IntegrityFault(f"Entry {entry_id} is pending but not there.")
            stored = bytes(row.bytes)
            problem = row_problem(row, stored)
            if problem:
                raise IntegrityFault(
                    f"Entry {entry_id} was not written by this software ({problem}); it gets no place in the"
                    " log. Find out who wrote it, then remove it from the pending table."
                )
            yield entry_id, row.origin, stored


def row_problem(row: Entry, stored: bytes) -> str:
    """What is wrong with an entry row: its bytes, or a column that says otherwise; empty when nothing is."""
    try:
        parsed = entry.parse(stored)
    except Fault as fault:
        return fault.message
    if parsed.entry is None:
        return f"entry version {parsed.version} is not known to this software"
    for name, value in index_columns(parsed.entry).items():
        if getattr(row, name) != value:
            return f"column {name} is {getattr(row, name)!r}, the bytes say {value!r}"
    return ""


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _READ):
        yield items[start : start + _READ]
