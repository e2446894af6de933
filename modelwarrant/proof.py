"""Offline proof that bytes are in a log (c2sp.org/tlog-proof): index, inclusion path, signed checkpoint.

The same text goes into warrants, decisions and evidence bundles. Which keys are trusted is the caller's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelwarrant.errors import Fault
from modelwarrant.merkle import HASH_BYTES, MAX_SIZE, check_inclusion, leaf_hash
from modelwarrant.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    Verifier,
    decode_base64,
    encode_base64,
    open_checkpoint,
    split_note,
)

MAGIC: Final = "c2sp.org/tlog-proof@v1"
MAX_PATH: Final = 63
MAX_BYTES: Final = 2 * MAX_NOTE_BYTES


@dataclass(frozen=True)
class LogProof:
    """A proof's parts, nothing verified. `checkpoint` is the signed note as it came; `extra` is opaque and
    covered by no signature."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The proof text. Raises ValueError."""
        if not 0 <= self.index <= MAX_SIZE or len(self.path) > MAX_PATH:
            raise ValueError(f"index {self.index} with a path of {len(self.path)}")
        if any(len(node) != HASH_BYTES for node in self.path):
            raise ValueError("a hash that is not 32 bytes")
        split_note(self.checkpoint)
        lines = [MAGIC]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines += [f"index {self.index}", *map(encode_base64, self.path), "", ""]
        return "\n".join(lines).encode("ascii") + self.checkpoint


@dataclass(frozen=True)
class CheckedProof:
    """What a proof showed: the bytes are at `index` of the log `origin` when it had `size` entries."""

    index: int
    checkpoint: Checkpoint
    note: Note

    @property
    def origin(self) -> str:
        """The log."""
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        """Entries in the log when the checkpoint was signed."""
        return self.checkpoint.size


def make(index: int, path: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None) -> bytes:
    """The text of a proof, `path` as from `merkle.prove_inclusion`. Raises ValueError."""
    return LogProof(index, tuple(path), checkpoint, extra).encode()


def parse(data: bytes) -> LogProof:
    """Read a proof, nothing verified. Raises Fault("malformed")."""
    if len(data) > MAX_BYTES:
        raise Fault("malformed", f"a proof of {len(data)} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        if not blank or lines.pop(0) != MAGIC:
            raise ValueError(f"the first line is not {MAGIC}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        index = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
        if not index.isdecimal() or len(index) > 19 or str(int(index)) != index or int(index) > MAX_SIZE:
            raise ValueError("no index line")
        path = tuple(map(decode_base64, lines))
        proof = LogProof(int(index), path, checkpoint, extra)
        if proof.encode() != data:
            raise ValueError("not in its only form")
    except ValueError as error:
        raise Fault("malformed", f"not a log proof: {error}") from error
    return proof


def check(
    leaf: bytes, proof: bytes, verifiers: Sequence[Verifier], origin: str | None = None
) -> CheckedProof:
    """Show that `leaf` (an entry's bytes) is in the log, under a checkpoint signed by the log's key.

    Raises Fault ("malformed", "bad signature", "wrong log", "not included") and CannotCheck (keys unknown).
    """
    parsed = parse(proof)
    checkpoint, note = open_checkpoint(parsed.checkpoint, verifiers, origin)
    check_inclusion(parsed.path, parsed.index, checkpoint.size, leaf_hash(leaf), checkpoint.root)
    return CheckedProof(parsed.index, checkpoint, note)
