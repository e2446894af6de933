"""The files of a log (c2sp.org/tlog-tiles): paths, entry bundles, hash tiles, an export, and a `HashReader`.

Where the files lie is the caller's: reading is `get(path)`, writing is `put(path, bytes)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Final

from modelwarrant.errors import Fault
from modelwarrant.merkle import (
    HASH_BYTES,
    MAX_SIZE,
    Frontier,
    HashReader,
    chain_next,
    chain_start,
    leaf_hash,
)
from modelwarrant.note import parse_checkpoint, split_note

HEIGHT: Final = 8
WIDTH: Final = 256
MAX_ENTRY_BYTES: Final = 65_535
CHECKPOINT: Final = "checkpoint"

_PATH: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


@dataclass(frozen=True, order=True)
class Tile:
    """A tile's place. `level` is None for a bundle of entries; `width` is 256 unless the tile is partial."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an x."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{number}{partial}"


def parse_path(path: str) -> Tile | None:
    """The tile at a path; None for every path that `Tile.path` would not write."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level, groups, last, width = match.groups()
    index = int(groups.replace("x", "").replace("/", "") + last)
    tile = Tile(None if level == "entries" else int(level), index, WIDTH if width is None else int(width))
    return tile if tile.path == path and tile.width <= WIDTH and index <= MAX_SIZE else None


def tile_width(level: int | None, index: int, size: int) -> int:
    """Width of a tile in the tree of `size` leaves: 0 (not there), 1 to 255 (partial) or 256."""
    count = size >> (HEIGHT * (level or 0))
    return max(0, min(WIDTH, count - index * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, entry bundles first, then hash tiles level by level."""
    level: int | None = None
    while (count := size >> (HEIGHT * (level or 0))) > 0:
        for index in range(-(-count // WIDTH)):
            yield Tile(level, index, tile_width(level, index, size))
        level = 0 if level is None else level + 1


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each after its length as 2 bytes big-endian. Raises ValueError above 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes, at most {MAX_ENTRY_BYTES} fit a bundle")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises Fault("malformed") with the entry's place where it ends inside one."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        start = at + 2
        at = start + (data[start - 2] << 8 | data[start - 1]) if start <= end else end + 1
        if at > end:
            raise Fault("malformed", "an entry bundle ends inside an entry", len(entries))
        entries.append(data[start:at])
    return entries


def split_hashes(data: bytes) -> list[bytes]:
    """The 32-byte hashes of a hash tile. Raises Fault("malformed")."""
    if len(data) % HASH_BYTES or not HASH_BYTES <= len(data) <= WIDTH * HASH_BYTES:
        raise Fault("malformed", f"a hash tile of {len(data)} bytes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4 ... 256 hashes."""
    if not hashes or len(hashes) & (len(hashes) - 1):
        raise ValueError(f"{len(hashes)} hashes are no full subtree")
    row = b"".join(hashes)
    while len(row) > HASH_BYTES:
        # `merkle.node_hash` of each pair, written out: verification spends a third of its time here
        row = b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row), 64)])
    return row


class TileBuilder:
    """Turns leaf hashes into hash tiles as they fill, holding at most one tile per level."""

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[bytes]] = [[]]
        self._counts = [0]

    def append(self, leaves: Sequence[bytes]) -> Iterator[tuple[Tile, list[bytes]]]:
        """Append leaf hashes up to the end of the present level-0 tile. Yields each tile that became full."""
        if len(self._rows[0]) + len(leaves) > WIDTH:
            raise ValueError("leaves beyond the end of a tile")
        self.size += len(leaves)
        self._rows[0] += leaves
        level = 0
        while len(row := self._rows[level]) == WIDTH:
            yield Tile(level, self._counts[level]), row
            self._rows[level] = []
            self._counts[level] += 1
            level += 1
            if level == len(self._rows):
                self._rows.append([])
                self._counts.append(0)
            self._rows[level].append(subtree_root(row))

    def partial(self) -> Iterator[tuple[Tile, list[bytes]]]:
        """The partial tiles at the present size."""
        for level, row in enumerate(self._rows):
            if row:
                yield Tile(level, self._counts[level], len(row)), row

    def frontier(self) -> Frontier:
        """The right edge of the tree at the present size."""
        frontier = Frontier()
        for level in range(len(self._rows) - 1, -1, -1):
            for node in self._rows[level]:
                frontier.append(node, level * HEIGHT)
        return frontier


def tile_reader(get: Callable[[str], bytes], size: int, *, cached: int = 64) -> HashReader:
    """A `HashReader` for the tree of `size` leaves over hash tiles. At most `cached` tiles stay in memory.

    `get` raises for a path it hasn't; a tile of the wrong length is Fault("malformed"). Nothing is verified:
    a wrong tile leads to a proof that does not check.
    """
    cache: dict[tuple[int, int], list[bytes]] = {}

    def read(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        number, offset = divmod(index << height, WIDTH)
        hashes = cache.get((tile_level, number))
        if hashes is None:
            tile = Tile(tile_level, number, tile_width(tile_level, number, size))
            hashes = split_hashes(get(tile.path))
            if len(hashes) != tile.width:
                raise Fault("malformed", f"{tile.path} has {len(hashes)} hashes")
            if len(cache) >= cached:
                del cache[next(iter(cache))]
            cache[tile_level, number] = hashes
        return subtree_root(hashes[offset : offset + (1 << height)])

    return read


def write_export(put: Callable[[str, bytes], None], entries: Iterable[bytes], checkpoint: bytes) -> int:
    """Write a log's files: entry bundles, hash tiles, and last the signed checkpoint. Returns the size.

    Raises ValueError, before the checkpoint is written, when the entries are not those the checkpoint states;
    entries beyond its size are not read.
    """
    stated = parse_checkpoint(split_note(checkpoint)[0])
    builder = TileBuilder()
    chain = chain_start(stated.origin)
    source = iter(entries)
    while builder.size < stated.size:
        tile = Tile(None, builder.size // WIDTH, min(WIDTH, stated.size - builder.size))
        bundle = list(islice(source, tile.width))
        if len(bundle) < tile.width:
            raise ValueError(f"{builder.size + len(bundle)} entries, the checkpoint states {stated.size}")
        put(tile.path, encode_bundle(bundle))
        leaves = [leaf_hash(entry) for entry in bundle]
        for leaf in leaves:
            chain = chain_next(chain, leaf)
        for full, hashes in builder.append(leaves):
            put(full.path, b"".join(hashes))
    for part, hashes in builder.partial():
        put(part.path, b"".join(hashes))
    if builder.frontier().root() != stated.root or stated.chain not in (None, chain):
        raise ValueError("the entries do not have the root and chain head the checkpoint states")
    put(CHECKPOINT, checkpoint)
    return stated.size
