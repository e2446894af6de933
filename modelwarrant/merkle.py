"""Merkle tree hashes and proofs (RFC 6962 section 2.1, RFC 9162 section 2.1), and the hash chain over leaves.

Leaves are known by their 32-byte hash only. Whoever makes a proof hands in a `HashReader`; whoever checks one
needs nothing but the proof. `check_*` raise Fault; `prove_*` raise ValueError for places outside the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from modelwarrant.errors import Fault

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
MAX_SIZE: Final = 2**63 - 1

HashReader = Callable[[int, int], bytes]
"""(level, index) -> hash of the full subtree over leaves [index * 2**level, (index + 1) * 2**level)."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def chain_start(origin: str) -> bytes:
    """c_0 = SHA-256("modelwarrant chain v1" || 0x0A || origin), the chain head of the empty log."""
    return sha256(b"modelwarrant chain v1\n" + origin.encode("utf-8")).digest()


def chain_next(head: bytes, leaf: bytes) -> bytes:
    """c_(i+1) = SHA-256(0x02 || c_i || leaf hash i)."""
    return sha256(b"\x02" + head + leaf).digest()


def chain_over(head: bytes, leaves: Iterable[bytes]) -> bytes:
    """`chain_next` over many leaves; a call for each would cost as much as its hash."""
    for leaf in leaves:
        head = sha256(b"\x02" + head + leaf).digest()
    return head


class Frontier:
    """The right edge of a growing tree: enough to append and to know the root, in O(log n) memory.

    `peaks` are the roots of the full subtrees of a tree of `size` leaves, largest first: one per set bit.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if not 0 <= size <= MAX_SIZE or [len(peak) for peak in peaks] != [HASH_BYTES] * size.bit_count():
            raise ValueError(f"{len(peaks)} peaks do not make a tree of {size} leaves")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes, level: int = 0) -> None:
        """Append a leaf hash, or the hash of a full subtree of 2**level leaves where one fits."""
        if self.size & ((1 << level) - 1):
            raise ValueError(f"a subtree of 2^{level} leaves does not fit at {self.size}")
        node, rest = leaf, self.size >> level
        while rest & 1:
            node = node_hash(self.peaks.pop(), node)
            rest >>= 1
        self.peaks.append(node)
        self.size += 1 << level

    def root(self) -> bytes:
        """The root at the present size; `EMPTY_ROOT` for none."""
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def copy(self) -> Frontier:
        """An independent copy."""
        return Frontier(self.size, self.peaks)

    def dump(self) -> bytes:
        """Size (8 bytes, big-endian) and peaks, largest first."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def load(cls, data: bytes) -> Frontier:
        """The inverse of `dump`. Raises ValueError."""
        if len(data) < 8 or (len(data) - 8) % HASH_BYTES:
            raise ValueError("not a frontier")
        peaks = [data[at : at + HASH_BYTES] for at in range(8, len(data), HASH_BYTES)]
        return cls(int.from_bytes(data[:8], "big"), peaks)


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def range_hash(read: HashReader, start: int, end: int) -> bytes:
    """MTH of leaves [start, end), where the range is a node of some tree: RFC 6962's D[start:end]."""
    width = end - start
    level = (width - 1).bit_length()
    if width == 1 << level:
        return read(level, start >> level)
    middle = start + (1 << (level - 1))
    return node_hash(range_hash(read, start, middle), range_hash(read, middle, end))


def root_at(read: HashReader, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return range_hash(read, 0, size) if size else EMPTY_ROOT


def prove_inclusion(read: HashReader, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves, from its sibling to the root's child."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < middle:
            path.append(range_hash(read, middle, end))
            end = middle
        else:
            path.append(range_hash(read, start, middle))
            start = middle
    return path[::-1]


def check_inclusion(path: Sequence[bytes], index: int, size: int, leaf: bytes, expected_root: bytes) -> None:
    """RFC 9162 section 2.1.3.2. Raises Fault("not included") unless `leaf` is at `index` under the root."""
    if not 0 <= index < size <= MAX_SIZE:
        raise Fault("not included", f"no leaf {index} in a tree of {size}")
    _check_lengths("not included", [leaf, expected_root, *path])
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Fault("not included", "the inclusion proof is too long", index)
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        place >>= 1
        last >>= 1
    if last:
        raise Fault("not included", "the inclusion proof is too short", index)
    if node != expected_root:
        raise Fault("not included", "the inclusion proof leads to another root", index)


def prove_consistency(read: HashReader, size1: int, size2: int) -> list[bytes]:
    """RFC 6962 section 2.1.2: that the tree of `size2` leaves starts with the tree of `size1`."""
    if not 0 <= size1 <= size2 <= MAX_SIZE:
        raise ValueError(f"sizes {size1} and {size2}")
    if size1 in (0, size2):
        return []
    path: list[bytes] = []
    start, end = 0, size2
    while size1 != end:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if size1 <= middle:
            path.append(range_hash(read, middle, end))
            end = middle
        else:
            path.append(range_hash(read, start, middle))
            start = middle
    if start:
        path.append(range_hash(read, start, end))
    return path[::-1]


def check_consistency(path: Sequence[bytes], size1: int, size2: int, root1: bytes, root2: bytes) -> None:
    """RFC 9162 section 2.1.4.2. Raises Fault("rolled back") when the second is smaller, Fault("forked") when
    the proof does not lead to both roots. The empty tree starts every tree and takes an empty proof."""
    if not 0 <= size1 <= MAX_SIZE or not 0 <= size2 <= MAX_SIZE:
        raise Fault("forked", f"sizes {size1} and {size2}")
    if size1 > size2:
        raise Fault("rolled back", f"a tree of {size2} leaves cannot contain one of {size1}", size2)
    if size1 != size2:
        _check_lengths("forked", [root1, root2, *path])
    if size1 == 0 and root1 != EMPTY_ROOT:
        raise Fault("forked", "not the root of an empty tree")
    if size1 == size2 and root1 != root2:
        raise Fault("forked", f"two roots for one size, {size1}")
    if size1 in (0, size2):
        if path:
            raise Fault("forked", "a consistency proof where none is needed")
        return
    nodes = list(path)
    if size1.bit_count() == 1:
        nodes.insert(0, root1)
    if not nodes:
        raise Fault("forked", "the consistency proof is too short")
    first, last = size1 - 1, size2 - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise Fault("forked", "the consistency proof is too long")
        if first & 1 or first == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        first >>= 1
        last >>= 1
    if last:
        raise Fault("forked", "the consistency proof is too short")
    if old != root1:
        raise Fault("forked", f"the proof does not lead to the earlier root of {size1} leaves")
    if new != root2:
        raise Fault("forked", f"the proof does not lead to the later root of {size2} leaves")


def _check_lengths(kind: str, hashes: Sequence[bytes]) -> None:
    for item in hashes:
        if len(item) != HASH_BYTES:
            raise Fault(kind, f"a hash of {len(item)} bytes, not {HASH_BYTES}")
