"""Makes the proof of one entry from an exported log (c2sp.org/tlog-proof), without the service that wrote it.

Only what lies on the entry's path is read and checked; that the rest of the log is whole is `verify_log`'s question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwarrant import merkle, proof, tiles
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.note import MAX_NOTE_BYTES, Checkpoint, Verifier, open_checkpoint
from modelwarrant.tiles import Tile

_MAX_BUNDLE_BYTES = tiles.WIDTH * (2 + tiles.MAX_ENTRY_BYTES)


@dataclass(frozen=True)
class Proved:
    """An entry's bytes, its index, the proof text, and the checkpoint that it leads to."""

    index: int
    leaf: bytes
    proof: bytes
    checkpoint: Checkpoint


def prove(
    directory: Path,
    verifiers: Sequence[Verifier],
    wanted: int | Callable[[bytes], bool],
    *,
    origin: str | None = None,
) -> Proved:
    """The proof of the entry with the index `wanted`, or of the first whose bytes `wanted` accepts.

    Raises Fault("not included") for an index outside the log or bytes that no entry has; Fault for files that don't lead
    to the signed root; CannotCheck for unknown keys and unreadable files.
    """
    signed = _read(directory, tiles.CHECKPOINT, MAX_NOTE_BYTES)
    checkpoint, _ = open_checkpoint(signed, verifiers, origin)
    index, leaf = _find(directory, checkpoint, wanted)

    def get(path: str) -> bytes:
        return _read(directory, path, tiles.WIDTH * merkle.HASH_BYTES)

    path = merkle.prove_inclusion(tiles.tile_reader(get, checkpoint.size), index, checkpoint.size)
    made = proof.make(index, path, signed)
    # A hash tile that was changed makes a proof that leads nowhere: it is never handed out.
    try:
        proof.check(leaf, made, verifiers, origin)
    except Fault as fault:
        message = f"entry {index} and the hash tiles don't lead to the signed root; verify-log says what was changed"
        raise Fault("changed", message, index) from fault
    return Proved(index, leaf, made, checkpoint)


def _find(
    directory: Path, checkpoint: Checkpoint, wanted: int | Callable[[bytes], bool]
) -> tuple[int, bytes]:
    if isinstance(wanted, int):
        if not 0 <= wanted < checkpoint.size:
            raise Fault("not included", f"the log has {checkpoint.size} entries, counted from 0")
        bundle = _bundle(directory, checkpoint.size, wanted // tiles.WIDTH)
        return wanted, bundle[wanted % tiles.WIDTH]
    for index, leaf in _entries(directory, checkpoint.size):
        if wanted(leaf):
            return index, leaf
    raise Fault("not included", f"none of the {checkpoint.size} entries is the one asked for")


def _entries(directory: Path, size: int) -> Iterator[tuple[int, bytes]]:
    for number in range(-(-size // tiles.WIDTH)):
        yield from enumerate(_bundle(directory, size, number), number * tiles.WIDTH)


def _bundle(directory: Path, size: int, number: int) -> list[bytes]:
    tile = Tile(None, number, tiles.tile_width(None, number, size))
    found = tiles.decode_bundle(_read(directory, tile.path, _MAX_BUNDLE_BYTES))
    if len(found) != tile.width:
        raise Fault(
            "changed", f"{tile.path} has {len(found)} entries, not {tile.width}", number * tiles.WIDTH
        )
    return found


def _read(directory: Path, path: str, limit: int) -> bytes:
    try:
        with (directory / path).open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        if not directory.is_dir():
            raise CannotCheck(f"{directory}: no such directory") from error
        raise Fault("missing", f"{path} is not there") from error
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise Fault("malformed", f"{path}: more than {limit} bytes")
    return data
