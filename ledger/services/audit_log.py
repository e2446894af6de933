"""First part of the self-audit: everything the log's tables say, recomputed from entry bytes.

Goes through the log once, in order, with a few hundred entries in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef

from ledger import events, selectors, tree
from ledger.errors import IntegrityFault
from ledger.keyring import verifier
from ledger.models import Anchored, Checkpoint, Cosignature, Entry, KeyRecord, Leaf, Log, Pending, Tile
from ledger.services import anchoring, witnesses
from ledger.services.checkpoints import time_line
from ledger.services.findings import Findings
from ledger.services.sequencer import row_problem
from ledger.signer_state import SignerState
from modelwarrant import merkle, note
from modelwarrant.errors import CannotCheck, Fault

_WINDOW = 500


def check_log(log: Log, found: Findings, state: SignerState | None = None) -> int:
    """Verify one log: entries, leaves, chain, tiles, checkpoints, what others hold of them, and the signer's state where
    it is known.

    Returns the number of leaves that stand where they should.
    """
    walk = _Walk(log, found)
    heads = _Heads(log, found, walk)
    end = tree.size(log)
    for start in range(0, end, _WINDOW):
        place = {"log": log.number, "index__gte": start, "index__lt": start + _WINDOW}
        leaves = {leaf.index: leaf for leaf in Leaf.objects.filter(**place)}
        if not leaves:
            # One leaf far out would make this loop as long as its index says.
            found.add("missing", f"leaf {start}", f"there are no leaves from here to {end - 1}", start)
            end = start
            break
        rows = Entry.objects.in_bulk([leaf.entry_id for leaf in leaves.values()])
        for index in range(start, min(start + _WINDOW, end)):
            walk.step(index, leaves.get(index), rows)
            heads.reach(index + 1)
    heads.finish(end)
    walk.finish(end)
    _check_state(log, found, state, end)
    for row, problem in witnesses.check_rows(log):
        found.add("bad signature", f"cosignature {row.pk}", problem, row.size - 1)
    for kept, problem in anchoring.check_rows(log):
        found.add("changed", f"anchored checkpoint {kept.pk}", problem, kept.size - 1)
    return end


def check_waiting(found: Findings) -> None:
    """Verify what has no place yet: each entry is integrated or pending, and not both."""
    placed = Exists(Leaf.objects.filter(entry_id=OuterRef("pk")))
    waiting = Exists(Pending.objects.filter(entry_id=OuterRef("pk")))
    for row in Entry.objects.filter(~placed).annotate(waiting=waiting).iterator(chunk_size=_WINDOW):
        where = f"entry {row.pk}"
        if not row.waiting:
            found.add("pending", where, "has no place in the log and isn't waiting for one")
        problem = row_problem(row, bytes(row.bytes))
        if problem:
            found.add("changed", where, problem)
    there = Exists(Entry.objects.filter(pk=OuterRef("entry_id")))
    has_leaf = Exists(Leaf.objects.filter(entry_id=OuterRef("entry_id")))
    for waiting_row in Pending.objects.annotate(there=there, placed=has_leaf).iterator(chunk_size=_WINDOW):
        where = f"entry {waiting_row.entry_id}"
        if not waiting_row.there:
            found.add("missing", where, "is waiting for its place but isn't there")
        elif waiting_row.placed:
            found.add("pending", where, "has its place in the log and is waiting for another")


def check_logs_known(found: Findings) -> None:
    """Every leaf, tile and checkpoint belongs to a log, and numbers run from 1."""
    logs = list(Log.objects.order_by("number").values_list("number", flat=True))
    if logs != list(range(1, len(logs) + 1)):
        found.add("missing", "log", f"the logs are numbered {logs}")
    for model in (Leaf, Tile, Checkpoint, Cosignature, Anchored):
        for number in model.objects.exclude(log__in=logs).values_list("log", flat=True).distinct():
            found.add("inserted", f"{model._meta.model_name} of log {number}", "there is no such log")


def check_succession(log: Log, found: Findings) -> None:
    """A log after another begins by naming it, and the other is still what was written down of it."""
    before = Log.objects.filter(number=log.number - 1).first()
    if before is None:
        return
    where = f"log {log.origin}"
    first = Leaf.objects.filter(log=log.number, index=0).values_list("entry_id", flat=True).first()
    row = Entry.objects.filter(pk=first).first() if first else Entry.objects.filter(origin=log.origin).first()
    try:
        said = selectors.parsed(row) if row else None
    except Fault:
        said = None
    if said is None or said.event != events.LOG_STARTED.name or said.data["predecessor"] != before.origin:
        found.add("missing", where, f"doesn't begin with the name of {before.origin}", 0)
        return
    held = said.data["held"]
    try:
        size = tree.size(before)
        have = {
            "size": size,
            "root": tree.root_at(before, size).hex(),
            "chain": tree.chain_at(before, size).hex(),
        }
    except IntegrityFault as fault:
        have = {"size": size, "root": "", "chain": "", "why": fault.message}
    if held["root"] and {name: have[name] for name in held} != held:
        found.add(
            "changed", f"log {before.origin}", f"isn't what {log.origin} says was held of it when it ended"
        )


class _Walk:
    """Recomputes leaves, chain and tiles, leaf by leaf, and compares."""

    def __init__(self, log: Log, found: Findings) -> None:
        self.log, self.found = log, found
        self.chain = merkle.chain_start(log.origin)
        self.frontier = merkle.Frontier()
        self.edge = tree.Edge(log, 0)
        self.tiles = 0
        self.leaves = 0

    def step(self, index: int, leaf: Leaf | None, rows: Mapping[UUID, Entry]) -> None:
        if leaf is None:
            self.found.add("missing", f"leaf {index}", "there is no leaf at this index", index)
            self._take(index, b"\x00" * merkle.HASH_BYTES)
            return
        self.leaves += 1
        row = rows.get(leaf.entry_id)
        stated = bytes(leaf.leaf_hash)
        if row is None:
            self.found.add("missing", f"entry {leaf.entry_id}", "its leaf is there, the entry is gone", index)
            actual = stated
        else:
            stored = bytes(row.bytes)
            actual = merkle.leaf_hash(stored)
            problem = row_problem(row, stored)
            if problem:
                self.found.add("changed", f"entry {row.pk}", problem, index)
            if row.origin != self.log.origin:
                self.found.add("inserted", f"entry {row.pk}", f"was recorded for the log {row.origin}", index)
            if actual != stated:
                self.found.add(
                    "changed", f"entry {row.pk}", "bytes and leaf hash don't belong together", index
                )
        self._take(index, actual)
        if bytes(leaf.chain) != self.chain:
            self.found.add("changed", f"leaf {index}", "the chain head isn't what the leaves give", index)
            # One broken link is one finding: go on from what is stated.
            self.chain = bytes(leaf.chain)

    def _take(self, index: int, leaf: bytes) -> None:
        self.chain = merkle.chain_next(self.chain, leaf)
        self.frontier.append(leaf)
        for tile in self.edge.append(leaf):
            self.tiles += 1
            self._compare(tile, index)

    def _compare(self, expected: Tile, index: int) -> None:
        where = f"tile {expected.level}/{expected.index}"
        place = {"log": self.log.number, "level": expected.level, "index": expected.index}
        row = Tile.objects.filter(**place).first()
        if row is None:
            self.found.add("missing", where, "the tile is full and isn't stored", index)
        elif (bytes(row.data), bytes(row.root)) != (expected.data, expected.root):
            self.found.add("changed", where, "its hashes aren't what the leaves give", index)

    def finish(self, end: int) -> None:
        extra = Leaf.objects.filter(log=self.log.number).count() - self.leaves
        if extra > 0:
            self.found.add("inserted", f"leaves of {self.log.origin}", f"{extra} stand outside of the log")
        extra = Tile.objects.filter(log=self.log.number).count() - self.tiles
        if extra > 0:
            self.found.add("inserted", f"tiles of {self.log.origin}", f"{extra} more than {end} leaves fill")


class _Heads:
    """Compares checkpoints with the tree at their size, as the walk gets there."""

    def __init__(self, log: Log, found: Findings, walk: _Walk) -> None:
        self.log, self.found, self.walk = log, found, walk
        self.verifiers = _verifiers(log, found)
        self.rows: Iterator[Checkpoint] = (
            Checkpoint.objects.filter(log=log.number).order_by("size", "id").iterator(chunk_size=_WINDOW)
        )
        self.next = next(self.rows, None)

    def reach(self, size: int) -> None:
        while self.next is not None and self.next.size <= size:
            self._compare(self.next, size)
            self.next = next(self.rows, None)

    def finish(self, end: int) -> None:
        while self.next is not None:
            where = f"checkpoint {self.next.pk}"
            if self.next.size == 0:
                self.found.add("inserted", where, "a checkpoint of an empty log is never signed")
            else:
                self.found.add(
                    "truncated",
                    where,
                    f"{self.next.size} entries were signed, {end} are there",
                    end,
                )
            self.next = next(self.rows, None)

    def _compare(self, row: Checkpoint, size: int) -> None:
        where = f"checkpoint {row.pk}"
        if row.size != size:  # sizes below the present one: only 0 is left
            self.found.add("inserted", where, f"a checkpoint of size {row.size}")
            return
        expected = (self.walk.frontier.root(), self.walk.chain)
        if (bytes(row.root), bytes(row.chain)) != expected:
            self.found.add("changed", where, "root or chain head isn't what the entries give", size - 1)
        try:
            stated, opened = note.open_checkpoint(bytes(row.note), self.verifiers, self.log.origin)
        except Fault as fault:
            self.found.add("bad signature", where, str(fault), size - 1)
            return
        except CannotCheck as error:
            self.found.add("bad signature", where, f"cannot be checked: {error}", size - 1)
            return
        if time_line(row.at) not in stated.extensions:
            self.found.add("changed", where, f"column at says {row.at}, the signed text doesn't", size - 1)
        if (stated.size, stated.root, stated.chain) != (size, *expected):
            self.found.add("changed", where, "the signed text states another tree", size - 1)
        # Which key signed and when is told by columns too; the note's key id is the only proof of the first.
        key = KeyRecord.objects.filter(purpose="log", keyid=row.keyid).first()
        ids = {line.key_id for line in opened.verified}
        if key is None or verifier(key, self.log).key_id not in ids:
            self.found.add("changed", where, f"column keyid {row.keyid[:12]} didn't sign it", size - 1)


def _verifiers(log: Log, found: Findings) -> Sequence[note.Verifier]:
    verifiers = []
    for row in KeyRecord.objects.filter(purpose="log").exclude(state="requested"):
        try:
            verifiers.append(verifier(row, log))
        except (ValueError, CannotCheck) as error:
            found.add("changed", f"key {row.pk}", f"its public key can't be read: {error}")
    return verifiers


def _check_state(log: Log, found: Findings, state: SignerState | None, end: int) -> None:
    if state is None or state.origin != log.origin:
        return
    where = "signer state"
    if end < state.size:
        found.add("truncated", where, f"{state.size} entries were signed, {end} are there", end)
        return
    leaf = Leaf.objects.filter(log=log.number, index=state.size - 1).first()
    if leaf is None or bytes(leaf.chain) != state.chain:
        found.add("changed", where, f"the first {state.size} entries aren't those that were signed")
