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
from ledger.catalogue import SYSTEM
from ledger.errors import IntegrityFault, NotAllowed
from ledger.models import Entry, Leaf, Log, Pending, Tile
from ledger.services import plain_sql
from ledger.services.records import index_columns
from ledger.services.transactions import in_transaction
from modelwarrant import canonical, entry, merkle
from modelwarrant.errors import Fault

BATCH = 5_000
_READ = 1_000
_COLUMNS = (
    "id", "bytes", "origin", "at", "event", "actor_kind", "actor_id", "subject_kind", "subject_id", "system_id",
)  # fmt: skip
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
    for chunk in _chunks([entry_id for _, entry_id in pending]):
        for entry_id, origin, stored in _entries(chunk):
            if origin not in logs:
                raise IntegrityFault(f"Entry {entry_id} belongs to the unknown log '{origin}'.")
            by_log.setdefault(origin, []).append((entry_id, stored))
    for origin, rows in by_log.items():
        _append(logs[origin], rows)
    plain_sql.delete(Pending, [number for number, _ in pending])
    return len(pending)


def _append(log: Log, rows: Iterable[tuple[UUID, bytes]]) -> None:
    index = tree.size(log)
    chain = tree.chain_at(log, index)
    edge = tree.Edge(log, index)
    leaves: list[tuple[UUID, int, int, bytes, bytes]] = []
    full: list[Tile] = []
    for entry_id, stored in rows:
        leaf = merkle.leaf_hash(stored)
        chain = merkle.chain_next(chain, leaf)
        leaves.append((entry_id, log.number, index, leaf, chain))
        full += edge.append(leaf)
        index += 1
    plain_sql.insert_many(Leaf, ("entry_id", "log", "index", "leaf_hash", "chain"), leaves)
    Tile.objects.bulk_create(full, batch_size=_READ)


def _entries(ids: Sequence[UUID]) -> list[tuple[UUID, str, bytes]]:
    """(id, origin, bytes) of each, in the order asked for; every one is checked before it gets a place."""
    found = {row[0]: row for row in plain_sql.select(Entry, _COLUMNS, ids)}
    for entry_id in ids:
        if entry_id not in found:
            raise IntegrityFault(f"Entry {entry_id} is pending but not there.")
    rows = [found[entry_id] for entry_id in ids]
    stored = [bytes(row[1]) for row in rows]
    for row, data, sound in zip(rows, stored, _sound(rows, stored), strict=True):
        # The careful way says what is wrong, and has the last word.
        problem = "" if sound else row_problem(Entry(**dict(zip(_COLUMNS, row, strict=True))), data)
        if problem:
            raise IntegrityFault(
                f"Entry {row[0]} was not written by this software ({problem}); it gets no place in the"
                " log. Find out who wrote it, then remove it from the pending table."
            )
    return [(row[0], row[2], data) for row, data in zip(rows, stored, strict=True)]


def _sound(rows: Sequence[tuple[Any, ...]], stored: Sequence[bytes]) -> Iterator[bool]:
    """Whether each is an entry of version 1 whose columns repeat its bytes: `row_problem`, many at once."""
    try:
        values = canonical.decode_all(stored)
    except Fault:
        yield from (False for _ in rows)
        return
    for row, data, value in zip(rows, stored, values, strict=True):
        if len(data) > entry.MAX_BYTES or entry.shape_problem(value) is not None:
            yield False
            continue
        actor, subject = value["actor"], value["subject"]
        said = (
            value["log"],
            value["at"],
            value["event"],
            actor["kind"],
            actor["id"],
            subject["kind"],
            subject["id"],
        )
        kept = (row[2], entry.format_time(row[3]), *row[4:9])
        yield said == kept and str(row[0]) == value["id"] and row[9] == value["data"].get(SYSTEM, "")


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
