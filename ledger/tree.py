"""The Merkle tree as the tables hold it: leaves, full hash tiles, and the root of each full tile.

A partial tile is read from leaves, or from the roots one level below, so nothing that can still
change is stored. Reads only; any size up to the integrated one may be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import Max

from ledger.errors import IntegrityFault
from ledger.models import Entry, Leaf, Log, Tile
from modelwarrant import merkle, tiles

_WINDOW = 512


def size(log: Log) -> int:
    """Number of integrated entries."""
    last = Leaf.objects.filter(log=log.number).aggregate(last=Max("index"))["last"]
    return 0 if last is None else last + 1


def entries(log: Log, start: int, end: int) -> Iterator[tuple[int, UUID, bytes]]:
    """(index, entry id, bytes) of leaves [start, end), in order, a few hundred in memory at a time.

    A leaf whose entry is missing is left out: compare indexes.
    """
    while start < end:
        # by the rows that are there, so that one leaf far out doesn't make this as long as its index says
        rows = Leaf.objects.filter(log=log.number, index__gte=start, index__lt=end).order_by("index")
        leaves = dict(rows.values_list("entry_id", "index")[:_WINDOW])
        if not leaves:
            return
        stored = Entry.objects.filter(pk__in=leaves).values_list("id", "bytes")
        yield from sorted((leaves[entry_id], entry_id, bytes(data)) for entry_id, data in stored)
        start = max(leaves.values()) + 1


def chain_at(log: Log, at: int) -> bytes:
    """The chain head after `at` leaves. Raises IntegrityFault where that leaf is missing."""
    if at == 0:
        return merkle.chain_start(log.origin)
    head = Leaf.objects.filter(log=log.number, index=at - 1).values_list("chain", flat=True).first()
    if head is None:
        raise IntegrityFault(f"Leaf {at - 1} of log {log.origin} is missing.")
    return bytes(head)


def hashes(log: Log, level: int, index: int, width: int = tiles.WIDTH) -> list[bytes]:
    """The hashes of one tile, full or partial. Raises IntegrityFault where some are missing."""
    found: Sequence[bytes]
    start = index * tiles.WIDTH
    if width == tiles.WIDTH:
        row = Tile.objects.filter(log=log.number, level=level, index=index)
        data = row.values_list("data", flat=True).first()
        found = [] if data is None else tiles.split_hashes(bytes(data))
    else:
        place = {"log": log.number, "index__gte": start, "index__lt": start + width}
        rows = (
            Leaf.objects.filter(**place).values_list("leaf_hash", flat=True)
            if level == 0
            else Tile.objects.filter(level=level - 1, **place).values_list("root", flat=True)
        )
        found = [bytes(value) for value in rows.order_by("index")]
    if len(found) != width:
        raise IntegrityFault(
            f"Tile {level}/{index} of log {log.origin} should have {width} hashes, {len(found)} are there."
        )
    return list(found)


def reader(log: Log, at: int) -> merkle.HashReader:
    """Hashes of the tree of the first `at` leaves."""

    def get(path: str) -> bytes:
        tile = tiles.parse_path(path)
        if tile is None or tile.level is None:
            raise IntegrityFault(f"There is no hash tile {path}.")
        return b"".join(hashes(log, tile.level, tile.index, tile.width))

    return tiles.tile_reader(get, at)


def root_at(log: Log, at: int) -> bytes:
    """The root over the first `at` leaves."""
    return merkle.root_at(reader(log, at), at)


class Edge:
    """The right edge of a log: the unfinished tile of each level, growing leaf by leaf."""

    def __init__(self, log: Log, at: int) -> None:
        self.log = log
        self._rows: list[list[bytes]] = []
        self._counts: list[int] = []
        count = at
        while count or not self._rows:
            full, rest = divmod(count, tiles.WIDTH)
            self._rows.append(hashes(log, len(self._rows), full, rest) if rest else [])
            self._counts.append(full)
            count = full

    def append(self, leaf: bytes) -> Iterator[Tile]:
        """Add one leaf hash; yields the tiles that became full by it, unsaved."""
        node, level = leaf, 0
        while True:
            if level == len(self._rows):
                self._rows.append([])
                self._counts.append(0)
            row = self._rows[level]
            row.append(node)
            if len(row) < tiles.WIDTH:
                return
            node = tiles.subtree_root(row)
            yield Tile(
                log=self.log.number,
                level=level,
                index=self._counts[level],
                data=b"".join(row),
                root=node,
            )
            self._rows[level] = []
            self._counts[level] += 1
            level += 1
